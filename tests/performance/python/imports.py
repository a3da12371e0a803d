"""What importing the package costs over the bare interpreter, in milliseconds: medians of whole interpreter runs.

python tests/performance/python/imports.py [--runs 25]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

PROGRAMS = {
    "bare interpreter": "pass",
    "import easemob_presence": "import easemob_presence",
    "with the async client": "from easemob_presence import AsyncPresenceClient",
    "asyncio alone": "import asyncio",
}


def measure(program: str) -> float:
    """Milliseconds for one run of the program."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", program], check=True)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=25)
    runs = parser.parse_args().runs
    found: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    # Interleaved, so that a busy moment of the machine meets all of them.
    for _ in range(runs):
        for name, program in PROGRAMS.items():
            found[name].append(measure(program))
    bare = statistics.median(found["bare interpreter"])
    print(f"bare interpreter: {bare:.1f} ms")
    for name, took in list(found.items())[1:]:
        print(f"{name}: +{statistics.median(took) - bare:.1f} ms")


if __name__ == "__main__":
    main()
