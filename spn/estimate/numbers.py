"""Numbers as people read them: with as many digits as their interval supports, times in fitting units. No layout here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from spn.estimate.intervals import Interval

UNITS = (("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6))


def with_interval(value: Interval) -> str:
    """``3.614e-05  [3.584e-05, 3.644e-05]``: digits down to the second significant one of the half-width.

    An unknown estimate is a dash, an unbounded end is ``inf``.
    """
    if math.isnan(value.estimate) and not (math.isfinite(value.low) or math.isfinite(value.high)):
        return "-"
    show = _style(value)
    return f"{show(value.estimate)}  [{show(value.low)}, {show(value.high)}]"


class _Style(NamedTuple):
    decimals: int
    exponent: int | None

    def __call__(self, number: float) -> str:
        if not math.isfinite(number):
            return "-" if math.isnan(number) else str(number)
        if self.exponent is None:
            return f"{number:.{self.decimals}f}"
        if number == 0:
            return "0"
        return f"{number / 10.0**self.exponent:.{self.decimals}f}e{self.exponent:+03d}"


def _style(value: Interval) -> _Style:
    """One way to write all three numbers, so that they compare at sight."""
    largest = max((abs(x) for x in (value.estimate, value.low, value.high) if math.isfinite(x)), default=0.0)
    if largest == 0:
        return _Style(0, None)
    width = (value.high - value.low) / 2
    last = math.floor(math.log10(width)) - 1 if math.isfinite(width) and width > 0 else math.floor(math.log10(largest)) - 5
    lead = math.floor(math.log10(abs(_rounded(value.estimate, last)) or largest))
    if -3 <= lead < 6:
        return _Style(min(15, max(0, -last)), None)
    return _Style(min(15, max(0, lead - last)), max(lead, -300))


def _rounded(number: float, last: int) -> float:
    """The number to the digit 10^last, for its first digit: 9.99 is written as 10.0 is. Unknown is 0."""
    return (round(number, -last) if -300 < last < 300 else number) if math.isfinite(number) else 0.0


def duration(seconds: Interval) -> str:
    """A time with its interval, in the largest unit of which it is at least one: ``19.01  [18.85, 19.18] min``."""
    finite = [abs(x) for x in (seconds.estimate, seconds.high, seconds.low) if math.isfinite(x) and x]
    if not finite:
        text = with_interval(seconds)
        return text if text == "-" else f"{text} s"
    name, unit = next((pair for pair in UNITS if finite[0] >= pair[1]), UNITS[-1])
    return f"{with_interval(seconds.scaled(1 / unit))} {name}"


def percent(share: float) -> str:
    """``5 %``, ``0.13 %``: a share as people write it."""
    return f"{share * 100:.3g} %" if math.isfinite(share) else "unknown"
