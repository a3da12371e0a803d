"""The examples of watching, run as programs."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.files import ROOT
from support.silent import PATIENCE
from test_example_webhook import SECRET, post, serving

if TYPE_CHECKING:
    from easemob_presence import Event
    from easemob_presence.testing import Emulator

EXAMPLES = ROOT / "bindings-python" / "examples"


@pytest.fixture
def slow(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The emulator that the environment names."""
    monkeypatch.setenv("EASEMOB_EMULATOR_HOST", emulator.host)
    return emulator


def test_a_team_is_watched_until_ctrl_c(slow: Emulator) -> None:
    slow.state.login("c2", "ios_1")
    command = [sys.executable, str(EXAMPLES / "watch_team.py"), "wzy", "c2", "c3"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as program:
        assert program.stdout is not None
        assert [program.stdout.readline() for _ in range(2)] == ["c2 is here\n", "1 of 2 are here\n"]
        slow.state.login("c3", "ios_1")
        assert program.stdout.readline() == "c3 came\n"
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=PATIENCE)
        assert (program.returncode, out, err) == (0, "", "")


def test_a_server_for_callbacks_feeds_a_watcher(slow: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    import webhook_watcher as example

    monkeypatch.setenv("EASEMOB_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("TEAM", "wzy,c2,c3")
    events: queue.Queue[Event] = queue.Queue()
    with serving(example.app(events.put), lifespan="on") as port:
        assert events.get(timeout=PATIENCE).kind == "synced"
        assert post(port, slow.callback("c3", "ios_1", "login", SECRET)) == 200
        event = events.get(timeout=PATIENCE)
        assert (event.kind, event.user_id, event.source) == ("enter", "c3", "callback")
