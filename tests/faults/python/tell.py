"""What is told of a call; and every error in every form that it has, for who searches the log for secrets."""

from __future__ import annotations

import sys
import time
import traceback
from typing import Any

from easemob_presence import PresenceError

FATES = {"superseded": "superseded", "cancelled": "cancelled"}
SENT = {"no": "not_applied", "yes": "rejected"}


def now() -> float:
    """The clock by which calls are measured."""
    return time.perf_counter()


def ms(began: float) -> float:
    """Milliseconds since then."""
    return (time.perf_counter() - began) * 1000


def outcome(item: int, fate: str, began: float, **more: Any) -> dict[str, Any]:
    """The record of an item."""
    return {"item": item, "outcome": fate, "ms": ms(began), **more}


def failed(item: int, began: float, error: BaseException) -> dict[str, Any]:
    """The record of an item that failed."""
    took = ms(began)
    show(error)
    if not isinstance(error, PresenceError):
        # Nothing else may come out of a call.
        return {"item": item, "outcome": "unknown", "ms": took, "kind": type(error).__name__, "message": str(error)}
    wait = error.retry_after
    return {
        "item": item,
        "outcome": FATES.get(error.kind) or SENT.get(error.sent, "unknown"),
        "ms": took,
        "kind": error.kind,
        "status": error.status,
        "sent": error.sent,
        "attempts": error.attempts,
        "retry_after_ms": None if wait is None else wait * 1000,
        "message": str(error),
    }


def show(value: object) -> None:
    """Writes a value down in every form, an error with its causes."""
    forms = [str(value), repr(value), f"{value!a}"]
    if isinstance(value, BaseException):
        forms += ["".join(traceback.format_exception(value)), repr(value.args), repr(vars(value))]
    print(*forms, sep="\n", file=sys.stderr)
