"""Scopes of modules while their names are being declared. Who declares them: `spn.resolver.opening`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, fields, is_dataclass

from spn.expressions import syntax
from spn.expressions.scope import Scope, Symbol
from spn.model.types import Model, Name
from spn.records import dataclass
from spn.resolver.declarations import Loop, Module
from spn.text.source import Span


@dataclass(slots=True)
class Opened:
    """A module whose names are being declared: its model, its scope (filled step by step), and the modules it uses by their local names."""

    model: Model
    module: Module
    names: dict[str, Symbol]
    scope: Scope
    uses: dict[str, str] = field(default_factory=dict)
    dims: dict[str, tuple[Loop, ...]] = field(default_factory=dict)
    instance_loops: dict[str, tuple[Loop, ...]] = field(default_factory=dict)


def names_in(node: object) -> Iterator[str]:
    """All names in a syntax tree (of variables, too)."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, syntax.Name):
            yield current.name
        elif isinstance(current, tuple):
            pending.extend(current)
        elif is_dataclass(current) and isinstance(current, syntax.Node):
            pending.extend(getattr(current, f.name) for f in fields(current) if f.name not in ("span", "depth"))


def in_order(needs: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, list[str]]]:
    """Each name after those that it needs. One that needs itself comes with the circle of names, as soon as that is found; others with no circle."""
    done: set[str] = set()
    for first in needs:
        path: dict[str, Iterator[str]] = {} if first in done else {first: iter(needs[first])}
        while path:
            name = next(reversed(path))
            needed = next((other for other in path[name] if other not in done), None)
            if needed is None:
                del path[name]
                if name not in done:
                    done.add(name)
                    yield name, []
            elif needed in path:
                done.add(needed)
                names = list(path)
                yield needed, [*names[names.index(needed) :], needed]
            else:
                path[needed] = iter(needs[needed])


def repeated(names: Iterable[Name]) -> Iterator[Name]:
    """The names that came before."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)


def span_of_name(declared: Iterable[str], name: str) -> Span | None:
    """Where a name is declared."""
    key = next((k for k in declared if k == name), None)
    return getattr(key, "span", None)
