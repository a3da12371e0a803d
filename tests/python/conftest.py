"""Fixtures of all tests here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.silent import SilentServer
from support.unpaced import UnpacedEmulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from easemob_presence import PresenceClient
    from easemob_presence.testing import Emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator without rate limits, for clients without them."""
    with UnpacedEmulator() as emulator:
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
