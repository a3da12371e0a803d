"""What type checkers infer. Never run: mypy and pyright read it, both in strict mode (see `test_types`).

An ignored error is a promise too: strict mode complains of an ignore that nothing needs.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta

from typing_extensions import assert_type

from easemob_presence import (
    AppToken,
    AsyncIterMany,
    AsyncPresenceClient,
    AsyncSubscriptions,
    AsyncUser,
    AsyncWatcher,
    Callback,
    Device,
    DeviceStatus,
    EndpointName,
    EndpointStats,
    Event,
    EventKind,
    EventSource,
    GroupKind,
    Occupancy,
    OnlineStates,
    PartialFailureError,
    Presence,
    PresenceClient,
    PresenceError,
    Presences,
    RateLimitedError,
    Stats,
    Status,
    Subscription,
    Subscriptions,
    SubscriptionsPage,
    User,
    WarningReason,
    Watch,
    Watcher,
    WatchStats,
    Webhook,
)
from easemob_presence.testing import Change, Emulator, Fault, Request


def sync(client: PresenceClient) -> None:
    user = client.user("wzy")
    assert_type(user, User)
    assert_type(user.id, str)
    assert_type(user.set(Status.ONLINE, resource="ios_1"), None)
    assert_type(user.subscribe(["c2"], ttl=timedelta(days=1)), Presences)
    assert_type(user.get("c2", timeout=0.5), Presence)
    assert_type(user.get_many(f"u{n}" for n in range(3)), Presences)
    assert_type(user.subscriptions(), Subscriptions)
    assert_type(list(user.subscriptions()), list[Subscription])
    assert_type(user.subscriptions_page(1), SubscriptionsPage)
    assert_type(user.devices(), tuple[Device, ...])
    assert_type(user.is_online(), bool)
    assert_type(client.online_states({"c2"}), OnlineStates)
    assert_type(client.group_online_count("1", kind=GroupKind.SUPER_COMMUNITY_SERVER), int)
    assert_type(client.app_token(), AppToken)
    assert_type(client.with_options(timeout=1), PresenceClient)
    assert_type(client.with_options(max_attempts=1, priority="background", grouped=True), PresenceClient)
    assert_type(client.stats(), Stats)
    assert_type(client.stats().endpoints, Mapping[str, EndpointStats])
    assert_type(client.stats().endpoints["get"].paused_for, float | None)
    assert_type(client.rotate_client_secret("s"), None)
    with client as entered:
        assert_type(entered, PresenceClient)


async def asynchronous(client: AsyncPresenceClient) -> None:
    user = client.user("wzy")
    assert_type(user, AsyncUser)
    await user.set(5, resource="ios_1", ext="busy")
    assert_type(await user.subscribe(["c2"]), Presences)
    assert_type(await user.get("c2"), Presence)
    assert_type(await user.get_many(("c2", "c3")), Presences)
    assert_type(user.subscriptions(), AsyncSubscriptions)
    async for subscription in user.subscriptions(page_size=10):
        assert_type(subscription, Subscription)
    assert_type(await user.subscriptions_page(1), SubscriptionsPage)
    assert_type(await user.devices(), tuple[Device, ...])
    assert_type(await user.is_online(), bool)
    assert_type(await client.online_states(["c2"]), OnlineStates)
    assert_type(await client.group_online_count("1"), int)
    assert_type(await client.app_token(), AppToken)
    assert_type(AsyncPresenceClient.from_env(timeout=3), AsyncPresenceClient)
    async with client as entered:
        assert_type(entered, AsyncPresenceClient)


def values(presences: Presences, states: OnlineStates, page: SubscriptionsPage, error: PresenceError) -> None:
    assert_type(presences["c2"], Presence)
    assert_type(presences.get("c2"), Presence | None)
    assert_type(presences.get("c2", 5), Presence | int)
    assert_type(iter(presences), Iterator[Presence])
    assert_type(presences.missing, tuple[str, ...])
    assert_type(presences["c2"].devices, tuple[DeviceStatus, ...])
    assert_type(presences["c2"].last_seen, datetime | None)
    assert_type(presences["c2"].devices[0].status.number, int | None)
    assert_type(dict(states), dict[str, bool])
    assert_type(states["c2"], bool)
    assert_type([subscription.expires_at for subscription in page], list[datetime | None])
    assert_type(error.retry_after, float | None)
    assert_type(error.kind, str)


def builtins() -> None:
    try:
        raise RateLimitedError("slow down")
    except RateLimitedError as error:
        assert_type(error, RateLimitedError)


async def coroutine_token() -> AppToken:
    return AppToken("t", expires_in=timedelta(hours=1))


def function_token() -> str:
    return "t"


def providers() -> None:
    PresenceClient(token_provider=function_token)
    AsyncPresenceClient(token_provider=coroutine_token)
    PresenceClient(token_provider=lambda: 5)  # type: ignore[arg-type, return-value]  # pyright: ignore


def settings() -> None:
    rates: dict[EndpointName, int] = {"get": 200}
    PresenceClient(rate_limits="off", rate_share=0.5, max_queued=10, min_token_interval=timedelta(0), max_attempts=1)
    AsyncPresenceClient.from_env(rate_limits=rates, max_attempts=1, rate_share=1, max_queued=10, min_token_interval=0)
    PresenceClient(rate_limits=5)
    PresenceClient(rate_limits={"get": 200, "set": 5})
    PresenceClient(rate_limits="none")  # type: ignore[arg-type]  # pyright: ignore
    PresenceClient(rate_limits={"gett": 5})  # type: ignore[dict-item]  # pyright: ignore


def testing(emulator: Emulator) -> None:
    assert_type(emulator.client(), PresenceClient)
    assert_type(emulator.async_client(timeout=1), AsyncPresenceClient)
    assert_type(emulator.journal.entries(), list[Request | Change | Fault])


def async_iterator(user: AsyncUser) -> AsyncIterator[Subscription]:
    return user.subscriptions()


def many(client: PresenceClient, user: AsyncUser) -> None:
    assert_type(client.user("wzy").get_many(["c2"], on_progress=lambda now: print(now.eta)), Presences)
    for presences in client.user("wzy").iter_many({"c2"}, progress=True):
        assert_type(presences, Presences)
    assert_type(user.iter_many(ids()), AsyncIterMany)
    try:
        client.online_states(["c2"])
    except PartialFailureError as error:
        assert_type(error.failed["c2"], PresenceError)
        assert_type(error.online_states, OnlineStates | None)
    client.user("wzy").iter_many(ids())  # type: ignore[arg-type]  # pyright: ignore


async def ids() -> AsyncIterator[str]:
    yield "c2"


def wrong(client: PresenceClient, presence: Presence) -> None:
    client.user("wzy").set(Status.ONLINE)  # type: ignore[call-arg]  # pyright: ignore
    client.user("wzy").get_many([1, 2])  # type: ignore[list-item]  # pyright: ignore
    PresenceClient("a1.easemob.com")  # type: ignore[call-arg]  # pyright: ignore
    presence.ext = "busy"  # type: ignore[misc]  # pyright: ignore
    client.with_options(priority="urgent")  # type: ignore[arg-type]  # pyright: ignore
    client.stats().calls = 0  # type: ignore[misc]  # pyright: ignore


def callbacks(emulator: Emulator) -> None:
    webhook = Webhook("secret", also=("old",), max_age=timedelta(minutes=5), app_key="org#app")
    assert_type(webhook.parse(bytearray()), Callback | None)
    body = emulator.callback("c2", "ios_1", "login", "secret")
    assert_type(body, bytes)
    callback = webhook.parse(body)
    if callback is not None:
        assert_type(callback.timestamp, datetime)
        assert_type(callback.os, str | None)
        assert_type(webhook.forget(callback.call_id), bool)
    webhook.parse({})  # type: ignore[arg-type]  # pyright: ignore
    emulator.callback("c2", "ios_1", "other", "secret")  # type: ignore[arg-type]  # pyright: ignore


def watching(client: PresenceClient, callback: Callback) -> None:
    watch = client.user("wzy").watch(("c2",), share=0.2, min_interval=timedelta(seconds=1), keep_subscribed=60)
    assert_type(watch, Watch)
    with watch as watcher:
        assert_type(watcher, Watcher)
        assert_type(next(watcher), Event)
        assert_type(watcher.get("c2"), Presence | None)
        assert_type(watcher.snapshot(), tuple[Presence, ...])
        assert_type(watcher.occupancy(), Occupancy)
        assert_type(watcher.occupancy().by_platform, dict[str, int])
        assert_type(watcher.stats(), WatchStats)
        assert_type(watcher.stats().refresh_interval_p99, float | None)
        assert_type(watcher.save(), str)
        watcher.feed(callback)
        watcher.feed(b"{}")  # type: ignore[arg-type]  # pyright: ignore
    client.user("wzy").watch(["c2"], interval=5)  # type: ignore[call-arg]  # pyright: ignore


async def watching_async(client: AsyncPresenceClient) -> None:
    async with client.user("wzy").watch(["c2"]) as watcher:
        assert_type(watcher, AsyncWatcher)
        async for event in watcher:
            assert_type(event.kind, EventKind)
            assert_type(event.source, EventSource | None)
            assert_type(event.reason, WarningReason | None)
            assert_type(event.presence, Presence | None)
            assert_type(event.error, PresenceError | None)
            if event.kind == "left":  # type: ignore[comparison-overlap]  # pyright: ignore
                break
