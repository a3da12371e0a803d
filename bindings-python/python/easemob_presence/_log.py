"""Logging under `easemob_presence`: one record for each call, at DEBUG if it succeeded and INFO if it failed.

Nothing is written until the application configures `logging`, and while it has not even imported it, nothing here does.
Records are made from a fixed list of fields: no token, no text of the service, no user id unless the client was built
with `log_user_ids=True`.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .errors import PresenceError

if TYPE_CHECKING:
    import logging
    from collections.abc import Generator

DEBUG, INFO = 10, 20
_logger: logging.Logger | None = None
_told = False


def wanted() -> bool:
    """Whether anyone would read a record."""
    if _logger is None:
        return "logging" in sys.modules and get_logger().isEnabledFor(INFO)
    return _logger.isEnabledFor(INFO)


def get_logger() -> logging.Logger:
    """The package's logger."""
    global _logger
    if _logger is None:
        import logging

        _logger = logging.getLogger("easemob_presence")
        _logger.addHandler(logging.NullHandler())
    return _logger


def _tell_once() -> None:
    """Writes the exception being handled to stderr, for the first handler that fails, as logging itself would."""
    global _told
    if not _told:
        import traceback

        _told = True
        traceback.print_exc()


@contextmanager
def timed(operation: str, subject: str | None) -> Generator[None, None, None]:
    """Logs how the body ends and how long it took.

    Args:
        operation: The operation's name.
        subject: The user id, if it may be logged.
    """
    logger, start = get_logger(), time.perf_counter()
    name = operation if subject is None else f"{operation} by {subject}"

    def record(level: int, outcome: str, **fields: object) -> None:
        took = (time.perf_counter() - start) * 1000
        extra = {"operation": operation, "duration_ms": took, **fields}
        try:
            logger.log(level, "%s %s in %.1f ms", name, outcome, took, extra=extra)
        except Exception:
            # A handler's failure is not the call's, which has ended already as it has.
            _tell_once()

    try:
        yield
    except PresenceError as error:
        answered = "" if error.status is None else f" ({error.status})"
        fields = {"kind": error.kind, "status": error.status, "request_id": error.request_id}
        record(INFO, f"failed with {error.kind}{answered}", attempts=error.attempts, **fields)
        raise
    except BaseException:
        record(INFO, "was cancelled")
        raise
    record(DEBUG, "succeeded")
