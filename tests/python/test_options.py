"""Options that only show on the wire, or in what the core says of them, reach the core."""

from __future__ import annotations

import pickle
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

import pytest

from easemob_presence import (
    AuthError,
    ConfigError,
    DeadlineError,
    EndpointName,
    InvalidInputError,
    PresenceClient,
    ServerError,
    Stats,
    Status,
)
from support.canned import Recorded, Server, http

if TYPE_CHECKING:
    from easemob_presence.testing import Emulator
    from support.silent import SilentServer

DOCUMENTED = dict.fromkeys(get_args(EndpointName), 50.0) | {
    "devices": 100.0,
    "is_online": 100.0,
    "group_online_count": 100.0,
    "token": 300.0,
}


def ok(_: Recorded) -> bytes:
    return http(200, {}, b'{"result":"ok"}')


def test_a_proxy_gets_the_calls_with_their_full_address() -> None:
    with (
        Server(ok) as proxy,
        PresenceClient(
            host="http://presence.invalid",
            allow_insecure_http=True,
            proxy=f"http://{proxy.host}",
            app_key="org#app",
            app_token="x",
        ) as client,
    ):
        client.user("c1").set(Status.ONLINE, resource="android")
    assert [request.target for request in proxy.requests] == [
        "http://presence.invalid/org/app/users/c1/presence/android/1"
    ]


@pytest.mark.parametrize("pem", ["no certificate", b"no certificate", ["no certificate"]])
def test_root_certificates_are_read_as_pem(pem: str | bytes | list[str]) -> None:
    with pytest.raises(ConfigError, match="PEM"):
        PresenceClient(host="a1.easemob.com", app_key="org#app", app_token="x", root_certificates=pem)


def test_an_attempt_ends_at_the_attempt_timeout(silent: SilentServer) -> None:
    with (
        PresenceClient(emulator=silent.host, app_token="x", attempt_timeout=0.05) as client,
        pytest.raises(DeadlineError, match=r"attempt timeout of 0\.05 s"),
    ):
        client.user("wzy").get("c2")


def test_attempts_are_as_many_as_the_client_or_its_copy_may_make() -> None:
    with Server(lambda _: http(503, {}, b"")) as server:
        client = PresenceClient(emulator=server.host, app_token="x", max_attempts=3)
        once = client.with_options(max_attempts=1)
        for one, attempts in ((client, 3), (once, 1), (once.with_options(timeout=5), 1)):
            before = len(server.requests)
            with pytest.raises(ServerError) as caught:
                one.user("wzy").get("c2")
            assert len(server.requests) - before == caught.value.attempts == attempts


