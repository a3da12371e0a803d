"""The steps of scenarios that are about a watcher."""

from __future__ import annotations

import asyncio
import inspect
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from easemob_presence import AsyncPresenceClient, PresenceClient, PresenceError, Webhook
from support import call as calls
from support.expect import check_error
from support.files import only
from support.silent import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from easemob_presence import Event, Presence
    from easemob_presence.testing import Emulator

STEPS = ("watch", "events", "events_until", "watcher")
SECRET = "the scenario's secret"
AGES = 1_000_000_000  # in seconds: scenarios begin in 2023
EVENT = ("kind", "user_id", "initial", "source", "is_online", "was_online", "ext", "merged", "reason", "error")


def settle(value: Any) -> Any:
    """A value, awaited in an event loop of its own if it wants one."""
    if not inspect.isawaitable(value):
        return value

    async def wait() -> Any:
        return await value

    return asyncio.run(wait())


class Watching:
    """The watcher of a scenario."""

    def __init__(self, emulator: Emulator, client: PresenceClient | AsyncPresenceClient) -> None:
        self._emulator = emulator
        self._client = client
        self._webhook = Webhook(SECRET, max_age=AGES)
        self._watcher: Any = None
        self._saved: str | None = None

    def take(self, step: dict[str, Any]) -> None:
        """Takes a step of `STEPS`."""
        if "watch" in step:
            only(step, "watch", "error")
            self._start(step)
        elif "events" in step:
            only(step, "events")
            for expected in step["events"]:
                only(expected, *EVENT)
                got = self._next()
                assert {name: got[name] for name in expected} == expected, got
        elif "events_until" in step:
            only(step, "events_until")
            expected = step["events_until"]
            only(expected, *EVENT)
            while True:
                got = self._next()
                if {name: got[name] for name in expected} == expected:
                    return
        else:
            only(step, "watcher", "expect", "error")
            self._ask(step)

    def _start(self, step: dict[str, Any]) -> None:
        given = step["watch"]
        options = {"calls_per_second": 200, "buffer": None, "unsubscribe_on_close": False}
        only(given, "user", "ids", "keep_subscribed_seconds", "restore", *options)
        options |= {name: given[name] for name in options if name in given}
        watch = self._client.user(given["user"]).watch(
            calls.ids_of(given["ids"]),
            min_interval=0,
            keep_subscribed=given.get("keep_subscribed_seconds"),
            restore=self._saved if given.get("restore") else None,
            **options,
        )
        with expecting(step, "watch"):
            self._watcher = settle(watch.start())

    def _next(self) -> dict[str, Any]:
        # Whoever waits in vain comes to an end.
        patience = threading.Timer(PATIENCE, self._watcher.close)
        patience.start()
        try:
            taken = next(self._watcher) if isinstance(self._client, PresenceClient) else settle(anext(self._watcher))
        finally:
            patience.cancel()
        return as_json(taken)

    def _ask(self, step: dict[str, Any]) -> None:
        ((asked, given),) = step["watcher"].items()
        with expecting(step, "watch"):
            value = self._answer(asked, given)
        if "expect" in step:
            expected = step["expect"]
            part = {name: value[name] for name in expected} if isinstance(expected, dict) else value
            assert part == expected, value

    def _answer(self, asked: str, given: Any) -> Any:
        match asked:
            case "get":
                return calls.as_json(self._watcher.get(given))
            case "snapshot":
                return sorted(presence.user_id for presence in self._watcher.snapshot())
            case "occupancy" | "stats":
                value = getattr(self._watcher, asked)()
                return {name: getattr(value, name) for name in dir(value) if not name.startswith("_")}
            case "add" | "remove":
                getattr(self._watcher, asked)(calls.ids_of(given))
            case "feed":
                body = self._emulator.callback(given["user"], given["resource"], given["reason"], SECRET)
                callback = self._webhook.parse(body)
                assert callback is not None
                self._watcher.feed(callback)
            case "save":
                self._saved = self._watcher.save()
            case "close":
                closing = self._watcher.close if isinstance(self._client, PresenceClient) else self._watcher.aclose
                settle(closing())
            case "ended":
                kinds = list(self._watcher) if isinstance(self._client, PresenceClient) else settle(rest(self._watcher))
                return [event.kind for event in kinds]
            case _:
                raise ValueError(f"a watcher has no {asked!r}")
        return None


async def rest(watcher: Any) -> list[Event]:
    return [event async for event in watcher]


@contextmanager
def expecting(step: dict[str, Any], operation: str) -> Iterator[None]:
    """Runs the body, which fails as the step says."""
    if "error" not in step:
        yield
        return
    with pytest.raises(PresenceError) as caught:
        yield
    check_error({"operation": operation}, caught.value, {"operation": None, **step["error"]})


def as_json(event: Event) -> dict[str, Any]:
    """An event as the cases write it."""

    def online(presence: Presence | None) -> bool | None:
        return None if presence is None else presence.is_online

    return {
        "kind": event.kind,
        "user_id": event.user_id,
        "initial": event.initial,
        "source": event.source,
        "is_online": online(event.presence),
        "was_online": online(event.previous),
        "ext": None if event.presence is None else event.presence.ext,
        "merged": event.merged,
        "reason": event.reason,
        "error": None if event.error is None else event.error.kind,
    }
