"""The service's presence API in your test's process: no container, no account, no network.

Example:
    >>> from easemob_presence.testing import Emulator
    >>> with Emulator() as emulator, emulator.client() as client:
    ...     emulator.state.login("c2", "ios_1")
    ...     print(client.user("wzy").get("c2").is_online)
    ...     print([request.operation for request in emulator.journal.requests()])
    True
    ['token', 'get']

Under pytest the fixture `presence_emulator` is one, fresh for each test.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Union, cast

from . import _native
from ._journal import Change, Fault, Journal, Request
from .client import PresenceClient

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from types import TracebackType

    from typing_extensions import Self

    from .async_client import AsyncPresenceClient

    Seconds = Union[float, timedelta]

__all__ = ["Change", "Clock", "Counts", "Emulator", "Fault", "Faults", "Journal", "Request", "State"]


@dataclass(frozen=True)
class Counts:
    """How much there is in the emulator: users, devices logged in, subscriptions in force, valid tokens."""

    users: int
    logged_in: int
    subscriptions: int
    tokens: int


class Emulator:
    """A running emulator on a free port of this machine, stopped at the end of `with`.

    Args:
        app_key: The App Key, "org#app"; "easemob-demo#test" if not given.
        settings: Switches for what sources about the service tell differently, as for `configure`.

    Raises:
        ValueError: For a setting that does not exist or an App Key that is not "org#app".
        OSError: If no port can be bound.

    Example:
        >>> from easemob_presence.testing import Emulator
        >>> with Emulator(numbers_as_strings=False) as emulator:
        ...     emulator.app_key
        'easemob-demo#test'
    """

    def __init__(self, *, app_key: str | None = None, **settings: Any) -> None:
        defaults: dict[str, Any] = json.loads(_native.Emulator.default_settings())
        self._native = _native.Emulator(app_key, json.dumps(_merged(defaults, settings)))
        self.host, self.app_key, self.app_id, self.client_id, self.client_secret = self._native.address()
        self.journal = Journal(self._native)
        self.clock = Clock(self._native)
        self.state = State(self._native)
        self.faults = Faults(self._native)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Emulator at {self.host}>"

    def client(self, **options: Any) -> PresenceClient:
        """A client of this emulator.

        Args:
            options: What `PresenceClient` takes beside address and credentials; credentials too, to replace the
                emulator's own.

        Returns:
            The client; close it, or use it as a context manager.
        """
        return PresenceClient(**self._address(options))

    def async_client(self, **options: Any) -> AsyncPresenceClient:
        """An async client of this emulator.

        Args:
            options: As for `client`.

        Returns:
            The client; close it, or use it as an async context manager.
        """
        from .async_client import AsyncPresenceClient

        return AsyncPresenceClient(**self._address(options))

    def _address(self, options: dict[str, Any]) -> dict[str, Any]:
        own = {"emulator": self.host, "app_key": self.app_key}
        if not {"client_id", "app_token", "token_provider"} & options.keys():
            own |= {"client_id": self.client_id, "client_secret": self.client_secret}
        return own | options

    def settings(self) -> dict[str, Any]:
        """A copy of the settings in force."""
        settings: dict[str, Any] = json.loads(self._native.settings())
        return settings

    def configure(self, **settings: Any) -> None:
        """Changes settings while it runs; what is nested is merged.

        Args:
            settings: Names and values, as `settings()` shows them.

        Raises:
            ValueError: For a setting that does not exist.

        Example:
            >>> from easemob_presence.testing import Emulator
            >>> with Emulator() as emulator:
            ...     emulator.configure(presence_enabled=False, rate_limit={"per_second": {"get": 5}})
            ...     emulator.settings()["rate_limit"]["per_second"]["get"]
            5
        """
        self._native.replace_settings(json.dumps(_merged(self.settings(), settings)))

    def issue_token(self, ttl: Seconds) -> str:
        """A new app token that lives this long, without a token call."""
        return self._native.issue_token(ttl)

    def accept_token(self, token: str, ttl: Seconds) -> None:
        """Makes a token from elsewhere valid for this long."""
        self._native.accept_token(token, ttl)

    def callback(self, user: str, resource: str, reason: Literal["login", "logout", "replaced"], secret: str) -> bytes:
        """The body of the callback that the service would post for this user's device, signed with `secret`.

        It has the time of this emulator's clock and an id of its own. Nothing is sent and no state changes: post it to
        the endpoint under test.

        Args:
            user: The user.
            resource: The device.
            reason: What happened to it.
            secret: The secret that `Webhook` was given.

        Returns:
            The body, as JSON.

        Example:
            >>> from easemob_presence import Webhook
            >>> body = emulator.callback("c2", "android_1", "login", "secret")
            >>> Webhook("secret").parse(body).user_id
            'c2'
        """
        return self._native.callback(user, resource, reason, secret).encode()

    def expire_tokens(self) -> None:
        """Makes every token issued so far an expired one."""
        self._native.expire_tokens()

    def reset(self) -> None:
        """Forgets users, subscriptions, groups, tokens, journal and rates. Keeps settings, plan, clock, connections."""
        self._native.reset()

    def stop_listening(self) -> None:
        """Closes the port and every connection until `listen`: who connects is refused, as by a server that is down."""
        self._native.stop_listening()

    def listen(self) -> None:
        """Opens the same port again after `stop_listening`.

        Raises:
            OSError: If the port cannot be opened, or the emulator was stopped.
        """
        self._native.listen()

    def stop(self) -> None:
        """Closes the port and every connection. State and journal can still be read. Stopping twice is fine."""
        self._native.stop()


class Faults:
    """What goes wrong on purpose, by plan: a JSON document, the same in every language. Each firing is in the journal.

    Example:
        >>> from easemob_presence.testing import Emulator
        >>> with Emulator() as emulator, emulator.client(min_token_interval=0) as client:
        ...     outage = {"match": {"operation": "get"}, "count": 1, "fault": {"type": "expire_token"}}
        ...     emulator.faults.install({"faults": [outage]})
        ...     print(client.user("wzy").get("c2").user_id)
        ...     print([fault.fault for fault in emulator.journal.faults()])
        c2
        ['expire_token']
    """

    def __init__(self, native: _native.Emulator) -> None:
        self._native = native

    def install(self, plan: Mapping[str, Any] | str) -> None:
        """Puts a plan in force from the next request and the next connection on, in place of the one before.

        Args:
            plan: The plan, or its JSON.

        Raises:
            ValueError: For a plan that cannot be carried out, with the place in it and what is wrong there.
        """
        self._native.install_faults(plan if isinstance(plan, str) else json.dumps(plan))

    def installed(self) -> dict[str, Any] | None:
        """The plan in force, if there is one."""
        plan: dict[str, Any] | None = json.loads(self._native.installed_faults())
        return plan

    def clear(self) -> None:
        """Ends the plan. What it has begun, such as a delay, goes on."""
        self._native.clear_faults()


class Clock:
    """The clock that everything timed in the emulator reads. It runs with real time until told otherwise."""

    def __init__(self, native: _native.Emulator) -> None:
        self._native = native

    @property
    def unix_ms(self) -> int:
        """The emulator's time, in milliseconds since the Unix epoch."""
        return self._native.clock()[0]

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._native.clock()[1]

    def set(self, unix_ms: int) -> None:
        """Sets the clock, backwards too."""
        self._native.set_clock(unix_ms)

    def advance(self, by: Seconds) -> None:
        """Moves the clock forward, frozen or not."""
        self._native.advance_clock(by)

    def freeze(self) -> None:
        """Stops the clock where it is."""
        self._native.freeze_clock(True)

    def resume(self) -> None:
        """Lets the clock run again from where it stands."""
        self._native.freeze_clock(False)


