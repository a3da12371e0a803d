"""One user of the app, with methods to await. Arguments, answers and errors are those of `user`, method by method."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ._async_many import AsyncIterMany
from ._base import checked_limit
from ._loop import run
from ._many import checked
from ._progress import report
from .async_watch import AsyncWatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable

    from . import _native
    from ._base import Seconds
    from ._native import Device, Presence, Presences, Status, Subscription, SubscriptionsPage
    from ._progress import OnProgress
    from .async_client import AsyncPresenceClient


class AsyncUser:
    """One user of the app, as the one who sets, subscribes and asks. Made by `AsyncPresenceClient.user`."""

    __slots__ = ("_client", "_native", "_subject")

    def __init__(self, client: AsyncPresenceClient, user_id: str) -> None:
        self._client = client  # keeps a token provider alive, which native code holds weakly
        self._native = client._native.user(user_id)
        self._subject = user_id if client._log_user_ids else None

    @property
    def id(self) -> str:
        """The user's id."""
        return self._native.id

    def __repr__(self) -> str:
        return f"<AsyncUser {self.id!r}>"

    async def set(self, status: Status | int, *, resource: str, ext: str = "", timeout: Seconds | None = None) -> None:
        """Sets the status of one of the user's devices; see `User.set`.

        Example:
            >>> from easemob_presence import Status
            >>> await client.user("c1").set(Status.custom(100), resource="android_123423453246", ext="busy")
        """
        await run(self._native.set(status, resource, ext, timeout), self._subject)

    async def subscribe(
        self,
        ids: Iterable[str],
        *,
        ttl: Seconds | None = None,
        timeout: Seconds | None = None,
        on_progress: OnProgress | None = None,
        progress: bool = False,
    ) -> Presences:
        """Subscribes to any number of users and answers their presence; see `User.subscribe`.

        Example:
            >>> [presence.user_id for presence in await client.user("wzy").subscribe(["c2", "c3"], ttl=1000)]
            ['c2', 'c3']
        """
        told = report(on_progress, progress)
        return await run(self._native.subscribe(ids, ttl, timeout, told is not None), self._subject, told)

    async def get(self, user_id: str, *, timeout: Seconds | None = None) -> Presence:
        """Reads the presence of one user; see `User.get`.

        Example:
            >>> (await client.user("wzy").get("nobody")).is_online
            False
        """
        return await run(self._native.get(user_id, timeout), self._subject)

    async def get_many(
        self,
        ids: Iterable[str],
        *,
        timeout: Seconds | None = None,
        on_progress: OnProgress | None = None,
        progress: bool = False,
    ) -> Presences:
        """Reads the presence of any number of users; see `User.get_many`.

        Example:
            >>> await client.user("wzy").get_many(["c8", "c9"])
            Presences(('c8', 'c9'), missing=())
        """
        told = report(on_progress, progress)
        return await run(self._native.get_many(ids, timeout, told is not None), self._subject, told)

    def iter_many(
        self,
        ids: Iterable[str] | AsyncIterable[str],
        *,
        on_progress: OnProgress | None = None,
        progress: bool = False,
    ) -> AsyncIterMany:
        """Reads the presence of users as it goes, for `async for`; see `User.iter_many`.

        The ids may come from an asynchronous iterable too. They are taken 100 at a time from one, and answers that come
        meanwhile wait for the next of them.

        Example:
            >>> async def everyone():
            ...     for n in range(1_000):
            ...         yield f"u{n}"
            >>> sum([len(presences) async for presences in client.user("wzy").iter_many(everyone())])
            1000
        """
        stream = self._native.iter_many(checked(ids, awaited=True))
        return AsyncIterMany(ids, stream, self._client, self._subject, report(on_progress, progress))

    async def unsubscribe(
        self,
        ids: Iterable[str],
        *,
        timeout: Seconds | None = None,
        on_progress: OnProgress | None = None,
        progress: bool = False,
    ) -> None:
        """Ends the subscriptions to any number of users; see `User.unsubscribe`.

        Example:
            >>> await client.user("wzy").unsubscribe(["c2"])
        """
        told = report(on_progress, progress)
        await run(self._native.unsubscribe(ids, timeout, told is not None), self._subject, told)

    def subscriptions(self, *, page_size: int | None = None) -> AsyncSubscriptions:
        """All of the user's subscriptions, page after page, for `async for`; see `User.subscriptions`.

        Example:
            >>> wzy = client.user("wzy")
            >>> presences = await wzy.subscribe(["c2", "c3"])
            >>> [subscription.user_id async for subscription in wzy.subscriptions()]
            ['c2', 'c3']
        """
        return AsyncSubscriptions(self._native.subscriptions(page_size), self._client, self._subject)

    async def subscriptions_page(
        self, page: int, *, page_size: int | None = None, timeout: Seconds | None = None
    ) -> SubscriptionsPage:
        """One page of the user's subscriptions; see `User.subscriptions_page`.

        Example:
            >>> (await client.user("wzy").subscriptions_page(1, page_size=50)).total
            0
        """
        return await run(self._native.subscriptions_page(page, page_size, timeout), self._subject)

    async def devices(self, *, timeout: Seconds | None = None) -> tuple[Device, ...]:
        """The devices on which the user is logged in; see `User.devices`.

        Example:
            >>> emulator.state.login("c4", "ios_1")
            >>> [device.resource for device in await client.user("c4").devices()]
            ['ios_1']
        """
        return await run(self._native.devices(timeout), self._subject)

    async def is_online(self, *, timeout: Seconds | None = None) -> bool:
        """Whether the user is logged in somewhere; see `User.is_online`.

        Example:
            >>> emulator.state.login("c4", "ios_1")
            >>> await client.user("c4").is_online()
            True
        """
        return await run(self._native.is_online(timeout), self._subject)

    def watch(
        self,
        ids: Iterable[str],
        *,
        share: float | None = None,
        calls_per_second: float | None = None,
        min_interval: Seconds | None = None,
        buffer: int | None = None,
        keep_subscribed: Seconds | None = None,
        unsubscribe_on_close: bool = False,
        restore: str | None = None,
    ) -> AsyncWatch:
        """Watches any number of users: a live view, and a stream of events for `async for`; see `User.watch`.

        Example:
            >>> emulator.state.login("c2", "ios_1")
            >>> async with client.user("wzy").watch(["c2", "c3"]) as watcher:
            ...     async for event in watcher:
            ...         print(event.kind, event.user_id)
            ...         if event.kind == "synced":  # every user has been read once
            ...             break
            enter c2
            synced None
        """
        options = {
            "share": share,
            "calls_per_second": calls_per_second,
            "min_interval": min_interval,
            "buffer": buffer,
            "keep_subscribed": keep_subscribed,
            "unsubscribe_on_close": unsubscribe_on_close,
            "restore": restore,
        }
        return AsyncWatch(self._native.watch(ids, options), self._client, self._subject)


