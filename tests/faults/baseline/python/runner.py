"""Makes the calls of the fault suite with the client written by hand."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[2] / "python"))
import held
import lines
from presence import ApiError, Client, user

SENT = {"no": "not_applied", "yes": "rejected"}


def presence(item: dict[str, Any]) -> dict[str, Any]:
    """An item in the form that is the same in every language."""
    status = item.get("status") or {}
    return {
        "user": item["uid"],
        "ext": item.get("ext", ""),
        "devices": {name: int(value) for name, value in status.items()} if isinstance(status, dict) else {},
        "online": False,
    }


def presences(items: list[dict[str, Any]], asked: list[str]) -> dict[str, Any]:
    """All items, as they were asked for."""
    by_id = {item["uid"].lower(): presence(item) for item in items}
    found = [by_id.pop(one.lower()) for one in asked if one.lower() in by_id]
    names = {one["user"].lower() for one in found}
    return {
        "found": found,
        "missing": [one for one in asked if one.lower() not in names],
        "unmatched": list(by_id.values()),
    }


async def answered(client: Client, call: dict[str, Any]) -> Any:
    """Makes one call."""
    op, ids, own = call["op"], call.get("ids", []), user(call.get("user", ""))
    if op == "set":
        path = f"{own}/presence/{quote(call['resource'], safe='')}/{call['status']}"
        return check_ok(await client.call("set", "POST", path, {"ext": call.get("ext", "")}))
    if op in ("get", "get_many"):
        items = await client.call("get", "POST", f"{own}/presence", {"usernames": ids})
        return presences(items, ids)["found"][0] if op == "get" else presences(items, ids)
    if op == "subscribe":
        path = f"{own}/presence/{call['ttl_s']}"
        return presences(await client.call("subscribe", "POST", path, {"usernames": ids}), ids)
    if op == "unsubscribe":
        return check_ok(await client.call("unsubscribe", "DELETE", f"{own}/presence", ids))
    if op == "subscriptions":
        users: list[str] = []
        for page in range(1, 1000):
            query = f"pageNum={page}&pageSize={call.get('page_size', 100)}"
            got = (await client.call("list", "GET", f"{own}/presence/sublist?{query}"))["sublist"]
            users += [one["uid"] for one in got]
            if not got:
                break
        return users
    if op == "app_token":
        return await client._get_token() and "token"
    raise ApiError("unsupported", op, "no")


def check_ok(result: Any) -> None:
    """A result that is no success is an error."""
    if result != "ok":
        raise ApiError("rejected", str(result), "yes", 200)


async def make(client: Client, call: dict[str, Any]) -> dict[str, Any]:
    """Makes one call and tells what became of it."""
    item, began = call["item"], time.perf_counter()
    ended: dict[str, Any] = {"item": item}
    try:
        work = answered(client, call)
        if (after := call.get("cancel_ms")) is not None:
            task = asyncio.ensure_future(work)
            done, _ = await asyncio.wait([task], timeout=after / 1000)
            if not done:
                task.cancel()
            ended |= {"outcome": "applied", "answer": await task}
        else:
            ended |= {"outcome": "applied", "answer": await work}
    except asyncio.CancelledError:
        ended |= {"outcome": "cancelled"}
    except ApiError as error:
        traceback.print_exc()
        ended |= {
            "outcome": SENT.get(error.sent, "unknown"),
            "kind": error.kind,
            "sent": error.sent,
            "status": error.status,
            "message": str(error),
        }
    except Exception as error:
        traceback.print_exc()
        ended |= {"outcome": "unknown", "kind": type(error).__name__, "message": str(error)}
    return ended | {"ms": (time.perf_counter() - began) * 1000}


async def make_all(client: Client, phase: dict[str, Any]) -> list[dict[str, Any]]:
    """Makes all calls of a phase, so many at once."""
    room = asyncio.Semaphore(phase["concurrency"] or len(phase["calls"]) or 1)

    async def one(call: dict[str, Any]) -> dict[str, Any]:
        async with room:
            return await make(client, call)

    return list(await asyncio.gather(*(one(call) for call in phase["calls"])))


async def run(job: dict[str, Any]) -> dict[str, Any]:
    """Does one job."""
    before = held.now()
    held.forget_peak()
    client = Client(job)
    outcomes: list[dict[str, Any]] = []
    for number, phase in enumerate(job["phases"]):
        outcomes += await make_all(client, phase)
        if number + 1 < len(job["phases"]):
            lines.write({"phase_done": number})
            await asyncio.to_thread(lines.read)
    began = time.perf_counter()
    await client.close()
    close_ms = (time.perf_counter() - began) * 1000
    del client
    gc.collect()
    after = await held.settled(before)
    return {"id": job["id"], "outcomes": outcomes, "close_ms": close_ms, "before": before, "after": after}


async def main() -> None:
    """Reads jobs until the input ends."""
    while job := await asyncio.to_thread(lines.read):
        print("===", job["case"], file=sys.stderr, flush=True)
        lines.write(await run(job))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    asyncio.run(main())
