"""From the observations of all replications to what is known of one measure. It sees arrays by the kind of measure, never a net.

Observations of a measure have the shape (replications, segments, columns), columns as in `spn.observation.COLUMNS`. Segments are summed;
replications are independent and identically distributed, which is all that the intervals take for granted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from spn.estimate import intervals
from spn.estimate.controlled import ratio_with_controls
from spn.estimate.curves import curve, state_of
from spn.estimate.estimates import YEAR, AnyEstimate, Assessment, AvailabilityEstimate, CurveEstimate, Estimate, State
from spn.estimate.intervals import Floats, Interval
from spn.estimate.quantiles import clustered_quantile, sample_quantile
from spn.estimate.stationarity import Drift, drift

LEAST_REPLICATIONS = 30
DRIFT_LIMIT = 5.0
SAME = 1e-9
"""Relative half-width of an interval from replications that differ by rounding only."""


@final
@dataclass(frozen=True, slots=True)
class Subject:
    """What is estimated: the class name of the quantity (a key of `COLUMNS`), and what of its window and options matters here."""

    kind: str
    point: bool = False
    """The window is a point in time: one column, ``value``."""
    within: bool = False
    """Of a first passage, whether its probability within a time is asked for."""
    quantiles: tuple[float, ...] = ()
    steady: bool = False
    times: tuple[float, ...] = ()
    """The times of a curve."""


@final
@dataclass(frozen=True, slots=True)
class Sample:
    """All observations of one measure. `values`: the tallied values of each replication (or an even thinning) where quantiles are asked for.

    `controls` are sums of mean 0 that explain a part of what was observed, shape (replications, number), or None; chosen beforehand.
    """

    observations: Floats
    values: Sequence[Floats] = field(default_factory=tuple)
    controls: Floats | None = None

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Which replications were observed to the end."""
        return np.asarray(~np.isnan(self.observations).any(axis=(1, 2)), np.bool_)


_NAMES: Mapping[str, tuple[str, str]] = {
    "Average": ("average", ""),
    "Integral": ("integral", "s"),
    "Rate": ("rate", "1/s"),
    "Count": ("count", ""),
    "Tally": ("tally", ""),
}


def terms(kind: str, observations: Floats) -> tuple[Floats, Floats]:
    """Numerator and denominator of the ratio that a measure over time is, each of shape (replications, segments)."""
    first = observations[:, :, 0]
    if kind == "Availability":
        return observations[:, :, 1], first + observations[:, :, 1]
    if kind == "Tally":
        return observations[:, :, 1], first
    return first, observations[:, :, 1] if observations.shape[2] > 1 else np.ones_like(first)


def events(kind: str, observations: Floats) -> Floats | None:
    """The events (failures, firings, values) of each replication and segment, or None where the measure counts none."""
    if observations.shape[2] == 1 and kind != "Count":
        return None
    if kind == "Availability":
        return observations[:, :, 2]
    return observations[:, :, 0] if kind in ("Rate", "Count", "Tally") else None


