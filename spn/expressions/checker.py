"""The checker: one method for each kind of syntax. Operators, functions, distributions and tokens have modules of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal, cast

from spn.expressions import arithmetic, delays, suggestions, syntax, tokens
from spn.expressions.fitting import describe, fit
from spn.expressions.functions import FUNCTIONS, check_function
from spn.expressions.pratt import REDUCTIONS
from spn.expressions.scope import (
    BrokenSymbol,
    ColourSymbol,
    InstanceSymbol,
    ModuleSymbol,
    ParameterSymbol,
    PlaceSymbol,
    Scope,
    Symbol,
    TableSymbol,
    VariableSymbol,
)
from spn.expressions.tree import (
    Binary,
    BinaryOperator,
    Constant,
    Domain,
    Expression,
    Field,
    IfElse,
    Instances,
    Lookup,
    Make,
    Now,
    Parameter,
    Range,
    Reduce,
    Step,
    Unary,
    Values,
    Variable,
)
from spn.expressions.types import (
    BOOLEAN,
    DOT,
    DURATION,
    INTEGER,
    Distribution,
    Enumeration,
    InstanceOf,
    Number,
    Product,
    Table,
    Type,
)
from spn.expressions.units import UNITS, in_seconds
from spn.text.problems import Problems, nearest

Reduction = Literal["sum", "all", "any", "min", "max", "count"]

MOST_INDICES = 4
"""The most indices of places, instances and tables inside of each other."""


class Checker:
    """Turns syntax into typed trees in a scope; loops change the scope for as long as their bodies are checked."""

    def __init__(self, scope: Scope, problems: Problems) -> None:
        self.scope = scope
        self.problems = problems
        self._indices = 0

    def check_index(self, node: syntax.Syntax, type: Type) -> Expression | None:
        """An index. What an index decides stands several times in the net, so that indices inside of indices multiply."""
        if self._indices == MOST_INDICES:
            self.error("too-complex", f"indices inside of indices, more than {MOST_INDICES} deep", node, "count with another place")
            return None
        self._indices += 1
        found = self.check_as(node, type)
        self._indices -= 1
        return found

    def error(self, code: str, message: str, node: syntax.Node, hint: str | None = None) -> None:
        self.problems.error(code, message, node.span, hint)

    def is_unit(self, name: str) -> bool:
        return name in UNITS and self.scope.lookup(name) is None

    def check(self, node: syntax.Syntax, hint: Type | None = None) -> Expression | None:
        """The typed tree. `hint` is the type of what it is compared with; it only decides what a member's name means."""
        return self._RULES[type(node)](self, node, hint)

    def check_as(self, node: syntax.Syntax, expected: Type) -> Expression | None:
        """The typed tree where `expected` is wanted; each branch of a choice must fit by itself."""
        if isinstance(node, syntax.IfElse):
            return self._choice_as(node, expected)
        found = self._RULES[type(node)](self, node, expected)
        if found is None:
            return None
        if isinstance(expected, Distribution) and isinstance(found.type, Number):
            duration = fit(found, DURATION, self.problems)
            return None if duration is None else delays.deterministic(duration)
        return fit(found, expected, self.problems)

    def _choice_as(self, node: syntax.IfElse, expected: Type) -> Expression | None:
        condition = self.check_as(node.condition, BOOLEAN)
        then, otherwise = self.check_as(node.then, expected), self.check_as(node.otherwise, expected)
        if condition is None or then is None or otherwise is None:
            return None
        both_integer = then.type == otherwise.type == INTEGER
        return IfElse(INTEGER if both_integer else expected, condition, then, otherwise, span=node.span)

    # Leaves

    def _number(self, node: syntax.Number, hint: Type | None) -> Expression | None:
        return arithmetic.literal(self, node)

    def _truth(self, node: syntax.Truth, hint: Type | None) -> Expression | None:
        return Constant(BOOLEAN, node.value, span=node.span)

    def _now(self, node: syntax.Now, hint: Type | None) -> Expression | None:
        return Now(DURATION, span=node.span)

    def _wildcard(self, node: syntax.Wildcard, hint: Type | None) -> Expression | None:
        self.error("syntax", "'_' stands only for a component of a token", node)
        return None

    def _list(self, node: syntax.ListOf, hint: Type | None) -> Expression | None:
        self.error("wrong-type", "a list stands only where a distribution or a parameter takes one", node)
        return None

    def _tuple(self, node: syntax.TupleOf, hint: Type | None) -> Expression | None:
        if not node.items:
            return Constant(DOT, (), span=node.span)
        if not isinstance(hint, Product):
            self.error("wrong-type", "a tuple stands only where a value of a product colour is expected", node)
            return None
        if len(hint.components) != len(node.items):
            message = f"a value of '{hint.name}' has {len(hint.components)} components; {len(node.items)} are given"
            self.error("wrong-arguments", message, node)
            return None
        items = [self.check_as(item, type) for item, type in zip(node.items, hint.components, strict=True)]
        found = tuple(item for item in items if item is not None)
        return Make(hint, found, span=node.span) if len(found) == len(items) else None

    # Names

    def _name(self, node: syntax.Name, hint: Type | None) -> Expression | None:
        symbol = self.scope.lookup(node.name)
        if isinstance(hint, Enumeration) and node.name in hint.members and _type_of(symbol) != hint:
            return Constant(hint, hint.members.index(node.name), span=node.span)
        return self._free_name(node) if symbol is None else self._symbol(node, symbol)

    def _free_name(self, node: syntax.Name) -> Expression | None:
        """A name that the scope does not have: a unit, a member of an enumeration, or a mistake."""
        if node.name in UNITS:
            return Constant(DURATION, in_seconds(1, node.name), span=node.span)
        owners = self.scope.enumerations_with(node.name)
        if len(owners) == 1:
            return Constant(owners[0], owners[0].members.index(node.name), span=node.span)
        if owners:
            names = " or ".join(f"'{owner.name}.{node.name}'" for owner in owners)
            self.error("ambiguous-name", f"'{node.name}' is a value of several colours", node, f"write {names}")
            return None
        if (other := self.scope.other(node.name)) is not None:
            self.error("wrong-type", f"'{node.name}' is a {other}, not a value", node, suggestions.OTHERS[other])
            return None
        self.error("unknown-name", f"there is no '{node.name}' here", node, self._suggest(node.name))
        return None

    def _suggest(self, name: str) -> str | None:
        if known := suggestions.of_name(name):
            return known
        if name in FUNCTIONS or name in REDUCTIONS:
            return f"'{name}' is a function: write its arguments in parentheses"
        return nearest(name, self.scope.all_names())

    def _symbol(self, node: syntax.Name, symbol: Symbol) -> Expression | None:
        match symbol:
            case VariableSymbol(type=InstanceOf()) | InstanceSymbol():
                self.error("wrong-type", f"'{node.name}' is an instance, not a value", node, f"read one of its places: '{node.name}.place'")
            case VariableSymbol():
                return Variable(symbol.type, node.name, span=node.span)
            case ParameterSymbol():
                return Parameter(symbol.type, node.name, span=node.span)
            case PlaceSymbol():
                return tokens.check_read(self, (), node.name, symbol, (), node)
            case TableSymbol():
                self.error("wrong-type", f"'{node.name}' is a table", node, f"take one element: '{node.name}[0]'")
            case ColourSymbol():
                self.error("wrong-type", f"'{node.name}' is a colour, not a value", node, f"run over it: 'sum(f(x) for x in {node.name})'")
            case ModuleSymbol():
                self.error(
                    "wrong-type", f"'{node.name}' is a module, not a value", node, f"run over its instances: 'all(x.place == 1 for x in {node.name})'"
                )
        return None

    def _attribute(self, node: syntax.Attribute, hint: Type | None) -> Expression | None:
        if isinstance(node.base, syntax.Name) and not isinstance(self.scope.lookup(node.base.name), VariableSymbol):
            colour = self.scope.lookup(node.base.name)
            if isinstance(colour, ColourSymbol | ParameterSymbol) and isinstance(colour.type, Enumeration):
                return self._member(node, colour.type)
        if self._is_path(node.base):
            return self._place_by_path(node, (), node)
        base = self.check(node.base)
        if base is None:
            return None
        index = tokens.component_named(base.type, node.name)
        parts = tokens.components(base.type)
        if index is None or parts is None:
            known = [name for name, _ in parts or ()]
            hint_text = nearest(node.name, known) or (f"it has {', '.join(known)}" if known else None)
            self.error("unknown-name", f"{describe(base.type)} has no '{node.name}'", node, hint_text)
            return None
        return Field(parts[index][1], base, node.name, index, span=node.span)

    def _member(self, node: syntax.Attribute, colour: Enumeration) -> Expression | None:
        if node.name not in colour.members:
            self.error("unknown-name", f"'{colour.name}' has no '{node.name}'", node, nearest(node.name, colour.members))
            return None
        return Constant(colour, colour.members.index(node.name), span=node.span)

    # Paths through instances

    def _is_path(self, node: syntax.Syntax) -> bool:
        """Whether a dotted name starts at an instance."""
        while isinstance(node, syntax.Attribute | syntax.Call):
            node = node.base if isinstance(node, syntax.Attribute) else node.callee
        symbol = self.scope.lookup(node.name) if isinstance(node, syntax.Name) else None
        return isinstance(symbol, InstanceSymbol) or (isinstance(symbol, VariableSymbol) and isinstance(symbol.type, InstanceOf))

    def _place_by_path(self, node: syntax.Attribute, arguments: tuple[syntax.Argument, ...], whole: syntax.Node) -> Expression | None:
        found = self.path(node.base)
        if found is None:
            return None
        steps, scope = found
        symbol = scope.names.get(node.name)
        if isinstance(symbol, PlaceSymbol):
            return tokens.check_read(self, steps, node.name, symbol, arguments, whole)
        shown = syntax.path_of(node.base)
        if symbol is None:
            places = [name for name, known in scope.names.items() if isinstance(known, PlaceSymbol)]
            self.error("unknown-name", f"'{shown}' has no place '{node.name}'", node, nearest(node.name, places))
        else:
            self.error("wrong-type", f"'{node.name}' of '{shown}' is no place", node, "only places of an instance can be read")
        return None

    def path(self, node: syntax.Syntax) -> tuple[tuple[Step, ...], Scope] | None:
        """Steps through instances, and the scope that they lead to: ``worker(w)``, ``a.b(1)``."""
        arguments: tuple[syntax.Argument, ...] = ()
        inner = node
        if isinstance(node, syntax.Call):
            arguments, inner = node.arguments, node.callee
        if isinstance(inner, syntax.Attribute):
            before = self.path(inner.base)
            if before is None:
                return None
            steps, scope = before
            name, symbol = inner.name, scope.names.get(inner.name)
        elif isinstance(inner, syntax.Name):
            steps, name, symbol = (), inner.name, self.scope.lookup(inner.name)
        else:
            self.error("syntax", "this is no path", node)
            return None
        return self._step(node, steps, name, symbol, arguments)

    def _step(
        self, node: syntax.Syntax, before: tuple[Step, ...], name: str, symbol: Symbol | None, arguments: tuple[syntax.Argument, ...]
    ) -> tuple[tuple[Step, ...], Scope] | None:
        if isinstance(symbol, VariableSymbol) and isinstance(symbol.type, InstanceOf) and not arguments and not before:
            module = self.scope.lookup(symbol.type.module)
            inside = symbol.scope or (module.scope if isinstance(module, ModuleSymbol) else Scope())
            return (Step(name, (), is_variable=True),), inside
        if not isinstance(symbol, InstanceSymbol):
            self.error("unknown-name", f"there is no instance '{name}' here", node, nearest(name, self.scope.all_names()))
            return None
        if arguments and len(arguments) != len(symbol.dims):
            expected = f"takes {len(symbol.dims)} index{'es' if len(symbol.dims) != 1 else ''}" if symbol.dims else "is no array"
            self.error("wrong-arguments", f"instance '{name}' {expected}", node)
            return None
        indices = [self.check_index(a.value, type) for a, type in zip(arguments, symbol.dims, strict=False)]
        found = tuple(index for index in indices if index is not None)
        return ((*before, Step(name, found)), symbol.scope) if len(found) == len(indices) else None

    # Calls

    def _call(self, node: syntax.Call, hint: Type | None) -> Expression | None:
        callee = node.callee
        if isinstance(callee, syntax.Attribute) and self._is_path(callee.base):
            return self._place_by_path(callee, node.arguments, node)
        if not isinstance(callee, syntax.Name):
            what = f"'{callee.name}' is an attribute, not a function" if isinstance(callee, syntax.Attribute) else "this cannot be called"
            self.error("wrong-type", what, node, "values have no methods")
            return None
        symbol = self.scope.lookup(callee.name)
        if isinstance(symbol, BrokenSymbol):
            return None
        if isinstance(symbol, PlaceSymbol):
            return tokens.check_read(self, (), callee.name, symbol, node.arguments, node)
        if isinstance(symbol, ColourSymbol):
            return tokens.check_value(self, node.arguments, symbol.type, node)
        if callee.name in FUNCTIONS:
            return check_function(self, callee.name, node)
        return self._other_call(node, callee, symbol)

    def _other_call(self, node: syntax.Call, callee: syntax.Name, symbol: Symbol | None) -> Expression | None:
        if callee.name in REDUCTIONS:
            hint = f"over an index: '{callee.name}(f(s) for s in section)'"
            self.error("wrong-arguments", f"{callee.name} runs over an index", node, hint)
            return None
        families = delays.families()
        if callee.name in families:
            return delays.check_call(self, node, families[callee.name])
        if symbol is not None:
            hint_text = f"write '{callee.name}[...]'" if isinstance(symbol, TableSymbol) or isinstance(_type_of(symbol), Table) else None
            self.error("wrong-type", f"'{callee.name}' cannot be called: it is no place and no function", node, hint_text)
        else:
            known = [*self.scope.all_names(), *FUNCTIONS, *REDUCTIONS, *families]
            other = suggestions.of_call(callee.name) or nearest(callee.name, known)
            self.error("unknown-name", f"there is no place, function or distribution '{callee.name}'", callee, other)
        for argument in node.arguments:
            if not isinstance(argument.value, syntax.Wildcard | syntax.ListOf):
                self.check(argument.value)
        return None

    def _index(self, node: syntax.Index, hint: Type | None) -> Expression | None:
        index = self.check_index(node.index, INTEGER)
        symbol = self.scope.lookup(node.base.name) if isinstance(node.base, syntax.Name) else None
        type = _type_of(symbol)
        if isinstance(symbol, TableSymbol) and type is not None:
            element = type
        elif isinstance(type, Table):
            element = type.element
        else:
            message = "only tables and list-valued parameters have elements"
            unknown = isinstance(node.base, syntax.Name) and symbol is None
            self.error("unknown-name" if unknown else "wrong-type", message, node.base, self._suggest(node.base.name) if unknown else None)  # type: ignore[union-attr]
            return None
        return None if index is None else Lookup(element, cast(syntax.Name, node.base).name, index, span=node.span)

    # Operators

    def _unary(self, node: syntax.Unary, hint: Type | None) -> Expression | None:
        if node.operator == "-" and isinstance(node.operand, syntax.Number):
            constant = arithmetic.literal(self, node.operand, negative=True)
            return None if constant is None else Constant(constant.type, constant.value, span=node.span)
        if node.operator == "not":
            operand = self.check_as(node.operand, BOOLEAN)
            return None if operand is None else Unary(BOOLEAN, "not", operand, span=node.span)
        operand = self.check(node.operand)
        if operand is None:
            return None
        if not isinstance(operand.type, Number):
            self.error("wrong-type", f"'-' needs a number, not {describe(operand.type)}", node)
            return None
        return Unary(operand.type, "-", operand, span=node.span)

    def _warn_of_hidden_unit(self, node: syntax.Binary) -> None:
        """``1 / s`` where `s` is a variable of the model: it is read as written, but was it meant?"""
        number, name = node.left, node.right
        if node.operator == "/" and isinstance(number, syntax.Number) and number.unit is None and isinstance(name, syntax.Name):
            if name.name in UNITS and isinstance(self.scope.lookup(name.name), VariableSymbol | ParameterSymbol | PlaceSymbol):
                message = f"'{name.name}' is the model's own name here, which hides the unit"
                self.problems.warning("hidden-unit", message, name.span, f"for the unit write '{number.value} / (1 {name.name})'")

    def _binary(self, node: syntax.Binary, hint: Type | None) -> Expression | None:
        self._warn_of_hidden_unit(node)
        if node.operator in ("and", "or"):
            left, right = self.check_as(node.left, BOOLEAN), self.check_as(node.right, BOOLEAN)
            if left is None or right is None:
                return None
            return Binary(BOOLEAN, cast(BinaryOperator, node.operator), left, right, span=node.span)
        if (constant := arithmetic.scaled_literal(self, node)) is not None:
            return constant
        left, right = self.check(node.left), self.check(node.right)
        return None if left is None or right is None else arithmetic.arithmetic(self, node, left, right)

    def _compare(self, node: syntax.Compare, hint: Type | None) -> Expression | None:
        operands = self._operands(node.operands)
        if any(operand is None for operand in operands):
            return None
        found = [operand for operand in operands if operand is not None]
        links = [arithmetic.comparison(self, node, operator, found[k], found[k + 1]) for k, operator in enumerate(node.operators)]
        checked = [link for link in links if link is not None]
        return _conjunction(checked, node) if len(checked) == len(links) else None

    def _operands(self, nodes: tuple[syntax.Syntax, ...]) -> list[Expression | None]:
        """What is compared. Names and tuples come last, since what they mean may follow from the type of the others."""
        found: dict[int, Expression | None] = {}
        late = [k for k, node in enumerate(nodes) if isinstance(node, syntax.Name | syntax.TupleOf)]
        for k, node in enumerate(nodes):
            if k not in late:
                found[k] = self.check(node)
        types = [e.type for e in found.values() if e is not None]
        types += [t for k in late if isinstance(node := nodes[k], syntax.Name) and (t := _type_of(self.scope.lookup(node.name))) is not None]
        hint = next((type for type in types if isinstance(type, Enumeration | Product)), None)
        for k in late:
            found[k] = self.check(nodes[k], hint)
        return [found[k] for k in range(len(nodes))]

    def _choice(self, node: syntax.IfElse, hint: Type | None) -> Expression | None:
        condition = self.check_as(node.condition, BOOLEAN)
        then, otherwise = self.check(node.then, hint), self.check(node.otherwise, hint)
        if condition is None or then is None or otherwise is None:
            return None
        common = arithmetic.common_type(self, node, then, otherwise)
        return None if common is None else IfElse(common[2], condition, common[0], common[1], span=node.span)

    # Loops

    def _comprehension(self, node: syntax.Comprehension, hint: Type | None) -> Expression | None:
        domain = self.domain(node.loop.domain)
        if domain is None:
            return None
        outer = self.scope
        inner = outer.child({node.loop.variable: VariableSymbol(domain[1], self._instance_scope(domain[1]))})
        self.scope = inner
        body = self.check_as(node.body, BOOLEAN) if node.operator in ("all", "any", "count") else self._numeric_body(node)
        condition = None if node.condition is None else self.check_as(node.condition, BOOLEAN)
        self.scope = outer
        if body is None or (condition is None and node.condition is not None):
            return None
        type = INTEGER if node.operator == "count" else body.type
        operator = cast(Reduction, node.operator)
        return Reduce(type, operator, node.loop.variable, domain[0], body, condition, span=node.span)

    def _numeric_body(self, node: syntax.Comprehension) -> Expression | None:
        body = self.check(node.body)
        if body is not None and not isinstance(body.type, Number):
            hint = "use count(... for ...)" if body.type == BOOLEAN else None
            self.error("wrong-type", f"{node.operator} needs numbers, not {describe(body.type)}", node.body, hint)
            return None
        return body

    def _instance_scope(self, type: Type) -> Scope | None:
        symbol = self.scope.lookup(type.module) if isinstance(type, InstanceOf) else None
        return symbol.scope if isinstance(symbol, ModuleSymbol) else None

    def domain(self, node: syntax.Name | syntax.RangeOf) -> tuple[Domain, Type] | None:
        """What an index runs over, and the index's type."""
        if isinstance(node, syntax.RangeOf):
            start, stop = self.check_as(node.start, INTEGER), self.check_as(node.stop, INTEGER)
            return None if start is None or stop is None else (Range(start, stop), INTEGER)
        symbol = self.scope.lookup(node.name)
        if isinstance(symbol, BrokenSymbol):
            return None
        if isinstance(symbol, ModuleSymbol):
            return Instances(symbol.name), InstanceOf(node.name)  # its own name, and what it is called here
        if isinstance(symbol, ColourSymbol) and symbol.domain is not None:
            return symbol.domain, symbol.type
        if symbol is None and node.name == "bool":
            return Values(BOOLEAN), BOOLEAN
        if isinstance(symbol, ColourSymbol):
            if isinstance(symbol.type, Product):
                hint = "run over its components: 'for: [s in section, k in kind]'"
                self.error("wrong-type", f"'{node.name}' is a product, and an index has one component", node, hint)
            else:
                self.error("wrong-type", f"colour '{node.name}' is not finite", node)
        elif isinstance(symbol, InstanceSymbol):
            self.error("wrong-type", f"'{node.name}' is an instance", node, f"run over its index, or over all instances of '{symbol.module}'")
        elif symbol is not None:
            self.error("wrong-type", f"'{node.name}' is no colour, range or module", node, f"a range is written '1..{node.name}'")
        else:
            domains = [name for name in self.scope.all_names() if isinstance(self.scope.lookup(name), ColourSymbol | ModuleSymbol)]
            self.error("unknown-name", f"there is no colour or module '{node.name}'", node, nearest(node.name, domains))
        return None

    _RULES: ClassVar[dict[type, Callable[..., Expression | None]]] = {
        syntax.Number: _number,
        syntax.Truth: _truth,
        syntax.Now: _now,
        syntax.Wildcard: _wildcard,
        syntax.ListOf: _list,
        syntax.TupleOf: _tuple,
        syntax.Name: _name,
        syntax.Attribute: _attribute,
        syntax.Call: _call,
        syntax.Index: _index,
        syntax.Unary: _unary,
        syntax.Binary: _binary,
        syntax.Compare: _compare,
        syntax.IfElse: _choice,
        syntax.Comprehension: _comprehension,
    }


def _type_of(symbol: Symbol | None) -> Type | None:
    """The type of the value that a symbol stands for."""
    if isinstance(symbol, PlaceSymbol):
        return INTEGER
    return symbol.type if isinstance(symbol, VariableSymbol | ParameterSymbol | TableSymbol) else None


def _conjunction(links: list[Expression], node: syntax.Compare) -> Expression:
    """Links of a chain of comparisons, joined by ``and`` in order; balanced, so that a long chain is not deep."""
    if len(links) == 1:
        return links[0]
    middle = len(links) // 2 if len(links) > 8 else len(links) - 1
    return Binary(BOOLEAN, "and", _conjunction(links[:middle], node), _conjunction(links[middle:], node), span=node.span)
