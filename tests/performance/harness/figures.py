"""From runs to medians, and from medians to ratios."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .plan import OURS, Run
from .targets import LOOP, RATE, RUST_PEERS, TARGETS, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

METRICS = (RATE, "cpu_us", LOOP, "timer_p99_ms", "peak_mb")


@dataclass(frozen=True)
class Spread:
    """A median over repetitions, with the least and the most."""

    median: float
    least: float
    most: float

    @classmethod
    def over(cls, numbers: Iterable[float]) -> Spread:
        found = sorted(numbers)
        return cls(statistics.median(found), found[0], found[-1])


class Results:
    """What every repetition of every run has shown."""

    def __init__(self) -> None:
        self.found: dict[Run, dict[int, dict[str, Any]]] = defaultdict(dict)

    def add(self, run: Run, repetition: int, figures: dict[str, Any]) -> None:
        self.found[run][repetition] = figures

    def values(self, run: Run, metric: str) -> dict[int, float]:
        """By repetition; empty where this kind of client has no such figure."""
        given = self.found.get(run, {})
        return {at: figures[metric] for at, figures in given.items() if figures[metric] is not None}

    def spread(self, run: Run, metric: str) -> Spread | None:
        values = self.values(run, metric)
        return Spread.over(values.values()) if values else None

    def best(self, runs: Iterable[Run], metric: str) -> Run | None:
        """The run with the best median."""
        spreads = [(spread.median, run) for run in runs if (spread := self.spread(run, metric)) is not None]
        if not spreads:
            return None
        choose: Callable[..., tuple[float, Run]] = max if metric == RATE else min
        return choose(spreads, key=lambda pair: pair[0])[1]


@dataclass(frozen=True)
class Ratio:
    """Ours divided by the best peer's: that of the medians, and the least and the most of any repetition."""

    ours: Run
    peer: Run
    metric: str
    value: Spread
    ours_median: float
    peer_median: float
    target: Target | None = None

    @property
    def better(self) -> bool:
        """Whether ours is at least as good."""
        return self.value.median >= 1 if self.metric == RATE else self.value.median <= 1

    @property
    def met(self) -> bool | None:
        return None if self.target is None else self.target.met(self.value.median)


def ratio(results: Results, ours: Run, peers: Iterable[Run], metric: str, target: Target | None = None) -> Ratio | None:
    mine, peer = results.values(ours, metric), results.best(peers, metric)
    if not mine or peer is None:
        return None
    theirs = results.values(peer, metric)
    each = Spread.over(mine[at] / theirs[at] for at in mine.keys() & theirs.keys())
    one, other = statistics.median(mine.values()), statistics.median(theirs.values())
    return Ratio(ours, peer, metric, Spread(one / other, each.least, each.most), one, other, target)


def graded(results: Results) -> list[Ratio]:
    """Every target, as far as this run has measured what it is about."""
    found = []
    for target in TARGETS:
        same = [run for run in plain(results) if fits(run, target)]
        ours = next((run for run in same if run.client.name == OURS and run.client.loop in {"", "uvloop"}), None)
        peers = [run for run in same if run.client.is_peer and run.client.loop != "threads"]
        if target.language == "rust":
            peers = [run for run in peers if run.client.name in RUST_PEERS]
        if ours is not None and (found_ratio := ratio(results, ours, peers, target.metric, target)) is not None:
            found.append(found_ratio)
    return found


def others(results: Results) -> list[Ratio]:
    """Ratios without a target: each other kind of loop in Python against peers of the same kind, and over TLS."""
    found = []
    for ours in results.found:
        if ours.client.name != OURS or (not ours.tls and ours.client.loop in {"", "uvloop"}):
            continue
        peers = [run for run in results.found if run.client.is_peer and same_work(run, ours)]
        found += [one for metric in (RATE, "cpu_us", LOOP) if (one := ratio(results, ours, peers, metric)) is not None]
    return sorted(found, key=lambda one: (one.ours.key, METRICS.index(one.metric)))


def same_work(run: Run, ours: Run) -> bool:
    return (run.client.language, run.client.loop, run.workload, run.callers, run.tls) == (
        ours.client.language,
        ours.client.loop,
        ours.workload,
        ours.callers,
        ours.tls,
    )


def fits(run: Run, target: Target) -> bool:
    return (run.client.language, run.workload, run.callers) == (target.language, target.workload, target.callers)


def plain(results: Results) -> list[Run]:
    return [run for run in results.found if not run.tls]
