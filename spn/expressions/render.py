"""Trees back to text, such that reading the text gives the same tree. What the text means is in `check`.

Not every tree that could be built can be written: a sign before a literal is part of the literal, and
integers stand as integers only where no real number is expected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from typing import Any

from spn.expressions.tree import (
    Binary,
    Constant,
    DelayCall,
    Expression,
    Field,
    Function,
    IfElse,
    Instances,
    Lookup,
    Make,
    Now,
    Parameter,
    PlaceRead,
    Range,
    Reduce,
    Sequence,
    Tokens,
    Unary,
    Value,
    Values,
    Variable,
)
from spn.expressions.types import Boolean, Dot, Enumeration, Number, Product, Record, Type
from spn.records import dataclass

_CHOICE, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(10)
_TERMS = 40
_LEVELS = {"or": _OR, "and": _AND, "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "//": _PRODUCT, "%": _PRODUCT, "**": _POWER}


Literal = Callable[[float, Number], tuple[str, bool]]
"""How a number is written, and whether it may stand beside any operator as it is."""


def render(
    expression: Expression,
    *,
    qualified: bool = False,
    single: Collection[str] = (),
    colours: Mapping[str, Type] | None = None,
    literal: Literal | None = None,
) -> str:
    """The expression in the language.

    `qualified` writes members as ``kind.voice``. `single` are place classes of one element, whose number is not written. `colours` are
    those of place classes; patterns of records need them, since their fields are written by name. `literal` writes numbers otherwise, for people.
    """
    return _Renderer(qualified, single, colours or {}, literal).at(expression, _CHOICE)


@dataclass(frozen=True, slots=True)
class _Renderer:
    qualified: bool
    single: Collection[str]
    colours: Mapping[str, Type] = field(default_factory=dict)
    literal: Literal | None = None

    def at(self, node: Expression, level: int) -> str:
        """The text of `node` where operators of at least `level` may stand; in parentheses if it is of a lower one."""
        text, own = _RULES[type(node)](self, node)
        return text if own >= level else f"({text})"

    def all(self, nodes: tuple[Expression, ...]) -> list[str]:
        return [self.at(node, _CHOICE) for node in nodes]

    def _constant(self, node: Constant) -> tuple[str, int]:
        return self._value(node.value, node.type)

    def _value(self, value: Value, type: Type) -> tuple[str, int]:
        match type:
            case Number():
                assert isinstance(value, int | float)
                return self._number(value, type)
            case Boolean():
                return ("true" if value else "false"), _ATOM
            case Enumeration():
                assert isinstance(value, int)
                member = type.members[value]
                return (f"{type.name}.{member}" if self.qualified else member), _ATOM
            case Product() | Record():
                assert isinstance(value, tuple)
                types = type.components if isinstance(type, Product) else tuple(t for _, t in type.fields)
                return self._made(type, [self._value(v, t)[0] for v, t in zip(value, types, strict=True)])
            case Dot():
                return "()", _ATOM
            case _:
                raise ValueError(f"a value of type {type} cannot be written")

    def _made(self, type: Type, parts: list[str]) -> tuple[str, int]:
        if isinstance(type, Record):
            parts = [f"{name}={part}" for (name, _), part in zip(type.fields, parts, strict=True)]
            return f"{type.name}({', '.join(parts)})", _ATOM
        if isinstance(type, Product) and type.name and len(parts) > 1:
            return f"{type.name}({', '.join(parts)})", _ATOM
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})", _ATOM

    def _number(self, value: float, type: Number) -> tuple[str, int]:
        if self.literal is None:
            return _number(value, type)
        text, atomic = self.literal(value, type)
        return text, _ATOM if atomic else _PRODUCT

    def _make(self, node: Make) -> tuple[str, int]:
        return self._made(node.type, self.all(node.components))

    def _named(self, node: Variable | Parameter) -> tuple[str, int]:
        return node.name, _ATOM

    def _now(self, node: Now) -> tuple[str, int]:
        return "now", _ATOM

    def _lookup(self, node: Lookup) -> tuple[str, int]:
        return f"{node.table}[{self.at(node.index, _CHOICE)}]", _ATOM

    def _field(self, node: Field) -> tuple[str, int]:
        return f"{self.at(node.base, _ATOM)}.{node.name}", _ATOM

    def _unary(self, node: Unary) -> tuple[str, int]:
        if node.operator == "not":
            return f"not {self.at(node.operand, _NOT)}", _NOT
        operand = self.at(node.operand, _SIGN)
        return (f"-({operand})" if operand.startswith("-") or operand[0].isdigit() else f"-{operand}"), _SIGN

    def _binary(self, node: Binary) -> tuple[str, int]:
        level = _LEVELS.get(node.operator, _COMPARE)
        left, right = level, level + 1
        if level == _COMPARE:
            left = _SUM
        if level == _POWER:
            left, right = _ATOM, _SIGN
        if level != _COMPARE and (terms := _terms(node.left, level)) and terms % _TERMS == 0:
            left = _ATOM  # a longer chain would be read back balanced
        return f"{self.at(node.left, left)} {node.operator} {self.at(node.right, right)}", level

    def _choice(self, node: IfElse) -> tuple[str, int]:
        return f"{self.at(node.then, _OR)} if {self.at(node.condition, _OR)} else {self.at(node.otherwise, _CHOICE)}", _CHOICE

    def _function(self, node: Function) -> tuple[str, int]:
        return f"{node.name}({', '.join(self.all(node.arguments))})", _ATOM

    def _reduce(self, node: Reduce) -> tuple[str, int]:
        condition = "" if node.condition is None else f" if {self.at(node.condition, _OR)}"
        return f"{node.operator}({self.at(node.body, _CHOICE)} for {node.variable} in {self._domain(node)}{condition})", _ATOM

    def _domain(self, node: Reduce) -> str:
        match node.domain:
            case Range(start, stop):
                return f"{self.at(start, _OR)}..{self.at(stop, _OR)}"
            case Instances(module):
                return module
            case Values(colour):
                return "bool" if isinstance(colour, Boolean) else str(getattr(colour, "name", ""))

    def _tokens(self, node: Tokens) -> tuple[str, int]:
        pattern = self._pattern(node.pattern, self.colours.get(node.place))
        if node.place in self.single:
            index: list[str] = []
        elif node.element is None:
            index = ["_"] if pattern else []
        else:
            index = [self.at(node.element, _CHOICE)]
        return _call(node.place, [*index, *pattern]), _ATOM

    def _pattern(self, pattern: tuple[Expression | None, ...], colour: Type | None) -> list[str]:
        if len(pattern) > 1 and all(entry is None for entry in pattern):
            return ["_"]
        entries = ["_" if entry is None else self.at(entry, _CHOICE) for entry in pattern]
        if isinstance(colour, Record):
            return [f"{name}={entry}" for (name, _), entry in zip(colour.fields, entries, strict=True) if entry != "_"] if pattern else []
        return entries

    def _place_read(self, node: PlaceRead) -> tuple[str, int]:
        steps = [_call(step.name, self.all(step.indices)) for step in node.path]
        return ".".join([*steps, _call(node.place, [*self.all(node.indices), *self._pattern(node.pattern, None)])]), _ATOM

    def _delay(self, node: DelayCall) -> tuple[str, int]:
        arguments = [f"{name}={self._argument(argument)}" for name, argument in zip(node.form, node.arguments, strict=True)]
        return f"{node.name}({', '.join(arguments)})", _ATOM

    def _argument(self, argument: Expression | Sequence) -> str:
        if isinstance(argument, Sequence):
            return f"[{', '.join(self._argument(item) for item in argument.items)}]"
        if isinstance(argument, Constant) and isinstance(argument.type, Number) and argument.type.dimension not in (0, 1):
            if self.literal is not None:
                return self.literal(float(argument.value), argument.type)[0]  # type: ignore[arg-type]
            return _number(float(argument.value), Number(False))[0]  # type: ignore[arg-type]  # a plain number is per second here
        return self.at(argument, _CHOICE)


def _terms(node: Expression, level: int) -> int:
    """Operators of one level along the left spine."""
    count = 0
    while isinstance(node, Binary) and _LEVELS.get(node.operator) == level:
        node, count = node.left, count + 1
    return count


def _call(name: str, arguments: list[str]) -> str:
    return f"{name}({', '.join(arguments)})" if arguments else name


def _number(value: float, type: Number) -> tuple[str, int]:
    """A literal: ``3``, ``2.5``, ``30.0 s``, ``0.1 / (1 s)``, ``4.0 * (1 s) ** 2``."""
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be written in the language")
    text = str(int(value)) if type.integer and not type.dimension else repr(float(value))
    level = _SIGN if text.startswith("-") else _ATOM
    if type.dimension == 0:
        return text, level
    if type.dimension == 1:
        return f"{text} s", level
    power = abs(type.dimension)
    unit = "(1 s)" if power == 1 else f"(1 s) ** {power}"
    return f"{text} {'*' if type.dimension > 0 else '/'} {unit}", _PRODUCT


_RULES: dict[type, Callable[[_Renderer, Any], tuple[str, int]]] = {
    Constant: _Renderer._constant,
    Variable: _Renderer._named,
    Parameter: _Renderer._named,
    Now: _Renderer._now,
    Make: _Renderer._make,
    Lookup: _Renderer._lookup,
    Field: _Renderer._field,
    Unary: _Renderer._unary,
    Binary: _Renderer._binary,
    IfElse: _Renderer._choice,
    Function: _Renderer._function,
    Reduce: _Renderer._reduce,
    Tokens: _Renderer._tokens,
    PlaceRead: _Renderer._place_read,
    DelayCall: _Renderer._delay,
}
