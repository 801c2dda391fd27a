"""The results of a study, read from its file: points with their estimates, and ratios. A sweep may be writing to it meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, final

from spn.estimate.intervals import Interval, number
from spn.sweeps.records import Measured, Record, interval_of
from spn.sweeps.store import Store, StoreError

if TYPE_CHECKING:
    from spn.plots.picture import Picture
    from spn.tables.figures import Options

UNFINISHED = "not begun"


@final
@dataclass(frozen=True, slots=True)
class PointResult:
    """A point: its model's name in the study, the values of its axes, and what is known of it. `record` is None while it is not finished.

    `axes` are values as people read them, `keys` the same to the last bit; `number` is the point's in its results file.
    """

    model: str
    axes: Mapping[str, str]
    parameters: Mapping[str, str]
    record: Record | None
    progress: Mapping[str, Any] | None
    keys: Mapping[str, str] = field(default_factory=dict)
    number: int | None = None

    @property
    def state(self) -> str:
        """Of a point without estimates, what there is instead."""
        if self.record is not None:
            return self.record.error or self.record.stop_reason
        if self.progress is None:
            return UNFINISHED
        reached = self.progress.get("precision")
        precision = f", precision +-{100 * reached[0]:.3g} % of +-{100 * reached[1]:.3g} %" if reached else ""
        return f"not finished: {self.progress['replications']:,} replications or more{precision}"


@final
@dataclass(frozen=True, slots=True)
class Ratio:
    """U of one point over U of another, with its interval."""

    name: str
    of: PointResult
    to: PointResult
    measures: tuple[str, str]
    interval: Interval


@final
@dataclass(frozen=True, slots=True)
class Results:
    """All that a results file says about its study. `axes` are their names in order; `about` is what the study asked for; `path` is the file."""

    about: Mapping[str, Any]
    axes: tuple[str, ...]
    points: tuple[PointResult, ...]
    ratios: tuple[Ratio, ...]
    path: Path | None = None

    @staticmethod
    def read(path: str | Path) -> Results:
        """The results of a file. Raises `StoreError`."""
        with Store.read(Path(path)) as store:
            return Results.of(store)

    @staticmethod
    def of(store: Store) -> Results:
        """The results as they are now. Raises `StoreError`, also where something stands in the file that no sweep has written."""
        try:
            return Results._of(store)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise StoreError(f"{store.path}: it is damaged, or another program has changed it ({type(error).__name__})") from error

    @staticmethod
    def _of(store: Store) -> Results:
        about = store.study()
        if not about:
            raise StoreError(f"{store.path}: no sweep has begun in this file")
        points = [
            PointResult(
                entry["model"],
                entry["axes"],
                entry["parameters"],
                None if result is None else Record.from_dict(result),
                progress,
                entry["keys"],
                number,
            )
            for _, entry, number, progress, result in store.places()
        ]
        order = {name: k for k, name in enumerate(about.get("comparisons", []))}
        found = sorted(store.ratios(), key=lambda row: (order.get(row[0], 0), row[1], row[2]))
        ratios = [
            Ratio(name, points[of], points[to], (entry["measures"][0], entry["measures"][1]), interval_of(entry["ratio"]))
            for name, of, to, entry in found
        ]
        return Results(about, tuple(about.get("axes", ())), tuple(points), tuple(ratios), store.path)

    @property
    def finished(self) -> bool:
        """Every point has a result."""
        return all(point.record is not None for point in self.points)

    @property
    def converged(self) -> bool:
        """Every point has the precision asked for."""
        return all(point.record is not None and point.record.converged for point in self.points)

    def measured(self) -> Iterator[tuple[PointResult, str, Measured]]:
        """Each measure of each finished point."""
        for point in self.points:
            for name, measured in (point.record.measures if point.record else {}).items():
                yield point, name, measured

    def to_dict(self) -> dict[str, Any]:
        """For JSON: plain types, null for what is unknown or unbounded."""
        return {
            "study": {name: value for name, value in self.about.items() if name not in ("text", "models")},
            "finished": self.finished,
            "converged": self.converged,
            "points": [_point(point) for point in self.points],
            "ratios": [
                {
                    "name": ratio.name,
                    "of": {"model": ratio.of.model, "axes": dict(ratio.of.axes), "measure": ratio.measures[0]},
                    "to": {"model": ratio.to.model, "axes": dict(ratio.to.axes), "measure": ratio.measures[1]},
                    **ratio.interval.to_dict(),
                    "confidence": ratio.interval.confidence,
                }
                for ratio in self.ratios
            ],
        }

    def plot(self, **options: Unpack[Options]) -> Picture:
        """A figure of them. The options are those of `spn.plot`."""
        from spn.tables.figures import plot

        return plot(self, **options)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from spn.tables.forms import web

        return web(self)

    def to_pandas(self) -> Any:
        """A DataFrame: a row for each measure at each finished point, the axes' values and the numbers with their intervals as columns."""
        from spn.tables.exports import frame

        return frame(self)

    def to_parquet(self, path: str | Path) -> None:
        """The same as a Parquet file."""
        from spn.tables.exports import write_parquet

        write_parquet(self, Path(path))


def _point(point: PointResult) -> dict[str, Any]:
    record = point.record
    found: dict[str, Any] = {"model": point.model, "axes": dict(point.axes), "parameters": dict(point.parameters), "finished": record is not None}
    if record is None:
        return found | {"state": point.state}
    measures = {
        name: {
            "kind": measured.kind,
            **{key: interval.to_dict() for key, interval in measured.quantities.items()},
            "confidence": measured.primary.confidence,
            "unit": measured.unit,
            "relative_half_width": number(measured.relative),
            "target": number(measured.target),
            "converged": measured.converged,
            "state": measured.state,
            "events": measured.events,
            "replications": measured.replications,
            "notes": list(measured.notes),
        }
        for name, measured in record.measures.items()
    }
    return found | {
        "converged": record.converged,
        "stop_reason": record.stop_reason,
        "error": record.error,
        "engine": record.engine,
        "firings": record.firings,
        "digest": record.digest,
        "measures": measures,
        "experiments": [dict(course) for course in record.experiments],
        "warnings": list(record.warnings),
        "versions": dict(record.versions),
    }
