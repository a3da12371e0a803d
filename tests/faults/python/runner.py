"""Makes the calls of the fault suite with the awaitable Python client."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from typing import TYPE_CHECKING, Any

sys.path.insert(0, __file__.rsplit("/", 1)[0])
import calls
import clients
import held
import lines
import tell

if TYPE_CHECKING:
    from easemob_presence import AsyncPresenceClient


async def run(job: dict[str, Any], complaints: list[str]) -> dict[str, Any]:
    """Does one job.

    Args:
        job: As the suite wrote it.
        complaints: What the language complains of meanwhile is found there.

    Returns:
        The report.
    """
    before = held.now()
    held.forget_peak()
    outcomes: list[dict[str, Any]] = []
    began = tell.now()
    close_ms = 0.0
    try:
        client = clients.build(job)
    except Exception as error:
        outcomes = [tell.failed(call["item"], began, error) for phase in job["phases"] for call in phase["calls"]]
    else:
        tell.show(client)
        for number, phase in enumerate(job["phases"]):
            outcomes += await make(client, phase)
            if number + 1 < len(job["phases"]):
                lines.write({"phase_done": number})
                await asyncio.to_thread(lines.read)
        began = tell.now()
        await client.aclose()
        close_ms = tell.ms(began)
        del client
    clients.forget()
    gc.collect()
    after = await held.settled(before)
    return {
        "id": job["id"],
        "outcomes": outcomes,
        "close_ms": close_ms,
        "before": before,
        "after": after,
        "complaints": complaints,
    }


async def make(client: AsyncPresenceClient, phase: dict[str, Any]) -> list[dict[str, Any]]:
    """Makes all calls of a phase, so many at once.

    Args:
        client: The client.
        phase: Its calls.

    Returns:
        Their outcomes.
    """
    room = asyncio.Semaphore(phase["concurrency"] or len(phase["calls"]) or 1)

    async def one(call: dict[str, Any]) -> dict[str, Any]:
        async with room:
            return await calls.make(client, call)

    return list(await asyncio.gather(*(one(call) for call in phase["calls"])))


def main() -> None:
    """Reads jobs until the input ends."""
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s %(args)s")
    # The loop's own debug records are of every callback.
    logging.getLogger("asyncio").setLevel(logging.INFO)
    complaints: list[str] = []

    def complain(unraisable: sys.UnraisableHookArgs) -> None:
        complaints.append(f"unraisable: {unraisable.exc_value!r} in {unraisable.object!r}")
        sys.__unraisablehook__(unraisable)

    sys.unraisablehook = complain

    async def jobs() -> None:
        loop = asyncio.get_running_loop()
        loop.set_debug(False)
        loop.set_exception_handler(lambda _, context: complaints.append(str(context.get("message"))))
        while job := await asyncio.to_thread(lines.read):
            print("===", job["case"], file=sys.stderr, flush=True)
            complaints.clear()
            lines.write(await run(job, complaints))

    asyncio.run(jobs())


if __name__ == "__main__":
    main()
