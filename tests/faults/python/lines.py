"""The suite's lines, on standard input and output."""

from __future__ import annotations

import json
import sys
from typing import Any


def read() -> dict[str, Any] | None:
    """The next document; none when there is no more."""
    line = sys.stdin.readline()
    return json.loads(line) if line else None


def write(document: dict[str, Any]) -> None:
    """Writes a document."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()
