"""The columns and rows of a study's tables: as people read them, and as numbers for other programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

from spn.estimate.intervals import Interval
from spn.estimate.numbers import duration, percent, with_interval
from spn.sweeps.records import Measured
from spn.tables.results import PointResult, Results

QUANTITIES = ("unavailability", "availability", "downtime_s_per_year", "failures_per_year", "mean_up_s", "mean_down_s", "estimate")
"""The numbers with intervals that other programs get of each measure; empty where a measure does not have them. Quantiles follow."""


@final
@dataclass(frozen=True, slots=True)
class Table:
    """Texts in columns."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def words(self) -> tuple[bool, ...]:
        """Which columns are words, to be aligned on their left."""
        return tuple(
            name in _WORDS or not any(character.isdigit() for row in self.rows for character in row[k]) for k, name in enumerate(self.header)
        )


_WORDS = ("model", "measure", "state", "comparison", "of", "to", "quantity")


def tables(results: Results) -> list[Table]:
    """The tables of a study: availabilities, other measures, ratios, points without estimates; those of them that have rows."""
    found = [_availabilities(results), _others(results), _ratios(results), _without(results)]
    return [table for table in found if table.rows]


def _place(results: Results, point: PointResult) -> tuple[str, ...]:
    return (point.model, *(point.axes.get(axis, "") for axis in results.axes))


def _availabilities(results: Results) -> Table:
    rows = [
        (
            *_place(results, point),
            name,
            with_interval(measured.quantities["unavailability"]),
            with_interval(measured.quantities["availability"]),
            duration(measured.quantities["downtime_s_per_year"]),
            _precision(measured),
            measured.state,
        )
        for point, name, measured in results.measured()
        if measured.kind == "availability"
    ]
    header = ("model", *results.axes, "measure", "unavailability U", "availability A", "downtime per year", "precision of U", "state")
    return Table("availability", header, tuple(rows))


def _others(results: Results) -> Table:
    rows = []
    for point, name, measured in results.measured():
        if measured.kind == "availability":
            continue
        for key, interval in measured.quantities.items():
            text = duration(interval) if measured.unit == "s" else f"{with_interval(interval)} {measured.unit}".rstrip()
            what = measured.kind.replace("_", " ") if key == "estimate" else key
            rows.append((*_place(results, point), name, what, text, _precision(measured), measured.state))
    return Table("other measures", ("model", *results.axes, "measure", "quantity", "estimate", "precision", "state"), tuple(rows))


def _precision(measured: Measured) -> str:
    return f"+-{percent(measured.relative)}" if math.isfinite(measured.relative) else "unknown"


def _ratios(results: Results) -> Table:
    rows = []
    for ratio in results.ratios:
        of, to = (described(end, measure) for end, measure in zip((ratio.of, ratio.to), ratio.measures, strict=True))
        rows.append((ratio.name, of, to, with_interval(ratio.interval)))
    return Table("ratios of unavailabilities", ("comparison", "of", "to", "ratio"), tuple(rows))


def described(point: PointResult, measure: str) -> str:
    """``standard(mttf = 500 h).system``"""
    axes = ", ".join(f"{axis} = {value}" for axis, value in point.axes.items())
    return f"{point.model}({axes}).{measure}" if axes else f"{point.model}.{measure}"


def _without(results: Results) -> Table:
    rows = [(*_place(results, point), point.state) for point in results.points if point.record is None or point.record.error]
    return Table("points without estimates", ("model", *results.axes, "state"), tuple(rows))


def columns(results: Results) -> list[str]:
    """The columns of `numbers`."""
    quantiles = sorted({key for _, _, measured in results.measured() for key in measured.quantities if key.startswith("quantile ")})
    parts = [f"{name}{end}" for name in (*QUANTITIES, *quantiles) for end in ("", "_low", "_high")]
    rest = ["confidence", "relative_half_width", "target", "events", "replications", "firings", "method", "state", "converged"]
    own = ["model", "measure", "kind", *parts, *rest]
    return ["model", *(_column(axis, own) for axis in results.axes), *own[1:]]


def _column(axis: str, own: Sequence[str]) -> str:
    return f"{axis} (axis)" if axis in own else axis


def numbers(results: Results) -> list[dict[str, Any]]:
    """A row for each measure at each finished point; absent where a measure does not have a number."""
    found = []
    names = columns(results)
    places = dict(zip(results.axes, names[1:], strict=False))
    for point, name, measured in results.measured():
        assert point.record is not None
        row: dict[str, Any] = {"model": point.model, "measure": name, "kind": measured.kind}
        row |= {places[axis]: value for axis, value in point.axes.items()}
        for key, interval in measured.quantities.items():
            row |= _ends(key, interval)
        found.append(
            row
            | {
                "confidence": measured.primary.confidence,
                "relative_half_width": measured.relative,
                "target": measured.target,
                "events": measured.events,
                "replications": measured.replications,
                "firings": point.record.firings,
                "method": measured.primary.method,
                "state": measured.state,
                "converged": measured.converged,
            }
        )
    return found


def _ends(key: str, interval: Interval) -> dict[str, float]:
    return {key: interval.estimate, f"{key}_low": interval.low, f"{key}_high": interval.high}


def heading(results: Results) -> list[tuple[str, str]]:
    """What the study was, in a few lines."""
    about = results.about
    finished = sum(point.record is not None for point in results.points)
    rows = [("study", f"{about.get('name', '')}{': ' if about.get('description') else ''}{about.get('description', '')}")]
    rows.append(("points", f"{finished:,} of {len(results.points):,} finished"))
    rows.append(("seed", str(about.get("seed", ""))))
    rows.append(("precision", f"+-{percent(about['precision'])}, intervals of {percent(about['confidence'])} confidence"))
    return rows


def texts(values: Sequence[Any]) -> list[str]:
    """Numbers as texts that read back the same."""
    return ["" if value is None else repr(value) if isinstance(value, float) else str(value) for value in values]
