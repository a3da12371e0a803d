"""The picture for the README: what 64 callers get, and how long each call holds the event loop."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from .figures import Results, plain
from .plan import GET100, OURS, SET, UNLIMITED
from .table import LANGUAGES, shown
from .targets import LOOP, RATE

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

# Bars beyond so many times the middle one end at the edge: next to them no other could be told from nothing.
EDGE = 4
OWN, OTHER = "#1b7f5c", "#b8c0c8"
PANELS = (
    (SET, RATE, "One status written: calls a second, 64 callers"),
    (GET100, RATE, "100 users read: calls a second, 64 callers"),
    (GET100, LOOP, "100 users read: event loop's µs a call"),
)


def draw(results: Results, path: Path) -> None:
    """One column for each figure, one row for each language; the same bytes for the same results."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "easemob-presence", "font.size": 8, "font.family": "DejaVu Sans"})
    from matplotlib import pyplot

    bars = {language: [bars_of(results, language, *panel[:2]) for panel in PANELS] for language in LANGUAGES}
    shown_languages = [language for language, columns in bars.items() if any(columns)]
    heights = [max(len(column) for column in bars[language]) for language in shown_languages]
    figure, axes = pyplot.subplots(
        len(shown_languages),
        len(PANELS),
        figsize=(13, 1 + 0.24 * sum(heights) + 0.3 * len(heights)),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for language, rows in zip(shown_languages, axes, strict=True):
        for column, (axis, panel) in enumerate(zip(rows, PANELS, strict=True)):
            fill(axis, bars[language][column])
            if language == shown_languages[0]:
                axis.set_title(panel[2], loc="left")
        rows[0].set_ylabel(LANGUAGES[language], fontweight="bold")
    figure.savefig(path, format="svg", metadata={"Date": None})
    pyplot.close(figure)


def bars_of(results: Results, language: str, workload: str, metric: str) -> list[tuple[str, float]]:
    """Labels and medians, the best at the top. What is no product of anyone is left out."""
    found = [
        (run.client.label, spread.median)
        for run in plain(results)
        if (run.client.language, run.workload, run.callers) == (language, workload, 64)
        and run.client.name not in {UNLIMITED, "raw"}
        and run.client.loop != "threads"
        and (spread := results.spread(run, metric)) is not None
    ]
    return sorted(found, key=lambda bar: bar[1], reverse=metric == RATE)


def fill(axis: Axes, bars: list[tuple[str, float]]) -> None:
    if not bars:
        axis.set_axis_off()
        return
    labels = ["easemob-presence" + label.removeprefix(OURS) if is_own(label) else label for label, _ in bars]
    values = [value for _, value in bars]
    edge = min(max(values), EDGE * statistics.median(values))
    drawn = [min(value, edge) for value in values]
    axis.barh(labels, drawn, color=[OWN if is_own(label) else OTHER for label, _ in bars])
    for row, (value, length) in enumerate(zip(values, drawn, strict=True)):
        axis.text(length + 0.02 * edge, row, shown(value) + (" »" if value > length else ""), va="center")
    axis.set_xlim(0, 1.2 * edge)
    axis.invert_yaxis()
    axis.set_xticks([])
    axis.tick_params(axis="y", length=0)
    axis.spines[["top", "right", "bottom"]].set_visible(False)


def is_own(label: str) -> bool:
    return label.split(",")[0] == OURS
