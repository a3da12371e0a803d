"""The shared vectors, each with both clients: one call against one canned answer."""

from __future__ import annotations

import base64
import json
import socket
from typing import Any

import pytest

from easemob_presence import AsyncPresenceClient, PresenceClient, PresenceError, Presences
from support import call as calls
from support.canned import Recorded, Server, http
from support.expect import check_error, shows
from support.files import VECTORS, cases, only

CASES = cases(VECTORS)
APP_KEY, PREFIX = "vector-org#vector-app", "/vector-org/vector-app"
FIXED_TOKEN, CLIENT_ID, CLIENT_SECRET = "vector-fixed-token", "vector-client-id", "vector-client-secret"
KEPT_BYTES = 2048


@pytest.mark.parametrize("kind", [PresenceClient, AsyncPresenceClient], ids=["sync", "async"])
@pytest.mark.parametrize("name", CASES)
def test_vector(name: str, kind: type[PresenceClient] | type[AsyncPresenceClient]) -> None:
    case = CASES[name]
    only(case, "name", "call", "request", "answer", "token", "sends", "token_sends", "max_attempts", "expect", "error")
    assert ("expect" in case) != ("error" in case)
    if "answer" in case or "token" in case:
        outcome = _against_server(case, kind)
    else:
        outcome = _alone(case, kind)
    if "expect" in case:
        if isinstance(outcome, PresenceError):
            raise outcome
        assert calls.as_json(outcome) == case["expect"]
    else:
        assert isinstance(outcome, PresenceError), outcome
        check_error(case["call"], outcome, case["error"])
        assert not shows(outcome, FIXED_TOKEN) and not shows(outcome, CLIENT_SECRET)
    _check_raw(case, outcome)


def _make(case: dict[str, Any], client: PresenceClient | AsyncPresenceClient) -> Any:
    try:
        return calls.make(case["call"], client)
    except PresenceError as error:
        return error


def _client(case: dict[str, Any], kind: Any, host: str) -> Any:
    credentials = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return kind(
        host=f"http://{host}",
        app_key=APP_KEY,
        max_attempts=case.get("max_attempts", 1),
        rate_limits="off",
        min_token_interval=0,
        **(credentials if "token" in case else {"app_token": FIXED_TOKEN}),
    )


def _alone(case: dict[str, Any], kind: Any) -> Any:
    """Makes the call with a port behind it that nothing may connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        outcome = _make(case, _client(case, kind, f"127.0.0.1:{listener.getsockname()[1]}"))
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    return outcome


def _against_server(case: dict[str, Any], kind: Any) -> Any:
    answers, tokens = _Answers(case.get("answer")), _Answers(case.get("token"))
    with Server(lambda request: (tokens if _is_token(request) else answers).next()) as server:
        outcome = _make(case, _client(case, kind, server.host))
    sent = [request for request in server.requests if not _is_token(request)]
    asked = [request for request in server.requests if _is_token(request)]
    for request in sent:
        _check_request(request, case)
    for request in asked:
        _check_token_request(request)
    assert bool(sent) == ("answer" in case), "sent though there is no answer for it, or not sent"
    assert bool(asked) == ("token" in case)
    assert len(sent) == case.get("sends", len(sent))
    assert len(asked) == case.get("token_sends", len(asked))
    return outcome


class _Answers:
    """Answers in order, the last one again and again."""

    def __init__(self, given: Any) -> None:
        self.all = [] if given is None else given if isinstance(given, list) else [given]
        self._next = iter(self.all)

    def next(self) -> bytes | None:
        if not self.all:
            return None
        answer = next(self._next, self.all[-1])
        only(answer, "status", "headers", "body", "body_file", "body_base64", "body_parts")
        return http(answer.get("status", 200), answer.get("headers", {}), _body(answer))


def _body(answer: dict[str, Any]) -> bytes:
    (form,) = answer.keys() & {"body", "body_file", "body_base64", "body_parts"}
    given = answer[form]
    match form:
        case "body":
            return given.encode()
        case "body_file":
            return (VECTORS / "wire" / given).read_bytes()
        case "body_base64":
            return base64.b64decode(given)
        case _:
            return "".join(text * times for text, times in given).encode()


def _is_token(request: Recorded) -> bool:
    return request.target == f"{PREFIX}/token"


def _check_request(request: Recorded, case: dict[str, Any]) -> None:
    expected = case.get("request", {})
    only(expected, "method", "path", "body", "body_bytes", "authorization")
    assert request.target.startswith(PREFIX)
    scheme, _, token = request.headers["authorization"].partition(" ")
    assert scheme == "Bearer" and token
    if "token" not in case:
        assert token == FIXED_TOKEN
    _check_media_types(request)
    if not expected:
        return
    assert (request.method, request.target.removeprefix(PREFIX)) == (expected["method"], expected["path"])
    if "body" in expected:
        assert json.loads(request.body) == expected["body"]
    else:
        assert len(request.body) == expected.get("body_bytes", 0)
    assert request.headers["authorization"] == expected.get("authorization", request.headers["authorization"])


def _check_token_request(request: Recorded) -> None:
    assert request.method == "POST" and "authorization" not in request.headers
    assert json.loads(request.body) == {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    _check_media_types(request)


def _check_media_types(request: Recorded) -> None:
    assert request.headers["accept"] == "application/json"
    assert request.headers.get("content-type") == ("application/json" if request.body else None)


def _check_raw(case: dict[str, Any], outcome: Any) -> None:
    """The answer's text is kept: whole beside presences, its first 2 KiB in an error."""
    if "answer" not in case:
        return
    body = _body(_Answers(case["answer"]).all[-1])
    if isinstance(outcome, Presences):
        assert [text.encode() for text in outcome.raw] == [body]
    elif isinstance(outcome, PresenceError) and "body_contains" not in case["error"]:
        if outcome.operation == calls.operation_in_errors(case["call"]):
            assert outcome.body == body[:KEPT_BYTES].decode(errors="replace")
