"""Scales of axes: in which unit of time, by which power of ten, logarithmic or not, and where its ticks are. Nothing is drawn here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from spn.expressions.units import PER_SECOND, SECONDS

SPELT = {"year": "years", "week": "weeks", "us": "µs"}
"""How units of time stand at an axis, where that is not as they are written."""

LOG_FROM = 8.0
"""The ratio of the greatest to the least number from which they are drawn logarithmically."""


def unit_size(unit: str) -> float:
    """Seconds in a unit of time."""
    return float(SECONDS[unit]) if unit in SECONDS else 1.0 / PER_SECOND[unit]


def unit_for(seconds: Iterable[float]) -> str:
    """The unit for an axis with these times: that in which the greatest is between 1 and about 1,000."""
    greatest = max((abs(value) for value in seconds if math.isfinite(value)), default=0.0)
    for unit, least in (("year", 3 * 365.25), ("d", 4.0), ("h", 2 / 24), ("min", 3 / 1440), ("s", 1 / 86400), ("ms", 1e-3 / 86400), ("us", 0.0)):
        if greatest >= least * 86400.0:
            return unit
    return "s"


def rate_unit_for(per_second: Iterable[float]) -> str:
    """The unit of time for rates: that in which the greatest is about 1, or a little more."""
    greatest = max((abs(value) for value in per_second if math.isfinite(value)), default=0.0)
    return next((unit for unit in ("ms", "s", "min", "h", "d") if greatest * unit_size(unit) >= 0.1), "year")


def wants_log(values: Iterable[float], ratio: float = LOG_FROM) -> bool:
    """Whether numbers are so far apart that a linear axis would hide some of them."""
    finite = [value for value in values if math.isfinite(value)]
    return bool(finite) and min(finite) > 0.0 and max(finite) >= ratio * min(finite)


def is_geometric(values: Sequence[float]) -> bool:
    """Whether numbers were chosen so that their ratios, rather than their differences, are alike."""
    ordered = sorted(set(values))
    if len(ordered) < 3 or ordered[0] <= 0.0:
        return len(ordered) == 2 and 0.0 < 10.0 * ordered[0] <= ordered[1]
    if ordered[-1] < 4.0 * ordered[0]:
        return False

    def uneven(steps: list[float]) -> float:
        return max(steps) / min(steps)

    ratios = [math.log(b / a) for a, b in zip(ordered, ordered[1:], strict=False)]
    differences = [b - a for a, b in zip(ordered, ordered[1:], strict=False)]
    return uneven(ratios) < uneven(differences)


def exponent(values: Iterable[float], log: bool) -> int:
    """The power of ten that is taken out of an axis's numbers, 0 if they read well as they are."""
    finite = [abs(value) for value in values if math.isfinite(value) and value != 0.0]
    if not finite:
        return 0
    low, high = math.floor(math.log10(min(finite))), math.floor(math.log10(max(finite)))
    if log:
        middle = math.floor((math.log10(min(finite)) + math.log10(max(finite))) / 2.0)
        return 0 if is_wide(min(finite), max(finite)) or (low >= -2 and high <= 4) else middle
    return 0 if -2 <= high <= 4 else high


def is_wide(low: float, high: float) -> bool:
    """Whether a logarithmic axis is labelled with powers of ten alone."""
    return high >= 400.0 * low


def tick_texts(ticks: Sequence[float]) -> list[str]:
    """Numbers at ticks: with all the decimals that one of them needs."""
    decimals = 0
    for tick in ticks:
        text = f"{round(tick, 12):.12g}"
        if "e" in text:
            return [power_text(tick) for tick in ticks]
        decimals = max(decimals, len(text.partition(".")[2]))
    return [f"{tick:.{decimals}f}".replace("-", "\N{MINUS SIGN}") if round(tick, 12) else "0" for tick in ticks]


def short_texts(ticks: Sequence[float]) -> list[str]:
    """Numbers at logarithmic ticks: each with the decimals that it needs itself."""
    return [tick_texts([tick])[0] for tick in ticks]


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power_text(value: float) -> str:
    """``10⁻⁵``, ``2×10⁻⁵``. As text, not as mathematics, so that an SVG file has it as one text, which can be searched and edited."""
    if value == 0.0 or not math.isfinite(value):
        return "0" if value == 0.0 else str(value)
    power = math.floor(math.log10(abs(value)) + 1e-9)
    lead = value / 10.0**power
    return ("" if abs(lead - 1.0) < 1e-6 else f"{lead:.3g}×") + f"10{str(power).translate(_RAISED)}"


def log_ticks(low: float, high: float, most: int = 8, powers: bool = False) -> list[float]:
    """Ticks of a logarithmic axis between two numbers, at most so many: powers of ten, with numbers between them where there would be few."""
    if not 0.0 < low < high:
        return []
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))

    def inside(leads: Sequence[float], step: int = 1) -> list[float]:
        ticks = [lead * 10.0**power for power in range(first, last + 1) if power % step == 0 for lead in leads]
        return [tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]

    if powers:
        step = 1
        while len(inside((1,), step)) > most:
            step += 1
        return inside((1,), step)
    found: list[float] = []
    for leads in _LEADS:
        ticks = inside(leads)
        if len(ticks) > most and len(found) > 1:
            break
        found = ticks
        if len(found) >= min(4, most):
            break
    return found


_LEADS: tuple[tuple[float, ...], ...] = (
    (1,),
    (1, 3),
    (1, 2, 5),
    (1, 1.5, 2, 3, 4, 6, 8),
    (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9),
    tuple(k / 20 for k in range(20, 200)),
)
