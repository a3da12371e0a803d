"""A typed client for the presence (online status) REST API of Easemob IM and Agora Chat.

`AsyncPresenceClient` is awaited, `PresenceClient` blocks; their methods have the same names. Failures are a
`PresenceError`. `Webhook` reads what the service posts to your server. `easemob_presence.testing` runs the service in
your test's process.

Example:
    >>> from easemob_presence import PresenceClient, Status
    >>> with PresenceClient(emulator=emulator.host) as client:  # or host=…, app_key="org#app", client_id=…, …
    ...     client.user("c2").set(Status.ONLINE, resource="android_123423453246", ext="busy")
    ...     for presence in client.user("wzy").subscribe(["c2"], ttl=1000):
    ...         print(presence.user_id, presence.is_online)
    c2 True
"""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING

from . import _native
from ._base import EndpointName
from ._native import (
    AppToken,
    Callback,
    Device,
    DeviceStatus,
    EndpointStats,
    Event,
    GroupKind,
    Occupancy,
    OnlineStates,
    Presence,
    Presences,
    Stats,
    Status,
    Subscription,
    SubscriptionsPage,
    WatchStats,
    Webhook,
    __version__,
)
from ._progress import Progress
from .client import PresenceClient
from .errors import (
    AuthError,
    BadRequestError,
    Cause,
    ClosedError,
    ConfigError,
    ConnectError,
    DeadlineError,
    DecodeError,
    FeatureDisabledError,
    ForkedError,
    InvalidInputError,
    InvalidSignatureError,
    NotFoundError,
    OverloadedError,
    PartialFailure,
    PartialFailureError,
    PermissionDeniedError,
    PresenceError,
    QueueTimeoutError,
    QuotaExceededError,
    RateLimitedError,
    ServerError,
    SupersededError,
    TlsError,
    TooLargeError,
)
from .user import Subscriptions, User
from .watch import EventKind, EventSource, WarningReason, Watch, Watcher

if TYPE_CHECKING:
    from ._async_many import AsyncIterMany
    from ._many import IterMany
    from .async_client import AsyncPresenceClient
    from .async_user import AsyncSubscriptions, AsyncUser
    from .async_watch import AsyncWatch, AsyncWatcher

__all__ = [
    "AppToken",
    "AsyncIterMany",
    "AsyncPresenceClient",
    "AsyncSubscriptions",
    "AsyncUser",
    "AsyncWatch",
    "AsyncWatcher",
    "AuthError",
    "BadRequestError",
    "Callback",
    "Cause",
    "ClosedError",
    "ConfigError",
    "ConnectError",
    "DeadlineError",
    "DecodeError",
    "Device",
    "DeviceStatus",
    "EndpointName",
    "EndpointStats",
    "Event",
    "EventKind",
    "EventSource",
    "FeatureDisabledError",
    "ForkedError",
    "GroupKind",
    "InvalidInputError",
    "InvalidSignatureError",
    "IterMany",
    "NotFoundError",
    "Occupancy",
    "OnlineStates",
    "OverloadedError",
    "PartialFailure",
    "PartialFailureError",
    "PermissionDeniedError",
    "Presence",
    "PresenceClient",
    "PresenceError",
    "Presences",
    "Progress",
    "QueueTimeoutError",
    "QuotaExceededError",
    "RateLimitedError",
    "ServerError",
    "Stats",
    "Status",
    "Subscription",
    "Subscriptions",
    "SubscriptionsPage",
    "SupersededError",
    "TlsError",
    "TooLargeError",
    "User",
    "WarningReason",
    "Watch",
    "WatchStats",
    "Watcher",
    "Webhook",
    "__version__",
]

# Before the interpreter is torn down: a thread that came back to it later would take the process down.
atexit.register(_native.stop)

_ASYNC = {
    "AsyncPresenceClient": "async_client",
    "AsyncUser": "async_user",
    "AsyncSubscriptions": "async_user",
    "AsyncWatch": "async_watch",
    "AsyncWatcher": "async_watch",
    "AsyncIterMany": "_async_many",
    "IterMany": "_many",
}


def __getattr__(name: str) -> object:
    """The async half, imported when it is asked for: asyncio takes longer to import than all the rest."""
    if name not in _ASYNC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_ASYNC[name]}"), name)
    globals()[name] = value
    return value
