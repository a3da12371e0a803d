"""The interpreter exits at once, silently and with its own exit code, whatever is in flight; Ctrl-C ends a wait."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from support.silent import SilentServer

PATIENCE = 60

PRELUDE = """
import asyncio, sys, threading, time
from easemob_presence import AsyncPresenceClient, PresenceClient

client = PresenceClient(emulator=sys.argv[1], app_token="x", coalesce=False)
aclient = AsyncPresenceClient(emulator=sys.argv[1], app_token="x", coalesce=False)

def in_thread(target):
    threading.Thread(target=target, daemon=True).start()

def say_when_asked():
    print("in flight", flush=True)
    sys.stdin.readline()

def wait(client=client):
    client.user("wzy").get("c2")

async def await_many():
    await asyncio.gather(*(aclient.user("wzy").get("c2") for _ in range(20)))

async def hang():
    await asyncio.Event().wait()
"""

ENDINGS = {
    "end": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "exception": ("raise SystemExit(4)", 4),
}
# What is in flight, and how many requests that is. All have arrived before the end begins: a call that is only being
# made then is refused, which its thread says.
IN_FLIGHT = {
    "sync-in-daemon-threads": (8, "for _ in range(8): in_thread(wait)"),
    "loop-in-daemon-thread": (20, "in_thread(lambda: asyncio.run(await_many()))"),
    "loop-that-is-never-closed": (
        8,
        "loop = asyncio.new_event_loop()\n"
        # A loop in debug mode that is never closed complains at exit by itself (Python 3.13).
        "loop.set_debug(False)\n"
        "calls = [aclient.user('wzy')._native.get('c2', None) for _ in range(8)]\n"
        "from easemob_presence._loop import _bridge_of\n"
        "for call in calls: call.start(_bridge_of(loop).queue)\n",
    ),
    "token-provider": (
        1,
        "asked = threading.Event()\n"
        "asking = PresenceClient(emulator=sys.argv[1], token_provider=lambda: asked.set() or time.sleep(1000))\n"
        "in_thread(wait)\n"
        "in_thread(lambda: wait(asking))\n"
        "asked.wait()\n",
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("in_flight", IN_FLIGHT)
def test_exit_with_calls_in_flight(
    silent: SilentServer, start: Callable[..., subprocess.Popen[str]], in_flight: str, ending: str
) -> None:
    end, code = ENDINGS[ending]
    requests, calls = IN_FLIGHT[in_flight]
    # A loop left open is the application's own carelessness, about which Python itself would warn.
    quiet = "import warnings; warnings.simplefilter('ignore', ResourceWarning)\n"
    process = start(f"{PRELUDE}{quiet}{calls}\nsay_when_asked()\n{end}\n", silent.host)
    assert process.stdout is not None
    assert process.stdout.readline() == "in flight\n"
    silent.wait_for_requests(requests)
    began = time.monotonic()
    _, err = process.communicate("go\n", timeout=PATIENCE)
    took = time.monotonic() - began
    assert (process.returncode, err) == (code, "")
    assert took < 2, took


def test_ctrl_c_ends_a_sync_wait_and_its_request(
    silent: SilentServer, start: Callable[..., subprocess.Popen[str]]
) -> None:
    program = """
    try:
        client.user("wzy").get("c2")
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        sys.stdin.readline()
    """
    import textwrap

    process = start(PRELUDE + textwrap.dedent(program), silent.host)
    silent.wait_for_request()
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert process.stdout.readline() == "interrupted\n"
    # While the program still runs, the peer sees the connection closed.
    assert silent.wait_for_close()
    _, err = process.communicate("go\n", timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
