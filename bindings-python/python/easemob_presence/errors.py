"""What can go wrong: one root, `PresenceError`, and one class for each kind.

Branch on the class (or on `kind`, the same name in every language) and, where it matters whether the service may have
acted, on `sent`; never on the text. Each class also derives from the builtin that says the same, so code that
catches `TimeoutError`, `ConnectionError` or `ValueError` catches these too.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from ._native import OnlineStates, Presences

    Sent = Literal["no", "maybe", "yes"]


class PresenceError(Exception):
    """Why a call failed. `str(error)` is one line: operation, endpoint, status, code, words, and what to do.

    Attributes:
        kind: What went wrong, by what a caller can do about it: "invalid_input", "rate_limited", …
        message: The service's own words where it answered, else what happened here.
        operation: The operation's name; None while a client is being built.
        status: The HTTP status, if the service answered.
        code: The service's own code ("illegal_argument", "reach_limit", …), as sent.
        hint: What to do about it, where that is known.
        request_id: The answer's x-request-id header, for a support ticket.
        retryable: Whether the same call can succeed later with nothing else changed.
        retry_after: How many seconds the service asked to wait.
        sent: Whether the service may have received the call: "no", "maybe" or "yes".
        attempts: How many times the request was sent or tried; 0 if it never came to that.
        body: The first 2 KiB of the answer's text, with anything shaped like a token masked.
        partial: What succeeded and what failed, user by user, of a call on many users that took more than one request,
            and of each failed item of `iter_many`. None otherwise.
    """

    kind: ClassVar[str] = "unknown"

    def __init__(
        self,
        text: str,
        *,
        message: str | None = None,
        operation: str | None = None,
        status: int | None = None,
        code: str | None = None,
        hint: str | None = None,
        request_id: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        sent: Sent = "no",
        attempts: int = 0,
        body: str | None = None,
        partial: PartialFailure | None = None,
    ) -> None:
        super().__init__(text)
        self.message = text if message is None else message
        self.operation = operation
        self.status = status
        self.code = code
        self.hint = hint
        self.request_id = request_id
        self.retryable = retryable
        self.retry_after = retry_after
        self.sent: Sent = sent
        self.attempts = attempts
        self.body = body
        self.partial = partial

    def __str__(self) -> str:
        # OSError and KeyError, which some classes derive from too, write theirs in ways of their own.
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args[0], dict(self.__dict__))


class InvalidInputError(PresenceError, ValueError):
    """An argument breaks a documented rule. Found before any socket is opened."""

    kind = "invalid_input"


class ConfigError(PresenceError, ValueError):
    """The client cannot be built, or used, as configured."""

    kind = "config"


class AuthError(PresenceError, PermissionError):
    """The service does not accept the token, or the client id and secret; or the token provider failed."""

    kind = "auth"


class PermissionDeniedError(PresenceError, PermissionError):
    """The token is accepted but does not allow this call; a new token would not help."""

    kind = "permission"


class NotFoundError(PresenceError, LookupError):
    """The app, the user or the presence asked for does not exist."""

    kind = "not_found"


class FeatureDisabledError(PresenceError):
    """The app has not switched the feature on in the console."""

    kind = "feature_disabled"


class BadRequestError(PresenceError):
    """The service understood the call and refuses it."""

    kind = "bad_request"


class RateLimitedError(PresenceError):
    """Too many calls in a short time; the same call succeeds later."""

    kind = "rate_limited"


class QuotaExceededError(PresenceError):
    """The plan's quota is used up; waiting does not help."""

    kind = "quota_exceeded"


class TooLargeError(PresenceError):
    """The request or the answer is larger than allowed."""

    kind = "too_large"


class ServerError(PresenceError):
    """The service failed, or answered something that HTTP gives no meaning here."""

    kind = "server"


class DecodeError(PresenceError, ValueError):
    """A successful status with a body that is not what the call returns; or a callback that is none."""

    kind = "decode"


class InvalidSignatureError(PresenceError, PermissionError):
    """A callback is not signed with a known secret, or is too far from the present, or is another app's."""

    kind = "invalid_signature"


class ConnectError(PresenceError, ConnectionError):
    """No connection could be made, or it broke."""

    kind = "connect"


