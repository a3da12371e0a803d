"""The generated part of docs/performance.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .extras import tables
from .figures import Results, graded, others
from .table import HEADS, LANGUAGES, Table, beside, measured, promised, work
from .table import shown as number

if TYPE_CHECKING:
    from pathlib import Path

BEGIN, END = "<!-- Written by make bench ARGS=--page from here -->", "<!-- to here -->"


def write(page: Path, results: Results, document: dict[str, Any]) -> None:
    """Replaces what stands between the marks; the rest of the page is written by hand."""
    before, mark, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (mark and end):
        raise SystemExit(f"{page.name} has lost the marks between which its figures stand.")
    page.write_text(
        "".join([before, BEGIN, "\n\n", generated(results, document), "\n\n", END, after]), encoding="utf-8"
    )


def generated(results: Results, document: dict[str, Any]) -> str:
    machine = document["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in document["peers"].items())
    repetitions = max((len(found) for found in results.found.values()), default=0)
    made = (
        f"Measured at commit {machine['commit']} on {machine['cpu']}, {machine['memory']}, {machine['system']}, with "
        f"Python {machine['python']}, Node {machine['node']} and Rust {machine['rust']}: {repetitions} repetitions of "
        f"{document['seconds']:g} s, seed {document['seed']}. Peers: {versions}."
    )
    met = [one.met for one in graded(results)]
    count = f"{sum(met)} of {len(met)} targets met in this run."
    parts = [made, count, worse(results), *(table.markdown() for table in shown(results, document) if table.rows)]
    if document["failures"]:
        failed = "\n".join(f"- {key}: {why}" for key, why in document["failures"].items())
        parts.append("### Runs that failed\n\n" + failed)
    return "\n\n".join(parts)


def worse(results: Results) -> str:
    """Where somebody should take a peer instead, if nothing but this figure mattered."""
    found = [one for one in graded(results) + others(results) if not one.better]
    if not found:
        return "No peer was better than ours in any of the figures that are compared."
    lines = (
        f"- {LANGUAGES[one.ours.client.language]} {work(one.ours)}: {one.peer.client.label} has "
        f"{number(one.peer_median)} {HEADS[one.metric]}, ours {number(one.ours_median)}"
        for one in found
    )
    return "A peer was better than ours here:\n\n" + "\n".join(lines)


def shown(results: Results, document: dict[str, Any]) -> list[Table]:
    return [promised(results), beside(results), *tables(document["extras"]), *measured(results)]
