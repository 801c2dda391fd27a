"""Intervals for one number from independent observations: means, ratios, proportions, rates. No measures and no stopping here.

Every function says where its method comes from and what it answers when nothing, or only one thing, was seen. ``scipy.special``
gives the quantiles of the t, beta and gamma distributions; it is imported when first needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEW_EVENTS = 30
"""Below this number of events a sum of them is treated as skewed (gamma interval) and not as normal (Student)."""

MANY_EVENTS = 100
"""From this number of events on the mean of their sizes is treated as normal."""

STUDENT, FIELLER = "Student-Hall", "Fieller-Hall"
"""The methods of means and of ratios of means, as users read them: with Hall's correction for skewness."""

ROUNDING = 1e-12
"""Relative error that an integral over a long trajectory may have gathered."""


@final
@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate between `low` and `high`. Unknown is NaN, unbounded is infinite (both null in JSON).

    `bias` is what the choice of the moment to stop had added to the estimate, which is without it (`spn.estimate.orders`); the ends are as observed.
    """

    estimate: float
    low: float
    high: float
    confidence: float
    method: str
    bias: float = 0.0

    @property
    def relative_half_width(self) -> float:
        """Half the width over the absolute estimate, with its bias, as it was looked at when the run ended; infinite if the estimate is 0 or anything
        is unknown or unbounded; 0 without any width.
        """
        if self.estimate == self.low == self.high:
            return 0.0
        middle = self.estimate + self.bias
        if middle == 0.0 or not math.isfinite(middle):
            return math.inf
        width = (self.high - self.low) / 2.0
        return width / abs(middle) if math.isfinite(width) else math.inf

    def without(self, bias: float) -> Interval:
        """The same with the estimate freed from a bias, as far as it stays between the ends."""
        estimate = min(max(self.estimate - bias, self.low), self.high)
        return Interval(estimate, self.low, self.high, self.confidence, self.method, self.estimate - estimate)

    def clipped(self, low: float, high: float) -> Interval:
        """The same with all three numbers brought into [low, high]."""

        def into(value: float) -> float:
            return value if math.isnan(value) else min(max(value, low), high)

        return Interval(into(self.estimate), into(self.low), into(self.high), self.confidence, self.method, self.bias)

    def scaled(self, factor: float) -> Interval:
        """The interval of `factor` (> 0) times the quantity."""
        return Interval(self.estimate * factor, self.low * factor, self.high * factor, self.confidence, self.method, self.bias * factor)

    def complement(self) -> Interval:
        """The interval of 1 minus the quantity."""
        return Interval(1.0 - self.estimate, 1.0 - self.high, 1.0 - self.low, self.confidence, self.method, -self.bias)

    def reciprocal(self) -> Interval:
        """The interval of 1 over the (non-negative) quantity; 1/0 is unbounded, and as an estimate unknown."""

        def inverse(value: float) -> float:
            return math.inf if value == 0.0 else 1.0 / value

        estimate = math.nan if self.estimate == 0.0 else 1.0 / self.estimate
        return Interval(estimate, inverse(self.high), inverse(self.low), self.confidence, self.method)

    def to_dict(self) -> dict[str, Any]:
        found = {"estimate": number(self.estimate), "low": number(self.low), "high": number(self.high), "method": self.method}
        return found | ({"bias": number(self.bias)} if self.bias else {})


def number(value: float | None) -> float | None:
    """`value` for JSON: NaN and infinities become null."""
    return float(value) if value is not None and math.isfinite(value) else None


def unknown(confidence: float, method: str, low: float = -math.inf, high: float = math.inf) -> Interval:
    """Nothing can be said, but that the number lies between `low` and `high`."""
    return Interval(math.nan, low, high, confidence, method)


def check_confidence(confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")


def t_quantile(confidence: float, degrees: int) -> float:
    """The two-sided Student quantile."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + confidence / 2.0))


