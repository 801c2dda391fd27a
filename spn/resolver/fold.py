"""Folding: evaluate what is static in a lowered expression and write it as the shortest expression in the class's index.

A sub-expression of a transition class is static if it depends on the class's index alone; its values over all indices are computed at
once and encoded (`spn.resolver.columns`). Inside a loop with constant bounds the same is done for what depends on the loop's variable alone.
What is left reads the marking or bound variables; its lookups in the resolver's tables become arithmetic or tables of the net.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import TypeVar

import numpy as np

from spn.expressions import types
from spn.expressions.tree import (
    Binary,
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
from spn.expressions.types import INTEGER, Type
from spn.expressions.walk import children, free_variables, substitute, walk, with_children
from spn.net.rewrite import map_expressions
from spn.net.types import Label, Place, Transition
from spn.records import dataclass
from spn.resolver import frames
from spn.resolver.columns import Array, Tables, affine, affine_form, encode, scalar
from spn.resolver.declarations import Label as GivenLabel
from spn.resolver.frames import LARGEST, Frame
from spn.text.problems import Problems

OWN = ":i"
T = TypeVar("T", Place, Transition)
NEUTRAL: Mapping[str, bool | int] = {"sum": 0, "count": 0, "all": True, "any": False}


@dataclass(slots=True)
class Space:
    """An index space: its size, the variable that stands for its index, and the values over it of the variables that are static in it.

    The index is `OWN` while a class is folded, so that no variable of the model is taken for it; `with_index` gives it its name in the end.
    """

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
        tables = {**self.tables, **self.net_tables.values}
        return frames.evaluate(expression, Frame(self.size, {}, {**self._index_values(), **self.columns}, tables), self.problems)

    def _index_values(self) -> dict[str, Array]:
        """The net's own index, for what has been encoded in it already."""
        return {self.index: np.arange(self.size, dtype=np.int64)}

    def encode(self, values: Array, expression: Expression) -> Expression:
        encoded = encode(self.finite(values, expression), self.variable(), expression.type, self.net_tables)
        return replace(encoded, span=expression.span)

    def finite(self, values: Array, expression: Expression) -> Array:
        """The values, none of which may be beyond all numbers: such a one could not be written, nor does anybody mean it."""
        if values.dtype.kind != "f" or bool(np.isfinite(values).all()):
            return values
        self.problems.error("not-finite", "this is beyond the range of double precision (1.8e308)", expression.span)
        return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)

    def is_static(self, expression: Expression) -> bool:
        return not _reads_marking(expression) and free_variables(expression) <= self.columns.keys() | {self.index}


def with_index(item: T, name: str) -> T:
    """The item of a net with its index, so far `OWN`, called `name`."""
    return map_expressions(item, lambda expression: substitute(expression, {OWN: Variable(INTEGER, name)}))


def fold_labels(given: Sequence[GivenLabel], size: int, variable: str, space: Space) -> tuple[Label, ...]:
    """Labels that a net's text gives; each counts from its start to the next one's."""
    found = []
    for position, label in enumerate(given):
        stop = given[position + 1].start if position + 1 < len(given) else size
        values = np.arange(label.start, max(stop, label.start), dtype=np.int64)
        own = Space(values.size, OWN, {variable: values}, space.tables, space.net_tables, space.problems)
        index = Variable(INTEGER, OWN) if size > 1 else None
        arguments = tuple(encode(own.evaluate(e), index, e.type, space.net_tables, label.start) for e in label.arguments)
        found.append(Label(label.start, label.template, arguments))
    return tuple(found)


def _reads_marking(expression: Expression) -> bool:
    return any(isinstance(node, (Tokens, Now, PlaceRead)) for node in walk(expression))


def fold(expression: Expression, space: Space) -> Expression:
    """The expression with its static parts evaluated and encoded in the index of the space."""
    return _fold(expression, space, None)


def _fold(expression: Expression, space: Space, inner: LoopSpace | None) -> Expression:
    """Fold an expression; `inner` is the loop with constant bounds that it stands in, if it stands in one."""
    encoded = _encoded(expression, space, inner)
    if encoded is not None:
        return encoded
    if isinstance(expression, Reduce):
        return _fold_reduce(expression, space, inner)
    if isinstance(expression, Lookup):
        folded = _dynamic_lookup(expression, _fold(expression.index, space, inner), space)
    else:
        folded = with_children(expression, tuple(_fold(part, space, inner) for part in children(expression)))
    folded = _simplified(_linear(folded, space), space)
    # Folding the parts may have left something that is static as a whole; the shortest form is then that of its values.
    return folded if isinstance(folded, (Constant, Variable)) else _encoded(folded, space, inner) or folded


