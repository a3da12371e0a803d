"""One user of the app, with methods that block. `async_user` has its twin."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from . import _log
from ._base import checked_limit
from ._progress import report
from .watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from . import _native
    from ._base import Seconds
    from ._many import IterMany
    from ._native import Device, Presence, Presences, Status, Subscription, SubscriptionsPage
    from ._progress import OnProgress, Report
    from .client import PresenceClient

T = TypeVar("T")


def wait(call: _native.Call[T], subject: str | None = None, report: Report | None = None) -> T:
    """Makes a call and waits for it.

    Args:
        call: The call, as the native client describes it.
        subject: The user to name in the log, if user ids may stand there.
        report: Is told how far the call is, and when it has ended.

    Returns:
        What the call returns.

    Raises:
        PresenceError: As the call says.
    """
    try:
        if _log.wanted():
            with _log.timed(call.operation, subject):
                return call.wait(report)
        return call.wait(report)
    finally:
        if report is not None:
            report.close()


class User:
    """One user of the app, as the one who sets, subscribes and asks. Made by `PresenceClient.user`."""

    __slots__ = ("_client", "_native", "_subject")

    def __init__(self, client: PresenceClient, user_id: str) -> None:
        self._client = client  # keeps a token provider alive, which native code holds weakly
        self._native = client._native.user(user_id)
        self._subject = user_id if client._log_user_ids else None

    @property
    def id(self) -> str:
        """The user's id."""
        return self._native.id

    def __repr__(self) -> str:
        return f"<User {self.id!r}>"

    def set(self, status: Status | int, *, resource: str, ext: str = "", timeout: Seconds | None = None) -> None:
        """Sets the status of one of the user's devices: `POST /users/{username}/presence/{resource}/{status}`.

        Limit: 50 calls a second per App Key. Setting again what is set changes nothing.

        Args:
            status: The status, or its number.
            resource: The device, such as "android_123423453246"; the service does not check that it ever logged in.
            ext: The user's own text, at most 1,024 bytes. It belongs to the user and every set replaces it.
            timeout: The most time this call may take, in place of the client's.

        Raises:
            InvalidInputError: For a bad resource, status or text.
            FeatureDisabledError: Where presence is not switched on for the app.
            PresenceError: For the rest.

        Example:
            >>> from easemob_presence import Status
            >>> client.user("c1").set(Status.custom(100), resource="android_123423453246", ext="busy")
        """
        wait(self._native.set(status, resource, ext, timeout), self._subject)

    def subscribe(
        self,
        ids: Iterable[str],
        *,
        ttl: Seconds | None = None,
        timeout: Seconds | None = None,
        on_progress: OnProgress | None = None,
        progress: bool = False,
    ) -> Presences:
        """Subscribes to any number of users: `POST /users/{username}/presence/{expiry}`, for each 100.

        Subscribing makes the service notify the clients of *this* user; subscribing again replaces the end. The service
        keeps at most 3,000 subscriptions per user and 3,000 subscribers of one. Limit: 50 requests a second per App
        Key. No ids: an empty answer without a request.

        Args:
            ids: The users' ids.
            ttl: How long it lasts, 1 second to 30 days; a day if not given.
            timeout: The most time the whole call may take. Without it each request has the client's, and the whole has
                no other bound.
            on_progress: Is told how far the call is, as a `Progress`: at most ten times a second, and once at the end.
                One that raises is logged and not called again.
            progress: Whether to draw a bar on stderr, if that is a terminal.

        Returns:
            The users' current presence, with the time when each subscription ends.

        Raises:
            InvalidInputError: For a bad id, the user itself, a str in place of a list, or a ttl out of range.
            PartialFailureError: If some requests succeeded and others failed.
            PresenceError: For the rest.

        Example:
            >>> [presence.user_id for presence in client.user("wzy").subscribe(["c2", "c3"], ttl=1000)]
            ['c2', 'c3']
        """
        told = report(on_progress, progress)
        return wait(self._native.subscribe(ids, ttl, timeout, told is not None), self._subject, told)

    def get(self, user_id: str, *, timeout: Seconds | None = None) -> Presence:
        """Reads the presence of one user: `POST /users/{username}/presence`.

        Limit: 50 calls a second per App Key, shared with `get_many`. Gets made at the same time go as one call of up to
        100 users (`coalesce`); answers are given again for a while on request (`cache`).

        Args:
            user_id: The user's id.
            timeout: The most time this call may take, in place of the client's.

        Returns:
            The user's presence.

        Raises:
            NotFoundError: If the answer holds nothing about that user.
            InvalidInputError: For a bad id.
            PresenceError: For the rest.

        Example:
            >>> client.user("wzy").get("nobody").is_online
            False
        """
        return wait(self._native.get(user_id, timeout), self._subject)

    def get_many(
        self,
        ids: Iterable[str],
        *,
        timeout: Seconds | None = None,
        on_progress: OnProgress | None = None,
        progress: bool = False,
    ) -> Presences:
        """Reads the presence of any number of users: `POST /users/{username}/presence`, for each 100.

        Longer lists become several requests, which run side by side as the rate limit allows: 50 a second per App Key,
        which is 5,000 users. No ids: an empty answer without a request. For ids that should not be in memory as a whole
        there is `iter_many`.

        Args:
            ids: The users' ids.
            timeout: The most time the whole call may take. Without it each request has the client's, and the whole has
                no other bound.
            on_progress: Is told how far the call is, as a `Progress`: at most ten times a second, and once at the end.
                One that raises is logged and not called again.
            progress: Whether to draw a bar on stderr, if that is a terminal.

        Returns:
            The presences in the order asked, an id given twice once; ids not answered are in `missing`.

        Raises:
            InvalidInputError: For a bad id, or a str in place of a list.
            PartialFailureError: If some requests succeeded and others failed.
            PresenceError: For the rest.

        Example:
            >>> client.user("wzy").get_many(["c8", "c9"])
            Presences(('c8', 'c9'), missing=())
        """
        told = report(on_progress, progress)
        return wait(self._native.get_many(ids, timeout, told is not None), self._subject, told)

    def iter_many(
        self, ids: Iterable[str], *, on_progress: OnProgress | None = None, progress: bool = False
    ) -> IterMany:
        """Reads the presence of users as it goes: `POST /users/{username}/presence`, for each 100 of them.

        Memory stays bounded, however many there are. Requests run side by side as the rate limit allows, some 25,000
        users ahead at most; each has the client's timeout. An id that comes again within one request is asked for once.

        After an exception the iterator goes on: take the next item. An id that breaks a rule is an exception of its
        own, and the ids around it are asked for. After a failure that every request would meet (auth, permission,
        feature disabled, quota exceeded, closed) the users that are left fail with the same cause, unsent.

        Args:
            ids: The users' ids: any iterable.
            on_progress: Is told how far it is, as a `Progress`, when items are taken. One that raises is logged and not
                called again.
            progress: Whether to draw a bar on stderr, if that is a terminal.

        Returns:
            An iterator of `Presences`, one for each request, in the order of the ids. It raises what a request raises;
            the exception's `partial` names the users.

        Raises:
            InvalidInputError: For what is no iterable, or a str.

        Example:
            >>> emulator.state.login("u7", "ios_1")
            >>> answers = client.user("wzy").iter_many(f"u{n}" for n in range(1_000))
            >>> [presence.user_id for presences in answers for presence in presences if presence.is_online]
            ['u7']
        """
        from ._many import IterMany, checked

        stream = self._native.iter_many(checked(ids, awaited=False))
        return IterMany(ids, stream, self._client, self._subject, report(on_progress, progress))

    def unsubscribe(
        self,
        ids: Iterable[str],
        *,
        timeout: Seconds | None = None,
        on_progress: OnProgress | None = None,
        progress: bool = False,
    ) -> None:
        """Ends the subscriptions to any number of users: `DELETE /users/{username}/presence`, for each 100.

        Users never subscribed to are no error. Limit: 50 requests a second per App Key. No ids: done without a request.

        Args:
            ids: The users' ids.
            timeout: The most time the whole call may take. Without it each request has the client's, and the whole has
                no other bound.
            on_progress: Is told how far the call is, as a `Progress`: at most ten times a second, and once at the end.
                One that raises is logged and not called again.
            progress: Whether to draw a bar on stderr, if that is a terminal.

        Raises:
            InvalidInputError: As `get_many`.
            PartialFailureError: If some requests succeeded and others failed.
            PresenceError: For the rest.

        Example:
            >>> client.user("wzy").unsubscribe(["c2"])
        """
        told = report(on_progress, progress)
        wait(self._native.unsubscribe(ids, timeout, told is not None), self._subject, told)

    def subscriptions(self, *, page_size: int | None = None) -> Subscriptions:
        """All of the user's subscriptions, page after page: `GET /users/{username}/presence/sublist`.

        Pages are read as they are needed. The service's list is up to 10 seconds behind writes. Limit: 50 pages a
        second per App Key.

        Args:
            page_size: How many subscriptions one request brings, 1 to 500; 100 if not given.

        Returns:
            An iterator of `Subscription`, which raises what a page raises.

        Example:
            >>> wzy = client.user("wzy")
            >>> presences = wzy.subscribe(["c2", "c3"])
            >>> [subscription.user_id for subscription in wzy.subscriptions()]
            ['c2', 'c3']
        """
        return Subscriptions(self._native.subscriptions(page_size), self._client, self._subject)

    def subscriptions_page(
        self, page: int, *, page_size: int | None = None, timeout: Seconds | None = None
    ) -> SubscriptionsPage:
        """One page of the user's subscriptions: `GET /users/{username}/presence/sublist?pageNum=…&pageSize=…`.

        Limit: 50 calls a second per App Key.

        Args:
            page: The page's number, from 1.
            page_size: How many subscriptions a page has, 1 to 500; 100 if not given.
            timeout: The most time this call may take, in place of the client's.

        Returns:
            The page, with the number of subscriptions on all pages.

        Raises:
            InvalidInputError: For page 0 or a page size out of range.
            PresenceError: For the rest.

        Example:
            >>> client.user("wzy").subscriptions_page(1, page_size=50).total
            0
        """
        return wait(self._native.subscriptions_page(page, page_size, timeout), self._subject)

    def devices(self, *, timeout: Seconds | None = None) -> tuple[Device, ...]:
        """The devices on which the user is logged in: `GET /users/{username}/resources`.

        Limit: 100 calls a second per App Key.

        Args:
            timeout: The most time this call may take, in place of the client's.

        Returns:
            The devices; each one's `resource` is what `set` takes.

        Raises:
            NotFoundError: For a user who does not exist.
            PresenceError: For the rest.

        Example:
            >>> emulator.state.login("c4", "ios_1")
            >>> [device.resource for device in client.user("c4").devices()]
            ['ios_1']
        """
        return wait(self._native.devices(timeout), self._subject)

    def is_online(self, *, timeout: Seconds | None = None) -> bool:
        """Whether the user is logged in somewhere: `GET /users/{username}/status`.

        Limit: 100 calls a second per App Key.

        Args:
            timeout: The most time this call may take, in place of the client's.

        Returns:
            Whether the user is online.

        Raises:
            NotFoundError: For a user who does not exist.
            PresenceError: For the rest.

        Example:
            >>> emulator.state.login("c4", "ios_1")
            >>> client.user("c4").is_online()
            True
        """
        return wait(self._native.is_online(timeout), self._subject)

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
    ) -> Watch:
        """Watches any number of users: a live view, and a stream of events.

        The service pushes nothing to a backend, so a watcher polls: `POST /users/{username}/presence`, 100 users a
        call, within a part of the rate. At half of the documented 50 calls a second 2,500 users are read in a second,
        and 100,000 in 40 seconds. Other calls go first. A poll that fails changes nothing, and nobody is taken to have
        left because contact is lost: then comes "stale", and "resynced" when all users have been read again. A change
        that began and ended between two readings of a user is not seen. Callbacks make it faster: `Watcher.feed`.

        Args:
            ids: The users' ids.
            share: The part of the rate of `get` that polls may use, above 0 and at most 1; a half if not given.
            calls_per_second: So many polls a second in place of a share, above 0; never more than the rate of `get`.
            min_interval: A user is not polled more often than that, unless something about the user changed in the last
                half minute; 5 seconds if not given, at most a day.
            buffer: How many events wait at most, 1 or more, before those of one user merge; 1,024 if not given.
            keep_subscribed: Also keeps this user subscribed to those it watches, for so long at a time (1 second to 30
                days): `POST /users/{username}/presence/{expiry}`, within the same share of its rate. They are renewed
                when half of that is left. Those that exist are adopted. The service keeps at most 3,000 per user:
                those without one are told of by a "warning" each, and polled like the others. Needed where a
                deployment answers only for users subscribed to.
            unsubscribe_on_close: Whether the subscriptions kept are ended when users are removed and when the watcher
                is closed, not when it is dropped.
            restore: What `Watcher.save` gave: nobody is polled before their turn, and events tell what is different
                from then. Saved users who are not in `ids` are left out.

        Returns:
            A watch: `with` starts it and gives the `Watcher`.

        Raises:
            InvalidInputError: For a str in place of a list. Starting raises it for a bad id, an option out of range,
                or a text to restore that no watcher saved.
            PresenceError: Starting with `keep_subscribed` reads the subscriptions that exist, and raises what that
                does.

        Example:
            >>> emulator.state.login("c2", "ios_1")
            >>> with client.user("wzy").watch(["c2", "c3"]) as watcher:
            ...     for event in watcher:
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
        return Watch(self._native.watch(ids, options), self._client, self._subject)


class Subscriptions:
    """All subscriptions of a user, read page by page; see `User.subscriptions`."""

    __slots__ = ("_client", "_ready", "_stream", "_subject")

    def __init__(self, stream: _native.SubscriptionStream, client: PresenceClient, subject: str | None) -> None:
        self._stream = stream
        self._client = client
        self._subject = subject
        self._ready: deque[Subscription] = deque()

    def __iter__(self) -> Iterator[Subscription]:
        return self

    def __next__(self) -> Subscription:
        if not self._ready:
            ready = wait(self._stream.next(), self._subject)
            self._ready.extend(ready)
        if not self._ready:
            raise StopIteration
        return self._ready.popleft()

    @property
    def total(self) -> int | None:
        """How many subscriptions there are, as the latest page counted; None before the first page."""
        return self._stream.total

    def to_list(self, *, limit: int | None = None) -> list[Subscription]:
        """Reads on to the end, or until there are `limit` subscriptions, and no page more than that takes.

        Args:
            limit: The most subscriptions to return; all if not given.

        Returns:
            The subscriptions. What the latest page held beyond them comes next.

        Raises:
            PresenceError: What a page raises; what was read before it is lost.

        Example:
            >>> wzy = client.user("wzy")
            >>> presences = wzy.subscribe(["c2", "c3", "c4"])
            >>> subscriptions = wzy.subscriptions()
            >>> [subscription.user_id for subscription in subscriptions.to_list(limit=2)], subscriptions.total
            (['c2', 'c3'], 3)
        """
        return list(islice(self, checked_limit(limit)))
