"""The client whose methods are awaited. Arguments, answers and errors are those of `client`, method by method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._base import ClientBase
from ._loop import run
from ._native import GroupKind
from ._progress import report
from .async_user import AsyncUser

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from typing_extensions import Self

    from ._base import Seconds
    from ._native import AppToken, OnlineStates
    from ._progress import OnProgress


class AsyncPresenceClient(ClientBase):
    """A client whose methods are coroutines, for asyncio, uvloop, trio and anyio.

    One client serves any number of event loops and threads. Cancelling a task drops its request down to the socket.
    The end of `async with` closes the client, which ends calls still under way with `ClosedError`: await them first.

    Example:
        >>> from easemob_presence import AsyncPresenceClient, Status
        >>> async with AsyncPresenceClient(emulator=emulator.host) as client:
        ...     await client.user("c1").set(Status.ONLINE, resource="android_123423453246", ext="busy")
    """

    __slots__ = ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def aclose(self) -> None:
        """As `close`, for code that awaits closing: it ends calls under way, and does not wait for them."""
        self.close()

    def user(self, user_id: str) -> AsyncUser:
        """The operations that one user performs; see `PresenceClient.user`.

        Example:
            >>> client.user("wzy")
            <AsyncUser 'wzy'>
        """
        return AsyncUser(self, user_id)

    async def online_states(
        self,
        ids: Iterable[str],
        *,
        timeout: Seconds | None = None,
        on_progress: OnProgress | None = None,
        progress: bool = False,
    ) -> OnlineStates:
        """Whether each of any number of users is logged in somewhere; see `PresenceClient.online_states`.

        Example:
            >>> emulator.state.login("user2", "ios_1")
            >>> (await client.online_states(["user1", "user2"]))["USER2"]
            True
        """
        told = report(on_progress, progress)
        return await run(self._native.online_states(ids, timeout, told is not None), None, told)

    async def group_online_count(
        self, group_id: str, *, kind: GroupKind = GroupKind.GROUP, timeout: Seconds | None = None
    ) -> int:
        """How many members of a group are online; see `PresenceClient.group_online_count`.

        Example:
            >>> emulator.state.set_group_online_count("66016455491585", 100)
            >>> await client.group_online_count("66016455491585")
            100
        """
        return await run(self._native.group_online_count(group_id, kind, timeout))

    async def app_token(self) -> AppToken:
        """The app token that the next call would use; see `PresenceClient.app_token`.

        Example:
            >>> (await client.app_token()).expose()[:4]
            'YWMt'
        """
        return await run(self._native.app_token())
