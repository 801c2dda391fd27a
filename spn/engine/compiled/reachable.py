"""Which classes can ever be enabled, as far as the colours of tokens that arcs put and take tell. Of the others no source is written."""

from __future__ import annotations

import numpy as np

from spn.engine.reference.dependencies import values_of
from spn.engine.reference.prepared import PreparedNet
from spn.expressions.tree import Constant, Expression, IfElse, Value
from spn.net.types import Bind, InputArc, Transition

Colours = set[Value | None]
"""Values that tokens of a place can have; None: any."""


def reachable(prepared: PreparedNet) -> list[bool]:
    """For each class whether it may be enabled in some marking.

    A least fixed point over place classes and colours: a class whose first input arc finds no token of its colour anywhere is never enabled, and
    puts no tokens. How many tokens there are is not looked at, so that sizes and parameters do not matter.
    """
    net = prepared.net
    present: dict[str, Colours] = {place.name: set() for place in net.places}
    for place in net.places:
        for tokens in place.initial:
            present[place.name] |= {None} if tokens.value is None else _values(tokens.value)
    alive = [False] * len(net.transitions)
    grown = True
    while grown:
        grown = False
        for number, transition in enumerate(net.transitions):
            if not alive[number] and _can_be_enabled(prepared, transition, present):
                alive[number] = grown = True
                for output in transition.outputs:
                    present[output.place] |= {None} if output.token is None else _values(output.token)
    return alive


def _values(token: Expression) -> Colours:
    match token:
        case Constant(value=value):
            return {value}
        case IfElse(then=then, otherwise=otherwise):
            return _values(then) | _values(otherwise)
        case _:
            return {None}


def _can_be_enabled(prepared: PreparedNet, transition: Transition, present: dict[str, Colours]) -> bool:
    """Only the first input arc tells: what is evaluated after it, and may be an error, is not if it finds too few tokens."""
    if not transition.inputs:
        return True
    arc = transition.inputs[0]
    if not _surely_evaluated(prepared, transition, arc):
        return True
    found = present[arc.place]
    pattern = arc.pattern[0] if arc.whole and len(arc.pattern) == 1 else None
    if isinstance(pattern, Constant) and None not in found:
        return pattern.value in found
    return bool(found)


def _surely_evaluated(prepared: PreparedNet, transition: Transition, arc: InputArc) -> bool:
    """Whether looking for the arc's tokens cannot be an error, and it needs at least one."""
    if arc.loop is not None or not isinstance(arc.multiplicity, Constant) or not arc.multiplicity.value >= 1:  # type: ignore[operator]
        return False
    if not all(entry is None or isinstance(entry, Bind | Constant) for entry in arc.pattern):
        return False
    elements = values_of(arc.element, {transition.index: np.arange(transition.size)}, prepared.net.tables)
    size = prepared.places[prepared.place_number[arc.place]].size
    return elements is not None and bool(((elements >= 0) & (elements < size)).all())
