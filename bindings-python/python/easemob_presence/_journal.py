"""The emulator's journal: what was asked, what changed, and which faults fired."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from . import _native

    Seconds = Union[float, timedelta]


@dataclass(frozen=True)
class Request:
    """A request as the emulator received it.

    Attributes:
        seq: The entry's number; all entries are numbered 1, 2, 3, … without gaps.
        at_ms: The emulator's time, in milliseconds since the Unix epoch.
        connection: The connection that it came on: 1, 2, 3, … in the order accepted.
        method: The method as sent.
        target: The request target as sent, still encoded.
        operation: What it asks for: "set", "get", "token", …
        body: The first 5 KB of the body as text. Secrets and passwords in it are masked.
        authorization: Whether an Authorization header came. Its value is never kept.
        status: The status answered; None while unanswered.
        segments: The path after the app's prefix: split at each "/", then percent-decoded once.
    """

    seq: int
    at_ms: int
    connection: int
    method: str
    target: str
    operation: str
    body: str
    authorization: bool
    status: int | None
    segments: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """A change of the emulator's state.

    Attributes:
        seq: The entry's number; all entries are numbered 1, 2, 3, … without gaps.
        at_ms: The emulator's time, in milliseconds since the Unix epoch.
        kind: What happened: "presence_set", "subscribed", "logged_in", …
        user: The user that it happened to; empty for tokens.
        subject: The device, or the user subscribed to, or the group.
        details: What else there is to know.
        cause: The number of the request that caused it; None if the test did.
    """

    seq: int
    at_ms: int
    kind: str
    user: str
    cause: int | None
    subject: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)


@dataclass(frozen=True)
class Fault:
    """A rule of the plan of faults that fired.

    Attributes:
        seq: The entry's number; all entries are numbered 1, 2, 3, … without gaps.
        at_ms: The emulator's time, in milliseconds since the Unix epoch.
        rule: The rule's place in the plan, from 0.
        name: The rule's name, if it has one.
        fault: The type of the fault, as in the plan.
        request: The number of the request that it happened to; None for a connection being accepted.
        connection: The connection that it happened to.
        detail: What only the firing decided, such as the length of a delay with jitter; often empty.
    """

    seq: int
    at_ms: int
    rule: int
    name: str | None
    fault: str
    request: int | None
    connection: int
    detail: str


class Journal:
    """Every request, every change of state and every fault, in the order in which they happened."""

    def __init__(self, native: _native.Emulator) -> None:
        self._native = native

    def entries(self, *, since: int = 0) -> list[Request | Change | Fault]:
        """The entries with a number above `since`."""
        return [_entry(entry) for entry in json.loads(self._native.journal(since))]

    def requests(self, *, since: int = 0) -> list[Request]:
        """The requests among `entries`."""
        return [entry for entry in self.entries(since=since) if isinstance(entry, Request)]

    def changes(self, *, since: int = 0) -> list[Change]:
        """The changes among `entries`."""
        return [entry for entry in self.entries(since=since) if isinstance(entry, Change)]

    def faults(self, *, since: int = 0) -> list[Fault]:
        """The faults among `entries`."""
        return [entry for entry in self.entries(since=since) if isinstance(entry, Fault)]

    @property
    def last_seq(self) -> int:
        """The number of the newest entry ever made; 0 before the first."""
        return self._native.last_seq()

    def wait(self, *, since: int, timeout: Seconds = 10) -> bool:
        """Blocks until there is an entry with a number above `since`.

        Args:
            since: The number to pass.
            timeout: The most time to wait.

        Returns:
            Whether there is one.
        """
        return self._native.wait_for_entry(since, timeout)

    def clear(self) -> None:
        """Forgets the entries; numbers go on."""
        self._native.clear_journal()


def _entry(entry: dict[str, Any]) -> Request | Change | Fault:
    kind = entry.pop("type")
    if kind == "change":
        return Change(**entry)
    if kind == "fault":
        return Fault(**entry)
    segments = tuple(entry.pop("segments"))
    return Request(**entry, segments=segments)
