"""Expressions without a marking, evaluated for all rows of an index at once with numpy. With a marking: see `closures`.

Transcendental functions are Python's own, value by value: numpy's may differ in the last bit from one processor to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from spn.expressions import values
from spn.expressions.errors import EvaluationError
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
    Reduce,
    Tokens,
    Unary,
    Value,
    Values,
    Variable,
)
from spn.expressions.types import REAL, Boolean, Number, Product, Record, Type
from spn.expressions.values import is_integer, is_real
from spn.expressions.walk import free_variables, walk
from spn.records import dataclass

Array = NDArray[Any]
Data = Any
"""A scalar (bool, int, float), an array with a value for each row, or a tuple of these (products, records)."""


def is_static(expression: Expression, variables: frozenset[str] | None = None) -> bool:
    """Whether nothing in it depends on marking or time; with `variables`, also whether it reads no others than these."""
    dynamic = (Tokens, PlaceRead, Now, DelayCall)
    if any(isinstance(node, dynamic) for node in walk(expression)):
        return False
    return variables is None or free_variables(expression) <= variables


def evaluate(
    expression: Expression,
    variables: Mapping[str, Data],
    tables: Mapping[str, Array] | None = None,
    parameters: Mapping[str, Data] | None = None,
) -> Data:
    """The value of `expression`: an array if any variable or parameter that it reads is one (all of one length), else a scalar.

    Raises `EvaluationError`, which names the first row without a value. Parts that a condition rules out in a row are not evaluated there.
    """
    read = {node.name if isinstance(node, Variable | Parameter) else node.table for node in walk(expression) if isinstance(node, _NAMED)}
    named = {("parameter", name): value for name, value in (parameters or {}).items() if name in read}
    named |= {("variable", name): value for name, value in variables.items() if name in read}
    size = next((length for value in named.values() if (length := _length(value)) is not None), None)
    frame = _Frame({key: _native(value) for key, value in named.items()}, tables or {}, size, None, _Budget())
    return frame.evaluate(expression)


_NAMED = (Variable, Parameter, Lookup)


def _length(value: Data) -> int | None:
    if isinstance(value, tuple):
        return next((length for part in value if (length := _length(part)) is not None), None)
    return len(value) if isinstance(value, np.ndarray) and value.ndim else None


def _native(value: Data) -> Data:
    """Numpy scalars as Python's, whose integers do not wrap."""
    if isinstance(value, tuple):
        return tuple(_native(part) for part in value)
    return value.item() if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0) else value


def _take(value: Data, rows: Array) -> Data:
    if isinstance(value, tuple):
        return tuple(_take(part, rows) for part in value)
    return value[rows] if isinstance(value, np.ndarray) else value


def _merge(size: int, parts: list[tuple[Array, Data]], type: Type) -> Data:
    """One value for all rows from values for some rows each."""
    if any(isinstance(value, tuple) for _, value in parts):
        types = _component_types(type)
        return tuple(_merge(size, [(rows, value[k]) for rows, value in parts], types[k]) for k in range(len(types)))
    result = np.zeros(size, _dtype(type))
    for rows, value in parts:
        result[rows] = value
    return result


def _component_types(type: Type) -> tuple[Type, ...]:
    return tuple(t for _, t in type.fields) if isinstance(type, Record) else cast(Product, type).components


def _dtype(type: Type) -> type[np.generic]:
    if isinstance(type, Boolean):
        return np.bool_
    return np.float64 if isinstance(type, Number) and not type.integer else np.int64


MOST_STEPS = 100_000
"""The most values that the loops of one expression run over, all together: a second or two."""


