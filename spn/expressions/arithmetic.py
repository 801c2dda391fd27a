"""Checking operators: the types and dimensions of arithmetic, comparison and choice. Names are resolved in `checker`."""

from __future__ import annotations

from typing import Protocol, cast

from spn.expressions import syntax
from spn.expressions.fitting import describe, is_zero, with_dimension
from spn.expressions.tree import Binary, BinaryOperator, Constant, Expression
from spn.expressions.types import BOOLEAN, DURATION, INTEGER, REAL, Boolean, Enumeration, Number, Product, Record, Type
from spn.expressions.units import UNITS, in_seconds

LARGEST = 2**63 - 1
"""Integers have 64 bits."""


class _Checker(Protocol):
    def error(self, code: str, message: str, node: syntax.Node, hint: str | None = None) -> None: ...
    def is_unit(self, name: str) -> bool: ...


def literal(checker: _Checker, node: syntax.Number, negative: bool = False) -> Constant | None:
    """A number, with its sign and its unit, as a constant."""
    sign = -1 if negative else 1
    if isinstance(node.value, int) and node.value > LARGEST + (1 if negative else 0) and node.unit is None:
        checker.error("wrong-type", "the integer does not fit into 64 bits", node, "write it as a real number, such as 1e20")
        return None
    try:
        value = float(node.value)
        if node.unit == "%":
            return Constant(REAL, sign * value / 100, span=node.span)
        if node.unit is not None:
            value = in_seconds(value, node.unit)
    except OverflowError:
        value = float("inf")
    if value == float("inf"):
        checker.error("wrong-type", "the number is too large for a double", node)
        return None
    if node.unit is not None:
        return Constant(DURATION, sign * value, span=node.span)
    return Constant(INTEGER if isinstance(node.value, int) else REAL, sign * node.value, span=node.span)


def scaled_literal(checker: _Checker, node: syntax.Binary) -> Constant | None:
    """``0.1 / h``, ``-2 * (1 s) ** 2``: a plain literal times or by a power of a unit is a literal too; None if this is none."""
    negative = isinstance(node.left, syntax.Unary) and node.left.operator == "-"
    number = node.left.operand if isinstance(node.left, syntax.Unary) else node.left
    if not isinstance(number, syntax.Number) or number.unit is not None or node.operator not in ("*", "/"):
        return None
    unit, power = _unit_power(checker, node.right)
    if unit is None or (isinstance(node.left, syntax.Unary) and not negative):
        return None
    power = power if node.operator == "*" else -power
    try:
        value = in_seconds(number.value, unit, power)
    except OverflowError:
        return None
    return Constant(Number(False, power), -value if negative else value, span=node.span) if value < float("inf") else None


def _unit_power(checker: _Checker, node: syntax.Syntax) -> tuple[str | None, int]:
    power: int = 1
    if isinstance(node, syntax.Binary) and node.operator == "**" and isinstance(node.right, syntax.Number):
        exponent = node.right
        if not isinstance(exponent.value, int) or exponent.unit is not None or not 0 < exponent.value < 10:
            return None, 0
        power = exponent.value
        node = node.left
    if isinstance(node, syntax.Number) and node.value == 1 and isinstance(node.value, int) and node.unit in UNITS:
        return node.unit, power
    if isinstance(node, syntax.Name) and checker.is_unit(node.name):
        return node.name, power
    return None, 0


def arithmetic(checker: _Checker, node: syntax.Binary, left: Expression, right: Expression) -> Expression | None:
    """``left operator right`` of numbers."""
    for side in (left, right):
        if not isinstance(side.type, Number):
            hint = "write '1 if x else 0', or 'count(x for s in section)'" if isinstance(side.type, Boolean) else None
            checker.error("wrong-type", f"'{node.operator}' needs numbers, not {describe(side.type)}", _at(side, node), hint)
    if not isinstance(left.type, Number) or not isinstance(right.type, Number):
        return None
    operator = cast(BinaryOperator, node.operator)
    if operator in ("+", "-", "%"):
        if operator != "%":
            left, right = unify_zero(left, right)
        if not same_unit(checker, node, left, right, f"'{operator}'"):
            return None
    type = _power(checker, node, left, right) if operator == "**" else _result(operator, _number(left), _number(right))
    return None if type is None else Binary(type, operator, left, right, span=node.span)


