"""`easemob_presence.testing` and its pytest fixture, as an application's own tests use them."""

from __future__ import annotations

import pytest

from easemob_presence import FeatureDisabledError, PresenceClient, RateLimitedError, Status
from easemob_presence.testing import Change, Counts, Emulator, Request


def test_the_fixture_is_a_fresh_emulator(presence_emulator: Emulator) -> None:
    assert presence_emulator.journal.last_seq == 0
    with presence_emulator.client(rate_limits="off") as client:
        for _ in range(200):
            client.user("wzy").get("c2")


def test_state_can_be_changed_and_read(emulator: Emulator, client: PresenceClient) -> None:
    emulator.state.login("c2", "ios_1", device_name="phone")
    assert client.user("c2").devices()[0].device_name == "phone"
    assert client.user("c2").is_online()
    client.user("wzy").subscribe(["c2"])
    assert emulator.state.counts() == Counts(users=2, logged_in=1, subscriptions=1, tokens=1)
    assert emulator.state.logout("c2", "ios_1") and not emulator.state.logout("c2", "ios_1")
    assert emulator.state.register("new") and emulator.state.delete("new") and not emulator.state.delete("new")
    assert set(emulator.state.snapshot()["users"]) == {"c2", "wzy"}
    emulator.reset()
    assert emulator.state.counts() == Counts(users=0, logged_in=0, subscriptions=0, tokens=0)


def test_the_journal_says_what_was_asked_and_what_changed(emulator: Emulator, client: PresenceClient) -> None:
    client.user("c1").set(Status.ONLINE, resource="ios_1", ext="busy")
    request = emulator.journal.requests()[-1]
    assert (request.method, request.operation, request.status) == ("POST", "set", 200)
    assert request.segments == ("users", "c1", "presence", "ios_1", "1") and request.authorization
    change = emulator.journal.changes(since=request.seq)[0]
    assert (change.kind, change.user, change.subject, change.cause) == ("presence_set", "c1", "ios_1", request.seq)
    assert change.details["ext"] == "busy"
    assert {type(entry) for entry in emulator.journal.entries()} == {Request, Change}
    last = emulator.journal.last_seq
    assert emulator.journal.wait(since=last - 1) and not emulator.journal.wait(since=last, timeout=0)
    emulator.journal.clear()
    assert emulator.journal.entries() == [] and emulator.journal.last_seq == last


def test_the_clock_is_the_tests_own(emulator: Emulator, client: PresenceClient) -> None:
    emulator.clock.freeze()
    emulator.clock.set(1_700_000_000_000)
    client.user("wzy").subscribe(["c2"], ttl=60)
    assert emulator.clock.frozen and emulator.clock.unix_ms == 1_700_000_000_000
    emulator.clock.advance(61)
    assert list(client.user("wzy").subscriptions()) == []
    emulator.clock.resume()
    assert not emulator.clock.frozen


def test_settings_are_merged_and_checked(emulator: Emulator, client: PresenceClient) -> None:
    emulator.configure(rate_limit={"window": "sliding_log", "per_second": {"get": 1}})
    assert emulator.settings()["rate_limit"]["per_second"]["set"] == 50
    emulator.clock.freeze()
    client.user("wzy").get("c2")
    with pytest.raises(RateLimitedError):
        client.with_options(max_attempts=1).user("wzy").get("c2")
    emulator.configure(presence_enabled=False, rate_limit={"window": "off"})
    with pytest.raises(FeatureDisabledError):
        client.user("wzy").get("c2")
    for misspelt in ({"presence_enable": True}, {"rate_limit": {"window": "none"}}):
        with pytest.raises(ValueError, match="unknown"):
            emulator.configure(**misspelt)
        with pytest.raises(ValueError, match="unknown"):
            Emulator(**misspelt)
    with pytest.raises((ValueError, OSError)):
        Emulator(app_key="org/app")


def test_tokens_can_be_issued_accepted_and_ended(emulator: Emulator) -> None:
    emulator.accept_token("token-of-agora", 60)
    for token in ("token-of-agora", emulator.issue_token(60)):
        with emulator.client(app_token=token) as client:
            assert client.user("wzy").get("c2").user_id == "c2"
    before = len(emulator.journal.requests())
    with emulator.client() as client:
        client.user("wzy").get("c2")
        emulator.expire_tokens()
        client.user("wzy").get("c2")
    operations = [request.operation for request in emulator.journal.requests()[before:]]
    assert operations == ["token", "get", "get", "token", "get"]


def test_a_stopped_emulator_still_tells_what_happened() -> None:
    with Emulator(app_key="shop#web") as emulator, emulator.client() as client:
        client.user("wzy").get("c2")
    emulator.stop()
    assert (emulator.app_key, len(emulator.journal.requests())) == ("shop#web", 2)
    with pytest.raises(ConnectionError):
        emulator.client().user("wzy").get("c2")


@pytest.fixture
def environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a program that is pointed at the emulator."""
    monkeypatch.setenv("EASEMOB_EMULATOR_HOST", emulator.host)
    return monkeypatch


def test_a_program_is_pointed_at_it_by_the_environment(environment: pytest.MonkeyPatch) -> None:
    with PresenceClient.from_env(timeout=5) as client:
        assert client.user("wzy").get("c2").user_id == "c2"
    environment.setenv("EASEMOB_HOST", "a1.easemob.com")
    with pytest.raises(ValueError, match="both set"):
        PresenceClient.from_env()
