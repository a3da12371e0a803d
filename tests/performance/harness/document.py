"""A run as JSON, and back."""

from __future__ import annotations

import json
import platform
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .figures import METRICS, Results, graded, others
from .launch import HERE, PEERS_VENV, ROOT
from .plan import CLIENTS, Run


def machine() -> dict[str, str]:
    """What the figures were measured on, and with."""
    cpu = next((line.split(":")[1].strip() for line in lines("/proc/cpuinfo") if line.startswith("model name")), "?")
    cores = sum(1 for line in lines("/proc/cpuinfo") if line.startswith("processor"))
    memory = next((int(line.split()[1]) for line in lines("/proc/meminfo") if line.startswith("MemTotal:")), 0)
    return {
        "cpu": f"{cpu}, {cores} cores",
        "memory": f"{memory / 2**20:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": said([str(PEERS_VENV), "--version"]).removeprefix("Python "),
        "node": said(["node", "--version"]).removeprefix("v"),
        "rust": said(["rustc", "--version"]).split()[1],
        "commit": said(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]),
    }


def lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def said(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def peers() -> dict[str, str]:
    """The pinned versions."""
    pinned = (line.partition("==") for line in lines(str(HERE / "peers/python/requirements.txt")))
    versions = {name: version for name, _, version in pinned}
    node = json.loads((HERE / "peers/node/package.json").read_text(encoding="utf-8"))
    versions |= node["dependencies"]
    lock = (HERE / "peers/rust/Cargo.lock").read_text(encoding="utf-8").split("[[package]]")
    for crate in ("reqwest", "hyper", "hyper-util"):
        package = next(part for part in lock if f'name = "{crate}"\n' in part)
        versions[f"{crate} (Rust)"] = package.split('version = "')[1].split('"')[0]
    return versions


def written(results: Results, *, seed: int, seconds: float, failures: dict[str, str], extras: Any) -> dict[str, Any]:
    """Everything, so that tables and pictures can be made again without measuring."""
    return {
        "machine": machine(),
        "peers": peers(),
        "seed": seed,
        "seconds": seconds,
        "failures": failures,
        "extras": extras,
        "ratios": [
            {
                "ours": one.ours.key,
                "peer": one.peer.key,
                "metric": one.metric,
                **asdict(one.value),
                "target": one.target and one.target.bound,
                "met": one.met,
            }
            for one in graded(results) + others(results)
        ],
        "medians": {
            run.key: {
                metric: asdict(spread) for metric in METRICS if (spread := results.spread(run, metric)) is not None
            }
            for run in results.found
        },
        "runs": [
            {
                "language": run.client.language,
                "name": run.client.name,
                "loop": run.client.loop,
                "workload": run.workload,
                "callers": run.callers,
                "tls": run.tls,
                "repetitions": {str(at): figures for at, figures in found.items()},
            }
            for run, found in results.found.items()
        ],
    }


def read(document: dict[str, Any]) -> Results:
    """The results of a document. Clients that are measured no more are left out."""
    known = {(client.language, client.name, client.loop): client for client in CLIENTS}
    results = Results()
    for one in document["runs"]:
        client = known.get((one["language"], one["name"], one["loop"]))
        if client is not None:
            run = Run(client, one["workload"], one["callers"], one["tls"])
            for repetition, figures in one["repetitions"].items():
                results.add(run, int(repetition), figures)
    return results
