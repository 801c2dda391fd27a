"""Lowering: model expressions to expressions over the resolver's tables and the elements of place classes.

A parameter becomes a lookup by the row of its instance, a place by path the tokens of an element. The result is long-winded;
`spn.resolver.fold` shortens it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from spn.expressions import types
from spn.expressions.tree import (
    Binary,
    Constant,
    Domain,
    Expression,
    Function,
    IfElse,
    Instances,
    Lookup,
    Parameter,
    PlaceRead,
    Range,
    Reduce,
    Step,
    Tokens,
)
from spn.expressions.types import BOOLEAN, INTEGER
from spn.expressions.walk import children, with_children
from spn.resolver import frames
from spn.resolver.declarations import Label
from spn.resolver.locate import Atlas, Found

Known = Mapping[str, Domain]
NOWHERE = ""
"""The place class of places in modules that have no instance. A sum over no instances reads none of it; whoever else does has a wrong index."""


def lower(expression: Expression, atlas: Atlas, module: str, row: Expression, known: Known) -> Expression:
    """The expression as it reads in instance `row` of `module`. `known` are the domains of the loop variables in sight."""
    match expression:
        case Parameter():
            return Lookup(expression.type, f"{module}?{expression.name}", row, span=expression.span)
        case Lookup() if f"{module}?{expression.table}:items" in atlas.tables:
            return _list_item(expression, atlas, module, row, known)
        case Lookup() if f"{module}#{expression.table}" in atlas.tables:
            return replace(expression, table=f"{module}#{expression.table}", index=lower(expression.index, atlas, module, row, known))
        case Function(name="mean" | "variance", arguments=(argument,)) if isinstance(argument.type, types.Distribution):
            return Lookup(expression.type, _moments(expression, atlas, module), row, span=expression.span)
        case PlaceRead():
            return _read(expression, atlas, module, row, known)
        case Reduce():
            inner = {**known, expression.variable: expression.domain}
            domain = lower_domain(expression.domain, atlas, module, row, known)
            body = lower(expression.body, atlas, module, row, inner)
            condition = None if expression.condition is None else lower(expression.condition, atlas, module, row, inner)
            return replace(expression, domain=domain, body=body, condition=condition)
        case _:
            return with_children(expression, tuple(lower(part, atlas, module, row, known) for part in children(expression)))


def lower_domain(domain: Domain, atlas: Atlas, module: str, row: Expression, known: Known) -> Domain:
    """A domain over rows: all instances of a module become the range of their numbers."""
    if isinstance(domain, Range):
        return Range(lower(domain.start, atlas, module, row, known), lower(domain.stop, atlas, module, row, known))
    if isinstance(domain, Instances):
        size = atlas.elaboration.rows[domain.module].size if domain.module in atlas.elaboration.rows else 0
        return Range(Constant(INTEGER, 0), Constant(INTEGER, size - 1))
    return domain


def lower_path(path: tuple[Step, ...], atlas: Atlas, module: str, row: Expression, known: Known) -> tuple[Step, ...]:
    """A path with its indices lowered."""
    return tuple(Step(s.name, tuple(lower(e, atlas, module, row, known) for e in s.indices), s.is_variable) for s in path)


def lowered_labels(labels: Sequence[Label], atlas: Atlas) -> tuple[Label, ...]:
    """The labels of a net's text with their arguments lowered."""
    root = Constant(INTEGER, 0)
    return tuple(Label(g.start, g.template, tuple(lower(e, atlas, "", root, {}) for e in g.arguments)) for g in labels)


def _list_item(node: Lookup, atlas: Atlas, module: str, row: Expression, known: Known) -> Expression:
    key = f"{module}?{node.table}"
    index = lower(node.index, atlas, module, row, known)
    offset, length = Lookup(INTEGER, f"{key}:offset", row), Lookup(INTEGER, f"{key}:length", row)
    inside = Binary(
        BOOLEAN, "and", Binary(BOOLEAN, ">=", index, Constant(INTEGER, 0)), Binary(BOOLEAN, "<", index, length)
    )
    place = IfElse(INTEGER, inside, Binary(INTEGER, "+", offset, index), Constant(INTEGER, -1))
    return Lookup(node.type, f"{key}:items", place, span=node.span)


def _moments(node: Function, atlas: Atlas, module: str) -> str:
    """The table of a distribution's mean or variance over the rows of its module."""
    key = f"{module}?:moment{len(atlas.tables)}"
    atlas.tables[key] = frames.evaluate(node, atlas.elaboration.rows[module].frame, atlas.elaboration.problems)
    return key


def _read(node: PlaceRead, atlas: Atlas, module: str, row: Expression, known: Known) -> Expression:
    """The tokens in a place: of one element, or the sum over what the path leaves open."""
    path = lower_path(node.path, atlas, module, row, known)
    indices = tuple(lower(e, atlas, module, row, known) for e in node.indices)
    pattern = tuple(None if e is None else lower(e, atlas, module, row, known) for e in node.pattern)
    if not atlas.is_used(module, path, known):
        return Tokens(INTEGER, NOWHERE, None, (), span=node.span)
    layout, found = atlas.point(module, row, path, node.place, indices, known, node.span)
    element = element_of(atlas, layout.module, node.place, found)
    result: Expression = Tokens(INTEGER, layout.final_class, element, pattern, span=node.span)
    for variable, domain, condition in reversed(found.loops):
        result = Reduce(INTEGER, "sum", variable, domain, result, condition, span=node.span)
    return result


def element_of(atlas: Atlas, module: str, place: str, found: Found) -> Expression:
    """The element of the place class at the point found, or -1 where an index is outside."""
    layout = atlas.layouts[module, place]
    if layout.is_class and len(layout.start) == 1:
        return Found(found.value, found.conditions).guarded()
    return Found(Lookup(INTEGER, f"{module}.{place}:element", found.value), found.conditions).guarded()

