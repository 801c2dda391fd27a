"""Expressions as Python closures over a state, for the reference engine. Arithmetic on single values is in `values`.

A value's Python type follows from its static type: int for integers, float for other numbers, whatever the branches or operands were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Protocol, cast

from spn.expressions.errors import EvaluationError
from spn.expressions.tree import (
    Binary,
    Constant,
    Expression,
    Field,
    Function,
    IfElse,
    Instances,
    Lookup,
    Make,
    Now,
    Range,
    Reduce,
    Tokens,
    Unary,
    Value,
    Values,
    Variable,
)
from spn.expressions.types import REAL, Product, Record, Type
from spn.expressions.values import (
    COMPARISONS,
    FUNCTIONS,
    INTEGER_OPERATORS,
    REAL_OPERATORS,
    bounded,
    check_length,
    colour_values,
    is_integer,
    is_real,
)
from spn.expressions.walk import walk
from spn.text.source import Span


class State(Protocol):
    """What an expression may look at. Loops set and restore their variable in `variables`."""

    @property
    def variables(self) -> MutableMapping[str, Value]: ...
    @property
    def now(self) -> float: ...
    @property
    def tables(self) -> Mapping[str, Any]:
        """Sequences of numbers or booleans (numpy arrays will do)."""
        ...

    def count(self, place: str, element: int | None, pattern: tuple[Value | None, ...]) -> int:
        """Tokens in an element of a place class, or in all of them, that fit the pattern."""
        ...


Evaluator = Callable[[State], Any]

_DYNAMIC = (Variable, Now, Tokens, Lookup)


def compile_expression(expression: Expression) -> Evaluator:
    """A function of the state. Raises `EvaluationError` when called and there is no value; constant parts are computed here once."""
    run = _compile(expression)
    if isinstance(expression, Constant) or not _is_constant(expression):
        return run
    try:
        value = run(cast(State, None))
    except EvaluationError:
        return run
    return lambda state: value


def _is_constant(expression: Expression) -> bool:
    return not any(isinstance(node, (*_DYNAMIC, Reduce)) for node in walk(expression))


def _compile(node: Expression) -> Evaluator:
    rule = _RULES.get(type(node))
    if rule is None:
        raise TypeError(f"a {type(node).__name__} cannot be evaluated in a net")
    return rule(node)


def _as(node: Expression, wanted: Type) -> Evaluator:
    """The value of `node` where a value of type `wanted` stands: an integer becomes a real number if need be."""
    run = _compile(node)
    if is_real(wanted) and is_integer(node.type):
        return (lambda value: lambda state: value)(float(node.value)) if isinstance(node, Constant) else lambda state: float(run(state))  # type: ignore[arg-type]
    return run


def _located(run: Evaluator, span: Span | None) -> Evaluator:
    """`run`, its errors carrying the span of the innermost expression that has one."""

    def located(state: State) -> Any:
        try:
            return run(state)
        except EvaluationError as error:
            if error.span is None:
                error.span = span
            raise

    return located


def _constant(node: Constant) -> Evaluator:
    value = node.value
    return lambda state: value


def _variable(node: Variable) -> Evaluator:
    name = node.name

    def value(state: State) -> Any:
        try:
            return state.variables[name]
        except KeyError:
            raise EvaluationError(f"'{name}' has no value here: the arc that binds it has multiplicity 0", node.span) from None

    return value


def _now(node: Now) -> Evaluator:
    return lambda state: state.now


def _lookup(node: Lookup) -> Evaluator:
    name, index = node.table, _compile(node.index)

    def look(state: State) -> Any:
        table, k = state.tables[name], index(state)
        if not 0 <= k < len(table):
            raise EvaluationError(f"'{name}' has no element {k}; it has {len(table)}")
        value = table[k]
        return value.item() if hasattr(value, "item") else value

    if is_real(node.type):
        return _located(lambda state: float(look(state)), node.span)
    return _located(look, node.span)


def _field(node: Field) -> Evaluator:
    base, index = _compile(node.base), node.index
    return lambda state: base(state)[index]


def _make(node: Make) -> Evaluator:
    if isinstance(node.type, Record):
        types = tuple(type for _, type in node.type.fields)
    else:
        types = node.type.components if isinstance(node.type, Product) else tuple(c.type for c in node.components)
    parts = tuple(_as(component, type) for component, type in zip(node.components, types, strict=True))
    return lambda state: tuple(part(state) for part in parts)


def _unary(node: Unary) -> Evaluator:
    operand = _compile(node.operand)
    if node.operator == "not":
        return lambda state: not operand(state)
    if is_integer(node.type):
        return _located(lambda state: bounded(-operand(state)), node.span)
    return lambda state: -operand(state)


def _binary(node: Binary) -> Evaluator:
    if node.operator in ("and", "or"):
        first, second = _compile(node.left), _compile(node.right)
        if node.operator == "and":
            return lambda state: first(state) and second(state)
        return lambda state: first(state) or second(state)
    both_integer = is_integer(node.left.type) and is_integer(node.right.type)
    mixed = is_real(node.left.type) or is_real(node.right.type)
    if node.operator in COMPARISONS:
        wanted: Type = REAL if mixed else node.left.type
        compare, left, right = COMPARISONS[node.operator], _as(node.left, wanted), _as(node.right, wanted)
        return lambda state: compare(left(state), right(state))
    wanted = node.left.type if both_integer and is_integer(node.type) else REAL
    operators: Mapping[str, Callable[..., Any]] = INTEGER_OPERATORS if is_integer(wanted) else REAL_OPERATORS
    compute, left, right = operators[node.operator], _as(node.left, wanted), _as(node.right, wanted)
    return _located(lambda state: compute(left(state), right(state)), node.span)


def _choice(node: IfElse) -> Evaluator:
    condition, then, otherwise = _compile(node.condition), _as(node.then, node.type), _as(node.otherwise, node.type)
    return lambda state: then(state) if condition(state) else otherwise(state)


def _function(node: Function) -> Evaluator:
    if node.name in ("mean", "variance"):
        raise TypeError(f"{node.name} of a distribution is computed before a net is run")
    if node.name in ("min", "max"):
        pick = min if node.name == "min" else max
        parts = tuple(_as(argument, node.type) for argument in node.arguments)
        return lambda state: pick(part(state) for part in parts)
    argument = _compile(node.arguments[0])
    if node.name == "index":
        return lambda state: int(argument(state))
    if node.name == "abs":
        if is_integer(node.type):
            return _located(lambda state: bounded(abs(argument(state))), node.span)
        return lambda state: abs(argument(state))
    compute = FUNCTIONS[node.name]
    return _located(lambda state: compute(argument(state)), node.span)


def _tokens(node: Tokens) -> Evaluator:
    place = node.place
    element = None if node.element is None else _compile(node.element)
    pattern = tuple(None if entry is None else _compile(entry) for entry in node.pattern)
    if not pattern:
        return (lambda state: state.count(place, None, ())) if element is None else (lambda state: state.count(place, element(state), ()))

    def count(state: State) -> int:
        values = tuple(None if entry is None else entry(state) for entry in pattern)
        return state.count(place, None if element is None else element(state), values)

    return count


def _values_of(node: Reduce) -> Evaluator:
    """The values of the loop's variable."""
    domain = node.domain
    if isinstance(domain, Instances):
        raise TypeError("a net has no instances to run over")
    if isinstance(domain, Values):
        values = tuple(colour_values(domain.colour))
        return lambda state: values
    assert isinstance(domain, Range)
    start, stop = _compile(domain.start), _compile(domain.stop)

    def values_between(state: State) -> range:
        first, last = start(state), stop(state)
        check_length(first, last)
        return range(first, last + 1)

    return _located(values_between, node.span)


