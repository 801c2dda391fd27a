"""What operators and functions compute on single values: 64-bit integers, doubles, errors instead of infinities of the division kind.

The one definition of the arithmetic; `closures` calls it, `static` does the same to whole arrays. No trees are walked here.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from itertools import product

from spn.expressions.errors import EvaluationError as EvaluationError
from spn.expressions.tree import Value
from spn.expressions.types import Boolean, Dot, Enumeration, Number, Product, Type

SMALLEST, LARGEST = -(2**63), 2**63 - 1
MAX_RANGE = 10_000_000
"""The most values that one index runs over."""


def bounded(value: int) -> int:
    """`value`, if it has 64 bits."""
    if not SMALLEST <= value <= LARGEST:
        raise EvaluationError("the integer does not fit into 64 bits")
    return value


def divide(left: float, right: float) -> float:
    if right == 0:
        raise EvaluationError("division by zero")
    return float(left) / float(right)


def floor_divide(left: float, right: float) -> float:
    if right == 0:
        raise EvaluationError("division by zero")
    return left // right


def remainder(left: float, right: float) -> float:
    if right == 0:
        raise EvaluationError("remainder of a division by zero")
    return left % right


def integer_power(base: int, exponent: int) -> int:
    if exponent < 0:
        raise EvaluationError("an integer to a negative power is no integer")
    if abs(base) > 1 and exponent > 63:
        raise EvaluationError("the integer does not fit into 64 bits")
    return bounded(base ** (exponent if abs(base) > 1 else min(exponent, 2 + exponent % 2)))


def real_power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        raise EvaluationError("the power is too large for a double") from None
    except ValueError:
        message = "zero to a negative power" if base == 0 else "a negative number to a broken power"
        raise EvaluationError(message) from None


def _to_integer(function: Callable[[float], int]) -> Callable[[float], int]:
    def rounded(value: float) -> int:
        if not math.isfinite(value):
            raise EvaluationError("a number that is not finite cannot be rounded")
        return bounded(function(value))

    return rounded


def square_root(value: float) -> float:
    if value < 0:
        raise EvaluationError("square root of a negative number")
    return math.sqrt(value)


def exponential(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        raise EvaluationError("the exponential is too large for a double") from None


def logarithm(value: float) -> float:
    if value <= 0:
        raise EvaluationError("logarithm of a number that is not positive")
    return math.log(value)


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "floor": _to_integer(math.floor),
    "ceil": _to_integer(math.ceil),
    "round": _to_integer(round),
    "sqrt": square_root,
    "exp": exponential,
    "log": logarithm,
}
"""Functions of one number, but for ``abs``, whose result is of its argument's type."""

INTEGER_OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: bounded(a + b),
    "-": lambda a, b: bounded(a - b),
    "*": lambda a, b: bounded(a * b),
    "//": lambda a, b: bounded(int(floor_divide(a, b))) if b == 0 else bounded(a // b),
    "%": lambda a, b: int(remainder(a, b)) if b == 0 else a % b,
    "**": integer_power,
}

REAL_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divide,
    "//": floor_divide,
    "%": remainder,
    "**": real_power,
}

COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def is_integer(type: Type) -> bool:
    return isinstance(type, Number) and type.integer


def is_real(type: Type) -> bool:
    return isinstance(type, Number) and not type.integer


def colour_values(colour: Type) -> Iterator[Value]:
    """All values of a finite colour, in order. Integer ranges are no types and are given as `Range`."""
    match colour:
        case Boolean():
            return iter((False, True))
        case Enumeration():
            return iter(range(len(colour.members)))
        case Dot():
            return iter(((),))
        case Product():
            return product(*(tuple(colour_values(component)) for component in colour.components))
        case _:
            raise TypeError(f"{colour} has no list of values")


def check_length(start: int, stop: int) -> None:
    if stop - start >= MAX_RANGE:
        raise EvaluationError(f"the range {start}..{stop} is too long; the limit is {MAX_RANGE} values")