class AsyncSubscriptions:
    """All subscriptions of a user, read page by page; see `AsyncUser.subscriptions`."""

    __slots__ = ("_client", "_ready", "_stream", "_subject")

    def __init__(self, stream: _native.SubscriptionStream, client: AsyncPresenceClient, subject: str | None) -> None:
        self._stream = stream
        self._client = client
        self._subject = subject
        self._ready: deque[Subscription] = deque()

    def __aiter__(self) -> AsyncIterator[Subscription]:
        return self

    async def __anext__(self) -> Subscription:
        if not self._ready:
            ready = await run(self._stream.next(), self._subject)
            self._ready.extend(ready)
        if not self._ready:
            raise StopAsyncIteration
        return self._ready.popleft()

    @property
    def total(self) -> int | None:
        """How many subscriptions there are, as the latest page counted; None before the first page."""
        return self._stream.total

    async def to_list(self, *, limit: int | None = None) -> list[Subscription]:
        """Reads on to the end, or until there are `limit` subscriptions; see `Subscriptions.to_list`.

        Example:
            >>> wzy = client.user("wzy")
            >>> presences = await wzy.subscribe(["c2", "c3"])
            >>> [subscription.user_id for subscription in await wzy.subscriptions().to_list(limit=1)]
            ['c2']
        """
        most = checked_limit(limit)
        taken: list[Subscription] = []
        while most is None or len(taken) < most:
            try:
                taken.append(await self.__anext__())
            except StopAsyncIteration:
                break
        return taken
