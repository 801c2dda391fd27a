"""A plot of elasticities: one point with its interval for each parameter, the greatest first, beside the line of no influence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from spn.plots.types import Axis, Line, NotPlottable, Panel, Plot, Series

Row = tuple[str, float, float, float, bool]
"""The name of a parameter, its elasticity with the low and the high end, and whether it is doubtful."""


def elasticities_plot(rows: Sequence[Row], quantity: str, model: str, confidence: float) -> Plot:
    """What the figure shows. Raises `NotPlottable`, if nothing is known."""
    known = [row for row in rows if all(map(math.isfinite, row[1:4]))]
    if not known:
        raise NotPlottable("no elasticity is known: there is nothing to plot")
    names, estimates, lows, highs, doubtful = zip(*known, strict=True)
    series = Series(quantity, tuple(float(k) for k in range(len(known))), estimates, lows, highs, doubtful=doubtful)
    x = Axis("Parameter", categories=names)
    y = Axis(f"Elasticity d ln {quantity} / d ln p")
    caption = f"Elasticities of {quantity} of {model}, with intervals of {100 * confidence:g} % confidence."
    return Plot(((Panel(x, y, (series,), lines=(Line(0.0),)),),), caption)
