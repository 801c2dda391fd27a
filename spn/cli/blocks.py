"""The text of one estimate: a block of lines with aligned names, every number with its interval. The page around it is `report`."""

from __future__ import annotations

import math

from spn.cli.wording import seconds
from spn.estimate.estimates import AnyEstimate, AvailabilityEstimate, CurveEstimate, Estimate
from spn.estimate.intervals import Interval
from spn.estimate.numbers import duration, percent, with_interval

Rows = list[tuple[str, str]]

LEAST_BIAS = 0.025
"""A bias of less than this share of the interval's width is not told."""

_CURVES = {"availability_curve": "unavailability U", "average_curve": "expected value", "first_passage_curve": "probability"}
_WORDS = {"average": "average", "integral": "integral", "rate": "firings per second", "count": "firings", "tally": "mean"}


def block(name: str, estimate: AnyEstimate) -> str:
    """Name, kind, numbers, and how far they can be trusted."""
    confidence = estimate.interval.confidence
    lines = [f"{name}  ({estimate.kind.replace('_', ' ')}, intervals of {percent(confidence)} confidence)"]
    rows = _rows(estimate)
    rows.append(("basis", _basis(estimate)))
    if (bias := _bias(estimate)) is not None:
        rows.append(("bias", bias))
    if (reduction := estimate.assessment.variance_reduction) is not None:
        rows.append(("controls", f"{', '.join(estimate.assessment.controls)}: {reduction:.3g} times less variance than without them"))
    if not estimate.converged:
        rows.append(("state", estimate.assessment.state.value))
    rows += [("note", note) for note in estimate.assessment.notes]
    return "\n".join([*lines, *aligned(rows)])


def aligned(rows: Rows) -> list[str]:
    """The rows, indented, their second column aligned."""
    width = max((len(name) for name, _ in rows), default=0)
    return [f"  {name:<{width}}  {text}" for name, text in rows]


def _rows(estimate: AnyEstimate) -> Rows:
    if isinstance(estimate, AvailabilityEstimate):
        return _availability(estimate)
    return _curve(estimate) if isinstance(estimate, CurveEstimate) else _other(estimate)


def _curve(estimate: CurveEstimate) -> Rows:
    """A line for each time: the value with its interval, and the band that holds for all of them at once."""
    rows = [("at", f"{_CURVES[estimate.kind]}  [interval]  band for all times")]
    for time, point, band in zip(estimate.times, estimate.points, estimate.band, strict=True):
        rows.append((seconds(time), f"{with_interval(point)}  {with_interval(band).partition('  ')[2]}"))
    return rows


def _availability(estimate: AvailabilityEstimate) -> Rows:
    rows = [
        ("unavailability U", with_interval(estimate.unavailability)),
        ("availability A", with_interval(estimate.interval)),
        ("downtime per year", duration(estimate.downtime_s_per_year)),
        ("nines", with_interval(estimate.nines)),
    ]
    if estimate.failures_per_year is not None:
        rows.append(("failures per year", with_interval(estimate.failures_per_year)))
    if estimate.mean_up_s is not None:
        rows.append(("mean time up", duration(estimate.mean_up_s)))
    if estimate.mean_down_s is not None:
        rows.append(("mean time down", duration(estimate.mean_down_s)))
    return rows


def _other(estimate: Estimate) -> Rows:
    name = _WORDS.get(estimate.kind, "estimate")
    rows = [(name, _with_unit(estimate, with_interval(estimate.interval)))]
    if estimate.unit == "s":
        rows = [(name, duration(estimate.interval))]
    for probability, interval in estimate.quantiles.items():
        text = duration(interval) if estimate.unit == "s" else _with_unit(estimate, with_interval(interval))
        rows.append((f"{probability * 100:.6g} % quantile", text))
    return rows


def _with_unit(estimate: Estimate, text: str) -> str:
    return text if estimate.unit in {"", "1/s"} or text == "-" else f"{text} {estimate.unit}"


def _basis(estimate: AnyEstimate) -> str:
    """What the numbers rest on: precision against what was asked, events, replications, method."""
    assessment = estimate.assessment
    reached = estimate.relative_half_width
    of = " of U" if estimate.kind == "availability" else ""
    parts = [f"precision{of} {'+-' + percent(reached) if math.isfinite(reached) else 'unknown'} (asked: {percent(assessment.target)})"]
    if assessment.events is not None:
        parts.append(f"{assessment.events:,} {'failures' if of else 'events'}")
    batches = "" if assessment.batches is None else f"{assessment.batches:,} batches of "
    parts.append(f"{batches}{assessment.replications:,} replications")
    method = (estimate.unavailability if isinstance(estimate, AvailabilityEstimate) else estimate.interval).method
    return ", ".join([*parts, *([method] if method else [])])


def _bias(estimate: AnyEstimate) -> str | None:
    """What stopping had added to the estimate, if that is anything beside its interval; of a curve, where it is most."""
    if isinstance(estimate, CurveEstimate):
        parts: tuple[Interval, ...] = estimate.points
    else:
        parts = (estimate.unavailability if isinstance(estimate, AvailabilityEstimate) else estimate.interval,)
    worth = [(abs(part.bias) / (part.high - part.low), part) for part in parts if part.bias and 0.0 < part.high - part.low < math.inf]
    share, most = max(worth, key=lambda pair: pair[0], default=(0.0, None))
    if most is None or share < LEAST_BIAS:
        return None
    where = " at most" if len(parts) > 1 else ""
    return f"{100.0 * most.bias / (most.estimate + most.bias):+.2g} %{where} from stopping when precise, taken off"
