"""Frames: the values of parameters and variables over many rows at once, and evaluating model expressions in them.

A row is one instance of a module, or one value of a loop in one. Everything here is vectorised over rows; nothing looks at a marking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace

import numpy as np
from numpy.typing import NDArray

from spn import distributions
from spn.expressions import static, tree, types
from spn.expressions.errors import EvaluationError
from spn.expressions.tree import Constant, DelayCall, Expression, Function, IfElse, Lookup, Parameter, Values
from spn.expressions.types import Number
from spn.expressions.walk import free_variables, transform, walk
from spn.records import dataclass
from spn.resolver.columns import Array, normalised
from spn.resolver.declarations import Loop
from spn.text.problems import Problems
from spn.text.source import Span

Rows = NDArray[np.int64]
LARGEST = 10_000_000
"""The most indices that one class may have; a model beyond it is refused before memory is."""


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of distribution with its arguments over all rows (of no meaning in rows of another case)."""

    name: str
    form: tuple[str, ...]
    arguments: tuple[Array | tuple[Array, ...], ...]

    def like(self, other: Case) -> bool:
        return self.name == other.name and self.form == other.form and _lengths(self) == _lengths(other)


def _lengths(case: Case) -> tuple[int, ...]:
    return tuple(len(a) if isinstance(a, tuple) else -1 for a in case.arguments)


def map_arguments(case: Case, function: Callable[[Array], Array]) -> Case:
    """The case with `function` applied to each array of its arguments."""
    arguments = tuple(tuple(map(function, a)) if isinstance(a, tuple) else function(a) for a in case.arguments)
    return Case(case.name, case.form, arguments)


@dataclass(frozen=True, slots=True)
class Delays:
    """A distribution for each row: row r has ``cases[which[r]]`` with that case's arguments at r."""

    which: NDArray[np.int64]
    cases: tuple[Case, ...]

    def take(self, rows: Rows) -> Delays:
        return Delays(picked(self.which, rows), tuple(map_arguments(case, lambda a: picked(a, rows)) for case in self.cases))


@dataclass(frozen=True, slots=True)
class Lists:
    """A list for each row: row r has ``items[offset[r] : offset[r] + length[r]]``."""

    items: Array
    offset: NDArray[np.int64]
    length: NDArray[np.int64]

    def take(self, rows: Rows) -> Lists:
        return Lists(self.items, picked(self.offset, rows), picked(self.length, rows))


Column = Array | Delays | Lists


def picked(values: Array, rows: Rows) -> Array:
    """The values at some rows; those of a single row take no memory however often it is asked for."""
    return np.broadcast_to(values, rows.shape) if len(values) == 1 else values[rows]


@dataclass(slots=True)
class Frame:
    """`size` rows with the values of parameters and variables in them."""

    size: int
    parameters: dict[str, Column] = field(default_factory=dict)
    variables: dict[str, Array] = field(default_factory=dict)
    tables: Mapping[str, Array] = field(default_factory=dict)

    def take(self, rows: Rows) -> Frame:
        """The frame whose row k is row ``rows[k]`` of this one."""
        return Frame(
            len(rows),
            {name: column.take(rows) if isinstance(column, (Delays, Lists)) else picked(column, rows) for name, column in self.parameters.items()},
            {name: picked(values, rows) for name, values in self.variables.items()},
            self.tables,
        )

    def where(self, mask: NDArray[np.bool_]) -> Frame:
        return self if bool(mask.all()) else self.take(np.flatnonzero(mask))


def evaluate(expression: Expression, frame: Frame, problems: Problems) -> Array:
    """The values of an expression over the rows; an error of evaluation becomes a problem (and zeros)."""
    try:
        return _evaluate(expression, frame)
    except EvaluationError as error:
        problems.error("bad-value", error.message, error.span or expression.span)
    return normalised(np.zeros(frame.size), expression.type)


