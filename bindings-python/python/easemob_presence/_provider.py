"""App tokens from the user's own function, on a thread of its own so that no event loop waits for it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Union

from ._native import AppToken
from .errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._native import TokenRequest

    Token = Union[str, AppToken]
    TokenProvider = Callable[[], Union[Token, Awaitable[Token]]]


class Provider:
    """A token provider as a client holds it. Native code refers to it weakly, through `start`."""

    __slots__ = ("__weakref__", "_function", "start")

    def __init__(self, function: TokenProvider) -> None:
        if not callable(function):
            raise ConfigError("token_provider is no function; give one that returns a token, or a coroutine function")
        self._function = function
        itself = weakref.ref(self)

        def start(request: TokenRequest) -> None:
            provider = itself()
            if provider is None:
                raise RuntimeError("the client of this token provider is gone")
            name = "easemob-presence-token-provider"
            threading.Thread(target=provider.answer, args=(request,), name=name, daemon=True).start()

        self.start: Callable[[TokenRequest], None] = start

    def answer(self, request: TokenRequest) -> None:
        """Asks the function for a token. Whatever it raises becomes the cause of the call's error.

        Args:
            request: The core's wait for the token.
        """
        try:
            given = self._function()
            token = _awaited(given) if isinstance(given, Awaitable) else given
            if isinstance(token, AppToken):
                request.answer(token.expose(), token.lifetime)
            else:
                request.answer(_text(token), None)
        except BaseException as error:
            request.fail(error)


def _text(token: object) -> str:
    if isinstance(token, str):
        return token
    raise TypeError(f"the token provider returned {type(token).__name__}; it returns a str or an AppToken")


def _awaited(token: Awaitable[Token]) -> Token:
    import asyncio

    async def wait() -> Token:
        return await token

    return asyncio.run(wait())
