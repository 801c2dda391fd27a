"""Units of time and the reserved words. How a number with a unit is read lives in the parser."""

from __future__ import annotations

KEYWORDS = frozenset({"and", "or", "not", "if", "else", "for", "in", "true", "false", "now"})

SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "week": 604800, "year": 31557600}
"""Seconds in a unit."""

PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
"""Units in a second: dividing by these gives the double nearest to what was written, multiplying by 1e-9 would not."""

UNITS = (*PER_SECOND, *SECONDS)

OTHER_SPELLINGS = {
    **dict.fromkeys(("sec", "secs", "second", "seconds", "S"), "s"),
    **dict.fromkeys(("minute", "minutes", "mins", "m"), "min"),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "H"), "h"),
    **dict.fromkeys(("day", "days", "D"), "d"),
    **dict.fromkeys(("weeks", "w", "wk"), "week"),
    **dict.fromkeys(("years", "y", "yr", "a"), "year"),
    **dict.fromkeys(("milliseconds", "millis", "msec"), "ms"),
    **dict.fromkeys(("microseconds", "usec"), "us"),
    **dict.fromkeys(("nanoseconds", "nsec"), "ns"),
}
"""What people write for a unit, to be told the right one. A month has no fixed length."""


def in_seconds(value: float, unit: str, power: int = 1) -> float:
    """`value` in units ``unit ** power`` as a float in powers of seconds."""
    number, size = float(value), float(SECONDS.get(unit) or PER_SECOND[unit])
    for _ in range(abs(power)):
        number = number * size if (power > 0) == (unit in SECONDS) else number / size
    return number