def studentised_ends(terms: Floats, confidence: float, degrees: int, *, signed: bool = False) -> tuple[float, float]:
    """How many standard errors the ends of an interval lie below and above a mean whose i.i.d. errors are like `terms`, shape (n,).

    Student's quantile t for both if the terms are symmetric. Student's statistic T of skewed ones is skewed the other way: the interval would be too
    low for terms with a long tail upwards, and cover less than asked. Hall's transformation (P. Hall, On the removal of skewness by transformation,
    J. R. Stat. Soc. B 54, 1992, p. 221) makes T symmetric to second order, T + a T^2 / 3 + a^2 T^3 / 27 + a / 6 with a = skewness / sqrt(n); it is a
    cubic that always increases, and its inverse at t and -t gives the ends.

    `signed` terms, such as residuals and differences, may have long tails on both sides. The skewness of 32 of them is then that of the one or two
    which lie furthest out, and to correct for it does harm: 93 % of intervals hold the mean of Student-distributed terms with 4 degrees of freedom,
    95 % without. So they are corrected only if their excess kurtosis is less than their squared skewness (tails on one side make it 1.5 times that
    in the gamma family, and in small samples of it less), and less than n / 10, beyond which it is that of a few terms.
    """
    quantile = t_quantile(confidence, degrees)
    count = len(terms)
    centred = terms - terms.mean()
    square = float(centred @ centred) / count
    if count < 3 or square <= 0.0:
        return quantile, quantile
    scaled = centred / math.sqrt(square)
    squares = scaled * scaled
    skewness = float(np.mean(squares * scaled))
    if signed and float(np.mean(squares * squares)) - 3.0 >= min(skewness * skewness, count / 10.0):
        return quantile, quantile
    a = skewness / math.sqrt(count)
    return _untransformed(quantile, a), -_untransformed(-quantile, a)


def _untransformed(transformed: float, a: float) -> float:
    """The inverse of Hall's transformation, 3 / a (cbrt(1 + a (y - a / 6)) - 1), written so that a small `a` loses no digits."""
    shifted = transformed - a / 6.0
    root = math.cbrt(1.0 + a * shifted)
    return 3.0 * shifted / (root * root + root + 1.0)


def halls_half_width(quantile: float, a: Floats) -> Floats:
    """Half the width, in standard errors, of intervals with Hall's transformation (see `studentised_ends`), for several a at once."""
    small = np.abs(a) < 1e-6
    safe = np.where(small, 1.0, a)
    above, below = (3.0 / safe * (np.cbrt(1.0 + safe * (y - safe / 6.0)) - 1.0) for y in (quantile, -quantile))
    return np.asarray(np.where(small, quantile, (above - below) / 2.0), np.float64)


def mean(values: Floats, confidence: float) -> Interval:
    """The mean of i.i.d. observations by Student's interval (Student, Biometrika 6, 1908), corrected for skewness (`studentised_ends`).

    With one observation the interval is unbounded, with none all is unknown. If all are equal (zeros too) the width is 0 and the method says so.
    If they differ, by rounding only perhaps, the interval is not narrower than rounding.
    """
    check_confidence(confidence)
    count = len(values)
    if count == 0:
        return unknown(confidence, "Student: no observation")
    middle = float(np.mean(values))
    if count == 1:
        return Interval(middle, -math.inf, math.inf, confidence, "Student: one observation only")
    if values.min() == values.max():
        return Interval(float(values[0]), float(values[0]), float(values[0]), confidence, "Student: all observations are equal")
    below, above = studentised_ends(values, confidence, count - 1)
    error, least = float(np.std(values, ddof=1)) / math.sqrt(count), ROUNDING * float(np.max(np.abs(values)))
    return Interval(middle, middle - max(below * error, least), middle + max(above * error, least), confidence, STUDENT)


