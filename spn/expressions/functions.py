"""Checking calls of the built-in functions. What they compute is in `static` and `closures`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from spn.expressions import syntax
from spn.expressions.fitting import describe, is_zero, with_dimension
from spn.expressions.tree import Expression, Function
from spn.expressions.types import DISTRIBUTION, DURATION, INTEGER, REAL, Boolean, Enumeration, Number, Type


class _Checker(Protocol):
    def check(self, node: syntax.Syntax) -> Expression | None: ...
    def check_as(self, node: syntax.Syntax, expected: Type) -> Expression | None: ...
    def error(self, code: str, message: str, node: syntax.Node, hint: str | None = None) -> None: ...


FUNCTIONS = ("min", "max", "abs", "floor", "ceil", "round", "sqrt", "exp", "log", "index", "mean", "variance")


def check_function(checker: _Checker, name: str, node: syntax.Call) -> Expression | None:
    """``min(a, b)``, ``sqrt(x)``, ``mean(restart)``."""
    if any(argument.name is not None for argument in node.arguments):
        checker.error("wrong-arguments", f"{name} takes its arguments by position", node)
        return None
    few = 2 if name in ("min", "max") else 1
    if len(node.arguments) < few or (few == 1 and len(node.arguments) > 1):
        expected = "two or more arguments" if few == 2 else "one argument"
        hint = f"over an index: '{name}(f(s) for s in section)'" if few == 2 else None
        checker.error("wrong-arguments", f"{name} takes {expected}, not {len(node.arguments)}", node, hint)
        return None
    if name in ("mean", "variance"):
        of = checker.check_as(node.arguments[0].value, DISTRIBUTION)
        return None if of is None else Function(DURATION if name == "mean" else Number(False, 2), name, (of,), span=node.span)
    if name == "index":
        return _index(checker, node)
    arguments = [_number(checker, argument.value) for argument in node.arguments]
    found = tuple(argument for argument in arguments if argument is not None)
    if len(found) < len(arguments):
        return None
    found = _unified(found)
    type = _result(checker, name, node, [argument.type for argument in found if isinstance(argument.type, Number)])
    return None if type is None else Function(type, name, found, span=node.span)


def _index(checker: _Checker, node: syntax.Call) -> Expression | None:
    """``index(kind)``: the position, from 0, of a member of an enumeration, or of a truth value."""
    found = checker.check(node.arguments[0].value)
    if found is None:
        return None
    if not isinstance(found.type, Enumeration | Boolean):
        hint = "an integer is its own index" if found.type == INTEGER else None
        message = f"index takes a member of an enumeration or a truth value, not {describe(found.type)}"
        checker.error("wrong-type", message, node.arguments[0], hint)
        return None
    return Function(INTEGER, "index", (found,), span=node.span)


def _number(checker: _Checker, node: syntax.Syntax) -> Expression | None:
    found = checker.check(node)
    if found is not None and not isinstance(found.type, Number):
        hint = "write '1 if x else 0'" if isinstance(found.type, Boolean) else None
        checker.error("wrong-type", f"a number is expected here, not {describe(found.type)}", node, hint)
        return None
    return found


def _unified(arguments: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """The literal 0 beside durations is a duration."""
    dimensions = {a.type.dimension for a in arguments if isinstance(a.type, Number) and not is_zero(a)}
    if len(dimensions) != 1:
        return arguments
    (dimension,) = dimensions
    return tuple(with_dimension(a, dimension) if is_zero(a) else a for a in arguments)


def _result(checker: _Checker, name: str, node: syntax.Call, types: list[Number]) -> Number | None:
    """The type of the result; None and a problem if the dimensions do not allow it."""
    dimension = types[0].dimension
    if any(type.dimension != dimension for type in types):
        shown = " and ".join(sorted({describe(type) for type in types}))
        checker.error("wrong-unit", f"{name} of {shown}", node, "all arguments need the same unit")
        return None
    return _RESULTS[name](checker, name, node, types)


def _same(checker: _Checker, name: str, node: syntax.Call, types: list[Number]) -> Number:
    return Number(all(type.integer for type in types), types[0].dimension)


def _root(checker: _Checker, name: str, node: syntax.Call, types: list[Number]) -> Number | None:
    if types[0].dimension % 2:
        checker.error("wrong-unit", f"there is no square root of {describe(types[0])}", node)
        return None
    return Number(False, types[0].dimension // 2)


def _plain(result: Number) -> Callable[[_Checker, str, syntax.Call, list[Number]], Number | None]:
    def rule(checker: _Checker, name: str, node: syntax.Call, types: list[Number]) -> Number | None:
        if types[0].dimension:
            hint = f"say in which unit: '{name}(x / (1 s))'" if types[0].dimension == 1 else None
            checker.error("wrong-unit", f"{name} of {describe(types[0])}", node, hint)
            return None
        return result

    return rule


_RESULTS: dict[str, Callable[[_Checker, str, syntax.Call, list[Number]], Number | None]] = {
    **dict.fromkeys(("min", "max", "abs"), _same),
    **dict.fromkeys(("floor", "ceil", "round"), _plain(INTEGER)),
    **dict.fromkeys(("exp", "log"), _plain(REAL)),
    "sqrt": _root,
}
