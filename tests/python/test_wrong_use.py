"""Wrong use says what is wrong and what to write, before anything is sent."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from easemob_presence import (
    AsyncPresenceClient,
    ClosedError,
    ConfigError,
    InvalidInputError,
    PresenceClient,
    Status,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from easemob_presence.testing import Emulator

HOST = {"host": "a1.easemob.com"}
APP = {"app_key": "org#app"}
CREDENTIALS = {"client_id": "id", "client_secret": "canary-secret"}


@pytest.mark.parametrize("cls", [PresenceClient, AsyncPresenceClient])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (APP | CREDENTIALS, "no host"),
        (HOST | CREDENTIALS, "no App Key"),
        (HOST | APP, "no credentials"),
        (HOST | CREDENTIALS | {"app_key": "org/app"}, "not written org#app"),
        (HOST | CREDENTIALS | {"app_key": "org/app"}, "one '#' between them"),
        (APP | CREDENTIALS | {"host": "http://a1.easemob.com"}, "plain http"),
        (APP | CREDENTIALS | {"host": "http://a1.easemob.com"}, "without http://"),
        (HOST | APP | {"client_id": "id"}, "give both"),
        (HOST | APP | CREDENTIALS | {"app_token": "x"}, "client_id and app_token are both given"),
        (HOST | APP | CREDENTIALS | {"app_id": "x"}, "app_key and app_id are both given"),
        (HOST | APP | CREDENTIALS | {"timeout": 0}, "leaves no time"),
        (HOST | APP | {"token_provider": "a token"}, "is no function"),
        (APP | CREDENTIALS | {"host": 5}, "host cannot be read: 'int' object is not an instance of 'str'"),
        (HOST | APP | CREDENTIALS | {"client_id": b"id"}, "credentials cannot be read"),
        (HOST | APP | CREDENTIALS | {"timeout": "soon"}, "timeout cannot be read: 'soon' is no length of time"),
        (HOST | APP | CREDENTIALS | {"root_certificates": [5]}, "root_certificates cannot be read"),
    ],
)
def test_a_client_that_cannot_be_built(cls: type[PresenceClient], options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        cls(**options)
    assert "canary" not in f"{caught.value!r} {vars(caught.value)}"


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf"), "5", True, timedelta(seconds=-1)])
def test_a_timeout_is_a_number_of_seconds_or_a_timedelta(client: PresenceClient, timeout: Any) -> None:
    with pytest.raises(InvalidInputError, match="write seconds"):
        client.user("wzy").get("c2", timeout=timeout)
    assert client.user("wzy").get("c2", timeout=timedelta(seconds=5)).user_id == "c2"


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ("c2", r"the ids are one str, not a list of ids; write \['c2'\]"),
        (b"c2", "the ids are one bytes"),
        (5, "the ids are int, not a list"),
        (["c2", 3], r"ids\[1\] is int; a user id is a str"),
        (["c2", "a/b"], r"ids\[1\]"),
        (["c2", "c3\nc4"], r"ids\[1\]: the user id .* holds '\\n'"),
        (["c2\nc3", 3], r"ids\[1\] is int"),
        ([""], r"ids\[0\]: the user id is empty"),
    ],
)
def test_ids_that_are_no_list_of_ids(emulator: Emulator, client: PresenceClient, ids: Any, words: str) -> None:
    user = client.user("wzy")
    for method in (user.get_many, user.subscribe, user.unsubscribe, client.online_states):
        with pytest.raises(InvalidInputError, match=words):
            method(ids)
    assert not emulator.journal.requests()


@pytest.mark.parametrize("status", [-1, 2**32, "1", None, True, 1.5, Status.UNKNOWN])
def test_a_status_that_cannot_be_set(emulator: Emulator, client: PresenceClient, status: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"Status.ONLINE|use Online"):
        client.user("c1").set(status, resource="ios_1")
    assert not emulator.journal.requests()


def test_a_bad_user_id_is_refused_at_once(client: PresenceClient) -> None:
    with pytest.raises(InvalidInputError, match="'/'"):
        client.user("a/b")


def test_arguments_of_another_type_are_refused_with_a_sentence(client: PresenceClient) -> None:
    anything: Any = 5
    user = client.user("wzy")
    calls: dict[str, Callable[[], object]] = {
        "int was given where a str is meant": lambda: client.user(anything),
        "int was given where a str": lambda: user.get(anything),
        "int was given where": lambda: user.set(Status.ONLINE, resource=anything),
        "was given where a str is meant": lambda: client.group_online_count(anything),
        "-1 is no whole number": lambda: user.subscriptions_page(-1),
        "'1' is no whole number": lambda: user.subscriptions(page_size=cast("Any", "1")),
    }
    for words, call in calls.items():
        with pytest.raises(InvalidInputError, match=words):
            call()


def test_a_closed_client_refuses_and_so_do_its_copies(emulator: Emulator) -> None:
    client = emulator.client()
    copy = client.with_options(timeout=1)
    client.close()
    client.close()
    for closed in (client, copy):
        with pytest.raises(ClosedError, match="closed"):
            closed.user("wzy").get("c2")

    async def use() -> None:
        async with emulator.async_client() as closing:
            pass
        with pytest.raises(RuntimeError, match="closed"):
            await closing.user("wzy").get("c2")
        await closing.aclose()

    asyncio.run(use())


def test_a_coroutine_that_no_known_loop_runs_is_refused_with_a_sentence(emulator: Emulator) -> None:
    coroutine = emulator.async_client().user("wzy").get("c2")
    with pytest.raises(RuntimeError, match="asyncio, uvloop, trio or anyio"):
        coroutine.send(None)