def _encoded(expression: Expression, space: Space, inner: LoopSpace | None) -> Expression | None:
    """What depends on the loop's variable alone, or on the class's index alone, in its shortest form."""
    if not _encodable(expression) or _reads_marking(expression):
        return None
    if isinstance(expression, Constant) and space.size:
        return replace(expression, value=scalar(expression.value, expression.type))
    free = free_variables(expression)
    if inner is not None and free and free <= inner.space.columns.keys():
        return expression if isinstance(expression, Variable) else inner.encode(expression)
    if free <= space.columns.keys() | {space.index}:
        return space.encode(space.evaluate(expression), expression)
    return None


def _encodable(expression: Expression) -> bool:
    return isinstance(expression.type, (types.Number, types.Boolean, types.Enumeration)) and not isinstance(expression, DelayCall)


def _simplified(node: Expression, space: Space) -> Expression:
    """Without conditions that are known, and with counts of whole classes as such."""
    match node:
        case IfElse(condition=Constant(value=known)):
            return node.then if known else node.otherwise
        case Binary(operator="and", left=left, right=right):
            return _logical(node, left, right, neutral=True)
        case Binary(operator="or", left=left, right=right):
            return _logical(node, left, right, neutral=False)
        case Tokens(element=Constant(value=0)) if space.sizes.get(node.place) == 1:
            return replace(node, element=None)
        case _:
            return node


def _logical(node: Expression, left: Expression, right: Expression, neutral: bool) -> Expression:
    if isinstance(left, Constant):
        return right if left.value is neutral else left
    return left if isinstance(right, Constant) and right.value is neutral else node


def _linear(node: Expression, space: Space) -> Expression:
    """An integer sum as one static column and the terms that are not static, each once; anything else as it is."""
    if not isinstance(node, Binary) or node.type != INTEGER or node.operator not in ("+", "-", "*"):
        return node
    terms: dict[Expression, int] = {}
    static: list[Expression] = []
    constant = _collect(node, 1, terms, static, space)
    if constant is None:
        return node
    base: Expression = Constant(INTEGER, constant)
    for part in static:
        base = Binary(INTEGER, "+", base, part)
    start = space.encode(space.evaluate(base), base)
    # A column comes first, a plain number last: 't1[i] + c', but 'c - 1'.
    result: Expression | None = None if isinstance(start, Constant) else start
    for term, factor in terms.items():
        if factor != 0:
            result = _plus(result, factor, term)
    if isinstance(start, Constant) and isinstance(start.value, int) and start.value != 0:
        result = start if result is None else _plus(result, 1 if start.value > 0 else -1, Constant(INTEGER, abs(start.value)))
    return replace(result or Constant(INTEGER, 0), span=node.span)


def _plus(sum_: Expression | None, factor: int, term: Expression) -> Expression:
    """``sum + factor * term``"""
    if sum_ is None:
        return term if factor == 1 else Binary(INTEGER, "*", Constant(INTEGER, factor), term)
    part = term if abs(factor) == 1 else Binary(INTEGER, "*", Constant(INTEGER, abs(factor)), term)
    return Binary(INTEGER, "+" if factor > 0 else "-", sum_, part)


def _collect(node: Expression, factor: int, terms: dict[Expression, int], static: list[Expression], space: Space) -> int | None:
    """Add `factor` times `node` to a sum; the constant part is the result. None if it would not fit 64 bits."""
    if isinstance(node, Constant) and isinstance(node.value, int):
        return _small(factor * node.value)
    if isinstance(node, Binary) and node.type == INTEGER:
        if node.operator in ("+", "-"):
            left = _collect(node.left, factor, terms, static, space)
            right = _collect(node.right, factor if node.operator == "+" else -factor, terms, static, space)
            return None if left is None or right is None else _small(left + right)
        if node.operator == "*":
            for a, b in ((node.left, node.right), (node.right, node.left)):
                if isinstance(a, Constant) and isinstance(a.value, int) and _small(factor * a.value) is not None:
                    return _collect(b, factor * a.value, terms, static, space)
    if space.is_static(node):
        static.append(node if factor == 1 else Binary(INTEGER, "*", Constant(INTEGER, factor), node))
        return 0
    terms[node] = terms.get(node, 0) + factor
    return 0


def _small(value: int) -> int | None:
    return value if abs(value) < 2**53 else None


