"""A net's unfolding, made without the engines' help: places and transitions of size 1 only, no index, no fan. No tests here.

An element that only a run knows becomes a choice: reads become ``p[0] if e == 0 else p[1] ...``, arcs become one for each element, all but one of
multiplicity 0. Classes and indices keep their order, so that the unfolded net makes the same draws, and its events are those of the folded net.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from spn.engine.reference.prepared import PreparedNet
from spn.engine.reference.state import State
from spn.expressions.tree import Binary, Constant, Expression, IfElse, Now, Tokens
from spn.expressions.types import BOOLEAN, INTEGER
from spn.expressions.walk import free_variables, substitute, transform, walk
from spn.net.rewrite import map_expressions
from spn.net.types import Firings, InputArc, Measure, Net, OutputArc, Place, Transition
from spn.observation import Outcome

ZERO = Constant(INTEGER, 0)


def integer(value: int) -> Constant:
    return Constant(INTEGER, value)


class Unfolding:
    """The unfolded net `unfolded` of a net; `places` and `transitions` give for each of its places and transitions the class and the index."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self.prepared = PreparedNet(net)
        self.size = {place.name: place.size for place in net.places}
        self.places = [(number, element) for number, place in enumerate(net.places) for element in range(place.size)]
        self.transitions = [(number, index) for number, transition in enumerate(net.transitions) for index in range(transition.size)]
        self.unfolded = replace(
            net,
            places=tuple(self._place(net.places[number], element) for number, element in self.places),
            transitions=tuple(self._transition(net.transitions[number], index) for number, index in self.transitions),
            measures=tuple(self._measure(measure) for measure in net.measures),
        )

    def value(self, expression: Expression) -> Any:
        """The value of an expression that nothing changes."""
        return self.prepared.function(expression)(State(self.prepared, {}))

    def folded(self, outcome: Outcome | str) -> Outcome | str:
        """An outcome of the unfolded net with the tokens and firings of the classes."""
        if isinstance(outcome, str):
            return outcome
        tokens = np.full((len(outcome.tokens), len(self.net.places)), 0, np.int64)
        fired = np.zeros(len(self.net.transitions), np.int64)
        for number, (place, _) in enumerate(self.places):
            tokens[:, place] += outcome.tokens[:, number]
        for number, (transition, _) in enumerate(self.transitions):
            fired[transition] += outcome.fired[number]
        reached = outcome.tokens.min(axis=1, initial=0) >= 0
        return replace(outcome, tokens=np.where(reached[:, None], tokens, -1), fired=fired)

    # Expressions.

    def reads(self, expression: Expression) -> Expression:
        """The expression with every read of a place being one of places of size 1."""
        return transform(expression, lambda node: self._read(node) if isinstance(node, Tokens) else node)

    def _read(self, node: Tokens) -> Expression:
        size = self.size[node.place]
        each = [replace(node, place=f"{node.place}[{k}]", element=ZERO) for k in range(size)]
        if node.element is None:
            total: Expression = each[0] if each else ZERO
            for part in each[1:]:
                total = Binary(INTEGER, "+", total, part)
            return total
        if is_static(node.element) and 0 <= self.value(node.element) < size:
            return each[self.value(node.element)]
        # An element that does not exist stays an error.
        found: Expression = replace(each[-1], element=Binary(INTEGER, "-", node.element, integer(size - 1)))
        for k in range(size - 2, -1, -1):
            found = IfElse(INTEGER, Binary(BOOLEAN, "==", node.element, integer(k)), each[k], found)
        return found

    def at(self, item: Any, variable: str, value: Constant) -> Any:
        """A part of a net with a variable's value put in."""
        return map_expressions(item, lambda expression: substitute(expression, {variable: value}))

    # Places and transitions.

    def _place(self, place: Place, element: int) -> Place:
        one = self.at(replace(place, name=f"{place.name}[{element}]", size=1, labels=()), place.index, integer(element))
        return replace(one, index="no index")

    def _transition(self, transition: Transition, index: int) -> Transition:
        one: Transition = self.at(replace(transition, name=f"{transition.name}[{index}]", size=1, labels=()), transition.index, integer(index))
        groups = {
            name: tuple(arc for given in getattr(one, name) for each in self._fan(given) for arc in self._arcs(each))
            for name in ("inputs", "tests", "inhibitors", "resets", "outputs")
        }
        rest = map_expressions(replace(one, **dict.fromkeys(groups, ()), index="no index"), self.reads)
        return replace(rest, **groups)

    def _fan(self, arc: InputArc | OutputArc) -> Iterator[InputArc | OutputArc]:
        """The arcs of a fan."""
        if arc.loop is None:
            yield arc
            return
        for value in range(self.value(arc.loop.start), self.value(arc.loop.stop) + 1):
            yield self.at(replace(arc, loop=None), arc.loop.variable, Constant(arc.loop.type, value))

    def _arcs(self, arc: InputArc | OutputArc) -> Iterator[InputArc | OutputArc]:
        """The arcs to the elements that an arc may have."""
        size, element = self.size[arc.place], arc.element
        arc = map_expressions(arc, self.reads)
        if is_static(element) and 0 <= self.value(element) < size:
            yield replace(arc, place=f"{arc.place}[{self.value(element)}]", element=ZERO)
            return
        element = arc.element
        for k in range(size - 1):
            here = IfElse(INTEGER, Binary(BOOLEAN, "==", element, integer(k)), arc.multiplicity, ZERO)
            yield replace(arc, place=f"{arc.place}[{k}]", element=ZERO, multiplicity=here)
        before = Binary(BOOLEAN, "and", Binary(BOOLEAN, ">=", element, ZERO), Binary(BOOLEAN, "<", element, integer(size - 1)))
        last = Binary(INTEGER, "-", element, integer(size - 1))
        yield replace(
            arc,
            place=f"{arc.place}[{size - 1}]",
            element=IfElse(INTEGER, before, ZERO, last),
            multiplicity=IfElse(INTEGER, before, ZERO, arc.multiplicity),
        )

    # Measures.

    def _measure(self, measure: Measure) -> Measure:
        quantity = measure.quantity
        if hasattr(quantity, "firings"):
            firings = tuple(each for given in quantity.firings for each in self._firings(given))
            window = map_expressions(replace(measure, quantity=replace(quantity, firings=())), self.reads).window
            return replace(measure, quantity=replace(quantity, firings=firings), window=window)
        return map_expressions(measure, self.reads)

    def _firings(self, given: Firings) -> Iterator[Firings]:
        transition = next(t for t in self.net.transitions if t.name == given.transition)
        for index in range(transition.size):
            one: Firings = self.at(replace(given, transition=f"{given.transition}[{index}]"), transition.index, integer(index))
            if one.where is None or self.value(one.where):
                yield replace(one, where=None, value=None if one.value is None else self.reads(one.value))


def is_static(expression: Expression) -> bool:
    """Whether an expression has a value that nothing changes."""
    return not free_variables(expression) and not any(isinstance(node, Tokens | Now) for node in walk(expression))
