"""A child uses its parent's client, or is told clearly why not: never a hang, whatever the parent was doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from easemob_presence.testing import Emulator
    from support.silent import SilentServer

# Forks, runs `child` there, and says whether it succeeded; how long it took is in `took`. One that hangs is killed.
# Python's own warning about forking with threads is about exactly what is tested here.
PRELUDE = """
import asyncio, logging, os, select, signal, sys, threading, time, traceback, warnings
from easemob_presence import AsyncPresenceClient, ForkedError, PresenceClient
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
# In development mode asyncio warns of a step that took 0.1 s, which on a busy machine means nothing.
logging.getLogger("asyncio").setLevel(logging.ERROR)

took = []

def fork(child):
    ended, alive = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ended)
        code = 1
        try:
            child()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(alive)  # so that the child's end is the last one, and reading finds the end when the child has ended
    start = time.monotonic()
    done = bool(select.select([ended], [], [], 30)[0])
    os.close(ended)
    if not done:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    took.append(time.monotonic() - start)
    return done and os.waitstatus_to_exitcode(status) == 0

def get(client):
    assert client.user("wzy").get("c2").user_id == "c2"

async def aget(client):
    assert (await client.user("wzy").get("c2")).user_id == "c2"
"""


@pytest.mark.parametrize("used", [False, True], ids=["before-first-use", "after-first-use"])
def test_a_child_uses_the_clients_of_its_parent(emulator: Emulator, run: Callable[..., str], used: bool) -> None:
    program = f"""
off = dict(emulator=sys.argv[1], rate_limits="off")
client, aclient = PresenceClient(**off), AsyncPresenceClient(**off)
if {used}:
    get(client)
    asyncio.run(aget(aclient))

def child():
    get(client)
    asyncio.run(aget(aclient))
    def grandchild():
        get(client)
        asyncio.run(aget(aclient))
    assert fork(grandchild)

for _ in range(20):
    assert fork(child)
get(client)
asyncio.run(aget(aclient))
"""
    run(PRELUDE + program, emulator.host)


def test_200_children_of_a_parent_with_calls_in_flight_all_answer_within_a_second(
    emulator: Emulator, run: Callable[..., str]
) -> None:
    program = """
off = dict(emulator=sys.argv[1], rate_limits="off")
client, aclient = PresenceClient(**off), AsyncPresenceClient(**off)
stop = threading.Event()

def hammer():
    while not stop.is_set():
        get(client)

async def ahammer():
    while not stop.is_set():
        await asyncio.gather(*(aget(aclient) for _ in range(8)))

threads = [threading.Thread(target=hammer) for _ in range(4)]
threads.append(threading.Thread(target=lambda: asyncio.run(ahammer())))
for thread in threads:
    thread.start()

def child():
    get(client)
    asyncio.run(aget(aclient))

print(sum(fork(child) for _ in range(200)))
# All of them do on a machine with a core to spare; a crowded one may keep a few waiting for their turn.
assert sum(seconds < 1 for seconds in took) >= 190, sorted(took)[-11:]
stop.set()
for thread in threads:
    thread.join()
get(client)
"""
    assert run(PRELUDE + program, emulator.host) == "200\n"


def test_a_wait_begun_before_the_fork_fails_in_the_child_and_goes_on_in_the_parent(
    emulator: Emulator, silent: SilentServer, run: Callable[..., str]
) -> None:
    program = """
async def main():
    waiting = asyncio.create_task(AsyncPresenceClient(emulator=sys.argv[2], app_token="x").user("wzy").get("c2"))
    await asyncio.sleep(0)
    pid = os.fork()
    if pid == 0:
        try:
            signal.alarm(1)
            await waiting
        except ForkedError as error:
            assert "Make the call again" in str(error)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert not waiting.done()
    waiting.cancel()
    await asyncio.wait([waiting])
    await aget(AsyncPresenceClient(emulator=sys.argv[1]))

asyncio.run(main())
"""
    run(PRELUDE + program, emulator.host, silent.host)


def test_what_the_parent_left_behind_can_be_dropped_in_the_child(
    emulator: Emulator, silent: SilentServer, run: Callable[..., str]
) -> None:
    program = """
import gc
from easemob_presence.testing import Emulator

client = PresenceClient(emulator=sys.argv[1])
own = Emulator()
stream = client.user("wzy").subscriptions()
call = client.user("wzy")._native.get("c2", None)
list(stream)
waiting = threading.Thread(target=lambda: own.client().user("wzy").get("c2"))
waiting.start()
waiting.join()

def child():
    global own, stream, call
    for stale in (lambda: next(stream), call.wait):
        try:
            stale()
        except ForkedError:
            continue
        raise AssertionError("a stale value works")
    del own, stream, call
    gc.collect()
    get(client)

assert fork(child)
get(client)
assert own.client().user("wzy").get("c2").user_id == "c2"
"""
    run(PRELUDE + program, emulator.host, silent.host)


def test_a_token_provider_and_a_closed_client_stay_what_they_are(emulator: Emulator, run: Callable[..., str]) -> None:
    program = """
from easemob_presence import ClosedError
client = PresenceClient(emulator=sys.argv[1], token_provider=lambda: sys.argv[2])
closed = PresenceClient(emulator=sys.argv[1])
get(client)
get(closed)
closed.close()

def child():
    get(client)
    try:
        get(closed)
    except ClosedError:
        return
    raise AssertionError("it is open again")

assert fork(child)
"""
    run(PRELUDE + program, emulator.host, emulator.issue_token(3600))


def test_a_child_uses_the_secret_that_its_parent_rotated_to(emulator: Emulator, run: Callable[..., str]) -> None:
    program = """
from easemob_presence import AuthError
client = PresenceClient(emulator=sys.argv[1], client_id=sys.argv[2], client_secret="old", rate_limits={"get": 5})
client.rotate_client_secret(sys.argv[3])

def child():
    get(client)
    # Its rates, and its numbers, are the child's own.
    assert client.stats().succeeded == 1 and client.stats().endpoints["get"].limit == 5
    def grandchild():
        client.rotate_client_secret("not the secret")
        try:
            get(client)
        except AuthError:
            return
        raise AssertionError("the secret is the old one")
    assert fork(grandchild)

assert fork(child)
get(client)
assert client.stats().succeeded == 1
"""
    run(PRELUDE + program, emulator.host, emulator.client_id, emulator.client_secret)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(emulator: Emulator, run: Callable[..., str], method: str, tmp_path: Path) -> None:
    program = f"""
import multiprocessing, sys, warnings
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
sys.path.insert(0, sys.argv[2])
import lifecycle_work

if __name__ == "__main__":
    lifecycle_work.prepare(sys.argv[1])
    context = multiprocessing.get_context({method!r})
    with context.Pool(3, initializer=lifecycle_work.prepare, initargs=(sys.argv[1],)) as pool:
        presences = pool.map(lifecycle_work.ask, ["c1", "c2", "c3"] * 10, chunksize=1)
    assert [presence.user_id for presence in presences] == ["c1", "c2", "c3"] * 10
"""

    (tmp_path / "lifecycle_work.py").write_text(
        """
from easemob_presence import PresenceClient
client = None

def prepare(host):
    global client
    if client is None:
        client = PresenceClient(emulator=host)
        ask("c1")

def ask(user_id):
    return client.user("wzy").get(user_id)
"""
    )
    run(program, emulator.host, str(tmp_path))
