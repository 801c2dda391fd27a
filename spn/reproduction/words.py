"""Numbers in sentences: a few digits, fitting units, one unit for both ends of a range."""

from __future__ import annotations

import math
from collections.abc import Iterable

from spn.estimate.intervals import Interval
from spn.estimate.numbers import UNITS, with_interval

YEAR = 365.25 * 86400.0
"""Seconds."""


def count(value: float, digits: int = 3) -> str:
    """``19.6``, ``148``, ``1,200``: a number to a few digits, never with an exponent unless it is tiny."""
    if not math.isfinite(value) or value == 0:
        return "0" if value == 0 else str(value)
    places = digits - 1 - math.floor(math.log10(abs(value)))
    if places > 9:
        return f"{value:.{digits - 1}e}"
    text = f"{round(value, places):,.{max(0, places)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def span(low: float, high: float, digits: int = 3) -> str:
    """``100 to 371``; one number, if they are written alike."""
    texts = list(dict.fromkeys((count(low, digits), count(high, digits))))
    return " to ".join(texts)


def time(low: float, high: float | None = None) -> str:
    """``18 to 66.5 min``: a time, or a range of times, each in the largest unit of which it is at least one."""
    ends = [low] if high is None else [low, high]
    named = [next((pair for pair in UNITS if abs(end) >= pair[1]), UNITS[-1]) for end in ends]
    texts = [count(end / size) for end, (_, size) in zip(ends, named, strict=True)]
    if len(ends) == 1 or named[0] == named[1]:
        return f"{' to '.join(dict.fromkeys(texts))} {named[-1][0]}"
    return f"{texts[0]} {named[0][0]} to {texts[1]} {named[1][0]}"


def share(value: float) -> str:
    """``9.7 %``, from a share; nothing smaller than can be told."""
    return f"{count(100 * max(value, 1e-6), 2)} %"


def with_ends(interval: Interval) -> str:
    """``66.7 [65.8, 67.6]``."""
    return with_interval(interval).replace("  [", " [")


def listed(parts: Iterable[str]) -> str:
    """``a, b and c``."""
    found = list(parts)
    return " and ".join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)
