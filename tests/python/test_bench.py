"""What the benchmarks make of what they have measured."""

from __future__ import annotations

import json

import pytest
from harness import document, page, plan
from harness.figures import Results, graded, ratio
from harness.plan import GET100, SET, Client, Run
from harness.table import measured, promised, shown
from harness.targets import LOOP, RATE, TARGETS, Target

OURS = Run(Client("python", "ours", "uvloop"), SET, 64)
FAST = Run(Client("python", "wreq+msgspec", "asyncio"), SET, 64)
THRIFTY = Run(Client("python", "aiohttp+msgspec", "uvloop"), SET, 64)


def figures(per_second: float, cpu: float, loop: float | None) -> dict[str, float | None]:
    return {"per_second": per_second, "cpu_us": cpu, "loop_us": loop, "timer_p99_ms": None, "peak_mb": 30.0}


def results() -> Results:
    found = Results()
    for repetition, slow in enumerate([1.0, 0.5, 1.0]):
        found.add(OURS, repetition, figures(2_000 * slow, 10, 2))
        found.add(FAST, repetition, figures(1_000 * slow, 40, 8))
        found.add(THRIFTY, repetition, figures(500 * slow, 20, 20))
    return found


def test_each_figure_is_compared_with_the_peer_that_is_best_in_it() -> None:
    by_metric = {one.metric: one for one in graded(results())}
    assert (by_metric[RATE].peer, by_metric[RATE].value.median) == (FAST, 2.0)
    assert (by_metric["cpu_us"].peer, by_metric["cpu_us"].value.median) == (THRIFTY, 0.5)
    assert (by_metric[LOOP].peer, by_metric[LOOP].value.median) == (FAST, 0.25)
    assert all(one.met for one in by_metric.values())


def test_a_slow_moment_that_meets_everyone_leaves_the_spread_of_a_ratio_alone() -> None:
    found = ratio(results(), OURS, [FAST], RATE)
    assert found is not None
    assert (found.value.least, found.value.most) == (2.0, 2.0)


def test_more_calls_and_less_time_meet_a_target() -> None:
    assert Target("node", SET, 1, RATE, 1.2).met(1.2)
    assert not Target("node", SET, 1, RATE, 1.2).met(1.19)
    assert Target("node", SET, 1, LOOP, 0.4).met(0.4)
    assert not Target("node", SET, 1, LOOP, 0.4).met(0.41)


def test_every_target_has_a_client_and_a_peer_that_a_quick_run_measures() -> None:
    quick = plan.runs(quick=True, only=[])
    for target in TARGETS:
        fitting = [
            run.client
            for run in quick
            if (run.client.language, run.workload, run.callers) == (target.language, target.workload, target.callers)
        ]
        assert any(client.is_peer for client in fitting), target
        assert any(client.name == "ours" for client in fitting), target


def test_every_repetition_has_every_run_once_in_an_order_that_the_seed_decides() -> None:
    runs = plan.runs(quick=False, only=["python,uvloop"])
    assert runs
    assert all("python/uvloop/" in run.key for run in runs)
    assert len({run.key for run in runs}) == len(runs)
    orders = [run for _, run in plan.shuffled(runs, 2, seed=7)]
    first, second = orders[: len(runs)], orders[len(runs) :]
    assert first != second
    assert sorted(run.key for run in first) == sorted(run.key for run in second) == sorted(run.key for run in runs)
    assert orders == [run for _, run in plan.shuffled(runs, 2, seed=7)]
    assert orders != [run for _, run in plan.shuffled(runs, 2, seed=8)]


def test_numbers_have_three_digits() -> None:
    assert [shown(number) for number in (25_437, 999.6, 123.4, 12.34, 0.1234, None)] == [
        "25,400",
        "1000",
        "123",
        "12.3",
        "0.123",
        "–",
    ]


def test_the_page_keeps_what_was_written_by_hand(tmp_path) -> None:
    path = tmp_path / "page.md"
    path.write_text(f"before\n\n{page.BEGIN}\nold\n{page.END}\n\nafter\n", encoding="utf-8")
    machine = dict.fromkeys(("commit", "cpu", "memory", "system", "python", "node", "rust"), "x")
    told = {"machine": machine, "peers": {"wreq": "1"}, "seconds": 0.5, "seed": 7, "extras": {}, "failures": {}}
    for _ in range(2):
        page.write(path, results(), told)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("before\n\n")
    assert text.endswith("\n\nafter\n")
    assert "old" not in text
    assert text.count("| ours, uvloop | 2,000 |") == 1
    path.write_text("no marks", encoding="utf-8")
    with pytest.raises(SystemExit, match="marks"):
        page.write(path, results(), told)


def test_a_document_gives_the_results_back(monkeypatch) -> None:
    monkeypatch.setattr(document, "machine", dict)
    monkeypatch.setattr(document, "peers", dict)
    written = document.written(results(), seed=7, seconds=0.5, failures={}, extras={})
    again = document.read(json.loads(json.dumps(written)))
    assert promised(again).rows == promised(results()).rows
    assert [table.rows for table in measured(again)] == [table.rows for table in measured(results())]


def test_a_peer_that_is_better_is_named() -> None:
    found = results()
    assert "No peer was better" in page.worse(found)
    better = Run(Client("python", "httpx+msgspec", "uvloop"), SET, 64)
    found.add(better, 0, figures(4_000, 10, 2))
    assert "httpx+msgspec, uvloop has 4,000 calls a second, ours 2,000" in page.worse(found)
    assert GET100 not in page.worse(found)
