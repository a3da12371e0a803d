"""One call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import answers
import tell

if TYPE_CHECKING:
    from easemob_presence import AsyncPresenceClient


async def make(client: AsyncPresenceClient, call: dict[str, Any]) -> dict[str, Any]:
    """Makes it and tells what became of it.

    Args:
        client: The client.
        call: As the suite wrote it.

    Returns:
        The record of its item.
    """
    item, began = call["item"], tell.now()
    try:
        if (after := call.get("cancel_ms")) is not None:
            answer = await _within(after / 1000, client, call)
        else:
            answer = await _answered(client, call)
    except Cancelled:
        return tell.outcome(item, "cancelled", began)
    except Exception as error:
        return tell.failed(item, began, error)
    return tell.outcome(item, "applied", began, answer=answer)


class Cancelled(Exception):
    """The caller gave up, and what it awaited said so."""


async def _within(seconds: float, client: AsyncPresenceClient, call: dict[str, Any]) -> Any:
    task = asyncio.ensure_future(_answered(client, call))
    done, _ = await asyncio.wait([task], timeout=seconds)
    if not done:
        task.cancel()
    try:
        return await task
    except asyncio.CancelledError:
        raise Cancelled from None


async def _answered(client: AsyncPresenceClient, call: dict[str, Any]) -> Any:
    op, ids = call["op"], call.get("ids", [])
    if op == "online_states":
        states = await client.online_states(ids)
        return {user: states.get(user) for user in ids}
    if op == "group_online_count":
        return await client.group_online_count(ids[0])
    if op == "app_token":
        return repr(await client.app_token())
    user = client.user(call.get("user", ""))
    if op == "set":
        await user.set(call["status"], resource=call.get("resource", ""), ext=call.get("ext", ""))
        return None
    if op == "get":
        return answers.presence(await user.get(ids[0]))
    if op == "get_many":
        return answers.presences(await user.get_many(ids))
    if op == "subscribe":
        return answers.presences(await user.subscribe(ids, ttl=call.get("ttl_s")))
    if op == "unsubscribe":
        return await user.unsubscribe(ids)
    if op == "subscriptions":
        return [one.user_id async for one in user.subscriptions(page_size=call.get("page_size"))]
    if op == "subscriptions_page":
        page = await user.subscriptions_page(call.get("page", 1), page_size=call.get("page_size"))
        return [one.user_id for one in page.subscriptions]
    if op == "devices":
        return [device.resource for device in await user.devices()]
    if op == "is_online":
        return await user.is_online()
    raise ValueError(f"no such call: {op}")