def limits(client: PresenceClient) -> dict[str, float | None]:
    return {name: endpoint.limit for name, endpoint in client.stats().endpoints.items()}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, DOCUMENTED),
        ({"rate_limits": "documented"}, DOCUMENTED),
        ({"rate_limits": "off"}, dict.fromkeys(DOCUMENTED)),
        ({"rate_limits": 7}, dict.fromkeys(DOCUMENTED, 7.0)),
        ({"rate_limits": {"get": 200, "set": 5}}, DOCUMENTED | {"get": 200.0, "set": 5.0}),
        ({"rate_share": 0.5}, {name: limit / 2 for name, limit in DOCUMENTED.items()}),
        ({"rate_limits": {"get": 200}, "rate_share": 0.5}, {n: x / 2 for n, x in (DOCUMENTED | {"get": 200}).items()}),
        ({"rate_limits": "off", "rate_share": 0.5}, dict.fromkeys(DOCUMENTED)),
    ],
)
def test_rates_are_those_that_were_given(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], expected: dict[str, float | None]
) -> None:
    monkeypatch.setenv("EASEMOB_EMULATOR_HOST", emulator.host)
    assert limits(PresenceClient(emulator=emulator.host, **options)) == expected
    assert limits(PresenceClient.from_env(**options)) == expected


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate_limits": "none"}, 'rate_limits cannot be read: \'none\' is no rate; write "documented", "off"'),
        ({"rate_limits": 1.5}, "1.5 is no rate"),
        ({"rate_limits": True}, "True is no rate"),
        ({"rate_limits": ["get"]}, r"\['get'\] is no rate"),
        ({"rate_limits": {"gett": 5}}, "'gett' is no endpoint; known are set, subscribe, get, .*, token"),
        ({"rate_limits": {"get": -1}}, "-1 is no whole number"),
        ({"rate_limits": {"get": True}}, "True is no whole number"),
        ({"rate_limits": {5: 5}}, "5 is no endpoint"),
        ({"rate_limits": 0}, "a rate of 0"),
        ({"rate_share": 0}, "a share of the rates of 0"),
        ({"rate_share": 1.5}, "a share of the rates of 1.5"),
        ({"rate_share": "half"}, "rate_share cannot be read"),
        ({"max_attempts": 0}, "max_attempts is zero"),
        ({"max_attempts": -1}, "max_attempts cannot be read: -1 is no whole number"),
        ({"max_attempts": True}, "max_attempts cannot be read: True is no whole number"),
        ({"max_queued": "many"}, "max_queued cannot be read: 'many' is no whole number"),
        ({"min_token_interval": -1}, "min_token_interval cannot be read: -1 is no length of time"),
    ],
)
def test_rates_and_numbers_that_make_no_sense_are_refused_in_a_sentence(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        PresenceClient(emulator="127.0.0.1:1", **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"priority": "urgent"}, '\'urgent\' is no priority; write "normal" or "background"'),
        ({"priority": 1}, "1 is no priority"),
        ({"max_attempts": 1.5}, "1.5 is no whole number"),
        ({"timeout": "soon"}, "'soon' is no length of time"),
    ],
)
def test_options_of_a_copy_that_cannot_be_read(client: PresenceClient, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        client.with_options(**options)


def test_a_copy_without_attempts_is_told_at_its_first_call(client: PresenceClient) -> None:
    with pytest.raises(InvalidInputError, match="max_attempts is zero"):
        client.with_options(max_attempts=0).user("wzy").get("c2")


@pytest.mark.parametrize("interval", [0, timedelta(0)])
def test_tokens_may_follow_each_other_at_once(emulator: Emulator, interval: float | timedelta) -> None:
    with emulator.client(min_token_interval=interval) as client:
        for _ in range(3):
            client.user("wzy").get("c2")
            emulator.expire_tokens()
        assert client.stats().token_requests == 3


def test_tokens_keep_their_distance(emulator: Emulator) -> None:
    with emulator.client(min_token_interval=3600) as client:
        client.user("wzy").get("c2")
        emulator.expire_tokens()
        # The next token would come after the call's deadline: it is not waited for.
        with pytest.raises(AuthError):
            client.user("wzy").get("c2")
        assert client.stats().token_requests == 1


def test_the_numbers_are_a_value(emulator: Emulator) -> None:
    with emulator.client(rate_limits={"get": 200}) as client:
        before = client.stats()
        client.with_options(timeout=5).user("wzy").get("c2")
        emulator.configure(presence_enabled=False)
        with pytest.raises(Exception, match="feature_disabled"):
            client.user("wzy").get("c2")
        stats = client.stats()
    assert (stats.calls, stats.active, stats.succeeded, stats.failed, stats.superseded) == (2, 0, 1, 1, 0)
    assert (stats.attempts, stats.retries, stats.replays, stats.token_requests) == (2, 0, 0, 1)
    assert stats.retry_quota == 500
    get = stats.endpoints["get"]
    assert (get.endpoint, get.limit, get.rate, get.waiting, get.in_flight) == ("get", 200.0, 200.0, 0, 0)
    assert (get.sent, get.limited, get.paused_for) == (2, 0, None)
    assert stats != before and stats == pickle.loads(pickle.dumps(stats))
    assert get == pickle.loads(pickle.dumps(get)) != stats.endpoints["set"]
    assert repr(stats).startswith(
        "Stats(calls=2, active=0, succeeded=1, failed=1, superseded=0, attempts=2, retries=0, "
    )
    assert repr(get) == (
        "EndpointStats(endpoint='get', limit=200.0, rate=200.0, waiting=0, in_flight=0, sent=2, limited=0, "
        "paused_for=None)"
    )
    assert repr(get) in repr(stats)
    anything: Any = stats
    for change in (lambda: setattr(anything, "calls", 0), lambda: anything.endpoints.update(get=None)):
        with pytest.raises(AttributeError):
            change()
    with pytest.raises(TypeError, match="unhashable"):
        hash(stats)
    assert isinstance(stats, Stats)


def test_a_rotated_secret_is_used_for_the_next_token_by_all_copies(emulator: Emulator) -> None:
    options: dict[str, Any] = {"client_id": emulator.client_id, "client_secret": "canary-old"}
    with emulator.client(**options) as client:
        copy = client.with_options(timeout=5)
        with pytest.raises(AuthError):
            client.user("wzy").get("c2")
        client.rotate_client_secret(emulator.client_secret)
        assert copy.user("wzy").get("c2").user_id == "c2"


def test_a_secret_that_cannot_be_one_is_refused_unseen(emulator: Emulator) -> None:
    wrong: Any = b"canary"
    with emulator.client() as client:
        with pytest.raises(ConfigError, match="secret"):
            client.rotate_client_secret("")
        with pytest.raises(InvalidInputError, match="a str is meant") as caught:
            client.rotate_client_secret(wrong)
        assert "canary" not in f"{caught.value!r}"
        client.user("wzy").get("c2")
    with emulator.client(app_token="x") as client, pytest.raises(ConfigError, match="none to replace"):
        client.rotate_client_secret("canary")
