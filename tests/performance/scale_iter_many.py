"""Growth of memory while `iter_many` reads a million users, and how long it takes.

Usage: easemob-presence-emulator --rate off --port 8088 &
.venv/bin/python tests/performance/scale_iter_many.py [host] [users]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from easemob_presence import PresenceClient

WARM_UP = 20
HOST = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8088"
USERS = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000


def resident_kib() -> int:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1])


with PresenceClient(emulator=HOST, rate_limits="off", timeout=60) as client:
    start, begin, most, users = time.perf_counter(), 0, 0, 0
    for place, presences in enumerate(client.user("wzy").iter_many(f"user{n}" for n in range(USERS))):
        users += len(presences)
        if place == WARM_UP:
            begin = resident_kib()
        elif place > WARM_UP and place % 100 == 0:
            most = max(most, resident_kib())
    took = time.perf_counter() - start
    print(f"python: {users} users in {took:.1f} s, resident memory grew by {(most - begin) / 1024:.1f} MiB")
