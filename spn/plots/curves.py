"""Plots of curves over time that a simulation gave: unavailability, expected values, the distribution of a first passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spn.estimate.estimates import AnyEstimate, CurveEstimate, State
from spn.plots import scales
from spn.plots.types import Axis, NotPlottable, Panel, Plot, Series, listed

TITLES = {"availability_curve": ("Unavailability", "U(t)"), "average_curve": ("Expected value", ""), "first_passage_curve": ("Probability", "F(t)")}
"""What a curve of each kind is of, and its symbol."""

NOTE = "Bands and bars hold for all times of a curve together."


WIDTHS = ("column", "middle", "page")
"""Of figures with one panel, two, three."""


def curves_plot(measures: Mapping[str, AnyEstimate], names: Sequence[str] = ()) -> Plot:
    """A panel for each kind of curve among the measures (those of `names`, or all). Raises `NotPlottable`."""
    unknown = [name for name in names if name not in measures]
    if unknown:
        raise NotPlottable(f"there is no measure {listed(unknown)}; there are {listed(list(measures))}")
    chosen = {name: found for name, found in measures.items() if isinstance(found, CurveEstimate) and (not names or name in names)}
    if not chosen:
        raise NotPlottable("there is no curve among the measures: a curve is a measure at several times, 'at: {from: 0 h, to: 10 h, points: 21}'")
    kinds = [kind for kind in TITLES if any(found.kind == kind for found in chosen.values())]
    styles = {name: style for style, name in enumerate(chosen)}
    panels = [_panel(kind, {name: found for name, found in chosen.items() if found.kind == kind}, styles) for kind in kinds]
    confidence = next(iter(chosen.values())).interval.confidence
    caption = f"{listed(list(chosen))} over time, with bands of {100 * confidence:g} % confidence for all times of a curve together."
    return Plot((tuple(panels),), caption[0].upper() + caption[1:], NOTE, shared=False)


def _panel(kind: str, curves: Mapping[str, CurveEstimate], styles: Mapping[str, int]) -> Panel:
    unit = scales.unit_for([found.times[-1] for found in curves.values()])
    spelt = scales.SPELT.get(unit, unit)
    title, symbol = TITLES[kind]
    series = tuple(_series(name, found, styles[name]) for name, found in curves.items())
    return Panel(Axis("Time", "t", spelt, scales.unit_size(unit), zero=True), Axis(title, symbol, zero=True), series)


def _series(label: str, found: CurveEstimate, style: int) -> Series:
    estimate, low, high = (tuple(getattr(part, end) for part in found.band) for end in ("estimate", "low", "high"))
    doubtful = (found.assessment.state is not State.CONVERGED,) * len(found.times)
    return Series(label, found.times, estimate, low, high, style, doubtful=doubtful, spread="simultaneous")
