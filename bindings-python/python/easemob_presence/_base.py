"""What both clients share: settings, options, numbers, closing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from . import _native
from ._provider import Provider
from .errors import ConfigError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from typing import Union

    from typing_extensions import Self

    from ._native import Stats
    from ._provider import TokenProvider

    Seconds = Union[float, timedelta]
    Pem = Union[str, bytes]
    RateLimits = Union[Literal["documented", "off"], int, Mapping["EndpointName", int]]
    Priority = Literal["normal", "background"]

# The endpoints that the service counts calls of, each by itself.
EndpointName = Literal[
    "set",
    "subscribe",
    "get",
    "unsubscribe",
    "subscriptions",
    "devices",
    "is_online",
    "online_states",
    "group_online_count",
    "token",
]


class ClientBase:
    """A client of one app, without the operations."""

    __slots__ = ("__weakref__", "_log_user_ids", "_native", "_provider")

    def __init__(
        self,
        *,
        host: str | None = None,
        app_key: str | None = None,
        app_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        app_token: str | None = None,
        token_provider: TokenProvider | None = None,
        emulator: str | None = None,
        timeout: Seconds | None = None,
        attempt_timeout: Seconds | None = None,
        connect_timeout: Seconds | None = None,
        max_attempts: int | None = None,
        rate_limits: RateLimits | None = None,
        rate_share: float | None = None,
        max_queued: int | None = None,
        coalesce: bool = True,
        cache: Seconds | None = None,
        min_token_interval: Seconds | None = None,
        allow_insecure_http: bool = False,
        proxy: str | None = None,
        root_certificates: Pem | Sequence[Pem] = (),
        log_user_ids: bool = False,
    ) -> None:
        """Builds a client; opens no connection. Keep one for the life of the process.

        Args:
            host: The REST host that the console shows, such as "a1.easemob.com", with a port if it needs one.
            app_key: The App Key, "org#app".
            app_id: The app id of newer Agora projects, in place of an App Key.
            client_id: The client id from the console; app tokens are fetched with it, kept, and renewed.
            client_secret: The client secret that belongs to it.
            app_token: One fixed app token, in place of client id and secret.
            token_provider: A function or coroutine function that returns an app token, as a `str` or an `AppToken`.
                It runs on a thread of its own, a coroutine function in an event loop of its own.
            emulator: "host:port" of an emulator, with its own app and credentials unless others are given.
            timeout: The most time a whole call may take, in which everything happens: its turn in the rate limit,
                waiting for a token, every attempt and every pause. 30 seconds if not given; it never multiplies.
            attempt_timeout: The most time one attempt may take; 10 seconds if not given.
            connect_timeout: The most time connecting may take, TLS included; 3 seconds if not given.
            max_attempts: The most attempts of one call, 4 if not given. Neither attempts that the service's rate limit
                refused count nor those made again for nothing: after a 401, or when a connection that lay idle had been
                closed. 1 means no retry, not even after the service's rate limit refused the call.
            rate_limits: How many calls a second are made to each endpoint: "documented" if not given, "off", one
                number for all, or the documented ones with these replaced. All clients of one App Key in this process
                count together: the rates given last hold for all of them. Calls beyond the rate wait for their turn,
                within their timeout. Token requests take no turn; `min_token_interval` keeps them apart.
            rate_share: The part of every rate that this process may use, above 0 and at most 1; for an app with
                several processes.
            max_queued: The most calls that may wait for their turn at one endpoint; more fail at once with
                `OverloadedError`. 10,000 if not given.
            coalesce: Whether single `get`s that one user makes at the same time go as one request, of up to 100 users.
                Each call keeps its own timeout, answer and error.
            cache: How old an answer of `get` may be that is given again without a request; off if not given. An answer
                belongs to the user who asked; what was read before this client's own `set` of a user is not given after
                it. About 65,000 answers are kept at most, and no errors.
            min_token_interval: The least time between two requests for a token, whatever becomes of them; 10 seconds
                if not given. Tests that let tokens end may want 0.
            allow_insecure_http: Allows a host written with "http://" that is not this machine.
            proxy: An HTTP proxy for every connection, "http://[user:password@]host:port".
            root_certificates: Certificate authorities to trust beside the platform's, as PEM text; one or several.
            log_user_ids: Whether log records may name the user that makes a call.

        Raises:
            ConfigError: If something is missing or not valid; it says what to write.

        Lengths of time are seconds or a `timedelta`. What is not given has the default of the Rust core.

        Example:
            >>> from easemob_presence import PresenceClient
            >>> with PresenceClient(emulator=emulator.host, rate_limits={"get": 200}, rate_share=0.5) as client:
            ...     client.stats().endpoints["get"].limit
            100.0
        """
        settings: dict[str, Any] = {
            "host": host,
            "app_key": app_key,
            "app_id": app_id,
            "client_id": client_id,
            "client_secret": client_secret,
            "app_token": app_token,
            "token_provider": token_provider,
            "emulator": emulator,
        }
        for names in _ONE_OF:
            _at_most_one(settings, names)
        if (client_id is None) != (client_secret is None):
            raise ConfigError("client_id and client_secret belong together; give both")
        self._build(
            {
                **settings,
                "credentials": None if client_id is None else (client_id, client_secret),
                "timeout": timeout,
                "attempt_timeout": attempt_timeout,
                "connect_timeout": connect_timeout,
                "max_attempts": max_attempts,
                "rate_limits": rate_limits,
                "rate_share": rate_share,
                "max_queued": max_queued,
                "coalesce": coalesce,
                "cache": cache,
                "min_token_interval": min_token_interval,
                "allow_insecure_http": allow_insecure_http,
                "proxy": proxy,
                "root_certificates": root_certificates,
            },
            log_user_ids,
        )

    @classmethod
    def from_env(
        cls,
        *,
        timeout: Seconds | None = None,
        attempt_timeout: Seconds | None = None,
        connect_timeout: Seconds | None = None,
        max_attempts: int | None = None,
        rate_limits: RateLimits | None = None,
        rate_share: float | None = None,
        max_queued: int | None = None,
        coalesce: bool = True,
        cache: Seconds | None = None,
        min_token_interval: Seconds | None = None,
        allow_insecure_http: bool = False,
        root_certificates: Pem | Sequence[Pem] = (),
        log_user_ids: bool = False,
    ) -> Self:
        """A client configured by the environment.

        Reads EASEMOB_HOST; EASEMOB_APP_KEY ("org#app") or EASEMOB_APP_ID; EASEMOB_CLIENT_ID with
        EASEMOB_CLIENT_SECRET, or EASEMOB_APP_TOKEN; or EASEMOB_EMULATOR_HOST in place of the host. The platform's
        proxy settings (HTTPS_PROXY, NO_PROXY) hold too.

        Args:
            timeout: As for the class.
            attempt_timeout: As for the class.
            connect_timeout: As for the class.
            max_attempts: As for the class.
            rate_limits: As for the class.
            rate_share: As for the class.
            max_queued: As for the class.
            coalesce: As for the class.
            cache: As for the class.
            min_token_interval: As for the class.
            allow_insecure_http: As for the class.
            root_certificates: As for the class.
            log_user_ids: As for the class.

        Returns:
            The client.

        Raises:
            ConfigError: If something is missing, contradicts itself or is not valid.
        """
        client = cls.__new__(cls)
        client._build(
            {
                "environment": True,
                "timeout": timeout,
                "attempt_timeout": attempt_timeout,
                "connect_timeout": connect_timeout,
                "max_attempts": max_attempts,
                "rate_limits": rate_limits,
                "rate_share": rate_share,
                "max_queued": max_queued,
                "coalesce": coalesce,
                "cache": cache,
                "min_token_interval": min_token_interval,
                "allow_insecure_http": allow_insecure_http,
                "root_certificates": root_certificates,
            },
            log_user_ids,
        )
        return client

    def _build(self, settings: Mapping[str, Any], log_user_ids: bool) -> None:
        function = settings.get("token_provider")
        certificates = settings["root_certificates"]
        if isinstance(certificates, (str, bytes)):
            certificates = [certificates]
        # Native code holds the provider weakly; it lives as long as the client.
        self._provider = None if function is None else Provider(function)
        self._log_user_ids = log_user_ids
        self._native = _native.Client(
            {
                **settings,
                "token_provider": None if self._provider is None else self._provider.start,
                "root_certificates": [pem.encode() if isinstance(pem, str) else pem for pem in certificates],
            }
        )

    def with_options(
        self,
        *,
        timeout: Seconds | None = None,
        attempt_timeout: Seconds | None = None,
        max_attempts: int | None = None,
        priority: Priority | None = None,
        grouped: bool | None = None,
    ) -> Self:
        """The same client with other limits for its calls. Connections, token, rate limits and closing are shared.

        Args:
            timeout: The most time a whole call may take.
            attempt_timeout: The most time one attempt may take.
            max_attempts: The most attempts of one call, as for the class.
            priority: "background" lets the calls of others go first when the rate limit makes them wait.
            grouped: Counts all calls made through the client as one caller. Callers take turns, so a job of a hundred
                thousand calls leaves every other call its place; without this each call is a caller of its own.

        Returns:
            The client with these limits; this one keeps its own.

        Raises:
            InvalidInputError: For a value that cannot be read.

        Example:
            >>> nightly = client.with_options(timeout=600, priority="background", grouped=True)
            >>> nightly.user("wzy").get("c2").user_id
            'c2'
        """
        client = type(self).__new__(type(self))
        client._provider = self._provider
        client._log_user_ids = self._log_user_ids
        client._native = self._native.with_options(
            timeout=timeout,
            attempt_timeout=attempt_timeout,
            max_attempts=max_attempts,
            priority=priority,
            grouped=grouped,
        )
        return client

    def stats(self) -> Stats:
        """What this client and its copies have done so far, and the state of their rate limits. Makes no call.

        Returns:
            The numbers of this moment. A forked child counts from its first call.

        Example:
            >>> client.user("wzy").get("c2").user_id
            'c2'
            >>> client.stats().succeeded
            1
        """
        return self._native.stats()

    def rotate_client_secret(self, client_secret: str) -> None:
        """Uses another client secret from the next token request on, after a rotation in the console.

        The token in use stays until its time. Holds for all copies of the client.

        Args:
            client_secret: The new secret.

        Raises:
            ConfigError: If it is empty, or the client was built without client id and secret.

        Example:
            >>> client.rotate_client_secret("the new secret")
        """
        self._native.rotate_client_secret(client_secret)

    def close(self) -> None:
        """Ends every call under way with `ClosedError`, down to the socket, and refuses every later one.

        Holds for all copies of the client; twice is fine. To let calls end first, wait for them first. The end of
        `with` or `async with` closes too.

        Example:
            >>> from easemob_presence import ClosedError
            >>> client.close()
            >>> try:
            ...     client.app_token()
            ... except ClosedError as error:
            ...     error.sent
            'no'
        """
        self._native.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(
            f"a {type(self).__name__} holds connections and secrets and is not pickled; build one in each process"
        )


_ONE_OF = (
    ("host", "emulator"),
    ("app_key", "app_id"),
    ("client_id", "app_token", "token_provider"),
)


def checked_limit(limit: object) -> int | None:
    """The limit of a list, if it can be one."""
    if limit is None or (isinstance(limit, int) and limit >= 0):
        return limit
    raise InvalidInputError(f"the limit must be a whole number from 0 on, not {limit!r}")


def _at_most_one(settings: Mapping[str, object], names: Sequence[str]) -> None:
    given = [name for name in names if settings[name] is not None]
    if len(given) > 1:
        raise ConfigError(f"{' and '.join(given)} are both given; give one")
