"""The classes are one table's rows, and an error survives whatever Python does with exceptions."""

from __future__ import annotations

import builtins
import copy
import json
import pickle
import socket

import pytest

import easemob_presence
from easemob_presence import ConnectError, PresenceClient, PresenceError
from support.files import VECTORS

TABLE = json.loads((VECTORS / "errors.json").read_text())
# Kinds that only a process with a fork has; the core cannot see them.
OF_PYTHON = {"forked"}


def test_every_row_has_its_class_and_every_class_its_row() -> None:
    classes = {cls.kind: cls.__name__ for cls in PresenceError.__subclasses__()}
    assert classes.keys() - {row["kind"] for row in TABLE} == OF_PYTHON
    for row in TABLE:
        assert classes[row["kind"]] == row["class"]
        cls = getattr(easemob_presence, row["class"])
        if row["python_also"] is not None:
            assert issubclass(cls, getattr(builtins, row["python_also"]))
        else:
            assert cls.__bases__ == (PresenceError,)


@pytest.mark.parametrize("cls", PresenceError.__subclasses__())
def test_an_error_is_the_same_after_pickle_and_copy(cls: type[PresenceError]) -> None:
    error = cls("the text", message="words", status=429, code="c", retry_after=1.5, sent="yes", attempts=2, body="{}")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is cls
        assert (str(again), vars(again)) == ("the text", vars(error))
    assert repr(error) == f"{cls.__name__}('the text')"


def test_the_causes_are_chained_down_to_the_operating_system() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = PresenceClient(emulator=f"127.0.0.1:{port}", app_token="x", max_attempts=1)
    with pytest.raises(ConnectionError) as caught:
        client.user("wzy").get("c2")
    error = caught.value
    assert isinstance(error, ConnectError)
    assert (error.sent, error.retryable, error.operation, error.attempts) == ("no", True, "get", 1)
    causes: list[BaseException] = []
    cause = error.__cause__
    while cause is not None:
        causes.append(cause)
        cause = cause.__cause__
    assert isinstance(causes[-1], ConnectionRefusedError)