def ratio_of_means(numerators: Floats, denominators: Floats, confidence: float) -> Interval:
    """E[X] / E[Y] from i.i.d. pairs, Y >= 0, by Fieller's theorem (Fieller, J. R. Stat. Soc. B 16, 1954; Law & Kelton, sec. 9.5.3).

    The estimate is the ratio of sums; the ends are corrected for the skewness of X - r Y. If Y is constant this is the `mean` of X / Y. If the
    denominator's mean cannot be told from 0,
    Fieller's set is not an interval and the answer is unbounded; if it *is* 0, the estimate is unknown.
    """
    check_confidence(confidence)
    count = len(numerators)
    top, bottom = float(np.sum(numerators)), float(np.sum(denominators))
    if count == 0 or bottom <= 0.0:
        return unknown(confidence, "Fieller: the denominator is 0")
    if float(np.max(denominators)) - float(np.min(denominators)) <= 1e-9 * float(np.max(denominators)):
        return mean(numerators / denominators, confidence)
    ratio = top / bottom
    if count == 1:
        return Interval(ratio, -math.inf, math.inf, confidence, "Fieller: one observation only")
    x, y = numerators / (bottom / count), denominators / (bottom / count)  # so that the mean of y is 1
    vxx, vyy, vxy = float(np.var(x, ddof=1)), float(np.var(y, ddof=1)), float(np.sum((x - ratio) * (y - 1.0))) / (count - 1)
    ends = studentised_ends(x - ratio * y, confidence, count - 1)
    return fieller(ratio, 1.0, (vxx / count, vxy / count, vyy / count), ends, confidence)


def fieller(top: float, bottom: float, variances: tuple[float, float, float], ends: tuple[float, float], confidence: float) -> Interval:
    """The ratio of two means that are jointly normal, or nearly, the lower one positive; `variances` has var(top), their covariance, var(bottom).

    All r for which (top - r bottom) / s(r) is not beyond `ends`, those of `studentised_ends`, s(r) being its standard error (Fieller, J. R. Stat.
    Soc. B 16, 1954).
    """
    ratio = top / bottom
    reached = [_fieller_roots(ratio, bottom, variances, quantile) for quantile in ends]
    if reached[0] is None or reached[1] is None:
        return Interval(ratio, -math.inf, math.inf, confidence, "Fieller: unbounded, the denominator is too uncertain")
    return Interval(ratio, min(ratio, reached[0][0]), max(ratio, reached[1][1]), confidence, FIELLER)


def _fieller_roots(ratio: float, bottom: float, variances: tuple[float, float, float], quantile: float) -> tuple[float, float] | None:
    """Where (top - r bottom) / s(r) is +`quantile` and where it is -`quantile`; None if there is no such place."""
    squared = (quantile / bottom) ** 2
    vxx, vxy, vyy = variances
    g = squared * vyy
    if g >= 1.0:
        return None
    middle = (ratio - squared * vxy) / (1.0 - g)
    half = math.sqrt(max(0.0, squared * (vxx - 2 * ratio * vxy + ratio * ratio * vyy) - squared * squared * (vxx * vyy - vxy * vxy))) / (1.0 - g)
    return middle - half, middle + half


def mean_per_event(sums: Floats, counts: Floats, confidence: float) -> Interval:
    """The mean size of events, from the `sums` of the non-negative sizes in each replication and the `counts` of events: their ratio.

    Fewer than 100 events: a size of mean m whose estimate has the squared relative error v is taken for gamma distributed with shape 1 / v, which
    gives
    m k / q for the ends, q being quantiles of the gamma distribution of shape k = 1 / v: exactly the chi-square interval if sizes are exponential.
    v is
    grown by Student's quantile over the normal one, and with fewer than 30 events it is at least that of exponential sizes, for so few do not
    show how much sizes vary: the interval then covers at least as often as asked. From 100 events on: Fieller.
    """
    check_confidence(confidence)
    from scipy.special import gammaincinv, ndtri

    events, size = float(np.sum(counts)), float(np.sum(sums))
    if events >= MANY_EVENTS or events < 1.0 or size <= 0.0:
        return ratio_of_means(sums, counts, confidence).clipped(0.0, math.inf)
    mean_size, freedom = size / events, min(round(events), len(sums)) - 1
    variance = 0.0
    if freedom >= 1:
        deviations = (sums - mean_size * counts) / size
        grown = t_quantile(confidence, freedom) / float(ndtri(0.5 + confidence / 2.0))
        variance = float(deviations @ deviations) * (freedom + 1) / freedom * grown * grown
    variance = max(variance, 1.0 / events if events < FEW_EVENTS else 1e-12)
    shape, tail = 1.0 / variance, (1.0 - confidence) / 2.0
    low, high = (mean_size * shape / float(gammaincinv(shape, part)) for part in (1.0 - tail, tail))
    return Interval(mean_size, min(low, mean_size), max(high, mean_size), confidence, "gamma, few events")


