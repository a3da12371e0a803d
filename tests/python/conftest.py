"""Fixtures of all tests here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from easemob_presence.testing import Emulator
from support.silent import SilentServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from easemob_presence import PresenceClient


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator without rate limits."""
    with Emulator(rate_limit={"window": "off"}) as emulator:
        yield emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[PresenceClient]:
    """A client of the emulator."""
    with emulator.client() as client:
        yield client


@pytest.fixture
def silent() -> Iterator[SilentServer]:
    """A server that takes requests and never answers."""
    server = SilentServer()
    yield server
    server.close()
