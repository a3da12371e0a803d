"""An emulator for tests that are not about rates: neither it nor its clients hold calls back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from easemob_presence.testing import Emulator

if TYPE_CHECKING:
    from easemob_presence import AsyncPresenceClient, PresenceClient

OFF: dict[str, Any] = {"rate_limits": "off", "min_token_interval": 0}


class UnpacedEmulator(Emulator):
    """An emulator without rate limits, whose clients have none and keep no distance between tokens."""

    def __init__(self) -> None:
        super().__init__(rate_limit={"window": "off"})

    def client(self, **options: Any) -> PresenceClient:
        return super().client(**OFF | options)

    def async_client(self, **options: Any) -> AsyncPresenceClient:
        return super().async_client(**OFF | options)
