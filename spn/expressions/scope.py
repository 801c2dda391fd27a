"""What names mean where an expression stands: symbols and scopes. Who fills them (the model's resolver, the net's reader) is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from spn.expressions.tree import Domain
from spn.expressions.types import DOT, Enumeration, InstanceOf, Type
from spn.records import dataclass


@dataclass(frozen=True, slots=True)
class ParameterSymbol:
    """A parameter of the module; a list-valued one has a `Table` type."""

    type: Type


@dataclass(frozen=True, slots=True)
class TableSymbol:
    """A lookup table; `type` is that of its elements."""

    type: Type


@dataclass(frozen=True, slots=True)
class VariableSymbol:
    """A name with a value in each binding: of a ``for``, bound by an arc, of a loop. For a module's instances also their `scope`."""

    type: Type
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class PlaceSymbol:
    """A place: the types of its array's indices and its colour. With `net` set, reads become `Tokens` of that place class.

    A net's place class has one dimension, its element's number, and `dims` is then one integer or, for a class of size 1, may be empty.
    """

    dims: tuple[Type, ...] = ()
    colour: Type = DOT
    net: str | None = None


@dataclass(frozen=True, slots=True)
class ColourSymbol:
    """A colour; `domain` is what its values run over, None if they are not finite."""

    type: Type
    domain: Domain | None = None


@dataclass(frozen=True, slots=True)
class InstanceSymbol:
    """An instance of a module, or an array of them; `scope` is the module's own."""

    module: str
    dims: tuple[Type, ...]
    scope: Scope


@dataclass(frozen=True, slots=True)
class ModuleSymbol:
    """A module; as a domain it runs over all its instances."""

    name: str
    scope: Scope


@dataclass(frozen=True, slots=True)
class BrokenSymbol:
    """A name whose declaration has a problem, which has been told: whatever uses it is passed over in silence."""


Symbol = BrokenSymbol | ParameterSymbol | TableSymbol | VariableSymbol | PlaceSymbol | ColourSymbol | InstanceSymbol | ModuleSymbol


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Names and what they mean. Immutable but for `names` of the caller's own making (two modules may refer to each other's scopes).

    `others` are names that mean nothing in expressions, with what they are (``transition``, ``measure``), so that one who writes them is told.
    """

    names: Mapping[str, Symbol] = field(default_factory=dict)
    parent: Scope | None = None
    others: Mapping[str, str] = field(default_factory=dict)

    def lookup(self, name: str) -> Symbol | None:
        scope: Scope | None = self
        while scope is not None:
            if (symbol := scope.names.get(name)) is not None:
                return symbol
            scope = scope.parent
        return None

    def other(self, name: str) -> str | None:
        """What a name is that means nothing in expressions."""
        scope: Scope | None = self
        while scope is not None:
            if (what := scope.others.get(name)) is not None:
                return what
            scope = scope.parent
        return None

    def child(self, names: Mapping[str, Symbol]) -> Scope:
        """A scope in which `names` come before what this one knows."""
        return Scope(names, self)

    def with_variable(self, name: str, type: Type) -> Scope:
        scope = None
        if isinstance(type, InstanceOf) and isinstance(module := self.lookup(type.module), ModuleSymbol):
            scope = module.scope
        return self.child({name: VariableSymbol(type, scope)})

    def all_names(self) -> Iterator[str]:
        scope: Scope | None = self
        while scope is not None:
            yield from scope.names
            scope = scope.parent

    def enumerations_with(self, member: str) -> list[Enumeration]:
        """The enumerations of colours (and of parameters with a choice) that have this member."""
        found: list[Enumeration] = []
        for name in self.all_names():
            symbol = self.lookup(name)
            type = symbol.type if isinstance(symbol, ColourSymbol | ParameterSymbol) else None
            if isinstance(type, Enumeration) and member in type.members and type not in found:
                found.append(type)
        return found
