"""The scale run is a measurement; a small size of each part is run here, so that it cannot rot."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("part", ["gets", "get_many", "iter_many", "watch"])
def test_a_small_scale_run_reads_every_user_and_writes_its_figures(part: str, tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    arguments = ["--language", "python", "--only", part, "--users", "250", "--out", str(out)]
    command = [sys.executable, str(ROOT / "tests/performance/scale"), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    (figures,) = json.loads(out.read_text())["measured"]
    assert (figures["read"], figures["refused"]) == (250, 0)
    assert figures["calls"] >= 3
    assert part in ended.stdout
