"""What generated kernels are made of: raw memory, checked arithmetic, errors. Which clock is next is in `schedulers`, the rest is generated.

A kernel works on memory that it is given as addresses. `integers(address)[k]` is a plain load or store, without the bounds, strides and
negative indices of arrays, which cost a kernel time when it is compiled and when it runs.
"""

from __future__ import annotations

import math
from typing import Any

from spn.engine.compiled.cells import ARITHMETIC, ERROR, INDEX, MULTIPLICITY, SERVERS, WEIGHT


def plain(function: Any) -> Any:
    """Marks a function of kernels; the optimiser decides whether it becomes part of its callers."""
    return function


def inlined(function: Any) -> Any:
    """Marks a function that is to become part of its callers."""
    return function


def rare(function: Any) -> Any:
    """Marks a function that is hardly ever called, so that its callers are arranged as if it never were."""
    return function


def apart(function: Any) -> Any:
    """Marks a function that stays by itself, and so has all registers to itself."""
    return function


def in_kernels_only(*_: Any) -> Any:
    raise NotImplementedError("what lies at an address only kernels know")


integers = shorts = reals_at = in_kernels_only
"""The memory at an address as 64-bit integers, as 32-bit integers, as doubles: memory that kernels allocate."""
tokens_block = ints_block = reals_block = state_block = values_block = stream_block = in_kernels_only
"""The same for the blocks of a run and the words of a stream of random numbers, none of which overlap."""
reallocate = release = in_kernels_only
"""The C library's realloc and free: kernels let what has no bound grow themselves."""
carray = in_kernels_only
"""The cells at a pointer as an array of so many."""
shifted = in_kernels_only
"""The bits of an integer moved to the right, zeros coming in."""
lowest_bit = in_kernels_only
"""The number of the lowest bit of an integer that is not 0."""
without_lowest_bit = in_kernels_only
"""An integer without its lowest bit; 0 for 0."""
prefetch = in_kernels_only
"""Has memory that is needed soon brought near; any address will do."""
prefetch_cell = in_kernels_only
"""The same for a cell of a block; there need not be one of that number."""
def unlikely(condition: bool) -> bool:
    """The condition of an ``if`` that hardly ever holds."""
    return condition


with_sign = in_kernels_only
"""A number that is not negative with the sign that the first bit of an integer says."""


@rare
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
def known(state: Any, bound: int, value: Any) -> Any:
    """The value of a variable, if an arc has bound it."""
    if bound == 0:
        fail(state, ARITHMETIC)
    return value


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


@inlined
def earliest(keys: Any, number: int, step: int) -> tuple[int, int]:
    """Which of an even number of keys, one in `step` cells, is the least, and that key; of equal ones the first. An odd number is taken for one more.

    No jump depends on the keys, and two chains side by side halve the time. The bits of times are keys: they are not negative.
    """
    even, odd = 0, 1
    early, late = keys[0], keys[step]
    for k in range(2, number, 2):
        t, u = keys[step * k], keys[step * k + step]
        even = k if t < early else even
        early = t if t < early else early
        odd = k + 1 if u < late else odd
        late = u if u < late else late
    return odd if late < early or (late == early and odd < even) else even, late if late < early else early


@plain
def add_exactly(values: Any, at: int, term: float) -> None:
    """A sum in two cells, as `spn.engine.reference.meters.Sum` does it: what rounding loses is found without asking which term is greater
    (D. E. Knuth, The Art of Computer Programming 2, 4.2.2, theorem B), and is the same number.
    """
    old = values[at]
    total = old + term
    added = total - old
    values[at + 1] += (old - (total - added)) + (term - added)
    values[at] = total
