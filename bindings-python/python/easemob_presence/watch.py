"""A live view of users and a stream of events about them. `async_watch` has its twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from typing_extensions import Self

    from . import _native
    from ._base import ClientBase
    from ._native import Callback, Event, Occupancy, Presence, WatchStats

EventKind = Literal["enter", "leave", "update", "synced", "stale", "resynced", "lagged", "warning"]
"""What an `Event` tells."""

EventSource = Literal["poll", "subscribe", "callback"]
"""Where a watcher learned of a change."""

WarningReason = Literal[
    "not_answered",
    "none_answered",
    "own_user",
    "too_many_subscriptions",
    "not_subscribed",
    "polls_refused",
    "subscribing_fails",
    "closed",
]
"""What an `Event` of the kind "warning" is about."""


class WatchBase:
    """A watch that has been described and not yet started. Made by `User.watch`."""

    __slots__ = ("_client", "_native", "_subject")

    def __init__(self, watch: _native.Watch, client: ClientBase, subject: str | None) -> None:
        self._native = watch
        self._client = client
        self._subject = subject


class WatcherBase:
    """What both kinds of watchers have. None of these methods makes a call or waits for one."""

    __slots__ = ("_client", "_native")

    def __init__(self, watcher: _native.Watcher, client: ClientBase) -> None:
        self._native = watcher
        self._client = client  # keeps a token provider alive, which native code holds weakly

    def get(self, user_id: str) -> Presence | None:
        """What is known of a user.

        Args:
            user_id: The user, in any letter case.

        Returns:
            The presence as last read; None if the user is not watched or was not read yet.
        """
        return self._native.get(user_id)

    def snapshot(self) -> tuple[Presence, ...]:
        """What is known of all users, in no order. Users who were not read yet are not in it."""
        return self._native.snapshot()

    def occupancy(self) -> Occupancy:
        """How many users are online, and on which platforms."""
        return self._native.occupancy()

    def add(self, ids: Iterable[str]) -> None:
        """Watches these users too. They are read before the others; users watched already stay as they are.

        Args:
            ids: The users' ids, any number of them.

        Raises:
            InvalidInputError: For a bad id, or a str in place of a list; then none is added.
        """
        self._native.add(ids)

    def remove(self, ids: Iterable[str]) -> None:
        """Stops watching these users. No event about them is given any more.

        Args:
            ids: The users' ids; those not watched are left aside.

        Raises:
            InvalidInputError: For a str in place of a list.
        """
        self._native.remove(ids)

    def feed(self, callback: Callback) -> None:
        """Takes in a callback: what it tells counts at once, and a poll that began before does not undo it.

        A callback that is older than what is known already changes nothing, and one about a user who is not watched is
        left aside. A callback tells of one device's login or logout; custom statuses and texts come with the polls. May
        be called from any thread.

        Args:
            callback: What `Webhook.parse` returned.

        Raises:
            InvalidInputError: For anything but a `Callback`.

        Example:
            >>> from easemob_presence import Webhook
            >>> webhook = Webhook("the rule's secret")
            >>> with client.user("wzy").watch(["c2"]) as watcher:
            ...     body = emulator.callback("c2", "ios_1", "login", "the rule's secret")  # what the service would post
            ...     watcher.feed(webhook.parse(body))
            ...     next(event.source for event in watcher if event.kind == "enter")
            'callback'
        """
        self._native.feed(callback)

    def stats(self) -> WatchStats:
        """What the watcher has done so far. Looks at every user: not a thing to call a hundred times a second."""
        return self._native.stats()

    def save(self) -> str:
        """The state as text, for the `restore` of a later watch: who is watched, what is known, whose turn it is.

        Events that were not taken yet count as not given: after restoring they come again, as far as they still hold.

        Example:
            >>> user = client.user("wzy")
            >>> with user.watch(["c2", "c3"]) as watcher:
            ...     saved = watcher.save()
            >>> with user.watch(["c2", "c3"], restore=saved) as watcher:
            ...     watcher.stats().users
            2
        """
        return self._native.save()


class Watch(WatchBase):
    """A watch that has been described and not yet started. Made by `User.watch`."""

    __slots__ = ("_running",)

    _running: Watcher

    def start(self) -> Watcher:
        """Starts it. Close the watcher yourself; `with` in place of this does.

        Returns:
            The running watcher.

        Raises:
            InvalidInputError: For a bad id, an option out of range, or a text to restore that no watcher saved.
            PresenceError: For the rest.

        Example:
            >>> watcher = client.user("wzy").watch(["c2"]).start()
            >>> next(watcher).kind
            'synced'
            >>> watcher.close()
        """
        from .user import wait

        return Watcher(wait(self._native.start(), self._subject), self._client)

    def __enter__(self) -> Watcher:
        self._running = self.start()
        return self._running

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._running.close()


class Watcher(WatcherBase):
    """A running watcher: an iterator of `Event`, and a view that is always at hand. Made by `User.watch`.

    It polls within its part of the rate, with no thread of Python's. Waiting for an event lets other threads run, and
    Ctrl-C ends it. Several threads may share a watcher: each event is given once, to whichever asks first. It runs
    until it is closed, until the client is closed, or until it is dropped.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        while True:
            event = self._native.take()
            if event is not None:
                return event
            if not self._native.ready().wait():
                raise StopIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops the watcher and waits until it has. Events that wait are still given; then the iteration ends."""
        self._native.close().wait()
