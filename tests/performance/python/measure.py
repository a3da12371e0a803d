"""What the Python programs of the benchmarks measure, and how. Those of Rust and Node do the same.

A program is called with `CLIENT WORKLOAD CALLERS SECONDS URL CA_FILE LOOP`, where LOOP is `asyncio`, `uvloop` or
`threads` for clients that block, and writes one line of JSON. It warms up for half of the seconds, counts calls,
processor time and the time of the event loop's thread for the seconds, and only then, for half of the seconds, measures
how late a timer of a millisecond is, so that the timer costs the calls nothing.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

TICK = 0.001
# A slow client, or a machine that is busy with something else, is measured until each caller has had a call on average.
A_LITTLE = 0.05


@dataclass(frozen=True)
class Job:
    """What a program is asked to measure."""

    client: str
    workload: str
    callers: int
    seconds: float
    url: str
    authority: str
    loop: str

    @classmethod
    def read(cls) -> Job:
        client, workload, callers, seconds, url, authority, loop = sys.argv[1:]
        return cls(client, workload, int(callers), float(seconds), url, authority, loop)

    @property
    def secure(self) -> bool:
        return self.url.startswith("https")


class Costs:
    """The clocks at one moment."""

    def __init__(self) -> None:
        self.wall, self.process, self.thread = time.perf_counter(), time.process_time(), time.thread_time()

    def per_call(self, calls: int, *, loop: bool) -> dict[str, Any]:
        now = Costs()
        return {
            "calls": calls,
            "per_second": calls / (now.wall - self.wall),
            "cpu_us": (now.process - self.process) * 1e6 / calls,
            "loop_us": (now.thread - self.thread) * 1e6 / calls if loop else None,
        }


def run_async(
    job: Job, make: Callable[[], Awaitable[tuple[Callable[[int], Awaitable[None]], Callable[[], Any]]]]
) -> None:
    """Measures the callers of an event loop. `make` gives the call, which takes the caller's number, and the end."""
    if job.loop == "uvloop":
        import uvloop

        tell(uvloop.run(on_loop(job, make)))
    else:
        tell(asyncio.run(on_loop(job, make)))


async def on_loop(job: Job, make: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
    call, close = await make()
    # Connections are opened before anything is counted.
    await asyncio.gather(*(call(number) for number in range(job.callers)))
    calls, over = 0, False

    async def caller(number: int) -> None:
        nonlocal calls
        while not over:
            await call(number)
            calls += 1

    callers = [asyncio.ensure_future(caller(number)) for number in range(job.callers)]
    await unless_one_fails(callers, job.seconds / 2)
    costs, before = Costs(), calls
    await unless_one_fails(callers, job.seconds)
    while calls - before < job.callers:
        await unless_one_fails(callers, A_LITTLE)
    found = costs.per_call(calls - before, loop=True)
    found["timer_p99_ms"] = await lateness(job.seconds / 2) * 1e3 if job.callers > 1 else None
    over = True
    await asyncio.gather(*callers)
    found["peak_mb"] = peak_megabytes()
    ended = close()
    if ended is not None:
        await ended
    return found


async def unless_one_fails(callers: Iterable[asyncio.Future[None]], seconds: float) -> None:
    ended, _ = await asyncio.wait(callers, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for caller in ended:
        caller.result()


async def lateness(seconds: float) -> float:
    """How late a timer of a millisecond is, the 99th of a hundred."""
    late = []
    end = time.perf_counter() + seconds
    while (now := time.perf_counter()) < end:
        await asyncio.sleep(TICK)
        late.append(time.perf_counter() - now - TICK)
    return sorted(late)[len(late) * 99 // 100]


def run_threads(job: Job, make: Callable[[], tuple[Callable[[int], None], Callable[[], None]]]) -> None:
    """Measures callers that block, each on a thread of its own."""
    call, close = make()
    counts, over, failures = [0] * job.callers, threading.Event(), []
    # Connections are opened before anything is counted.
    opened = threading.Barrier(job.callers + 1)

    def caller(number: int) -> None:
        try:
            call(number)
            opened.wait()
            while not over.is_set():
                call(number)
                counts[number] += 1
        except Exception as failure:
            failures.append(failure)
            opened.abort()

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(job.callers)]
    for thread in threads:
        thread.start()
    try:
        opened.wait()
    except threading.BrokenBarrierError:
        raise failures[0] from None
    time.sleep(job.seconds / 2)
    costs, before = Costs(), sum(counts)
    time.sleep(job.seconds)
    while not failures and sum(counts) - before < job.callers:
        time.sleep(A_LITTLE)
    found = costs.per_call(max(sum(counts) - before, 1), loop=False)
    over.set()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    found.update(timer_p99_ms=None, peak_mb=peak_megabytes())
    close()
    tell(found)


def megabytes(name: str) -> float:
    """What the system says of this process's memory."""
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":"))


def peak_megabytes() -> float:
    return megabytes("VmHWM")


def tell(found: dict[str, Any]) -> None:
    print(json.dumps(found), flush=True)
