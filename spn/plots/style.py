"""How plots look: sizes of journals' columns, fonts, thin lines, colours and markers that stay apart in grey and for the colour-blind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

MILLIMETRE = 1.0 / 25.4

WIDTHS: Mapping[str, float] = {"column": 88.0, "middle": 130.0, "page": 180.0}
"""Millimetres: one column, one and a half, and the whole type area of most journals with two columns."""

SIZE = 8.0
SMALL = 7.0
TINY = 6.0
"""Points."""

INK = "#1a1a1a"
SOFT = "#6e6e6e"

SETTINGS: Mapping[str, Any] = {
    # STIX comes with matplotlib, so that a plot is the same on every machine, and goes with the Times of most journals. DejaVu comes, too, with what
    # STIX lacks.
    "font.family": ["STIXGeneral", "DejaVu Sans"],
    "font.size": SIZE,
    "mathtext.fontset": "stix",
    "axes.titlesize": SMALL,
    "axes.labelsize": SIZE,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": True,
    "text.color": INK,
    "text.usetex": False,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.minor.width": 0.35,
    "ytick.minor.width": 0.35,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "xtick.major.pad": 2.5,
    "ytick.major.pad": 2.5,
    "legend.fontsize": SMALL,
    "legend.title_fontsize": SMALL,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.2,
    "lines.solid_capstyle": "round",
    "lines.dash_capstyle": "butt",
    "lines.scale_dashes": True,
    "figure.dpi": 200.0,
    "savefig.dpi": 400.0,
    "savefig.facecolor": "white",
    "figure.facecolor": "white",
    "path.simplify": True,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "spn",
}
"""Of matplotlib, in force while a plot is made and while it is written; nothing of it stays behind."""


def plain(text: str) -> str:
    """The text without what matplotlib would take for mathematics, and without control characters, which an SVG file cannot hold."""
    return printable(text).replace("$", r"\$")


def printable(text: str) -> str:
    """The text with spaces for control characters."""
    return "".join(character if character.isprintable() else " " for character in text)


@final
@dataclass(frozen=True, slots=True)
class Look:
    """A series: its colour, dashes and marker."""

    colour: str
    dashes: Any
    marker: str


# Apart in hue for every kind of colour vision, and in lightness on paper without colours: in CIE L* 28, 50, 73, 40, 62, 0, 33 (after the schemes
# "high-contrast" and "muted" of P. Tol, Colour schemes, SRON/EPS/TN/09-002, 2021).
_COLOURS = ("#004488", "#bb5566", "#ddaa33", "#117733", "#56a0d3", "#000000", "#882255", "#999933", "#332288", "#888888")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (6, 1.4, 1.2, 1.4)), (0, (3, 1)), (0, (6, 1.2, 1, 1.2, 1, 1.2)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")


def look(style: int, shade: float | None, grey: bool = False) -> Look:
    """How series number `style` looks. With a shade: from dark blue to light, as the quantity grows."""
    colour = _COLOURS[style % len(_COLOURS)] if shade is None else _shaded(shade)
    if grey:
        colour = _grey(style, shade)
    return Look(colour, _DASHES[style % len(_DASHES)], _MARKERS[style % len(_MARKERS)])


_RAMP = ((0.05, 0.16, 0.36), (0.13, 0.40, 0.60), (0.25, 0.62, 0.64), (0.64, 0.60, 0.18))
"""Dark to light, blue to ochre: lightness alone says the order."""


def _shaded(shade: float) -> str:
    place = min(max(shade, 0.0), 1.0) * (len(_RAMP) - 1)
    k = min(int(place), len(_RAMP) - 2)
    part = place - k
    return "#" + "".join(f"{round(255 * (a + (b - a) * part)):02x}" for a, b in zip(_RAMP[k], _RAMP[k + 1], strict=True))


def _grey(style: int, shade: float | None) -> str:
    level = 0.62 * shade if shade is not None else (0.0, 0.42, 0.62, 0.25, 0.55, 0.1, 0.5, 0.35, 0.68, 0.18)[style % 10]
    return f"#{round(255 * level):02x}" + f"{round(255 * level):02x}" * 2
