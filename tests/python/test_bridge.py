"""The bridge itself: outcomes arrive without the GIL, all of them in one drain, and none is lost or doubled."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import select
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from easemob_presence import InvalidInputError, PresenceClient, _native

if TYPE_CHECKING:
    from collections.abc import Iterator

    from easemob_presence.testing import Emulator

PATIENCE = 30


@pytest.fixture
def greedy() -> Iterator[ctypes.PyDLL]:
    """A thread keeps the GIL until it blocks, and here it can wait without giving it up."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield ctypes.PyDLL(None)
    sys.setswitchinterval(interval)


def test_outcomes_arrive_while_the_gil_is_held(emulator: Emulator, greedy: ctypes.PyDLL) -> None:
    user = PresenceClient(emulator=emulator.host, rate_limits="off")._native.user("wzy")
    queue, calls = _native.Queue(), [user.get(f"u{number}", None) for number in range(100)]
    # Another Python thread runs as soon as the GIL is free, and then takes this lock.
    ran, gate = threading.Event(), threading.Lock()
    with gate:
        other = threading.Thread(target=lambda: gate.acquire() and ran.set())
        other.start()
    idents = [call.start(queue) for call in calls]
    rows: list[tuple[int, bool, Any]] = []
    for _ in range(PATIENCE * 1000):
        greedy.usleep(1000)
        rows += queue.drain()
        if len(rows) == len(calls):
            break
    assert not ran.is_set()
    other.join()
    assert sorted(ident for ident, _, _ in rows) == idents
    assert all(succeeded for _, succeeded, _ in rows)
    assert {value.user_id for _, _, value in rows} == {f"u{number}" for number in range(100)}


def test_no_wake_is_lost(emulator: Emulator) -> None:
    user = PresenceClient(emulator=emulator.host, rate_limits="off")._native.user("wzy")
    queue, seen = _native.Queue(), 0
    for round_ in range(50):
        calls = [user.get("c2", None) for _ in range(20)]
        for call in calls:
            call.start(queue)
        while seen < (round_ + 1) * 20:
            readable, _, _ = select.select([queue], [], [], PATIENCE)
            assert readable, "an outcome came without a wake, or a wake was lost"
            seen += len(queue.drain())
        assert queue.drain() == []


def test_a_call_is_made_once_and_ends_with_its_object(emulator: Emulator) -> None:
    user = PresenceClient(emulator=emulator.host, rate_limits="off")._native.user("wzy")
    queue, call = _native.Queue(), user.get("c2", None)
    call.start(queue)
    assert select.select([queue], [], [], PATIENCE)[0]
    ((_, succeeded, _),) = queue.drain()
    assert succeeded
    call.cancel()
    call.cancel()


def test_an_error_is_not_kept_alive_by_the_call_that_raised_it(emulator: Emulator) -> None:
    async def main() -> weakref.ref[BaseException]:
        async with emulator.async_client() as client:
            try:
                await client.user("wzy").get("a/b")
            except InvalidInputError as error:
                return weakref.ref(error)
        raise AssertionError

    gc.disable()
    try:
        gone = asyncio.run(main())
        assert gone() is None
    finally:
        gc.enable()
