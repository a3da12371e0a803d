"""Typed values from bytes, in three ways, and what is read of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workloads import few_is_right, one_is_right, touched_is_right

if TYPE_CHECKING:
    from collections.abc import Callable


class Codec:
    """Writes bodies and reads the two kinds of answers."""

    def __init__(
        self, write: Callable[[Any], bytes], result: Callable[[bytes], str], users: Callable[[bytes], list[Any]]
    ) -> None:
        self.write, self.result, self.users = write, result, users

    def ok(self, body: bytes) -> None:
        result = self.result(body)
        if result != "ok":
            raise ValueError(result)


def codec(name: str) -> Codec:
    return {"msgspec": with_msgspec, "orjson": with_orjson, "pydantic": with_pydantic}[name]()


def with_msgspec() -> Codec:
    import msgspec

    decode_ok = msgspec.json.Decoder(msgspec.defstruct("Ok", [("result", str)]))
    user = msgspec.defstruct("User", [("uid", str), ("last_time", int), ("ext", str), ("status", dict[str, int])])
    # Not strict: the service writes numbers as text.
    decode_users = msgspec.json.Decoder(msgspec.defstruct("Users", [("result", list[user])]), strict=False)
    return Codec(
        msgspec.json.Encoder().encode,
        lambda body: decode_ok.decode(body).result,
        lambda body: decode_users.decode(body).result,
    )


@dataclass(slots=True)
class User:
    uid: str
    last_time: int
    ext: str
    status: dict[str, int]


def with_orjson() -> Codec:
    import orjson

    def users(body: bytes) -> list[User]:
        return [
            User(
                row["uid"],
                int(row["last_time"]),
                row["ext"],
                {name: int(number) for name, number in row["status"].items()},
            )
            for row in orjson.loads(body)["result"]
        ]

    return Codec(orjson.dumps, lambda body: orjson.loads(body)["result"], users)


def with_pydantic() -> Codec:
    from pydantic import BaseModel, create_model

    class Row(BaseModel):
        uid: str
        last_time: int
        ext: str
        status: dict[str, int]

    ok = create_model("Ok", result=str)
    users = create_model("Users", result=(list[Row], ...))
    return Codec(
        lambda value: json.dumps(value).encode(),
        lambda body: ok.model_validate_json(body).result,
        lambda body: users.model_validate_json(body).result,
    )


def few(users: list[Any]) -> None:
    few_is_right(len(users[3].status), users[69].ext)


def one(users: list[Any]) -> None:
    one_is_right(len(users[0].status))


def touched(users: list[Any]) -> None:
    total = 0
    for user in users:
        total += len(user.uid) + user.last_time + len(user.ext)
        for device, status in user.status.items():
            total += len(device) + status
    touched_is_right(total)
