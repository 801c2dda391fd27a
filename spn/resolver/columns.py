"""Columns: the values that an expression takes over an index, and their shortest expression in that index.

A column that is constant becomes a constant, an affine integer column ``step * i + start``, the index of one dimension of an array
``(i - first) // run % count + low``, any other a lookup in an interned table. The form is canonical: evaluating it and encoding the
values again gives the same expression, which makes resolving idempotent.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spn.expressions.tree import Binary, Constant, Expression, Lookup, Value, Variable
from spn.expressions.types import INTEGER, Boolean, Enumeration, Number, Type
from spn.net.types import TableValues
from spn.records import dataclass

Array = NDArray[Any]


@dataclass(slots=True)
class Tables:
    """The lookup tables of a net, named t1, t2, ... in the order of first use; equal tables are one."""

    values: dict[str, TableValues] = field(default_factory=dict)
    types: dict[str, Type] = field(default_factory=dict)
    _names: dict[tuple[str, bytes, Type], str] = field(default_factory=dict)

    def intern(self, values: Array, element: Type) -> str:
        """The name of the table with these values."""
        values = normalised(values, element)
        key = (values.dtype.str, values.tobytes(), element)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = f"t{len(self._names) + 1}"
            self.values[name] = values
            self.types[name] = element
        return name


def normalised(values: Array, element: Type) -> Array:
    """The values as a contiguous array of the element type's own dtype."""
    if isinstance(element, Boolean):
        return np.ascontiguousarray(values, dtype=np.bool_)
    if isinstance(element, Enumeration) or (isinstance(element, Number) and element.integer):
        return np.ascontiguousarray(values, dtype=np.int64)
    return np.ascontiguousarray(values, dtype=np.float64)


def scalar(value: object, element: Type) -> Value:
    """One value of a column as a plain Python value."""
    if isinstance(element, Boolean):
        return bool(value)
    if isinstance(element, Enumeration) or (isinstance(element, Number) and element.integer):
        return int(value)  # type: ignore[call-overload, no-any-return]
    return float(value)  # type: ignore[arg-type]


def encode(values: Array, variable: Variable | None, element: Type, tables: Tables, first: int = 0) -> Expression:
    """The expression in `variable` that has ``values[k]`` at ``variable == first + k``."""
    values = normalised(values, element)
    if values.size == 0:
        return Constant(element, scalar(0, element))
    if variable is None or bool((values == values[0]).all()):
        return Constant(element, scalar(values[0], element))
    if element == INTEGER:
        step = int(values[1]) - int(values[0])
        if bool((np.diff(values) == step).all()):
            return affine(int(values[0]) - step * first, step, variable)
        radix = _radix_form(values)
        if radix is not None:
            return _digit(*radix, len(values), affine(-first, 1, variable))
    return Lookup(element, tables.intern(values, element), affine(-first, 1, variable))


def affine(start: int, step: int, variable: Expression) -> Expression:
    """``start + step * variable``, without what is superfluous."""
    if step == 0:
        return Constant(INTEGER, start)
    term: Expression = variable if step == 1 else Binary(INTEGER, "*", Constant(INTEGER, step), variable)
    if start == 0:
        return term
    return Binary(INTEGER, "+" if start > 0 else "-", term, Constant(INTEGER, abs(start)))


def _radix_form(values: NDArray[np.int64]) -> tuple[int, int, int] | None:
    """Low, run and count if ``values[k] == low + k // run % count``: the index of one dimension of an array laid out in rows."""
    low = int(values[0])
    run = int(np.argmax(values != low))
    if run == 0 or int(values[run]) != low + 1:
        return None
    back = np.flatnonzero(values[::run] == low)
    count = int(back[1]) if back.size > 1 else -(-len(values) // run)
    positions = np.arange(len(values), dtype=np.int64)
    return (low, run, count) if bool((values == low + positions // run % count).all()) else None


def _digit(low: int, run: int, count: int, size: int, position: Expression) -> Expression:
    """``position // run % count + low``, without what is superfluous."""
    result = position
    if run > 1:
        result = Binary(INTEGER, "//", result, Constant(INTEGER, run))
    if count * run < size:
        result = Binary(INTEGER, "%", result, Constant(INTEGER, count))
    return affine(low, 1, result)


def affine_form(values: NDArray[np.int64]) -> tuple[int, int] | None:
    """Start and step if the values are an affine function of their position (step 0 for a constant), else None."""
    if values.size == 0:
        return 0, 0
    if values.size == 1:
        return int(values[0]), 0
    step = int(values[1]) - int(values[0])
    return (int(values[0]), step) if bool((np.diff(values) == step).all()) else None
