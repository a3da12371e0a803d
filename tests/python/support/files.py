"""The shared cases, read strictly: a case must never be skipped in silence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
VECTORS = ROOT / "tests" / "vectors"
SCENARIOS = ROOT / "tests" / "scenarios"
# Not cases of one call: a table about the classes of errors, and callbacks. `test_errors` and `test_webhook` read them.
OTHERS = {"errors.json", "callbacks.json"}


def cases(directory: Path) -> dict[str, dict[str, Any]]:
    """All cases of a directory by name.

    Raises:
        ValueError: If there is none, a file is empty, or two share a name.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(directory.glob("*.json")):
        if path.name in OTHERS:
            continue
        cases = json.loads(path.read_text())
        if not cases:
            raise ValueError(f"{path.name} is empty")
        for case in cases:
            if case["name"] in found:
                raise ValueError(f"two cases are named {case['name']!r}")
            found[case["name"]] = case
    if not found:
        raise ValueError(f"{directory} holds no case")
    return found


def only(given: dict[str, Any], *names: str) -> None:
    """Refuses a field that the runner does not know."""
    unknown = given.keys() - set(names)
    if unknown:
        raise ValueError(f"unknown fields: {sorted(unknown)}")
