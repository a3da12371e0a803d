"""`make scale`: large numbers of users in Rust, Python and Node, against the emulator, with calls, times and memory.

A measurement, never a test. Each part runs in a process of its own, on an emulator of its own in this one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from easemob_presence.testing import Emulator

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
LANGUAGES = ("rust", "python", "node")
# Users of each part; whether the emulator limits the rate.
PARTS = {"gets": (10_000, True), "get_many": (10_000, True), "iter_many": (1_000_000, False), "watch": (100_000, True)}
IDS = 100
PER_SECOND = 50
SWEEPS = 2
COLUMNS = ("part", "language", "users", "calls", "least", "429", "seconds", "least s", "p50 s", "p99 s", "MiB")
PATIENCE = 600
UNLIMITED = 1_000_000


def command(language: str) -> list[str]:
    """The program of a language.

    Args:
        language: Which.

    Returns:
        Its command line, without arguments.
    """
    if language == "rust":
        target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
        return [str(target / "release/examples/scale")]
    return [sys.executable, str(HERE / "scale.py")] if language == "python" else ["node", str(HERE / "scale.mjs")]


def measure(part: str, language: str, users: int) -> dict[str, Any]:
    """Runs one part in one language.

    Args:
        part: Which.
        language: In which.
        users: How many users.

    Returns:
        What the program told, and what the emulator counted.
    """
    limited = PARTS[part][1]
    with Emulator() as emulator:
        if not limited:
            operations = emulator.settings()["rate_limit"]["per_second"]
            emulator.configure(rate_limit={"per_second": dict.fromkeys(operations, UNLIMITED)})
        host = emulator.host
        arguments = [*command(language), part, host, str(users)]
        ended = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if ended.returncode:
            raise SystemExit(f"{part} in {language}: {ended.stderr}")
        told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        statuses = Counter(one.status for one in emulator.journal.requests() if one.operation == "get")
    if told["read"] != users:
        raise SystemExit(f"{part} in {language}: {told['read']} of {users} users were read")
    least = -(-users // IDS) * (SWEEPS if part == "watch" else 1)
    told |= {"part": part, "language": language, "users": users, "calls": statuses.total(), "refused": statuses[429]}
    return told | {"least_calls": least, "least_seconds": least / PER_SECOND if part in ("gets", "get_many") else None}


def row(one: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table.

    Args:
        one: A measurement.

    Returns:
        Its cells.
    """
    names = ("part", "language", "users", "calls", "least_calls", "refused")
    figures = (one["seconds"], one["least_seconds"], one.get("p50"), one.get("p99"))
    seconds = ("" if figure is None else f"{figure:.2f}" for figure in figures)
    return (*(str(one[name]) for name in names), *seconds, f"{one['grown_mib']:.1f}")


def show(measured: list[dict[str, Any]]) -> None:
    """Prints the table.

    Args:
        measured: All measurements.
    """
    rows = [COLUMNS, *map(row, measured)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True)))


def main() -> None:
    """Measures, prints the table, writes it as JSON."""
    parser = argparse.ArgumentParser(prog="make scale")
    parser.add_argument("--language", default=",".join(LANGUAGES), help="rust,python,node")
    parser.add_argument("--only", default=",".join(PARTS), help=",".join(PARTS))
    parser.add_argument("--users", type=int, help="of every part, in place of its own number")
    parser.add_argument("--out", type=Path, default=ROOT / "target/scale/results.json", help="the figures as JSON")
    arguments = parser.parse_args()
    for given, known in ((arguments.only, PARTS), (arguments.language, LANGUAGES)):
        if unknown := [name for name in given.split(",") if name not in known]:
            parser.error(f"there is no {unknown[0]!r}; there are {', '.join(known)}")
    measured = []
    for part in arguments.only.split(","):
        for language in arguments.language.split(","):
            measured.append(measure(part, language, arguments.users or PARTS[part][0]))
            print(*row(measured[-1]), file=sys.stderr)
    show(measured)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({"cpus": os.cpu_count(), "measured": measured}, indent=2) + "\n")


if __name__ == "__main__":
    main()
