"""A whole net made ready: its classes compiled, its sites, names and initial tokens. What is the same in every run; no run's state lives here."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spn.engine.reference.classes import BIND, EQUAL, FREE, Arc, Check, Fan, Site, TransitionClass, is_static
from spn.engine.reference.controls import Control, controls_of
from spn.engine.reference.dependencies import Dependencies
from spn.engine.reference.state import Function, State
from spn.expressions.closures import compile_expression
from spn.expressions.errors import EvaluationError
from spn.expressions.tree import Constant, Expression, Value
from spn.expressions.types import Dot
from spn.net.labels import label_of
from spn.net.types import (
    Availability,
    Average,
    Bind,
    FirstPassage,
    InputArc,
    Integral,
    Loop,
    Measure,
    Net,
    OutputArc,
    Place,
    Transition,
    Until,
)
from spn.observation import RunError


def watched(measure: Measure) -> tuple[Expression, ...]:
    """A measure's expressions that change with the marking: what it takes over time, then what its window waits for."""
    quantity, window = measure.quantity, measure.window
    own: tuple[Expression, ...] = ()
    if isinstance(quantity, Availability | FirstPassage):
        own = (quantity.condition,)
    elif isinstance(quantity, Average | Integral):
        own = (quantity.expression,)
    return (*own, window.condition) if isinstance(window, Until) else own


