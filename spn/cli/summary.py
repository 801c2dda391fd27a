"""What is in a net, in a few lines: the text that ``spn check`` prints. Nothing here reads or simulates."""

from __future__ import annotations

import math
from collections.abc import Iterable

from spn.net.types import At, Availability, FirstPassage, Immediate, Measure, Net, Over, Steady


def describe(net: Net) -> str:
    """Name, description, sizes, parameters and measures, one to a line."""
    immediate = [t for t in net.transitions if isinstance(t.timing, Immediate)]
    timed = [t for t in net.transitions if not isinstance(t.timing, Immediate)]
    lines = [net.name if not net.description else f"{net.name}: {' '.join(net.description.split())}", ""]
    rows = [
        ("places", _sizes(place.size for place in net.places)),
        ("timed transitions", _sizes(transition.size for transition in timed)),
        ("immediate transitions", _sizes(transition.size for transition in immediate)),
    ]
    lines += aligned(rows)
    parameters = parameters_of(net)
    if parameters:
        lines += ["", "parameters", *aligned(parameters.items())]
    if net.measures:
        lines += ["", "measures", *aligned((measure.name, _measure(measure)) for measure in net.measures)]
    else:
        lines += ["", "no measures: there is nothing to simulate for"]
    return "\n".join(lines)


def parameters_of(net: Net) -> dict[str, str]:
    """The parameters of the model a net comes from, with the text of their values."""
    return {name: text for name, text in net.origin.items() if name not in {"model", "path", "file"}}


def _sizes(sizes: Iterable[int]) -> str:
    """``3`` or ``3 classes, 12 elements``: classes and how many places or transitions they stand for."""
    known = list(sizes)
    classes, elements = len(known), sum(known)
    if classes == elements:
        return str(classes)
    return f"{elements:,} in {classes} {'class' if classes == 1 else 'classes'}"


def aligned(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Names and texts in two columns."""
    known = list(rows)
    width = max(len(name) for name, _ in known)
    return [f"  {name:<{width}}  {text}" for name, text in known]


def _measure(measure: Measure) -> str:
    kind = kind_of(measure)
    match measure.window:
        case Steady():
            window = "from the start" if isinstance(measure.quantity, FirstPassage) else "in the long run"
        case At(time):
            window = f"at {time:.12g} s"
        case Over(start, stop):
            window = f"from {start:.12g} s to {stop:.12g} s"
        case _:
            window = "until a condition holds"
    precision = "" if measure.precision is None or math.isnan(measure.precision) else f", precision {measure.precision * 100:.3g} %"
    return f"{kind}, {window}{precision}" + (f" - {' '.join(measure.doc.split())}" if measure.doc else "")


def kind_of(measure: Measure) -> str:
    """``availability``, ``average``, ``first passage``: the kind of a measure in words."""
    if isinstance(measure.quantity, Availability):
        return "availability"
    if isinstance(measure.quantity, FirstPassage):
        return "first passage" if measure.quantity.within is None else f"probability of passage within {measure.quantity.within:.12g} s"
    return type(measure.quantity).__name__.lower()
