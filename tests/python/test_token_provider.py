"""App tokens from the application's own function."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from easemob_presence import AppToken, AuthError, DeadlineError, PresenceClient

if TYPE_CHECKING:
    from easemob_presence.testing import Emulator


def test_a_function_or_a_coroutine_function_gives_a_text_or_a_token(emulator: Emulator) -> None:
    async def coroutine() -> AppToken:
        await asyncio.sleep(0)
        return AppToken(emulator.issue_token(60), expires_in=60)

    def function() -> str:
        return emulator.issue_token(60)

    for provider in (function, coroutine):
        with emulator.client(token_provider=provider) as client:
            assert client.user("wzy").get("c2").user_id == "c2"

        async def use(provider: Any = provider) -> None:
            async with emulator.async_client(token_provider=provider) as client:
                await asyncio.gather(*(client.user("wzy").get("c2") for _ in range(50)))

        asyncio.run(use())


def test_it_is_asked_once_for_many_calls_and_again_when_the_service_refuses(emulator: Emulator) -> None:
    asked: list[str] = []

    def provider() -> str:
        asked.append(emulator.issue_token(60))
        return asked[-1]

    with emulator.client(token_provider=provider) as client:
        for _ in range(3):
            client.user("wzy").get("c2")
        assert len(asked) == 1
        emulator.expire_tokens()
        client.user("wzy").get("c2")
    assert len(asked) == 2


def test_what_it_raises_is_the_cause(emulator: Emulator) -> None:
    raised = RuntimeError("the vault is closed")

    def provider() -> str:
        raise raised

    with emulator.client(token_provider=provider) as client, pytest.raises(AuthError) as caught:
        client.user("wzy").get("c2")
    assert caught.value.__cause__ is raised
    assert not emulator.journal.requests()


@pytest.mark.parametrize("given", [None, 5, b"token"])
def test_what_is_no_token_is_refused_unseen(emulator: Emulator, given: Any) -> None:
    with emulator.client(token_provider=lambda: given) as client, pytest.raises(AuthError) as caught:
        client.user("wzy").get("c2")
    assert isinstance(caught.value.__cause__, TypeError)


def test_it_runs_beside_the_event_loop_and_may_use_the_client(emulator: Emulator) -> None:
    threads: list[threading.Thread] = []

    with emulator.client() as other:

        def provider() -> str:
            threads.append(threading.current_thread())
            return other.app_token().expose()

        with emulator.client(token_provider=provider) as client:
            client.user("wzy").get("c2")
    assert threads[0] is not threading.main_thread()


def test_one_that_hangs_ends_with_the_deadline(emulator: Emulator) -> None:
    release = threading.Event()

    def provider() -> str:
        release.wait()
        return "too late"

    with emulator.client(token_provider=provider, timeout=0.1) as client, pytest.raises(DeadlineError):
        client.user("wzy").get("c2")
    release.set()


def test_a_provider_that_holds_its_client_is_no_leak(emulator: Emulator) -> None:
    class Backend:
        def __init__(self) -> None:
            self.client = emulator.client(token_provider=self.token)

        def token(self) -> str:
            return emulator.issue_token(60)

    backend = Backend()
    backend.client.user("wzy").get("c2")
    gone = weakref.ref(backend)
    client = weakref.ref(backend.client)
    del backend
    gc.collect()
    assert gone() is None and client() is None


def test_a_user_keeps_the_provider_of_its_client_alive(emulator: Emulator) -> None:
    user = PresenceClient(emulator=emulator.host, token_provider=lambda: emulator.issue_token(60)).user("wzy")
    gc.collect()
    assert user.get("c2").user_id == "c2"
