"""What an await of nothing costs through the bridge: microseconds for each call, at 1 and at 64 callers.

    python tests/performance/python/bridge.py [--loop asyncio|uvloop] [--runs 5] [--unpinned]

The call is `app_token` of a client with a fixed token, which the core answers without a request: submit, spawn on
tokio, queue, wake, drain, and nothing else. Build the package in release mode first. The process is pinned to one core,
as in every workload of the design: waking another core is the machine's cost, not the bridge's. Callers run for a
fixed number of calls; each run is one line, and the last line is their median.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time

from easemob_presence import AsyncPresenceClient

CALLS = 40_000


async def measure(callers: int) -> float:
    """Microseconds for each call, with this many callers at a time."""
    async with AsyncPresenceClient(emulator="127.0.0.1:1", app_token="fixed") as client:

        async def caller(calls: int) -> None:
            for _ in range(calls):
                await client.app_token()

        await caller(1000)
        start = time.perf_counter()
        await asyncio.gather(*(caller(CALLS // callers) for _ in range(callers)))
        return (time.perf_counter() - start) / (CALLS // callers * callers) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="asyncio")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--unpinned", action="store_true")
    options = parser.parse_args()
    if not options.unpinned:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if options.loop == "uvloop":
        import uvloop

        run = uvloop.run
    else:
        run = asyncio.run
    results: dict[int, list[float]] = {1: [], 64: []}
    for _ in range(options.runs):
        for callers, found in results.items():
            found.append(run(measure(callers)))
        print({callers: round(found[-1], 2) for callers, found in results.items()})
    version = ".".join(map(str, sys.version_info[:3]))
    medians = {callers: round(statistics.median(found), 2) for callers, found in results.items()}
    print(f"median of {options.runs}, {options.loop}, Python {version}: {medians} microseconds by number of callers")


if __name__ == "__main__":
    main()
