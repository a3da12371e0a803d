"""Comparing an error with what a case says of it."""

from __future__ import annotations

import traceback
from typing import Any

from easemob_presence import OnlineStates, PresenceError, Presences

from .call import ids_of, operation_in_errors
from .files import only

COMPARED = ("operation", "status", "code", "message", "sent", "attempts", "retryable", "request_id")
CONTAINED = ("message", "hint", "body")


def check_error(call: dict[str, Any], error: PresenceError, expected: dict[str, Any]) -> None:
    """Fails where the error differs from what is expected of it."""
    contained = [f"{name}_contains" for name in CONTAINED]
    only(expected, "kind", *COMPARED, "retry_after_ms", *contained, "hides", "partial")
    assert error.kind == expected["kind"], error
    for name, value in ({"operation": operation_in_errors(call)} | expected).items():
        if name in COMPARED:
            assert getattr(error, name) == value, f"{name} of {error}"
    if "retry_after_ms" in expected:
        wait = None if error.retry_after is None else round(error.retry_after * 1000)
        assert wait == expected["retry_after_ms"], error
    for name in CONTAINED:
        if f"{name}_contains" in expected:
            assert expected[f"{name}_contains"] in (getattr(error, name) or ""), f"{name} of {error}"
    text = str(error)
    assert "\n" not in text and "\r" not in text, repr(text)
    assert error.kind in text, text
    if "partial" in expected:
        _check_partial(error, expected["partial"])
    if "hides" in expected:
        assert not shows(error, expected["hides"]), f"it shows {expected['hides']!r}"


def _check_partial(error: PresenceError, expected: dict[str, Any] | None) -> None:
    if expected is None:
        assert error.partial is None
        return
    only(expected, "answered", "succeeded", "failed")
    partial = error.partial
    assert partial is not None
    answered = partial.presences if partial.presences is not None else partial.online_states
    assert (None if answered is None else len(answered)) == expected["answered"]
    assert list(partial.succeeded) == ids_of(expected["succeeded"])
    told = iter(partial.failed.items())
    for spec in expected["failed"]:
        only(spec, "ids", "kind", "sent")
        for user_id in ids_of(spec["ids"]):
            got, cause = next(told)
            assert (got, cause.kind, cause.sent) == (user_id, spec["kind"], spec.get("sent", cause.sent))
    assert next(told, None) is None


def check_ids(value: Any, expected: Any) -> None:
    """Fails if these are not the users of presences or states, in their order, none missing."""
    assert isinstance(value, (Presences, OnlineStates))
    users = value.keys() if isinstance(value, Presences) else [user_id for user_id, _ in value]
    assert list(users) == ids_of(expected) and not value.missing


def check_items(items: Any, expected: list[dict[str, Any]]) -> None:
    """Fails if this is not what `iter_many` gave."""
    assert len(items) == len(expected), items
    for item, spec in zip(items, expected, strict=True):
        if isinstance(item, Presences):
            only(spec, "ids")
            check_ids(item, spec["ids"])
        else:
            only(spec, "kind", "failed", "message_contains")
            failed = {} if item.partial is None else item.partial.failed
            assert (item.kind, list(failed)) == (spec["kind"], ids_of(spec["failed"]))
            assert spec.get("message_contains", "") in item.message


def shows(error: PresenceError, text: str) -> bool:
    """Whether anything of the error, its causes included, shows this text."""
    # Without source lines: they would show the test's own code.
    told = [*traceback.TracebackException.from_exception(error).format_exception_only(), str(error), repr(error)]
    told.append(repr(vars(error)))
    cause = error.__cause__
    while cause is not None:
        told += [str(cause), repr(cause), repr(vars(cause))]
        cause = cause.__cause__
    return any(text in line for line in told)