def share_of_events(sums: Floats, counts: Floats, exposures: Floats, confidence: float) -> Interval:
    """The share of time that few events take: their rate times their mean size, by the method of variance estimates recovery for products.

    On the log scale the distances of the ends from the estimate are the roots of sums of squares (Zou, Huo & Taleban, Statistics in Medicine 28,
    2009).
    `counts` must not be all 0, nor `sums`. The interval of a compound sum with its sizes for weights, as `gamma_mean` has it, covers only 90 % where
    six events have exponential sizes: it takes sizes for known.
    """
    rate, size = event_rate(counts, exposures, confidence), mean_per_event(sums, counts, confidence)
    below, above = (
        math.hypot(math.log(rate.estimate / end), math.log(size.estimate / other)) for end, other in ((rate.low, size.low), (rate.high, size.high))
    )
    middle = float(np.sum(sums) / np.sum(exposures))
    return Interval(middle, middle * math.exp(-below), middle * math.exp(above), confidence, "gamma, few events: rate times size (MOVER)")


def proportion(successes: int, count: int, confidence: float) -> Interval:
    """A probability from `count` trials (Clopper & Pearson, Biometrika 26, 1934): never covers less than asked.

    With 0 successes the low end is 0, with `count` the high end is 1; the other end stays two-sided, 1 - (alpha/2)**(1/n) from it.
    """
    check_confidence(confidence)
    from scipy.special import betaincinv

    if count == 0:
        return unknown(confidence, "Clopper-Pearson: no trial", 0.0, 1.0)
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if successes == 0 else float(betaincinv(successes, count - successes + 1, tail))
    high = 1.0 if successes == count else float(betaincinv(successes + 1, count - successes, 1.0 - tail))
    return Interval(successes / count, low, high, confidence, "Clopper-Pearson")


def all_zero_bound(count: int, confidence: float) -> Interval:
    """The mean of a [0,1]-valued observation, `count` independent ones of which were all 0: a bound that assumes nothing else.

    E[X] <= P(X > 0), and P(all zero) = (1 - P(X > 0))**n, so E[X] <= 1 - (alpha/2)**(1/n) (Clopper & Pearson at zero), at 95 % about 3.7/n. Half of
    alpha
    and not all of it (3/n; Hanley & Lippman-Hand, JAMA 249, 1983), as nobody knows beforehand that this interval will be the one: together with the
    two-sided ones of other runs it would cover less than asked. All ones: the `complement` of this.
    """
    check_confidence(confidence)
    if count == 0:
        return unknown(confidence, "no observation", 0.0, 1.0)
    return Interval(0.0, 0.0, -math.expm1(math.log((1.0 - confidence) / 2.0) / count), confidence, "one-sided bound: none of the replications saw it")


def poisson_rate(events: int, exposure: float, confidence: float) -> Interval:
    """The rate of a Poisson process (Garwood, Biometrika 28, 1936).

    With no event: estimate 0 and the bound -ln(alpha/2) / exposure, at 95 % about 3.7 / exposure (see `all_zero_bound` for why not 3).
    """
    check_confidence(confidence)
    from scipy.special import gammaincinv

    if exposure <= 0.0:
        return unknown(confidence, "Garwood: no time was observed", 0.0)
    if events == 0:
        return Interval(0.0, 0.0, -math.log((1.0 - confidence) / 2.0) / exposure, confidence, "Garwood (Poisson): one-sided bound, no event seen")
    tail = (1.0 - confidence) / 2.0
    low, high = float(gammaincinv(events, tail)), float(gammaincinv(events + 1, 1.0 - tail))
    return Interval(events / exposure, low / exposure, high / exposure, confidence, "Garwood (Poisson)")


