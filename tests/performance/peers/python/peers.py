"""The workloads through other people's HTTP clients and typed values made with their best libraries.

A client is called `LIBRARY+CODEC`, such as `aiohttp+msgspec`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import awaited
import blocking
from decoders import codec, few, one, touched
from measure import Job, run_async, run_threads
from workloads import DEVICE, EXT, IDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def set_url(app: str, user: str, device: str, status: int) -> str:
    return f"{app}/users/{user}/presence/{device}/{status}"


def get_url(app: str, user: str) -> str:
    return f"{app}/users/{user}/presence"


async def make_async(job: Job) -> tuple[Callable[[int], Awaitable[None]], Callable[[], Any]]:
    library, _, name = job.client.partition("+")
    (post, close), values = getattr(awaited, library)(job), codec(name)
    app = job.url + "/org/app"

    async def set_status(caller: int) -> None:
        values.ok(await post(set_url(app, IDS[caller], DEVICE, 1), values.write({"ext": EXT})))

    async def get(caller: int) -> None:
        body = values.write({"usernames": [IDS[caller]]})
        one(values.users(await post(get_url(app, IDS[caller]), body)))

    async def get100(caller: int) -> None:
        few(values.users(await post(get_url(app, IDS[caller]), values.write({"usernames": IDS}))))

    async def get100_touched(caller: int) -> None:
        touched(values.users(await post(get_url(app, IDS[caller]), values.write({"usernames": IDS}))))

    return {"set": set_status, "get": get, "get100": get100, "touched": get100_touched}[job.workload], close


def make_sync(job: Job) -> tuple[Callable[[int], None], Callable[[], Any]]:
    library, _, name = job.client.partition("+")
    (post, close), values = getattr(blocking, library)(job), codec(name)
    app = job.url + "/org/app"

    def set_status(caller: int) -> None:
        values.ok(post(set_url(app, IDS[caller], DEVICE, 1), values.write({"ext": EXT})))

    def get(caller: int) -> None:
        one(values.users(post(get_url(app, IDS[caller]), values.write({"usernames": [IDS[caller]]}))))

    def get100(caller: int) -> None:
        few(values.users(post(get_url(app, IDS[caller]), values.write({"usernames": IDS}))))

    def get100_touched(caller: int) -> None:
        touched(values.users(post(get_url(app, IDS[caller]), values.write({"usernames": IDS}))))

    return {"set": set_status, "get": get, "get100": get100, "touched": get100_touched}[job.workload], close


if __name__ == "__main__":
    job = Job.read()
    if job.loop == "threads":
        run_threads(job, lambda: make_sync(job))
    else:
        run_async(job, lambda: make_async(job))
