"""One record for each call under `easemob_presence`, without secrets and, unless asked, without user ids."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from easemob_presence import PresenceError

if TYPE_CHECKING:
    from easemob_presence.testing import Emulator


def test_every_call_is_one_record(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "easemob_presence")
    with emulator.client() as client:
        client.user("canary-user").get("canary-other")
        emulator.configure(presence_enabled=False)
        with pytest.raises(PresenceError):
            client.user("canary-user").get("canary-other")

    async def cancelled() -> None:
        task = asyncio.create_task(emulator.async_client().user("canary-user").get("c2"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    succeeded, failed, gone = caplog.records
    assert (succeeded.levelno, failed.levelno, gone.levelno) == (logging.DEBUG, logging.INFO, logging.INFO)
    assert succeeded.getMessage().startswith("get succeeded in ")
    assert failed.getMessage().startswith("get failed with feature_disabled (400) in ")
    assert gone.getMessage().startswith("get was cancelled in ")
    assert vars(failed)["kind"] == "feature_disabled" and vars(failed)["duration_ms"] > 0
    everything = " ".join(str(vars(record)) for record in caplog.records)
    assert "canary" not in everything and emulator.client_secret not in everything


def test_user_ids_stand_there_if_asked(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "easemob_presence")
    with emulator.client(log_user_ids=True) as client:
        client.with_options(timeout=5).user("wzy").get("canary-other")
    (record,) = caplog.records
    assert "get by wzy succeeded" in record.getMessage() and "canary" not in str(vars(record))


def test_a_handler_that_raises_changes_no_call_and_is_told_once(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("the handler failed")

    monkeypatch.setattr("easemob_presence._log._told", False)
    handler, logger = Failing(), logging.getLogger("easemob_presence")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        with emulator.client() as client:
            for _ in range(2):
                assert client.user("wzy").get("c2").user_id == "c2"
            emulator.configure(presence_enabled=False)
            with pytest.raises(PresenceError):
                client.user("wzy").get("c2")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert capsys.readouterr().err.count("RuntimeError: the handler failed") == 1


def test_nothing_is_written_and_logging_not_imported_until_the_application_does(emulator: Emulator) -> None:
    program = f"""
import sys
from easemob_presence import PresenceClient, PresenceError
client = PresenceClient(emulator={emulator.host!r})
client.user("wzy").get("c2")
assert "logging" not in sys.modules
import logging
client.close()
try:
    client.user("wzy").get("c2")
except PresenceError:
    pass
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
