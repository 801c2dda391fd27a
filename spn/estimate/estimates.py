"""What is known of a measure: estimates with their intervals, states and diagnostics, and their JSON. How they come about is in `measures`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, final

from spn.estimate.intervals import Interval, number

YEAR = 365.25 * 86_400.0
"""Seconds."""


class State(Enum):
    """How far an estimate can be trusted. The values are what users read."""

    CONVERGED = "converged"
    IMPRECISE = "not converged: the precision asked for was not reached"
    FEW_EVENTS = "not converged: too few events"
    FEW_REPLICATIONS = "not converged: too few replications"
    NO_EVENT = "no event seen"
    CENSORED = "not converged: observations were cut short by a limit"
    DEAD = "dead marking"
    NOT_STATIONARY = "not stationary"
    MISSING = "nothing was observed"


@final
@dataclass(frozen=True, slots=True)
class Assessment:
    """How an estimate came about and what to think of it.

    `target` is the relative half-width asked for, `batches` the windows taken for independent where replications have several (None: one each),
    `events` the number of failures, firings or values behind it (None where nothing is counted), `wanted` how many of them there have to be,
    `censored` the replications whose observation was cut short, `drift` Student's t between the halves of the windows and
    `shift` their relative difference, `controls` the control variates and `variance_reduction` how many times less variance they leave,
    `notes` what a reader has to know.
    """

    state: State
    target: float
    replications: int
    events: int | None = None
    censored: int = 0
    drift: float | None = None
    shift: float | None = None
    controls: tuple[str, ...] = ()
    variance_reduction: float | None = None
    notes: tuple[str, ...] = ()
    batches: int | None = None
    wanted: int = 0

    @property
    def converged(self) -> bool:
        return self.state is State.CONVERGED

    def to_dict(self) -> dict[str, Any]:
        return {
            "target": number(self.target),
            "replications": self.replications,
            "batches": self.batches,
            "events": self.events,
            "converged": self.converged,
            "state": self.state.value,
            "diagnostics": {
                "censored": self.censored,
                "drift_t": number(self.drift),
                "drift": number(self.shift),
                "controls": list(self.controls) if self.variance_reduction is not None else [],
                "variance_reduction": number(self.variance_reduction),
                "notes": list(self.notes),
            },
        }


@final
@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure other than availability. `quantiles` has an interval for each probability asked for."""

    kind: str
    interval: Interval
    assessment: Assessment
    unit: str = ""
    quantiles: Mapping[float, Interval] = field(default_factory=dict)

    @property
    def relative_half_width(self) -> float:
        return self.interval.relative_half_width

    @property
    def converged(self) -> bool:
        return self.assessment.converged

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": self.kind, **self.interval.to_dict(), "confidence": self.interval.confidence, "unit": self.unit}
        if self.quantiles:
            found["quantiles"] = [{"probability": p, **interval.to_dict()} for p, interval in self.quantiles.items()]
        return {**found, "relative_half_width": number(self.relative_half_width), **self.assessment.to_dict()}


@final
@dataclass(frozen=True, slots=True)
class AvailabilityEstimate:
    """An availability, by its unavailability: U is the primary number, A is printed from it, so that nothing is lost near 1.

    `failures_per_year` (failures per second times a year of 365.25 d), `mean_up_s` and `mean_down_s` are None where the window has no duration.
    """

    unavailability: Interval
    assessment: Assessment
    failures_per_year: Interval | None = None
    mean_up_s: Interval | None = None
    mean_down_s: Interval | None = None

    @property
    def kind(self) -> str:
        return "availability"

    @property
    def interval(self) -> Interval:
        """Of A, which is 1 - U."""
        return self.unavailability.complement()

    @property
    def relative_half_width(self) -> float:
        """That of U."""
        return self.unavailability.relative_half_width

    @property
    def converged(self) -> bool:
        return self.assessment.converged

    @property
    def downtime_s_per_year(self) -> Interval:
        return self.unavailability.scaled(YEAR)

    @property
    def nines(self) -> Interval:
        """-log10 U: with no failure seen the estimate is unknown and the low end is what is sure; the high end is unbounded."""

        def of(value: float) -> float:
            return math.inf if value == 0.0 else abs(math.log10(value)) if value <= 1.0 else math.nan

        u = self.unavailability
        return Interval(math.nan if u.estimate == 0.0 else of(u.estimate), of(u.high), of(u.low), u.confidence, u.method)

    def to_dict(self) -> dict[str, Any]:
        others = {
            "downtime_s_per_year": self.downtime_s_per_year,
            "nines": self.nines,
            "failures_per_year": self.failures_per_year,
            "mean_up_s": self.mean_up_s,
            "mean_down_s": self.mean_down_s,
        }
        return {
            "kind": self.kind,
            **self.interval.to_dict(),
            "confidence": self.unavailability.confidence,
            "unavailability": self.unavailability.to_dict(),
            **{name: None if interval is None else number(interval.estimate) for name, interval in others.items()},
            "intervals": {name: interval.to_dict() for name, interval in others.items() if interval is not None},
            "failures": self.assessment.events,
            "relative_half_width": number(self.relative_half_width),
            **self.assessment.to_dict(),
        }


@final
@dataclass(frozen=True, slots=True)
class CurveEstimate:
    """One quantity at several `times` (seconds, increasing). The `kind` is ``availability_curve``, ``average_curve`` or ``first_passage_curve``.

    `points` has an interval for each time, of which each holds by itself with the confidence asked for; `band` those that hold all at once.
    Of an availability, both are of the unavailability.
    """

    kind: str
    times: tuple[float, ...]
    points: tuple[Interval, ...]
    band: tuple[Interval, ...]
    assessment: Assessment
    unit: str = ""
    quantiles: Mapping[float, Interval] = field(default_factory=dict)

    @property
    def interval(self) -> Interval:
        """That of the last time; of an availability, of A."""
        last = self.points[-1]
        return last.complement() if self.kind == "availability_curve" else last

    @property
    def relative_half_width(self) -> float:
        """The widest half-width over the greatest value of the curve (of U, for availabilities): a curve that begins at 0 has a precision, too."""
        greatest = max((abs(point.estimate) for point in self.points), default=0.0)
        widest = max((point.high - point.low) / 2.0 for point in self.points)
        return widest / greatest if greatest > 0.0 and math.isfinite(widest) else math.inf

    @property
    def converged(self) -> bool:
        return self.assessment.converged

    def shown(self, intervals: tuple[Interval, ...]) -> tuple[Interval, ...]:
        """Intervals of `points` or `band` as people want them: those of A for an availability."""
        return tuple(each.complement() for each in intervals) if self.kind == "availability_curve" else intervals

    def to_dict(self) -> dict[str, Any]:
        rows = []
        values = zip(self.times, self.points, self.shown(self.points), self.shown(self.band), strict=True)
        for time, point, shown, band in values:
            row: dict[str, Any] = {"time_s": time, **shown.to_dict(), "band": {"low": number(band.low), "high": number(band.high)}}
            rows.append(row | ({"unavailability": point.to_dict()} if self.kind == "availability_curve" else {}))
        last = self.interval
        found: dict[str, Any] = {"kind": self.kind, **last.to_dict(), "confidence": last.confidence, "unit": self.unit, "curve": rows}
        found["band"] = {"confidence": last.confidence, "method": "sup-t (Montiel Olea and Plagborg-Moller)"}
        return {**found, "relative_half_width": number(self.relative_half_width), **self.assessment.to_dict()}


AnyEstimate = Estimate | AvailabilityEstimate | CurveEstimate
