"""The shared scenarios, each with both clients: several steps with one client against one fresh emulator."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from easemob_presence import AsyncPresenceClient, PresenceClient, PresenceError
from easemob_presence.testing import Emulator
from support import call as calls
from support.expect import check_error, check_ids, check_items
from support.files import SCENARIOS, cases, only
from support.silent import PATIENCE
from support.watching import STEPS, Watching

if TYPE_CHECKING:
    from easemob_presence.testing import Request

CASES = cases(SCENARIOS)
START_MS = 1_700_000_000_000
EXPECTED = ("expect", "expect_ids", "expect_items", "error")


@pytest.mark.parametrize("kind", [PresenceClient, AsyncPresenceClient], ids=["sync", "async"])
@pytest.mark.parametrize("name", CASES)
def test_scenario(name: str, kind: type[PresenceClient] | type[AsyncPresenceClient]) -> None:
    case = CASES[name]
    only(case, "name", "settings", "client", "clock", "steps")
    assert case["steps"]
    if kind is PresenceClient and any("together" in step for step in case["steps"]):
        pytest.skip("methods that block make no calls at the same moment")
    with Emulator(**case.get("settings", {})) as emulator:
        if case.get("clock", "frozen") == "frozen":
            emulator.clock.freeze()
        else:
            assert case["clock"] == "running"
        emulator.clock.set(START_MS)
        client = _client(case.get("client", {}), kind, emulator)
        seen, watching = 0, Watching(emulator, client)
        for step in case["steps"]:
            if step.keys() & set(STEPS):
                watching.take(step)
                continue
            only(step, "call", "together", *EXPECTED, "emulator", "journal", "any_order", "journal_until")
            if "call" in step:
                _make(step, client)
            elif "together" in step:
                _make_together(step["together"], client)
            elif "emulator" in step:
                _act(step["emulator"], emulator)
            elif "journal_until" in step:
                seen = _wait_for(emulator, step["journal_until"], seen)
            else:
                requests = emulator.journal.requests(since=seen)
                seen = emulator.journal.last_seq
                _check_journal(requests, step["journal"], any_order=step.get("any_order", False))


def _client(spec: dict[str, Any], kind: Any, emulator: Emulator) -> Any:
    only(spec, "addressing", "credentials", "max_attempts", "rate_limits", "coalesce", "cache_seconds")
    addressing = {
        "app_key": {"app_key": emulator.app_key},
        "app_id": {"app_id": emulator.app_id},
        "unknown_app_key": {"app_key": "unknown-org#unknown-app"},
    }[spec.get("addressing", "app_key")]
    credentials: dict[str, str]
    match spec.get("credentials", "client"):
        case "client":
            credentials = {"client_id": emulator.client_id, "client_secret": emulator.client_secret}
        case "wrong_secret":
            credentials = {"client_id": emulator.client_id, "client_secret": "not-the-secret"}
        case "fixed_token":
            credentials = {"app_token": emulator.issue_token(24 * 3600)}
        case "unknown_token":
            credentials = {"app_token": "007eJx-not-a-token-of-this-app"}
        case other:
            raise ValueError(f"unknown credentials {other!r}")
    return kind(
        host=f"http://{emulator.host}",
        max_attempts=spec.get("max_attempts", 1),
        rate_limits=spec.get("rate_limits", "off"),
        min_token_interval=0,
        coalesce=spec.get("coalesce", True),
        cache=spec.get("cache_seconds"),
        **addressing,
        **credentials,
    )


def _make(step: dict[str, Any], client: Any) -> None:
    (expected,) = (name for name in EXPECTED if name in step)
    if expected != "error":
        value = calls.make(step["call"], client)
        match expected:
            case "expect":
                assert calls.as_json(value) == step["expect"]
            case "expect_ids":
                check_ids(value, step["expect_ids"])
            case _:
                check_items(value, step["expect_items"])
        return
    with pytest.raises(PresenceError) as caught:
        calls.make(step["call"], client)
    check_error(step["call"], caught.value, step["error"])


def _make_together(steps: list[dict[str, Any]], client: AsyncPresenceClient) -> None:
    for step, outcome in zip(steps, calls.make_together([step["call"] for step in steps], client), strict=True):
        only(step, "call", "expect", "error")
        assert ("expect" in step) != ("error" in step)
        if "error" in step:
            assert isinstance(outcome, PresenceError), outcome
            check_error(step["call"], outcome, step["error"])
        else:
            assert calls.as_json(outcome) == step["expect"]


def _act(step: dict[str, Any], emulator: Emulator) -> None:
    ((act, given),) = step.items()
    match act:
        case "login":
            emulator.state.login(**given)
        case "logout":
            assert emulator.state.logout(**given)
        case "register":
            assert emulator.state.register(given)
        case "advance_seconds":
            emulator.clock.advance(given)
        case "expire_tokens":
            emulator.expire_tokens()
        case "group_online_count":
            emulator.state.set_group_online_count(**given)
        case "configure":
            emulator.configure(**given)
        case "listener":
            {"up": emulator.listen, "down": emulator.stop_listening}[given]()
        case "faults":
            emulator.faults.install(given)
        case _:
            raise ValueError(f"unknown act {act!r}")


def _wait_for(emulator: Emulator, awaited: dict[str, Any], seen: int) -> int:
    only(awaited, "operations", "requests")
    end = time.monotonic() + PATIENCE
    while True:
        last = emulator.journal.last_seq
        requests = emulator.journal.requests(since=seen)
        requests = [request for request in requests if request.operation in awaited["operations"]]
        if len(requests) >= len(awaited["requests"]):
            _check_journal(requests[: len(awaited["requests"])], awaited["requests"], any_order=False)
            return last
        assert emulator.journal.wait(since=last, timeout=end - time.monotonic()), requests


def _check_journal(requests: list[Request], expected: list[dict[str, Any]], *, any_order: bool) -> None:
    assert len(requests) == len(expected), requests
    left = list(requests)
    for wanted in expected:
        only(wanted, "operation", "method", "target", "segments", "body", "users", "status", "authorization")
        place = next((at for at, request in enumerate(left) if _matches(request, wanted)), None)
        assert place == 0 or (any_order and place is not None), f"{wanted} is not next in {left}"
        del left[place]


def _matches(request: Request, wanted: dict[str, Any]) -> bool:
    for name, value in wanted.items():
        match name:
            case "segments":
                got: Any = list(request.segments)
            case "body" | "users":
                body = json.loads(request.body) if request.body else None
                got = body if name == "body" else len(body.get("usernames", ()) if isinstance(body, dict) else body)
            case _:
                got = getattr(request, name)
        if got != value:
            return False
    return True
