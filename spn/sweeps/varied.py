"""Parameters of a model that can be changed by a factor, and the texts that change them. Nothing is simulated here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from spn import distributions
from spn.expressions import tree
from spn.expressions.render import render
from spn.expressions.tree import Constant, DelayCall, Expression
from spn.expressions.types import Number
from spn.net.types import At, Availability, FirstPassage, Measure, Net
from spn.resolver.again import Series
from spn.resolver.resolve import Reading
from spn.study.sensitivity import LEAST_STEP, Change
from spn.sweeps.computed import Computed
from spn.text.problems import ModelError, Problems, nearest

LOGARITHM = 0
"""The power of an argument that is the logarithm of a time: lognormal's mu."""


class NoDerivative(ValueError):
    """There is no derivative with respect to that parameter: the message says why, for the user."""


@final
@dataclass(frozen=True, slots=True)
class Varied:
    """A parameter, or one argument of a distribution: ``failure.sigma``. `shown` is its value, `parameter` the model's parameter that it is in."""

    name: str
    parameter: str
    shown: str
    value: Expression
    arguments: Mapping[int, int] | None = None
    """Of a distribution: the numbers of the arguments that change, and whether they grow (1), shrink (-1) or are moved (`LOGARITHM`) with it."""

    @property
    def whole(self) -> bool:
        """Whether its value is a whole number, which its parameter may be bound to be."""
        return isinstance(self.value.type, Number) and self.value.type.integer

    def text(self, factor: float) -> str:
        """The parameter's value, as a model is given it, with this changed by a factor."""
        if self.arguments is None:
            return render(_scaled(self.value, factor))
        call = self.value
        assert isinstance(call, DelayCall)
        changed = [
            argument if number not in self.arguments else _changed(argument, factor, self.arguments[number])
            for number, argument in enumerate(call.arguments)
        ]
        return render(replace(call, arguments=tuple(changed)))


def _scaled(value: Expression, factor: float) -> Constant:
    assert isinstance(value, Constant) and isinstance(value.value, int | float) and isinstance(value.type, Number)
    return Constant(Number(False, value.type.dimension), float(value.value) * factor)


def _changed(argument: Expression | tree.Sequence, factor: float, power: int) -> Expression | tree.Sequence:
    if isinstance(argument, tree.Sequence):
        return tree.Sequence(tuple(_scaled(item, factor**power) for item in argument.items))
    if power == LOGARITHM:
        assert isinstance(argument, Constant) and isinstance(argument.value, int | float)
        return replace(argument, value=float(argument.value) + math.log(factor))
    return _scaled(argument, factor**power)


def measure_of(net: Net, name: str) -> Measure:
    """The measure of that name; without one the first availability, or else the first. Raises `NoDerivative`."""
    known = {measure.name: measure for measure in net.measures}
    if name and name not in known:
        raise NoDerivative(f"'{net.name}' has no measure '{name}'; {nearest(name, known) or 'its measures are ' + (', '.join(known) or 'none')}")
    if not known:
        raise NoDerivative(f"'{net.name}' has no measures: there is nothing to be sensitive")
    found = known[name] if name else next((each for each in net.measures if isinstance(each.quantity, Availability)), net.measures[0])
    times = found.quantity.within if isinstance(found.quantity, FirstPassage) else found.window.times if isinstance(found.window, At) else ()
    if len(times) > 1:
        raise NoDerivative(f"'{found.name}' is a curve over {len(times)} times: ask at one time")
    return found


def alone(net: Net, measure: Measure) -> Net:
    """The net with that measure alone."""
    return replace(net, measures=tuple(entry for entry in net.measures if entry.name == measure.name))


def changes(reading: Reading, measure: Measure, names: Sequence[str]) -> tuple[list[Change], dict[str, str]]:
    """What can be changed of a model, with the nets that belong to it, each with that measure alone; and why other parameters were left out.

    `names` as in `varied`. Raises `NoDerivative` for one that is named, and if there is none.
    """
    net, series = reading.net, Series(reading.library, reading.net.name)
    given = {name: str(text) for name, text in reading.given.items()}

    def of(part: Varied) -> Change:
        def nets(factors: Sequence[float]) -> tuple[Net, ...]:
            members = [series.member(given | {part.parameter: part.text(factor)}, Problems()).net for factor in factors]
            return tuple(alone(member, measure) for member in members)

        return Change(part.name, part.shown, nets)

    found, left_out = varied(net.name, net.origin, names)
    possible = []
    for part in found:
        change = of(part)
        try:
            change.nets((math.exp(-2.0 * LEAST_STEP), math.exp(2.0 * LEAST_STEP)))
        except (ModelError, OverflowError) as error:
            why = error.problems[0].message if isinstance(error, ModelError) else "it is beyond the range of numbers"
            why = "it is a whole number" if part.whole else why
            if names:
                raise NoDerivative(f"'{change.name}' is {change.value}, which cannot be changed a little to either side: {why}") from None
            left_out[change.name] = why
        else:
            possible.append(change)
    if not possible:
        raise NoDerivative(f"'{net.name}' has no parameter with a derivative: {'; '.join(left_out.values())}")
    return possible, left_out


