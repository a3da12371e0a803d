"""A running watcher at exit, at Ctrl-C, across a fork, when its loop is closed, and after very many events."""

from __future__ import annotations

import asyncio
import gc
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from easemob_presence import Webhook

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from easemob_presence import Watcher
    from easemob_presence.testing import Emulator

PATIENCE = 60
SECRET = "the rule's secret"

PRELUDE = """
import asyncio, os, sys, threading, warnings
from easemob_presence import AsyncPresenceClient, ForkedError, PresenceClient
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)

options = {"min_interval": 0, "calls_per_second": 200}
client = PresenceClient(emulator=sys.argv[1], rate_limits="off")
watcher = client.user("wzy").watch(["c2"], **options).start()
assert next(watcher).kind == "synced"
"""

WAITS = {
    "nobody-waits": "",
    "a-daemon-thread-waits": "threading.Thread(target=lambda: list(watcher), daemon=True).start()",
    "a-loop-in-a-daemon-thread-waits": """
async def wait():
    client = AsyncPresenceClient(emulator=sys.argv[1], rate_limits="off")
    async with client.user("wzy").watch(["c2"], **options) as watcher:
        async for event in watcher:
            synced.set()
synced = threading.Event()
threading.Thread(target=lambda: asyncio.run(wait()), daemon=True).start()
synced.wait()
""",
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_the_interpreter_exits_at_once_and_in_silence(emulator: Emulator, run: Callable[..., str], wait: str) -> None:
    assert run(f"{PRELUDE}\n{wait}\nprint('end')", emulator.host) == "end\n"


def test_ctrl_c_ends_the_wait_for_an_event(emulator: Emulator, start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start(
        PRELUDE
        + """
try:
    with watcher:
        print("waiting", flush=True)
        next(watcher)
except KeyboardInterrupt:
    print("interrupted", list(watcher))
""",
        emulator.host,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (0, "interrupted []\n", "")


def test_a_child_is_told_that_the_watcher_stayed_with_its_parent_and_may_start_its_own(
    emulator: Emulator, run: Callable[..., str]
) -> None:
    out = run(
        PRELUDE
        + """
watch = client.user("wzy").watch(["c2"], **options)
sys.stdout.flush()
child = os.fork()
if child == 0:
    code = 1
    try:
        for use in (lambda: next(watcher), lambda: watcher.get("c2"), watcher.save, watcher.close):
            try:
                use()
            except ForkedError:
                continue
            raise AssertionError(use)
        with watch as own:
            assert next(own).kind == "synced"
        code = 0
    finally:
        os._exit(code)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), watcher.get("c2").user_id)
watcher.close()
""",
        emulator.host,
    )
    assert out == "0 c2\n"


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_watcher_survives_the_loop_that_waited_for_it(emulator: Emulator, new_loop: Callable[[], Any]) -> None:
    client = emulator.async_client()
    loop = new_loop()
    watcher = loop.run_until_complete(client.user("wzy").watch(["c2"], calls_per_second=200, min_interval=0).start())

    async def begin() -> asyncio.Task[Any]:
        assert (await anext(watcher)).kind == "synced"
        waiting = asyncio.ensure_future(anext(watcher))
        waiting._log_destroy_pending = False  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        return waiting

    waiting = loop.run_until_complete(begin())
    loop.close()
    emulator.state.login("c2", "ios_1")

    async def go_on() -> str:
        async with watcher:
            return (await asyncio.wait_for(anext(watcher), PATIENCE)).kind

    assert asyncio.run(go_on()) == "enter"
    del waiting


def test_memory_does_not_grow_over_10000_events(emulator: Emulator) -> None:
    users = [f"u{number}" for number in range(100)]

    def rounds(watcher: Watcher, times: int) -> int:
        taken = 0
        for turn in range(times):
            webhook = Webhook(SECRET)  # which remembers what it has seen
            emulator.clock.advance(0.001)
            for user_id in users:
                body = emulator.callback(user_id, "ios_1", ("login", "logout")[turn % 2], SECRET)
                callback = webhook.parse(body)
                assert callback is not None
                watcher.feed(callback)
            for _ in users:
                taken += next(watcher).source == "callback"
        return taken

    def resident() -> int:
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    emulator.clock.freeze()
    with emulator.client() as client, client.user("wzy").watch(users, calls_per_second=0.001) as watcher:
        assert next(watcher).kind == "synced"
        assert rounds(watcher, 20) == 2_000
        before, objects = resident(), len(gc.get_objects())
        assert rounds(watcher, 100) == 10_000
        # A hundred bytes an event would be a megabyte.
        assert resident() - before < 1_000_000
        assert len(gc.get_objects()) - objects < 100
