"""The client whose methods block. `async_client` has its twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._base import ClientBase
from ._native import GroupKind
from ._progress import report
from .user import User, wait

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from typing_extensions import Self

    from ._base import Seconds
    from ._native import AppToken, OnlineStates
    from ._progress import OnProgress


class PresenceClient(ClientBase):
    """A client whose methods block. Its settings are those of `__init__`.

    They let other threads run meanwhile and stop on Ctrl-C. Inside a running event loop they work too, and block that
    loop; `AsyncPresenceClient` does not. One client serves any number of threads. The end of `with` closes the client,
    which ends calls that other threads still wait for with `ClosedError`.

    Example:
        >>> from easemob_presence import PresenceClient, Status
        >>> with PresenceClient(emulator=emulator.host) as client:
        ...     client.user("c1").set(Status.ONLINE, resource="android_123423453246", ext="busy")
    """

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def user(self, user_id: str) -> User:
        """The operations that one user performs. Makes no call; the user need not exist yet.

        Args:
            user_id: 1 to 64 bytes of letters, digits, "_", "." and "-", in any letter case.

        Returns:
            The user.

        Raises:
            InvalidInputError: If the id breaks a rule.

        Example:
            >>> client.user("wzy")
            <User 'wzy'>
        """
        return User(self, user_id)

    def online_states(
        self,
        ids: Iterable[str],
        *,
        timeout: Seconds | None = None,
        on_progress: OnProgress | None = None,
        progress: bool = False,
    ) -> OnlineStates:
        """Whether each of any number of users is logged in: `POST /users/batch/status`, for each 100 of them.

        This is the login state, not the presence that users set. The service calls ids it does not know offline.
        Limit: 50 requests a second per App Key. No ids: an empty answer without a request.

        Args:
            ids: The users' ids.
            timeout: The most time the whole call may take. Without it each request has the client's, and the whole has
                no other bound.
            on_progress: Is told how far the call is, as a `Progress`: at most ten times a second, and once at the end.
                One that raises is logged and not called again.
            progress: Whether to draw a bar on stderr, if that is a terminal.

        Returns:
            The states, in the order asked, found by id in any letter case.

        Raises:
            InvalidInputError: For a bad id, or a str in place of a list.
            PartialFailureError: If some requests succeeded and others failed.
            PresenceError: For the rest.

        Example:
            >>> emulator.state.login("user2", "ios_1")
            >>> states = client.online_states(["user1", "user2"])
            >>> states["user1"], states["USER2"]
            (False, True)
        """
        told = report(on_progress, progress)
        return wait(self._native.online_states(ids, timeout, told is not None), None, told)

    def group_online_count(
        self, group_id: str, *, kind: GroupKind = GroupKind.GROUP, timeout: Seconds | None = None
    ) -> int:
        """How many members of a group are online: `GET /presence/online/{group_id}/type/{query_type}`.

        The service activates this count for an App Key on request. Limit: 100 calls a second per App Key.

        Args:
            group_id: The group's id.
            kind: What the id names: a group, or a server of a super community.
            timeout: The most time this call may take, in place of the client's.

        Returns:
            The number of members online.

        Raises:
            FeatureDisabledError: Where the count is not activated.
            PresenceError: For the rest.

        Example:
            >>> emulator.state.set_group_online_count("66016455491585", 100)
            >>> client.group_online_count("66016455491585")
            100
        """
        return wait(self._native.group_online_count(group_id, kind, timeout))

    def app_token(self) -> AppToken:
        """The app token that the next call would use, for other calls of your own to the same app.

        Fetches one (`POST /token`) only if there is none, or its end is near.

        Returns:
            The token, which does not print itself.

        Raises:
            AuthError: If the service refuses the client id and secret, or the token provider fails.
            PresenceError: For the rest.

        Example:
            >>> client.app_token().expose()[:4]
            'YWMt'
        """
        return wait(self._native.app_token())
