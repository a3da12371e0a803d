"""The example of paging through very many users, run as a program with fewer."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from support.files import ROOT
from support.silent import PATIENCE

if TYPE_CHECKING:
    from easemob_presence.testing import Emulator

PROGRAM = ROOT / "bindings-python" / "examples" / "page_users.py"


def run(emulator: Emulator) -> tuple[str, str]:
    command = [sys.executable, str(PROGRAM), "wzy", "3000"]
    variables = os.environ | {"EASEMOB_EMULATOR_HOST": emulator.host}
    ended = subprocess.run(command, capture_output=True, text=True, env=variables, timeout=PATIENCE, check=True)
    return ended.stdout, ended.stderr


def test_everyone_is_counted_once(emulator: Emulator) -> None:
    emulator.state.login("user2999", "ios_1")
    assert run(emulator) == ("online 1\noffline 2999\nmissing 0\nfailed 0\n", "")


def test_a_request_that_fails_is_told_of_and_the_others_are_counted(emulator: Emulator) -> None:
    answer = {"type": "answer", "status": 403, "body": {"error": "forbidden"}}
    match = {"operation": "get", "contains": '"user1500"'}
    emulator.faults.install({"faults": [{"match": match, "fault": answer}]})
    out, err = run(emulator)
    counts = dict(line.split() for line in out.splitlines())
    assert sum(map(int, counts.values())) == 3_000 and int(counts["failed"]) >= 100, out
    assert err