def _evaluate(expression: Expression, frame: Frame) -> Array:
    if isinstance(expression, Constant):
        return normalised(np.full(frame.size, expression.value), expression.type)
    if isinstance(expression, tree.Variable):
        return normalised(frame.variables[expression.name], expression.type)
    if isinstance(expression, Parameter) and isinstance(values := frame.parameters.get(expression.name), np.ndarray):
        return normalised(np.broadcast_to(values, (frame.size,)), expression.type)
    nodes = list(walk(expression))
    for node in nodes:
        if isinstance(node, (tree.PlaceRead, tree.Tokens, tree.Now)):
            raise EvaluationError("this has to be known before anything runs; it may use parameters, not the marking or the time", node.span)
        if isinstance(node, Parameter) and node.name not in frame.parameters:
            raise EvaluationError(f"a table is the same for all instances and cannot use '{node.name}'; a list under 'parameters' can", node.span)
    tables = frame.tables
    parameters: dict[str, Array] = {}
    moments: dict[str, Array] = {}
    for name in {node.name if isinstance(node, Parameter) else node.table for node in nodes if isinstance(node, (Parameter, Lookup))}:
        column = frame.parameters.get(name)
        if isinstance(column, Lists):
            tables = {**tables, name: column.items}
            parameters[f"{name}:offset"] = column.offset
            parameters[f"{name}:length"] = column.length
        elif column is not None and not isinstance(column, Delays):
            parameters[name] = column

    def is_list(node: Expression) -> bool:
        return isinstance(node, Lookup) and isinstance(frame.parameters.get(node.table), Lists)

    def is_moment(node: Expression) -> bool:
        return isinstance(node, Function) and node.name in ("mean", "variance") and isinstance(node.arguments[0].type, types.Distribution)

    def prepare(node: Expression) -> Expression:
        if isinstance(node, Lookup) and is_list(node):
            return list_item(node)
        if isinstance(node, Function) and is_moment(node):
            name = f":{len(moments)}"
            moments[name] = _moment(node.name, _delays(node.arguments[0], frame), node.span)
            return tree.Variable(node.type, name, span=node.span)
        return node

    prepared = transform(expression, prepare) if any(is_list(node) or is_moment(node) for node in nodes) else expression
    with np.errstate(all="ignore"):
        values = static.evaluate(prepared, {**frame.variables, **moments}, tables, parameters)
    return normalised(np.broadcast_to(values, (frame.size,)), expression.type)


def list_item(node: Lookup) -> Expression:
    """The lookup in a row's own list as one in all rows' items; an index beyond the list becomes one beyond all items."""
    integer = types.INTEGER
    offset, length = Parameter(integer, f"{node.table}:offset"), Parameter(integer, f"{node.table}:length")
    inside = tree.Binary(
        types.BOOLEAN,
        "and",
        tree.Binary(types.BOOLEAN, ">=", node.index, Constant(integer, 0)),
        tree.Binary(types.BOOLEAN, "<", node.index, length),
    )
    index = IfElse(integer, inside, tree.Binary(integer, "+", offset, node.index), Constant(integer, -1))
    return Lookup(node.type, node.table, index, span=node.span)


def delays(expression: Expression, frame: Frame, problems: Problems) -> Delays:
    """The distribution that an expression gives in each row."""
    try:
        return _delays(expression, frame)
    except EvaluationError as error:
        problems.error("bad-value", error.message, error.span or expression.span)
    return Delays(np.zeros(frame.size, np.int64), (Case("deterministic", ("value",), (np.zeros(frame.size),)),))


def _delays(expression: Expression, frame: Frame) -> Delays:
    match expression:
        case Parameter(name=name):
            column = frame.parameters[name]
            assert isinstance(column, Delays)
            return column
        case IfElse(condition=condition, then=then, otherwise=otherwise):
            first, second = _delays(then, frame), _delays(otherwise, frame)
            which = np.where(_evaluate(condition, frame), first.which, second.which + len(first.cases))
            return Delays(which, first.cases + second.cases)
        case DelayCall(name=name, form=form):
            which = np.zeros(frame.size, np.int64)
            cases = []
            for number, (rows, call) in enumerate(with_items(expression, frame)):
                which[rows] = number
                cases.append(Case(name, form, _case_arguments(call, rows, frame)))
            result = Delays(which, tuple(cases))
            validate(result, expression.span)
            return result
        case _:
            raise EvaluationError("this is not a distribution", expression.span)


