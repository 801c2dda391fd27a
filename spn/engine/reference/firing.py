"""Firing a binding: take the inputs, empty the resets, put the outputs. Enabling and what follows a firing are decided elsewhere."""

from __future__ import annotations

from typing import TypeAlias

from spn.engine.reference.classes import Arc
from spn.engine.reference.enabling import Binding, fitting_tokens, unfolded
from spn.engine.reference.marking import Line
from spn.engine.reference.state import State
from spn.expressions.tree import Value
from spn.observation import RunError

Change: TypeAlias = tuple[int, int, int, Value | None]
"""(place, element, tokens put (negative: taken), their value or None if plain)."""


def fire(binding: Binding, state: State) -> tuple[Change, ...]:
    """Change the marking as the binding says, and give the changes in the order in which they were made."""
    site, marking = binding.site, state.marking
    if site.fixed_moves is not None:
        for place, element, number, _ in site.fixed_moves:
            marking.add(place, element, number)
        return site.fixed_moves
    state.variables = binding.environment
    # All expressions see the marking before the firing.
    takes = site.takes if site.simple else binding.takes
    emptied = [_emptied(arc, site.element(arc, state), state) for arc in unfolded(site.kind.resets, state) if site.multiplicity(arc, state)]
    puts = [_put(arc, binding, state) for arc in unfolded(site.kind.outputs, state)]
    changes: list[Change] = []
    for take in takes:
        changes += _take(*take, state)
    for place, element, fitting in emptied:
        changes += _empty(place, element, fitting, state)
    for place, element, number, value in puts:
        if number == 0:
            continue
        if value is None:
            marking.add(place, element, number)
        else:
            marking.put(place, element, value, number)
        changes.append((place, element, number, value))
    return tuple(changes)


def _take(place: int, element: int, number: int, value: Value | None, state: State) -> list[Change]:
    marking = state.marking
    marking.add(place, element, -number)
    if marking.stores[place] is None:
        return [(place, element, -number, None)]
    store = marking.store(place, element)
    if isinstance(store, Line):
        return [(place, element, -1, store.pop()) for _ in range(number)]
    assert value is not None
    store.take(value, number)
    return [(place, element, -number, value)]


def _emptied(arc: Arc, element: int, state: State) -> tuple[int, int, frozenset[Value] | None]:
    """Place, element and the values that a reset takes there (None: all of them)."""
    if arc.counts_all:
        return arc.place, element, None
    return arc.place, element, frozenset(fitting_tokens(arc, state.marking.values(arc.place, element), state))


def _empty(place: int, element: int, fitting: frozenset[Value] | None, state: State) -> list[Change]:
    marking = state.marking
    tokens = marking.counts[place][element]
    if tokens == 0:
        return []
    if marking.stores[place] is None:
        marking.add(place, element, -tokens)
        return [(place, element, -tokens, None)]
    removed = marking.store(place, element).remove(lambda value: fitting is None or value in fitting)
    marking.add(place, element, -sum(number for _, number in removed))
    return [(place, element, -number, value) for value, number in removed]


def _put(arc: Arc, binding: Binding, state: State) -> Change:
    """What an output arc puts, its value checked against the bounds of the place's colour."""
    site = binding.site
    element, number = site.element(arc, state), site.multiplicity(arc, state)
    value: Value | None = None
    if arc.token is not None and number:
        value = arc.token(state)
        if not in_bounds(value, site.kind.net.places[arc.place].bounds):
            text = f"{site.describe(state.variables)}: the token {value} is beyond the colour of {arc.name}"
            raise RunError("bad-value", text, state.now)
    return arc.place, element, number, value


def in_bounds(value: Value | None, bounds: tuple[tuple[int, int] | None, ...]) -> bool:
    """Whether a value (or each of its components) lies in its integer range."""
    if not bounds:
        return True
    values = value if isinstance(value, tuple) else (value,)
    return all(bound is None or bound[0] <= part <= bound[1] for part, bound in zip(values, bounds, strict=False))  # type: ignore[operator]
