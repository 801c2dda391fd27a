"""What generated kernels are made of: raw memory, checked arithmetic, errors. Which clock is next is in `schedulers`, the rest is generated.

A kernel works on memory that it is given as addresses. `integers(address)[k]` is a plain load or store, without the bounds, strides and
negative indices of arrays, which cost a kernel time when it is compiled and when it runs.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from spn.engine.compiled.cells import ARITHMETIC, ERROR, INDEX, MULTIPLICITY, SERVERS, WEIGHT


def plain(function: Any) -> Any:
    """Compile a function that is called from kernels only. (Without a word it would be inlined where its caller is.)"""
    return njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, error_model="numpy", forceinline=False)(function)


def inlined(function: Any) -> Any:
    """The same for a function that is to become part of its callers."""
    return njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, error_model="numpy", forceinline=True)(function)


def _pointer_to(kind: Any) -> Any:
    @intrinsic  # type: ignore[untyped-decorator]
    def cast(context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return types.CPointer(kind)(types.int64), generate

    return cast


integers = _pointer_to(types.int64)
"""The memory at an address as 64-bit integers."""
shorts = _pointer_to(types.int32)
"""The same as 32-bit integers."""
reals_at = _pointer_to(types.float64)
"""The same as doubles."""


@intrinsic  # type: ignore[untyped-decorator]
def lowest_bit(context: Any, word: Any) -> Any:
    """The number of the lowest bit of a 64-bit integer that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(context: Any, address: Any) -> Any:
    """Have memory that is needed soon brought near; any address will do."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [builder.inttoptr(arguments[0], pointer), number(1), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(types.int64), generate


reallocate = types.ExternalFunction("realloc", types.intp(types.intp, types.intp))
"""The C library's: kernels let what has no bound grow themselves."""
release = types.ExternalFunction("free", types.void(types.intp))


@plain
def fail(state: Any, error: int) -> None:
    """Note an error; the first one counts. The kernel goes on in good order until it looks."""
    if state[ERROR] == 0:
        state[ERROR] = error


@plain
def within(state: Any, element: int, size: int) -> int:
    """`element`, if the place has it."""
    if element < 0 or element >= size:
        fail(state, INDEX)
        return 0
    return element


@plain
def position(state: Any, index: int, size: int) -> int:
    """`index`, if the table has it."""
    if index < 0 or index >= size:
        fail(state, ARITHMETIC)
        return 0
    return index


@plain
def count_of(state: Any, number: float) -> int:
    """A multiplicity."""
    if number < 0 or number != math.floor(number) or number > 9e18:
        fail(state, MULTIPLICITY)
        return 0
    return int(number)


@plain
def servers_of(state: Any, number: float) -> int:
    """A number of servers."""
    if number < 0 or number != math.floor(number):
        fail(state, SERVERS)
        return 0
    return int(min(number, 9e18))


@plain
def weight_of(state: Any, weight: float) -> float:
    """A weight, if it is one."""
    if not (weight >= 0.0 and weight < math.inf):
        fail(state, WEIGHT)
        return 0.0
    return weight


@plain
def divide(state: Any, a: float, b: float) -> float:
    if b == 0.0:
        fail(state, ARITHMETIC)
        return 0.0
    return a / b


@plain
def floor_divide(state: Any, a: int, b: int) -> int:
    if b == 0:
        fail(state, ARITHMETIC)
        return 0
    if b == -1:
        return negated(state, a)
    return a // b


@plain
def remainder(state: Any, a: int, b: int) -> int:
    if b == 0:
        fail(state, ARITHMETIC)
        return 0
    if b == -1:
        return 0
    return a % b


@plain
def floor_divide_real(state: Any, a: float, b: float) -> float:
    """As CPython's float_floor_div."""
    if b == 0.0:
        fail(state, ARITHMETIC)
        return 0.0
    mod = math.fmod(a, b)
    div = (a - mod) / b
    if mod != 0.0:
        if (b < 0.0) != (mod < 0.0):
            div -= 1.0
    if div != 0.0:
        floor = math.floor(div) * 1.0
        if div - floor > 0.5:
            floor += 1.0
        return floor
    return math.copysign(0.0, a / b)


@plain
def remainder_real(state: Any, a: float, b: float) -> float:
    """As CPython's float_rem."""
    if b == 0.0:
        fail(state, ARITHMETIC)
        return 0.0
    mod = math.fmod(a, b)
    if mod != 0.0:
        if (b < 0.0) != (mod < 0.0):
            mod += b
        return mod
    return math.copysign(0.0, b)