def _dynamic_lookup(node: Lookup, index: Expression, space: Space) -> Expression:
    """A lookup whose index is known at run time only: arithmetic if the table is affine, else a table of the net."""
    values = space.tables.get(node.table)
    if values is None:
        return replace(node, index=index)
    if node.type == INTEGER and not is_list(node.table) and (form := affine_form(values.astype(np.int64))) is not None:
        return affine(form[0], form[1] if len(values) > 1 else 1, index)
    return Lookup(node.type, space.net_tables.intern(values, node.type), index, span=node.span)


def is_list(table: str) -> bool:
    """Whether a table is a list that people wrote, whose end has to be kept; where elements are is known to be asked for within bounds."""
    return table.endswith(":items") or "#" in table


def _fold_reduce(node: Reduce, space: Space, outer: LoopSpace | None) -> Expression:
    domain = node.domain
    if isinstance(domain, Range):
        domain = Range(_fold(domain.start, space, outer), _fold(domain.stop, space, outer))
    if is_empty(domain) and node.operator in NEUTRAL:
        return Constant(node.type, NEUTRAL[node.operator])
    inner = loop_space(node.variable, domain, space)
    body = _fold(node.body, space, inner)
    if _steps(domain, body) > LARGEST:
        space.problems.error("too-large", f"its loops run over {_steps(domain, body):,} values; the most is {LARGEST:,}", node.span)
    condition = None if node.condition is None else _fold(node.condition, space, inner)
    if isinstance(condition, Constant):
        if not condition.value and node.operator in NEUTRAL:
            return Constant(node.type, NEUTRAL[node.operator])
        condition = None if condition.value else condition
    return _whole_sum(replace(node, domain=domain, body=body, condition=condition), space)


def _steps(domain: Domain, body: Expression) -> int:
    """How many values the loops of an expression run over each time it is evaluated, as far as that is known."""
    inner = max((_steps(part.domain, part.body) for part in _loops(body)), default=1)
    if not isinstance(domain, Range) or not isinstance(domain.start, Constant) or not isinstance(domain.stop, Constant):
        return inner
    first, last = domain.start.value, domain.stop.value
    return inner * max(0, last - first + 1) if isinstance(first, int) and isinstance(last, int) else inner


def _loops(expression: Expression) -> list[Reduce]:
    """The outermost loops in an expression."""
    if isinstance(expression, Reduce):
        return [expression]
    return [loop for part in children(expression) for loop in _loops(part)]


def fold_domain(domain: Domain, space: Space) -> Domain:
    return Range(fold(domain.start, space), fold(domain.stop, space)) if isinstance(domain, Range) else domain


@dataclass(slots=True)
class LoopSpace:
    """The values of a loop's variable, where its bounds are constant."""

    space: Space
    first: int

    def encode(self, expression: Expression) -> Expression:
        variable = Variable(INTEGER, self.space.index)
        values = self.space.finite(self.space.evaluate(expression), expression)
        encoded = encode(values, variable, expression.type, self.space.net_tables, self.first)
        return replace(encoded, span=expression.span)


def loop_space(variable: str, domain: Domain, space: Space) -> LoopSpace | None:
    if not isinstance(domain, Range) or not isinstance(domain.start, Constant) or not isinstance(domain.stop, Constant):
        return None
    first, last = domain.start.value, domain.stop.value
    assert isinstance(first, int) and isinstance(last, int)
    if last - first >= LARGEST:
        space.problems.error("too-large", f"'{variable}' takes {last - first + 1:,} values; the most is {LARGEST:,}", domain.stop.span)
        space.problems.stop_if_any()
    values = np.arange(first, last + 1, dtype=np.int64)
    if not values.size:
        return None
    return LoopSpace(Space(values.size, variable, {variable: values}, space.tables, space.net_tables, space.problems, space.sizes), first)


def is_empty(domain: Domain) -> bool:
    """Whether a folded domain is known to have no value."""
    if not isinstance(domain, Range) or not isinstance(domain.start, Constant) or not isinstance(domain.stop, Constant):
        return False
    first, last = domain.start.value, domain.stop.value
    return isinstance(first, int) and isinstance(last, int) and last < first


def fold_loop_part(expression: Expression, variable: str, domain: Domain, space: Space, type_: Type = INTEGER) -> Expression:
    """Fold what stands in an arc's loop over `domain` (already folded). Members of a colour are no numbers to be affine in."""
    return _fold(expression, space, loop_space(variable, domain, space) if type_ == INTEGER else None)


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
    if isinstance(start, Constant) and isinstance(stop, Constant) and start.value == stop.value and node.variable not in free_variables(body):
        return body
    return node
