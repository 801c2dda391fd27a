"""What is kept of a finished point: its estimates as plain data that comes back the same, to the last bit. Nothing is estimated here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

from spn.estimate.estimates import AnyEstimate, AvailabilityEstimate, CurveEstimate
from spn.estimate.intervals import Interval
from spn.study.result import Result


@final
@dataclass(frozen=True, slots=True)
class Measured:
    """One measure at one point. `quantities` by name: ``unavailability`` and all that follows from it, or ``estimate`` and quantiles."""

    kind: str
    quantities: Mapping[str, Interval]
    relative: float
    target: float
    state: str
    converged: bool
    events: int | None
    replications: int
    unit: str = ""
    notes: tuple[str, ...] = ()

    @property
    def primary(self) -> Interval:
        """U of an availability, else the estimate."""
        return self.quantities["unavailability" if self.kind == "availability" else "estimate"]


@final
@dataclass(frozen=True, slots=True)
class Record:
    """A finished point. With `error` it has no measures: its model could not go on, or could not be made."""

    measures: Mapping[str, Measured] = field(default_factory=dict)
    stop_reason: str = ""
    converged: bool = False
    firings: int = 0
    engine: str = ""
    warnings: tuple[str, ...] = ()
    experiments: tuple[Mapping[str, Any], ...] = ()
    digest: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    code: str = ""

    def to_dict(self) -> dict[str, Any]:
        """For the results file."""
        found = {name: getattr(self, name) for name in self.__slots__ if name != "measures"}
        return found | {"measures": {name: _plain(measured) for name, measured in self.measures.items()}}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Record:
        """What `to_dict` has written."""
        measures = {name: _measured(entry) for name, entry in data["measures"].items()}
        tuples = {name: tuple(data[name]) for name in ("warnings", "experiments")}
        return Record(**{**data, **tuples, "measures": measures})


def record(result: Result) -> Record:
    """What is kept of a result: all but the time that it took."""
    return Record(
        {name: _of(estimate) for name, estimate in result.measures.items()},
        result.stop_reason.value,
        result.converged,
        result.firings,
        result.engine,
        result.warnings,
        tuple(course.to_dict() for course in result.experiments),
        result.digest,
        dict(result.versions),
    )


def _of(estimate: AnyEstimate) -> Measured:
    if isinstance(estimate, AvailabilityEstimate):
        found = {
            "unavailability": estimate.unavailability,
            "availability": estimate.interval,
            "downtime_s_per_year": estimate.downtime_s_per_year,
            "nines": estimate.nines,
            "failures_per_year": estimate.failures_per_year,
            "mean_up_s": estimate.mean_up_s,
            "mean_down_s": estimate.mean_down_s,
        }
        quantities = {name: interval for name, interval in found.items() if interval is not None}
        unit = ""
    elif isinstance(estimate, CurveEstimate):
        quantities = {"estimate": estimate.interval}
        quantities |= {f"at {time!r} s": point for time, point in zip(estimate.times, estimate.shown(estimate.points), strict=True)}
        unit = estimate.unit
    else:
        quantities = {"estimate": estimate.interval, **{f"quantile {p:g}": interval for p, interval in estimate.quantiles.items()}}
        unit = estimate.unit
    assessment = estimate.assessment
    return Measured(
        estimate.kind,
        quantities,
        estimate.relative_half_width,
        assessment.target,
        assessment.state.value,
        assessment.converged,
        assessment.events,
        assessment.replications,
        unit,
        assessment.notes,
    )


def _plain(measured: Measured) -> dict[str, Any]:
    found = {name: getattr(measured, name) for name in Measured.__slots__}
    return found | {"quantities": {name: plain_interval(interval) for name, interval in measured.quantities.items()}}


def _measured(data: Mapping[str, Any]) -> Measured:
    quantities = {name: interval_of(entry) for name, entry in data["quantities"].items()}
    return Measured(**{**data, "quantities": quantities, "notes": tuple(data["notes"])})


def plain_interval(interval: Interval) -> list[Any]:
    """An interval as a list; not a number and infinities stay what they are."""
    return [interval.estimate, interval.low, interval.high, interval.confidence, interval.method, interval.bias]


def interval_of(entry: list[Any]) -> Interval:
    """What `plain_interval` has written."""
    return Interval(*entry)
