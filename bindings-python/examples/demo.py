"""The whole presence API on the service documentation's own examples, from Python; the same tour as the Rust demo.

Runs against an emulator in this process or, with EASEMOB_HOST, an App Key and credentials in the environment, against
the live service.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, TypeVar

from easemob_presence import AsyncPresenceClient, OnlineStates, PresenceError, Presences, Status, SubscriptionsPage
from easemob_presence.testing import Emulator

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

T = TypeVar("T")


def prepare(emulator: Emulator) -> None:
    """People for the examples: c2 is online on a phone, user1 is offline, a group has 100 members online."""
    emulator.state.login("c2", "android_6b5610ac-4e11-4661-82b3-dee17bc7b2cc")
    for user in ("c3", "user1", "user2"):
        emulator.state.register(user)
    emulator.state.set_group_online_count("66016455491585", 100)


async def tour(client: AsyncPresenceClient) -> int:
    """Makes the calls; how many failed."""
    c1, c2, wzy = client.user("c1"), client.user("c2"), client.user("wzy")
    failures = 0
    failures += await show("set c1", c1.set(Status.OFFLINE, resource="android", ext="123"), done)
    failures += await show("subscribe wzy to c2, c3", wzy.subscribe(["c2", "c3"], ttl=1000), presences)
    failures += await show("get_many c2, c3", wzy.get_many(["c2", "c3"]), presences)
    failures += await show("get c2", wzy.get("c2"), lambda c2: f"{c2.user_id} is online: {c2.is_online}")
    failures += await show("subscriptions of wzy", wzy.subscriptions_page(1), subscriptions)
    failures += await show("unsubscribe wzy from c1", wzy.unsubscribe(["c1"]), done)
    failures += await show(
        "devices of c2",
        c2.devices(),
        lambda devices: "\n".join(f"{device.resource} on {device.platform}" for device in devices),
    )
    failures += await show("is_online c2", c2.is_online(), str)
    failures += await show("online_states user1, c2", client.online_states(["user1", "c2"]), states)
    failures += await show("group_online_count", client.group_online_count("66016455491585"), str)
    return failures


async def show(name: str, call: Awaitable[T], text: Callable[[T], str]) -> int:
    """Prints one call and its typed answer; 1 for a failure."""
    print(f"\n{name}")
    try:
        answer = text(await call)
    except PresenceError as error:
        print(f"    {error}")
        return 1
    print("    " + answer.replace("\n", "\n    "))
    return 0


def done(_: None) -> str:
    return "done"


def presences(answer: Presences) -> str:
    lines: list[str] = []
    for presence in answer:
        devices = ", ".join(f"{device.resource} {device.status}" for device in presence.devices) or "no device"
        ends = f", subscribed until {date(presence.expires_at)}" if presence.expires_at else ""
        lines.append(f"{presence.user_id}: {devices}, ext {presence.ext!r}, last seen {date(presence.last_seen)}{ends}")
    return "\n".join([*lines, *(f"{user_id}: not answered" for user_id in answer.missing)])


def subscriptions(page: SubscriptionsPage) -> str:
    each = (f"{subscription.user_id} until {date(subscription.expires_at)}" for subscription in page)
    return "\n".join([f"{page.total} in all", *each])


def states(answer: OnlineStates) -> str:
    return "\n".join(f"{user_id} is online: {online}" for user_id, online in answer)


def date(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S %Z}" if time else "never"


async def main() -> int:
    if "EASEMOB_HOST" in os.environ:
        print("Python, live service, as the environment says.")
        async with AsyncPresenceClient.from_env() as client:
            return await tour(client)
    with Emulator() as emulator:
        print(f"Python, embedded emulator at {emulator.host}.")
        prepare(emulator)
        async with emulator.async_client() as client:
            return await tour(client)


if __name__ == "__main__":
    try:
        failed = asyncio.run(main())
    except PresenceError as error:
        sys.exit(str(error))
    print("\nAll calls succeeded." if failed == 0 else f"\n{failed} of 10 calls failed; the lines above say why.")
    sys.exit(min(failed, 1))
