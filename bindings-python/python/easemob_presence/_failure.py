"""From what native code tells of a failure to the exception that is raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

from .errors import Cause, PresenceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    Told = Union[BaseException, tuple[int, str], str]

_CLASSES: dict[str, type[PresenceError]] = {cls.kind: cls for cls in PresenceError.__subclasses__()}


def make(kind: str, text: str, fields: dict[str, Any], causes: Sequence[Told]) -> PresenceError:
    """Makes an exception with its causes chained.

    Args:
        kind: The kind's name.
        text: The whole line.
        fields: What the exception's attributes hold.
        causes: From the nearest to the innermost: an exception, an operating system's error, or a text.

    Returns:
        The exception, of the kind's class.
    """
    made = _CLASSES.get(kind, PresenceError)(text, **fields)
    outer: BaseException = made
    for told in causes:
        outer.__cause__ = _cause(told)
        outer = outer.__cause__
    return made


def _cause(told: Told) -> BaseException:
    if isinstance(told, BaseException):
        return told
    return OSError(*told) if isinstance(told, tuple) else Cause(told)
