"""Durations as Kubernetes' Go programs write them: `10m`, `1h30m`, `0s`; an integer counts nanoseconds."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

_UNIT = r"(?:ns|us|µs|μs|ms|s|m|h)"
_PART = re.compile(rf"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)({_UNIT})")

_MICROSECONDS = {
    "ns": Decimal("0.001"),
    "us": Decimal(1),
    "µs": Decimal(1),  # U+00B5, the micro sign
    "μs": Decimal(1),  # U+03BC, the Greek letter; Go takes both
    "ms": Decimal(1_000),
    "s": Decimal(1_000_000),
    "m": Decimal(60_000_000),
    "h": Decimal(3_600_000_000),
}

PATTERN = r"^(0|(([0-9]+([.][0-9]*)?|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$"
"""The durations that a CRD's schema admits: those of Go's `time.ParseDuration` that are not negative."""

LONGEST = timedelta(microseconds=(2**63 - 1) // 1000)
"""Go keeps a duration as 64 bits of nanoseconds, so about 292 years is the end."""


def parse(value: str | int) -> timedelta:
    """Read a duration as Go's `time.ParseDuration` does, or a count of nanoseconds.

    Fractions of a microsecond are dropped.

    Raises:
        ValueError: the text is no duration, it is negative, or too long for Go to keep.
    """
    microseconds = Decimal(value) / 1000 if isinstance(value, int) else _microseconds(value)
    if microseconds < 0:
        raise ValueError(f"{value!r} is negative")
    if microseconds > LONGEST // timedelta(microseconds=1):
        raise ValueError(f"{value!r} is longer than 292 years")
    return timedelta(microseconds=int(microseconds))


def _microseconds(text: str) -> Decimal:
    if text == "0":
        return Decimal(0)
    total, position = Decimal(0), 0
    while match := _PART.match(text, position):
        total += Decimal(match[1]) * _MICROSECONDS[match[2]]
        position = match.end()
    if not text or position != len(text):
        raise ValueError(f"{text!r} is no duration; write it like 30s, 10m or 1h30m")
    return total


def render(duration: timedelta) -> str:
    """Write a duration the way Go's `Duration.String` does, without the zero parts: `1h30m`, `10m`, `1.5s`, `0s`.

    >>> render(timedelta(hours=24))
    '24h'
    """
    microseconds = duration // timedelta(microseconds=1)
    minutes, microseconds = divmod(microseconds, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{Decimal(microseconds) / 1_000_000:f}"
    if "." in seconds:
        seconds = seconds.rstrip("0").rstrip(".")
    text = f"{hours}h" if hours else ""
    text += f"{minutes}m" if minutes else ""
    text += f"{seconds}s" if microseconds else ""
    return text or "0s"
