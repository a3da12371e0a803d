"""How a finished call wakes the loop that waits for it.

Each event loop has one `Bridge`: the calls in flight by id, and the native queue in which their outcomes arrive. The
loop is woken once for all that have finished by then.

**Who holds what.** The loop's selector holds the bridge's reader, and with it the bridge; the registry here holds
neither loop nor bridge. Closing the loop thus lets go of the bridge, its descriptors and its futures, whether calls
were in flight or not, and an outcome that comes later falls into a queue that no one reads. The reader stays while the
loop is idle: taking it out and in again would cost two system calls for every single call.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from . import _log, _native
from ._failure import make

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ._progress import Report

T = TypeVar("T")

_LISTENER_PATIENCE = 1.0
# Bound once: each of these is called for every call.
_running_loop = asyncio.get_running_loop
_wanted = _log.get_logger().isEnabledFor
_INFO = _log.INFO


class Waiter(Protocol):
    """What a bridge settles: the part of a future that asyncio and trio can both offer."""

    def done(self) -> bool: ...
    def set_result(self, result: Any, /) -> None: ...
    def set_exception(self, exception: Any, /) -> None: ...


class Bridge:
    """The calls in flight on one event loop."""

    __slots__ = ("__weakref__", "generation", "pending", "queue", "reports")

    def __init__(self) -> None:
        self.queue = _native.Queue()
        self.pending: dict[int, Waiter] = {}
        self.reports: dict[int, Report] = {}
        self.generation = _native.generation()

    def drain(self) -> None:
        """Settles everything that has finished, then tells what progress there is."""
        told: list[tuple[Report, Any]] = []
        for ident, succeeded, value in self.queue.drain():
            if succeeded is None:
                report = self.reports.get(ident)
                if report is not None:
                    told.append((report, value))
                continue
            waiter = self.pending.pop(ident, None)
            if waiter is None or waiter.done():
                continue
            if succeeded:
                waiter.set_result(value)
            else:
                waiter.set_exception(value)
        for report, value in told:
            report(value)


def _nothing() -> None:
    return None


class _LastUsed(threading.local):
    """This thread's latest loop and bridge, so that the usual look-up is two comparisons."""

    both: tuple[Callable[[], asyncio.AbstractEventLoop | None], Callable[[], Bridge | None]] = (_nothing, _nothing)


_last_used = _LastUsed()
_bridges: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[Bridge]] = weakref.WeakKeyDictionary()
_registering = threading.Lock()


def _bridge_of(loop: asyncio.AbstractEventLoop) -> Bridge:
    """The loop's bridge, made and attached at its first call."""
    with _registering:
        known = _bridges.get(loop)
        bridge = known() if known is not None else None
        if bridge is None or bridge.generation != _native.generation():
            bridge = Bridge()
            _attach(loop, bridge)
            _bridges[loop] = weakref.ref(bridge)
    _last_used.both = weakref.ref(loop), weakref.ref(bridge)
    return bridge


def _attach(loop: asyncio.AbstractEventLoop, bridge: Bridge) -> None:
    try:
        loop.add_reader(bridge.queue.fileno(), bridge.drain)
    except NotImplementedError:
        _Listener(loop, bridge)


class _Listener(threading.Thread):
    """Wakes a loop that cannot watch descriptors itself. Looks now and then whether that loop is still there."""

    def __init__(self, loop: asyncio.AbstractEventLoop, bridge: Bridge) -> None:
        super().__init__(name="easemob-presence-listener", daemon=True)
        self._loop = weakref.ref(loop)
        self._bridge = bridge
        self.start()

    def run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._bridge.queue.fileno(), selectors.EVENT_READ)
            while self._lives():
                if selector.select(_LISTENER_PATIENCE):
                    self._wake()

    def _lives(self) -> bool:
        loop = self._loop()
        return loop is not None and not loop.is_closed()

    def _wake(self) -> None:
        loop, drained = self._loop(), threading.Event()

        def drain() -> None:
            self._bridge.drain()
            drained.set()

        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed in between
                loop.call_soon_threadsafe(drain)
        del loop
        # The descriptor stays readable until the loop has drained the queue.
        while self._lives() and not drained.wait(_LISTENER_PATIENCE):
            pass


def run(call: _native.Call[T], subject: str | None = None, report: Report | None = None) -> Coroutine[Any, Any, T]:
    """Makes a call on the running event loop. Ending the coroutine in any way ends the request.

    Args:
        call: The call, as the native client describes it.
        subject: The user to name in the log, if user ids may stand there.
        report: Is told how far the call is, and when it has ended.

    Returns:
        A coroutine that returns what the call returns.

    Raises:
        PresenceError: As the call says, when it is awaited.
        RuntimeError: In a coroutine that neither asyncio nor trio runs.
    """
    return _run_logged(call, subject, report) if _wanted(_INFO) else run_unlogged(call, report)


async def _run_logged(call: _native.Call[T], subject: str | None, report: Report | None) -> T:
    with _log.timed(call.operation, subject):
        return await run_unlogged(call, report)


async def run_unlogged(call: _native.Call[T], report: Report | None = None) -> T:
    """As `run`, for what is no request: no record tells of it."""
    try:
        loop = _running_loop()
    except RuntimeError:
        return await _run_elsewhere(call, report)
    last_loop, last_bridge = _last_used.both
    bridge = last_bridge() if last_loop() is loop else None
    if bridge is None:
        bridge = _bridge_of(loop)
    future: asyncio.Future[T] = loop.create_future()
    pending = bridge.pending
    ident = call.start(bridge.queue)
    pending[ident] = future
    if report is not None:
        bridge.reports[ident] = report
    try:
        return await future
    except BaseException:
        pending.pop(ident, None)
        call.cancel()
        raise
    finally:
        if report is not None:
            bridge.reports.pop(ident, None)
            report.close()
        # An exception's traceback holds this frame, and the future holds the exception.
        del future


async def _run_elsewhere(call: _native.Call[T], report: Report | None) -> T:
    if "trio" in sys.modules:
        from . import _trio

        if _trio.is_running():
            return await _trio.run(call, report)
    raise RuntimeError(
        "no event loop that this package knows runs this coroutine; await it under asyncio, uvloop, trio or anyio, "
        "or use PresenceClient, whose methods block"
    )


def _after_fork_in_child() -> None:
    """Fails what the parent's calls left waiting here: their outcomes will only ever reach the parent."""
    global _registering
    _registering = threading.Lock()
    _last_used.both = _nothing, _nothing
    bridges = [bridge for known in list(_bridges.values()) if (bridge := known()) is not None]
    _bridges.clear()
    for bridge in bridges:
        waiting, bridge.pending = bridge.pending, {}
        for waiter in waiting.values():
            if not waiter.done():
                _fail(waiter)


def _fail(waiter: Waiter) -> None:
    text = (
        "this call was begun before the process forked, and its connection stayed with the parent. "
        "Make the call again: the client itself works in the child."
    )
    with contextlib.suppress(RuntimeError):  # a loop in debug mode, whose own thread did not come along
        waiter.set_exception(make("forked", text, {"message": text}, []))
    if isinstance(waiter, asyncio.Future):
        # Most children never run the parent's loop again; what no one can await must not warn at exit.
        waiter.exception()


os.register_at_fork(after_in_child=_after_fork_in_child)
