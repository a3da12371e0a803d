"""The bridge under trio, and under anyio on trio: one system task for each run waits for the queue's descriptor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import outcome
import trio

from . import _native
from ._loop import Bridge

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._progress import Report

T = TypeVar("T")

_bridge: trio.lowlevel.RunVar[Bridge | None] = trio.lowlevel.RunVar("easemob-presence bridge", None)


def is_running() -> bool:
    """Whether trio runs the calling code."""
    return trio.lowlevel.in_trio_task()


class _Waiter:
    """A task that sleeps until its call has come to an end."""

    __slots__ = ("_settled", "_task")

    def __init__(self) -> None:
        self._task = trio.lowlevel.current_task()
        self._settled = False

    def done(self) -> bool:
        return self._settled

    def set_result(self, result: Any, /) -> None:
        self._wake(outcome.Value(result))

    def set_exception(self, exception: BaseException, /) -> None:
        self._wake(outcome.Error(exception))

    def abort(self, _raise_cancel: Callable[[], Any]) -> trio.lowlevel.Abort:
        self._settled = True
        return trio.lowlevel.Abort.SUCCEEDED

    def _wake(self, came_to: outcome.Outcome[Any]) -> None:
        self._settled = True
        trio.lowlevel.reschedule(self._task, came_to)


async def _listen(bridge: Bridge) -> None:
    while True:
        await trio.lowlevel.wait_readable(bridge.queue.fileno())
        bridge.drain()


def _bridge_of_this_run() -> Bridge:
    bridge = _bridge.get()
    if bridge is None or bridge.generation != _native.generation():
        bridge = Bridge()
        _bridge.set(bridge)
        trio.lowlevel.spawn_system_task(_listen, bridge)
    return bridge


async def run(call: _native.Call[T], report: Report | None = None) -> T:
    """Makes a call under trio. Cancelling the scope around it ends the request."""
    await trio.lowlevel.checkpoint_if_cancelled()
    bridge = _bridge_of_this_run()
    waiter = _Waiter()
    ident = call.start(bridge.queue)
    bridge.pending[ident] = waiter
    if report is not None:
        bridge.reports[ident] = report
    try:
        return await trio.lowlevel.wait_task_rescheduled(waiter.abort)  # type: ignore[no-any-return]
    finally:
        bridge.pending.pop(ident, None)
        call.cancel()
        if report is not None:
            bridge.reports.pop(ident, None)
            report.close()
