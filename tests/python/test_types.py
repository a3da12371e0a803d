"""mypy and pyright in strict mode, and stubtest against the module that was built, have nothing to say."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.files import ROOT

CHECKS = {
    "mypy": ["mypy"],
    "mypy-inference": ["mypy", "--no-error-summary", "tests/python/typing/inference.py"],
    "pyright": ["pyright", "--warnings", "--pythonpath", sys.executable],
    "stubtest": ["mypy.stubtest", "easemob_presence._native", "--mypy-config-file", "pyproject.toml"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_types(check: str) -> None:
    done = subprocess.run([sys.executable, "-m", *CHECKS[check]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
