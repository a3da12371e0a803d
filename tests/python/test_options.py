"""Options that only show on the wire, or in what the core says of them, reach the core."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from easemob_presence import ConfigError, DeadlineError, PresenceClient, Status
from support.canned import Recorded, Server, http

if TYPE_CHECKING:
    from support.silent import SilentServer


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
