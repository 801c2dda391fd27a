"""Colours of a module: enumerations, ranges, products and records, and the domains that their components run over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from typing import TypeVar

from spn.expressions import syntax
from spn.expressions.check import check_domain
from spn.expressions.parse import parse_type_spec
from spn.expressions.scope import BrokenSymbol, ColourSymbol
from spn.expressions.tree import Domain, Values
from spn.expressions.types import BOOLEAN, DOT, DURATION, INTEGER, REAL, Enumeration, Product, Record, Type
from spn.model.types import ColourDeclaration, Name, PlaceDeclaration, Text
from spn.records import dataclass
from spn.resolver.scopes import Opened, in_order, names_in, repeated, span_of_name
from spn.text.problems import Problems, nearest

T = TypeVar("T", Enumeration, Product, Record)

FIELD_TYPES: Mapping[str, Type] = {"time": DURATION, "real": REAL, "int": INTEGER, "bool": BOOLEAN}


@dataclass(slots=True)
class Colours:
    """Declares the colours of modules. `taken` are the names of the root's places, which a net's text has beside them."""

    taken: Collection[str]
    problems: Problems
    _known: dict[str, Type] = field(default_factory=dict)

    def declare(self, opened: Opened) -> None:
        declared: dict[str, ColourDeclaration] = dict(opened.model.colours.items())
        parsed: dict[str, syntax.Name | syntax.RangeOf | syntax.ProductOf | None] = {}
        needs: dict[str, list[str]] = {}
        for name, declaration in declared.items():
            text = declaration.expression
            parsed[name] = None if text is None else parse_type_spec(text, text.span, self.problems, text.exact)
            needed = names_in(parsed[name]) if declaration.fields is None else map(str, declaration.fields.values())
            needs[name] = [other for other in needed if other in declared]
        for name, circle in in_order(needs):
            if circle:
                self.problems.error("circular-colours", f"colour '{name}' is made of itself", span_of_name(declared, name))
                opened.names[name] = BrokenSymbol()
            else:
                self._colour(name, declared[name], parsed[name], opened)

    def _colour(
        self, name: str, declaration: ColourDeclaration, parsed: syntax.Name | syntax.RangeOf | syntax.ProductOf | None, opened: Opened
    ) -> None:
        symbol = self._symbol(name, declaration, parsed, opened)
        opened.names[name] = symbol or BrokenSymbol()
        if symbol is not None:
            opened.module.colours[name] = symbol.type
            if isinstance(symbol.type, Product | Record):
                opened.module.domains[symbol.type.name] = component_domains(name, opened, self.problems)

    def _symbol(
        self, name: str, declaration: ColourDeclaration, parsed: syntax.Name | syntax.RangeOf | syntax.ProductOf | None, opened: Opened
    ) -> ColourSymbol | None:
        if declaration.members is not None:
            members = tuple(str(member) for member in declaration.members)
            for member in repeated(declaration.members):
                self.problems.error("declared-twice", f"'{member}' is a member of '{name}' twice", member.span)
            enumeration = self.unique(name, opened, lambda unique: Enumeration(unique, members))
            return ColourSymbol(enumeration, Values(enumeration))
        if declaration.fields is not None:
            return self._record(name, declaration.fields, opened)
        if isinstance(parsed, syntax.ProductOf):
            parts = [self._component(item, opened) for item in parsed.items]
            found = tuple(part for part in parts if part is not None)
            if len(found) < len(parts):
                return None
            return ColourSymbol(self.unique(name, opened, lambda unique: Product(unique, found)), None)
        if parsed is None:
            return None
        return self._simple(parsed, opened)

    def _simple(self, parsed: syntax.Name | syntax.RangeOf, opened: Opened) -> ColourSymbol | None:
        """A range, ``bool``, or another colour under a new name."""
        if isinstance(parsed, syntax.Name) and parsed.name == "bool":
            return ColourSymbol(BOOLEAN, Values(BOOLEAN))
        if isinstance(parsed, syntax.Name) and isinstance(symbol := opened.scope.lookup(parsed.name), ColourSymbol):
            return symbol
        found = check_domain(parsed, opened.scope, self.problems)
        return None if found is None else ColourSymbol(found[1], found[0])

    def _component(self, item: syntax.Name | syntax.RangeOf, opened: Opened) -> Type | None:
        symbol = self._simple(item, opened)
        return None if symbol is None else symbol.type

    def _record(self, name: str, declared: Mapping[Name, Text], opened: Opened) -> ColourSymbol | None:
        found: list[tuple[str, Type]] = []
        for field_name, text in declared.items():
            type_ = FIELD_TYPES.get(text)
            if type_ is None:
                symbol = opened.scope.lookup(text)
                type_ = symbol.type if isinstance(symbol, ColourSymbol) and not isinstance(symbol.type, Record) else None
            if type_ is None:
                known = [*FIELD_TYPES, *(n for n in opened.scope.all_names() if isinstance(opened.scope.lookup(n), ColourSymbol))]
                hint = nearest(text, known) or f"a field is {', '.join(FIELD_TYPES)} or a finite colour"
                self.problems.error("unknown-type", f"'{text}' is not the type of a field", text.span, hint)
                continue
            found.append((str(field_name), type_))
        return ColourSymbol(self.unique(name, opened, lambda unique: Record(unique, tuple(found))), None) if len(found) == len(declared) else None

    def unique(self, name: str, opened: Opened, make: Callable[[str], T]) -> T:
        """A type under its own name, or under one with its module's name before it where another module's type has that."""
        wished, number = name, 1
        while True:
            made = make(wished)
            if (wished not in self.taken or not opened.module.name) and self._known.setdefault(wished, made) == made:
                return made
            wished = f"{opened.module.name}__{name}" if number == 1 else f"{opened.module.name}__{name}__{number}"
            number += 1

    def of_place(self, declaration: PlaceDeclaration, opened: Opened) -> Type:
        text = declaration.colour
        if text is None:
            return DOT
        parsed = parse_type_spec(text, text.span, self.problems, text.exact)
        if isinstance(parsed, syntax.Name) and parsed.name != "bool":
            symbol = opened.scope.lookup(parsed.name)
            if isinstance(symbol, ColourSymbol):
                return symbol.type
            known = [n for n in opened.scope.all_names() if isinstance(opened.scope.lookup(n), ColourSymbol)]
            self.problems.error("unknown-colour", f"there is no colour '{text}'", text.span, nearest(text, known))
        elif isinstance(parsed, syntax.ProductOf):
            self.problems.error("wrong-type", "give a product a name under 'colours'", text.span)
        elif parsed is not None:
            symbol = self._simple(parsed, opened)
            return DOT if symbol is None else symbol.type
        return DOT


def domain_of_colour(text: Text | None, opened: Opened, problems: Problems) -> tuple[Domain | None, ...]:
    """The domain of each component of a colour where it is finite and simple."""
    if text is None:
        return ()
    symbol = opened.scope.lookup(text)
    if isinstance(symbol, ColourSymbol):
        if symbol.domain is not None:
            return (symbol.domain,)
        return component_domains(str(text), opened, problems)
    parsed = parse_type_spec(text, text.span, Problems(), text.exact)
    if isinstance(parsed, syntax.Name) and parsed.name == "bool":
        return (Values(BOOLEAN),)
    if isinstance(parsed, syntax.RangeOf):
        found = check_domain(parsed, opened.scope, problems)
        return (None,) if found is None else (found[0],)
    return (None,)


def component_domains(name: str, opened: Opened, problems: Problems) -> tuple[Domain | None, ...]:
    """The domains of the components of a product or record, by the names or ranges it was declared with."""
    declaration = opened.model.colours.get(name)  # type: ignore[call-overload]
    if declaration is None:
        return ()
    quiet = Problems()
    if declaration.fields is not None:
        symbols = [opened.scope.lookup(text) for text in declaration.fields.values()]
        return tuple(s.domain if isinstance(s, ColourSymbol) else None for s in symbols)
    parsed = None
    if declaration.expression is not None:
        parsed = parse_type_spec(declaration.expression, declaration.expression.span, quiet, declaration.expression.exact)
    if isinstance(parsed, syntax.Name):
        return component_domains(parsed.name, opened, problems)
    if not isinstance(parsed, syntax.ProductOf):
        return ()
    domains: list[Domain | None] = []
    for item in parsed.items:
        symbol = opened.scope.lookup(item.name) if isinstance(item, syntax.Name) else None
        if isinstance(symbol, ColourSymbol):
            domains.append(symbol.domain)
            continue
        found = check_domain(item, opened.scope, quiet)
        domains.append(None if found is None else found[0])
    return tuple(domains)
