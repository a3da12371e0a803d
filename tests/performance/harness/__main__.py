"""The command line of `make bench`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from . import document as documents
from . import page, picture
from .extras import extras
from .figures import Results, graded
from .launch import OUT, ROOT, Failed, cores, measure, mock
from .plan import Run, runs, shuffled

PAGE, PICTURE = ROOT / "docs/performance.md", ROOT / "docs/performance.svg"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the most important clients, short runs: four minutes")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="WORDS",
        help="only runs whose names, as --list shows them, hold all of the words: python,uvloop; may be repeated",
    )
    parser.add_argument("--list", action="store_true", help="show what would run, and run nothing")
    parser.add_argument("--seed", type=int, default=7, help="decides the order of the runs")
    parser.add_argument("--repetitions", type=int, help="5; with --quick 2")
    parser.add_argument("--seconds", type=float, help="how long each run counts: 0.4; with --quick 0.3")
    parser.add_argument("--page", action="store_true", help="write the figures into docs/, with the picture")
    parser.add_argument("--from", dest="source", type=Path, metavar="JSON", help="measure nothing: show a former run")
    parser.add_argument("--strict", action="store_true", help="fail if a target is missed")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    plan = runs(quick=options.quick, only=options.only)
    if options.list:
        print("\n".join(run.key for run in plan))
        return 0
    if options.page and options.only:
        sys.exit("--page writes the figures of everything: leave --only out.")
    if not plan:
        sys.exit("--only names no run; --list shows them all.")
    if options.source:
        document = json.loads(options.source.read_text(encoding="utf-8"))
        results = documents.read(document)
    else:
        results, document = measured(options, plan)
    return show(options, results, document)


def measured(options: argparse.Namespace, plan: list[Run]) -> tuple[Results, dict]:
    repetitions = options.repetitions or (2 if options.quick else 5)
    seconds = options.seconds or (0.3 if options.quick else 0.4)
    mock_core, client_core = cores()
    results, failures = Results(), {}
    with mock(mock_core) as urls:
        began, total = time.monotonic(), repetitions * len(plan)
        for done, (repetition, run) in enumerate(shuffled(plan, repetitions, options.seed)):
            progress(done, total, time.monotonic() - began, run.key)
            try:
                results.add(run, repetition, measure(run, seconds, urls, client_core))
            except Failed as failure:
                failures[run.key] = str(failure)
        progress(total, total, time.monotonic() - began, "")
        rest = {}
        if not options.only:
            try:
                rest = extras(urls, client_core, quick=options.quick)
            except Failed as failure:
                failures["extras"] = str(failure)
    document = documents.written(results, seed=options.seed, seconds=seconds, failures=failures, extras=rest)
    written(options).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return results, document


def written(options: argparse.Namespace) -> Path:
    """A part of everything does not take the place of everything."""
    return OUT / ("part.json" if options.only else "results.json")


def progress(done: int, total: int, took: float, key: str) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r\033[K{done}/{total} runs, {took:.0f} s  {key}", end=end, file=sys.stderr, flush=True)


def show(options: argparse.Namespace, results: Results, document: dict) -> int:
    for table in reversed(page.shown(results, document)):
        if table.rows:
            print(table.text(), end="\n\n")
    picture.draw(results, PICTURE if options.page else OUT / "performance.svg")
    if options.page:
        page.write(PAGE, results, document)
    verdicts = [one.met for one in graded(results)]
    print(f"{sum(verdicts)} of {len(verdicts)} targets met; all figures are in {options.source or written(options)}")
    for key, why in document["failures"].items():
        print(f"FAILED {key}: {why}", file=sys.stderr)
    return 1 if document["failures"] or (options.strict and not all(verdicts)) else 0


if __name__ == "__main__":
    sys.exit(main())
