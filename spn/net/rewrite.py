"""Rewriting whole nets: a function applied to every expression, names made distinct, tables brought into canonical order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from spn.expressions.tree import Constant, Expression, Lookup, Node, Reduce, Tokens, Variable
from spn.expressions.walk import transform, walk
from spn.net.types import Bind, BoundVariable, Count, Firings, InputArc, Loop, Measure, Net, OutputArc, Place, Rate, Tally, Transition

T = TypeVar("T", Place, Transition, Measure)


def map_expressions(item: T, function: Callable[[Expression], Expression]) -> T:
    """The item with `function` applied to every expression in it, in the order of the fields."""
    found: T = _map(item, function)
    return found


def _map(item: Any, function: Callable[[Expression], Expression]) -> Any:
    if isinstance(item, Node):
        return function(item)  # type: ignore[arg-type]
    if isinstance(item, tuple):
        parts = tuple(_map(part, function) for part in item)
        return item if all(a is b for a, b in zip(parts, item, strict=True)) else parts
    if _is_part(item):
        changed = {f.name: _map(getattr(item, f.name), function) for f in fields(item)}
        changed = {name: value for name, value in changed.items() if value is not getattr(item, name)}
        return replace(item, **changed) if changed else item
    return item


def expressions_of(item: Any) -> Iterator[Expression]:
    """Every expression in a part of a net, in the order of the fields."""
    if isinstance(item, Node):
        yield item  # type: ignore[misc]
    elif isinstance(item, tuple):
        for part in item:
            yield from expressions_of(part)
    elif _is_part(item):
        for f in fields(item):
            yield from expressions_of(getattr(item, f.name))


def _is_part(item: Any) -> bool:
    """Whether something is one of the net's own types."""
    return type(item).__module__ == Place.__module__ and is_dataclass(type(item))


def with_distinct_variables(net: Net) -> Net:
    """The net with no variable called like a place or a colour, so that its text reads as it is meant.

    A module may call a variable what another calls a place; in a net all names are in one space.
    """
    taken = {*net.colours, *(place.name for place in net.places)}
    renamings = {transition.name: _renaming(transition, taken) for transition in net.transitions}
    return replace(
        net,
        places=tuple(_renamed(place, _renaming(place, taken)) for place in net.places),
        transitions=tuple(_renamed(transition, renamings[transition.name]) for transition in net.transitions),
        measures=tuple(_renamed_measure(measure, taken, renamings) for measure in net.measures),
    )


def _renaming(item: Any, taken: Collection[str]) -> dict[str, str]:
    """New names for the variables of a part of a net that are called like something else."""
    own = dict.fromkeys(_variables(item))
    clashing = [name for name in own if name in taken]
    found: dict[str, str] = {}
    for name in clashing:
        new = f"{name}_"
        while new in taken or new in own or new in found.values():
            new += "_"
        found[name] = new
    return found


def _variables(item: Any) -> Iterator[str]:
    """The names of all variables that a part of a net has: its index, what arcs bind, those of loops."""
    if isinstance(item, Place | Transition):
        yield item.index
    if isinstance(item, Transition):
        yield from (variable.name for variable in item.variables)
    if isinstance(item, Loop):
        yield item.variable
    if isinstance(item, Node):
        yield from (node.variable for node in walk(item) if isinstance(node, Reduce))  # type: ignore[arg-type]
    elif isinstance(item, tuple):
        for part in item:
            yield from _variables(part)
    elif _is_part(item):
        for f in fields(item):
            yield from _variables(getattr(item, f.name))


def _renamed(item: T, names: Mapping[str, str]) -> T:
    if not names:
        return item
    found: T = _map(_with_names(item, names), lambda expression: _rename(expression, names))
    return found


def _rename(expression: Expression, names: Mapping[str, str]) -> Expression:
    def bound(node: Expression) -> Expression:
        if isinstance(node, Reduce) and node.variable in names:
            return replace(node, variable=names[node.variable])
        return replace(node, name=names[node.name]) if isinstance(node, Variable) and node.name in names else node

    return transform(expression, bound)


def _with_names(item: Any, names: Mapping[str, str]) -> Any:
    """The item with the names of variables changed where they are no expressions."""
    if isinstance(item, Node | str):
        return item
    if isinstance(item, tuple):
        return tuple(_with_names(part, names) for part in item)
    if not _is_part(item):
        return item
    changed = {f.name: _with_names(getattr(item, f.name), names) for f in fields(item)}
    if isinstance(item, Place | Transition):
        changed["index"] = names.get(item.index, item.index)
    if isinstance(item, Loop):
        changed["variable"] = names.get(item.variable, item.variable)
    if isinstance(item, Bind | BoundVariable):
        changed["name"] = names.get(item.name, item.name)
    return replace(item, **changed)


