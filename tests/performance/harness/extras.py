"""What a program pays before its first call: time to load, size, memory."""

from __future__ import annotations

import gzip
import statistics
import subprocess
import time
from typing import TYPE_CHECKING, Any

from .launch import AUTHORITY, BINARIES, HERE, PEERS_VENV, ROOT, VENV, answered, environment, pinned
from .table import Table, shown

if TYPE_CHECKING:
    from pathlib import Path

# How many users one call reads.
SIZES = (1, 100, 10_000, 1_000_000)
QUICK_SIZES = (1, 100, 10_000)
PEERS_NODE = HERE / "peers/node"
# A name, the program without it, and what loads it.
Way = tuple[str, list[str], list[str]]


def python(name: str, interpreter: Path, statement: str) -> Way:
    run = [str(interpreter), "-I", "-c"]
    return f"Python, {name}", [*run, "pass"], [*run, statement]


def node(name: str, statement: str) -> Way:
    run = ["node", "--input-type=module", "-e"]
    return f"Node, {name}", [*run, "0"], [*run, statement]


def ways() -> list[tuple[Way, Path]]:
    """Each with the directory in which it finds its packages."""
    return [
        (python("easemob_presence", VENV, "import easemob_presence"), ROOT),
        (python("its async client", VENV, "from easemob_presence import AsyncPresenceClient"), ROOT),
        (python("aiohttp and msgspec", PEERS_VENV, "import aiohttp, msgspec"), ROOT),
        (python("httpx and pydantic", PEERS_VENV, "import httpx, pydantic"), ROOT),
        (python("pyreqwest and msgspec", PEERS_VENV, "import pyreqwest.client, msgspec"), ROOT),
        (python("wreq and msgspec", PEERS_VENV, "import wreq, msgspec"), ROOT),
        (node("easemob-presence", "import 'easemob-presence'"), ROOT),
        (node("undici", "import 'undici'"), PEERS_NODE),
        (node("axios", "import 'axios'"), PEERS_NODE),
        (node("got", "import 'got'"), PEERS_NODE),
    ]


def extras(urls: dict[bool, str], core: int, *, quick: bool) -> dict[str, Any]:
    return {
        "startup": startup(core, 5 if quick else 21),
        "sizes": sizes(),
        "memory": memory(urls[False], core),
        "users": users(urls[False], core, QUICK_SIZES if quick else SIZES),
        "connecting": connecting(urls, core),
    }


def startup(core: int, rounds: int) -> dict[str, float]:
    """Milliseconds added to the bare interpreter: medians over rounds, each of which has every program once."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for (name, bare, loaded), directory in ways():
            without = milliseconds(pinned(core, bare), directory)
            found.setdefault(name, []).append(milliseconds(pinned(core, loaded), directory) - without)
    return {name: statistics.median(added) for name, added in found.items()}


def milliseconds(command: list[str], directory: Path) -> float:
    begin = time.perf_counter()
    subprocess.run(command, cwd=directory, env=environment(), check=True, capture_output=True)
    return (time.perf_counter() - begin) * 1e3


def sizes() -> dict[str, tuple[float, float]]:
    """MB of each native library, and compressed, which is about what is downloaded."""
    found = [*(ROOT / "bindings-python/python/easemob_presence").glob("_native*.so"), *(ROOT / "dist").glob("*.node")]
    return {path.name: (path.stat().st_size / 1e6, len(gzip.compress(path.read_bytes())) / 1e6) for path in found}


def memory(url: str, core: int) -> dict[str, dict[str, float]]:
    """MB that importing adds, and that importing, a client and its first call add."""
    return {
        "Python": answered(pinned(core, [str(VENV), str(HERE / "python/memory.py"), url])),
        "Node": answered(pinned(core, ["node", str(HERE / "node/memory.mjs"), url])),
    }


def users(url: str, core: int, sizes: tuple[int, ...]) -> dict[str, dict[str, dict[str, float]]]:
    """By language and by how many users one call reads: µs of processor time for each of them, and MB in all."""
    programs = {"Python": [str(VENV), str(HERE / "python/users.py")], "Node": ["node", str(HERE / "node/users.mjs")]}
    return {
        language: {str(size): answered(pinned(core, [*program, str(size), url])) for size in sizes}
        for language, program in programs.items()
    }


def connecting(urls: dict[bool, str], core: int) -> dict[str, dict[str, float]]:
    """µs of a client's first call and of its second, plain and with TLS."""
    program = str(BINARIES / "easemob-presence-bench-connect")
    names = {False: "plain", True: "TLS"}
    return {names[tls]: answered(pinned(core, [program, url, str(AUTHORITY)])) for tls, url in urls.items()}


def tables(found: dict[str, Any]) -> list[Table]:
    if not found:
        return []
    loading = Table("Loading: milliseconds added to the interpreter's start", ("package", "ms"))
    loading.rows = [(name, f"{added:.0f}") for name, added in found["startup"].items()]
    size = Table("Native libraries, with the emulator for tests inside", ("file", "MB", "compressed"))
    size.rows = [(name, f"{plain:.2f}", f"{packed:.2f}") for name, (plain, packed) in found["sizes"].items()]
    added = Table("Memory added to the interpreter, MB", ("language", "import", "with a client, after a call"))
    added.rows = [(name, shown(one["import"]), shown(one["client"])) for name, one in found["memory"].items()]
    many = Table(
        "Processor time for each user read, by how many one call reads, 1 caller",
        ("language", "users", "µs a user", "peak MB"),
    )
    many.rows = [
        (name, f"{int(count):,}", shown(one["cpu_us"]), shown(one["peak_mb"]))
        for name, counts in found["users"].items()
        for count, one in counts.items()
    ]
    first = Table(
        "A call on a new connection and the one after it, Rust, 1 caller", ("connection", "first, µs", "second, µs")
    )
    connecting = found.get("connecting", {})
    first.rows = [(name, shown(one["first_us"]), shown(one["second_us"])) for name, one in connecting.items()]
    return [loading, size, added, many, first]
