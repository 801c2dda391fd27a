"""Scopes of modules while their names are being declared. Who declares them: `spn.resolver.opening`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field, fields, is_dataclass

from spn.expressions import syntax
from spn.expressions.scope import Scope, Symbol
from spn.model.types import Model
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


def span_of_name(declared: Iterable[str], name: str) -> Span | None:
    """Where a name is declared."""
    key = next((k for k in declared if k == name), None)
    return getattr(key, "span", None)
