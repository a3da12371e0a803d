"""How far a call on many users is, and who is told of it: a function of the caller's, a bar on the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple, Union

from . import _log

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    OnProgress = Callable[["Progress"], object]

_CELLS = 24
_Told = tuple[int, Union[int, None], int, float, float, Union[float, None]]


class Progress(NamedTuple):
    """How far a call on many users is.

    Attributes:
        done: Users whose outcome is known, failed ones included.
        total: Users in all, where that is known: not for an iterable without a length.
        failed: Users for whom the call failed.
        elapsed: Seconds since the call began.
        rate: Users a second, on average.
        eta: About the seconds that are left, at that rate, once there is one and the total is known.
    """

    done: int
    total: int | None
    failed: int
    elapsed: float
    rate: float
    eta: float | None


class Report:
    """Tells of one call. A function that raises is logged and not called again; the call goes on."""

    __slots__ = ("_bar", "_on_progress")

    def __init__(self, on_progress: OnProgress | None, bar: Bar | None) -> None:
        self._on_progress = on_progress
        self._bar = bar

    def __call__(self, told: _Told) -> None:
        now = Progress(*told)
        if self._bar is not None:
            self._bar.draw(now)
        if self._on_progress is None:
            return
        try:
            self._on_progress(now)
        except Exception:
            self._on_progress = None
            _log.get_logger().exception("on_progress raised an exception; it is not called again")

    def close(self) -> None:
        """The call has ended."""
        if self._bar is not None:
            self._bar.close()


def report(on_progress: OnProgress | None, progress: bool) -> Report | None:
    """Who is to be told of a call; None for no one.

    Args:
        on_progress: The caller's function.
        progress: Whether a bar is wanted; there is one only where stderr is a terminal.
    """
    stream = sys.stderr
    bar = Bar(stream) if progress and stream is not None and stream.isatty() else None
    return None if on_progress is None and bar is None else Report(on_progress, bar)


class Bar:
    """One line on a terminal, drawn over itself."""

    __slots__ = ("_stream", "_width")

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._width = 0

    def draw(self, now: Progress) -> None:
        """Draws the line anew."""
        line = _line(now)
        self._stream.write("\r" + line.ljust(self._width))
        self._stream.flush()
        self._width = len(line)

    def close(self) -> None:
        """Leaves the line as it is and ends it."""
        if self._width:
            self._stream.write("\n")
            self._stream.flush()
            self._width = 0


def _line(now: Progress) -> str:
    parts = [f"{now.done:,} users"]
    if now.total is not None:
        share = now.done / now.total if now.total else 1.0
        filled = int(share * _CELLS)
        parts = [f"[{'#' * filled}{'.' * (_CELLS - filled)}] {share:.0%} {now.done:,} of {now.total:,} users"]
    if now.failed:
        parts.append(f"{now.failed:,} failed")
    parts.append(f"{now.rate:,.0f} a second")
    if now.eta:
        parts.append(f"{now.eta:,.0f} s left")
    return ", ".join(parts)
