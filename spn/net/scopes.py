"""Scopes of modules: which names a model declares and what they are. Parameters get their types, colours their values, places their shape.

The first half of checking a model: after it every module's scope is complete, so that expressions anywhere can be checked (`spn.net.declare`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TypeVar

from spn.expressions import syntax, types
from spn.expressions.check import check, check_delay, check_domain
from spn.expressions.parse import parse_domain, parse_expression, parse_loop, parse_type_spec
from spn.expressions.scope import ColourSymbol, InstanceSymbol, ModuleSymbol, ParameterSymbol, PlaceSymbol, Scope, Symbol, TableSymbol
from spn.expressions.tree import Domain, Expression, Instances, Range, Values
from spn.expressions.types import BOOLEAN, DISTRIBUTION, DOT, DURATION, INTEGER, RATE, REAL, Enumeration, Number, Product, Record, Table, Type
from spn.model.read import Library
from spn.model.types import ColourDeclaration, Model, Name, ParameterDeclaration, PlaceDeclaration, Text
from spn.net.declarations import Loop, Module, Parameter
from spn.net.types import INDEX
from spn.text.problems import Problems, nearest
from spn.text.source import Span

T = TypeVar("T", Enumeration, Product, Record)

NAMED_TYPES: Mapping[str, Type] = {
    "integer": INTEGER,
    "real": REAL,
    "duration": DURATION,
    "rate": RATE,
    "distribution": DISTRIBUTION,
    "bool": BOOLEAN,
}
FIELD_TYPES: Mapping[str, Type] = {"time": DURATION, "real": REAL, "int": INTEGER, "bool": BOOLEAN}


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


def parse_list(texts: tuple[Text, ...], scope: Scope, problems: Problems) -> tuple[tuple[Loop, ...], Scope]:
    """Loops ``s in section`` in order, each variable being known to those after it; and the scope with all of them."""
    loops: list[Loop] = []
    for text in texts:
        parsed = parse_loop(text, text.span, problems, text.exact)
        if parsed is None:
            continue
        loop = checked_loop(parsed, scope, problems)
        if loop is None:
            continue
        loops.append(loop)
        scope = scope.with_variable(loop.variable, loop.type)
    return tuple(loops), scope


def checked_loop(parsed: syntax.Loop, scope: Scope, problems: Problems) -> Loop | None:
    """A loop of a ``for`` key or an arc: over a range or a finite colour."""
    found = check_domain(parsed.domain, scope, problems)
    if found is None:
        return None
    domain, type_ = found
    if isinstance(domain, Instances):
        message = f"'{domain.module}' is a module; only sum, all, any, min, max and count run over instances"
        problems.error("wrong-domain", message, parsed.domain.span)
        return None
    if scope.lookup(parsed.variable) is not None:
        message = f"the variable '{parsed.variable}' hides something of the same name"
        problems.error("declared-twice", message, parsed.span, "choose another name for the variable")
        return None
    return Loop(parsed.variable, type_, domain, parsed.span)


@dataclass(slots=True)
class Opener:
    """Opens all modules of a library and declares their names."""

    library: Library
    problems: Problems
    overrides: Mapping[str, Text]
    opened: dict[str, Opened] = field(default_factory=dict)
    _keys: dict[int, str] = field(default_factory=dict)
    _colours: dict[str, Type] = field(default_factory=dict)

    def run(self) -> dict[str, Opened]:
        self._open(self.library.model, "")
        for opened in list(self.opened.values()):
            self._parameters(opened)
        for opened in self.opened.values():
            self._colours_of(opened)
            self._tables(opened)
            self._shapes(opened)
        return self.opened

    def _open(self, model: Model, wished: str) -> str:
        """Register a model and those it uses, each once; the key of it."""
        known = self._keys.get(id(model))
        if known is not None:
            return known
        key = wished
        number = 2
        while key in self.opened:
            key = f"{wished}__{number}"
            number += 1
        self._keys[id(model)] = key
        names: dict[str, Symbol] = {}
        opened = self.opened[key] = Opened(model, Module(key), names, Scope(names))
        for name, entry in model.modules.items():
            used = self._open(self.library.of(entry), str(name))
            opened.uses[name] = used
            names[name] = ModuleSymbol(used, self.opened[used].scope)
        return key

    # parameters

    def _parameters(self, opened: Opened) -> None:
        """Parameters in the order of their dependence, with types from their defaults."""
        declared: dict[str, ParameterDeclaration] = {**opened.model.parameters}
        overrides = dict(self.overrides) if not opened.module.name else {}
        for name, text in overrides.items():
            if name not in declared:
                hint = nearest(name, declared) or (f"the parameters are {', '.join(declared)}" if declared else "the model has no parameters")
                self.problems.error("unknown-parameter", f"the model has no parameter '{name}'", text.span, hint)
        parsed: dict[str, tuple[syntax.Syntax, ...] | syntax.Syntax | None] = {}
        for name, declaration in declared.items():
            parsed[name] = self._parse_default(declaration.default)
        done: set[str] = set()
        for name in declared:
            self._parameter(name, declared, parsed, overrides, opened, done, [])

    def _parse_default(self, default: Text | tuple[Text, ...]) -> tuple[syntax.Syntax, ...] | syntax.Syntax | None:
        if isinstance(default, tuple):
            items = [parse_expression(t, t.span, self.problems, t.exact) for t in default]
            return tuple(item for item in items if item is not None)
        return parse_expression(default, default.span, self.problems, default.exact)

    def _parameter(
        self,
        name: str,
        declared: Mapping[str, ParameterDeclaration],
        parsed: Mapping[str, tuple[syntax.Syntax, ...] | syntax.Syntax | None],
        overrides: Mapping[str, Text],
        opened: Opened,
        done: set[str],
        path: list[str],
    ) -> None:
        if name in done:
            return
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            self.problems.error("circular-parameters", f"parameters depend on each other in a circle: {circle}", span_of_name(declared, name))
            done.add(name)
            return
        override = overrides.get(name)
        default = parsed[name]
        given = parse_override(override, self.problems) if override is not None else default
        for needed in [*names_in(default), *names_in(given)]:
            if needed in declared:
                self._parameter(needed, declared, parsed, overrides, opened, done, [*path, name])
        if name in done:
            return
        done.add(name)
        parameter = self._typed(name, declared[name], default, opened)
        if parameter is None:
            return
        if override is not None and given is not None:
            value = self.value(given, parameter.type, opened.scope)
            if value is None:
                return
            parameter = Parameter(name, parameter.type, value, override.span, parameter.low, parameter.high, parameter.doc)
        opened.module.parameters[name] = parameter
        opened.module.order.append(name)
        opened.names[name] = ParameterSymbol(parameter.type)

    def _typed(self, name: str, declaration: ParameterDeclaration, default: object, opened: Opened) -> Parameter | None:
        """A parameter with the type that its declaration or its default gives."""
        if default is None:
            return None
        expected = self._declared_type(name, declaration, opened)
        value = self.value(default, expected, opened.scope)
        if value is None:
            return None
        type_ = expected or (Table(_element_type(value)) if isinstance(value, tuple) else value.type)
        if isinstance(value, tuple) and isinstance(type_, Table) and any(item.type != type_.element for item in value):
            value = self.value(default, type_, opened.scope)
            if value is None:
                return None
        limits = [self._limit(text, type_, opened.scope) for text in (declaration.min, declaration.max)]
        return Parameter(name, type_, value, span_of_name(opened.model.parameters, name), limits[0], limits[1], declaration.doc or "")

    def _declared_type(self, name: str, declaration: ParameterDeclaration, opened: Opened) -> Type | None:
        if declaration.choice is not None:
            return Enumeration(name, tuple(str(member) for member in declaration.choice))
        text = declaration.type
        if text is None or text in NAMED_TYPES:
            return None if text is None else NAMED_TYPES[text]
        colour = next((c for n, c in opened.model.colours.items() if n == text), None)
        if colour is not None and colour.members is not None:
            members = tuple(str(member) for member in colour.members)
            return self._unique(str(text), opened, lambda unique: Enumeration(unique, members))
        known = [*NAMED_TYPES, *(str(n) for n, c in opened.model.colours.items() if c.members is not None)]
        hint = nearest(text, known) or f"it is one of {', '.join(known)}"
        self.problems.error("unknown-type", f"'{text}' is not a type of parameters", text.span, hint)
        return None

    def _limit(self, text: Text | None, type_: Type, scope: Scope) -> Expression | None:
        if text is None:
            return None
        parsed = parse_expression(text, text.span, self.problems, text.exact)
        if parsed is None:
            return None
        if not isinstance(type_, Number):
            self.problems.error("wrong-type", "only numbers have a least or greatest value", text.span)
            return None
        return check(parsed, scope, type_, self.problems)

    def value(self, parsed: object, expected: Type | None, scope: Scope) -> Expression | tuple[Expression, ...] | None:
        """A parameter's value, checked against the type that it must have (None: any that a parameter can have)."""
        if isinstance(parsed, syntax.ListOf):
            parsed = parsed.items
        if isinstance(parsed, tuple):
            if expected is not None and not isinstance(expected, Table):
                span = parsed[0].span if parsed else None
                self.problems.error("wrong-type", "one value is expected here, not a list", span)
                return None
            element = expected.element if isinstance(expected, Table) else None
            items = [check(item, scope, element, self.problems) for item in parsed]
            return tuple(item for item in items if item is not None) if all(item is not None for item in items) else None
        assert isinstance(parsed, syntax.Node)
        node: syntax.Syntax = parsed  # type: ignore[assignment]
        if isinstance(expected, Table):
            self.problems.error("wrong-type", "a list is expected here", node.span, "write '[a, b]'")
            return None
        if expected == DISTRIBUTION:
            return check_delay(node, scope, self.problems)
        found = check(node, scope, expected, self.problems)
        if found is not None and not isinstance(found.type, (Number, types.Boolean, types.Distribution, Enumeration)):
            self.problems.error("wrong-type", "this cannot be the value of a parameter", node.span)
            return None
        return found

    # colours

    def _colours_of(self, opened: Opened) -> None:
        declared: dict[str, ColourDeclaration] = {**opened.model.colours}
        done: set[str] = set()
        for name in declared:
            self._colour(name, declared, opened, done, [])

    def _colour(self, name: str, declared: Mapping[str, ColourDeclaration], opened: Opened, done: set[str], path: list[str]) -> None:
        if name in done:
            return
        if name in path:
            self.problems.error("circular-colours", f"colour '{name}' is made of itself", span_of_name(declared, name))
            done.add(name)
            return
        declaration = declared[name]
        parsed: syntax.Name | syntax.RangeOf | syntax.ProductOf | None = None
        needed: list[str] = []
        if declaration.expression is not None:
            text = declaration.expression
            parsed = parse_type_spec(text, text.span, self.problems, text.exact)
            needed = list(names_in(parsed))
        elif declaration.fields is not None:
            needed = [str(text) for text in declaration.fields.values()]
        for other in needed:
            if other in declared:
                self._colour(other, declared, opened, done, [*path, name])
        if name in done:
            return
        done.add(name)
        symbol = self._symbol(name, declaration, parsed, opened)
        if symbol is not None:
            opened.names[name] = symbol
            opened.module.colours[name] = symbol.type

    def _symbol(
        self, name: str, declaration: ColourDeclaration, parsed: syntax.Name | syntax.RangeOf | syntax.ProductOf | None, opened: Opened
    ) -> ColourSymbol | None:
        if declaration.members is not None:
            members = tuple(str(member) for member in declaration.members)
            for member in declaration.members:
                if members.count(member) > 1:
                    self.problems.error("declared-twice", f"'{member}' is a member of '{name}' twice", member.span)
            enumeration = self._unique(name, opened, lambda unique: Enumeration(unique, members))
            return ColourSymbol(enumeration, Values(enumeration))
        if declaration.fields is not None:
            return self._record(name, declaration.fields, opened)
        if isinstance(parsed, syntax.ProductOf):
            parts = [self._component(item, opened) for item in parsed.items]
            found = tuple(part for part in parts if part is not None)
            if len(found) < len(parts):
                return None
            return ColourSymbol(self._unique(name, opened, lambda unique: Product(unique, found)), None)
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
        return ColourSymbol(self._unique(name, opened, lambda unique: Record(unique, tuple(found))), None) if len(found) == len(declared) else None

    def _unique(self, name: str, opened: Opened, make: Callable[[str], T]) -> T:
        """A type under its own name, or under one with its module's name before it where another module's type has that."""
        made = make(name)
        if self._colours.setdefault(name, made) != made:
            made = make(f"{opened.module.name}__{name}")
            self._colours.setdefault(f"{opened.module.name}__{name}", made)
        return made

    # shapes

    def _tables(self, opened: Opened) -> None:
        for name, table in opened.model.tables.items():
            element = None if table.type is None else self._table_type(table.type, opened)
            plain = _plain_numbers(table.values)
            if plain is not None and (element is None or isinstance(element, Number)):
                kind = element or (INTEGER if all(isinstance(value, int) for value in plain) else REAL)
                opened.module.tables[name] = (Table(kind), plain)
                opened.names[name] = TableSymbol(kind)
                continue
            parsed = [parse_expression(text, text.span, self.problems, text.exact) for text in table.values]
            checked = [None if p is None else check(p, opened.scope, element, self.problems) for p in parsed]
            values = tuple(value for value in checked if value is not None)
            element = element or _element_type(values)
            opened.module.tables[name] = (Table(element), values)
            opened.names[name] = TableSymbol(element)

    def _table_type(self, text: Text, opened: Opened) -> Type | None:
        symbol = opened.scope.lookup(text)
        if isinstance(symbol, ColourSymbol) and isinstance(symbol.type, Enumeration):
            return symbol.type
        if text not in NAMED_TYPES or NAMED_TYPES[text] == DISTRIBUTION:
            self.problems.error("unknown-type", f"'{text}' is not a type of tables", text.span, nearest(text, NAMED_TYPES))
            return None
        return NAMED_TYPES[text]

    def _shapes(self, opened: Opened) -> None:
        """Places and instances: the types of their indices, and the colour of places."""
        for name, declaration in (*opened.model.places.items(), *opened.model.ports.items()):
            opened.dims[name] = self._dims(name, declaration, opened)
            colour = self._colour_of(declaration, opened)
            opened.names[name] = PlaceSymbol(tuple(dim.type for dim in opened.dims[name]), colour)
        for name, instance in opened.model.instances.items():
            used = opened.uses.get(instance.module)
            if used is None:
                hint = nearest(instance.module, opened.uses) or "declare it under 'modules'"
                self.problems.error("unknown-module", f"there is no module '{instance.module}'", instance.module.span, hint)
                continue
            loops, _ = parse_list(instance.loops, opened.scope, self.problems)
            opened.instance_loops[name] = loops
            opened.names[name] = InstanceSymbol(used, tuple(loop.type for loop in loops), self.opened[used].scope)

    def _dims(self, name: str, declaration: PlaceDeclaration, opened: Opened) -> tuple[Loop, ...]:
        """What a place is an array over. An index without a name is called `i`, if it is the only one."""
        dims: list[Loop] = []
        for position, text in enumerate(declaration.over):
            if " in " in text:
                parsed = parse_loop(text, text.span, self.problems, text.exact)
                loop = None if parsed is None else checked_loop(parsed, opened.scope, self.problems)
            else:
                domain = parse_domain(text, text.span, self.problems, text.exact)
                found = None if domain is None else check_domain(domain, opened.scope, self.problems)
                variable = INDEX if len(declaration.over) == 1 else f":{position}"
                loop = None if found is None else Loop(variable, found[1], found[0], text.span)
            if loop is not None and isinstance(loop.domain, (Range, Values)):
                dims.append(loop)
            elif loop is not None:
                self.problems.error("wrong-domain", f"'{name}' cannot be an array over this", text.span)
        return tuple(dims)

    def _colour_of(self, declaration: PlaceDeclaration, opened: Opened) -> Type:
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


def parse_override(text: Text, problems: Problems) -> syntax.Syntax | None:
    """The value given for a parameter from outside."""
    return parse_expression(text, text.span, problems, text.exact)


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


def _plain_numbers(texts: tuple[Text, ...]) -> tuple[int | float, ...] | None:
    """The values of a table of numbers as YAML has read them; a resolved net's may have a hundred thousand. None if any is an expression."""
    values = [text.value for text in texts]
    if not all(type(value) in (int, float) for value in values):
        return None
    return tuple(value for value in values if isinstance(value, int | float))


def _element_type(values: tuple[Expression, ...]) -> Type:
    """The type of a list's items: that of the first, real if any number is."""
    if not values:
        return REAL
    first = values[0].type
    for value in values:
        if isinstance(first, Number) and isinstance(value.type, Number):
            dimension = first.dimension or value.type.dimension
            first = Number(first.integer and value.type.integer, dimension)
    return first