def varied(model: str, texts: Mapping[str, str], wanted: Sequence[str]) -> tuple[list[Varied], dict[str, str]]:
    """The parameters of those names: ``limit``, ``failure`` (a distribution, whose delay is scaled), ``failure.mean`` (the same, if there is no such
    argument), ``failure.sigma``; without any, all that have a derivative. And why others were left out.

    Raises `NoDerivative` for one that is named.
    """
    known = Computed(texts)
    if not texts:
        raise NoDerivative(f"'{model}' has no parameters")
    if wanted:
        return [_named(model, known, name.strip()) for name in dict.fromkeys(wanted)], {}
    found: list[Varied] = []
    left: dict[str, str] = {}
    for name in texts:
        try:
            found += _all(known, name)
        except NoDerivative as error:
            left[name] = str(error)
    return found, left


def _named(model: str, known: Computed, name: str) -> Varied:
    parameter, dot, argument = name.partition(".")
    if parameter not in known.texts:
        hint = nearest(parameter, known.texts) or f"its parameters are {', '.join(known.texts)}"
        raise NoDerivative(f"'{model}' has no parameter '{parameter}'; {hint}")
    value = _value(known, parameter)
    if not dot:
        return _whole(known, parameter, value)
    if not isinstance(value, DelayCall):
        raise NoDerivative(f"'{parameter}' is no distribution and has no '{argument}'")
    if argument in value.form:
        return _argument(parameter, value, argument)
    if argument == "mean":
        return replace(_whole(known, parameter, value), name=name)
    others = [part for part in ("mean", *value.form) if part != "value"]
    hint = nearest(argument, others) or f"there are {', '.join(dict.fromkeys(others))}"
    raise NoDerivative(f"'{parameter}' is {known.texts[parameter].strip()}, which has no '{argument}'; {hint}")


def _value(known: Computed, parameter: str) -> Expression:
    value = known.tree(parameter)
    if isinstance(value, DelayCall):
        return value
    text = known.texts[parameter].strip()
    if text.startswith("["):
        raise NoDerivative(f"'{parameter}' is a list, {text}: it has no derivative")
    if value is None or not isinstance(value.type, Number):
        raise NoDerivative(f"'{parameter}' is {text}, no number: it has no derivative")
    assert isinstance(value, Constant)
    if value.value == 0:
        raise NoDerivative(f"'{parameter}' is 0, which cannot be changed by a share of itself")
    return value


def _whole(known: Computed, parameter: str, value: Expression) -> Varied:
    """A number, or a distribution whose delay is scaled: all its times, and its rates inversely, which for every family is the delay's own scale."""
    shown = known.texts[parameter].strip()
    if not isinstance(value, DelayCall):
        return Varied(parameter, parameter, shown, value)
    scales = _dimensions(value)
    if all(_is_zero(value.arguments[number]) for number, power in scales.items() if power != LOGARITHM) and LOGARITHM not in scales.values():
        raise NoDerivative(f"'{parameter}' is {shown}: a delay of 0 cannot be changed by a share of itself")
    return Varied(parameter, parameter, shown, value, scales)


def _is_zero(argument: Expression | tree.Sequence) -> bool:
    items = argument.items if isinstance(argument, tree.Sequence) else (argument,)
    return all(isinstance(item, Constant) and item.value == 0 for item in items)


def _dimensions(call: DelayCall) -> dict[int, int]:
    """The arguments that are times (1), rates (-1) or the logarithm of a time, by number."""
    if call.name == "lognormal" and "mu" in call.form:
        return {call.form.index("mu"): LOGARITHM}
    return {number: argument.dimension for number, argument in enumerate(_form(call).arguments) if argument.dimension}


def _form(call: DelayCall) -> distributions.Form:
    return next(form for form in distributions.FAMILIES[call.name].forms if form.names == call.form)


def _argument(parameter: str, call: DelayCall, name: str) -> Varied:
    number = call.form.index(name)
    value = call.arguments[number]
    full = f"{parameter}.{name}"
    if isinstance(value, tree.Sequence) or not isinstance(value, Constant):
        raise NoDerivative(f"'{full}' is a list: it has no derivative")
    if _form(call).arguments[number].integer:
        raise NoDerivative(f"'{full}' is a whole number: it has no derivative")
    if value.value == 0:
        raise NoDerivative(f"'{full}' is 0, which cannot be changed by a share of itself")
    return Varied(full, parameter, render(value), call, {number: 1})


def _all(known: Computed, parameter: str) -> list[Varied]:
    """What can be changed of one parameter. An argument that alone makes the scale is not told twice."""
    value = _value(known, parameter)
    found = [_whole(known, parameter, value)]
    if isinstance(value, DelayCall):
        scales = _dimensions(value)
        for number, name in enumerate(value.form):
            if number not in scales or len(scales) > 1:
                try:
                    found.append(_argument(parameter, value, name))
                except NoDerivative:
                    continue
    return found
