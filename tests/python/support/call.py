"""A call as the cases write it: made with either client, its value written as the cases write values."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from easemob_presence import (
    AppToken,
    AsyncPresenceClient,
    Device,
    GroupKind,
    OnlineStates,
    Presence,
    PresenceClient,
    PresenceError,
    Presences,
    Status,
    Subscription,
    SubscriptionsPage,
)

from .files import only

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import datetime

    from easemob_presence import AsyncIterMany, IterMany

# An error names the endpoint, which two operations share with another.
OPERATION_IN_ERRORS = {"iter_many": "get_many", "subscriptions_page": "subscriptions", "app_token": "token"}


def operation_in_errors(call: dict[str, Any]) -> str:
    """The operation that an error of this call names, unless the case says otherwise."""
    return OPERATION_IN_ERRORS.get(call["operation"], call["operation"])


def make(call: dict[str, Any], client: PresenceClient | AsyncPresenceClient) -> Any:
    """Makes the call, in an event loop of its own if the client wants one."""
    if isinstance(client, PresenceClient):
        value = _describe(call, client)
        if call["operation"] == "iter_many":
            return _items(value)
        return list(value) if call["operation"] == "subscriptions" else value

    async def run() -> Any:
        value = _describe(call, client)
        if call["operation"] == "subscriptions":
            return [subscription async for subscription in value]
        if call["operation"] == "iter_many":
            return await _awaited_items(value)
        return await value

    return asyncio.run(run())


def _items(answers: IterMany) -> list[Presences | PresenceError]:
    """What each request brought; the iterator goes on after an exception."""
    items: list[Presences | PresenceError] = []
    while True:
        try:
            items.extend(iter(answers))
        except PresenceError as error:
            items.append(error)
        else:
            return items


async def _awaited_items(answers: AsyncIterMany) -> list[Presences | PresenceError]:
    items: list[Presences | PresenceError] = []
    while True:
        try:
            async for presences in answers:
                items.append(presences)
        except PresenceError as error:
            items.append(error)
        else:
            return items


def make_together(calls: list[dict[str, Any]], client: AsyncPresenceClient) -> list[Any]:
    """Makes the calls at the same moment; their values or exceptions."""

    async def one(call: dict[str, Any]) -> Any:
        return await _describe(call, client)

    async def run() -> list[Any]:
        return await asyncio.gather(*map(one, calls), return_exceptions=True)

    return asyncio.run(run())


def _describe(call: dict[str, Any], client: PresenceClient | AsyncPresenceClient) -> Any:
    given = dict(call)
    operation = given.pop("operation")
    user = client.user(_text(given.pop("user"))) if "user" in given else None
    match operation:
        case "online_states":
            only(given, "ids")
            return client.online_states(ids_of(given["ids"]))
        case "group_online_count":
            only(given, "group_id", "group_kind")
            kind = GroupKind.SUPER_COMMUNITY_SERVER if "super" in given.get("group_kind", "") else GroupKind.GROUP
            return client.group_online_count(_text(given["group_id"]), kind=kind)
        case "app_token":
            only(given)
            return client.app_token()
    assert user is not None
    match operation:
        case "set":
            only(given, "resource", "status", "ext")
            status = Status.UNKNOWN if given["status"] is None else given["status"]
            return user.set(status, resource=_text(given["resource"]), ext=_text(given.get("ext", "")))
        case "subscribe":
            only(given, "ids", "ttl_seconds")
            return user.subscribe(ids_of(given["ids"]), ttl=given.get("ttl_seconds"))
        case "get":
            only(given, "id")
            return user.get(_text(given["id"]))
        case "get_many":
            only(given, "ids")
            return user.get_many(ids_of(given["ids"]))
        case "iter_many":
            only(given, "ids")
            ids = iter(ids_of(given["ids"]))
            return user.iter_many(ids if isinstance(client, PresenceClient) else _asynchronous(ids))
        case "unsubscribe":
            only(given, "ids")
            return user.unsubscribe(ids_of(given["ids"]))
        case "subscriptions":
            only(given, "page_size")
            return user.subscriptions(page_size=given.get("page_size"))
        case "subscriptions_page":
            only(given, "page", "page_size")
            return user.subscriptions_page(given["page"], page_size=given.get("page_size"))
        case "devices":
            only(given)
            return user.devices()
        case "is_online":
            only(given)
            return user.is_online()
        case _:
            raise ValueError(f"unknown operation {operation!r}")


def _text(text: Any) -> str:
    if isinstance(text, dict):
        only(text, "repeat", "times")
        return text["repeat"] * text["times"]
    return text


def ids_of(ids: Any) -> list[str]:
    """The ids as the cases write them."""
    if isinstance(ids, list):
        return [one for some in ids for one in ids_of(some)]
    if isinstance(ids, dict) and "numbered" in ids:
        only(ids, "numbered", "from", "to")
        return [f"{ids['numbered']}{number}" for number in range(ids["from"], ids["to"] + 1)]
    return [_text(ids)]


async def _asynchronous(ids: Iterator[str]) -> AsyncIterator[str]:
    for user_id in ids:
        yield user_id


def as_json(value: Any) -> Any:
    """A value as the cases write it."""
    match value:
        case Presences():
            return {
                "presences": [as_json(presence) for presence in value],
                "missing": list(value.missing),
                "unmatched": [as_json(presence) for presence in value.unmatched],
            }
        case Presence():
            return {
                "user_id": value.user_id,
                "devices": [
                    {"resource": d.resource, "platform": d.platform, "status": d.status.number} for d in value.devices
                ],
                "ext": value.ext,
                "last_seen": _seconds(value.last_seen),
                "expires_at": _seconds(value.expires_at),
                "is_online": value.is_online,
            }
        case Subscription():
            return {"user_id": value.user_id, "expires_at": _seconds(value.expires_at)}
        case SubscriptionsPage():
            return {"total": value.total, "subscriptions": [as_json(item) for item in value.subscriptions]}
        case Device():
            return {
                "resource": value.resource,
                "device_uuid": value.device_uuid,
                "device_name": value.device_name,
            }
        case OnlineStates():
            states = [{"user_id": user_id, "online": online} for user_id, online in value]
            return {"states": states, "missing": list(value.missing)}
        case AppToken():
            return {"token": value.expose()}
        case list() | tuple():
            return [as_json(item) for item in value]
        case _:
            return value


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
