"""A client as a careful engineer writes it in an afternoon: aiohttp, tenacity, aiolimiter. For comparison only."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Any
from urllib.parse import quote

import aiohttp
from aiolimiter import AsyncLimiter
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

RETRYABLE = {408, 425, 429, 500, 502, 503, 504}


class ApiError(Exception):
    """A call failed."""

    def __init__(
        self, kind: str, message: str, sent: str, status: int | None = None, wait: float | None = None
    ) -> None:
        super().__init__(message)
        self.kind, self.sent, self.status, self.wait = kind, sent, status, wait

    @property
    def retryable(self) -> bool:
        """Whether it may be tried again."""
        if self.kind == "rate_limited":
            return "resource_limited" not in str(self)
        return self.status in RETRYABLE or self.kind in ("connect", "timeout")


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, ApiError) and error.wait is not None:
        return error.wait
    return wait_random_exponential(multiplier=0.05, max=8)(state)


class Client:
    """The presence API."""

    def __init__(self, job: dict[str, Any]) -> None:
        options = job["options"]
        org, app = job["app_key"].split("#")
        self._base = f"{job['host']}/{org}/{app}"
        self._credentials = (job["client_id"], job["client_secret"])
        self._total = options.get("timeout_ms", 30_000) / 1000
        self._attempts = options.get("max_attempts", 4)
        attempt = options.get("attempt_timeout_ms", 10_000) / 1000
        connect = options.get("connect_timeout_ms", 3_000) / 1000
        self._timeout = aiohttp.ClientTimeout(total=attempt, sock_connect=connect)
        self._token: str | None = job.get("app_token")
        self._fixed = self._token is not None
        self._token_lock = asyncio.Lock()
        rate = options.get("rate_limits")
        self._rate = None if rate == "off" else rate if isinstance(rate, int) else 50
        self._limiters: dict[str, AsyncLimiter] = {}
        tls: Any = True
        if pem := job.get("root_certificate"):
            tls = ssl.create_default_context(cadata=pem)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls, limit=100), timeout=self._timeout, trust_env=False
        )

    async def close(self) -> None:
        """Closes all connections."""
        await self._session.close()

    async def _fetch(self, method: str, path: str, body: Any, token: str | None) -> Any:
        headers = {"Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            async with self._session.request(
                method, self._base + path, json=body, headers=headers, allow_redirects=False
            ) as response:
                if response.status != 200:
                    text = await response.text()
                    kind = {401: "auth", 429: "rate_limited"}.get(response.status, "http")
                    wait = None
                    with contextlib.suppress(KeyError, ValueError):
                        wait = float(response.headers["Retry-After"])
                    raise ApiError(kind, f"{response.status}: {text}", "yes", response.status, wait)
                return await response.json()
        except aiohttp.ClientConnectorError as error:
            raise ApiError("connect", str(error), "no") from error
        except asyncio.TimeoutError as error:
            raise ApiError("timeout", "the attempt timed out", "maybe") from error
        except aiohttp.ClientError as error:
            raise ApiError("connect", repr(error), "maybe") from error
        except ValueError as error:
            raise ApiError("decode", repr(error), "yes", 200) from error

    async def _get_token(self, refused: str | None = None) -> str:
        async with self._token_lock:
            if self._token is None or (self._token == refused and not self._fixed):
                client_id, secret = self._credentials
                body = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
                self._token = (await self._fetch("POST", "/token", body, None))["access_token"]
            return self._token

    async def _once(self, endpoint: str, method: str, path: str, body: Any) -> Any:
        if self._rate is not None:
            limiter = self._limiters.setdefault(endpoint, AsyncLimiter(self._rate, 1))
            await limiter.acquire()
        token = await self._get_token()
        try:
            return await self._fetch(method, path, body, token)
        except ApiError as error:
            if error.status != 401:
                raise
        return await self._fetch(method, path, body, await self._get_token(token))

    async def call(self, endpoint: str, method: str, path: str, body: Any = None) -> Any:
        """Makes a call, again where that may help, within one deadline."""

        async def again() -> Any:
            async for attempt in AsyncRetrying(
                stop=stop_after_attempt(self._attempts),
                wait=_wait,
                retry=retry_if_exception(lambda error: isinstance(error, ApiError) and error.retryable),
                reraise=True,
            ):
                with attempt:
                    return (await self._once(endpoint, method, path, body))["result"]
            raise AssertionError("retrying ends with an answer or an error")

        try:
            return await asyncio.wait_for(again(), self._total)
        except asyncio.TimeoutError as error:
            raise ApiError("timeout", "the call timed out", "maybe") from error


def user(user_id: str) -> str:
    """A user's path."""
    return f"/users/{quote(user_id, safe='')}"