class State:
    """The emulator's users, devices, subscriptions and groups: look at them, or change them as clients would."""

    def __init__(self, native: _native.Emulator) -> None:
        self._native = native

    def register(self, user: str) -> bool:
        """Registers a user; False if it was registered already."""
        return self._native.register(user)

    def delete(self, user: str) -> bool:
        """Deletes a user and its subscriptions both ways; False if there was none."""
        return self._native.delete(user)

    def login(
        self, user: str, resource: str, *, device_uuid: str | None = None, device_name: str | None = None
    ) -> None:
        """Logs a device in: its user is online, its presence status is 1."""
        self._native.login(user, resource, device_uuid, device_name)

    def logout(self, user: str, resource: str) -> bool:
        """Logs a device out: its presence status stays, as 0. False if it was not logged in."""
        return self._native.logout(user, resource)

    def set_group_online_count(self, group_id: str, count: int, *, query_type: int = 1) -> None:
        """Sets what the group online count answers; `query_type` is 1 for a group, 0 for a super-community server."""
        self._native.set_group_online_count(group_id, query_type, count)

    def counts(self) -> Counts:
        """How much there is of everything."""
        return Counts(**json.loads(self._native.counts()))

    def snapshot(self) -> dict[str, Any]:
        """Everything: `users` by id, and `groups`."""
        snapshot: dict[str, Any] = json.loads(self._native.snapshot())
        return snapshot


def _merged(into: Any, patch: Any) -> Any:
    if not isinstance(into, dict) or not isinstance(patch, dict):
        return patch
    merged = dict(cast("dict[str, Any]", into))
    for name, value in cast("dict[str, Any]", patch).items():
        merged[name] = _merged(merged.get(name), value)
    return merged