def _renamed_measure(measure: Measure, taken: Collection[str], renamings: Mapping[str, Mapping[str, str]]) -> Measure:
    """A measure, its firings with the names of their transition's variables."""
    quantity = measure.quantity
    if isinstance(quantity, Rate | Count | Tally):
        firings = tuple(_renamed_firings(f, taken, renamings[f.transition]) for f in quantity.firings)
        return replace(measure, quantity=replace(quantity, firings=firings))
    return _renamed(measure, _renaming(measure, taken))


def _renamed_firings(firings: Firings, taken: Collection[str], names: Mapping[str, str]) -> Firings:
    changed = {**_renaming((firings.where, firings.value), taken), **names}
    found: Firings = _map(firings, lambda expression: _rename(expression, changed)) if changed else firings
    return found


def unused(name: str, taken: Collection[str]) -> str:
    """The name, or the name with a number after it where something else is called so."""
    found, number = name, 2
    while found in taken:
        found = f"{name}__{number}"
        number += 1
    return found


def tokens_in(item: Any) -> Iterator[Tokens]:
    """The reads of places in a part of a net."""
    if isinstance(item, Node):
        yield from (node for node in walk(item) if isinstance(node, Tokens))  # type: ignore[arg-type]
    elif isinstance(item, tuple):
        for part in item:
            yield from tokens_in(part)
    elif _is_part(item):
        for f in fields(item):
            yield from tokens_in(getattr(item, f.name))


def places_with_computed_elements(net: Net) -> set[str]:
    """Place classes of which some element is asked for by a number that is known only at run time."""
    found = {tokens.place for tokens in tokens_in((net.places, net.transitions, net.measures)) if not _is_fixed(tokens.element)}
    for transition in net.transitions:
        arcs: tuple[InputArc | OutputArc, ...] = (*transition.inputs, *transition.tests, *transition.inhibitors, *transition.resets)
        found |= {arc.place for arc in (*arcs, *transition.outputs) if not _is_fixed(arc.element)}
    return found


def _is_fixed(element: Expression | None) -> bool:
    return element is None or isinstance(element, Constant)


def names_of(net: Net) -> set[str]:
    """All names of a net but those of its tables, transitions and measures."""
    found = {*net.colours, *(place.name for place in net.places)}
    for part in (net.places, net.transitions, net.measures):
        found.update(_variables(part))
    return found


def with_positions_for_names(net: Net) -> Net:
    """The net with places and transitions called by their position, and without labels: what it means, whatever it is called.

    Its names are no names of the language, so that it cannot be read.
    """
    places = {place.name: f"place {k}" for k, place in enumerate(net.places)}
    transitions = {transition.name: f"transition {k}" for k, transition in enumerate(net.transitions)}

    def rename(expression: Expression) -> Expression:
        return transform(expression, lambda node: replace(node, place=places[node.place]) if isinstance(node, Tokens) else node)

    def renamed(item: Any) -> Any:
        if isinstance(item, tuple):
            return tuple(renamed(part) for part in item)
        if not _is_part(item):
            return item
        changed = {f.name: renamed(getattr(item, f.name)) for f in fields(item)}
        if isinstance(item, Firings):
            changed["transition"] = transitions[item.transition]
        elif "place" in changed:
            changed["place"] = places[changed["place"]]
        return replace(item, **changed)

    bare = replace(
        net,
        places=tuple(map_expressions(replace(p, name=places[p.name], labels=()), rename) for p in net.places),
        transitions=tuple(map_expressions(renamed(replace(t, name=transitions[t.name], labels=())), rename) for t in net.transitions),
        measures=tuple(map_expressions(renamed(m), rename) for m in net.measures),
    )
    return with_canonical_tables(bare)


def with_canonical_tables(net: Net) -> Net:
    """The net with only the tables that it uses, named t1, t2, ... in the order of their use; names that it has otherwise are passed over."""
    taken = names_of(net)
    names: dict[str, str] = {}
    number = 0

    def rename(expression: Expression) -> Expression:
        nonlocal number
        for node in walk(expression):
            if isinstance(node, Lookup) and node.table not in names:
                number += 1
                while f"t{number}" in taken:
                    number += 1
                names[node.table] = f"t{number}"
        return transform(expression, lambda node: replace(node, table=names[node.table]) if isinstance(node, Lookup) else node)

    places = tuple(map_expressions(place, rename) for place in net.places)
    transitions = tuple(map_expressions(transition, rename) for transition in net.transitions)
    measures = tuple(map_expressions(measure, rename) for measure in net.measures)
    tables = {new: net.tables[old] for old, new in names.items()}
    types = {new: net.table_types[old] for old, new in names.items()}
    return replace(net, places=places, transitions=transitions, measures=measures, tables=tables, table_types=types)