@plain
def negated(state: Any, a: int) -> int:
    if a == -0x8000000000000000:
        fail(state, ARITHMETIC)
        return 0
    return -a


@plain
def added(state: Any, a: int, b: int) -> int:
    """The sum where it may have more than 64 bits."""
    c = a + b
    if ((a ^ c) & (b ^ c)) < 0:
        fail(state, ARITHMETIC)
        return 0
    return c


@plain
def subtracted(state: Any, a: int, b: int) -> int:
    c = a - b
    if ((a ^ b) & (a ^ c)) < 0:
        fail(state, ARITHMETIC)
        return 0
    return c


@plain
def multiplied(state: Any, a: int, b: int) -> int:
    if a == 0 or b == 0:
        return 0
    if a == -1:
        return negated(state, b)
    if b == -1:
        return negated(state, a)
    c = a * b
    if c // b != a or c % b != 0:
        fail(state, ARITHMETIC)
        return 0
    return c


@plain
def power(state: Any, base: int, exponent: int) -> int:
    if exponent < 0:
        fail(state, ARITHMETIC)
        return 0
    if base == 0:
        return 1 if exponent == 0 else 0
    if base == 1:
        return 1
    if base == -1:
        return -1 if exponent % 2 else 1
    if exponent > 63:
        fail(state, ARITHMETIC)
        return 0
    result = 1
    for _ in range(exponent):
        result = multiplied(state, result, base)
    return result


@plain
def power_real(state: Any, base: float, exponent: float) -> float:
    if (base == 0.0 and exponent < 0.0) or (base < 0.0 and exponent != math.floor(exponent)):
        fail(state, ARITHMETIC)
        return 0.0
    result = math.pow(base, exponent)
    if math.isinf(result) and not (math.isinf(base) or math.isinf(exponent)):
        fail(state, ARITHMETIC)
        return 0.0
    return result


@plain
def to_integer(state: Any, value: float) -> int:
    """A whole double as an integer, if it has 64 bits."""
    if not (value >= -9223372036854775808.0 and value < 9223372036854775808.0):
        fail(state, ARITHMETIC)
        return 0
    return int(value)


@plain
def floor(state: Any, value: float) -> int:
    if not math.isfinite(value):
        fail(state, ARITHMETIC)
        return 0
    whole = math.fmod(value, 1.0)
    base = value - whole
    return to_integer(state, base - 1.0 if whole < 0.0 else base)


@plain
def ceil(state: Any, value: float) -> int:
    if not math.isfinite(value):
        fail(state, ARITHMETIC)
        return 0
    whole = math.fmod(value, 1.0)
    base = value - whole
    return to_integer(state, base + 1.0 if whole > 0.0 else base)


@plain
def round_half_even(state: Any, value: float) -> int:
    if not math.isfinite(value):
        fail(state, ARITHMETIC)
        return 0
    part = math.fmod(value, 1.0)
    base = value - part
    if abs(part) > 0.5 or (abs(part) == 0.5 and math.fmod(base, 2.0) != 0.0):
        base += 1.0 if part > 0.0 else -1.0
    return to_integer(state, base)


@plain
def square_root(state: Any, value: float) -> float:
    if value < 0.0:
        fail(state, ARITHMETIC)
        return 0.0
    return math.sqrt(value)


@plain
def exponential_of(state: Any, value: float) -> float:
    result = math.exp(value)
    if math.isinf(result) and not math.isinf(value):
        fail(state, ARITHMETIC)
        return 0.0
    return result


@plain
def logarithm(state: Any, value: float) -> float:
    if value <= 0.0:
        fail(state, ARITHMETIC)
        return 0.0
    return math.log(value)


@plain
def magnitude(state: Any, value: int) -> int:
    return negated(state, value) if value < 0 else value


@plain
def least(a: Any, b: Any) -> Any:
    """Of equal ones the first, as in Python."""
    return b if b < a else a


@plain
def greatest(a: Any, b: Any) -> Any:
    return b if b > a else a


@plain
def add_exactly(values: Any, at: int, term: float) -> None:
    """Neumaier's sum in two cells, as `spn.engine.reference.meters.Sum` does it."""
    total = values[at] + term
    if abs(values[at]) >= abs(term):
        values[at + 1] += (values[at] - total) + term
    else:
        values[at + 1] += (term - total) + values[at]
    values[at] = total
