"""From a `Plot` to a matplotlib figure: panels, their axes, and what is in them. Labels of series are placed by `labels`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np
from matplotlib.ticker import FixedLocator, Formatter, MaxNLocator, NullFormatter, NullLocator

from spn.plots import labels, scales
from spn.plots.picture import Picture, settings
from spn.plots.style import MILLIMETRE, SIZE, SMALL, SOFT, TINY, WIDTHS, Look, look, plain
from spn.plots.types import MOST_PANELS, MOST_SERIES, Axis, Level, Line, NotPlottable, Panel, Plot, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CROWDED = 16
"""Points of a series from which on it is a curve with a band, instead of points with bars."""
FEW_TICKS = 8
NOTE_LINE = 2.9
TITLE_LINE = 4.0
DIGIT = 1.25
"""Millimetres: the height of a line of the note, that of an axis's title, and the width of a digit at a tick."""


def figure(plot: Plot, *, width: str | float = "column", height: float | None = None, grey: bool = False) -> Picture:
    """The figure of a plot; sizes in millimetres, or the name of a width. Raises `NotPlottable` for what nobody could read."""
    _check(plot)
    wide = WIDTHS[width] if isinstance(width, str) else width
    with settings():
        made = _Painter(plot, wide, height, grey).paint()
    made.caption, made.about = plot.caption, plot.about
    return made


def _check(plot: Plot) -> None:
    panels = plot.panels
    if not panels:
        raise NotPlottable("there is nothing to plot")
    if len(panels) > MOST_PANELS:
        raise NotPlottable(f"this would be {len(panels)} panels, and nobody can compare more than {MOST_PANELS}; choose some of them")
    most = max(len({part.label for part in panel.parts}) for panel in panels)
    if most > MOST_SERIES:
        raise NotPlottable(f"this would be {most} series in one panel, and nobody can tell more than {MOST_SERIES} apart; choose some of them")


@final
@dataclass(frozen=True, slots=True)
class Shown:
    """An axis as it is drawn: numbers divided by `factor`, between `low` and `high`."""

    axis: Axis
    factor: float
    power: int
    low: float
    high: float

    def __call__(self, values: Iterable[float]) -> Any:
        return np.array([value / self.factor for value in values], np.float64)

    @property
    def title(self) -> str:
        parts = [plain(self.axis.title)]
        if self.axis.symbol:
            parts.append(self.axis.symbol)
        unit = " ".join(filter(None, [scales.power_text(10.0**self.power) if self.power else "", self.axis.unit]))
        return " ".join(parts) + (f" ({unit})" if unit else "")


def gid(kind: str, label: str) -> str:
    """The name of a part in an SVG file."""
    return "-".join([kind, *re.findall(r"[A-Za-z0-9.]+", label)])


def shown(axis: Axis, numbers: Sequence[float], *, margin: float = 0.04, certain: Sequence[float] = ()) -> Shown:
    """How an axis with these numbers on it is drawn. It reaches all `certain` numbers, of others only what is not absurd."""
    if axis.categories:
        return Shown(axis, 1.0, 0, -0.6, len(axis.categories) - 0.4)
    finite = [value for value in numbers if math.isfinite(value) and (value > 0.0 or not axis.log)]
    sure = [value for value in certain if math.isfinite(value) and (value > 0.0 or not axis.log)] or finite
    if not finite:
        return Shown(axis, axis.factor, 0, 0.1 if axis.log else 0.0, 1.0)
    power = scales.exponent([value / axis.factor for value in sure], axis.log)
    factor = axis.factor * 10.0**power
    if axis.log:
        low, high = max(min(finite), min(sure) / 20.0) / factor, min(max(finite), max(sure) * 20.0) / factor
        room = max(math.log(high / low), 0.1) * margin
        return Shown(axis, factor, power, low * math.exp(-room), high * math.exp(room))
    span = max(sure) - min(sure) or abs(max(sure)) or 1.0
    low, high = max(min(finite), min(sure) - 2 * span) / factor, min(max(finite), max(sure) + 2 * span) / factor
    room = (high - low or abs(high) or 1.0) * margin
    at_zero = axis.zero and low >= 0.0
    return Shown(axis, factor, power, 0.0 if at_zero else low - room, high + room)


