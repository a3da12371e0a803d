"""The workloads through the Python clients: `ours` as it ships, `ours-unlimited` without the rate limiter."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from measure import Job, run_async, run_threads
from workloads import DEVICE, EXT, IDS, few_is_right, one_is_right, touched_is_right

from easemob_presence import AsyncPresenceClient, PresenceClient, Status

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from easemob_presence import Presences


SEEN_SECONDS = 1_644_466_063
SEEN = datetime.fromtimestamp(SEEN_SECONDS, tz=timezone.utc)


def settings(job: Job) -> dict[str, Any]:
    # As it ships, the limiter does all that it always does; at this rate no call ever waits.
    rates: dict[str, Any] = {"ours": {"rate_limits": 2**32 - 1}, "ours-unlimited": {"rate_limits": "off"}}
    given = {"host": job.url, "app_key": "org#app", "client_id": "id", "client_secret": "secret", **rates[job.client]}
    if job.secure:
        with open(job.authority, "rb") as authority:
            given["root_certificates"] = authority.read()
    return given


def few(presences: Presences) -> None:
    few_is_right(len(presences[IDS[3]].devices), presences[IDS[69]].ext)


def touched(presences: Presences) -> None:
    total = 0
    for presence in presences:
        total += len(presence.user_id) + len(presence.ext)
        total += SEEN_SECONDS if presence.last_seen == SEEN else 0
        for device in presence.devices:
            total += len(device.resource) + device.status.number
    touched_is_right(total)


async def make_async(job: Job) -> tuple[Callable[[int], Awaitable[None]], Callable[[], None]]:
    client = AsyncPresenceClient(**settings(job))
    users = [client.user(user_id) for user_id in IDS]

    async def set_status(caller: int) -> None:
        await users[caller].set(Status.ONLINE, resource=DEVICE, ext=EXT)

    async def get(caller: int) -> None:
        one_is_right(len((await users[caller].get(IDS[caller])).devices))

    async def get100(caller: int) -> None:
        few(await users[caller].get_many(IDS))

    async def get100_touched(caller: int) -> None:
        touched(await users[caller].get_many(IDS))

    return {"set": set_status, "get": get, "get100": get100, "touched": get100_touched}[job.workload], client.close


def make_sync(job: Job) -> tuple[Callable[[int], None], Callable[[], None]]:
    client = PresenceClient(**settings(job))
    users = [client.user(user_id) for user_id in IDS]
    calls = {
        "set": lambda caller: users[caller].set(Status.ONLINE, resource=DEVICE, ext=EXT),
        "get": lambda caller: one_is_right(len(users[caller].get(IDS[caller]).devices)),
        "get100": lambda caller: few(users[caller].get_many(IDS)),
        "touched": lambda caller: touched(users[caller].get_many(IDS)),
    }
    return calls[job.workload], client.close


if __name__ == "__main__":
    job = Job.read()
    if job.loop == "threads":
        run_threads(job, lambda: make_sync(job))
    else:
        run_async(job, lambda: make_async(job))
