"""Values of axes and of what is derived from them: typed, evaluated, and as the text that a model is given. Points and models are not known here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from spn import distributions
from spn.expressions import syntax, tree
from spn.expressions.check import check, check_delay
from spn.expressions.errors import EvaluationError
from spn.expressions.functions import FUNCTIONS
from spn.expressions.parse import parse_expression
from spn.expressions.render import render
from spn.expressions.scope import Scope
from spn.expressions.static import evaluate
from spn.expressions.tree import Constant, DelayCall, Expression, Function, IfElse, Parameter
from spn.expressions.types import DISTRIBUTION, DURATION, REAL, Distribution, Enumeration, Number, Type
from spn.expressions.units import UNITS, in_seconds
from spn.expressions.walk import transform
from spn.model.ranges import between
from spn.resolver.parameters import element_type
from spn.resolver.scopes import names_in
from spn.sweeps.types import Axis
from spn.text.positioned import Name, Text
from spn.text.problems import Problems

MOST_VALUES = 100_000
"""The most values of an axis, and the most points of a study."""


@dataclass(frozen=True, slots=True)
class AxisValue:
    """One value of an axis: the `text` that models are given, how it is `shown`, a `key` that equal values have in common, and the `tree` that takes
    its place in derived parameters (None, if only models know what it means).
    """

    text: Text
    shown: str
    key: str
    tree: Expression | None


@dataclass(frozen=True, slots=True)
class AxisSpec:
    """An axis. `type` is None, if only models know what its values mean."""

    name: Name
    values: tuple[AxisValue, ...]
    type: Type | None


def axis_values(name: Name, axis: Axis, problems: Problems) -> AxisSpec | None:
    """The values of an axis; None and problems, if there is something wrong with them."""
    if axis.values:
        spec = listed_values(name, axis.values, problems)
    else:
        assert axis.start is not None and axis.stop is not None and axis.points is not None
        spec = _range(name, axis.start, axis.stop, axis.points, axis.scale == "log", problems)
    if spec is None:
        return None
    seen: dict[str, AxisValue] = {}
    for value in spec.values:
        if value.key in seen:
            problems.error("value-twice", f"'{name}' has the value {value.shown} twice", value.text.span)
        seen[value.key] = value
    return spec


def listed_values(name: Name, texts: tuple[Text, ...], problems: Problems) -> AxisSpec | None:
    """Values that are written one by one, all of one kind; None and problems, if there is something wrong with them."""
    if len(texts) > MOST_VALUES:
        problems.error("too-large", f"an axis has at most {MOST_VALUES:,} values", texts[0].span)
        return None
    parsed = [parse_expression(text, text.span, problems, text.exact) for text in texts]
    nodes = [node for node in parsed if node is not None]
    if len(nodes) < len(texts):
        return None
    if all(isinstance(node, syntax.Name) for node in nodes):
        members = tuple(dict.fromkeys(str(text).strip() for text in texts))
        type_ = Enumeration(str(name), members)
        words = [Constant(type_, members.index(str(text).strip()), span=text.span) for text in texts]
        return AxisSpec(name, tuple(AxisValue(text, str(text), str(text).strip(), word) for text, word in zip(texts, words, strict=True)), type_)
    if any(isinstance(node, syntax.ListOf) or unknown_names(node) for node in nodes):
        return AxisSpec(name, tuple(AxisValue(text, str(text), str(text).strip(), None) for text in texts), None)
    return _typed(name, texts, nodes, problems)


def unknown_names(node: syntax.Syntax) -> set[str]:
    """The names in an expression that are none of the language's own."""
    return set(names_in(node)) - {*distributions.FAMILIES, *FUNCTIONS, *UNITS}


def _typed(name: Name, texts: tuple[Text, ...], nodes: list[syntax.Syntax], problems: Problems) -> AxisSpec | None:
    """Values that can be understood without a model: numbers with units, truth values, distributions; all of one kind."""
    checked = [check(node, Scope(), None, problems) for node in nodes]
    trees = [found for found in checked if found is not None]
    if len(trees) < len(nodes):
        return None
    if any(isinstance(found.type, Distribution) for found in trees):
        expected: Type = DISTRIBUTION
    else:
        expected = element_type(tuple(trees)) if isinstance(trees[0].type, Number) else trees[0].type
    fitted = [check_delay(node, Scope(), problems) if expected == DISTRIBUTION else check(node, Scope(), expected, problems) for node in nodes]
    values = []
    for text, found in zip(texts, fitted, strict=True):
        folded = None if found is None else folded_at(found, {}, problems)
        if folded is None:
            return None
        values.append(AxisValue(text, str(text).strip(), render(folded), folded))
    return AxisSpec(name, tuple(values), expected)


def _range(name: Name, start: Text, stop: Text, points: Text, log: bool, problems: Problems) -> AxisSpec | None:
    count = whole_number(points, "points", 2, MOST_VALUES, problems)
    ends = listed_values(name, (start, stop), problems)
    if count is None or ends is None:
        return None
    if not isinstance(ends.type, Number):
        problems.error("wrong-type", "a range goes from one number to another", start.span)
        return None
    first, last = (_value_of(value.tree) for value in ends.values)
    if log and not (first > 0 and last > 0):
        problems.error("bad-value", "a logarithmic range has positive ends", (start if first <= 0 else stop).span)
        return None
    if first == last:
        problems.error("bad-value", "the ends of a range differ", stop.span)
        return None
    values = between(first, last, count, log)
    type_: Number = ends.type
    if type_.integer and all(abs(value - round(value)) <= 1e-9 * max(1.0, abs(value)) for value in values):
        numbers: list[float | int] = [round(value) for value in values]
    else:
        type_, numbers = Number(False, type_.dimension), list(values)
    unit = _unit(start, problems)
    return AxisSpec(name, tuple(_numbered(number, type_, unit, start) for number in numbers), type_)


