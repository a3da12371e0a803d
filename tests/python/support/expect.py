"""Comparing an error with what a case says of it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from .call import operation_in_errors
from .files import only

if TYPE_CHECKING:
    from easemob_presence import PresenceError

COMPARED = ("operation", "status", "code", "message", "sent", "attempts", "retryable", "request_id")
CONTAINED = ("message", "hint", "body")


def check_error(call: dict[str, Any], error: PresenceError, expected: dict[str, Any]) -> None:
    """Fails where the error differs from what is expected of it."""
    contained = [f"{name}_contains" for name in CONTAINED]
    only(expected, "kind", *COMPARED, "retry_after_ms", *contained, "hides")
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
    if "hides" in expected:
        assert not shows(error, expected["hides"]), f"it shows {expected['hides']!r}"


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
