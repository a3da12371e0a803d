"""Answers in the form that is the same in every language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from easemob_presence import Presence, Presences


def presence(presence: Presence) -> dict[str, Any]:
    """One presence."""
    return {
        "user": presence.user_id,
        "online": presence.is_online,
        "ext": presence.ext,
        "devices": {device.resource: device.status.number for device in presence.devices},
        "last_seen": _seconds(presence.last_seen),
        "expires_at": _seconds(presence.expires_at),
    }


def presences(presences: Presences) -> dict[str, Any]:
    """Several."""
    return {
        "found": [presence(one) for one in presences],
        "missing": list(presences.missing),
        "unmatched": [presence(one) for one in presences.unmatched],
    }


def _seconds(time: datetime | None) -> int | None:
    return None if time is None else int(time.timestamp())
