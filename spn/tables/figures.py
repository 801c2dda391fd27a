"""Results as figures: the options of `spn.plot`, and what they choose. What a plot shows is made in `series` and `convergence`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from spn.plots.types import Plot
from spn.tables.choice import Choice
from spn.tables.convergence import convergence
from spn.tables.results import Results
from spn.tables.series import plot_of

if TYPE_CHECKING:
    from spn.plots.picture import Picture


class Look(TypedDict, total=False):
    """How a figure looks: `width` (a name or millimetres), `height` (millimetres), without colours (`grey`), without the note (`bare`)."""

    width: str | float
    height: float | None
    grey: bool
    bare: bool


class Options(Look, total=False):
    """What is plotted; `spn.plot` says what each option means."""

    measure: str | None
    quantity: str | None
    ratio: str | None
    convergence: bool
    x: str | None
    by: str | Sequence[str]
    panels: str | Sequence[str]
    only: Mapping[str, Any] | None
    log: str | None


def plot(results: Results, **options: Unpack[Options]) -> Picture:
    """The figure of results. Raises `NotPlottable`."""
    look: Look = {name: options[name] for name in Look.__annotations__ if name in options}  # type: ignore[literal-required,assignment]
    rest: dict[str, Any] = {name: value for name, value in options.items() if name not in look}
    course = rest.pop("convergence", False)
    for name in ("by", "panels"):
        rest[name] = _several(rest.get(name) or ())
    rest["only"] = tuple((name, _text(value)) for name, values in (rest.get("only") or {}).items() for value in _several(values))
    choice = Choice(**rest)
    return drawn(convergence(results, choice) if course else plot_of(results, choice), **look)


def drawn(plot: Plot, *, width: str | float = "column", height: float | None = None, grey: bool = False, bare: bool = False) -> Picture:
    """The figure of a plot; `bare` without the note below it, which says what bars and signs mean."""
    from spn.plots.render import figure

    return figure(replace(plot, note="") if bare else plot, width=width, height=height, grey=grey)


def _several(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, list | tuple | set) else (values,)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
