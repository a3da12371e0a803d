"""Watches a team: who comes, goes and changes, as it happens, and how many are there.

    pip install easemob-presence
    python watch_team.py wzy c2 c3 c4

The first user asks, the others are watched. The environment says for which app: see `AsyncPresenceClient.from_env`.
Ctrl-C ends it.
"""

import asyncio
import contextlib
import sys

from easemob_presence import AsyncPresenceClient, AsyncWatcher, Event


def line(event: Event, team: AsyncWatcher) -> str:
    """One line for each event."""
    match event.kind:
        case "enter":
            return f"{event.user_id} {'is here' if event.initial else 'came'}"
        case "leave":
            return f"{event.user_id} left"
        case "update":
            return f"{event.user_id} changed: {event.presence.ext if event.presence else ''}"
        case "synced":
            counts = team.occupancy()
            return f"{counts.online} of {counts.watched} are here"
        case "stale":
            return "no contact: this may be old"
        case "warning":
            return f"warning: {event.message}"
        case other:
            return other


async def main(asking: str, *ids: str) -> None:
    """Watches until the program is ended."""
    async with AsyncPresenceClient.from_env() as client, client.user(asking).watch(ids) as team:
        async for event in team:
            print(line(event, team), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(*sys.argv[1:]))