class TlsError(PresenceError, ConnectionError):
    """The server's certificate is not acceptable."""

    kind = "tls"


class DeadlineError(PresenceError, TimeoutError):
    """A deadline passed. Also caught as `TimeoutError`."""

    kind = "timeout"


class QueueTimeoutError(PresenceError, TimeoutError):
    """The rate limit gives the call no turn before its deadline. Nothing was sent, or nothing more."""

    kind = "queue_timeout"


class OverloadedError(PresenceError):
    """Too many calls wait for their turn already."""

    kind = "overloaded"


class SupersededError(PresenceError):
    """A newer set of the same device took this one's place."""

    kind = "superseded"


class PartialFailureError(PresenceError):
    """Of a call on many users, a part succeeded and a part failed. Here is both; nothing has to be asked again.

    Example:
        >>> from easemob_presence import PartialFailureError
        >>> refusal = {"type": "answer", "status": 400, "text": "{}"}
        >>> emulator.faults.install({"faults": [{"match": {"contains": '"u150"'}, "fault": refusal}]})
        >>> try:
        ...     client.user("wzy").get_many(f"u{n}" for n in range(250))
        ... except PartialFailureError as error:
        ...     print(len(error.presences), len(error.succeeded), error.failed["u150"].kind)
        150 150 bad_request
    """

    kind = "partial"

    @property
    def presences(self) -> Presences | None:
        """The presences that were answered; None for an operation that answers none."""
        return None if self.partial is None else self.partial.presences

    @property
    def online_states(self) -> OnlineStates | None:
        """The states that were answered; None for an operation that answers none."""
        return None if self.partial is None else self.partial.online_states

    @property
    def succeeded(self) -> tuple[str, ...]:
        """The users for whom the call succeeded, in the order asked."""
        return () if self.partial is None else self.partial.succeeded

    @property
    def failed(self) -> Mapping[str, PresenceError]:
        """The users for whom it failed, in the order asked, with the cause; users of one request share it."""
        return {} if self.partial is None else self.partial.failed


class ClosedError(PresenceError, RuntimeError):
    """The client was closed, before the call or during it; or the interpreter is exiting."""

    kind = "closed"


class ForkedError(PresenceError, RuntimeError):
    """The call was begun in the process that this one was forked from. The client itself works in the child."""

    kind = "forked"


class PartialFailure:
    """What succeeded and what failed of a call on many users. Every user asked for is in one of the two.

    Attributes:
        presences: The presences that were answered, of `get_many`, `iter_many` and `subscribe`, if anything succeeded.
        online_states: The states that were answered, of `online_states`, if anything succeeded.
        succeeded: The users for whom the call succeeded, in the order asked.
        causes: Pairs of the users who failed for one and the same cause, and that cause.
    """

    __slots__ = ("_failed", "causes", "online_states", "presences", "succeeded")

    def __init__(
        self,
        presences: Presences | None,
        online_states: OnlineStates | None,
        succeeded: tuple[str, ...],
        causes: tuple[tuple[tuple[str, ...], PresenceError], ...],
    ) -> None:
        self.presences = presences
        self.online_states = online_states
        self.succeeded = succeeded
        self.causes = causes
        self._failed: Mapping[str, PresenceError] | None = None

    @property
    def failed(self) -> Mapping[str, PresenceError]:
        """The users for whom it failed, in the order asked, with the cause; users of one request share it."""
        if self._failed is None:
            self._failed = MappingProxyType({user: cause for users, cause in self.causes for user in users})
        return self._failed

    def __repr__(self) -> str:
        failed = sum(len(users) for users, _ in self.causes)
        return f"<PartialFailure: {len(self.succeeded)} succeeded, {failed} failed>"

    def __reduce__(self) -> tuple[Any, ...]:
        return PartialFailure, (self.presences, self.online_states, self.succeeded, self.causes)


class Cause(Exception):
    """One step of what led to a `PresenceError` inside the native core; found along `__cause__`."""


def _again(cls: type[PresenceError], text: str, fields: dict[str, Any]) -> PresenceError:
    """A pickled exception read back. Its cause stays behind, as pickling any exception leaves it."""
    error = cls(text)
    error.__dict__.update(fields)
    return error
