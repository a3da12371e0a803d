"""Loops that close with calls in flight, storms of cancellations, and everything back at its baseline."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from easemob_presence import AsyncPresenceClient, DeadlineError, PresenceError
from easemob_presence import _loop as bridges

if TYPE_CHECKING:
    from collections.abc import Callable

    from easemob_presence.testing import Emulator
    from support.silent import SilentServer

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
PATIENCE = 30


def eventually(condition: Callable[[], bool]) -> bool:
    """Looks until the condition holds: connections are closed by a thread that tells no one."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def close_with_a_call_in_flight(new_loop: Callable[[], Any], silent: SilentServer) -> weakref.ref[Any]:
    """Closes a loop in the middle of a call; gives a reference to the loop."""
    loop = new_loop()
    client = AsyncPresenceClient(emulator=silent.host, app_token="x", coalesce=False)

    async def begin() -> asyncio.Task[Any]:
        task = asyncio.create_task(client.user("wzy").get("c2"))
        # asyncio itself complains of tasks that their application leaves behind; that is not what is tested.
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        await asyncio.to_thread(silent.wait_for_request)
        return task

    loop.run_until_complete(begin())
    loop.close()
    return weakref.ref(loop)


@pytest.mark.parametrize("new_loop", LOOPS.values(), ids=LOOPS)
def test_a_loop_closed_with_a_call_in_flight_goes_away_and_takes_the_request_along(
    emulator: Emulator, silent: SilentServer, new_loop: Callable[[], Any]
) -> None:
    gone = close_with_a_call_in_flight(new_loop, silent)
    gc.collect()
    assert gone() is None
    assert silent.wait_for_close()

    async def main() -> str:
        async with emulator.async_client() as client:
            return (await client.user("wzy").get("c2")).user_id

    assert asyncio.run(main()) == "c2"


@pytest.mark.parametrize("new_loop", LOOPS.values(), ids=LOOPS)
def test_an_answer_that_comes_after_its_loop_was_closed_is_dropped_in_silence(
    silent: SilentServer, new_loop: Callable[[], Any]
) -> None:
    loop = new_loop()
    client = AsyncPresenceClient(emulator=silent.host, app_token="x", coalesce=False)

    async def begin() -> asyncio.Task[Any]:
        task = asyncio.create_task(client.user("wzy").get("c2"))
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        await asyncio.to_thread(silent.wait_for_request)
        return task

    task = loop.run_until_complete(begin())
    bridge = bridges._bridge_of(loop)
    loop.close()
    # The answer, here a broken connection, arrives in a queue that no loop reads any more.
    silent.close()
    assert eventually(lambda: len(bridge.queue.drain()) == 1)
    del task


@pytest.mark.parametrize("new_loop", LOOPS.values(), ids=LOOPS)
def test_10000_random_cancellations_leave_nothing_behind(emulator: Emulator, new_loop: Callable[[], Any]) -> None:
    chance = random.Random(7)
    loop = new_loop()
    complaints: list[Any] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    ended = {"answered": 0, "cancelled": 0}

    async def storm(client: AsyncPresenceClient) -> None:
        user = client.user("wzy")
        for _ in range(100):
            tasks = [asyncio.create_task(user.get(f"u{number}")) for number in range(100)]
            left = list(tasks)
            chance.shuffle(left)
            for task in left:
                for _ in range(chance.randrange(3)):
                    await asyncio.sleep(0)
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, BaseException):
                    assert isinstance(result, asyncio.CancelledError), result
                    ended["cancelled"] += 1
                else:
                    ended["answered"] += 1
        # What comes after the storm is as good as before.
        assert (await user.get("c2")).user_id == "c2"
        assert not bridges._bridge_of(asyncio.get_running_loop()).pending
        assert len(asyncio.all_tasks()) == 1

    before = descriptors()
    try:
        loop.run_until_complete(storm(emulator.async_client()))
    finally:
        loop.close()
    del loop
    assert not complaints
    assert ended["cancelled"] > 1000 and ended["cancelled"] + ended["answered"] == 10_000
    assert eventually(lambda: descriptors() <= before)


def test_deadlines_and_cancellations_at_once_leave_nothing_behind(silent: SilentServer) -> None:
    async def main() -> None:
        async with AsyncPresenceClient(emulator=silent.host, app_token="x", timeout=0.05, coalesce=False) as client:
            user = client.user("wzy")
            waits = [asyncio.wait_for(user.get("c2"), 0.05 + number / 10_000) for number in range(-100, 100)]
            results = await asyncio.gather(*waits, return_exceptions=True)
            assert all(isinstance(result, (DeadlineError, TimeoutError, asyncio.TimeoutError)) for result in results)
            assert not bridges._bridge_of(asyncio.get_running_loop()).pending

    asyncio.run(main())


def test_loops_clients_and_values_come_and_go_without_a_trace(emulator: Emulator) -> None:
    async def use() -> None:
        async with emulator.async_client() as client:
            user = client.user("wzy")
            await asyncio.gather(*(user.get("c2") for _ in range(5)), user.subscribe(["c2", "c3"]))
            assert len([subscription async for subscription in user.subscriptions()]) == 2
            with pytest.raises(PresenceError):
                await user.get("a/b")

    def round_of_use() -> None:
        asyncio.run(use())
        uvloop.run(use())
        with emulator.client() as client:
            client.user("wzy").get_many(["c2", "c3"])

    def objects() -> int:
        gc.collect()
        return len(gc.get_objects())

    for _ in range(5):
        round_of_use()
    assert eventually(lambda: not bridges._bridges or gc.collect() >= 0)
    before, descriptors_before, threads = objects(), descriptors(), threading.active_count()
    for _ in range(30):
        round_of_use()
    assert eventually(lambda: descriptors() <= descriptors_before)
    assert threading.active_count() <= threads
    # One object for each of the 30 rounds would be a leak; caches of the standard library take a few.
    assert objects() - before < 30


def test_an_idle_loop_keeps_one_bridge_for_all_its_calls(emulator: Emulator) -> None:
    async def main() -> None:
        async with emulator.async_client() as client:
            await client.user("wzy").get("c2")
            first = bridges._bridge_of(asyncio.get_running_loop())
            gc.collect()
            await client.user("wzy").get("c2")
            assert bridges._bridge_of(asyncio.get_running_loop()) is first

    asyncio.run(main())
