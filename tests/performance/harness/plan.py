"""What is measured: clients, workloads, and how often."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SET, GET, GET100, TOUCHED = "set", "get", "get100", "touched"
MAIN = (SET, GET100, TOUCHED)
READS = {
    SET: "one status written, 137 bytes answered",
    GET: "one user read",
    GET100: "100 users read, two of them looked at",
    TOUCHED: "100 users read, every field looked at",
}
OURS, UNLIMITED = "ours", "ours-unlimited"


@dataclass(frozen=True)
class Client:
    """One way of making the calls."""

    language: str
    name: str
    # `asyncio`, `uvloop` or `threads` in Python.
    loop: str = ""
    workloads: tuple[str, ...] = MAIN
    callers: tuple[int, ...] = (1, 64)
    # Also measured by `--quick`.
    quick: bool = False
    # Also measured over TLS.
    tls: bool = False
    # Also reads users one by one.
    single: bool = False

    @property
    def label(self) -> str:
        return f"{self.name}, {self.loop}" if self.loop else self.name

    @property
    def is_peer(self) -> bool:
        return self.name not in {OURS, UNLIMITED, "raw"}


def python(name: str, loop: str, **rest: bool) -> Client:
    return Client("python", name, loop, **rest)


def blocking(name: str) -> Client:
    return Client("python", name, "threads", workloads=(SET, GET100))


CLIENTS = (
    python(OURS, "uvloop", quick=True, tls=True, single=True),
    python(OURS, "asyncio", quick=True),
    python(UNLIMITED, "uvloop"),
    python("aiohttp+msgspec", "uvloop", quick=True, tls=True, single=True),
    python("aiohttp+msgspec", "asyncio", quick=True),
    python("aiohttp+orjson", "uvloop"),
    python("httpx+msgspec", "uvloop"),
    python("httpx+pydantic", "asyncio", quick=True),
    python("niquests+msgspec", "uvloop"),
    python("pyreqwest+msgspec", "uvloop", quick=True, tls=True, single=True),
    python("pyreqwest+msgspec", "asyncio"),
    python("wreq+msgspec", "uvloop", quick=True, tls=True, single=True),
    python("wreq+msgspec", "asyncio", quick=True),
    blocking(OURS),
    blocking("httpx+msgspec"),
    blocking("niquests+msgspec"),
    blocking("pyreqwest+msgspec"),
    blocking("requests+msgspec"),
    blocking("requests+pydantic"),
    blocking("urllib3+msgspec"),
    Client("node", OURS, quick=True, tls=True, single=True),
    Client("node", UNLIMITED),
    Client("node", "undici-pool", quick=True, tls=True, single=True),
    Client("node", "undici-fetch"),
    Client("node", "fetch", quick=True),
    Client("node", "axios"),
    Client("node", "got"),
    Client("rust", OURS, quick=True, tls=True, single=True),
    Client("rust", UNLIMITED),
    Client("rust", "reqwest", quick=True, tls=True, single=True),
    Client("rust", "hyper", quick=True),
    Client("rust", "raw", workloads=(SET, GET100), quick=True),
)


@dataclass(frozen=True)
class Run:
    """One process and what it is to do."""

    client: Client
    workload: str
    callers: int
    tls: bool = False

    @property
    def key(self) -> str:
        parts = (self.client.language, self.client.loop, self.client.name, self.workload, str(self.callers))
        return "/".join(part for part in parts if part) + ("/tls" if self.tls else "")


def runs(*, quick: bool, only: list[str]) -> list[Run]:
    """Every run of one repetition. All the words of one `--only` must stand in a run's key."""
    found = [run for client in CLIENTS if client.quick or not quick for run in of(client, quick=quick)]
    if not only:
        return found
    return [run for run in found if any(all(part in run.key for part in words.split(",")) for words in only)]


def of(client: Client, *, quick: bool) -> Iterator[Run]:
    for workload in client.workloads:
        for callers in client.callers:
            yield Run(client, workload, callers)
    if client.tls and not quick:
        for callers in client.callers:
            yield Run(client, GET100, callers, tls=True)
    if client.single and not quick:
        yield Run(client, GET, 64)


def shuffled(plan: list[Run], repetitions: int, seed: int) -> Iterator[tuple[int, Run]]:
    """Each repetition in an order of its own, so that a slow moment of the machine meets every client."""
    for repetition in range(repetitions):
        order = list(plan)
        random.Random(f"{seed}/{repetition}").shuffle(order)
        for run in order:
            yield repetition, run
