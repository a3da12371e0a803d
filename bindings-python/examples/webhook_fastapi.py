"""Receives the service's callbacks with FastAPI: who logs in and out, on which device, as it happens.

    pip install easemob-presence fastapi uvicorn
    EASEMOB_WEBHOOK_SECRET=… uvicorn --factory webhook_fastapi:app

In the service's console make a rule for login and logout, with the address of this server and the path /callbacks;
the rule's secret goes into the environment.
"""

import os
from collections.abc import Callable

from fastapi import FastAPI, Request, Response

from easemob_presence import Callback, DecodeError, InvalidSignatureError, Webhook


def create(webhook: Webhook, accept: Callable[[Callback], object]) -> FastAPI:
    """The server. Each callback that is genuine goes to `accept`, once."""
    app = FastAPI()

    @app.post("/callbacks")
    async def receive(request: Request) -> Response:
        try:
            # The bytes as they came: a model made of the JSON could not be checked.
            callback = webhook.parse(await request.body())
        except InvalidSignatureError:
            return Response(status_code=401)
        except DecodeError:
            return Response(status_code=400)
        if callback is None:
            return Response(status_code=200)  # a repeat
        try:
            accept(callback)
        except Exception:
            # Answered with 500, the service delivers it once more, and then it must not be taken for a repeat.
            webhook.forget(callback.call_id)
            raise
        return Response(status_code=200)

    return app


def show(callback: Callback) -> None:
    """What this server does with a callback."""
    word = "online" if callback.online else "offline"
    print(f"{callback.timestamp:%H:%M:%S} {callback.user_id} is {word} on {callback.resource} ({callback.reason})")


def app() -> FastAPI:
    """What uvicorn serves."""
    return create(Webhook(os.environ["EASEMOB_WEBHOOK_SECRET"]), show)
