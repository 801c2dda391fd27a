"""The axes of a study as a plot needs them: their values as numbers where they are numbers, with units. What is plotted is chosen in `series`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import final

from spn.expressions.tree import Constant
from spn.expressions.types import Number
from spn.expressions.units import UNITS
from spn.sweeps.values import listed_values
from spn.tables.results import PointResult, Results
from spn.text.positioned import Name, Text
from spn.text.problems import Problems

MODEL = "model"
"""Stands for the models of a study among its axes; no axis can be called so."""

_UNIT = re.compile(rf"[0-9.]\s*({'|'.join(sorted(UNITS, key=len, reverse=True))})$")


@final
@dataclass(frozen=True, slots=True)
class Dimension:
    """An axis of a study, or its models. Its values by the texts that tell them apart, in their order: how each is `shown`, and its number (in base
    units) if all have one. `time` is the power of time of the numbers, `unit` the one in which people wrote them, if there is one.
    """

    name: str
    shown: Mapping[str, str]
    numbers: Mapping[str, float]
    time: int = 0
    unit: str = ""
    doc: str = ""

    @property
    def is_numeric(self) -> bool:
        return bool(self.numbers)

    @property
    def title(self) -> str:
        return self.doc or words(self.name)


GREEK = "alpha beta gamma delta epsilon eta theta kappa lambda mu nu rho sigma tau phi omega".split()  # noqa: SIM905
_LETTERS = dict(zip(GREEK, "αβγδεηθκλμνρστφω", strict=True))


def words(name: str) -> str:
    """A name as words; the name of a Greek letter as that letter."""
    return " ".join(_LETTERS.get(word, word) for word in name.split("_") if word)


def dimensions(results: Results) -> dict[str, Dimension]:
    """The models and the axes of a study, by name."""
    models = list(dict.fromkeys(point.model for point in results.points))
    found = {MODEL: Dimension(MODEL, {name: words(name) for name in models}, {})}
    docs: Mapping[str, str] = results.about.get("docs", {})
    for name in results.axes:
        shown = {key_of(point, name): point.axes[name] for point in results.points if name in point.axes}
        found[name] = dimension(name, shown, docs.get(name, ""))
    return found


def dimension(name: str, shown: Mapping[str, str], doc: str = "") -> Dimension:
    """A dimension from the texts of its values. They are numbers if all of them are, with the same power of time."""
    problems = Problems()
    spec = listed_values(Name(name), tuple(map(Text, shown)), problems) if shown else None
    if spec is None or not isinstance(spec.type, Number):
        return Dimension(name, shown, {}, doc=doc)
    numbers = {}
    for key, value in zip(shown, spec.values, strict=True):
        if not isinstance(value.tree, Constant) or not isinstance(value.tree.value, int | float):
            return Dimension(name, shown, {}, doc=doc)
        numbers[key] = float(value.tree.value)
    ordered = dict(sorted(numbers.items(), key=lambda pair: pair[1]))
    return Dimension(name, {key: shown[key] for key in ordered}, ordered, spec.type.dimension, usual_unit(shown.values()), doc)


def usual_unit(texts: Iterable[str]) -> str:
    """The unit of time in which most of these texts are written, or none."""
    counted = Counter(match[1] for text in texts if (match := _UNIT.search(text.strip())))
    return counted.most_common(1)[0][0] if counted else ""


def key_of(point: PointResult, axis: str) -> str:
    """The text that tells a value of an axis from the others, to the last bit."""
    return point.keys.get(axis) or point.axes[axis]
