"""Folding: evaluate what is static in a lowered expression and write it as the shortest expression in the class's index.

A sub-expression of a transition class is static if it depends on the class's index alone; its values over all indices are computed at
once and encoded (`spn.net.columns`). Inside a loop with constant bounds the same is done for what depends on the loop's variable alone.
What is left reads the marking or bound variables; its lookups in the resolver's tables become arithmetic or tables of the net.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from spn.expressions import types
from spn.expressions.tree import (
    Constant,
    DelayCall,
    Domain,
    Expression,
    IfElse,
    Lookup,
    Now,
    PlaceRead,
    Range,
    Reduce,
    Tokens,
    Variable,
)
from spn.expressions.types import INTEGER
from spn.expressions.walk import children, free_variables, walk, with_children
from spn.net import frames
from spn.net.columns import Array, Tables, affine, affine_form, encode
from spn.net.frames import LARGEST, Frame
from spn.text.problems import Problems

NEUTRAL: Mapping[str, bool | int] = {"sum": 0, "count": 0, "all": True, "any": False}


@dataclass(slots=True)
class Space:
    """An index space: its size, the name of its index in the net, and the values over it of the variables that are static in it."""

    size: int
    index: str
    columns: Mapping[str, Array]
    tables: Mapping[str, Array]
    net_tables: Tables
    problems: Problems
    sizes: Mapping[str, int] = field(default_factory=dict)

    def variable(self) -> Variable | None:
        return Variable(INTEGER, self.index) if self.size > 1 else None

    def evaluate(self, expression: Expression) -> Array:
        """The values of a static expression over the space."""
        return frames.evaluate(expression, Frame(self.size, {}, dict(self.columns), self.tables), self.problems)

    def encode(self, values: Array, expression: Expression) -> Expression:
        encoded = encode(values, self.variable(), expression.type, self.net_tables)
        return replace(encoded, span=expression.span)

    def is_static(self, expression: Expression) -> bool:
        return not _reads_marking(expression) and free_variables(expression) <= self.columns.keys()


def _reads_marking(expression: Expression) -> bool:
    return any(isinstance(node, (Tokens, Now, PlaceRead)) for node in walk(expression))


def fold(expression: Expression, space: Space) -> Expression:
    """The expression with its static parts evaluated and encoded in the index of the space."""
    if _encodable(expression) and space.is_static(expression):
        return space.encode(space.evaluate(expression), expression)
    match expression:
        case Reduce():
            return _fold_reduce(expression, space)
        case Lookup():
            return _dynamic_lookup(expression, fold(expression.index, space), space)
        case IfElse():
            return _simplified(with_children(expression, tuple(fold(part, space) for part in children(expression))))
        case Tokens():
            return _whole(with_children(expression, tuple(fold(part, space) for part in children(expression))), space)
        case _:
            return with_children(expression, tuple(fold(part, space) for part in children(expression)))


def _encodable(expression: Expression) -> bool:
    return isinstance(expression.type, (types.Number, types.Boolean, types.Enumeration)) and not isinstance(expression, DelayCall)


def _simplified(node: Expression) -> Expression:
    if isinstance(node, IfElse) and isinstance(node.condition, Constant):
        return node.then if node.condition.value else node.otherwise
    return node


def _whole(node: Expression, space: Space) -> Expression:
    """The tokens of a class with one element are those of the class."""
    assert isinstance(node, Tokens)
    if space.sizes.get(node.place) == 1 and isinstance(node.element, Constant) and node.element.value == 0:
        return replace(node, element=None)
    return node


def _dynamic_lookup(node: Lookup, index: Expression, space: Space) -> Expression:
    """A lookup whose index is known at run time only: arithmetic if the table is affine, else a table of the net."""
    values = space.tables.get(node.table)
    if values is None:
        return replace(node, index=index)
    if node.type == INTEGER and (form := affine_form(values.astype(np.int64))) is not None and len(values) > 1:
        return affine(form[0], form[1], index)
    return Lookup(node.type, space.net_tables.intern(values, node.type), index, span=node.span)


def _fold_reduce(node: Reduce, space: Space) -> Expression:
    domain = fold_domain(node.domain, space)
    if is_empty(domain) and node.operator in NEUTRAL:
        return Constant(node.type, NEUTRAL[node.operator])
    inner = _loop_space(node.variable, domain, space)
    body = _fold_in_loop(node.body, space, inner)
    condition = None if node.condition is None else _fold_in_loop(node.condition, space, inner)
    if isinstance(condition, Constant):
        condition = None if condition.value else Constant(condition.type, value=False)
    return _whole_sum(replace(node, domain=domain, body=body, condition=condition), space)


def fold_domain(domain: Domain, space: Space) -> Domain:
    return Range(fold(domain.start, space), fold(domain.stop, space)) if isinstance(domain, Range) else domain


@dataclass(slots=True)
class LoopSpace:
    """The values of a loop's variable, where its bounds are constant."""

    space: Space
    first: int

    def encode(self, expression: Expression, variable: Variable) -> Expression:
        encoded = encode(self.space.evaluate(expression), variable, expression.type, self.space.net_tables, self.first)
        return replace(encoded, span=expression.span)


