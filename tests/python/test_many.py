"""Calls on many users, beyond what the shared scenarios say: progress, iterables, cancelling, closing."""

from __future__ import annotations

import asyncio
import io
import pickle
import threading
from typing import TYPE_CHECKING, Any

import pytest

from easemob_presence import (
    AsyncPresenceClient,
    InvalidInputError,
    PartialFailureError,
    PresenceClient,
    Progress,
)
from easemob_presence.testing import Emulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

IDS = [f"u{n}" for n in range(250)]
REFUSED = {"match": {"contains": '"u150"'}, "fault": {"type": "answer", "status": 400, "text": "{}"}}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def test_ids_come_from_any_iterable_and_are_those_of_the_moment_of_the_call(emulator: Emulator) -> None:
    class Name(str):
        __slots__ = ()

    async def ask() -> None:
        async with AsyncPresenceClient(emulator=emulator.host) as client:
            user = client.user("wzy")
            for ids in (IDS, tuple(IDS), iter(IDS), dict.fromkeys(IDS), [Name(id) for id in IDS], (id for id in IDS)):
                assert list((await user.get_many(ids)).keys()) == IDS
            changed = list(IDS)
            call = asyncio.ensure_future(user.get_many(changed))
            await asyncio.sleep(0)
            changed[:] = ["other", "/"]
            assert list((await call).keys()) == IDS
            assert len(await user.get_many([])) == 0

    asyncio.run(ask())


def test_progress_ends_with_all_users_told_of(emulator: Emulator) -> None:
    emulator.faults.install({"faults": [REFUSED]})
    told: list[Progress] = []
    with emulator.client() as client, pytest.raises(PartialFailureError) as caught:
        client.user("wzy").get_many(IDS, on_progress=told.append)
    last = told[-1]
    assert (last.done, last.total, last.failed) == (250, 250, 100)
    assert last.rate > 0 and last.elapsed > 0 and last.eta == 0
    assert len(caught.value.failed) == 100


def test_progress_comes_before_the_call_returns_on_a_loop_and_in_trio(emulator: Emulator) -> None:
    trio = pytest.importorskip("trio")

    async def ask() -> list[Progress]:
        told: list[Progress] = []
        async with AsyncPresenceClient(emulator=emulator.host) as client:
            await client.user("wzy").subscribe(IDS, on_progress=told.append)
            await client.online_states(IDS, on_progress=told.append)
            await client.user("wzy").unsubscribe(IDS, on_progress=told.append)
        return told

    for told in (asyncio.run(ask()), trio.run(ask)):
        assert [(now.done, now.failed) for now in told if now.done == now.total] == [(250, 0)] * 3


def test_a_function_that_raises_is_logged_once_and_changes_nothing(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[Progress] = []

    def fails(now: Progress) -> None:
        calls.append(now)
        raise RuntimeError("on purpose")

    async def ask() -> int:
        async with AsyncPresenceClient(emulator=emulator.host) as client:
            return len(await client.user("wzy").get_many(IDS, on_progress=fails))

    assert asyncio.run(ask()) == 250
    with emulator.client() as client:
        assert len(client.user("wzy").get_many(IDS, on_progress=fails)) == 250
        assert sum(len(answer) for answer in client.user("wzy").iter_many(IDS, on_progress=fails)) == 250
    assert len(calls) == 3
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "on_progress raised an exception; it is not called again"
    ] * 3


