"""A live view of users and a stream of events about them, to await. See `watch`, method by method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._loop import run, run_unlogged
from .watch import WatchBase, WatcherBase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType

    from typing_extensions import Self

    from ._native import Event


class AsyncWatch(WatchBase):
    """A watch that has been described and not yet started. Made by `AsyncUser.watch`."""

    __slots__ = ("_running",)

    _running: AsyncWatcher

    async def start(self) -> AsyncWatcher:
        """Starts it. Close the watcher yourself; `async with` in place of this does. See `Watch.start`.

        Example:
            >>> watcher = await client.user("wzy").watch(["c2"]).start()
            >>> (await anext(watcher)).kind
            'synced'
            >>> await watcher.aclose()
        """
        return AsyncWatcher(await run(self._native.start(), self._subject), self._client)

    async def __aenter__(self) -> AsyncWatcher:
        self._running = await self.start()
        return self._running

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._running.aclose()


class AsyncWatcher(WatcherBase):
    """A running watcher: an asynchronous iterator of `Event`, and a view that is always at hand; see `Watcher`.

    Cancelling a task that waits for an event loses none. Several tasks may share a watcher: each event is given once,
    to whichever asks first.
    """

    __slots__ = ()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while True:
            event = self._native.take()
            if event is not None:
                return event
            if not await run_unlogged(self._native.ready()):
                raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def close(self) -> None:
        """Begins to stop the watcher. Events that wait are still given; then the iteration ends."""
        self._native.close()

    async def aclose(self) -> None:
        """Stops the watcher and waits until it has. Events that wait are still given; then the iteration ends."""
        await run_unlogged(self._native.close())
