#!/usr/bin/env bash
# Runs every fuzz target for SECONDS_EACH (15 if not given), from the kept corpus. Ends with 1 at the first crash; the
# input that caused it is then in target/fuzz/artifacts. `run.sh keep` writes what was found back into the corpus.
#
# The corpus is one line of base64 an input, smallest first: inputs of up to 160 bytes that together reach everything.
set -euo pipefail
cd "$(dirname "$0")"
export RUSTC_BOOTSTRAP=1 # cargo-fuzz needs flags that are not in a stable compiler
work=../../target/fuzz
mkdir -p "$work"
work=$(realpath "$work")

../../target/tools/bin/cargo-fuzz fuzz build --fuzz-dir . --sanitizer none --target-dir "$work/build" 2>&1 | tail -1
for list in corpus/*.txt; do
    target=$(basename "$list" .txt)
    inputs="$work/corpus/$target"
    mkdir -p "$inputs" "$work/artifacts"
    number=0
    while read -r line; do
        number=$((number + 1))
        base64 --decode <<<"$line" >"$inputs/kept-$number"
    done <"$list"
    binary=$(find "$work/build" -type f -path "*/release/$target" -perm -u+x)
    log="$work/$target.log"
    if ! "$binary" -max_total_time="${SECONDS_EACH:-15}" -max_len=4096 \
        -artifact_prefix="$work/artifacts/$target-" "$inputs" >"$log" 2>&1; then
        tail -40 "$log"
        exit 1
    fi
    printf '%-13s %s\n' "$target" "$(grep '^Done' "$log")"
    if [ "${1:-}" = keep ]; then
        small=$(mktemp -d)
        cover=$(mktemp -d)
        find "$inputs" -type f -size -160c -exec cp {} "$small" \;
        "$binary" -set_cover_merge=1 "$cover" "$small" >"$log" 2>&1
        for input in $(ls -Sr "$cover"); do
            base64 --wrap=0 "$cover/$input"
            echo
        done >"$list"
        rm -r "$small" "$cover"
    fi
done
