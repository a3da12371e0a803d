"""What both clients share: settings, options, closing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _native
from ._provider import Provider
from .errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from typing import Union

    from typing_extensions import Self

    from ._provider import TokenProvider

    Seconds = Union[float, timedelta]
    Pem = Union[str, bytes]


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
            timeout: The most time a whole call may take, with its token and every attempt; 30 seconds if not given.
            attempt_timeout: The most time one attempt may take; 10 seconds if not given.
            connect_timeout: The most time connecting may take, TLS included; 3 seconds if not given.
            allow_insecure_http: Allows a host written with "http://" that is not this machine.
            proxy: An HTTP proxy for every connection, "http://[user:password@]host:port".
            root_certificates: Certificate authorities to trust beside the platform's, as PEM text; one or several.
            log_user_ids: Whether log records may name the user that makes a call.

        Raises:
            ConfigError: If something is missing or not valid; it says what to write.

        Lengths of time are seconds or a `timedelta`. What is not given has the default of the Rust core.
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

    def with_options(self, *, timeout: Seconds | None = None, attempt_timeout: Seconds | None = None) -> Self:
        """The same client with other limits for its calls. Connections, token and closing are shared.

        Args:
            timeout: The most time a whole call may take.
            attempt_timeout: The most time one attempt may take.

        Returns:
            The client with these limits; this one keeps its own.
        """
        client = type(self).__new__(type(self))
        client._provider = self._provider
        client._log_user_ids = self._log_user_ids
        client._native = self._native.with_options(timeout=timeout, attempt_timeout=attempt_timeout)
        return client

    def close(self) -> None:
        """Refuses every later call with `ClosedError`. Calls under way end as they would have. Twice is fine."""
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


def _at_most_one(settings: Mapping[str, object], names: Sequence[str]) -> None:
    given = [name for name in names if settings[name] is not None]
    if len(given) > 1:
        raise ConfigError(f"{' and '.join(given)} are both given; give one")
