"""The same client under asyncio, uvloop, trio, anyio, several loops and several threads."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trio
import uvloop

from easemob_presence import AsyncPresenceClient, InvalidInputError, PresenceClient, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from easemob_presence.testing import Emulator
    from support.silent import SilentServer

RUNNERS: dict[str, Callable[..., Any]] = {
    "asyncio": lambda main: asyncio.run(main()),
    "asyncio-debug": lambda main: asyncio.run(main(), debug=True),
    "uvloop": lambda main: uvloop.run(main()),
    "trio": trio.run,
    "anyio-asyncio": lambda main: anyio.run(main),
    "anyio-trio": lambda main: anyio.run(main, backend="trio"),
}


@pytest.mark.parametrize("run", RUNNERS.values(), ids=RUNNERS)
def test_one_client_works_in_one_loop_after_another(emulator: Emulator, run: Callable[..., Any]) -> None:
    client = emulator.async_client()

    async def main() -> None:
        user = client.user("wzy")
        await client.user("c2").set(Status.ONLINE, resource="ios_1")
        assert (await user.get("c2")).is_online
        with pytest.raises(InvalidInputError):
            await user.get("a/b")
        await user.subscribe([f"u{n}" for n in range(30)])
        assert len([s.user_id async for s in user.subscriptions(page_size=10)]) == 30

    run(main)
    run(main)


@pytest.mark.parametrize("run", RUNNERS.values(), ids=RUNNERS)
def test_many_calls_at_a_time_each_get_their_own_answer(emulator: Emulator, run: Callable[..., Any]) -> None:
    async def main() -> None:
        answers: dict[str, str] = {}

        async def one(user_id: str) -> None:
            answers[user_id] = (await client.user("wzy").get(user_id)).user_id

        async with emulator.async_client() as client, anyio.create_task_group() as tasks:
            for number in range(200):
                tasks.start_soon(one, f"u{number}")
        assert answers == {f"u{n}": f"u{n}" for n in range(200)}

    run(main)


@pytest.mark.parametrize("run", RUNNERS.values(), ids=RUNNERS)
def test_cancelling_ends_the_wait_and_the_request(silent: SilentServer, run: Callable[..., Any]) -> None:
    async def main() -> None:
        async with AsyncPresenceClient(emulator=silent.host, app_token="x") as client:
            with anyio.move_on_after(30) as scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(client.user("wzy").get, "c2")
                    await anyio.to_thread.run_sync(silent.wait_for_request)
                    tasks.cancel_scope.cancel()
            assert not scope.cancelled_caught

    run(main)
    # The peer sees the connection closed: the request ended, not only the wait for it.
    assert silent.wait_for_close()


def test_methods_are_coroutine_functions_that_asyncio_takes(emulator: Emulator) -> None:
    async def main() -> None:
        async with emulator.async_client() as client:
            user = client.user("wzy")
            assert asyncio.iscoroutinefunction(user.get)
            task = asyncio.create_task(user.get("c2"))
            waited = asyncio.wait_for(user.get("c3"), 10)
            both = await asyncio.gather(task, waited, asyncio.shield(user.get("c4")))
            assert [presence.user_id for presence in both] == ["c2", "c3", "c4"]
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(user.get("c2"), 0)

    asyncio.run(main())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.TaskGroup is of Python 3.11")
def test_a_task_group_takes_the_methods_and_a_failure_ends_its_other_calls(silent: SilentServer) -> None:
    async def main() -> None:
        async with AsyncPresenceClient(emulator=silent.host, app_token="x") as client, asyncio.TaskGroup() as group:
            user = client.user("wzy")
            group.create_task(user.get("c2"))
            await asyncio.to_thread(silent.wait_for_request)
            group.create_task(user.get("not/an/id"))

    with pytest.RaisesGroup(InvalidInputError):
        asyncio.run(main())
    assert silent.wait_for_close()


def test_context_variables_stay_those_of_the_caller(emulator: Emulator) -> None:
    request = contextvars.ContextVar[int]("request")

    async def one(client: AsyncPresenceClient, number: int) -> bool:
        request.set(number)
        await client.user("wzy").get("c2")
        return request.get() == number

    async def main() -> None:
        async with emulator.async_client() as client:
            assert all(await asyncio.gather(*(one(client, number) for number in range(20))))

    asyncio.run(main())


def test_loops_in_several_threads_share_one_client(emulator: Emulator) -> None:
    client = emulator.async_client()

    async def main() -> int:
        answers = await asyncio.gather(*(client.user("wzy").get("c2") for _ in range(50)))
        return len(answers)

    with ThreadPoolExecutor(8) as pool:
        assert [run.result() for run in [pool.submit(asyncio.run, main()) for _ in range(16)]] == [50] * 16


def test_a_loop_that_cannot_watch_descriptors_is_woken_by_a_thread(emulator: Emulator) -> None:
    class Blind(asyncio.SelectorEventLoop):
        def add_reader(self, *_: Any) -> None:
            raise NotImplementedError

    async def main() -> None:
        async with emulator.async_client() as client:
            for _ in range(3):
                await asyncio.gather(*(client.user("wzy").get("c2") for _ in range(20)))

    loop = Blind()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


def test_64_threads_share_one_sync_client(emulator: Emulator) -> None:
    start = threading.Barrier(64)
    with emulator.client() as client:

        def work(number: int) -> list[str]:
            start.wait()
            return [client.user("wzy").get(f"u{number}").user_id for _ in range(20)]

        with ThreadPoolExecutor(64) as pool:
            for number, answers in enumerate(pool.map(work, range(64))):
                assert answers == [f"u{number}"] * 20


def test_a_sync_call_inside_a_running_loop_works_and_blocks_it(emulator: Emulator) -> None:
    async def main() -> None:
        with emulator.client() as client:
            assert client.user("wzy").get("c2").user_id == "c2"

    asyncio.run(main())


def test_a_sync_call_lets_other_threads_run(silent: SilentServer) -> None:
    client = PresenceClient(emulator=silent.host, app_token="x", timeout=30)
    ran = threading.Event()

    def call() -> None:
        with pytest.raises(ConnectionError):
            client.user("wzy").get("c2")
        ran.set()

    thread = threading.Thread(target=call)
    thread.start()
    # Reached only if the blocked call has given up the GIL.
    silent.wait_for_request()
    assert not ran.is_set()
    silent.close()
    thread.join()
    assert ran.is_set()
