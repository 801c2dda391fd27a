"""What operators, built-in functions and `math` mean in kernels, as LLVM's assembly: Python's meaning for 64-bit integers and doubles.

Integers that may leave 64 bits, divisors that may be 0 and roots of negative numbers are the business of `primitives`, which checks before.
Functions of the C library are called as they are, never replaced by others that differ in the last bit.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable

from spn.engine.compiled.assembly import INT, NOTHING, REAL, TRUTH, Body, Type, Value, integer, real, truth

DECLARATIONS = {
    "llvm.floor.f64": "declare double @llvm.floor.f64(double)",
    "llvm.sqrt.f64": "declare double @llvm.sqrt.f64(double)",
    "llvm.fabs.f64": "declare double @llvm.fabs.f64(double)",
    "llvm.cttz.i64": "declare i64 @llvm.cttz.i64(i64, i1)",
    "llvm.prefetch.p0": "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)",
    "llvm.copysign.f64": "declare double @llvm.copysign.f64(double, double)",
    "exp": "declare double @exp(double) #3",
    "log": "declare double @log(double) #3",
    "log1p": "declare double @log1p(double) #3",
    "pow": "declare double @pow(double, double) #3",
    "fmod": "declare double @fmod(double, double) #3",
    "realloc": "declare ptr @realloc(ptr, i64) #4",
    "free": "declare void @free(ptr) #4",
}
"""What kernels call besides their own functions."""

INTRINSICS = {
    "floor": ("llvm.floor.f64",),
    "sqrt": ("llvm.sqrt.f64",),
    "copysign": ("llvm.copysign.f64",),
    "lowest_bit": ("llvm.cttz.i64",),
    "prefetch": ("llvm.prefetch.p0",),
    **dict.fromkeys(("abs", "isinf", "isfinite", "isnan"), ("llvm.fabs.f64",)),
}
"""What functions become, where that has another name."""

LIBRARY = ("exp", "log", "log1p", "pow", "fmod", "realloc", "free")
"""Functions of the C library."""


class TranslationError(Exception):
    """A function is not written in the part of Python that kernels are written in."""


def common(*types: Type) -> Type:
    """The type that values of several types have in common."""
    if all(type == types[0] for type in types):
        return types[0]
    if all(type in (INT, REAL, TRUTH) for type in types):
        return REAL if REAL in types else INT
    raise TranslationError(f"a value is one of {', '.join(type.llvm for type in types)}")


def converted(body: Body, value: Value, type: Type) -> Value:
    """A value as one of another type."""
    if value.type == type:
        return value
    match value.type.llvm, type.llvm:
        case "i64", "double":
            known = value.literal
            return real(float(known)) if known is not None else body.new(REAL, f"sitofp i64 {value.text} to double")
        case "i1", "double":
            return body.new(REAL, f"uitofp i1 {value.text} to double")
        case "i1", "i64":
            return body.new(INT, f"zext i1 {value.text} to i64")
        case "double", "i64":
            return body.new(INT, f"fptosi double {value.text} to i64")
    raise TranslationError(f"{value.type.llvm} where {type.llvm} is wanted")


def called(body: Body, name: str, *arguments: Value) -> Value:
    """A function of doubles."""
    given = ", ".join(f"double {converted(body, argument, REAL).text}" for argument in arguments)
    return body.new(REAL, f"call double @{name}({given})")


def compared(body: Body, operator: ast.cmpop, a: Value, b: Value) -> Value:
    """One comparison."""
    kind = operator.__class__
    if kind in _KNOWN_ORDER and a.literal is not None and b.literal is not None:
        return truth(_KNOWN_ORDER[kind](a.literal, b.literal))
    type = common(a.type, b.type, INT) if TRUTH in (a.type, b.type) else common(a.type, b.type)
    x, y = converted(body, a, type).text, converted(body, b, type).text
    how, names = ("fcmp", _REAL_ORDER) if type == REAL else ("icmp", _ORDER)
    return body.new(TRUTH, f"{how} {names[kind]} {type.llvm} {x}, {y}")


_KNOWN_ORDER: dict[type, Callable[[int, int], bool]] = {ast.Eq: int.__eq__, ast.NotEq: int.__ne__, ast.Gt: int.__gt__}
_ORDER: dict[type, str] = {ast.Lt: "slt", ast.LtE: "sle", ast.Gt: "sgt", ast.GtE: "sge", ast.Eq: "eq", ast.NotEq: "ne"}
_REAL_ORDER: dict[type, str] = {ast.Lt: "olt", ast.LtE: "ole", ast.Gt: "ogt", ast.GtE: "oge", ast.Eq: "oeq", ast.NotEq: "une"}
_ARITHMETIC: dict[type, tuple[str, str]] = {ast.Add: ("add", "fadd"), ast.Sub: ("sub", "fsub"), ast.Mult: ("mul", "fmul")}
_BITS: dict[type, str] = {ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor", ast.LShift: "shl", ast.RShift: "ashr"}
_KNOWN: dict[type, Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
}


def binary(body: Body, operator: ast.operator, a: Value, b: Value) -> Value:
    """An operator of two numbers."""
    kind = operator.__class__
    if kind in _KNOWN and a.literal is not None and b.literal is not None:
        return integer(_KNOWN[kind](a.literal, b.literal))
    if kind is ast.Div:
        return body.new(REAL, f"fdiv double {converted(body, a, REAL).text}, {converted(body, b, REAL).text}")
    if kind in _BITS and a.type == b.type == TRUTH:
        return body.new(TRUTH, f"{_BITS[kind]} i1 {a.text}, {b.text}")
    type = common(a.type, b.type, INT)
    x, y = converted(body, a, type).text, converted(body, b, type).text
    if kind in _ARITHMETIC:
        return body.new(type, f"{_ARITHMETIC[kind][type == REAL]} {type.llvm} {x}, {y}")
    if type == INT and kind in _BITS:
        return body.new(INT, f"{_BITS[kind]} i64 {x}, {y}")
    if type == INT and kind in (ast.FloorDiv, ast.Mod):
        return _divided(body, x, y, kind is ast.FloorDiv)
    raise TranslationError(f"{kind.__name__} of {type.llvm}")


def _divided(body: Body, x: str, y: str, quotient: bool) -> Value:
    """Division that rounds down, as Python's; the processor's rounds towards 0."""
    rest = body.new(INT, f"srem i64 {x}, {y}")
    some = body.new(TRUTH, f"icmp ne i64 {rest.text}, 0")
    signs = body.new(INT, f"xor i64 {rest.text}, {y}")
    other = body.new(TRUTH, f"icmp slt i64 {signs.text}, 0")
    wrong = body.new(TRUTH, f"and i1 {some.text}, {other.text}")
    if quotient:
        rounded = body.new(INT, f"sdiv i64 {x}, {y}")
        return body.new(INT, f"sub i64 {rounded.text}, {converted(body, wrong, INT).text}")
    up = body.new(INT, f"add i64 {rest.text}, {y}")
    return body.new(INT, f"select i1 {wrong.text}, i64 {up.text}, i64 {rest.text}")


def unary(body: Body, operator: ast.unaryop, value: Value) -> Value:
    """An operator of one number."""
    match operator:
        case ast.Not():
            return body.new(TRUTH, f"xor i1 {condition(body, value).text}, true")
        case ast.USub() if value.type == REAL:
            return body.new(REAL, f"fneg double {value.text}")
        case ast.USub():
            return integer(-value.literal) if value.literal is not None else body.new(INT, f"sub i64 0, {converted(body, value, INT).text}")
        case ast.UAdd():
            return value
        case ast.Invert() if value.type == INT:
            return body.new(INT, f"xor i64 {value.text}, -1")
    raise TranslationError(f"{operator.__class__.__name__} is not known here")


def condition(body: Body, value: Value) -> Value:
    """Whether a value counts as true."""
    if value.type == INT:
        return body.new(TRUTH, f"icmp ne i64 {value.text}, 0")
    if value.type != TRUTH:
        raise TranslationError("a condition that is no truth value")
    return value


def _extreme(order: ast.cmpop) -> Callable[..., Value]:
    """`min` or `max`: of equal ones the first."""

    def emit(body: Body, *values: Value) -> Value:
        type = common(*(value.type for value in values))
        best, *others = (converted(body, value, type) for value in values)
        for other in others:
            better = compared(body, order, other, best)
            best = body.new(type, f"select i1 {better.text}, {type.llvm} {other.text}, {type.llvm} {best.text}")
        return best

    return emit


def _magnitude(body: Body, value: Value) -> Value:
    if value.type == REAL:
        return called(body, "llvm.fabs.f64", value)
    negative = body.new(TRUTH, f"icmp slt i64 {value.text}, 0")
    opposite = body.new(INT, f"sub i64 0, {value.text}")
    return body.new(INT, f"select i1 {negative.text}, i64 {opposite.text}, i64 {value.text}")


def _of_library(name: str) -> Callable[..., Value]:
    return lambda body, *arguments: called(body, name, *arguments)


def _classified(test: str) -> Callable[..., Value]:
    def emit(body: Body, value: Value) -> Value:
        size = called(body, "llvm.fabs.f64", value)
        return body.new(TRUTH, f"fcmp {test} double {size.text}, {real(math.inf).text}")

    return emit


def _shifted(body: Body, value: Value, by: Value) -> Value:
    return body.new(INT, f"lshr i64 {value.text}, {by.text}")


def _lowest_bit(body: Body, word: Value) -> Value:
    return body.new(INT, f"call i64 @llvm.cttz.i64(i64 {word.text}, i1 true)")


def _without_lowest_bit(body: Body, word: Value) -> Value:
    less = body.new(INT, f"add i64 {word.text}, -1")
    return body.new(INT, f"and i64 {word.text}, {less.text}")


def _prefetch(body: Body, address: Value) -> Value:
    at = body.new(INT, f"inttoptr i64 {address.text} to ptr")
    body.do(f"call void @llvm.prefetch.p0(ptr {at.text}, i32 1, i32 3, i32 1)")
    return Value(NOTHING, "")


def _signed(body: Body, value: Value, bits: Value) -> Value:
    sign = body.new(INT, f"and i64 {bits.text}, {-(2**63)}")
    plain = body.new(INT, f"bitcast double {value.text} to i64")
    both = body.new(INT, f"xor i64 {plain.text}, {sign.text}")
    return body.new(REAL, f"bitcast i64 {both.text} to double")


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "int": lambda body, value: converted(body, value, INT),
    "int64": lambda body, value: converted(body, value, INT),
    "float": lambda body, value: converted(body, value, REAL),
    "abs": _magnitude,
    "min": _extreme(ast.Lt()),
    "max": _extreme(ast.Gt()),
    "shifted": _shifted,
    "with_sign": _signed,
    "lowest_bit": _lowest_bit,
    "without_lowest_bit": _without_lowest_bit,
    "prefetch": _prefetch,
    "unlikely": condition,
    "floor": _of_library("llvm.floor.f64"),
    "sqrt": _of_library("llvm.sqrt.f64"),
    "copysign": _of_library("llvm.copysign.f64"),
    "isinf": _classified("oeq"),
    "isfinite": _classified("olt"),
    "isnan": _classified("uno"),
    **{name: _of_library(name) for name in ("exp", "log", "log1p", "pow", "fmod")},
}
"""Functions of Python, `math` and `primitives`, and numpy's `int64`. `math.floor` gives a whole double, which is all that it is used for."""

CONSTANTS = {"inf": real(math.inf), "nan": real(math.nan), "True": truth(True), "False": truth(False)}