def gamma_mean(values: Floats, confidence: float, scale: Floats | None = None) -> Interval:
    """The mean of non-negative, skewed i.i.d. observations that few events make up (Fay & Feuer, Statistics in Medicine 16, 1997).

    The interval of a weighted sum of Poisson counts, a replication taking the part of an event: with one replication not zero it is
    Garwood's for one event, times the size. It is wider than Student's on the high side and never goes below 0. With `scale`: the ratio of the
    sums, its variance by linearisation. All zero: the width is 0 and tells nothing; take `all_zero_bound` or `poisson_rate`.
    """
    check_confidence(confidence)
    from scipy.special import gammaincinv

    count = len(values)
    if count < 2:
        return unknown(confidence, "gamma: fewer than two observations", 0.0)
    per = np.ones(count) if scale is None else scale / float(np.mean(scale))
    unit = 1.0 if scale is None else float(np.mean(scale))
    if unit <= 0.0:
        return unknown(confidence, "gamma: the denominator is 0", 0.0)
    sizes = values / unit
    middle = float(np.mean(sizes))
    variance = float(np.var(sizes - middle * per, ddof=1)) / count
    if middle == 0.0 or variance <= 1e-20 * middle * middle:
        return Interval(middle, middle, middle, confidence, "gamma: all observations are equal")
    largest = float(np.max(sizes)) / count
    tail = (1.0 - confidence) / 2.0
    low = variance / middle * float(gammaincinv(middle * middle / variance, tail))
    upper_mean, upper_variance = middle + largest, variance + largest * largest
    high = upper_variance / upper_mean * float(gammaincinv(upper_mean * upper_mean / upper_variance, 1.0 - tail))
    return Interval(middle, min(low, middle), max(high, middle), confidence, "gamma (Fay and Feuer), few events")


def unit_mean(values: Floats, events: int | None, confidence: float) -> Interval:
    """The mean of [0,1]-valued i.i.d. observations (the unavailability of each replication); never leaves [0, 1].

    All 0, or all 1: the one-sided bound that assumes nothing. Only 0 and 1: Clopper-Pearson. Fewer than 30 `events`: gamma. Else Student.
    """
    count = len(values)
    if count == 0:
        return unknown(confidence, "no observation", 0.0, 1.0)
    if not values.any():
        return all_zero_bound(count, confidence)
    if values.min() >= 1.0:
        bound = all_zero_bound(count, confidence)
        return Interval(1.0, 1.0 - bound.high, 1.0, confidence, "one-sided bound: all replications saw nothing else")
    if np.all((values == 0.0) | (values == 1.0)):
        return proportion(int(np.sum(values == 1.0)), count, confidence)
    if events is not None and events < FEW_EVENTS and values.min() < values.max():
        return gamma_mean(values, confidence).clipped(0.0, 1.0)
    return mean(values, confidence).clipped(0.0, 1.0)


def event_rate(counts: Floats, exposures: Floats, confidence: float) -> Interval:
    """Events per unit of exposure, from i.i.d. replications: sum of counts over sum of exposures; not negative.

    No event: Garwood's one-sided bound (it takes the events for Poisson). Fewer than 30: gamma. Else Fieller (Student for equal exposures).
    """
    events = float(np.sum(counts))
    if events == 0.0:
        return poisson_rate(0, float(np.sum(exposures)), confidence)
    if events < FEW_EVENTS:
        return gamma_mean(counts, confidence, exposures)
    return ratio_of_means(counts, exposures, confidence).clipped(0.0, math.inf)