_NOTHING = object()


def _reduce(node: Reduce) -> Evaluator:
    values, body, name = _values_of(node), _compile(node.body), node.variable
    condition = None if node.condition is None else _compile(node.condition)
    finish = _FINISH[node.operator]
    real = is_real(node.type)

    def run(state: State) -> Any:
        variables = state.variables
        hidden = variables.get(name, cast(Value, _NOTHING))

        def bodies() -> Any:
            for value in values(state):
                variables[name] = value
                if condition is None or condition(state):
                    yield body(state)

        try:
            return finish(bodies(), real)
        finally:
            if hidden is _NOTHING:
                variables.pop(name, None)
            else:
                variables[name] = hidden

    return _located(run, node.span)


def _sum(bodies: Any, real: bool) -> float:
    if real:
        total = 0.0
        for value in bodies:  # not sum(): its compensation would differ from a compiled loop
            total += value
        return total
    result = 0
    for value in bodies:
        result = bounded(result + value)
    return result


def _extreme(pick: Callable[..., Any], word: str) -> Callable[[Any, bool], Any]:
    def finish(bodies: Any, real: bool) -> Any:
        found = pick(bodies, default=None)
        if found is None:
            raise EvaluationError(f"{word} of nothing")
        return found

    return finish


_FINISH: dict[str, Callable[[Any, bool], Any]] = {
    "sum": _sum,
    "all": lambda bodies, real: all(bodies),
    "any": lambda bodies, real: any(bodies),
    "count": lambda bodies, real: sum(1 for body in bodies if body),
    "min": _extreme(min, "min"),
    "max": _extreme(max, "max"),
}

_RULES: dict[type, Callable[[Any], Evaluator]] = {
    Constant: _constant,
    Variable: _variable,
    Now: _now,
    Lookup: _lookup,
    Field: _field,
    Make: _make,
    Unary: _unary,
    Binary: _binary,
    IfElse: _choice,
    Function: _function,
    Tokens: _tokens,
    Reduce: _reduce,
}
