"""The shared scenarios, each with both clients: several steps with one client against one fresh emulator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from easemob_presence import AsyncPresenceClient, PresenceClient, PresenceError
from easemob_presence.testing import Emulator
from support import call as calls
from support.expect import check_error
from support.files import SCENARIOS, cases, only

if TYPE_CHECKING:
    from easemob_presence.testing import Request

CASES = cases(SCENARIOS)
START_MS = 1_700_000_000_000


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
        seen = 0
        for step in case["steps"]:
            only(step, "call", "together", "expect", "error", "emulator", "journal")
            if "call" in step:
                _make(step, client)
            elif "together" in step:
                _make_together(step["together"], client)
            elif "emulator" in step:
                _act(step["emulator"], emulator)
            else:
                requests = emulator.journal.requests(since=seen)
                seen = emulator.journal.last_seq
                _check_journal(requests, step["journal"])


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
    assert ("expect" in step) != ("error" in step)
    if "expect" in step:
        assert calls.as_json(calls.make(step["call"], client)) == step["expect"]
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
        case _:
            raise ValueError(f"unknown act {act!r}")


def _check_journal(requests: list[Request], expected: list[dict[str, Any]]) -> None:
    fields = ("operation", "method", "target", "segments", "body", "status", "authorization")
    assert len(requests) == len(expected), requests
    for request, wanted in zip(requests, expected, strict=True):
        only(wanted, *fields)
        for name, value in wanted.items():
            got = getattr(request, name)
            if name == "body":
                got = json.loads(got) if got else None
            assert (list(got) if name == "segments" else got) == value, f"{name} of {request}"
