"""Real backends that fork after the client was built and used: gunicorn with --preload, and Celery's prefork pool."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from easemob_presence.testing import Emulator

PATIENCE = 60

WEB_APPLICATION = """
import asyncio, os
from easemob_presence import AsyncPresenceClient, PresenceClient

client, aclient = PresenceClient.from_env(), AsyncPresenceClient.from_env()
client.user("wzy").get("c2")
asyncio.run(aclient.user("wzy").get("c2"))
master = os.getpid()

def app(environ, start_response):
    sync = client.user("wzy").get("c2")
    same = asyncio.run(aclient.user("wzy").get("c2"))
    assert sync == same and os.getpid() != master
    start_response("200 OK", [("content-type", "text/plain")])
    return [sync.user_id.encode()]
"""

TASKS = """
import asyncio, os
from celery import Celery
from easemob_presence import AsyncPresenceClient, PresenceClient

app = Celery("tasks", broker="filesystem://", backend="file://" + os.environ["RESULTS"])
app.conf.broker_transport_options = {
    "data_folder_in": os.environ["QUEUE"],
    "data_folder_out": os.environ["QUEUE"],
    "control_folder": os.environ["CONTROL"],
}
app.conf.broker_connection_retry_on_startup = False
client, aclient = PresenceClient.from_env(), AsyncPresenceClient.from_env()
client.user("wzy").get("c2")
asyncio.run(aclient.user("wzy").get("c2"))
loaded_by = os.getpid()

@app.task
def ask(user_id):
    sync = client.user("wzy").get(user_id)
    same = asyncio.run(aclient.user("wzy").get(user_id))
    assert sync == same and os.getpid() != loaded_by
    return sync.user_id
"""


@pytest.fixture
def start(emulator: Emulator, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a command in a directory of its own, with the emulator in its environment."""
    started: list[subprocess.Popen[str]] = []

    def start(*command: str) -> subprocess.Popen[str]:
        folders = {name: str(tmp_path / name.lower()) for name in ("QUEUE", "RESULTS", "CONTROL")}
        for folder in folders.values():
            os.makedirs(folder, exist_ok=True)
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env={**os.environ, **folders, "EASEMOB_EMULATOR_HOST": emulator.host},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_gunicorn_with_preload(start: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    (tmp_path / "web.py").write_text(WEB_APPLICATION)
    server = start("gunicorn", "--preload", "--workers", "2", "--bind", "127.0.0.1:0", "web:app")
    assert server.stdout is not None
    output = ""
    for line in server.stdout:
        output += line
        if found := re.search(r"Listening at: (http://[\d.:]+)", line):
            break
    else:
        pytest.fail(output)
    for _ in range(20):
        with urllib.request.urlopen(found[1], timeout=PATIENCE) as answer:
            assert answer.read() == b"c2"
    server.send_signal(signal.SIGTERM)
    rest, _ = server.communicate(timeout=PATIENCE)
    assert server.returncode == 0 and "Traceback" not in rest and "panicked" not in rest, rest


def test_celery_with_its_prefork_pool(start: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(TASKS)
    (tmp_path / "send.py").write_text(
        "from tasks import ask\n"
        "waiting = [ask.delay(f'c{number}') for number in range(10)]\n"
        f"print([result.get(timeout={PATIENCE}, interval=0.05) for result in waiting])\n"
    )
    worker = start("celery", "-A", "tasks", "worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "INFO")
    sender = start("send")
    out, _ = sender.communicate(timeout=PATIENCE)
    assert sender.returncode == 0 and out == f"{[f'c{number}' for number in range(10)]}\n", out
    worker.send_signal(signal.SIGTERM)
    log, _ = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0 and "Traceback" not in log and "panicked" not in log, log
