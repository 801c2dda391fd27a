"""How intervals became narrow: half-widths at each look of finished and unfinished points, from the batches that are kept of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from spn.estimate.estimates import AnyEstimate
from spn.estimate.measures import Sample, Subject, estimate
from spn.estimate.numbers import percent
from spn.plots.types import Axis, Line, NotPlottable, Panel, Plot, Series
from spn.study.plan import STEADY, TERMINATING, BatchResult, Plan
from spn.sweeps.coding import Damaged
from spn.sweeps.comparing import last_batches
from spn.sweeps.records import Measured, Record
from spn.sweeps.store import Store
from spn.tables.axes import words
from spn.tables.choice import Choice
from spn.tables.composing import origin
from spn.tables.results import PointResult, Results
from spn.tables.series import chosen_measure, chosen_points

ALL = 8
"""Batches after each of which something is shown, for an experiment that looks later."""

FEW = 6
"""Points up to which each is named."""
_KINDS = {name.lower(): name for name in ("Availability", "Average", "Integral", "Rate", "Count", "Tally")} | {"first_passage": "FirstPassage"}


@final
@dataclass(frozen=True, slots=True)
class Look:
    """After so many replications and firings of the experiment (its pilot not counted), what was known of a measure."""

    replications: int
    firings: int
    found: AnyEstimate


def looks(batches: Sequence[BatchResult], measure: str, measured: Measured, steady: bool, controls: Sequence[int]) -> Iterator[Look]:
    """What an experiment knew each time that it looked, and after its first batches. `measured` is what became known of the measure in the end,
    with those of the control variates.
    """
    width = batches[0].observations[measure].shape[2] if batches else 0
    kind = _KINDS.get(measured.kind)
    if kind is None:
        raise NotPlottable(f"'{measure}' is a curve, which has no one half-width")
    subject = Subject(kind, point=width == 1 and kind != "Count", within=kind == "FirstPassage" and not measured.unit, steady=steady)
    plan = Plan(STEADY if steady else TERMINATING, (measure,))
    firings = 0
    for k, batch in enumerate(batches):
        firings += int(batch.firings.sum())
        if k < ALL or plan.is_look(batch.index) or k == len(batches) - 1:
            seen = batches[: k + 1]
            explaining = np.concatenate([part.controls[:, :, list(controls)].sum(axis=1) for part in seen]) if controls else None
            sample = Sample(np.concatenate([part.observations[measure] for part in seen]), controls=explaining)
            yield Look(plan.bounds(batch.index).stop, firings, estimate(subject, sample, measured.primary.confidence, measured.target))


def convergence(results: Results, choice: Choice) -> Plot:
    """The relative half-width of a measure's interval against firings, a curve for each point. Raises `NotPlottable` and `StoreError`."""
    if results.path is None:
        raise NotPlottable("these results are not from a file, in which the course of a simulation is kept")
    points = chosen_points(results, choice)
    measure = chosen_measure(results, points, choice)
    models = list(dict.fromkeys(point.model for point in points))
    named = len(points) <= FEW
    series: list[Series] = []
    targets: set[float] = set()
    with Store.read(results.path) as store:
        for point in points:
            measured = point.record.measures.get(measure) if point.record else None
            if measured is None or point.record is None or point.number is None:
                continue
            own = _looks(store, point.number, point.record, measure)
            found = [look for look in own if math.isfinite(look.found.relative_half_width)]
            if not found:
                continue
            targets.add(measured.target)
            widths = tuple(look.found.relative_half_width for look in found)
            x = tuple(float(look.firings) for look in found)
            label = _label(point, len(models) > 1) if named else words(point.model)
            style = len(series) if named else models.index(point.model)
            doubtful = tuple(k == len(found) - 1 and not measured.converged for k in range(len(found)))
            series.append(Series(label, x, widths, widths, widths, style, doubtful=doubtful, spread="exact"))
    if not series:
        raise NotPlottable(f"of '{measure}' there is no interval at any point")
    return _plot(results, measure, series, sorted(targets))


def _looks(store: Store, number: int, record: Record, measure: str) -> Iterator[Look]:
    controls = [columns for course in record.experiments for name, columns in course.get("controls", {}).items() if name == measure]
    for experiment in (STEADY, TERMINATING):
        try:
            batches = last_batches(store, number, experiment, record.digest)
        except Damaged:
            continue
        if batches and measure in batches[0].observations:
            steady = experiment == STEADY
            yield from looks(batches, measure, record.measures[measure], steady, controls[0] if controls and steady else ())


def _label(point: PointResult, with_model: bool) -> str:
    parts = [words(point.model)] if with_model or not point.axes else []
    return ", ".join([*parts, *(f"{words(name)} = {value}" for name, value in point.axes.items())])


def _plot(results: Results, measure: str, series: list[Series], targets: list[float]) -> Plot:
    ends = [(part.x[-1], part.estimate[-1]) for part in series]
    at, value = max(ends, key=lambda end: end[1] * math.sqrt(end[0]))
    lines = [Line(target, f"asked for: {percent(target)}") for target in targets]
    lines.append(Line(value, slope=-0.5, at=at))
    x = Axis("Firings", log=True)
    y = Axis("Relative half-width", unit="%", factor=0.01, log=True)
    note = "dashed and sloping: as the inverse root of the firings"
    if any(part.doubtful[-1] for part in series):
        note += "; hollow: precision not reached"
    of = "U" if _is_availability(results, measure) else "the estimate"
    caption = (
        f"Half-width of the intervals of '{measure}', relative to {of}, as the simulation went on; a curve for each point. Dashed: the precision "
        f"asked for, and, sloping, the inverse root of the firings. Study {results.about.get('name', '')}, seed {results.about.get('seed', '')}."
    )
    return Plot(((Panel(x, y, tuple(series), lines=tuple(lines)),),), caption, note, about=origin(results))


def _is_availability(results: Results, measure: str) -> bool:
    return any(name == measure and measured.kind == "availability" for _, name, measured in results.measured())