def _numbered(number: float, type_: Number, unit: str | None, span: Text) -> AxisValue:
    constant = Constant(type_, number, span=span.span)
    key = render(constant)
    shown = key
    if isinstance(number, float):
        shown = f"{number / in_seconds(1.0, unit):.6g} {unit}" if unit and type_.dimension == 1 else f"{number:.6g}" if not type_.dimension else key
    return AxisValue(Text(key, span.span, exact=False, value=key), shown, key, constant)


def _unit(text: Text, problems: Problems) -> str | None:
    node = parse_expression(text, text.span, problems, text.exact)
    return node.unit if isinstance(node, syntax.Number) and node.unit != "%" else None


def _value_of(expression: Expression | None) -> float:
    assert isinstance(expression, Constant) and isinstance(expression.value, int | float)
    return float(expression.value)


def folded_at(expression: Expression, values: Mapping[str, Expression], problems: Problems) -> Expression | None:
    """The expression with parameters replaced by their values and all evaluated that is not a distribution itself; None and a problem, if it has no
    value.
    """

    def replaced(node: Expression) -> Expression:
        if isinstance(node, Parameter):
            return values.get(node.name, node)
        if isinstance(node, Function) and node.name in ("mean", "variance"):
            return _moment(node)
        return node

    try:
        return _folded(transform(expression, replaced))
    except EvaluationError as error:
        problems.error("bad-value", error.message, error.span or expression.span)
        return None


def _folded(node: Expression) -> Expression:
    if isinstance(node, DelayCall):
        made = replace(node, arguments=tuple(_argument(argument) for argument in node.arguments))
        distribution(made)
        return made
    if isinstance(node, IfElse) and isinstance(node.type, Distribution):
        condition = _folded(node.condition)
        assert isinstance(condition, Constant)
        return _folded(node.then if condition.value else node.otherwise)
    value = evaluate(node, {})
    if isinstance(node.type, Number) and not node.type.integer:
        value = float(value)
        if not math.isfinite(value):
            raise EvaluationError("this is too large for a number", node.span)
    return Constant(node.type, value, span=node.span)


def _argument(argument: Expression | tree.Sequence) -> Expression | tree.Sequence:
    return tree.Sequence(tuple(_folded(item) for item in argument.items)) if isinstance(argument, tree.Sequence) else _folded(argument)


def distribution(call: DelayCall) -> distributions.Distribution:
    """The distribution itself; its parameters must be possible ones."""
    arguments = [[_value_of(item) for item in a.items] if isinstance(a, tree.Sequence) else _number(a) for a in call.arguments]
    try:
        return distributions.make(call.name, call.form, arguments)
    except ValueError as error:
        raise EvaluationError(str(error), call.span) from None


def _number(argument: Expression) -> float | int:
    assert isinstance(argument, Constant) and isinstance(argument.value, int | float)
    return argument.value


def _moment(node: Function) -> Expression:
    call = _folded(node.arguments[0])
    assert isinstance(call, DelayCall)
    made = distribution(call)
    return Constant(node.type, made.mean if node.name == "mean" else made.variance, span=node.span)


def number(text: Text, what: str, problems: Problems, expected: Number = REAL) -> float | int | None:
    """A plain number, written as an expression: ``5 %``."""
    node = parse_expression(text, text.span, problems, text.exact)
    found = None if node is None else check(node, Scope(), expected, problems)
    folded = None if found is None else folded_at(found, {}, problems)
    if folded is None:
        return None
    if not isinstance(folded, Constant) or not isinstance(folded.value, int | float):
        problems.error("wrong-type", f"'{what}' is a number", text.span)
        return None
    return folded.value


def whole_number(text: Text, what: str, least: int, most: int, problems: Problems) -> int | None:
    """A whole number from `least` to `most`; ``1e8`` is one, too."""
    if isinstance(text.value, int) and not isinstance(text.value, bool):
        value: float | int | None = text.value
    else:
        value = number(text, what, problems)
    if value is None:
        return None
    if value != math.floor(value) or not least <= value <= most:
        problems.error("bad-value", f"'{what}' must be a whole number from {least:,} to {most:,}", text.span)
        return None
    return int(value)


def seconds(text: Text, what: str, problems: Problems) -> float | None:
    """A time that is not 0, with a unit: ``1e6 h``."""
    value = number(text, what, problems, DURATION)
    if value is not None and not 0.0 < value < math.inf:
        problems.error("bad-value", f"'{what}' must be a time, and longer than 0", text.span)
        return None
    return None if value is None else float(value)


def share(text: Text, what: str, problems: Problems) -> float | None:
    """A number strictly between 0 and 1."""
    value = number(text, what, problems)
    if value is None:
        return None
    if not 0.0 < value < 1.0:
        problems.error("bad-value", f"'{what}' must be between 0 and 1 (0 % and 100 %), both excluded", text.span)
        return None
    return float(value)

