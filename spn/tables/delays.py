"""Distributions for plots: parameters of a model, or of a study's points, or as somebody writes them. Curves are made in `spn.plots`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from spn.drawing.times import duration_text, rate_text
from spn.expressions.tree import Expression
from spn.expressions.types import Distribution as DistributionType
from spn.plots.delays import Named
from spn.plots.types import NotPlottable, listed
from spn.sweeps.computed import Computed
from spn.tables.axes import usual_unit, words
from spn.tables.results import Results
from spn.text.positioned import Text
from spn.text.problems import ModelError, Problems, nearest

_PER_SECOND = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?(?:e[+-]?\d+)?) / \(1 s\)")
_SECONDS = re.compile(r"(?<![\w.])(?<!/ \()(\d+(?:\.\d+)?(?:e[+-]?\d+)?) s\b")
_WITH_UNIT = re.compile(r"\d\s*(?:ms|us|ns|s|min|h|d|week|year)\b")

USUAL = ("s", "min", "h", "d")


def of_parameters(model: str, texts: Mapping[str, str], wanted: Sequence[str]) -> list[Named]:
    """The distributions that parameters of a model are, or those that are written out in `wanted`; all parameters that are one, if none is named.

    Raises `NotPlottable`.
    """
    reader = Computed(texts)
    if not wanted:
        names = [name for name in texts if _is_delay(reader.tree(name))]
        if not names:
            raise NotPlottable(f"'{model}' has no parameter that is a distribution")
        return [_named(reader, words(name), texts[name]) for name in names]
    found = []
    for text in wanted:
        if text in texts:
            if not _is_delay(reader.tree(text)):
                raise NotPlottable(f"the parameter '{text}' of '{model}' is no distribution: {texts[text]}")
            found.append(_named(reader, words(text), texts[text]))
        elif text.isidentifier():
            hint = nearest(text, texts) or f"its parameters are {listed(list(texts)) or 'none'}"
            raise NotPlottable(f"'{model}' has no parameter '{text}'; {hint}")
        else:
            found.append(_named(reader, " ".join(text.split()), text))
    return found


def written_out(texts: Sequence[str]) -> list[Named]:
    """Distributions as they are written in models. Raises `ModelError` with what is wrong with them."""
    reader = Computed({})
    return [_named(reader, " ".join(text.split()), text) for text in texts]


def of_points(results: Results, wanted: Sequence[str]) -> list[Named]:
    """The distributions that a parameter is at the points of a study, each once. Raises `NotPlottable`."""
    given = list(dict.fromkeys(name for point in results.points for name in point.parameters))
    if not wanted:
        delays = {name for point in results.points for name in point.parameters if _is_delay(Computed(point.parameters).tree(name))}
        wanted = [name for name in given if name in delays]
        if not wanted:
            raise NotPlottable("no parameter that this study gives its models is a distribution; name a model, or write a distribution out")
    found: dict[str, Named] = {}
    for name in wanted:
        if not name.isidentifier():
            found.update((named.label, named) for named in written_out([name]))
            continue
        if name not in given:
            hint = nearest(name, given) or f"it gives {listed(given) or 'none'}"
            raise NotPlottable(f"this study gives its models no parameter '{name}'; {hint}")
        for text in dict.fromkeys(point.parameters[name] for point in results.points if name in point.parameters):
            reader = Computed({name: text})
            if not _is_delay(reader.tree(name)):
                raise NotPlottable(f"the parameter '{name}' is no distribution: {text}")
            label = readable(text)
            found.setdefault(label, _named(reader, label, text))
    return list(found.values())


def _is_delay(tree: Expression | None) -> bool:
    return tree is not None and isinstance(tree.type, DistributionType)


def _named(reader: Computed, label: str, text: str) -> Named:
    problems = Problems()
    delay = reader.delay(Text(text), problems)
    if delay is None:
        problems.stop_if_any()
        raise ModelError(problems.found)
    return Named(label, delay, usual_unit(_written_times([readable(text)])))


def _written_times(texts: Iterable[str]) -> list[str]:
    return [match[0] for text in texts for match in _WITH_UNIT.finditer(text)]


def readable(text: str, units: Iterable[str] = USUAL) -> str:
    """The text of a value with its times and rates, which may be in seconds, in those of the units in which they are shortest."""
    found = _PER_SECOND.sub(lambda match: rate_text(float(match[1]), units), text)
    return _SECONDS.sub(lambda match: duration_text(float(match[1]), units), found)


def until(text: str) -> float:
    """The seconds of a time as people write it. Raises `NotPlottable`."""
    from spn.tables.axes import dimension

    found = dimension("until", {text: text})
    value = next(iter(found.numbers.values()), 0.0)
    if found.time not in (0, 1) or not value > 0.0:
        raise NotPlottable(f"'{text}' is no time; write it as in 10000 h")
    return value
