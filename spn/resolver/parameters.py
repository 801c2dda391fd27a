"""Parameters of a module: their order of dependence, their types and the values that they have by default or from outside."""

from __future__ import annotations

from collections.abc import Mapping

from spn.expressions import syntax, types
from spn.expressions.check import check, check_delay
from spn.expressions.parse import parse_expression
from spn.expressions.scope import BrokenSymbol, ParameterSymbol, Scope
from spn.expressions.tree import Expression
from spn.expressions.types import BOOLEAN, DISTRIBUTION, DURATION, INTEGER, RATE, REAL, Enumeration, Number, Table, Type
from spn.model.types import ParameterDeclaration, Text
from spn.records import dataclass
from spn.resolver.colours import Colours
from spn.resolver.declarations import Parameter
from spn.resolver.scopes import Opened, in_order, names_in, repeated, span_of_name
from spn.text.problems import Problems, nearest

NAMED_TYPES: Mapping[str, Type] = {
    "integer": INTEGER,
    "real": REAL,
    "duration": DURATION,
    "rate": RATE,
    "distribution": DISTRIBUTION,
    "bool": BOOLEAN,
}


@dataclass(slots=True)
class Parameters:
    """Declares the parameters of modules; `overrides` are those of the root that are given from outside."""

    colours: Colours
    overrides: Mapping[str, Text]
    problems: Problems

    def declare(self, opened: Opened) -> None:
        """Parameters in the order of their dependence, with types from their defaults."""
        declared: dict[str, ParameterDeclaration] = dict(opened.model.parameters.items())
        overrides = dict(self.overrides) if not opened.module.name else {}
        for name, text in overrides.items():
            if name not in declared:
                hint = nearest(name, declared) or (f"the parameters are {', '.join(declared)}" if declared else "the model has no parameters")
                self.problems.error("unknown-parameter", f"the model has no parameter '{name}'", text.span, hint)
        parsed = {name: self._parse_default(declaration.default) for name, declaration in declared.items()}
        given = {name: parse_override(text, self.problems) for name, text in overrides.items() if name in declared}
        needs = {name: [n for n in (*names_in(parsed[name]), *names_in(given.get(name))) if n in declared] for name in declared}
        for name, circle in in_order(needs):
            if circle:
                message = f"parameters depend on each other in a circle: {' -> '.join(circle)}"
                self.problems.error("circular-parameters", message, span_of_name(declared, name))
                opened.names[name] = BrokenSymbol()
            else:
                self._parameter(name, declared[name], parsed[name], overrides.get(name), given.get(name), opened)

    def _parse_default(self, default: Text | tuple[Text, ...]) -> tuple[syntax.Syntax, ...] | syntax.Syntax | None:
        if isinstance(default, tuple):
            items = [parse_expression(t, t.span, self.problems, t.exact) for t in default]
            return tuple(item for item in items if item is not None)
        return parse_expression(default, default.span, self.problems, default.exact)

    def _parameter(
        self,
        name: str,
        declaration: ParameterDeclaration,
        default: tuple[syntax.Syntax, ...] | syntax.Syntax | None,
        override: Text | None,
        given: syntax.Syntax | None,
        opened: Opened,
    ) -> None:
        parameter = self._typed(name, declaration, default, opened)
        if parameter is None:
            opened.names[name] = BrokenSymbol()
            return
        value = None if override is None or given is None else self.value(given, parameter.type, opened.scope)
        if override is not None and value is not None:
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
        type_ = expected or (Table(element_type(value)) if isinstance(value, tuple) else value.type)
        if isinstance(value, tuple) and isinstance(type_, Table) and any(item.type != type_.element for item in value):
            value = self.value(default, type_, opened.scope)
            if value is None:
                return None
        limits = [self._limit(text, type_, opened.scope) for text in (declaration.min, declaration.max)]
        return Parameter(name, type_, value, span_of_name(opened.model.parameters, name), limits[0], limits[1], declaration.doc or "")

    def _declared_type(self, name: str, declaration: ParameterDeclaration, opened: Opened) -> Type | None:
        if declaration.choice is not None:
            choices = tuple(str(member) for member in declaration.choice)
            for member in repeated(declaration.choice):
                self.problems.error("declared-twice", f"'{member}' is a choice of '{name}' twice", member.span)
            return self.colours.unique(name, opened, lambda unique: Enumeration(unique, choices))
        text = declaration.type
        if text is None or text in NAMED_TYPES:
            return None if text is None else NAMED_TYPES[text]
        colour = next((c for n, c in opened.model.colours.items() if n == text), None)
        if colour is not None and colour.members is not None:
            members = tuple(str(member) for member in colour.members)
            return self.colours.unique(str(text), opened, lambda unique: Enumeration(unique, members))
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
        return checked_value(parsed, expected, scope, self.problems)


def checked_value(parsed: object, expected: Type | None, scope: Scope, problems: Problems) -> Expression | tuple[Expression, ...] | None:
    """A parameter's value, checked against the type that it must have (None: any that a parameter can have)."""
    if isinstance(parsed, syntax.ListOf):
        parsed = parsed.items
    if isinstance(parsed, tuple):
        if expected is not None and not isinstance(expected, Table):
            span = parsed[0].span if parsed else None
            problems.error("wrong-type", "one value is expected here, not a list", span)
            return None
        element = expected.element if isinstance(expected, Table) else None
        items = [check(item, scope, element, problems) for item in parsed]
        listed = tuple(item for item in items if item is not None)
        return listed if len(listed) == len(items) and are_list_items(listed, problems) else None
    assert isinstance(parsed, syntax.Node)
    node: syntax.Syntax = parsed  # type: ignore[assignment]
    if isinstance(expected, Table):
        problems.error("wrong-type", "a list is expected here", node.span, "write '[a, b]'")
        return None
    if expected == DISTRIBUTION:
        return check_delay(node, scope, problems)
    found = check(node, scope, expected, problems)
    if found is not None and not isinstance(found.type, (Number, types.Boolean, types.Distribution, Enumeration)):
        problems.error("wrong-type", "this cannot be the value of a parameter", node.span)
        return None
    return found


def parse_override(text: Text, problems: Problems) -> syntax.Syntax | None:
    """The value given for a parameter from outside."""
    return parse_expression(text, text.span, problems, text.exact)


def are_list_items(items: tuple[Expression, ...], problems: Problems) -> bool:
    """Whether a list or table can have such items; those that it cannot have are problems."""
    wrong = [item for item in items if not isinstance(item.type, (Number, types.Boolean, Enumeration))]
    for item in wrong:
        what = "a distribution" if isinstance(item.type, types.Distribution) else "such a value"
        problems.error("wrong-type", f"{what} cannot be an item of a list", item.span, "a list holds numbers, truth values or members")
    return not wrong


def element_type(values: tuple[Expression, ...]) -> Type:
    """The type of a list's items: that of the first, real if any number is."""
    if not values:
        return REAL
    first = values[0].type
    for value in values:
        if isinstance(first, Number) and isinstance(value.type, Number):
            dimension = first.dimension or value.type.dimension
            first = Number(first.integer and value.type.integer, dimension)
    return first
