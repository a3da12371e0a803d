"""What is asked, and what a client must have read for its call to count."""

from __future__ import annotations

IDS = [f"user{number:06}" for number in range(100)]
DEVICE = "android_123423453246"
EXT = "busy"

# The sums over ids' lengths, times, texts' lengths, devices' names' lengths and statuses of what the mock answers.
TOUCHED = 1_000 + 164_446_606_300 + 1_120 + 6_600 + 10_500


def touched_is_right(total: float) -> None:
    if total != TOUCHED:
        raise ValueError(f"read {total}, not {TOUCHED}")


def few_is_right(devices: int, text: str) -> None:
    """The number of devices of the fourth user, and the text of the seventieth."""
    if devices != 3 or text != "外出就餐":
        raise ValueError(f"read {devices} devices and {text!r}")


def one_is_right(devices: int) -> None:
    if devices != 3:
        raise ValueError(f"read {devices} devices")
