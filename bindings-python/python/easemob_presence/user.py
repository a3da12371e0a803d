"""One user of the app, with methods that block. `async_user` has its twin."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from . import _log
from ._base import checked_limit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from . import _native
    from ._base import Seconds
    from ._native import Device, Presence, Presences, Status, Subscription, SubscriptionsPage
    from .client import PresenceClient

T = TypeVar("T")


def wait(call: _native.Call[T], subject: str | None = None) -> T:
    """Makes a call and waits for it.

    Args:
        call: The call, as the native client describes it.
        subject: The user to name in the log, if user ids may stand there.

    Returns:
        What the call returns.

    Raises:
        PresenceError: As the call says.
    """
    if _log.wanted():
        with _log.timed(call.operation, subject):
            return call.wait()
    return call.wait()


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

    def subscribe(self, ids: Iterable[str], *, ttl: Seconds | None = None, timeout: Seconds | None = None) -> Presences:
        """Subscribes to up to 100 users: `POST /users/{username}/presence/{expiry}`.

        Subscribing makes the service notify the clients of *this* user; subscribing again replaces the end. The service
        keeps at most 3,000 subscriptions per user and 3,000 subscribers of one. Limit: 50 calls a second per App Key.
        No ids: an empty answer without a call.

        Args:
            ids: The users' ids.
            ttl: How long it lasts, 1 second to 30 days; a day if not given.
            timeout: The most time this call may take, in place of the client's.

        Returns:
            The users' current presence, with the time when each subscription ends.

        Raises:
            InvalidInputError: For a bad id, the user itself, a str in place of a list, more than 100 ids, or a ttl out
                of range.
            PresenceError: For the rest.

        Example:
            >>> [presence.user_id for presence in client.user("wzy").subscribe(["c2", "c3"], ttl=1000)]
            ['c2', 'c3']
        """
        return wait(self._native.subscribe(ids, ttl, timeout), self._subject)

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

    def get_many(self, ids: Iterable[str], *, timeout: Seconds | None = None) -> Presences:
        """Reads the presence of up to 100 users: `POST /users/{username}/presence`.

        Limit: 50 calls a second per App Key. No ids: an empty answer without a call.

        Args:
            ids: The users' ids.
            timeout: The most time this call may take, in place of the client's.

        Returns:
            The presences in the order asked, an id given twice once; ids not answered are in `missing`.

        Raises:
            InvalidInputError: For a bad id, a str in place of a list, or more than 100 ids.
            PresenceError: For the rest.

        Example:
            >>> client.user("wzy").get_many(["c8", "c9"])
            Presences(('c8', 'c9'), missing=())
        """
        return wait(self._native.get_many(ids, timeout), self._subject)

    def unsubscribe(self, ids: Iterable[str], *, timeout: Seconds | None = None) -> None:
        """Ends the subscriptions to up to 100 users: `DELETE /users/{username}/presence`.

        Users never subscribed to are no error. Limit: 50 calls a second per App Key. No ids: done without a call.

        Args:
            ids: The users' ids.
            timeout: The most time this call may take, in place of the client's.

        Raises:
            InvalidInputError: As `get_many`.
            PresenceError: For the rest.

        Example:
            >>> client.user("wzy").unsubscribe(["c2"])
        """
        wait(self._native.unsubscribe(ids, timeout), self._subject)

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
