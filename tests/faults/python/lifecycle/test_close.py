"""Closing, and a logging handler of the program's own that fails."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from easemob_presence import ClosedError, InvalidInputError
from easemob_presence.testing import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

HANGING = {"faults": [{"match": {"operation": "get"}, "fault": {"type": "hang"}}]}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator of the test's own."""
    with Emulator() as emulator:
        yield emulator


def wait_for_gets(emulator: Emulator, number: int) -> None:
    """Blocks until so many requests have come."""
    while True:
        since = emulator.journal.last_seq
        if sum(request.operation == "get" for request in emulator.journal.requests()) >= number:
            return
        assert emulator.journal.wait(since=since, timeout=30)


def test_closing_settles_calls_under_way_as_closed(emulator: Emulator) -> None:
    async def main() -> None:
        emulator.faults.install(HANGING)
        client = emulator.async_client(coalesce=False)
        calls = [asyncio.create_task(client.user("wzy").get(f"c{at}")) for at in range(8)]
        await asyncio.to_thread(wait_for_gets, emulator, 8)
        client.close()
        client.close()
        for error in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(error, ClosedError)
            assert error.sent == "maybe"

    asyncio.run(main())


class Failing(logging.Handler):
    """Fails at every record."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Raises."""
        self.asked += 1
        raise RuntimeError("the handler failed")


def test_a_log_handler_that_raises_changes_no_call(emulator: Emulator) -> None:
    handler, logger = Failing(), logging.getLogger("easemob_presence")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        with emulator.client() as client:
            assert client.user("wzy").get("c2").user_id == "c2"
            with pytest.raises(InvalidInputError):
                client.user("wzy").get("a/b")
        assert handler.asked >= 1
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