@final
class _Painter:
    def __init__(self, plot: Plot, width: float, height: float | None, grey: bool) -> None:
        self.plot, self.grey = plot, grey
        self.forest = any(panel.x.categories for panel in plot.panels)
        self.across = max(len(row) for row in plot.rows)
        self.notes = labels.wrapped(plot.note, width)
        each = width / self.across
        one = height / len(plot.rows) if height else self._height(each)
        self.size = (each, one)
        legend = labels.legend_height(plot, width, self.forest) if not height else 0.0
        size = (width * MILLIMETRE, (one * len(plot.rows) + NOTE_LINE * len(self.notes) + legend) * MILLIMETRE)
        self.figure = Picture(figsize=size)
        common = TITLE_LINE if plot.shared and len(plot.panels) > 1 else 0.0
        size = (size[0], size[1] + (common * MILLIMETRE if not height else 0.0))
        self.figure.set_size_inches(*size)
        self.line = TITLE_LINE * MILLIMETRE / size[1]
        self.below = below = (NOTE_LINE * len(self.notes) + common) * MILLIMETRE / size[1]
        self.aside = aside = common * MILLIMETRE / size[0] if not self.forest else 0.0
        self.figure.set_layout_engine("constrained", rect=(aside, below, 1.0 - aside, 1.0 - below), w_pad=0.02, h_pad=0.02, wspace=0.03, hspace=0.03)

    def _height(self, width: float) -> float:
        """Of a panel, in millimetres."""
        if self.forest:
            most = max(len(panel.x.categories) * max(1, len(panel.series)) for panel in self.plot.panels)
            return 14.0 + 4.2 * max(2, most)
        return max(38.0, min(0.7 * width, 90.0)) if self.across == 1 else max(36.0, min(0.85 * width, 70.0))

    def paint(self) -> Picture:
        plot = self.plot
        share: Literal["all"] | bool = "all" if plot.shared else False
        grid = self.figure.subplots(len(plot.rows), self.across, squeeze=False, sharex=share, sharey=share)
        together = list(plot.panels) if plot.shared else None
        scale = None
        for r, row in enumerate(plot.rows):
            for c in range(self.across):
                if c < len(row):
                    below = r == len(plot.rows) - 1 or c >= len(plot.rows[r + 1])
                    scale = self._panel(grid[r][c], row[c], together or [row[c]], below, c == 0)
                else:
                    grid[r][c].remove()
        self.figure.align_labels()
        self._note()
        assert scale is not None
        labels.place(self.figure, plot, grid[0][0], scale.factor, self.grey, self.forest)
        return self.figure

    def _note(self) -> None:
        height = self.figure.get_figheight() / MILLIMETRE
        for k, line in enumerate(reversed(self.notes)):
            self.figure.text(0.01, (0.8 + NOTE_LINE * k) / height, plain(line), size=TINY, color=SOFT, ha="left", va="bottom")

    def _panel(self, axes: Axes, panel: Panel, together: Sequence[Panel], below: bool, left: bool) -> Shown:
        x, y = self._scales(together)
        horizontal, vertical = (y, x) if self.forest else (x, y)
        axes.set_xscale("log" if horizontal.axis.log else "linear")
        axes.set_yscale("log" if vertical.axis.log else "linear")
        _set_ticks(axes.xaxis, horizontal, self.size[0] - (14.0 if left or not self.plot.shared else 4.0))
        _set_ticks(axes.yaxis, vertical, self.size[1] - (12.0 if below or not self.plot.shared else 6.0))
        axes.set_xlim(horizontal.low, horizontal.high)
        axes.set_ylim(vertical.low, vertical.high)
        if self.forest:
            axes.invert_yaxis()
            axes.spines["left"].set_visible(False)
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="y", linewidth=0.3, color="#d5d5d5")
        self._titles(axes, horizontal, vertical)
        axes.tick_params(labelbottom=below or not self.plot.shared, labelleft=left or not self.plot.shared)
        if panel.title:
            axes.set_title(plain(panel.title), loc="left", size=SMALL, pad=3.0)
        for line in panel.lines:
            self._line(axes, line, x, y)
        for level in panel.levels:
            self._level(axes, level, y)
        beside = _beside(panel.series)
        for k, series in enumerate(panel.series):
            if self.forest:
                self._row(axes, series, [beside[at].index(k) - (len(beside[at]) - 1) / 2 for at in series.x], max(map(len, beside.values())), y)
            else:
                self._series(axes, series, x, y, len(panel.series) > MOST_SERIES)
        return y

    def _titles(self, axes: Axes, horizontal: Shown, vertical: Shown) -> None:
        """The titles of axes; panels that share their axes have them in common."""
        whole = self.plot.shared and len(self.plot.panels) > 1
        if not horizontal.axis.categories:
            if whole:
                self._common(horizontal.title, 0.5 * (1.0 + self.aside), self.below - 0.2 * self.line, 0.0)
            else:
                axes.set_xlabel(horizontal.title)
        if not vertical.axis.categories:
            if whole:
                self._common(vertical.title, self.aside, 0.5 * (1.0 + self.below), 90.0)
            else:
                axes.set_ylabel(vertical.title)

    def _common(self, title: str, x: float, y: float, rotation: float) -> None:
        """A title that all panels have in common, ending at a place in the figure."""
        if not any(text.get_text() == title for text in self.figure.texts):
            ha, va = ("center", "top") if not rotation else ("right", "center")
            self.figure.text(x, y, title, size=SIZE, rotation=rotation, ha=ha, va=va)

    def _scales(self, panels: Sequence[Panel]) -> tuple[Shown, Shown]:
        """The axes of panels that share them."""
        series = [part for panel in panels for part in panel.series]
        flat: list[Series | Level] = [*series, *(level for panel in panels for level in panel.levels)]
        xs = [value for part in series for value in (*part.x, *part.missing)] + [tick for panel in panels for tick in panel.x.ticks]
        lines = [line.value for panel in panels for line in panel.lines if not line.slope]
        ends = [value for part in flat for value in _numbers(part, ends=True)] + lines
        estimates = [value for part in flat for value in _numbers(part, ends=False)] + lines
        x, y = panels[0].x, panels[0].y
        return shown(x, xs, margin=0.04 if not x.zero else 0.02), shown(y, ends, margin=0.06, certain=estimates)

    def _line(self, axes: Axes, line: Line, x: Shown, y: Shown) -> None:
        style: dict[str, Any] = {"color": SOFT, "linewidth": 0.6, "linestyle": (0, (4, 2)), "zorder": 1.5, "gid": "reference"}
        value = line.value / y.factor
        if line.slope:
            ends = np.array([x.low, x.high])
            axes.plot(ends, value * (ends / (line.at / x.factor)) ** line.slope, scalex=False, scaley=False, **style)
        elif self.forest:
            axes.axvline(value, **style)
        else:
            axes.axhline(value, **style)
        if line.label and not line.slope and not self.forest:
            above = _share(y, value) < 0.85
            axes.annotate(
                plain(line.label),
                (0.0, value),
                xycoords=("axes fraction", "data"),
                xytext=(2.0, 1.5 if above else -1.5),
                textcoords="offset points",
                va="bottom" if above else "top",
                size=TINY,
                color=SOFT,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.4},
                zorder=3.8,
            )

    def _look(self, part: Series | Level) -> Look:
        return look(part.style, part.shade, self.grey)

    def _level(self, axes: Axes, level: Level, y: Shown) -> None:
        seen = self._look(level)
        low, high = (_within(value, y) for value in (level.low / y.factor, level.high / y.factor))
        draw, span = (axes.axvline, axes.axvspan) if self.forest else (axes.axhline, axes.axhspan)
        span(low, high, color=seen.colour, alpha=0.16, linewidth=0, zorder=1.6)
        draw(level.estimate / y.factor, color=seen.colour, linestyle=seen.dashes, linewidth=0.9, zorder=2.2, gid=gid("level", level.label))

    def _series(self, axes: Axes, series: Series, x: Shown, y: Shown, many: bool) -> None:
        seen = self._look(series)
        xs, estimate, low, high = x(series.x), y(series.estimate), y(series.low), y(series.high)
        name = gid("series", series.label)
        crowded = len(xs) > CROWDED
        weight = 0.5 if many else 1.1 if crowded else 0.8
        axes.plot(xs, estimate, color=seen.colour, linestyle="-" if many else seen.dashes, linewidth=weight, zorder=2.5, gid=name)
        if series.spread != "exact":
            low, high = (np.array([_within(value, y) for value in ends]) for ends in (low, high))
            if crowded:
                axes.fill_between(xs, low, high, color=seen.colour, alpha=0.18, linewidth=0, zorder=1.8, gid=gid("band", series.label))
            else:
                self._bars(axes, xs, estimate, low, high, seen, vertical=True)
        doubtful = np.array(series.doubtful or (False,) * len(xs), np.bool_)
        self._markers(axes, xs[~doubtful], estimate[~doubtful], seen, hollow=False, small=crowded or series.spread == "exact")
        self._markers(axes, xs[doubtful], estimate[doubtful], seen, hollow=True)
        if series.missing:
            missing = x(series.missing)
            axes.plot(
                missing,
                np.zeros(len(missing)),
                transform=axes.get_xaxis_transform(),
                linestyle="none",
                marker="x",
                markersize=4,
                markeredgewidth=0.9,
                color=seen.colour,
                clip_on=False,
                zorder=4,
                gid=gid("missing", series.label),
            )

    def _markers(self, axes: Axes, xs: Any, ys: Any, seen: Look, *, hollow: bool, small: bool = False) -> None:
        if len(xs) and (hollow or not small):
            face = "white" if hollow else seen.colour
            axes.plot(
                xs,
                ys,
                linestyle="none",
                marker=seen.marker,
                markerfacecolor=face,
                markeredgecolor=seen.colour,
                markeredgewidth=0.8,
                zorder=3.5,
                clip_on=False,
                gid="doubtful" if hollow else "points",
            )

    def _bars(self, axes: Axes, at: Any, estimate: Any, low: Any, high: Any, seen: Look, *, vertical: bool) -> None:
        known = np.isfinite(low) & np.isfinite(high)
        lines = axes.vlines if vertical else axes.hlines
        lines(at[known], low[known], high[known], color=seen.colour, linewidth=0.8, zorder=3.0)
        for ends in (low, high):
            marker = "_" if vertical else "|"
            places = (at[known], ends[known]) if vertical else (ends[known], at[known])
            axes.plot(*places, linestyle="none", marker=marker, markersize=4.0, markeredgewidth=0.8, color=seen.colour, zorder=3.0, gid="ends")

    def _row(self, axes: Axes, series: Series, steps: Sequence[float], most: int, y: Shown) -> None:
        """A series whose positions are categories: one below the other, with bars from left to right; `steps` aside, to keep apart from others."""
        seen = self._look(series)
        places = np.array(series.x) + np.array(steps) * min(0.24, 0.76 / most)
        estimate, low, high = y(series.estimate), y(series.low), y(series.high)
        low, high = (np.array([_within(value, y) for value in ends]) for ends in (low, high))
        self._bars(axes, places, estimate, low, high, seen, vertical=False)
        doubtful = np.array(series.doubtful or (False,) * len(places), np.bool_)
        self._markers(axes, estimate[~doubtful], places[~doubtful], seen, hollow=False)
        self._markers(axes, estimate[doubtful], places[doubtful], seen, hollow=True)
        if series.missing:
            missing = np.array(series.missing)
            axes.plot(
                np.zeros(len(missing)),
                missing,
                transform=axes.get_yaxis_transform(),
                linestyle="none",
                marker="x",
                markersize=4,
                color=seen.colour,
                clip_on=False,
                gid=gid("missing", series.label),
            )