def _case_arguments(call: DelayCall, rows: Rows, frame: Frame) -> tuple[Array | tuple[Array, ...], ...]:
    """The arguments of a distribution over all rows, evaluated where it is meant only."""
    own = frame if len(rows) == frame.size else frame.take(rows)

    def spread(expression: Expression) -> Array:
        values = _evaluate(expression, own)
        if own is frame:
            return values
        everywhere = np.ones(frame.size, values.dtype)
        everywhere[rows] = values
        return everywhere

    return tuple(tuple(map(spread, a.items)) if isinstance(a, tree.Sequence) else spread(a) for a in call.arguments)


def with_items(call: DelayCall, frame: Frame) -> list[tuple[Rows, DelayCall]]:
    """The call with the items of its list-valued parameters written out; one call, with its rows, for each combination of their lengths."""
    lists = {a.name: column for a in call.arguments if isinstance(a, Parameter) and isinstance(column := frame.parameters.get(a.name), Lists)}
    everywhere = np.arange(frame.size, dtype=np.int64)
    if not lists or not frame.size:
        return [(everywhere, call)]
    lengths = np.column_stack([column.length for column in lists.values()])
    found = []
    for own in dict.fromkeys(map(tuple, lengths.tolist())):
        rows = np.flatnonzero((lengths == own).all(axis=1))
        sizes = dict(zip(lists, own, strict=True))
        arguments = tuple(_items(a, sizes[a.name], kind) if isinstance(a, Parameter) and a.name in sizes else a for a, kind in _kinds(call))
        found.append((rows, replace(call, arguments=arguments)))
    return found


def _kinds(call: DelayCall) -> list[tuple[Expression | tree.Sequence, Number]]:
    """The arguments of a distribution, each with the type that it (or each of its items) is to have."""
    return list(zip(call.arguments, kinds_of(call.name, call.form), strict=True))


def kinds_of(name: str, form: tuple[str, ...]) -> list[Number]:
    """The types of a distribution's arguments (of their items, where they are lists)."""
    known = next(known for known in distributions.FAMILIES[name].forms if known.names == form)
    return [Number(given.integer, given.dimension) for given in known.arguments]


def _items(parameter: Parameter, size: int, kind: Number) -> tree.Sequence:
    return tree.Sequence(tuple(Lookup(kind, parameter.name, Constant(types.INTEGER, k), span=parameter.span) for k in range(size)))


def distinct(delays_: Delays) -> list[tuple[int, Rows, list[float | int | list[float]]]]:
    """Each different distribution once: its case, the rows that have it, and its arguments."""
    found: list[tuple[int, Rows, list[float | int | list[float]]]] = []
    for number, case in enumerate(delays_.cases):
        rows = np.flatnonzero(delays_.which == number)
        if not rows.size:
            continue
        flat = [a for argument in case.arguments for a in (argument if isinstance(argument, tuple) else (argument,))]
        if all(bool((a == a[rows[0]]).all()) for a in flat):
            groups = [rows]
        else:
            matrix = np.column_stack([a[rows].astype(np.float64) for a in flat])
            _, inverse = np.unique(matrix, axis=0, return_inverse=True)
            order = np.argsort(inverse.ravel(), kind="stable")
            groups = [rows[part] for part in np.split(order, np.flatnonzero(np.diff(inverse.ravel()[order])) + 1)]
        found += [(number, group, [_argument(a, int(group[0])) for a in case.arguments]) for group in groups]
    return found


def _argument(argument: Array | tuple[Array, ...], row: int) -> float | int | list[float]:
    if isinstance(argument, tuple):
        return [a[row].item() for a in argument]
    value: float | int = argument[row].item()
    return value


def validate(delays_: Delays, span: Span | None) -> None:
    for number, _, arguments in distinct(delays_):
        case = delays_.cases[number]
        try:
            distributions.make(case.name, case.form, arguments)
        except ValueError as error:
            raise EvaluationError(str(error), span) from None


def _moment(which: str, delays_: Delays, span: Span | None) -> NDArray[np.float64]:
    result = np.zeros(len(delays_.which))
    for number, rows, arguments in distinct(delays_):
        case = delays_.cases[number]
        try:
            distribution = distributions.make(case.name, case.form, arguments)
        except ValueError as error:
            raise EvaluationError(str(error), span) from None
        result[rows] = distribution.mean if which == "mean" else distribution.variance
    return result