class _Budget:
    """The steps that loops have left."""

    def __init__(self) -> None:
        self.steps = MOST_STEPS

    def take(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise EvaluationError(f"its loops run over more than {MOST_STEPS:,} values")


@dataclass(frozen=True, slots=True)
class _Frame:
    """Names and their values in `size` rows (None: there are only scalars); `rows` are the rows' numbers where only some are looked at."""

    names: Mapping[tuple[str, str], Data]
    tables: Mapping[str, Array]
    size: int | None
    rows: Array | None
    budget: _Budget

    def evaluate(self, node: Expression) -> Data:
        rule = _RULES.get(type(node))
        if rule is None:
            raise TypeError(f"a {type(node).__name__} has no value without a marking")
        try:
            return rule(self, node)
        except EvaluationError as error:
            if error.span is None:
                error.span = node.span
            raise

    def evaluate_as(self, node: Expression, wanted: Type) -> Data:
        """The value where one of type `wanted` stands: an integer becomes a real number if need be."""
        value = self.evaluate(node)
        if is_real(wanted) and not is_real(node.type):
            return value.astype(np.float64) if isinstance(value, np.ndarray) else float(value)
        return value

    def only(self, selected: Array) -> _Frame:
        """The frame of the rows where `selected` is true."""
        taken = np.flatnonzero(selected)
        rows = taken if self.rows is None else self.rows[taken]
        return _Frame({key: _take(value, taken) for key, value in self.names.items()}, self.tables, len(taken), rows, self.budget)

    def with_variable(self, name: str, value: Data) -> _Frame:
        return _Frame({**self.names, ("variable", name): value}, self.tables, self.size, self.rows, self.budget)

    def fail(self, message: str, wrong: Data) -> None:
        """Raise an error that names the first row where `wrong` is true, if there is one."""
        if not isinstance(wrong, np.ndarray):
            if wrong:
                raise EvaluationError(message)
        elif wrong.any():
            k = int(np.argmax(wrong))
            raise EvaluationError(message, None, k if self.rows is None else int(self.rows[k]))

    def each(self, function: Callable[..., Any], kind: type[np.generic], *arguments: Data) -> Data:
        """`function` of Python's scalars in every row."""
        if not any(isinstance(argument, np.ndarray) for argument in arguments):
            return function(*arguments)
        columns = np.broadcast_arrays(*arguments)
        result = np.empty(columns[0].shape, kind)
        for k, row in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
            try:
                result[k] = function(*row)
            except EvaluationError as error:
                error.row = k if self.rows is None else int(self.rows[k])
                raise EvaluationError(error.message, error.span, error.row) from None
        return result

    # Leaves

    def _constant(self, node: Constant) -> Data:
        return node.value

    def _variable(self, node: Variable) -> Data:
        return self.names[("variable", node.name)]

    def _parameter(self, node: Parameter) -> Data:
        return self.names[("parameter", node.name)]

    def _lookup(self, node: Lookup) -> Data:
        table = self.tables[node.table] if node.table in self.tables else self.names[("parameter", node.table)]
        index = self.evaluate(node.index)
        outside = (index < 0) | (index >= len(table)) if isinstance(index, np.ndarray) else not 0 <= index < len(table)
        self.fail(f"'{node.table}' has no such element; it has {len(table)}", outside)
        value = np.asarray(table)[index]
        if isinstance(index, np.ndarray):
            return value.astype(_dtype(node.type), copy=False)
        return float(value) if is_real(node.type) else value.item()

    def _field(self, node: Field) -> Data:
        return self.evaluate(node.base)[node.index]

    def _make(self, node: Make) -> Data:
        types = _component_types(node.type)
        return tuple(self.evaluate_as(component, type) for component, type in zip(node.components, types, strict=True))

    # Operators

    def _unary(self, node: Unary) -> Data:
        operand = self.evaluate(node.operand)
        if node.operator == "not":
            return ~operand if isinstance(operand, np.ndarray) else not operand
        if not is_integer(node.type):
            return -operand
        return values.bounded(-operand) if not isinstance(operand, np.ndarray) else self._integer("-", 0, operand)

    def _binary(self, node: Binary) -> Data:
        if node.operator in ("and", "or"):
            return self._logic(node)
        mixed = is_real(node.left.type) or is_real(node.right.type)
        real = REAL
        if node.operator in values.COMPARISONS:
            wanted = real if mixed else node.left.type
            return _compare(node.operator, self.evaluate_as(node.left, wanted), self.evaluate_as(node.right, wanted))
        wanted = node.left.type if is_integer(node.type) else real
        left, right = self.evaluate_as(node.left, wanted), self.evaluate_as(node.right, wanted)
        return self._integer(node.operator, left, right) if is_integer(node.type) else self._real(node.operator, left, right)

    def _logic(self, node: Binary) -> Data:
        """The right side is evaluated only in the rows where the left side leaves the matter open."""
        left = self.evaluate(node.left)
        decided = node.operator == "or"
        if not isinstance(left, np.ndarray):
            return left if left is decided else self.evaluate(node.right)
        open_rows = ~left if decided else left
        if open_rows.all():
            right = self.evaluate(node.right)
            return right if isinstance(right, np.ndarray) else np.full(len(left), right)
        result = left.copy()
        if open_rows.any():
            result[open_rows] = self.only(open_rows).evaluate(node.right)
        return result

    def _integer(self, operator: str, left: Data, right: Data) -> Data:
        if not isinstance(left, np.ndarray) and not isinstance(right, np.ndarray):
            return values.INTEGER_OPERATORS[operator](left, right)
        if operator == "**":
            return self.each(values.integer_power, np.int64, left, right)
        a, b = np.asarray(left, np.int64), np.asarray(right, np.int64)
        if operator in ("//", "%"):
            return self._integer_quotient(operator, a, b)
        with np.errstate(over="ignore"):
            result = a + b if operator == "+" else a - b if operator == "-" else a * b
        self.fail("the integer does not fit into 64 bits", _overflows(operator, a, b, result))
        return result

    def _integer_quotient(self, operator: str, a: Array, b: Array) -> Data:
        self.fail("division by zero" if operator == "//" else "remainder of a division by zero", np.broadcast_to(b == 0, np.broadcast(a, b).shape))
        if operator == "%":
            return a % b
        self.fail("the integer does not fit into 64 bits", (a == values.SMALLEST) & (b == -1))
        return a // b

    def _real(self, operator: str, left: Data, right: Data) -> Data:
        if not isinstance(left, np.ndarray) and not isinstance(right, np.ndarray):
            return values.REAL_OPERATORS[operator](left, right)
        if operator == "**":
            return self.each(values.real_power, np.float64, left, right)
        if operator in ("/", "//", "%"):
            zero = np.broadcast_to(np.asarray(right) == 0, np.broadcast(left, right).shape)
            self.fail("remainder of a division by zero" if operator == "%" else "division by zero", zero)
        with np.errstate(all="ignore"):
            return _REAL[operator](left, right)

    def _choice(self, node: IfElse) -> Data:
        condition = self.evaluate(node.condition)
        if not isinstance(condition, np.ndarray):
            return self.evaluate_as(node.then if condition else node.otherwise, node.type)
        parts = []
        for selected, branch in ((condition, node.then), (~condition, node.otherwise)):
            if selected.any():
                parts.append((selected, self.only(selected).evaluate_as(branch, node.type)))
        return _merge(len(condition), parts, node.type)

    def _function(self, node: Function) -> Data:
        if node.name in ("min", "max"):
            found = [self.evaluate_as(argument, node.type) for argument in node.arguments]
            if not any(isinstance(value, np.ndarray) for value in found):
                return min(found) if node.name == "min" else max(found)
            pick: Callable[[Data, Data], Data] = np.minimum if node.name == "min" else np.maximum
            result = found[0]
            for value in found[1:]:
                result = pick(result, value)
            return result
        if node.name not in ("abs", "index", *values.FUNCTIONS):
            raise TypeError(f"{node.name} of a distribution is not computed here")
        argument = self.evaluate(node.arguments[0])
        if node.name == "index":
            return argument.astype(np.int64) if isinstance(argument, np.ndarray) else int(argument)
        if node.name == "abs":
            if is_integer(node.type):
                self.fail("the integer does not fit into 64 bits", argument == values.SMALLEST)
            return abs(argument)
        return self.each(values.FUNCTIONS[node.name], np.int64 if is_integer(node.type) else np.float64, argument)

    # Loops

    def _reduce(self, node: Reduce) -> Data:
        if self.size is None:
            return self._reduce_scalar(node)
        total = _Running(node, self.size)
        for value, inside in self._domain(node):
            self.budget.take()
            active = inside & total.open
            if not active.any():
                continue
            frame = self.only(active).with_variable(node.variable, value)
            rows = np.flatnonzero(active)
            if node.condition is not None:
                condition = np.broadcast_to(np.asarray(frame.evaluate(node.condition)), (len(rows),))
                if not condition.any():
                    continue
                frame, rows = frame.only(condition), rows[condition]
            total.add(frame, rows, frame.evaluate(node.body))
        self.fail(f"{node.operator} of nothing", total.empty)
        return total.result

    def _domain(self, node: Reduce) -> Iterator[tuple[Value, Array]]:
        """Each value of the loop's variable, and in which rows it is one."""
        size = cast(int, self.size)
        if isinstance(node.domain, Values):
            for value in values.colour_values(node.domain.colour):
                yield value, np.ones(size, bool)
            return
        if isinstance(node.domain, Instances):
            raise TypeError("instances have no value")
        start = np.broadcast_to(np.asarray(self.evaluate(node.domain.start)), (size,))
        stop = np.broadcast_to(np.asarray(self.evaluate(node.domain.stop)), (size,))
        some = start <= stop
        if some.any():
            first, last = int(start[some].min()), int(stop[some].max())
            values.check_length(first, last)
            for k in range(first, last + 1):
                yield k, (start <= k) & (k <= stop)

    def _reduce_scalar(self, node: Reduce) -> Data:
        """Without arrays: the rows are one."""
        one = _Frame(self.names, self.tables, 1, None, self.budget)
        try:
            return one._reduce(node)[0].item()
        except EvaluationError as error:
            raise EvaluationError(error.message, error.span) from None


class _Running:
    """The value of a reduction so far, in every row."""

    def __init__(self, node: Reduce, size: int) -> None:
        self.node = node
        start = {"all": True, "any": False}.get(node.operator, 0)
        self.result = np.full(size, start, _dtype(node.type))
        self.open = np.ones(size, bool)
        """Rows in which further values may change the result."""
        self.seen = np.zeros(size, bool)

    @property
    def empty(self) -> Data:
        return ~self.seen if self.node.operator in ("min", "max") else False

    def add(self, frame: _Frame, rows: Array, body: Data) -> None:
        body = np.broadcast_to(np.asarray(body), (len(rows),))
        before = self.result[rows]
        match self.node.operator:
            case "all" | "any":
                self.result[rows] = body
                self.open[rows] = body if self.node.operator == "all" else ~body
            case "count":
                self.result[rows] = before + body
            case "sum":
                self.result[rows] = frame._integer("+", before, body) if is_integer(self.node.type) else before + body
            case extreme:
                pick = np.minimum if extreme == "min" else np.maximum
                self.result[rows] = np.where(self.seen[rows], pick(before, body), body)
        self.seen[rows] = True


def _greatest(a: Array) -> int:
    """The greatest magnitude."""
    return max(abs(int(a.min())), abs(int(a.max()))) if a.size else 0


def _overflows(operator: str, a: Array, b: Array, result: Array) -> Array:
    """Where 64-bit arithmetic has wrapped round."""
    if operator == "+":
        return ((a ^ result) & (b ^ result)) < 0
    if operator == "-":
        return ((a ^ b) & (a ^ result)) < 0
    if _greatest(a) * _greatest(b) <= 2**62:
        return np.zeros(result.shape, bool)
    suspect = np.abs(a.astype(np.float64) * b.astype(np.float64)) > 2.0**62
    wrong = np.zeros(suspect.shape, bool)
    left, right = np.broadcast_to(a, suspect.shape), np.broadcast_to(b, suspect.shape)
    wrong[suspect] = [int(x) * int(y) != int(z) for x, y, z in zip(left[suspect], right[suspect], result[suspect], strict=True)]
    return wrong


_REAL: dict[str, Callable[[Data, Data], Data]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "//": np.floor_divide,
    "%": np.remainder,
}

_COMPARE: dict[str, Callable[[Data, Data], Data]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def _compare(operator: str, left: Data, right: Data) -> Data:
    if isinstance(left, tuple):
        same: Data = True
        for a, b in zip(left, right, strict=True):
            same = _both(same, _compare("==", a, b))
        return same if operator == "==" else (~same if isinstance(same, np.ndarray) else not same)
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return _COMPARE[operator](left, right)
    return values.COMPARISONS[operator](left, right)


def _both(first: Data, second: Data) -> Data:
    return first & second if isinstance(first, np.ndarray) or isinstance(second, np.ndarray) else first and second


_RULES: dict[type, Callable[[_Frame, Any], Data]] = {
    Constant: _Frame._constant,
    Variable: _Frame._variable,
    Parameter: _Frame._parameter,
    Lookup: _Frame._lookup,
    Field: _Frame._field,
    Make: _Frame._make,
    Unary: _Frame._unary,
    Binary: _Frame._binary,
    IfElse: _Frame._choice,
    Function: _Frame._function,
    Reduce: _Frame._reduce,
}
