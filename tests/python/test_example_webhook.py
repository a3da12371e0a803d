"""The example of a server for callbacks, run by its framework and called over a socket."""

from __future__ import annotations

import http.client
import socket
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import uvicorn

from easemob_presence import Callback, Webhook
from support.files import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from fastapi import FastAPI

    from easemob_presence.testing import Emulator

sys.path.append(str(ROOT / "bindings-python" / "examples"))

import webhook_fastapi as example

SECRET = "the rule's secret"


@contextmanager
def serving(app: FastAPI, *, lifespan: Literal["on", "off"] = "off") -> Iterator[int]:
    """Serves on a free port, from before it is given until the end of `with`."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan=lifespan))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def post(port: int, body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/callbacks", body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


def test_genuine_callbacks_arrive_once_and_nothing_else_does(emulator: Emulator) -> None:
    accepted: list[Callback] = []
    login = emulator.callback("c2", "ios_1", "login", SECRET)
    with serving(example.create(Webhook(SECRET), accepted.append)) as port:
        assert post(port, emulator.callback("c2", "ios_1", "login", "a guess")) == 401
        assert post(port, b"{}") == 400
        assert [post(port, login), post(port, login)] == [200, 200]
        assert post(port, emulator.callback("c2", "ios_1", "logout", SECRET)) == 200
    assert [(callback.user_id, callback.online) for callback in accepted] == [("c2", True), ("c2", False)]


def test_what_could_not_be_dealt_with_is_accepted_when_it_comes_again(emulator: Emulator) -> None:
    accepted: list[Callback] = []

    def accept(callback: Callback) -> None:
        accepted.append(callback)
        if len(accepted) == 1:
            raise RuntimeError("the database is away")

    body = emulator.callback("c2", "ios_1", "login", SECRET)
    with serving(example.create(Webhook(SECRET), accept)) as port:
        assert [post(port, body) for _ in range(3)] == [500, 200, 200]
    assert len(accepted) == 2


def test_the_program_takes_its_secret_from_the_environment_and_says_who_is_online(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EASEMOB_WEBHOOK_SECRET", SECRET)
    with serving(example.app()) as port:
        assert post(port, emulator.callback("c2", "ios_1", "login", SECRET)) == 200
    assert "c2 is online on ios_1 (login)" in capsys.readouterr().out
