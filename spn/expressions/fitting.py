"""Whether a value of one type may stand where another is expected, and how to say that it may not."""

from __future__ import annotations

from dataclasses import replace

from spn.expressions.tree import Constant, Expression
from spn.expressions.types import (
    Boolean,
    Distribution,
    Dot,
    Enumeration,
    InstanceOf,
    Number,
    Product,
    Record,
    Table,
    Type,
)
from spn.text.problems import Problems

_BY_DIMENSION = {0: "a number", 1: "a duration", -1: "a rate"}


def describe(type: Type) -> str:
    """The type in a message, with its article."""
    match type:
        case Number():
            if type.integer and type.dimension == 0:
                return "an integer"
            return _BY_DIMENSION.get(type.dimension, f"a number in s**{type.dimension}")
        case Boolean():
            return "a truth value"
        case Enumeration() | Product() | Record():
            return f"a value of '{type.name}'" if type.name else "a tuple"
        case Dot():
            return "a plain token"
        case Distribution():
            return "a distribution"
        case Table():
            return "a list"
        case InstanceOf():
            return f"an instance of '{type.module}'"


def is_zero(expression: Expression) -> bool:
    """The literal 0, which fits every dimension."""
    return isinstance(expression, Constant) and expression.value == 0 and isinstance(expression.type, Number) and expression.type.dimension == 0


def with_dimension(expression: Expression, dimension: int) -> Expression:
    """A plain literal as a literal of seconds to a power; anything but a literal stays as it is."""
    if isinstance(expression, Constant) and isinstance(expression.value, int | float) and dimension:
        return replace(expression, type=Number(False, dimension), value=float(expression.value))
    return expression


def fit(expression: Expression, expected: Type, problems: Problems) -> Expression | None:
    """`expression` where `expected` is wanted (a plain number may stand for a duration or rate), or None and a problem."""
    actual = expression.type
    if isinstance(actual, Number) and isinstance(expected, Number):
        return _fit_number(expression, actual, expected, problems)
    if actual == expected:
        return expression
    problems.error("wrong-type", f"{describe(expected)} is expected here, not {describe(actual)}", expression.span, _hint(actual, expected))
    return None


def _fit_number(expression: Expression, actual: Number, expected: Number, problems: Problems) -> Expression | None:
    if actual.dimension != expected.dimension and actual.dimension != 0:
        hint = _UNIT_HINTS.get((actual.dimension, expected.dimension))
        message = f"{describe(expected)} is expected here, not {describe(actual)}"
        problems.error("wrong-unit", message, expression.span, hint)
        return None
    if expected.integer and not actual.integer:
        problems.error("wrong-type", f"an integer is expected here, not {describe(actual)}", expression.span, "use floor(x), ceil(x) or round(x)")
        return None
    if actual.dimension != expected.dimension:
        return with_dimension(expression, expected.dimension)
    if isinstance(expression, Constant) and isinstance(expression.value, int) and actual.integer and not expected.integer:
        return replace(expression, type=expected, value=float(expression.value))
    return expression


_UNIT_HINTS = {
    (1, 0): "divide by a duration, as in 'x / (1 s)'",
    (1, -1): "1 / x is the rate of a mean duration x; distributions take either, 'rate=' or 'mean='",
    (-1, 1): "1 / x is the mean duration of a rate x; distributions take either, 'rate=' or 'mean='",
    (-1, 0): "multiply by a duration, as in 'x * (1 s)'",
}
"""By the power of time that there is and that there should be."""


def _hint(actual: Type, expected: Type) -> str | None:
    if isinstance(actual, Boolean) and isinstance(expected, Number):
        return "a truth value is not a number: write '1 if x else 0', or 'count(x for s in section)'"
    if isinstance(actual, Number) and isinstance(expected, Boolean):
        return "a number is not a truth value: compare it, as in 'x > 0'"
    if isinstance(actual, Distribution):
        return "use mean(...) for its mean"
    if isinstance(actual, Table):
        return "take one element, as in 'x[0]'"
    return None
