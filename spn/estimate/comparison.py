"""Comparing two systems: the interval of a ratio from the intervals of its two independent parts. Nothing here sees observations."""

from __future__ import annotations

import math

from spn.estimate.intervals import Interval


def ratio_interval(a: Interval, b: Interval) -> Interval:
    """a / b of two independent, non-negative estimates (Donner & Zou, Stat. Methods Med. Res. 21, 2012: MOVER for ratios, eq. 9).

    It is Fieller's interval when both are normal, and keeps the asymmetry of those that are not. `a` is 0: the ratio is 0 with the high end that
    follows from `a`'s bound. `b` is 0, or its low end is: no high end; `b` is 0: no estimate, but still the low end.
    """
    if abs(a.confidence - b.confidence) > 1e-9:
        raise ValueError("the two intervals have different confidences")
    method = "MOVER (Donner and Zou)"
    if not all(math.isfinite(value) and value >= 0.0 for value in (a.estimate, a.low, b.estimate, b.low)):
        return Interval(math.nan, 0.0, math.inf, a.confidence, f"{method}: a part is unknown")
    estimate = a.estimate / b.estimate if b.estimate > 0.0 else math.nan
    product = a.estimate * b.estimate
    low, high = 0.0, math.inf
    if a.low > 0.0 and math.isfinite(b.high):
        least = a.low * (2.0 * a.estimate - a.low)
        low = least / (product + math.sqrt(max(0.0, product * product - least * b.high * (2.0 * b.estimate - b.high))))
    if b.low > 0.0 and math.isfinite(a.high):
        least = b.low * (2.0 * b.estimate - b.low)
        high = (product + math.sqrt(max(0.0, product * product - least * a.high * (2.0 * a.estimate - a.high)))) / least
    return Interval(estimate, low, high, a.confidence, method)
