"""How single replications move an estimate: of each number of a measure, terms whose mean is its error to first order (the delta method).

With them it is known at once what an estimate, and the width of its interval, would be from a part of the replications. No intervals are made here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import final

import numpy as np

from spn.estimate.controlled import regress, with_controls
from spn.estimate.estimates import YEAR, AnyEstimate, AvailabilityEstimate, CurveEstimate
from spn.estimate.intervals import Floats, Interval
from spn.estimate.measures import Sample, Subject, events, terms


@final
@dataclass(frozen=True, slots=True)
class Influence:
    """One number or several of a kind (the points of a curve): the estimates `values`, shape (k,), and the `terms` of each replication, (n, k), of
    mean 0. From some of the replications they would be values + the mean of their terms.
    """

    values: Floats
    terms: Floats
    absolute: bool = False
    """Whether the half-width that is asked for is not relative to the greatest value."""

    def folded(self, replications: int) -> Influence:
        """The same by replications, of which each has equally many windows."""
        number = len(self.terms) // replications
        return self if number <= 1 else Influence(self.values, self.terms.reshape(replications, number, -1).mean(axis=1), self.absolute)

    def moved(self, weights: Floats) -> Floats:
        """By how much the numbers change if replications count as much as their weights, of mean 1; shape (k,)."""
        return np.asarray(weights @ self.terms / len(self.terms), np.float64)


@final
@dataclass(frozen=True, slots=True)
class Ranked:
    """A quantile of i.i.d. `values` that has to meet a precision. How wide its interval is depends on the few values beside it, and no sum tells."""

    values: Floats
    probability: float
    confidence: float


@final
@dataclass(frozen=True, slots=True)
class Influences:
    """Of one measure: of the numbers that have to meet the precision (`asked`, and quantiles that are `ranked`), of the `others`, by name, and the
    `events` of each replication (None where nothing is counted). `opaque`: more has to meet the precision than can be told from parts of the
    replications.
    """

    asked: Mapping[str, Influence]
    others: Mapping[str, Influence] = field(default_factory=dict)
    events: Floats | None = None
    ranked: tuple[Ranked, ...] = ()
    opaque: bool = False

    def folded(self, replications: int) -> Influences:
        """The same by replications, of which each has equally many windows."""

        def each(parts: Mapping[str, Influence]) -> dict[str, Influence]:
            return {name: part.folded(replications) for name, part in parts.items()}

        counted = None if self.events is None else self.events.reshape(replications, -1).sum(axis=1)
        return replace(self, asked=each(self.asked), others=each(self.others), events=counted)


def influences(subject: Subject, sample: Sample, found: AnyEstimate) -> Influences | None:
    """What moves an estimate that was made of the `sample`; None if there is nothing that could be, or replications were cut short."""
    observations = sample.observations
    if len(observations) < 2 or found.assessment.censored:
        return None
    if isinstance(found, CurveEstimate):
        values = observations[:, :, 0]
        return Influences({"curve": _means(1.0 - values if subject.kind == "Availability" else values)})
    if subject.kind == "FirstPassage":
        return _passage(subject, observations, found)
    if subject.point:
        value = observations[:, 0, 0]
        return Influences({"interval": _means((1.0 - value if subject.kind == "Availability" else value)[:, None])})
    above, below = (part.sum(axis=1) for part in terms(subject.kind, observations))
    counted = events(subject.kind, observations)
    seen = None if counted is None else counted.sum(axis=1)
    if isinstance(found, AvailabilityEstimate):
        assert seen is not None
        # Those of time up and down are ratios of the other two, the first a reciprocal as it is in the estimate.
        pairs = (
            ("failures_per_year", found.failures_per_year, seen * YEAR, below),
            ("mean_up_s", found.mean_up_s, below - above, seen),
            ("mean_down_s", found.mean_down_s, above, seen),
        )
        others = {name: part for name, interval, x, y in pairs if interval and (part := _ratio(x, y, sample.controls, interval)) is not None}
        main = _ratio(above, below, sample.controls, found.unavailability)
        return None if main is None else Influences({"unavailability": main}, others, seen)
    main = _ratio(above, below, sample.controls, found.interval)
    if main is None:
        return None
    if found.assessment.events is not None and seen is None:
        seen = (above != 0.0).astype(np.float64)
    quantiles = {p: _clustered(sample.values, below, each) for p, each in found.quantiles.items()}
    others = {f"quantile {p}": each for p, each in quantiles.items() if each is not None}
    return Influences({"interval": main}, others, seen, opaque=bool(found.quantiles))


def _means(values: Floats) -> Influence:
    middle = values.mean(axis=0)
    return Influence(middle, values - middle)


def _ratio(above: Floats, below: Floats, controls: Floats | None, found: Interval) -> Influence | None:
    """A ratio of means, without what controls explain where its interval is; None if it is unknown."""
    if not (math.isfinite(found.estimate) and below.sum() > 0.0):
        return None
    if controls is not None and with_controls(found):
        x, y = regress(above, controls), regress(below, controls)
        if x is None or y is None or y.intercept <= 0.0:
            return None
        left: Floats = (x.residuals - x.intercept / y.intercept * y.residuals) / y.intercept
    else:
        left = (above - above.sum() / below.sum() * below) / below.mean()
    return Influence(np.array([found.estimate]), left[:, None])


def _passage(subject: Subject, observations: Floats, found: AnyEstimate) -> Influences | None:
    value = observations[:, 0, 0]
    if not np.isfinite(value).all():
        return None
    if subject.within:
        return Influences({"interval": _means(value[:, None])}, {}, value)
    asked = {} if isinstance(found, AvailabilityEstimate) else found.quantiles
    quantiles = {f"quantile {p}": part for p, each in asked.items() if (part := _simple(value, each)) is not None}
    ranked = tuple(Ranked(value, p, each.confidence) for p, each in asked.items())
    return Influences({"interval": _means(value[:, None])}, quantiles, np.ones(len(value)), ranked)


def _simple(values: Floats, found: Interval) -> Influence | None:
    """A quantile of i.i.d. values."""
    return _quantile(found, lambda x: np.asarray(values <= x, np.float64), lambda reached: reached - reached.mean())


def _clustered(values: Sequence[Floats], counts: Floats, found: Interval) -> Influence | None:
    """A quantile of values that come in replications, each of the `counts` values of a replication weighing the same."""
    total = float(counts.mean()) if len(counts) else 0.0
    if total <= 0.0 or len(values) != len(counts):
        return None

    def reached(x: float) -> Floats:
        shares = np.array([float(np.mean(part <= x)) if len(part) else 0.0 for part in values])
        return np.asarray(counts * shares / total, np.float64)

    return _quantile(found, reached, lambda at: at - at.mean() * counts / total)


def _quantile(found: Interval, reached: Callable[[float], Floats], centred: Callable[[Floats], Floats]) -> Influence | None:
    """By Bahadur's representation (Ann. Math. Stat. 37, 1966): the error of the distribution function over the density, here between the interval's
    ends. `reached` gives what replications add to the distribution function, `centred` its error.
    """
    if not (math.isfinite(found.low) and math.isfinite(found.high) and found.high > found.low):
        return None
    density = float((reached(found.high) - reached(found.low)).mean()) / (found.high - found.low)
    return Influence(np.array([found.estimate]), -centred(reached(found.estimate))[:, None] / density) if density > 0.0 else None


def weighted(found: AnyEstimate, moving: Influences | None, weights: Floats) -> AnyEstimate:
    """The estimate with its numbers as they are if replications count as much as their weights, of mean 1. Intervals stay where they are; and all
    does, if it is not known what moves it.
    """
    if moving is None:
        return found

    def each(name: str, interval: Interval) -> Interval:
        part = moving.asked.get(name) or moving.others.get(name)
        return interval if part is None else interval.without(-float(part.moved(weights)[0]))

    if isinstance(found, CurveEstimate):
        by = moving.asked["curve"].moved(weights)
        points, band = (tuple(part.without(-float(x)) for part, x in zip(row, by, strict=True)) for row in (found.points, found.band))
        return replace(found, points=points, band=band)
    if isinstance(found, AvailabilityEstimate):
        u = each("interval" if "interval" in moving.asked else "unavailability", found.unavailability)
        rate, up, down = (
            None if part is None else each(name, part)
            for name, part in (("failures_per_year", found.failures_per_year), ("mean_up_s", found.mean_up_s), ("mean_down_s", found.mean_down_s))
        )
        return AvailabilityEstimate(u, found.assessment, rate, up, down)
    quantiles = {p: each(f"quantile {p}", part) for p, part in found.quantiles.items()}
    return replace(found, interval=each("interval", found.interval), quantiles=quantiles)