def _number(expression: Expression) -> Number:
    return cast(Number, expression.type)


def _at(expression: Expression, node: syntax.Syntax) -> syntax.Node:
    return syntax.Node(span=expression.span or node.span)


def _result(operator: BinaryOperator, left: Number, right: Number) -> Number:
    integer = left.integer and right.integer
    match operator:
        case "*":
            return Number(integer, left.dimension + right.dimension)
        case "/":
            return Number(False, left.dimension - right.dimension)
        case "//":
            return Number(integer, left.dimension - right.dimension)
        case _:
            return Number(integer, left.dimension)


def _power(checker: _Checker, node: syntax.Binary, left: Expression, right: Expression) -> Number | None:
    base, exponent = _number(left), _number(right)
    if exponent.dimension:
        checker.error("wrong-unit", f"an exponent is a plain number, not {describe(exponent)}", node.right)
        return None
    whole = right.value if isinstance(right, Constant) and isinstance(right.value, int) else None
    if base.dimension:
        if whole is None or abs(whole) > 100:
            message = f"{describe(base)} can only be raised to a small constant integer power"
            checker.error("wrong-unit", message, node.right, "otherwise the unit of the result would be unknown")
            return None
        return Number(False, base.dimension * whole)
    return Number(base.integer and exponent.integer and (whole is None or whole >= 0))


def unify_zero(left: Expression, right: Expression) -> tuple[Expression, Expression]:
    """The literal 0 takes the unit of the other side."""
    if isinstance(left.type, Number) and isinstance(right.type, Number):
        if is_zero(left):
            return with_dimension(left, right.type.dimension), right
        if is_zero(right):
            return left, with_dimension(right, left.type.dimension)
    return left, right


def same_unit(checker: _Checker, node: syntax.Node, left: Expression, right: Expression, what: str) -> bool:
    first, second = _number(left), _number(right)
    if first.dimension == second.dimension:
        return True
    plain = left if first.dimension == 0 else right if second.dimension == 0 else None
    other = second if plain is left else first
    hint = None
    if plain is not None and other.dimension in (1, -1):
        shown = f"{plain.value}" if isinstance(plain, Constant) else "x"
        hint = f"give the number a unit, as in '{shown} {'s' if other.dimension == 1 else '/ s'}'" if isinstance(plain, Constant) else None
    checker.error("wrong-unit", f"{what} between {describe(first)} and {describe(second)}", node, hint)
    return False


def comparison(checker: _Checker, node: syntax.Compare, operator: str, left: Expression, right: Expression) -> Expression | None:
    """One link of a chain of comparisons."""
    left, right = unify_zero(left, right)
    if isinstance(left.type, Number) and isinstance(right.type, Number):
        if not same_unit(checker, node, left, right, f"'{operator}'"):
            return None
    elif left.type != right.type:
        checker.error("wrong-type", f"{describe(left.type)} is compared with {describe(right.type)}", node)
        return None
    elif operator not in ("==", "!="):
        checker.error("wrong-type", f"'{operator}' needs numbers, not {describe(left.type)}", node, "only '==' and '!=' compare these")
        return None
    elif not _is_comparable(left.type):
        checker.error("wrong-type", f"{describe(left.type)} cannot be compared", node)
        return None
    return Binary(BOOLEAN, cast(BinaryOperator, operator), left, right, span=node.span)


def _is_comparable(type: Type) -> bool:
    return isinstance(type, Boolean | Enumeration | Product | Record)


def common_type(checker: _Checker, node: syntax.IfElse, then: Expression, otherwise: Expression) -> tuple[Expression, Expression, Type] | None:
    """Both branches of a choice and the type of the whole."""
    then, otherwise = unify_zero(then, otherwise)
    if isinstance(then.type, Number) and isinstance(otherwise.type, Number):
        if not same_unit(checker, node, then, otherwise, "a choice"):
            return None
        return then, otherwise, Number(then.type.integer and otherwise.type.integer, then.type.dimension)
    if then.type != otherwise.type:
        checker.error("wrong-type", f"a choice between {describe(then.type)} and {describe(otherwise.type)}", node)
        return None
    return then, otherwise, then.type
