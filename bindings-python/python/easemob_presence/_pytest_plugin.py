"""The pytest plugin: the fixture `presence_emulator`, in every project that has this package installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .testing import Emulator


@pytest.fixture
def presence_emulator() -> Iterator[Emulator]:
    """A fresh emulator of the presence service, in this process and without rate limits."""
    # Imported here, so that a test run that does not use the fixture does not pay for it.
    from .testing import Emulator

    with Emulator(rate_limit={"window": "off"}) as emulator:
        yield emulator
