"""Traversals of typed trees: visit, rewrite, substitute, free variables. What a node means is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from spn.expressions.tree import (
    Binary,
    DelayCall,
    Domain,
    Expression,
    Field,
    Function,
    IfElse,
    Lookup,
    Make,
    PlaceRead,
    Range,
    Reduce,
    Sequence,
    Step,
    Tokens,
    Unary,
    Variable,
)


def children(node: Expression) -> tuple[Expression, ...]:
    """The direct sub-expressions, in the order in which they are written (of a `Reduce`: start, stop, body, condition)."""
    parts = _PARTS.get(type(node))
    return parts(node) if parts is not None else ()


_PARTS: dict[type, Callable[[Any], tuple[Expression, ...]]] = {
    Lookup: lambda node: (node.index,),
    Field: lambda node: (node.base,),
    Make: lambda node: node.components,
    Unary: lambda node: (node.operand,),
    Binary: lambda node: (node.left, node.right),
    IfElse: lambda node: (node.condition, node.then, node.otherwise),
    Function: lambda node: node.arguments,
    Reduce: lambda node: (*_domain_children(node.domain), node.body, *_present((node.condition,))),
    Tokens: lambda node: (*_present((node.element,)), *_present(node.pattern)),
    PlaceRead: lambda node: (*(index for step in node.path for index in step.indices), *node.indices, *_present(node.pattern)),
    DelayCall: lambda node: tuple(e for argument in node.arguments for e in (argument.items if isinstance(argument, Sequence) else (argument,))),
}
"""How each kind of node is taken apart; those that are not here have no parts. Looked up by type, as this is called most of all."""


def _present(entries: tuple[Expression | None, ...]) -> tuple[Expression, ...]:
    return tuple(entry for entry in entries if entry is not None)


def _domain_children(domain: Domain) -> tuple[Expression, ...]:
    return (domain.start, domain.stop) if isinstance(domain, Range) else ()


def with_children(node: Expression, new: tuple[Expression, ...]) -> Expression:
    """`node` with other direct sub-expressions, given as `children` gives them; `node` itself if they are the same objects."""
    old = children(node)
    if len(old) != len(new):
        raise ValueError(f"{type(node).__name__} has {len(old)} sub-expressions, not {len(new)}")
    return node if all(a is b for a, b in zip(old, new, strict=True)) else _rebuild(node, iter(new))


def _rebuild(node: Expression, new: Iterator[Expression]) -> Expression:
    match node:
        case Lookup():
            return replace(node, index=next(new))
        case Field():
            return replace(node, base=next(new))
        case Make():
            return replace(node, components=tuple(new))
        case Unary():
            return replace(node, operand=next(new))
        case Binary():
            return replace(node, left=next(new), right=next(new))
        case IfElse():
            return replace(node, condition=next(new), then=next(new), otherwise=next(new))
        case Function():
            return replace(node, arguments=tuple(new))
        case Reduce():
            domain = Range(next(new), next(new)) if isinstance(node.domain, Range) else node.domain
            return replace(node, domain=domain, body=next(new), condition=_refill((node.condition,), new)[0])
        case Tokens():
            return replace(node, element=_refill((node.element,), new)[0], pattern=_refill(node.pattern, new))
        case PlaceRead():
            path = tuple(Step(step.name, tuple(next(new) for _ in step.indices), step.is_variable) for step in node.path)
            return replace(node, path=path, indices=tuple(next(new) for _ in node.indices), pattern=_refill(node.pattern, new))
        case DelayCall():
            return replace(node, arguments=tuple(_reargument(argument, new) for argument in node.arguments))
        case _:
            return node


def _refill(entries: tuple[Expression | None, ...], new: Iterator[Expression]) -> tuple[Expression | None, ...]:
    return tuple(None if entry is None else next(new) for entry in entries)


def _reargument(argument: Expression | Sequence, new: Iterator[Expression]) -> Expression | Sequence:
    return Sequence(tuple(next(new) for _ in argument.items)) if isinstance(argument, Sequence) else next(new)


def walk(expression: Expression) -> Iterator[Expression]:
    """Every sub-expression, parents before children, from left to right; `expression` itself comes first."""
    pending = [expression]
    while pending:
        node = pending.pop()
        yield node
        if type(node) in _PARTS:
            pending.extend(reversed(children(node)))


def transform(expression: Expression, function: Callable[[Expression], Expression]) -> Expression:
    """Rewrite bottom-up: `function` sees every node after its sub-expressions have been rewritten and gives what stands in its place.

    An explicit stack, because a resolver's trees may be deeper than a model's.
    """
    if type(expression) not in _PARTS:
        return function(expression)
    done: list[Expression] = []
    pending: list[tuple[Expression, int]] = [(expression, -1)]
    while pending:
        node, size = pending.pop()
        if size < 0:
            parts = children(node)
            if parts:
                pending.append((node, len(parts)))
                pending.extend((part, -1) for part in reversed(parts))
                continue
        else:
            node = with_children(node, tuple(done[-size:]))
            del done[-size:]
        done.append(function(node))
    return done.pop()


def free_variables(expression: Expression) -> frozenset[str]:
    """Names of the variables (those over instances included) that the expression reads and does not bind itself."""
    found: set[str] = set()
    pending: list[tuple[Expression, frozenset[str]]] = [(expression, frozenset())]
    while pending:
        node, bound = pending.pop()
        found |= {name for name in _own_variables(node) if name not in bound}
        if isinstance(node, Reduce):
            pending.extend((part, bound) for part in _domain_children(node.domain))
            pending.extend((part, bound | {node.variable}) for part in _present((node.body, node.condition)))
        else:
            pending.extend((part, bound) for part in children(node))
    return frozenset(found)


def _own_variables(node: Expression) -> tuple[str, ...]:
    if isinstance(node, Variable):
        return (node.name,)
    if isinstance(node, PlaceRead):
        return tuple(step.name for step in node.path if step.is_variable)
    return ()


def substitute(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """Put expressions in the place of free variables. Bound variables are renamed where they would capture a name of `values`.

    Variables over instances (`Step.is_variable`) are left alone: they stand for no expression.
    """
    if not values:
        return expression
    if isinstance(expression, Variable):
        return values.get(expression.name, expression)
    if isinstance(expression, Reduce):
        return _substitute_reduce(expression, values)
    return with_children(expression, tuple(substitute(part, values) for part in children(expression)))


def _substitute_reduce(node: Reduce, values: Mapping[str, Expression]) -> Expression:
    inside = (node.body,) if node.condition is None else (node.body, node.condition)
    read = frozenset().union(*map(free_variables, inside)) - {node.variable}
    inner = {name: value for name, value in values.items() if name in read}
    taken = frozenset().union(*(free_variables(value) for value in inner.values()))
    if node.variable in taken and isinstance(node.domain, Range):
        fresh = next(name for k in count(1) if (name := f"{node.variable}_{k}") not in taken | read)
        inner[node.variable] = Variable(node.domain.start.type, fresh)
        node = replace(node, variable=fresh)
    domain = [substitute(part, values) for part in _domain_children(node.domain)]
    return with_children(node, (*domain, *(substitute(part, inner) for part in inside)))
