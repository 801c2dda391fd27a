"""The names of series in a plot: at the ends of their curves where that is possible, else in a legend outside of the axes, where it hides nothing."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D

from spn.plots.style import MILLIMETRE, SMALL, SOFT, look, plain
from spn.plots.types import Level, Panel, Plot, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST = 18
"""Characters of a name that may stand at the end of a curve."""
MOST = 6
LETTER = 1.05
"""Millimetres that a letter takes, about."""


def wrapped(text: str, width: float) -> list[str]:
    """A note in lines of a plot of this width in millimetres."""
    return textwrap.wrap(text, max(20, int(width / 0.98))) if text else []


def place(figure: Figure, plot: Plot, axes: Axes, factor: float, grey: bool, forest: bool) -> None:
    """Name the series. `axes` are the first panel's, and `factor` what its numbers are divided by."""
    parts = _named(plot)
    if len(parts) < 2 and not plot.key:
        return
    if _may_end(plot, forest) and _at_the_ends(figure, axes, plot.panels[0], factor, grey, plot.key):
        return
    _legend(figure, plot, list(parts.values()), grey, forest)


def legend_height(plot: Plot, width: float, forest: bool) -> float:
    """The millimetres that a legend will take."""
    names = list(_named(plot))
    if (len(names) < 2 and not plot.key) or _may_end(plot, forest):
        return 0.0
    return 3.2 * (math.ceil(len(names) / _columns(names, width)) + bool(plot.key)) + 1.5


def _named(plot: Plot) -> dict[str, Series | Level]:
    """The first of the series of each name."""
    parts: dict[str, Series | Level] = {}
    for panel in plot.panels:
        for part in panel.parts:
            if part.label:
                parts.setdefault(part.label, part)
    return parts


def _may_end(plot: Plot, forest: bool) -> bool:
    """Whether names may stand at the ends of curves, if there is room in height."""
    panel = plot.panels[0]
    parts = panel.parts
    last = {part.x[-1] for part in panel.series if part.x}
    return len(plot.panels) == 1 and not forest and len(parts) <= MOST and len(last) == 1 and all(len(part.label) <= LONGEST for part in parts)


def _columns(names: Sequence[str], width: float) -> int:
    return max(1, min(len(names), int((width - 4.0) / (9.0 + LETTER * 1.25 * max(map(len, names))))))


def _at_the_ends(figure: Figure, axes: Axes, panel: Panel, factor: float, grey: bool, key: str) -> bool:
    """Put names beside the right ends of curves; False, if there is no room for that."""
    named = [(part, _end(part)) for part in panel.parts]
    if any(end is None for _, end in named):
        return False
    figure.draw_without_rendering()
    height = axes.get_window_extent().height
    to_axes = axes.transData + axes.transAxes.inverted()
    wanted = []
    for part, end in named:
        assert end is not None
        at = to_axes.transform((axes.get_xlim()[1], end / factor))[1]
        wanted.append((float(at), part))
    gap = 1.15 * SMALL * figure.dpi / 72.0 / height
    if any(not math.isfinite(at) for at, _ in wanted):
        return False
    wanted.sort(key=lambda pair: pair[0])
    placed = spaced([at for at, _ in wanted], gap)
    if any(abs(at - place) > 1.6 * gap for (at, _), place in zip(wanted, placed, strict=True)):
        return False
    for (_, part), at in zip(wanted, placed, strict=True):
        _beside(axes, at, part.label, dark(look(part.style, part.shade, grey).colour), "name")
    if key:
        _beside(axes, placed[-1] + 1.25 * gap, key, SOFT, "key")
    return True


def _beside(axes: Axes, at: float, text: str, colour: str, gid: str) -> None:
    axes.text(1.015, at, plain(text), transform=axes.transAxes, color=colour, size=SMALL, ha="left", va="center", gid=gid)


def _end(part: Series | Level) -> float | None:
    if isinstance(part, Level):
        return part.estimate
    return part.estimate[-1] if part.estimate else None


def spaced(wanted: Sequence[float], gap: float) -> list[float]:
    """Ascending places, each at least `gap` from the next, and as near as may be (least squares) to those wanted, which ascend, too."""
    groups: list[list[float]] = []  # sum of (wanted - offset), count
    for k, at in enumerate(wanted):
        groups.append([at - k * gap, 1.0])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, count = groups.pop()
            groups[-1][0] += total
            groups[-1][1] += count
    level = [total / count for total, count in groups for _ in range(int(count))]
    return [base + k * gap for k, base in enumerate(level)]


def dark(colour: str) -> str:
    """The colour for letters, which are thin."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    light = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    scale = min(1.0, 0.34 / light) if light > 0 else 1.0
    return "#" + "".join(f"{round(255 * part * scale):02x}" for part in parts)


def _legend(figure: Figure, plot: Plot, parts: Sequence[Series | Level], grey: bool, forest: bool) -> None:
    handles = [_handle(part, grey, forest) for part in parts]
    names = [plain(part.label) for part in parts]
    width = figure.get_figwidth() / MILLIMETRE
    figure.legend(
        handles,
        names,
        title=plain(plot.key) or None,
        loc="outside upper left",
        ncols=_columns(names, width),
        frameon=False,
        handlelength=2.4,
        columnspacing=1.4,
        handletextpad=0.6,
        borderpad=0.1,
        borderaxespad=0.2,
        labelspacing=0.25,
        alignment="left",
    )


def _handle(part: Series | Level, grey: bool, forest: bool) -> Any:
    seen = look(part.style, part.shade, grey)
    marker = "" if isinstance(part, Level) or part.spread == "exact" else seen.marker
    return Line2D([], [], color=seen.colour, linestyle="none" if forest and marker else seen.dashes, marker=marker, linewidth=0.9, markersize=3.6)
