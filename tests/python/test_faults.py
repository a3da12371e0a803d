"""Plans of faults: the same JSON as in Rust and Node, installed in the emulator of one's own tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from easemob_presence import PresenceClient, PresenceError, QuotaExceededError, Status
from easemob_presence.testing import Fault

if TYPE_CHECKING:
    from easemob_presence.testing import Emulator


def plan(fault: dict[str, Any], **rule: Any) -> dict[str, Any]:
    return {"faults": [{**rule, "fault": fault}]}


def test_a_rule_that_fires_is_in_the_journal_behind_its_request(emulator: Emulator, client: PresenceClient) -> None:
    emulator.faults.install(plan({"type": "quota"}, name="spent", match={"operation": "set", "user": "C1"}))
    with pytest.raises(QuotaExceededError):
        client.user("c1").set(Status.ONLINE, resource="ios_1")
    (fault,) = emulator.journal.faults()
    request = emulator.journal.requests()[-1]
    assert fault == Fault(request.seq + 1, fault.at_ms, 0, "spent", "quota", request.seq, request.connection, "")
    assert fault in emulator.journal.entries(since=request.seq) and request.status == 429
    assert emulator.journal.changes(since=request.seq) == []


def test_json_is_taken_as_it_is_and_a_plan_ends(emulator: Emulator, client: PresenceClient) -> None:
    quota = plan({"type": "quota"}, match={"operation": "get"})
    emulator.faults.install(json.dumps(quota))
    assert emulator.faults.installed() == quota
    with pytest.raises(QuotaExceededError):
        client.user("wzy").get("c2")
    emulator.faults.clear()
    assert emulator.faults.installed() is None
    assert client.user("wzy").get("c2").user_id == "c2"


def test_a_connection_is_cut_where_the_plan_says(emulator: Emulator, client: PresenceClient) -> None:
    client.app_token()
    emulator.faults.install(plan({"type": "reset", "at": "before"}, match={"operation": "set"}))
    with pytest.raises(ConnectionError):
        client.user("c1").set(Status.ONLINE, resource="ios_1")
    assert {request.status for request in emulator.journal.requests() if request.operation == "set"} == {None}
    assert "c1" not in emulator.state.snapshot()["users"]


def test_an_answer_that_was_applied_is_a_change_without_an_acknowledgement(
    emulator: Emulator, client: PresenceClient
) -> None:
    client.app_token()
    answer = {"type": "answer", "status": 501, "text": "<html>", "applied": True}
    emulator.faults.install(plan(answer, match={"operation": "set"}))
    with pytest.raises(PresenceError) as raised:
        client.user("c1").set(Status.ONLINE, resource="ios_1")
    assert raised.value.status == 501
    assert emulator.state.snapshot()["users"]["c1"]["devices"] == {"ios_1": "1"}


def test_a_port_that_is_closed_refuses_and_opens_again(emulator: Emulator, client: PresenceClient) -> None:
    client.app_token()
    emulator.stop_listening()
    with pytest.raises(ConnectionError):
        client.user("wzy").get("c2")
    emulator.listen()
    assert client.user("wzy").get("c2").user_id == "c2"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (plan({"type": "delay", "ms": "1"}), r"^faults\[0\]\.fault\.ms: "),
        (plan({"type": "delay"}), r"^faults\[0\]\.fault: missing field `ms`"),
        (plan({"type": "quota"}, probability=2), r"^faults\[0\]\.probability: "),
        ("{", "not JSON"),
    ],
)
def test_a_plan_that_is_refused_says_where_it_is_wrong(emulator: Emulator, wrong: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        emulator.faults.install(wrong)
    assert emulator.faults.installed() is None
