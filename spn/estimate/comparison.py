"""Comparing two systems: ratio and difference from the intervals of two independent parts, and what a claim is worth. No observations here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any, final

from spn.estimate.intervals import Interval, number

METHOD = "MOVER (Donner and Zou)"


def ratio_interval(a: Interval, b: Interval) -> Interval:
    """a / b of two independent, non-negative estimates (Donner & Zou, Stat. Methods Med. Res. 21, 2012: MOVER for ratios, eq. 9).

    It is Fieller's interval when both are normal, and keeps the asymmetry of those that are not. `a` is 0: the ratio is 0 with the high end that
    follows from `a`'s bound. `b` is 0, or its low end is: no high end; `b` is 0: no estimate, but still the low end.
    """
    if not _usable(a, b):
        return Interval(math.nan, 0.0, math.inf, a.confidence, f"{METHOD}: a part is unknown")
    estimate = a.estimate / b.estimate if b.estimate > 0.0 else math.nan
    product = a.estimate * b.estimate
    low, high = 0.0, math.inf
    if a.low > 0.0 and math.isfinite(b.high):
        least = a.low * (2.0 * a.estimate - a.low)
        low = least / (product + math.sqrt(max(0.0, product * product - least * b.high * (2.0 * b.estimate - b.high))))
    if b.low > 0.0 and math.isfinite(a.high):
        least = b.low * (2.0 * b.estimate - b.low)
        high = (product + math.sqrt(max(0.0, product * product - least * a.high * (2.0 * a.estimate - a.high)))) / least
    return Interval(estimate, low, high, a.confidence, METHOD)


def difference_interval(a: Interval, b: Interval) -> Interval:
    """a - b of two independent, non-negative estimates (Zou & Donner, Stat. Med. 27, 2008: MOVER for differences, eq. 3 and 4)."""
    if not _usable(a, b):
        return Interval(math.nan, -math.inf, math.inf, a.confidence, f"{METHOD}: a part is unknown")
    estimate = a.estimate - b.estimate
    low = estimate - math.hypot(a.estimate - a.low, b.high - b.estimate)
    high = estimate + math.hypot(a.high - a.estimate, b.estimate - b.low)
    return Interval(estimate, low, high, a.confidence, METHOD)


def _usable(a: Interval, b: Interval) -> bool:
    if abs(a.confidence - b.confidence) > 1e-9:
        raise ValueError("the two intervals have different confidences")
    return all(math.isfinite(value) and value >= 0.0 for value in (a.estimate, a.low, b.estimate, b.low))


class Verdict(Enum):
    """What an interval says of a claim. The values are what users read."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    OPEN = "open"


@final
@dataclass(frozen=True, slots=True)
class Claim:
    """That a ratio is at least `value`, or, with `most`, at most that."""

    value: float
    most: bool = False

    def __post_init__(self) -> None:
        if not (self.value > 0.0 and math.isfinite(self.value)):
            raise ValueError(f"the ratio that is claimed must be positive, not {self.value:g}")

    @property
    def text(self) -> str:
        """``>= 100``"""
        return f"{'<=' if self.most else '>='} {self.value:.15g}"

    def verdict(self, ratio: Interval) -> Verdict:
        """Supported if the whole interval agrees with it, refuted if none of it does, else open."""
        inside, outside = (ratio.high <= self.value, ratio.low > self.value) if self.most else (ratio.low >= self.value, ratio.high < self.value)
        return Verdict.SUPPORTED if inside else Verdict.REFUTED if outside else Verdict.OPEN

    def to_dict(self, ratio: Interval) -> dict[str, Any]:
        return {"claim": self.text, "verdict": self.verdict(ratio).value, "confidence": number(ratio.confidence)}
