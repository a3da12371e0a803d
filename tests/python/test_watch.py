"""What is Python's own about watchers: loops, cancellation, threads, values. The rest is in the shared scenarios."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import threading
from typing import TYPE_CHECKING, Any

import pytest
import trio
import uvloop

from easemob_presence import (
    AsyncWatcher,
    AuthError,
    Event,
    InvalidInputError,
    Occupancy,
    PresenceClient,
    Watcher,
    WatchStats,
    Webhook,
)
from support.silent import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from easemob_presence.testing import Emulator

QUICK: dict[str, Any] = {"min_interval": 0, "calls_per_second": 200}
SECRET = "the rule's secret"
RUNNERS: dict[str, Callable[[Callable[[], Coroutine[Any, Any, None]]], None]] = {
    "asyncio": lambda main: asyncio.run(main()),
    "uvloop": lambda main: uvloop.run(main()),
    "trio": trio.run,
}


def login(emulator: Emulator, watcher: Watcher | AsyncWatcher, user: str) -> None:
    """Tells the watcher at once, by a callback."""
    callback = Webhook(SECRET).parse(emulator.callback(user, "ios_1", "login", SECRET))
    assert callback is not None
    watcher.feed(callback)


@pytest.mark.parametrize("run", RUNNERS.values(), ids=RUNNERS)
def test_events_come_under_every_loop(emulator: Emulator, run: Callable[[Any], None]) -> None:
    kinds: list[str] = []

    async def main() -> None:
        async with emulator.async_client(rate_limits="off") as client:
            async with client.user("wzy").watch(["c2", "c3"], **QUICK) as watcher:
                async for event in watcher:
                    kinds.append(event.kind)
                    if event.kind == "synced":
                        emulator.state.login("c2", "ios_1")
                    else:
                        break
            assert [event.kind async for event in watcher] == []

    run(main)
    assert kinds == ["synced", "enter"]


def test_a_wait_that_is_cancelled_loses_no_event(emulator: Emulator) -> None:
    async def main() -> None:
        async with emulator.async_client() as client:
            ids = [f"u{number}" for number in range(300)]
            async with client.user("wzy").watch(ids, calls_per_second=200) as watcher:
                await until_synced(watcher)
                told: list[str | None] = []
                for user_id in ids:
                    waiting = asyncio.ensure_future(anext(watcher))
                    await asyncio.sleep(0)
                    login(emulator, watcher, user_id)
                    for _ in range(len(told) % 5):
                        await asyncio.sleep(0)
                    waiting.cancel()
                    result = (await asyncio.gather(waiting, return_exceptions=True))[0]
                    told += [result.user_id] if isinstance(result, Event) else []
                while len(told) < len(ids):
                    told.append((await asyncio.wait_for(anext(watcher), PATIENCE)).user_id)
                assert sorted(map(str, told)) == sorted(ids)

    asyncio.run(main())


def test_who_waits_is_woken_once_for_all_that_have_come(emulator: Emulator) -> None:
    async def main() -> None:
        async with emulator.async_client() as client:
            ids = [f"u{number}" for number in range(100)]
            for user_id in ids:
                emulator.state.login(user_id, "ios_1")
            async with client.user("wzy").watch(ids, calls_per_second=200) as watcher:
                first = await anext(watcher)
                waits = 0

                async def wait(call: Any) -> Any:
                    nonlocal waits
                    waits += 1
                    return await real(call)

                from easemob_presence import async_watch

                real = async_watch.run_unlogged
                async_watch.run_unlogged = wait
                try:
                    rest = [await anext(watcher) for _ in range(100)]
                finally:
                    async_watch.run_unlogged = real
                assert (first.kind, rest[-1].kind, waits) == ("enter", "synced", 0)

    asyncio.run(main())


def test_several_tasks_share_a_watcher_and_each_event_is_given_once(emulator: Emulator) -> None:
    async def take(watcher: AsyncWatcher) -> list[str | None]:
        return [event.user_id async for event in watcher]

    async def main() -> None:
        async with emulator.async_client() as client:
            ids = [f"u{number}" for number in range(50)]
            watcher = await client.user("wzy").watch(ids, calls_per_second=200).start()
            await until_synced(watcher)
            takers = [asyncio.create_task(take(watcher)) for _ in range(3)]
            await asyncio.sleep(0)
            for user_id in ids:
                login(emulator, watcher, user_id)
            await watcher.aclose()
            taken = [user_id for taker in takers for user_id in await taker]
            assert sorted(map(str, taken)) == sorted(ids)

    asyncio.run(main())


def test_closing_ends_a_thread_that_waits(client: PresenceClient) -> None:
    watcher = client.user("wzy").watch(["c2"]).start()
    assert next(watcher).kind == "synced"
    left: list[Event] = []
    waiting = threading.Thread(target=lambda: left.extend(watcher))
    waiting.start()
    watcher.close()
    waiting.join(PATIENCE)
    assert not waiting.is_alive() and left == []
    watcher.close()


def test_closing_the_client_ends_the_iteration_with_the_reason(emulator: Emulator) -> None:
    with emulator.client() as client:
        watcher = client.user("wzy").watch(["c2"], **QUICK).start()
        assert next(watcher).kind == "synced"
    assert [event.reason for event in watcher] == ["closed"]


def test_leaving_the_block_with_an_exception_closes_too(client: PresenceClient) -> None:
    with pytest.raises(KeyError), client.user("wzy").watch(["c2"]) as watcher:
        raise KeyError
    assert [event.kind for event in watcher] in ([], ["synced"])


def test_a_watcher_that_is_dropped_polls_no_more(emulator: Emulator, client: PresenceClient) -> None:
    watcher = client.user("wzy").watch(["c2"], **QUICK).start()
    assert next(watcher).kind == "synced"
    others = 0

    def polls() -> int:
        """The polls during as many calls as took 20 of them while the watcher was running."""
        nonlocal others
        begin, made = emulator.journal.last_seq, 0
        while True:
            client.user("other").get("c9")
            made += 1
            targets = [request.target for request in emulator.journal.requests(since=begin)]
            polls = sum("/wzy/" in target for target in targets)
            if polls >= 20 or made == others:
                others = made
                return polls

    assert polls() >= 20
    del watcher
    gc.collect()
    # One may have been under way.
    assert polls() <= 1


def test_a_watch_may_be_started_again(client: PresenceClient) -> None:
    watch = client.user("wzy").watch(iter(["c2"]))
    for _ in range(2):
        with watch as watcher:
            assert next(watcher).kind == "synced"


def test_wrong_arguments_are_refused_with_a_reason(client: PresenceClient) -> None:
    user = client.user("wzy")
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("no number", {"share": "half"}),
        ("no number", {"calls_per_second": True}),
        ("no length of time", {"min_interval": "5"}),
        ("no whole number", {"buffer": -1}),
        ("neither True nor False", {"unsubscribe_on_close": 1}),
        ("a str is meant", {"restore": b"{}"}),
        ("no length of time", {"keep_subscribed": []}),
    ]
    for words, options in wrong:
        with pytest.raises(InvalidInputError, match=words):
            user.watch(["c2"], **options)
    with pytest.raises(InvalidInputError, match="not a list of ids"):
        user.watch("c2")
    for words, options in (
        ("share", {"share": 2}),
        ("saved state", {"restore": "{}"}),
        ("least interval", {"min_interval": 1e6}),
    ):
        with pytest.raises(InvalidInputError, match=words):
            user.watch(["c2"], **options).start()
    with user.watch(["c2"]) as watcher:
        wrong_callback: Any = {"user": "c2"}
        with pytest.raises(InvalidInputError, match="a dict was given where a Callback"):
            watcher.feed(wrong_callback)
        with pytest.raises(InvalidInputError, match="not a list of ids"):
            watcher.add("c3")


def test_values_are_frozen_hashable_comparable_and_picklable_and_read_well(
    emulator: Emulator, client: PresenceClient
) -> None:
    emulator.state.login("c2", "ios_1")
    with client.user("wzy").watch(["c2"], **QUICK) as watcher:
        enter, synced = next(watcher), next(watcher)
        emulator.state.logout("c2", "ios_1")
        leave = next(watcher)
        occupancy, stats = watcher.occupancy(), watcher.stats()
    assert repr(synced) == "Event(kind='synced')"
    assert (
        repr(enter) == f"Event(kind='enter', presence={enter.presence!r}, previous=None, initial=True, source='poll')"
    )
    assert leave.previous == enter.presence
    assert repr(occupancy) == "Occupancy(watched=1, known=1, online=0, by_platform={})"
    assert repr(stats).startswith("WatchStats(users=1, refresh_interval_p50=")
    values: list[Event | Occupancy | WatchStats] = [enter, synced, leave, occupancy, stats]
    for value in values:
        for again in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value)):
            assert again == value and hash(again) == hash(value) and repr(again) == repr(value)
        with pytest.raises(AttributeError):
            value.kind = "other"  # type: ignore[misc, union-attr]
    assert len(set(values)) == len(values)


def test_a_warning_carries_its_error_also_through_pickle(emulator: Emulator) -> None:
    with emulator.client(app_token="not-a-token-of-this-app") as client, client.user("wzy").watch(["c2"]) as watcher:
        event = next(event for event in watcher if event.kind == "warning")
    assert (event.reason, event.user_id) == ("polls_refused", None)
    assert isinstance(event.error, AuthError)
    assert event.message is not None and event.error.message in event.message
    again = pickle.loads(pickle.dumps(event))
    assert again == event and isinstance(again.error, AuthError) and str(again.error) == str(event.error)


def test_starting_is_logged_and_waiting_is_not(client: PresenceClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", logger="easemob_presence"):
        with client.user("wzy").watch(["c2"]) as watcher:
            assert next(watcher).kind == "synced"
    assert [record.message.partition(" in ")[0] for record in caplog.records] == ["watch succeeded"]


async def until_synced(watcher: AsyncWatcher) -> None:
    """Takes events until all users have been read."""
    async for event in watcher:
        if event.kind == "synced":
            return
