"""What the process holds."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import time
from pathlib import Path

# Connections are closed by a thread that tells no one; it has this long.
PATIENCE = 3.0
LOOK = 0.005


def now() -> dict[str, int]:
    """Descriptors, threads, tasks and memory."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "fds": len(os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
        "tasks": len(asyncio.all_tasks()),
        "rss_kib": int(status["VmRSS"].split()[0]),
        "peak_kib": int(status["VmHWM"].split()[0]),
    }


def forget_peak() -> None:
    """Has the system count the peak of memory anew."""
    Path("/proc/self/clear_refs").write_text("5")


async def settled(before: dict[str, int]) -> dict[str, int]:
    """Looks until there is no more than before, or patience ends.

    Args:
        before: What was held then.

    Returns:
        What is held now.
    """
    end = time.monotonic() + PATIENCE
    while True:
        late = time.monotonic() > end
        try:
            held = now()
        except OSError as error:
            # No descriptor is left to look with.
            if late or error.errno != errno.EMFILE:
                raise
        else:
            if late or (held["fds"] <= before["fds"] and held["tasks"] <= before["tasks"]):
                return held
        gc.collect()
        await asyncio.sleep(LOOK)
