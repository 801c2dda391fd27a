"""Which features of the language a net has, by name: to see that random nets reach all of them. No tests here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spn.expressions.tree import Constant, Expression, Now, Reduce, Tokens, Variable
from spn.expressions.types import Dot, Product, Record
from spn.expressions.walk import free_variables, walk
from spn.net.types import Bind, Immediate, InputArc, Net, OutputArc, Place, Transition

DISTRIBUTIONS = [
    "exponential",
    "deterministic",
    "uniform",
    "lognormal",
    "weibull",
    "gamma",
    "erlang",
    "normal",
    "triangular",
    "hyperexponential",
    "hypoexponential",
    "discrete",
    "empirical",
]
ARCS = ("input", "test", "inhibitor", "reset", "output")
PATTERNS = ("constant or expression", "variable", "wildcard", "variable met again", "whole record or product")
FEATURES = (
    *(f"delay {name}" for name in DISTRIBUTIONS),
    *(f"{kind} arc" for kind in ARCS),
    *(f"{kind} arc with a fan" for kind in ARCS),
    *(f"{kind} arc, multiplicity by marking or variable" for kind in ("input", "test", "inhibitor", "output")),
    "reset by marking",
    *(f"pattern: {name}" for name in PATTERNS),
    *(f"order {order}" for order in ("multiset", "fifo", "lifo", "random")),
    *(f"colour {kind}" for kind in ("plain", "simple", "product", "record")),
    "capacity",
    "array",
    "element by marking or variable",
    *(f"memory {memory}" for memory in ("enabling", "age", "resampling")),
    *(f"servers {servers}" for servers in ("several", "infinite", "by marking")),
    "delay by marking or variable",
    "immediate",
    "weight",
    "weight by marking or variable",
    "priority of timed transitions",
    "priorities of immediate transitions",
    "guard",
    "guard with a sum, all, any or count",
    "now",
    "module",
    "nested module",
    *(f"measure {kind}" for kind in ("Availability", "Average", "Integral", "Rate", "Count", "Tally", "FirstPassage")),
    *(f"window {kind}" for kind in ("Steady", "At", "Over", "Until")),
)


def varies(expression: Expression) -> bool:
    """Whether it depends on the marking, the time or a variable that is bound."""
    return any(isinstance(node, Tokens | Now) for node in walk(expression))


def features(net: Net, fired: Iterable[int]) -> set[str]:
    """The features of those classes that have fired, of their places, and of the measures."""
    classes = [transition for transition, number in zip(net.transitions, fired, strict=True) if number]
    places = {place.name: place for place in net.places}
    found = {feature for transition in classes for feature in _of_transition(transition, places)}
    found |= {f"measure {type(measure.quantity).__name__}" for measure in net.measures} | {f"window {type(m.window).__name__}" for m in net.measures}
    unknown = found - set(FEATURES)
    assert not unknown, unknown
    return found


def _of_place(place: Place) -> Iterator[str]:
    colour = place.colour
    name = {Dot: "plain", Product: "product", Record: "record"}.get(type(colour), "simple")
    yield f"colour {name}"
    if name != "plain":
        yield f"order {place.order}"
    if place.capacity is not None:
        yield "capacity"
    if place.size > 1:
        yield "array"


def _of_transition(transition: Transition, places: dict[str, Place]) -> Iterator[str]:
    bound = {variable.name for variable in transition.variables}

    def changing(expression: Expression) -> bool:
        return varies(expression) or bool(free_variables(expression) & bound)

    if "__" in transition.name:
        yield "nested module" if transition.name.startswith("deep__") else "module"
    lists = (transition.inputs, transition.tests, transition.inhibitors, transition.resets, transition.outputs)
    for kind, arcs in zip(ARCS, lists, strict=True):
        for arc in arcs:  # type: ignore[attr-defined]
            yield from _of_arc(kind, arc, changing)
            yield from _of_place(places[arc.place])
    for arc in (*transition.inputs, *transition.tests):
        if any(isinstance(entry, Variable) and entry.name in bound for entry in arc.pattern):
            yield "pattern: variable met again"
    if transition.guard is not None:
        yield "guard"
        if any(isinstance(node, Reduce) for node in walk(transition.guard)):
            yield "guard with a sum, all, any or count"
    timing = transition.timing
    if isinstance(timing, Immediate):
        yield "immediate"
        if timing.priority != 1:
            yield "priorities of immediate transitions"
        if not (isinstance(timing.weight, Constant) and timing.weight.value == 1):
            yield "weight"
        if changing(timing.weight):
            yield "weight by marking or variable"
        return
    yield f"delay {timing.delay.name}"
    yield f"memory {timing.memory}"
    if changing(timing.delay):
        yield "delay by marking or variable"
    if timing.priority:
        yield "priority of timed transitions"
    if timing.servers is None:
        yield "servers infinite"
    elif changing(timing.servers):
        yield "servers by marking"
    elif not (isinstance(timing.servers, Constant) and timing.servers.value == 1):
        yield "servers several"
    if any(isinstance(node, Now) for e in (timing.delay, transition.guard) if e is not None for node in walk(e)):
        yield "now"


def _of_arc(kind: str, arc: InputArc | OutputArc, changing) -> Iterator[str]:
    yield f"{kind} arc"
    if arc.loop is not None:
        yield f"{kind} arc with a fan"
    if changing(arc.element):
        yield "element by marking or variable"
    if changing(arc.multiplicity):
        yield "reset by marking" if kind == "reset" else f"{kind} arc, multiplicity by marking or variable"
    if isinstance(arc, InputArc):
        for entry in arc.pattern:
            name = "variable" if isinstance(entry, Bind) else "wildcard" if entry is None else "constant or expression"
            yield f"pattern: {name}"
            if isinstance(entry, Bind) and arc.whole:
                yield "pattern: whole record or product"