async def _until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_drawn_on_a_terminal_and_nowhere_else(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, file = _Terminal(), io.StringIO()
    with emulator.client() as client:
        for stream in (terminal, file):
            monkeypatch.setattr("sys.stderr", stream)
            client.user("wzy").get_many(IDS, progress=True)
    assert file.getvalue() == ""
    lines = terminal.getvalue().split("\r")
    assert lines[0] == "" and lines[-1].endswith("\n")
    assert lines[-1].startswith(f"[{'#' * 24}] 100% 250 of 250 users, ")


def test_iter_many_takes_any_iterable_and_reads_no_further_than_it_needs(emulator: Emulator) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            yield f"u{taken}"
            taken += 1

    with emulator.client(rate_limits="off") as client:
        answers = client.user("wzy").iter_many(endless())
        assert next(answers).keys() == tuple(f"u{n}" for n in range(100))
        assert next(answers).keys()[0] == "u100"
        assert taken < 50_000
        del answers
        # What was under way is dropped with the iterator; nothing waits for ever.
        assert client.user("wzy").get("u1").user_id == "u1"


def test_iter_many_knows_the_total_of_what_has_a_length(emulator: Emulator) -> None:
    with emulator.client(rate_limits="off") as client:
        for ids, total in ((IDS, 250), (iter(IDS), None)):
            told: list[Progress] = []
            assert len(list(client.user("wzy").iter_many(ids, on_progress=told.append))) == 3
            assert (told[-1].done, told[-1].total) == (250, total)


def test_what_the_iterable_raises_is_raised_and_what_was_read_is_still_answered(emulator: Emulator) -> None:
    def broken() -> Iterator[str]:
        yield from IDS
        raise OSError("the database is gone")

    async def broken_too() -> AsyncIterator[str]:
        for user_id in IDS:
            yield user_id
        raise OSError("the database is gone")

    with emulator.client(rate_limits="off") as client:
        answers = client.user("wzy").iter_many(broken())
        got = []
        with pytest.raises(OSError, match="database"):
            got.append(next(answers))
        got += answers
        assert sum(len(answer) for answer in got) == 250

    async def ask() -> list[int]:
        async with AsyncPresenceClient(emulator=emulator.host, rate_limits="off") as client:
            answers = client.user("wzy").iter_many(broken_too())
            lengths: list[int] = []
            try:
                async for answer in answers:
                    lengths.append(len(answer))
            except OSError:
                return lengths + [len(answer) async for answer in answers]
            raise AssertionError("the iterable raised")

    assert sum(asyncio.run(ask())) == 250


def test_what_is_no_list_of_ids_is_refused(emulator: Emulator) -> None:
    with emulator.client(rate_limits="off") as client:
        user = client.user("wzy")
        for wrong in ("c2", b"c2", 7, None):
            with pytest.raises(InvalidInputError, match="not an iterable of ids"):
                user.iter_many(wrong)  # type: ignore[arg-type]
        mixed: list[Any] = ["u1", 7, "u2"]
        answers = user.iter_many(mixed)
        with pytest.raises(InvalidInputError, match=r"ids\[1\] is int"):
            next(answers)
        assert [answer.keys() for answer in answers] == [("u1", "u2")]


def test_a_partial_failure_survives_pickle(emulator: Emulator) -> None:
    emulator.faults.install({"faults": [REFUSED]})
    with emulator.client() as client, pytest.raises(PartialFailureError) as caught:
        client.user("wzy").get_many(IDS)
    error, again = caught.value, pickle.loads(pickle.dumps(caught.value))
    assert again.presences == error.presences and len(again.presences.raw) == 2
    assert again.succeeded == error.succeeded and again.failed.keys() == error.failed.keys()
    assert again.failed["u199"].kind == "bad_request"
    assert "150 succeeded, 100 failed" in repr(again.partial)


def test_cancelling_a_task_frees_every_request_of_its_list(emulator: Emulator) -> None:
    emulator.faults.install({"faults": [{"match": {"operation": "get"}, "fault": {"type": "hang"}}]})

    async def ask() -> None:
        async with AsyncPresenceClient(emulator=emulator.host, rate_limits="off") as client:
            task = asyncio.ensure_future(client.user("wzy").get_many(IDS))
            await _until(lambda: sum(request.operation == "get" for request in emulator.journal.requests()) == 3)
            assert client.stats().active == 3
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await _until(lambda: client.stats().active == 0)

    asyncio.run(asyncio.wait_for(ask(), 30))


def test_closing_the_client_keeps_what_was_answered(emulator: Emulator) -> None:
    stall = {"match": {"contains": '"u150"'}, "fault": {"type": "hang"}}
    emulator.faults.install({"faults": [stall]})
    with PresenceClient(emulator=emulator.host, rate_limits="off") as client:
        told: list[BaseException] = []

        def ask() -> None:
            with pytest.raises(PartialFailureError) as caught:
                client.user("wzy").get_many(IDS)
            told.append(caught.value)

        thread = threading.Thread(target=ask)
        thread.start()
        while client.stats().succeeded < 2:
            pass
        client.close()
        thread.join(30)
    (error,) = told
    assert isinstance(error, PartialFailureError) and error.presences is not None
    assert (len(error.presences), {cause.kind for cause in error.failed.values()}) == (150, {"closed"})