def halves(kind: str, observations: Floats) -> Drift | None:
    """The drift between the first and the second half of the segments; None with fewer than two. Ratios are compared by linearisation."""
    segments = observations.shape[1]
    if segments < 2 or observations.shape[2] < 2 or len(observations) < 2:
        return None
    above, below = terms(kind, observations)
    return drift_of(above, below, segments // 2)


def drift_of(above: Floats, below: Floats, middle: int) -> Drift:
    """`drift` of the ratio of sums between the segments before `middle` and as many after it; shape (replications, segments) each."""
    a1, a2 = above[:, :middle].sum(axis=1), above[:, middle : 2 * middle].sum(axis=1)
    b1, b2 = below[:, :middle].sum(axis=1), below[:, middle : 2 * middle].sum(axis=1)
    whole = float(np.mean(b1 + b2)) / 2.0
    if whole <= 0.0:
        return Drift(0.0, 0.0, math.inf)
    level = float(np.sum(a1 + a2) / np.sum(b1 + b2))
    if float(np.mean(b1)) <= 0.0 or float(np.mean(b2)) <= 0.0:
        return Drift(math.inf, math.inf, math.inf)
    first, second = (a1 - level * b1) / whole + level, (a2 - level * b2) / whole + level
    return drift(first, second, level)


def estimate(subject: Subject, sample: Sample, confidence: float, target: float, min_events: int = 0) -> AnyEstimate:
    """What is known of a measure, with the state that its own observations justify."""
    whole = sample.whole
    observations = sample.observations[whole]
    values = [part for part, good in zip(sample.values, whole, strict=True) if good] if len(sample.values) else []
    censored = int(len(whole) - np.sum(whole))
    count = len(observations)
    if len(subject.times) > 1:
        return _curve(subject, sample.observations, confidence, target)
    if subject.kind == "FirstPassage":
        return _passage(subject, sample.observations, confidence, target)
    base = Assessment(State.MISSING, target, count, None, censored)
    counted = events(subject.kind, observations)
    total = None if counted is None else round(float(np.sum(counted)))
    if count:
        shift = halves(subject.kind, observations) if subject.steady else None
        base = replace(base, events=total, drift=None if shift is None else shift.t, shift=None if shift is None else shift.relative)
    seen = total if total is not None else int(np.count_nonzero(observations[:, :, 0].any(axis=1)))
    controls = sample.controls[whole] if sample.controls is not None and seen >= intervals.FEW_EVENTS else None
    if subject.kind == "Availability":
        return _availability(subject, observations, controls, confidence, base, min_events)
    return _other(subject, observations, controls, values, confidence, base, min_events)


def _controlled(above: Floats, below: Floats, controls: Floats | None, plain: Interval) -> tuple[Interval, float | None]:
    """The interval of a ratio with controls, and how many times less variance it has; the `plain` one without controls that are of use."""
    if controls is None or not 0.0 < plain.high - plain.low < math.inf:
        return plain, None
    found = ratio_with_controls(above, below, controls, plain.confidence)
    if found is None:
        return plain, None
    width = found.high - found.low
    return found, ((plain.high - plain.low) / width) ** 2 if width > 0.0 else math.inf


def _judged(base: Assessment, interval: Interval, seen: bool, min_events: int) -> Assessment:
    """The state, from the gravest on."""
    if base.replications == 0:
        return base
    base = replace(base, wanted=min_events)
    if base.censored:
        note = f"{base.censored} of {base.replications + base.censored} replications were cut short and are left out: the estimate can be biased"
        return replace(base, state=State.CENSORED, notes=(*base.notes, note))
    if base.drift is not None and base.shift is not None and abs(base.drift) > DRIFT_LIMIT and base.shift > interval.relative_half_width:
        note = f"the two halves of the observation windows differ by {100 * base.shift:.2g} % (t = {base.drift:.1f})"
        return replace(base, state=State.NOT_STATIONARY, notes=(*base.notes, note))
    if not seen:
        return replace(base, state=State.NO_EVENT)
    if base.replications < LEAST_REPLICATIONS:
        return replace(base, state=State.FEW_REPLICATIONS)
    if base.events is not None and base.events < min_events:
        return replace(base, state=State.FEW_EVENTS)
    return replace(base, state=State.CONVERGED if interval.relative_half_width <= base.target else State.IMPRECISE)


def _availability(
    subject: Subject, observations: Floats, controls: Floats | None, confidence: float, base: Assessment, min_events: int
) -> AvailabilityEstimate:
    if subject.point:
        down = 1.0 - observations[:, 0, 0]
        u = intervals.unit_mean(down, None, confidence)
        return AvailabilityEstimate(u, _judged(base, u, bool(down.any()), 0))
    columns = observations.sum(axis=1)
    up, down, failures = columns[:, 0], columns[:, 1], columns[:, 2]
    total = up + down
    share = np.divide(down, total, out=np.zeros_like(down), where=total > 0.0)
    u = intervals.unit_mean(share, base.events, confidence)
    between = 0.0 < u.estimate < 1.0
    if between and len(total) > 1 and 0 < (base.events or 0) < intervals.FEW_EVENTS:
        u = intervals.share_of_events(down, failures, total, confidence).clipped(0.0, 1.0)
    elif between and len(total) > 1 and total.max() > total.min() * (1.0 + 1e-9):
        u = intervals.ratio_of_means(down, total, confidence).clipped(0.0, 1.0)
    base = _alike(base, u)
    rate = intervals.event_rate(failures, total, confidence)
    up_rate = intervals.event_rate(failures, up, confidence)
    mean_down = intervals.mean_per_event(down, failures, confidence)
    if controls is not None and 0.0 < u.estimate < 1.0:
        u, gain = _controlled(down, total, controls, u)
        base, u = replace(base, variance_reduction=gain), u.clipped(0.0, 1.0)
        rate = _controlled(failures, total, controls, rate)[0].clipped(0.0, math.inf)
        up_rate = _controlled(failures, up, controls, up_rate)[0].clipped(0.0, math.inf)
        mean_down = _controlled(down, failures, controls, mean_down)[0].clipped(0.0, math.inf)
    if base.events and not down.any():
        base = replace(base, notes=(*base.notes, f"the condition failed {base.events} times, but never for any length of time"))
    elif not base.events and (u.estimate in (0.0, 1.0)):
        base = replace(base, notes=(*base.notes, f"the condition {'always' if u.estimate == 0.0 else 'never'} held while it was observed"))
    # Windows from the initial marking on: the number of failures is random and can be 1, fixed by the window; no events are asked of them.
    seen = bool(down.any()) and (bool(base.events) or not subject.steady)
    judged = _judged(base, u, seen, min_events if subject.steady else 0)
    return AvailabilityEstimate(u, judged, rate.scaled(YEAR), up_rate.reciprocal(), mean_down)


def _other(
    subject: Subject,
    observations: Floats,
    controls: Floats | None,
    values: Sequence[Floats],
    confidence: float,
    base: Assessment,
    min_events: int,
) -> Estimate:
    kind, unit = _NAMES[subject.kind]
    if base.replications == 0:
        return Estimate(kind, intervals.unknown(confidence, "nothing was observed"), base, unit)
    columns = observations.sum(axis=1) if not subject.point else observations[:, 0, :]
    first = columns[:, 0]
    if subject.kind == "Rate":
        interval = intervals.event_rate(first, columns[:, 1], confidence)
    elif subject.kind == "Count":
        interval = intervals.event_rate(first, np.ones_like(first), confidence)
    elif subject.kind == "Tally":
        interval = intervals.ratio_of_means(columns[:, 1], first, confidence)
    elif columns.shape[1] == 1:
        interval = _skewed(first, np.ones_like(first), confidence)
    else:
        interval = _skewed(first, columns[:, 1], confidence)
    if subject.kind == "Tally":
        interval, gain = _controlled(columns[:, 1], first, controls, interval)
    else:
        below = columns[:, 1] if columns.shape[1] > 1 else np.ones_like(first)
        interval, gain = _controlled(first, below, controls, interval)
        interval = interval.clipped(0.0, math.inf) if first.min() >= 0.0 else interval
    base = replace(base, variance_reduction=gain)
    if subject.kind in ("Average", "Integral") and first.any() and not first.all():
        base = replace(base, events=int(np.count_nonzero(first)))
        min_events = intervals.FEW_EVENTS
    elif subject.kind == "Count" or not subject.steady:
        min_events = min(min_events, intervals.FEW_EVENTS)
    seen = bool(base.events) if base.events is not None else bool(first.any())
    base = _alike(base, interval)
    judged = _judged(base, interval, seen, min_events)
    found = {p: clustered_quantile(values, first.astype(np.int64).tolist(), p, confidence) for p in subject.quantiles} if len(values) else {}
    if judged.converged and any(part.relative_half_width > base.target for part in found.values()):
        judged = replace(judged, state=State.IMPRECISE)
    return Estimate(kind, interval, judged, unit, found)


def _alike(base: Assessment, interval: Interval) -> Assessment:
    """A width of 0 says nothing of what is so rare that no replication saw it; how rare, is said instead."""
    if base.replications < 2 or not interval.relative_half_width <= SAME:
        return base
    other = intervals.all_zero_bound(base.replications, interval.confidence).high
    note = f"all replications gave the same value; another one has a probability of at most {other:.2g} in each"
    return replace(base, notes=(*base.notes, note))


def _skewed(above: Floats, below: Floats, confidence: float) -> Interval:
    """A ratio of means; by the gamma interval if only few replications are not 0 (and none is negative)."""
    seen = int(np.count_nonzero(above))
    if 0 < seen < min(intervals.FEW_EVENTS, len(above)) and above.min() >= 0.0:
        return intervals.gamma_mean(above, confidence, below)
    return intervals.ratio_of_means(above, below, confidence)


def _curve(subject: Subject, observations: Floats, confidence: float, target: float) -> CurveEstimate:
    """Several times of one quantity. Replications that were cut short are left out, and the state says so."""
    kind = {"FirstPassage": "first_passage"}.get(subject.kind, subject.kind.lower())
    known = observations[:, :, 1] == 1.0 if subject.kind == "FirstPassage" else ~np.isnan(observations[:, :, 0])
    whole = np.asarray(known.all(axis=1), np.bool_)
    values, censored = observations[whole, :, 0], int(len(whole) - np.sum(whole))
    if kind == "availability":
        values = 1.0 - values
    base = Assessment(State.MISSING, target, len(values), None, censored)
    if not len(values):
        nothing = (intervals.unknown(confidence, "nothing was observed"),) * len(subject.times)
        return CurveEstimate(f"{kind}_curve", subject.times, nothing, nothing, base)
    found = curve(kind, subject.times, values, confidence, base)
    if censored:
        note = f"{censored} of {len(whole)} replications were cut short and are left out: the estimate can be biased"
        return replace(found, assessment=replace(base, state=State.CENSORED, notes=(note,)))
    return replace(found, assessment=replace(base, state=state_of(found, LEAST_REPLICATIONS)))


def _passage(subject: Subject, observations: Floats, confidence: float, target: float) -> Estimate:
    """First passages. Those not reached before a limit are never dropped: a probability takes them at their worst, a mean becomes a lower bound."""
    kind = "first_passage"
    count = len(observations)
    if count == 0:
        return Estimate(kind, intervals.unknown(confidence, "nothing was observed"), Assessment(State.MISSING, target, 0))
    value, known = observations[:, 0, 0], observations[:, 0, 1] == 1.0
    censored = int(np.sum(~known))
    events = int(np.sum(value[known])) if subject.within else int(np.sum(known))
    base = Assessment(State.IMPRECISE, target, count, events, censored)
    if censored:
        note = f"{censored} of {count} passages had not happened when a limit ended the replication"
        base = replace(base, state=State.CENSORED, notes=(note,))
    if subject.within:
        interval = _within(events, count, censored, confidence)
        judged = base if censored else _judged(replace(base, notes=base.notes), interval, bool(events), 0)
        return Estimate(kind, interval, judged, "")
    never = int(np.sum(~known & ~np.isfinite(value)))
    if never:
        note = f"{never} of {count} replications can never pass (dead marking): the mean is infinite"
        return Estimate(kind, intervals.unknown(confidence, "no mean: some never pass", 0.0), replace(base, state=State.DEAD, notes=(note,)), "s")
    interval = intervals.mean(value, confidence).clipped(0.0, math.inf)
    # A passage that had not happened when the replication ended is later than that: for its quantiles it is later than all.
    found = {p: sample_quantile(np.where(known, value, math.inf), p, confidence) for p in subject.quantiles}
    if not events:
        interval = replace(interval, estimate=math.nan, high=math.inf, method="lower bound: mean of the times up to the limit (Student), none passed")
        return Estimate(kind, interval, replace(base, state=State.NO_EVENT), "s", found)
    if censored:
        interval = replace(interval, high=math.inf, method="lower bound: mean of the times up to the limit (Student)")
        return Estimate(kind, interval, base, "s", found)
    judged = _judged(_alike(base, interval), interval, True, 0)
    if judged.converged and any(part.relative_half_width > base.target for part in found.values()):
        judged = replace(judged, state=State.IMPRECISE)
    return Estimate(kind, interval, judged, "s", found)


def _within(successes: int, count: int, censored: int, confidence: float) -> Interval:
    if not censored:
        return intervals.proportion(successes, count, confidence)
    low = intervals.proportion(successes, count, confidence)
    high = intervals.proportion(successes + censored, count, confidence)
    middle = successes / (count - censored) if count > censored else math.nan
    return Interval(middle, low.low, high.high, confidence, "Clopper-Pearson, passages not known taken both ways")