def concatenate(parts: Sequence[Column]) -> Column:
    """Columns of consecutive rows as one; equal kinds of distributions become one case."""
    first = parts[0]
    if isinstance(first, Delays):
        return _concatenate_delays([p for p in parts if isinstance(p, Delays)])
    if isinstance(first, Lists):
        lists = [p for p in parts if isinstance(p, Lists)]
        starts = np.cumsum([0] + [p.items.size for p in lists])
        return Lists(
            np.concatenate([p.items for p in lists]),
            np.concatenate([p.offset + start for p, start in zip(lists, starts, strict=False)]),
            np.concatenate([p.length for p in lists]),
        )
    arrays: list[Array] = [p for p in parts if isinstance(p, np.ndarray)]
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _concatenate_delays(parts: list[Delays]) -> Delays:
    size = sum(len(part.which) for part in parts)
    cases: list[Case] = []
    which = np.zeros(size, np.int64)
    start = 0
    for part in parts:
        stop = start + len(part.which)
        for number, case in enumerate(part.cases):
            found = next((k for k, known in enumerate(cases) if known.like(case)), None)
            if found is None:
                found = len(cases)
                cases.append(map_arguments(case, lambda a: np.ones(size, a.dtype)))
            _fill(cases[found], case, start, stop)
            which[start:stop][part.which == number] = found
        start = stop
    return Delays(which, tuple(cases))


def _fill(target: Case, source: Case, start: int, stop: int) -> None:
    for into, values in zip(target.arguments, source.arguments, strict=True):
        pairs = zip(into, values, strict=True) if isinstance(into, tuple) and isinstance(values, tuple) else [(into, values)]
        for a, b in pairs:
            assert isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
            a[start:stop] = b


@dataclass(frozen=True, slots=True)
class Extent:
    """The values of one loop in each row: ``count[r]`` values from ``low[r]`` on."""

    low: NDArray[np.int64]
    count: NDArray[np.int64]


def extent(loop: Loop, frame: Frame, problems: Problems) -> Extent:
    """Where a loop starts in each row and how many values it takes."""
    domain = loop.domain
    if isinstance(domain, tree.Range):
        low = evaluate(domain.start, frame, problems).astype(np.int64)
        high = evaluate(domain.stop, frame, problems).astype(np.int64)
        length = high.astype(np.float64) - low.astype(np.float64) + 1.0
        if bool((length > LARGEST).any()):
            name = "an index" if loop.variable.startswith(":") else f"'{loop.variable}'"
            problems.error("too-large", f"{name} takes {int(length.max()):,} values; the most is {LARGEST:,}", loop.span)
            return Extent(low, np.zeros(frame.size, np.int64))
        return Extent(low, np.maximum(high - low + 1, 0))
    assert isinstance(domain, Values)
    members = len(domain.colour.members) if isinstance(domain.colour, types.Enumeration) else 2
    return Extent(np.zeros(frame.size, np.int64), np.full(frame.size, members, np.int64))


def too_many(loops: Sequence[Loop], frame: Frame, problems: Problems) -> bool:
    """Whether loops take too many values together, as far as that can be told before any memory is taken: if none depends on one before it."""
    total = np.ones(frame.size)
    known: set[str] = set()
    for loop in loops:
        if isinstance(loop.domain, tree.Range) and (free_variables(loop.domain.start) | free_variables(loop.domain.stop)) & known:
            return False
        total = total * extent(loop, frame, problems).count
        known.add(loop.variable)
        if total.sum() > LARGEST:
            problems.error("too-large", f"'{loop.variable}' takes {int(total.sum()):,} values in all; the most is {LARGEST:,}", loop.span)
            return True
    return False


def expand(frame: Frame, loop: Loop, problems: Problems) -> tuple[Frame, Rows] | None:
    """The frame with a row for each value of the loop in each of its rows, and the old row of each; None if there are too many."""
    where = extent(loop, frame, problems)
    total = int(where.count.sum(dtype=np.float64)) if frame.size else 0
    if total > LARGEST:
        problems.error("too-large", f"'{loop.variable}' takes {total:,} values in all; the most is {LARGEST:,}", loop.span)
        return None
    rows = np.repeat(np.arange(frame.size, dtype=np.int64), where.count)
    starts = np.cumsum(where.count) - where.count
    values = where.low[rows] + np.arange(total, dtype=np.int64) - starts[rows]
    wider = frame.take(rows)
    wider.variables[loop.variable] = normalised(values, loop.type)
    return wider, rows
