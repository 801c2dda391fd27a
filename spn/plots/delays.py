"""Curves of distributions (hazard rate, density, survival function) as plots. They are exact: nothing is simulated, so there are no intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from spn.distributions.base import Continuous, Distribution
from spn.plots import scales
from spn.plots.types import Axis, NotPlottable, Panel, Plot, Series, listed

POINTS = 400
HIGH = 0.999
"""The quantile of a distribution up to which an axis of times reaches, unless somebody says otherwise."""
APART = 30.0
"""The ratio of two distributions' times from which they get panels of their own."""


@final
@dataclass(frozen=True, slots=True)
class Function:
    """A function of the age of a delay."""

    title: str
    symbol: str
    time: int
    value: Callable[[Any, Any], Any]
    continuous: bool = True


FUNCTIONS: Mapping[str, Function] = {
    "hazard": Function("Hazard rate", "h(t)", -1, lambda delay, t: delay.hazard(t)),
    "density": Function("Density", "f(t)", -1, lambda delay, t: delay.pdf(t)),
    "survival": Function("Survival function", "R(t)", 0, lambda delay, t: delay.sf(t), continuous=False),
    "cdf": Function("Distribution function", "F(t)", 0, lambda delay, t: delay.cdf(t), continuous=False),
}


@final
@dataclass(frozen=True, slots=True)
class Named:
    """A distribution, what it is called, and the unit of time in which it was written, if there was one."""

    label: str
    delay: Distribution
    unit: str = ""


def delays_plot(delays: Sequence[Named], function: str = "hazard", until: float | None = None) -> Plot:
    """The curves of distributions; those whose times are far apart in panels of their own. Raises `NotPlottable`."""
    what = FUNCTIONS[function]
    if not delays:
        raise NotPlottable("there is no distribution to plot")
    for named in delays:
        if what.continuous and not isinstance(named.delay, Continuous):
            raise NotPlottable(f"{named.label} has no {what.title.lower()}, as it has no density; a plot of its 'survival' function says what it is")
    groups: list[list[Named]] = []
    for named in sorted(delays, key=_reach, reverse=True):
        near = next((group for group in groups if _reach(group[0]) <= APART * max(_reach(named), 1e-300)), None)
        if near is None:
            groups.append([named])
        else:
            near.append(named)
    styles = {id(named): k for k, named in enumerate(delays)}
    panels = [_panel(sorted(group, key=lambda named: styles[id(named)]), what, styles, until) for group in groups]
    across = min(len(panels), 2)
    rows = tuple(tuple(panels[k : k + across]) for k in range(0, len(panels), across))
    caption = f"{what.title} of {listed([named.label for named in delays])}."
    return Plot(rows, caption, shared=False)


def _reach(named: Named) -> float:
    """The time up to which a distribution is shown."""
    _, high = named.delay.support
    return 1.25 * high if np.isfinite(high) else float(named.delay.quantile(HIGH))


def _panel(group: Sequence[Named], what: Function, styles: Mapping[int, int], until: float | None) -> Panel:
    end = until or max(map(_reach, group))
    unit = next((named.unit for named in group if named.unit), "") or scales.unit_for([end])
    series = []
    for named in group:
        times = _times(named.delay, end)
        values = np.asarray(what.value(named.delay, times), np.float64)
        good = np.isfinite(values)
        curve = tuple(map(float, values[good]))
        series.append(Series(named.label, tuple(map(float, times[good])), curve, curve, curve, styles[id(named)], spread="exact"))
    power, symbol = what.time, what.symbol
    name = scales.SPELT.get(unit, unit)
    x = Axis("Time", "t", name, scales.unit_size(unit), zero=True)
    y = Axis(what.title, symbol, f"{name}⁻¹" if power else "", scales.unit_size(unit) ** power if power else 1.0, zero=True)
    return Panel(x, y, tuple(series))


def _times(delay: Distribution, end: float) -> Any:
    """Times at which a curve is known: evenly, but as dense where the distribution has its support as anywhere."""
    low, high = delay.support
    first, last = max(0.0, low), min(end, high) if np.isfinite(high) else end
    inner = np.linspace(first, last, POINTS)
    edges = np.array([edge for edge in (low, high) if 0.0 < edge < end])
    return np.unique(np.concatenate([inner, [0.0, end], np.nextafter(edges, 0.0), edges, np.nextafter(edges, np.inf)]))
