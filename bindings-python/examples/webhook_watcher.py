"""A watcher that learns of logins and logouts by callbacks at once, and of the rest by polling.

    pip install easemob-presence fastapi uvicorn
    EASEMOB_WEBHOOK_SECRET=… TEAM=wzy,c2,c3 uvicorn --factory webhook_watcher:app

The first user of the team asks, the others are watched. The environment says for which app: see
`AsyncPresenceClient.from_env`. Make the rule for callbacks as `webhook_fastapi.py` says, which lies beside this file.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from webhook_fastapi import create

from easemob_presence import AsyncPresenceClient, AsyncWatcher, Callback, Event, Webhook


def show(event: Event) -> None:
    """What this server does with an event."""
    print(event.kind, event.user_id or "", event.source or "", flush=True)


async def pass_on(team: AsyncWatcher, act: Callable[[Event], object]) -> None:
    """Gives each event to `act`."""
    async for event in team:
        act(event)


def app(act: Callable[[Event], object] = show) -> FastAPI:
    """What uvicorn serves."""
    asking, *ids = os.environ["TEAM"].split(",")
    running: list[AsyncWatcher] = []

    def feed(callback: Callback) -> None:
        running[0].feed(callback)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncPresenceClient.from_env() as client, client.user(asking).watch(ids) as team:
            running.append(team)
            telling = asyncio.create_task(pass_on(team, act))
            yield
            await team.aclose()
            await telling

    server = create(Webhook(os.environ["EASEMOB_WEBHOOK_SECRET"]), feed)
    server.router.lifespan_context = lifespan
    return server
