"""References in arcs, connections and measures: the place or transition that a path such as ``worker(w).inbox(a, m)`` means."""

from __future__ import annotations

from spn.expressions import syntax
from spn.expressions.check import check
from spn.expressions.scope import InstanceSymbol, PlaceSymbol, Scope, VariableSymbol
from spn.expressions.tree import Expression, Step
from spn.expressions.types import InstanceOf, Type
from spn.records import dataclass
from spn.resolver.declarations import PlacePath
from spn.text.problems import Problems, nearest


@dataclass(frozen=True, slots=True)
class Link:
    """One name of a path with the arguments in its parentheses."""

    name: str
    arguments: tuple[syntax.Argument, ...]
    node: syntax.Syntax


def links(reference: syntax.Syntax) -> list[Link]:
    """A reference taken apart at its dots."""
    found: list[Link] = []
    arguments: tuple[syntax.Argument, ...] = ()
    node = reference
    while True:
        match reference:
            case syntax.Call():
                arguments, reference = reference.arguments, reference.callee
                continue
            case syntax.Attribute():
                found.append(Link(reference.name, arguments, node))
                reference = node = reference.base
            case syntax.Name():
                found.append(Link(reference.name, arguments, node))
                return found[::-1]
            case _:
                return []
        arguments = ()


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A place and the arguments after its indices, which are about tokens. `is_port`-ness is looked up by the caller."""

    path: PlacePath
    symbol: PlaceSymbol
    rest: tuple[syntax.Argument, ...]


def step(link: Link, symbol: InstanceSymbol, outer: Scope, problems: Problems) -> Step | None:
    """An instance with its indices (none for the whole array)."""
    if not link.arguments:
        return Step(link.name, ())
    indices = checked_indices(link, symbol.dims, outer, problems)
    return None if indices is None else Step(link.name, indices)


def checked_indices(link: Link, dims: tuple[Type, ...], outer: Scope, problems: Problems) -> tuple[Expression, ...] | None:
    """The arguments of a link as indices of the given types."""
    if len(link.arguments) != len(dims):
        message = f"'{link.name}' has {len(dims)} {'index' if len(dims) == 1 else 'indices'}; {len(link.arguments)} are given"
        problems.error("wrong-arguments", message, link.node.span)
        return None
    found = [check(argument.value, outer, type_, problems) for argument, type_ in zip(link.arguments, dims, strict=True)]
    indices = tuple(e for e in found if e is not None)
    return indices if len(indices) == len(found) else None


def walk_path(chain: list[Link], scope: Scope, problems: Problems) -> tuple[tuple[Step, ...], Scope] | None:
    """The steps of all links but the last, and the scope in which the last one is to be looked up."""
    steps: list[Step] = []
    inner = scope
    for position, link in enumerate(chain[:-1]):
        symbol = inner.lookup(link.name)
        if isinstance(symbol, InstanceSymbol):
            found = step(link, symbol, scope, problems)
            if found is None:
                return None
            steps.append(found)
            inner = symbol.scope
        elif position == 0 and isinstance(symbol, VariableSymbol) and isinstance(symbol.type, InstanceOf) and symbol.scope is not None:
            steps.append(Step(link.name, (), is_variable=True))
            inner = symbol.scope
        else:
            known = [name for name in inner.all_names() if isinstance(inner.lookup(name), InstanceSymbol)]
            problems.error("unknown-name", f"there is no instance '{link.name}'", link.node.span, nearest(link.name, known))
            return None
    return tuple(steps), inner


def find_place(reference: syntax.Syntax, scope: Scope, problems: Problems) -> FoundPlace | None:
    """The place that an arc or connection refers to."""
    chain = links(reference)
    if not chain:
        problems.error("syntax", "the name of a place was expected here", reference.span)
        return None
    walked = walk_path(chain, scope, problems)
    if walked is None:
        return None
    steps, inner = walked
    last = chain[-1]
    symbol = inner.lookup(last.name)
    if not isinstance(symbol, PlaceSymbol):
        known = [name for name in inner.all_names() if isinstance(inner.lookup(name), PlaceSymbol)]
        what = "is no place" if symbol is not None else "is not the name of a place"
        problems.error("unknown-place", f"'{last.name}' {what}", last.node.span, nearest(last.name, known))
        return None
    split = len(symbol.dims) if last.arguments else 0
    link = Link(last.name, last.arguments[:split], last.node)
    indices: tuple[Expression, ...] | None = ()
    if split:
        indices = checked_indices(link, symbol.dims, scope, problems)
    if indices is None:
        return None
    return FoundPlace(PlacePath(steps, last.name, indices, reference.span), symbol, last.arguments[split:])
