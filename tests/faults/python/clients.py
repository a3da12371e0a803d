"""The client that a job asks for."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from easemob_presence import AsyncPresenceClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from easemob_presence import AppToken

SECONDS = {"timeout_ms", "attempt_timeout_ms", "connect_timeout_ms", "min_token_interval_ms"}
# Where a token provider finds its own client. Emptied after each job, or neither would ever go.
own: list[AsyncPresenceClient] = []
hanging = threading.Event()


def build(job: dict[str, Any]) -> AsyncPresenceClient:
    """Builds it.

    Args:
        job: As the suite wrote it.

    Returns:
        The client.
    """
    # One request for each call, which the judge looks for in the journal.
    settings: dict[str, Any] = {"host": job["host"], "app_key": job["app_key"], "coalesce": False}
    if token := job.get("app_token"):
        settings["app_token"] = token
    elif provider := job.get("provider"):
        settings["token_provider"] = _provider(provider)
    else:
        settings |= {"client_id": job["client_id"], "client_secret": job["client_secret"]}
    if proxy := job.get("proxy"):
        settings["proxy"] = proxy
    if pem := job.get("root_certificate"):
        settings["root_certificates"] = pem
    for name, value in job["options"].items():
        settings[name.removesuffix("_ms")] = value / 1000 if name in SECONDS else value
    client = AsyncPresenceClient(**settings)
    if job.get("provider"):
        own.append(client)
    return client


def forget() -> None:
    """Ends what providers hold."""
    own.clear()
    hanging.set()
    hanging.clear()


def _provider(spec: dict[str, Any]) -> Callable[[], str | AppToken]:
    behaviour, tokens = spec["behaviour"], spec["tokens"]
    asked: list[None] = []

    def provide() -> str:
        asked.append(None)
        token: str = tokens[min(len(asked), len(tokens)) - 1] if tokens else ""
        if behaviour == "raises" or (behaviour == "raises_once" and len(asked) == 1):
            raise RuntimeError("the provider's own failure")
        if behaviour == "nothing":
            # What callers do who do not check their types, and what the client has to say about it.
            return None  # type: ignore[return-value]
        if behaviour == "stranger":
            return "YWMt-of-somebody-else"
        if behaviour == "line_break":
            return f"{token}\r\nx: y"
        if behaviour == "hangs":
            hanging.wait()
        if behaviour == "slow":
            time.sleep(0.3)
        if behaviour == "reenters" and own:
            _ask_own()
        return token

    return provide


def _ask_own() -> None:
    """Asks the client that the provider is part of for a token, as a careless provider may."""
    import asyncio

    async def ask() -> None:
        try:
            await own[0].with_options(timeout=0.2).app_token()
        except Exception as error:
            print("the provider asked its own client:", error, file=sys.stderr)

    asyncio.run(ask())
