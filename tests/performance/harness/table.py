"""Tables, of which the terminal and the page in docs/ show the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .figures import METRICS, Ratio, Results, graded, others
from .plan import READS, Run
from .targets import RATE, TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LANGUAGES = {"python": "Python", "node": "Node", "rust": "Rust"}
HEADS = {
    RATE: "calls a second",
    "cpu_us": "CPU µs a call",
    "loop_us": "loop µs a call",
    "timer_p99_ms": "timer p99 ms",
    "peak_mb": "peak MB",
}


@dataclass
class Table:
    """Words in rows; the first column is of words, all others are of numbers."""

    title: str
    head: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def text(self) -> str:
        widths = [max(len(row[at]) for row in [self.head, *self.rows]) for at in range(len(self.head))]
        return "\n".join([self.title, *(self.line(row, widths) for row in [self.head, *self.rows])])

    @staticmethod
    def line(row: Sequence[str], widths: list[int]) -> str:
        first, *rest = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        return "  ".join(["  " + first.strip().ljust(widths[0]), *rest]).rstrip()

    def markdown(self) -> str:
        rule = ["---", *["---:"] * (len(self.head) - 1)]
        rows = [self.head, rule, *self.rows]
        return "\n".join([f"### {self.title}", "", *("| " + " | ".join(row) + " |" for row in rows)])


def shown(number: float | None) -> str:
    """Three digits: more say nothing."""
    if number is None:
        return "–"
    if number >= 1_000:
        return f"{float(f'{number:.3g}'):,.0f}"
    return f"{number:.3g}" if number < 100 else f"{number:.0f}"


def ratios(found: Iterable[Ratio], title: str) -> Table:
    table = Table(title, ("workload", "of", "ours", "best peer", "peer", "ratio", "least–most", "target", ""))
    for one in found:
        run, verdict = one.ours, {True: "met", False: "MISSED", None: ""}[one.met]
        table.rows.append(
            (
                f"{LANGUAGES[run.client.language]} {work(run)}",
                TITLES[one.metric],
                shown(one.ours_median),
                shown(one.peer_median),
                one.peer.client.label,
                f"{one.value.median:.2f}",
                f"{one.value.least:.2f}–{one.value.most:.2f}",
                one.target.wanted if one.target else "",
                verdict,
            )
        )
    return table


def work(run: Run) -> str:
    loop = f", {run.client.loop}" if run.client.loop not in {"", "uvloop"} else ""
    return f"{run.workload}{' over TLS' if run.tls else ''}, {callers(run)}{loop}"


def callers(run: Run) -> str:
    return "1 caller" if run.callers == 1 else f"{run.callers} callers"


def measured(results: Results) -> list[Table]:
    """One table for each language and workload, the fastest first."""
    tables = []
    groups: dict[tuple[str, str, bool, int], list[Run]] = {}
    for run in results.found:
        groups.setdefault((run.client.language, run.workload, run.tls, run.callers), []).append(run)
    order = list(LANGUAGES), list(READS)
    for (language, workload, tls, many), runs in sorted(
        groups.items(), key=lambda item: (order[0].index(item[0][0]), order[1].index(item[0][1]), item[0][2:])
    ):
        name = f"{LANGUAGES[language]}, {workload}{' over TLS' if tls else ''}: {READS[workload]}"
        table = Table(f"{name}, {'1 caller' if many == 1 else f'{many} callers'}", ("client", *HEADS.values()))
        spreads = {run: {metric: results.spread(run, metric) for metric in METRICS} for run in runs}
        for run, figures in sorted(spreads.items(), key=lambda item: -item[1][RATE].median):
            cells = (shown(spread.median if spread else None) for spread in figures.values())
            table.rows.append((run.client.label, *cells))
        tables.append(table)
    return tables


def promised(results: Results) -> Table:
    return ratios(graded(results), "Targets: ours beside the best peer of the language")


def beside(results: Results) -> Table:
    return ratios(others(results), "Without a target: Python on asyncio and on threads, and everything over TLS")
