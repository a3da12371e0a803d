"""Fixtures of the lifecycle tests. Programs that fork or die run in an interpreter of their own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from support.silent import SilentServer
from support.unpaced import UnpacedEmulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from easemob_presence.testing import Emulator

# For what ends by itself in a healthy run, however slow the machine.
PATIENCE = 60


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator without rate limits, for clients without them."""
    with UnpacedEmulator() as emulator:
        yield emulator


@pytest.fixture
def silent() -> Iterator[SilentServer]:
    """A server that takes requests and never answers."""
    server = SilentServer()
    yield server
    server.close()


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a Python program, given as text, with arguments; every warning in it is an error."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(program), *arguments]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def run(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., str]:
    """Runs a program to its end, which must be silent and successful; gives what it printed."""

    def run(program: str, *arguments: str) -> str:
        process = start(program, *arguments)
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, err) == (0, ""), out
        return out

    return run
