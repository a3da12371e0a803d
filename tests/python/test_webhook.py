"""Callbacks: the shared cases, with signatures that Python works out itself, and what only Python has."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import pickle
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from easemob_presence import (
    Callback,
    ConfigError,
    DecodeError,
    InvalidInputError,
    InvalidSignatureError,
    PresenceError,
    Webhook,
)
from support.expect import shows
from support.files import VECTORS, only

if TYPE_CHECKING:
    from easemob_presence.testing import Emulator

CASES = {case["name"]: case for case in json.loads((VECTORS / "callbacks.json").read_text())}
SAMPLE = json.loads((VECTORS / "wire" / "callback_user_status_2023.json").read_text())
OUTCOMES = ("callback", "repeat", "error")
SECRET = "canary-secret"


@pytest.mark.parametrize("name", CASES)
def test_vector(name: str) -> None:
    case = CASES[name]
    only(case, "name", "secret", "also", "app_key", "max_age_ms", "deliveries")
    secret = case.get("secret", "vector-secret")
    max_age = case["max_age_ms"] / 1000 if "max_age_ms" in case else None
    webhook = Webhook(secret, also=case.get("also", ()), max_age=max_age, app_key=case.get("app_key"))
    assert case["deliveries"]
    for delivery in case["deliveries"]:
        body, sent_ms, security = _made(delivery, secret)
        outcome: Callback | PresenceError | None
        try:
            outcome = webhook.parse(body)
        except PresenceError as error:
            outcome = error
        _check(delivery, outcome, sent_ms, (security, secret))
        if delivery.get("forget"):
            assert isinstance(outcome, Callback) and webhook.forget(outcome.call_id)


def _made(delivery: dict[str, Any], secret: str) -> tuple[bytes, int, str]:
    only(
        delivery,
        *("text", "base64", "change", "age_ms", "timestamp", "signed_with", "capitals"),
        *("without", "after", "after_shift_ms", "pad_to", "forget", *OUTCOMES),
    )
    number = sent_ms = time.time_ns() // 1_000_000 - delivery.get("age_ms", 0)
    form = delivery.get("timestamp", "number")
    if form == "seconds":
        number = sent_ms // 1000
        sent_ms = number * 1000
    fields = SAMPLE | delivery.get("change", {})
    signed = f"{fields['callId']}{delivery.get('signed_with', secret)}{number}"
    security = hashlib.md5(signed.encode()).hexdigest()
    if delivery.get("capitals"):
        security = security.upper()
    sent = number + delivery.get("after_shift_ms", 0)
    fields |= {"timestamp": str(sent) if form == "text" else sent, "security": security}
    for field in delivery.get("without", ()):
        del fields[field]
    fields |= delivery.get("after", {})
    if "pad_to" in delivery:
        fields["pad"] = ""
        fields["pad"] = "x" * (delivery["pad_to"] - len(json.dumps(fields)))
    body = json.dumps(fields).encode()
    if "text" in delivery:
        body = delivery["text"].encode()
    if "base64" in delivery:
        body = base64.b64decode(delivery["base64"])
    return body, sent_ms, security


def _check(
    delivery: dict[str, Any], outcome: Callback | PresenceError | None, sent_ms: int, hidden: tuple[str, ...]
) -> None:
    (expected,) = (name for name in OUTCOMES if name in delivery)
    if expected == "repeat":
        assert outcome is None
    elif expected == "callback":
        assert isinstance(outcome, Callback), outcome
        assert {name: getattr(outcome, name) for name in delivery["callback"]} == delivery["callback"]
        assert outcome.timestamp == datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=sent_ms)
    else:
        only(delivery["error"], "kind", "message_contains")
        assert isinstance(outcome, PresenceError), outcome
        assert outcome.kind == delivery["error"]["kind"]
        assert all(words in outcome.message for words in delivery["error"]["message_contains"]), outcome
        assert "\n" not in str(outcome) and not any(shows(outcome, text) for text in hidden)


def test_the_signature_worked_out_elsewhere_is_accepted() -> None:
    signed = json.loads((VECTORS / "wire" / "derived_callback_signature.json").read_text())
    webhook = Webhook(signed["secret"], max_age=timedelta(days=36500))
    body = json.dumps(SAMPLE | {name: signed[name] for name in ("callId", "timestamp", "security")})
    callback = webhook.parse(body)
    assert callback is not None
    assert callback.timestamp == datetime(2020, 9, 14, 5, 20, 47, 294000, tzinfo=timezone.utc)


def doubled(body: bytes) -> memoryview:
    """A view of every second byte of twice as many."""
    return memoryview(b"".join(bytes([byte, 0]) for byte in body))[::2]


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview, doubled, bytes.decode])
def test_a_body_is_taken_as_bytes_of_any_kind_and_as_text(emulator: Emulator, form: Any) -> None:
    body = emulator.callback("c2", "ios_1", "login", SECRET)
    callback = Webhook(SECRET).parse(form(body))
    assert callback is not None and callback.user_id == "c2"


@pytest.mark.parametrize("body", [None, 5, {"callId": "x"}, ["x"], object()])
def test_what_a_framework_made_of_the_body_is_refused(body: Any) -> None:
    with pytest.raises(InvalidInputError, match="give the bytes of the request as they came"):
        Webhook(SECRET).parse(body)


def test_half_a_surrogate_pair_is_no_callback() -> None:
    with pytest.raises(DecodeError):
        Webhook(SECRET).parse('{"callId":"\ud800"}')


def test_a_webhook_that_would_accept_anything_or_nothing_is_refused() -> None:
    for secret in ("", " ", "secret\n"):
        with pytest.raises(ConfigError):
            Webhook(secret)
        with pytest.raises(ConfigError):
            Webhook(SECRET, also=[secret])
    with pytest.raises(ConfigError, match="age window"):
        Webhook(SECRET, max_age=0)
    with pytest.raises(ConfigError, match="org#app"):
        Webhook(SECRET, app_key="app")


@pytest.mark.parametrize("wrong", [{"also": "one"}, {"also": 5}, {"also": [5]}, {"max_age": -1}, {"app_key": 5}])
def test_a_setting_of_another_type_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"list of str|no length of time|a str is meant"):
        Webhook(SECRET, **wrong)


def test_a_callback_is_a_value(emulator: Emulator) -> None:
    emulator.clock.freeze()
    webhook = Webhook(SECRET)
    callback, other = (webhook.parse(emulator.callback("c2", "ios_1", "login", SECRET)) for _ in range(2))
    assert callback is not None and other is not None
    time = datetime.fromtimestamp(emulator.clock.unix_ms / 1000, tz=timezone.utc)
    assert callback.timestamp == time
    assert repr(callback) == (
        f"Callback(user_id='c2', resource='ios_1', reason='login', online=True, timestamp={callback.timestamp!r})"
    )
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(callback, protocol))
        assert again == callback and hash(again) == hash(callback) and again.timestamp == callback.timestamp
        assert (again.os, again.ip, again.host, again.version) == ("ios", callback.ip, callback.host, callback.version)
    assert copy.deepcopy(callback) == callback != other
    for name in ("user_id", "anything"):
        with pytest.raises(AttributeError):
            setattr(callback, name, 1)


def test_nothing_of_a_webhook_shows_its_secrets() -> None:
    webhook = Webhook(SECRET, also=["canary-other"])
    assert "canary" not in f"{webhook!r} {webhook} {dir(webhook)}" and not hasattr(webhook, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(webhook)


def test_a_forked_child_goes_on_with_what_its_parent_had_seen(emulator: Emulator) -> None:
    webhook = Webhook(SECRET)
    seen, fresh = (emulator.callback("c2", "ios_1", "login", SECRET) for _ in range(2))
    assert webhook.parse(seen) is not None
    child = os.fork()
    if child == 0:
        os._exit(0 if webhook.parse(seen) is None and webhook.parse(fresh) is not None else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert webhook.parse(fresh) is not None


def test_the_emulators_clock_is_the_services(emulator: Emulator) -> None:
    emulator.clock.advance(timedelta(hours=1))
    body = emulator.callback("c2", "ios_1", "replaced", SECRET)
    with pytest.raises(InvalidSignatureError, match="in the future"):
        Webhook(SECRET).parse(body)
    callback = Webhook(SECRET, max_age=timedelta(hours=2), app_key=emulator.app_key).parse(body)
    assert callback is not None and (callback.reason, callback.online) == ("replaced", False)
