"""What this project promises, as ratios to the best peer of the language in the same run."""

from __future__ import annotations

from dataclasses import dataclass

from .plan import GET100, SET, TOUCHED

RATE, CPU, LOOP = "per_second", "cpu_us", "loop_us"
TITLES = {RATE: "calls a second", CPU: "processor time a call", LOOP: "event-loop thread a call"}


@dataclass(frozen=True)
class Target:
    """More calls a second are better; less time is."""

    language: str
    workload: str
    callers: int
    metric: str
    bound: float

    def met(self, ratio: float) -> bool:
        return ratio >= self.bound if self.metric == RATE else ratio <= self.bound

    @property
    def wanted(self) -> str:
        return f"{'≥' if self.metric == RATE else '≤'} {self.bound:g}"


def row(language: str, workload: str, one: float, many: float, cpu: float, loop: float | None) -> list[Target]:
    found = [
        Target(language, workload, 1, RATE, one),
        Target(language, workload, 64, RATE, many),
        Target(language, workload, 64, CPU, cpu),
    ]
    return found if loop is None else [*found, Target(language, workload, 64, LOOP, loop)]


TARGETS = (
    *row("python", SET, 1.3, 1.4, 0.7, 0.3),
    *row("python", GET100, 1.3, 2.0, 0.5, 0.15),
    *row("python", TOUCHED, 1.0, 1.2, 0.9, 0.7),
    *row("node", SET, 1.2, 1.2, 0.8, 0.4),
    *row("node", GET100, 2.5, 3.0, 0.4, 0.1),
    *row("node", TOUCHED, 1.8, 1.8, 0.6, 0.4),
    *row("rust", SET, 1.0, 1.0, 1.0, None),
    *row("rust", GET100, 1.4, 2.0, 0.5, None),
)

# Rust is compared with the client that a user would take; hyper's own pool is shown beside it.
RUST_PEERS = frozenset({"reqwest"})