def _beside(series: Sequence[Series]) -> dict[float, list[int]]:
    """At each position the numbers of the series that have something there."""
    found: dict[float, list[int]] = {}
    for k, part in enumerate(series):
        for at in (*part.x, *part.missing):
            found.setdefault(at, []).append(k)
    return found


def _numbers(part: Series | Level, *, ends: bool) -> Iterable[float]:
    if isinstance(part, Level):
        return (part.low, part.estimate, part.high) if ends else (part.estimate,)
    return (*part.low, *part.estimate, *part.high) if ends and part.spread != "exact" else part.estimate


def _within(value: float, scale: Shown) -> float:
    """An end of an interval, or, if it is beyond the axis, where that ends."""
    return value if math.isnan(value) else min(max(value, scale.low), scale.high)


@final
class _Texts(Formatter):
    """Labels of ticks that are made for all of them together."""

    def __init__(self, texts: Callable[[Sequence[float]], list[str]]) -> None:
        self.texts = texts

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self.texts([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        return self.texts(values)


def _set_ticks(axis: Any, scale: Shown, room: float) -> None:
    """The ticks of an axis, which is about `room` millimetres long, and their labels."""
    if scale.axis.categories:
        axis.set_major_locator(FixedLocator(range(len(scale.axis.categories))))
        axis.set_major_formatter(_Texts(lambda ticks: [plain(scale.axis.categories[round(tick)]) for tick in ticks]))
        return
    ticks = sorted({tick / scale.factor for tick in scale.axis.ticks})
    if scale.axis.log:
        wide = scales.is_wide(scale.low, scale.high)
        own = not wide and _fit(scale, ticks, scales.short_texts(ticks), room)
        chosen = ticks if own else scales.log_ticks(scale.low, scale.high, max(2, min(8, int(room / 6))), wide)
        axis.set_major_locator(FixedLocator(chosen))
        axis.set_minor_locator(FixedLocator(_tenths(scale)) if wide else NullLocator())
        axis.set_major_formatter(_Texts(lambda ticks: [scales.power_text(tick) for tick in ticks] if wide else scales.short_texts(ticks)))
        axis.set_minor_formatter(NullFormatter())
        return
    own = _fit(scale, ticks, scales.tick_texts(ticks), room)
    axis.set_major_locator(FixedLocator(ticks) if own else MaxNLocator(max(3, min(5, int(room / 7))), steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(_Texts(scales.tick_texts))


def _fit(scale: Shown, ticks: Sequence[float], texts: Sequence[str], room: float) -> bool:
    """Whether there are only a few ticks, and their labels have room beside each other."""
    if not 0 < len(ticks) <= FEW_TICKS or max(map(len, texts)) > 6:
        return False
    places = [_share(scale, tick) * room for tick in ticks]
    widths = [DIGIT * len(text) for text in texts]
    return all(b - a > (u + v) / 2 + DIGIT for a, b, u, v in zip(places, places[1:], widths, widths[1:], strict=False))


def _share(scale: Shown, value: float) -> float:
    if scale.axis.log:
        return math.log(value / scale.low) / math.log(scale.high / scale.low)
    return (value - scale.low) / (scale.high - scale.low)


def _tenths(scale: Shown) -> list[float]:
    first, last = math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high))
    if last - first > 8:
        return []
    return [lead * 10.0**power for power in range(first, last + 1) for lead in range(2, 10) if scale.low <= lead * 10.0**power <= scale.high]
