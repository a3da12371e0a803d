"""One part of the scale run with the Python client: `scale.py PART HOST USERS`, one line of JSON.

`make scale` runs it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from easemob_presence import AsyncPresenceClient

if TYPE_CHECKING:
    from collections.abc import Iterator

WARM_UP = 20
SWEEPS = 2


def resident_mib() -> float:
    """What the process holds now."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def ids(users: int) -> Iterator[str]:
    """User ids."""
    return (f"user{n}" for n in range(users))


async def gets(client: AsyncPresenceClient, users: int) -> dict[str, Any]:
    """Single gets, all at once."""
    user = client.user("wzy")
    start, before = time.perf_counter(), resident_mib()
    read = await asyncio.gather(*(user.get(user_id) for user_id in ids(users)))
    return {"read": len(read), "seconds": time.perf_counter() - start, "grown_mib": resident_mib() - before}


async def get_many(client: AsyncPresenceClient, users: int) -> dict[str, Any]:
    """One list."""
    start, before = time.perf_counter(), resident_mib()
    read = await client.user("wzy").get_many(ids(users))
    return {"read": len(read), "seconds": time.perf_counter() - start, "grown_mib": resident_mib() - before}


async def iter_many(client: AsyncPresenceClient, users: int) -> dict[str, Any]:
    """A stream."""
    start, read, begin, most, place = time.perf_counter(), 0, 0.0, 0.0, 0
    async for presences in client.user("wzy").iter_many(ids(users)):
        read += len(presences)
        if place == WARM_UP:
            begin = resident_mib()
        elif place > WARM_UP and place % 100 == 0:
            most = max(most, resident_mib() - begin)
        place += 1
    return {"read": read, "seconds": time.perf_counter() - start, "grown_mib": most}


async def watch(client: AsyncPresenceClient, users: int) -> dict[str, Any]:
    """A watch of two sweeps."""
    start, before = time.perf_counter(), resident_mib()
    async with client.user("wzy").watch(ids(users)) as watcher:
        async for event in watcher:
            if event.kind == "synced":
                break
        sweep = time.perf_counter() - start
        # The clock is what is measured here: a sweep has no event of its own.
        await asyncio.sleep(max(sweep * (SWEEPS - 1), 1))
        stats, seconds = watcher.stats(), time.perf_counter() - start
        return {
            "read": watcher.occupancy().known,
            "seconds": seconds,
            "grown_mib": resident_mib() - before,
            "p50": stats.refresh_interval_p50,
            "p99": stats.refresh_interval_p99,
            "polls": stats.polls,
        }


PARTS = {"gets": gets, "get_many": get_many, "iter_many": iter_many, "watch": watch}


async def main(part: str, host: str, users: int) -> None:
    """Runs one part."""
    options = {"rate_limits": "off"} if part == "iter_many" else {}
    async with AsyncPresenceClient(emulator=host, timeout=60, **options) as client:
        await client.app_token()
        print(json.dumps(await PARTS[part](client, users)))


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
