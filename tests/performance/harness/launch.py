"""The processes: the mock on one core, one client at a time on another."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .plan import OURS, UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .plan import Run

ROOT = Path(__file__).resolve().parents[3]
HERE = ROOT / "tests/performance"
OUT = ROOT / "target/bench"
AUTHORITY = OUT / "authority.pem"
BINARIES = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve() / "release"
VENV = ROOT / ".venv/bin/python"
PEERS_VENV = OUT / "python/bin/python"
# More than any run takes on a busy machine.
PATIENCE = 30.0


class Failed(Exception):
    """A run that does not count, with what the process said last."""


def cores() -> tuple[int, int]:
    """The mock's core and the clients'."""
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(allowed) < 2 or shutil.which("taskset") is None:
        raise SystemExit("make bench needs Linux with taskset and two cores: one for the mock, one for the client.")
    return allowed[0], allowed[1]


def environment() -> dict[str, str]:
    """The same for everyone: no proxy, no settings of the service, no pools of threads larger than the core."""
    kept = {key: value for key, value in os.environ.items() if "proxy" not in key.lower() and "EASEMOB" not in key}
    return {**kept, "PYTHONPATH": str(HERE / "python")}


def pinned(core: int, command: list[str]) -> list[str]:
    return ["taskset", "--cpu-list", str(core), *command]


@contextmanager
def mock(core: int) -> Iterator[dict[bool, str]]:
    """The addresses of the mock, plain and with TLS, for as long as it runs."""
    program = BINARIES / "easemob-presence-bench-mock"
    OUT.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        pinned(core, [str(program), str(AUTHORITY)]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        ports = json.loads(process.stdout.readline())
        # The certificate holds for both names; some clients want a name for TLS.
        yield {False: f"http://127.0.0.1:{ports['port']}", True: f"https://localhost:{ports['tls_port']}"}
        process.stdin.close()


def command(run: Run, seconds: float, url: str) -> list[str]:
    arguments = [run.client.name, run.workload, str(run.callers), str(seconds), url, str(AUTHORITY)]
    own = run.client.name in {OURS, UNLIMITED}
    if run.client.language == "python":
        program = [str(VENV), str(HERE / "python/ours.py")]
        program = program if own else [str(PEERS_VENV), str(HERE / "peers/python/peers.py")]
        return [*program, *arguments, run.client.loop]
    if run.client.language == "node":
        return ["node", str(HERE / ("node/ours.mjs" if own else "peers/node/peers.mjs")), *arguments]
    return [str(BINARIES / f"easemob-presence-bench-{'rust' if own else 'peers'}"), *arguments]


def measure(run: Run, seconds: float, urls: dict[bool, str], core: int) -> dict[str, Any]:
    """One process, from its start to its end."""
    return answered(pinned(core, command(run, seconds, urls[run.tls])))


def answered(command: list[str]) -> dict[str, Any]:
    """The line of JSON that a program ends with."""
    try:
        ended = subprocess.run(
            command, env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"no end after {PATIENCE:g} s") from None
    if ended.returncode != 0:
        said = ended.stderr.strip().splitlines() or [f"ended with {ended.returncode}"]
        # Node names its error first and itself last.
        raise Failed(next((line for line in reversed(said) if "Error" in line), said[-1]))
    return json.loads(ended.stdout.splitlines()[-1])
