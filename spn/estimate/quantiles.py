"""Intervals for quantiles: of i.i.d. values, and of values that come in independent replications. No means here."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from spn.estimate.intervals import Floats, Interval, check_confidence, ratio_of_means, unknown


def sample_quantile(values: Floats, probability: float, confidence: float) -> Interval:
    """A quantile of i.i.d. values by order statistics (David & Nagaraja, Order Statistics, 2003, sec. 7.1).

    The ranks are the tightest symmetric ones whose binomial tails are each at most alpha/2: the interval never covers less than asked, whatever
    the distribution. Where the sample is too small for such a rank the end is unbounded; with no value all is unknown.
    """
    check_confidence(confidence)
    count = len(values)
    if count == 0:
        return unknown(confidence, "order statistics: no value")
    ordered = np.sort(values)
    low, middle, high = ranks(count, probability, confidence)
    ends = float(ordered[low]) if low >= 0 else -math.inf, float(ordered[high]) if high < count else math.inf
    return Interval(float(ordered[middle]), *ends, confidence, "order statistics")


def ranks(count: int, probability: float, confidence: float) -> tuple[int, int, int]:
    """Which of `count` values in their order, counted from 0, are the low end, the estimate and the high end; -1 and `count` where there is none."""
    from scipy.special import bdtr

    tail = (1.0 - confidence) / 2.0
    below = np.asarray(bdtr(np.arange(count + 1, dtype=np.float64), count, probability))  # P(B <= k), B values lying below the quantile
    low = int(np.searchsorted(below, tail, side="right"))  # P(B < low) <= tail
    high = int(np.searchsorted(below, 1.0 - tail, side="left"))  # P(B > high) <= tail
    return low - 1, min(count - 1, max(0, math.ceil(probability * count) - 1)), high


def relative_half_widths(samples: Floats, probability: float, confidence: float) -> Floats:
    """Those of `sample_quantile` for each of several samples of one size, shape (samples, values)."""
    count = samples.shape[1]
    low, middle, high = ranks(count, probability, confidence)
    if low < 0 or high >= count:
        return np.full(len(samples), math.inf)
    ordered = np.partition(samples, sorted({low, middle, high}), axis=1)
    estimates, half = np.abs(ordered[:, middle]), (ordered[:, high] - ordered[:, low]) / 2.0
    return np.divide(half, estimates, out=np.where(half > 0.0, math.inf, 0.0), where=estimates > 0.0)


def clustered_quantile(values: Sequence[Floats], counts: Sequence[int], probability: float, confidence: float) -> Interval:
    """A quantile of all values, each weighing the same, that come in independent replications with any dependence inside one.

    Woodruff's method (J. Amer. Stat. Assoc. 47, 1952; justified for such samples by Francisco & Fuller, Ann. Stat. 19, 1991): the interval of the
    distribution function at the estimate, a ratio of means over replications, is carried back through the empirical quantile function.
    `values` may be an even thinning of the `counts` values that a replication had. Ends beyond the sample are unbounded; no value: unknown.
    """
    check_confidence(confidence)
    kept = [index for index, part in enumerate(values) if len(part)]
    if not kept:
        return unknown(confidence, "Woodruff: no value")
    pooled = np.concatenate([values[index] for index in kept])
    weights = np.concatenate([np.full(len(values[index]), counts[index] / len(values[index])) for index in kept])
    order = np.argsort(pooled, kind="stable")
    pooled, share = pooled[order], np.cumsum(weights[order])
    share /= share[-1]

    def quantile(p: float) -> float:
        return float(pooled[min(len(pooled) - 1, int(np.searchsorted(share, p * (1.0 - 1e-12))))])

    middle = quantile(probability)
    numerators = np.array([counts[i] * float(np.mean(values[i] <= middle)) if len(values[i]) else 0.0 for i in range(len(values))])
    interval = ratio_of_means(numerators, np.asarray(counts, np.float64), confidence)
    reached = float(share[int(np.searchsorted(pooled, middle, side="right")) - 1])
    below, above = reached - interval.low, interval.high - reached
    low = quantile(probability - below) if probability - below > 0.0 else -math.inf
    high = quantile(probability + above) if probability + above < 1.0 else math.inf
    return Interval(middle, low, high, confidence, "Woodruff")