def _loop_space(variable: str, domain: Domain, space: Space) -> LoopSpace | None:
    if isinstance(domain, Range) and isinstance(domain.start, Constant) and isinstance(domain.stop, Constant):
        first, last = domain.start.value, domain.stop.value
        assert isinstance(first, int) and isinstance(last, int)
        if last - first >= LARGEST:
            space.problems.error("too-large", f"'{variable}' takes {last - first + 1:,} values", None)
            space.problems.stop_if_any()
        values = np.arange(first, last + 1, dtype=np.int64)
        if not values.size:
            return None
        return LoopSpace(Space(values.size, variable, {variable: values}, space.tables, space.net_tables, space.problems, space.sizes), first)
    return None


def is_empty(domain: Domain) -> bool:
    """Whether a folded domain is known to have no value."""
    if not isinstance(domain, Range) or not isinstance(domain.start, Constant) or not isinstance(domain.stop, Constant):
        return False
    first, last = domain.start.value, domain.stop.value
    return isinstance(first, int) and isinstance(last, int) and last < first


def _fold_in_loop(expression: Expression, space: Space, inner: LoopSpace | None) -> Expression:
    """Fold an expression that stands inside a loop: what depends on the loop's variable alone is encoded in it."""
    if inner is not None and _encodable(expression) and inner.space.is_static(expression):
        variable = Variable(INTEGER, inner.space.index)
        return expression if expression == variable else inner.encode(expression, variable)
    if _encodable(expression) and space.is_static(expression):
        return space.encode(space.evaluate(expression), expression)
    match expression:
        case Reduce():
            nested = fold_domain(expression.domain, space)
            if inner is not None and isinstance(nested, Range):
                nested = Range(_fold_in_loop(expression.domain.start, space, inner), _fold_in_loop(expression.domain.stop, space, inner))  # type: ignore[union-attr]
            own = _loop_space(expression.variable, nested, space)
            body = _fold_in_loop(expression.body, space, own)
            condition = None if expression.condition is None else _fold_in_loop(expression.condition, space, own)
            return _whole_sum(replace(expression, domain=nested, body=body, condition=condition), space)
        case Lookup():
            return _dynamic_lookup(expression, _fold_in_loop(expression.index, space, inner), space)
        case _:
            parts = tuple(_fold_in_loop(part, space, inner) for part in children(expression))
            node = _simplified(with_children(expression, parts))
            return _whole(node, space) if isinstance(node, Tokens) else node


def fold_loop_part(expression: Expression, variable: str, domain: Domain, space: Space) -> Expression:
    """Fold what stands in an arc's loop over `domain` (already folded)."""
    return _fold_in_loop(expression, space, _loop_space(variable, domain, space))


def _whole_sum(node: Reduce, space: Space) -> Expression:
    """``sum(place(k) for k in 0..n-1)`` over all n elements is the number of tokens in the class."""
    body = node.body
    if node.operator != "sum" or node.condition is not None or not isinstance(body, Tokens) or body.pattern or not isinstance(node.domain, Range):
        return node
    start, stop = node.domain.start, node.domain.stop
    covers = (
        isinstance(start, Constant)
        and isinstance(stop, Constant)
        and isinstance(body.element, Variable)
        and body.element.name == node.variable
        and start.value == 0
        and stop.value == space.sizes.get(body.place, 0) - 1
    )
    if covers:
        return replace(body, element=None)
    if isinstance(start, Constant) and isinstance(stop, Constant) and start.value == stop.value and isinstance(body.element, Constant):
        return body
    return node
