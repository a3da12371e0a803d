"""Calls that wait: for their turn, for a pause to end, for a write before them. And what ends the waiting."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from easemob_presence import (
    AsyncPresenceClient,
    ClosedError,
    OverloadedError,
    PresenceClient,
    QueueTimeoutError,
    Status,
    SupersededError,
)
from support.canned import Recorded, Server, http

if TYPE_CHECKING:
    from collections.abc import Callable

    from easemob_presence.testing import Emulator
    from support.silent import SilentServer

PATIENCE = 30
# One call now, the next one in 100 seconds: longer than any of these tests takes.
RARE: dict[str, Any] = {"rate_limits": {"get": 1}, "rate_share": 0.01}


async def until(condition: Callable[[], bool]) -> None:
    """Looks until the condition holds: native threads tell no one what they have come to."""
    end = time.monotonic() + PATIENCE
    for _ in iter(condition, True):
        assert time.monotonic() < end
        await asyncio.sleep(0)


def queued(client: PresenceClient | AsyncPresenceClient) -> int:
    return client.stats().endpoints["get"].waiting


def asked(emulator: Emulator) -> list[str]:
    """Whose presence was asked for, in order."""
    bodies = [request.body for request in emulator.journal.requests() if request.operation == "get"]
    return [body.split('"')[3] for body in bodies]


def test_a_turn_beyond_the_deadline_is_told_at_once(emulator: Emulator) -> None:
    with emulator.client(**RARE) as client:
        client.user("wzy").get("c2")
        with pytest.raises(QueueTimeoutError, match="rate limit") as caught:
            client.user("wzy").get("c2")
    assert isinstance(caught.value, TimeoutError)
    assert (caught.value.sent, caught.value.attempts, caught.value.retryable) == ("no", 0, True)
    assert caught.value.retry_after is not None
    assert 60 < caught.value.retry_after <= 100
    assert len(asked(emulator)) == 1


def test_no_more_than_max_queued_calls_wait(emulator: Emulator) -> None:
    with emulator.client(**RARE, max_queued=0) as client:
        client.user("wzy").get("c2")
        with pytest.raises(OverloadedError) as caught:
            client.user("wzy").get("c2")
    assert (caught.value.sent, caught.value.retryable) == ("no", True)


def test_background_calls_let_others_go_first(emulator: Emulator) -> None:
    async def main() -> None:
        async with emulator.async_client(rate_limits={"get": 2}) as client:
            behind = client.with_options(priority="background")
            await client.user("wzy").get("first")
            await asyncio.gather(behind.user("wzy").get("behind"), client.user("wzy").get("normal"))

    asyncio.run(main())
    assert asked(emulator) == ["first", "normal", "behind"]


def test_a_group_is_one_caller_and_callers_take_turns(emulator: Emulator) -> None:
    async def main() -> None:
        async with emulator.async_client(rate_limits={"get": 4}, coalesce=False) as client:
            job = client.with_options(grouped=True)
            await job.user("wzy").get("first")
            calls = [job.user("wzy").get(f"job{number}") for number in range(3)]
            await asyncio.gather(*calls, client.user("wzy").get("other"))

    asyncio.run(main())
    assert asked(emulator) in (["first", "job0", "other", "job1", "job2"], ["first", "other", "job0", "job1", "job2"])


def test_cancelling_a_call_in_the_queue_frees_its_place(emulator: Emulator) -> None:
    async def main() -> None:
        async with emulator.async_client(**RARE, max_queued=1, timeout=3600, coalesce=False) as client:
            user = client.user("wzy")
            await user.get("first")
            # The second takes the place that the first has left.
            for _ in range(2):
                waiting = asyncio.create_task(user.get("cancelled"))
                await until(lambda: queued(client) == 1)
                with pytest.raises(OverloadedError):
                    await user.get("too-many")
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                await until(lambda: (queued(client), client.stats().active) == (0, 0))

    asyncio.run(main())
    assert asked(emulator) == ["first"]


def test_cancelling_a_call_in_a_pause_ends_it() -> None:
    async def main(host: str) -> None:
        async with AsyncPresenceClient(emulator=host, app_token="x", rate_limits="off", timeout=7200) as client:
            paused = asyncio.create_task(client.user("wzy").get("c2"))
            await until(lambda: client.stats().retries == 1)
            paused.cancel()
            with pytest.raises(asyncio.CancelledError):
                await paused
            await until(lambda: client.stats().active == 0)

    with Server(lambda _: http(503, {"retry-after": "3600"}, b"")) as server:
        asyncio.run(main(server.host))
        assert len(server.requests) == 1


def test_a_newer_set_of_a_device_takes_the_place_of_one_that_waits() -> None:
    arrived, answer = threading.Event(), threading.Event()

    def reply(_: Recorded) -> bytes:
        arrived.set()
        answer.wait()
        return http(200, {}, b'{"result":"ok"}')

    async def main(host: str) -> None:
        async with AsyncPresenceClient(emulator=host, app_token="x") as client:

            def set_to(number: int) -> asyncio.Task[None]:
                return asyncio.create_task(client.user("c1").set(number, resource="android"))

            first = set_to(1)
            await asyncio.to_thread(arrived.wait)
            second, third = set_to(2), set_to(3)
            with pytest.raises(SupersededError) as caught:
                await second
            assert (caught.value.kind, caught.value.sent, caught.value.attempts) == ("superseded", "no", 0)
            answer.set()
            await first
            await third
            assert client.stats().superseded == 1

    with Server(reply) as server:
        try:
            asyncio.run(main(server.host))
        finally:
            answer.set()
    assert [request.target.rsplit("/", 1)[1] for request in server.requests] == ["1", "3"]


def close(client: Any) -> None:
    client.close()


def leave(client: Any) -> None:
    with client:
        pass


@pytest.mark.parametrize("end", [close, leave])
def test_closing_ends_a_blocked_call_and_its_request(silent: SilentServer, end: Callable[[Any], None]) -> None:
    client = PresenceClient(emulator=silent.host, app_token="x", timeout=3600, attempt_timeout=3600)
    errors: list[ClosedError] = []

    def wait() -> None:
        with pytest.raises(ClosedError) as caught:
            client.user("c1").set(Status.ONLINE, resource="android")
        errors.append(caught.value)

    thread = threading.Thread(target=wait)
    thread.start()
    silent.wait_for_request()
    # A copy closes the client that it was made from.
    end(client.with_options(timeout=1))
    thread.join(PATIENCE)
    assert [(error.kind, error.sent, error.attempts) for error in errors] == [("closed", "maybe", 1)]
    assert silent.wait_for_close()


def test_closing_ends_calls_that_are_awaited_and_their_requests(silent: SilentServer) -> None:
    async def main() -> None:
        async with AsyncPresenceClient(emulator=silent.host, app_token="x", timeout=3600) as client:
            forgotten = asyncio.create_task(client.user("c1").set(Status.ONLINE, resource="android"))
            await asyncio.to_thread(silent.wait_for_request)
        with pytest.raises(ClosedError) as caught:
            await asyncio.wait_for(forgotten, PATIENCE)
        assert caught.value.sent == "maybe"

    asyncio.run(main())
    assert silent.wait_for_close()


def test_closing_ends_blocked_calls_in_the_queue(emulator: Emulator) -> None:
    client = emulator.client(**RARE, timeout=3600, coalesce=False)
    client.user("wzy").get("c2")
    sent: list[str] = []

    def wait() -> None:
        with pytest.raises(ClosedError) as caught:
            client.user("wzy").get("c2")
        sent.append(caught.value.sent)

    threads = [threading.Thread(target=wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    asyncio.run(until(lambda: queued(client) == 8))
    client.close()
    for thread in threads:
        thread.join(PATIENCE)
    assert sent == ["no"] * 8
    assert asked(emulator) == ["c2"]
