"""Parts of a net in words and in the names that people gave them: numbers in fitting units, places and transitions by their labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from spn.expressions import static
from spn.expressions.errors import EvaluationError
from spn.expressions.render import render
from spn.expressions.tree import Constant, DelayCall, Expression, Tokens, Value, Variable
from spn.expressions.tree import Sequence as Items
from spn.expressions.types import Number
from spn.expressions.walk import transform, walk
from spn.net.labels import label_of
from spn.net.types import Net, Place, Transition

_TIMES = {"year": 31557600.0, "d": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_RATES = {"s": 1.0, "h": 3600.0, "d": 86400.0, "year": 31557600.0, "ms": 1e-3}


def seconds(value: float, digits: int = 6) -> str:
    """``92 d``, ``30 s``, ``1.5 ms``: a time in the unit in which it is shortest to write, the larger of two."""
    return _shortest(value, {unit: value / size for unit, size in _TIMES.items()}, "{} {}", digits)


def about(value: float) -> str:
    """A time that nobody has written, to four digits, in the largest unit of which it is at least one."""
    unit = next((unit for unit, size in _TIMES.items() if abs(value) >= size), "s")
    return f"{value / _TIMES[unit]:.4g} {unit}"


def per_time(value: float, digits: int = 6) -> str:
    """``0.1 / h``: a rate, likewise."""
    return _shortest(value, {unit: value * size for unit, size in _RATES.items()}, "{} / {}", digits)


def _shortest(value: float, numbers: dict[str, float], form: str, digits: int) -> str:
    if value == 0 or not math.isfinite(value):
        return form.format(f"{value:g}", "s")
    texts = [(f"{number:.{digits}g}", unit) for unit, number in numbers.items()]
    plain = [pair for pair in texts if "e" not in pair[0] and 1e-3 <= abs(float(pair[0])) < 1e5]
    return form.format(*min(plain or [(f"{value:.{digits}g}", "s")], key=lambda pair: len(pair[0])))


def _literal(value: float, type: Number) -> tuple[str, bool]:
    if type.dimension == 1:
        return seconds(value), value >= 0
    if type.dimension == -1:
        return per_time(value), False
    text = f"{value:.12g}"
    return (text if type.dimension == 0 else f"{text} s**{type.dimension}"), type.dimension == 0 and value >= 0


class Wording:
    """Writes what is in one net."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self.places = {place.name: place for place in net.places}
        self.transitions = {transition.name: transition for transition in net.transitions}
        self._single = [place.name for place in net.places if place.size == 1]
        self._colours = {place.name: place.colour for place in net.places}

    def expression(self, expression: Expression, place: Place | Transition | None = None) -> str:
        """An expression in the language, with the labels of elements that are fixed. In a class of one, its index is known."""
        if place is not None and place.size == 1:
            return self.at(expression, place, 0)
        named = transform(expression, self._named)
        labels = {node.place: self._colours[node.place] for node in _tokens(expression)}
        single = [*self._single, *(node.place for node in _tokens(named) if node.element is None)]
        return render(named, single=single, colours={**self._colours, **labels}, literal=_literal)

    def at(self, expression: Expression, item: Place | Transition, index: int) -> str:
        """An expression of a class as it is for one of its indices."""
        return self.expression(transform(expression, lambda node: Constant(node.type, index) if _is_index(node, item.index) else node))

    def _named(self, node: Expression) -> Expression:
        if isinstance(node, Tokens) and isinstance(node.element, Constant) and not node.pattern:
            index = node.element.value
            if isinstance(index, int) and 0 <= index < self.places[node.place].size:
                return replace(node, place=self.label(self.places[node.place], index), element=None)
        return node

    def label(self, item: Place | Transition, index: int) -> str:
        """What people call one element."""
        return label_of(item.name, item.labels, index, lambda e, i: self.value(e, item, i)) if item.labels else self._plain(item, index)

    def _plain(self, item: Place | Transition, index: int) -> str:
        return item.name if item.size == 1 else f"{item.name}[{index}]"

    def elements(self, item: Place | Transition) -> str:
        """``fail(1)``, or ``6: fail(1) ... fail(6)``: the elements of a class, at most three by name."""
        if item.size <= 3:
            return ", ".join(self.label(item, index) for index in range(item.size))
        return f"{self.label(item, 0)}, {self.label(item, 1)} ... {self.label(item, item.size - 1)}"

    def value(self, expression: Expression, item: Place | Transition, index: int) -> Value:
        """The value of a static expression at one index of its class."""
        found: Value = static.evaluate(expression, {item.index: index}, self.net.tables)
        return found

    def column(self, expression: Expression, item: Place | Transition) -> np.ndarray | None:
        """Its values over the class, None if it is not static (or has none)."""
        if not static.is_static(expression, frozenset((item.index,))):
            return None
        try:
            values = static.evaluate(expression, {item.index: np.arange(item.size)}, self.net.tables)
        except EvaluationError:
            return None
        return np.broadcast_to(values, (item.size,))

    def number(self, expression: Expression, item: Place | Transition) -> str:
        """A number, ``1 to 6`` where it differs between the elements, or the expression where it depends on the marking."""
        values = self.column(expression, item)
        if values is None or not item.size:
            return self.expression(expression, item)
        low, high = values.min().item(), values.max().item()
        kind = expression.type if isinstance(expression.type, Number) else Number(False)
        return _literal(low, kind)[0] if low == high else f"{_literal(low, kind)[0]} to {_literal(high, kind)[0]}"

    def delay(self, call: DelayCall, item: Transition | None = None) -> str:
        """A distribution with its arguments, and its mean where that is not one of them."""
        if item is None:
            text = render(call, literal=_literal)
        else:
            parts = [f"{name}={self._argument(a, item)}" for name, a in zip(call.form, call.arguments, strict=True)]
            text = f"{call.name}({', '.join(parts)})"
        if call.name == "deterministic":
            return text.replace("value=", "", 1)
        mean = None if "mean" in call.form else self.mean(call, item)
        return text if mean is None else f"{text}, mean {about(mean)}"

    def _argument(self, argument: Expression | Items, item: Transition) -> str:
        if isinstance(argument, Items):
            return f"[{', '.join(self.number(entry, item) for entry in argument.items)}]"
        return self.number(argument, item)

    def mean(self, call: DelayCall, item: Transition | None) -> float | None:
        """The mean delay in seconds; None where it differs or depends on the marking."""
        from spn import distributions

        values: list[float | int | list[float]] = []
        for argument in call.arguments:
            entries = argument.items if isinstance(argument, Items) else (argument,)
            known = [_the_value(entry) if item is None else _same(self.column(entry, item)) for entry in entries]
            if any(value is None for value in known):
                return None
            numbers = [value for value in known if value is not None]
            values.append(numbers if isinstance(argument, Items) else numbers[0])
        try:
            return distributions.make(call.name, call.form, values).mean
        except (ValueError, ArithmeticError):
            return None


def _the_value(entry: Expression) -> float | None:
    return entry.value if isinstance(entry, Constant) and isinstance(entry.value, int | float) else None


def _same(values: np.ndarray | None) -> float | None:
    return values[0].item() if values is not None and values.size and bool((values == values[0]).all()) else None


def _is_index(node: Expression, index: str) -> bool:
    return isinstance(node, Variable) and node.name == index


def _tokens(expression: Expression) -> list[Tokens]:
    return [node for node in walk(expression) if isinstance(node, Tokens)]


def listed(names: Sequence[str], most: int = 4, word: Callable[[int], str] = "and {} more".format) -> str:
    """``a, b, c and 12 more``."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} {word(len(names) - most + 1)}"