class PreparedNet:
    """All of a net that is the same in every run: compiled classes, sites made when first used, names, sizes."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self.places: tuple[Place, ...] = net.places
        self.place_number = {place.name: number for number, place in enumerate(net.places)}
        self.valued = tuple(not isinstance(place.colour, Dot) for place in net.places)
        self.tables = {name: values.tolist() for name, values in net.tables.items()}
        self.classes: list[TransitionClass] = []
        self._sites: dict[int, Site] = {}
        first = 0
        for number, transition in enumerate(net.transitions):
            self.classes.append(TransitionClass(self, transition, number, first))
            first += transition.size
        self.size = first
        self.class_number = {transition.name: number for number, transition in enumerate(net.transitions)}
        self._starts = [kind.first for kind in self.classes]
        self._initial: dict[int, list[tuple[int, int, Value | None]]] = {}
        self._capacities = [None if place.capacity is None else self.function(place.capacity) for place in net.places]

    @cached_property
    def controls(self) -> tuple[Control, ...]:
        """The control variates that draws of this net give."""
        return controls_of(self)

    def usable(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums over delays, in the last dimension; 0 instead of those that are no control variates."""
        of_use = np.repeat([control.usable for control in self.controls], 2)
        return sums if of_use.all() else np.where(of_use, sums, 0.0)

    def function(self, expression: Expression) -> Function:
        """An expression as a function of the state."""
        return compile_expression(expression)

    def kind_of(self, code: int) -> TransitionClass:
        """The class to which a code belongs."""
        return self.classes[bisect_right(self._starts, code) - 1]

    def site(self, code: int) -> Site:
        """The site of a code."""
        site = self._sites.get(code)
        if site is None:
            kind = self.kind_of(code)
            site = self._sites[code] = Site(kind, code - kind.first)
        return site

    def transition_label(self, number: int, index: int) -> str:
        """A transition's name for people."""
        return self._label(self.net.transitions[number], index)

    def place_label(self, number: int, element: int) -> str:
        """An element's name for people."""
        return self._label(self.places[number], element)

    def _label(self, of: Transition | Place, index: int) -> str:
        if not of.labels:
            return of.name if of.size == 1 else f"{of.name}[{index}]"
        def evaluate(expression: Expression, at: int) -> Value:
            value: Value = self.function(expression)(State(self, {of.index: at}))
            return value

        return label_of(of.name, of.labels, index, evaluate)

    def capacity(self, place: int, element: int) -> float:
        """The most tokens that an element may hold (infinity: no bound)."""
        bound = self._capacities[place]
        capacity: float = float("inf") if bound is None else bound(State(self, {self.places[place].index: element}))
        return capacity

    def initial_tokens(self, place: int) -> list[tuple[int, int, Value | None]]:
        """(element, number, value) of the tokens that a place has at the start, in order."""
        found = self._initial.get(place)
        if found is None:
            try:
                found = self._initial[place] = self._evaluate_initial(self.places[place])
            except EvaluationError as error:
                raise RunError("bad-arithmetic", f"the initial tokens of {self.places[place].name}: {error.message}") from None
        return found

    def initial_everywhere(self, place: int) -> int | None:
        """The number of plain tokens that each element of a place has at the start, if that is a constant; it need not be listed."""
        found = 0
        for part in self.places[place].initial:
            if part.value is not None or part.loop is not None or not isinstance(part.count, Constant) or part.count.value < 0:  # type: ignore[operator]
                return None
            found += int(part.count.value)  # type: ignore[arg-type]
        return found

    def _evaluate_initial(self, place: Place) -> list[tuple[int, int, Value | None]]:
        parts = [
            (None if part.value is None else self.function(part.value), self.function(part.count), self._fan(part.loop)) for part in place.initial
        ]
        tokens: list[tuple[int, int, Value | None]] = []
        for element in range(place.size if parts else 0):
            for value, count, fan in parts:
                state = State(self, {place.index: element})
                for variables in [state.variables] if fan is None else [{**state.variables, fan.variable: v} for v in fan.values(state)]:
                    state.variables = variables
                    number = count(state)
                    if number < 0:
                        raise RunError("bad-multiplicity", f"the initial number of tokens of {place.name} is {number} in element {element}")
                    if number:
                        tokens.append((element, number, None if value is None else value(state)))
        return tokens

    @cached_property
    def dependencies(self) -> Dependencies:
        """What to look at after a firing."""
        return Dependencies(self, self.observed)

    @cached_property
    def observed(self) -> tuple[Expression, ...]:
        """The expressions of the measures that are watched over time; their numbers are observation numbers."""
        return tuple(expression for measure in self.net.measures for expression in watched(measure))

    @cached_property
    def trap_limit(self) -> int:
        """The most firings at one instant."""
        return 10_000 + 20 * (self.size + sum(place.size for place in self.places))

    def input_arc(self, arc: InputArc, transition: Transition) -> Arc:
        """An input, test, inhibitor or reset arc compiled."""
        checks: list[Check] = []
        for entry in arc.pattern:
            if entry is None:
                checks.append((FREE, None))
            elif isinstance(entry, Bind):
                checks.append((BIND, entry.name))
            else:
                checks.append((EQUAL, self.function(entry)))
        return self._arc(arc, transition, tuple(checks), arc.whole, None)

    def output_arc(self, arc: OutputArc, transition: Transition) -> Arc:
        """An output arc compiled."""
        return self._arc(arc, transition, (), True, None if arc.token is None else self.function(arc.token))

    def _arc(self, arc: InputArc | OutputArc, transition: Transition, checks: tuple[Check, ...], whole: bool, token: Function | None) -> Arc:
        number = self.place_number[arc.place]
        place = self.places[number]
        valued = self.valued[number]
        names = {transition.index}
        static = True
        if arc.loop is not None:
            static = is_static(arc.loop.start, names) and is_static(arc.loop.stop, names)
            names |= {arc.loop.variable}
        static = static and is_static(arc.element, names) and is_static(arc.multiplicity, names)
        return Arc(
            place=number,
            valued=valued,
            ordered=valued and place.order != "multiset",
            element=self.function(arc.element),
            multiplicity=self.function(arc.multiplicity),
            fan=self._fan(arc.loop),
            checks=checks if valued else (),
            whole=whole,
            token=token,
            static=static,
            size=place.size,
            name=place.name,
        )

    def _fan(self, loop: Loop | None) -> Fan | None:
        return None if loop is None else Fan(loop.variable, self.function(loop.start), self.function(loop.stop))
