"""The points of a study: which values each model gets, which points share random numbers, and which are compared. Nothing is simulated here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import final

from spn.expressions.render import render
from spn.expressions.tree import Expression, Parameter
from spn.expressions.walk import walk
from spn.sweeps.definition import Argument, Compared, Definition, Selected, Use
from spn.sweeps.reading import availabilities
from spn.sweeps.values import MOST_VALUES, AxisValue, folded_at
from spn.text.positioned import Text
from spn.text.problems import Problems


@final
@dataclass(frozen=True, slots=True)
class Point:
    """One model at one combination of the axes that reach it. `stream` is part of the keys of its random numbers."""

    use: Use
    values: Mapping[str, AxisValue]
    stream: int

    @property
    def shown(self) -> dict[str, str]:
        """The axes' values as people read them."""
        return {axis: value.shown for axis, value in self.values.items()}

    @property
    def keys(self) -> dict[str, str]:
        return {axis: value.key for axis, value in self.values.items()}

    @property
    def label(self) -> str:
        """``standard, mttf = 500 h``"""
        return ", ".join([str(self.use.name), *(f"{axis} = {value}" for axis, value in self.shown.items())])


@final
@dataclass(frozen=True, slots=True)
class Pair:
    """Two points, by their numbers, whose unavailabilities are compared. `measures` are the availabilities of either."""

    name: str
    of: int
    to: int
    measures: tuple[str, str]


def points(study: Definition, problems: Problems) -> list[Point]:
    """All points: model by model, the first axis slowest. None comes twice."""
    streams = _Streams(study)
    found: list[Point] = []
    for use in study.uses:
        groups = [tuple(axis for axis in group if axis in use.axes) for group in study.groups]
        choices = [_choices(study, group) for group in groups if group]
        count = 1
        for choice in choices:
            count *= len(choice)
        if count + len(found) > MOST_VALUES:
            problems.error("too-large", f"the study has more than {MOST_VALUES:,} points", use.name.span)
            return found
        for combination in product(*choices):
            values = {axis: value for part in combination for axis, value in part.items()}
            ordered = {axis: values[axis] for axis in use.axes}
            found.append(Point(use, ordered, streams.of(use, ordered)))
    return found


def _choices(study: Definition, group: tuple[str, ...]) -> list[dict[str, AxisValue]]:
    """What the axes of a group can be together, each combination once."""
    columns = [study.axes[axis].values for axis in group]
    rows = {tuple(value.key for value in row): dict(zip(group, row, strict=True)) for row in zip(*columns, strict=True)}
    return list(rows.values())


def parameters(study: Definition, point: Point, problems: Problems) -> dict[str, Text]:
    """What the model is given at a point; texts know where they stand in the study. What has no value is a problem."""
    known: dict[str, Expression] = {axis: value.tree for axis, value in point.values.items() if value.tree is not None}
    for name, expression in study.derived.items():
        if _computable(expression, known):
            folded = folded_at(expression, known, problems)
            if folded is not None:
                known[name] = folded
    found = {}
    for name, argument in point.use.arguments.items():
        text = _text(argument, point, known, problems)
        if text is not None:
            found[name] = text
    return found


def _computable(expression: Expression, known: Mapping[str, Expression]) -> bool:
    return all(node.name in known for node in walk(expression) if isinstance(node, Parameter))


def _text(argument: Argument, point: Point, known: Mapping[str, Expression], problems: Problems) -> Text | None:
    if argument.axis is not None:
        return point.values[argument.axis].text
    if argument.tree is None:
        return argument.text
    if not _computable(argument.tree, known):
        return None
    folded = folded_at(argument.tree, known, problems)
    if folded is None:
        return None
    text = render(folded)
    return Text(text, argument.text.span, exact=False, value=text)


@final
class _Streams:
    """Random numbers are keyed by what compared points have in common: their group of models, and the values of the axes that all these have and no
    comparison fixes. A point that is compared with nothing has its own.
    """

    def __init__(self, study: Definition) -> None:
        uses = {str(use.name): use for use in study.uses}
        self.groups = {name: {name} for name in uses}
        fixed: dict[str, set[str]] = {name: set() for name in uses}
        for comparison in study.comparisons:
            sides = [set(uses) if side.model is None else {side.model} for side in (comparison.of, comparison.to)]
            named = {*comparison.of.axes, *comparison.to.axes}
            for name in set().union(*sides):
                fixed[name] |= named
            if comparison.of.model is None and comparison.to.model is None:
                continue
            joined = set().union(*(self.groups[name] for side in sides for name in side))
            for name in joined:
                self.groups[name] = joined
        self.axes: dict[str, tuple[str, ...]] = {}
        for name in uses:
            group = self.groups[name]
            left_out = set().union(*(fixed[member] for member in group))
            common = set.intersection(*(set(uses[member].axes) for member in group)) - left_out
            self.axes[name] = tuple(sorted(common))

    def of(self, use: Use, values: Mapping[str, AxisValue]) -> int:
        name = str(use.name)
        label = [sorted(self.groups[name]), {axis: values[axis].key for axis in self.axes[name]}]
        number = int.from_bytes(hashlib.sha256(json.dumps(label, sort_keys=True).encode()).digest()[:7], "big")
        return number | 1 << 56  # always two words of a spawn key


def pairs(study: Definition, found: Sequence[Point], problems: Problems) -> list[Pair]:
    """The points that are compared, comparison by comparison. A comparison of nothing is a problem."""
    result: list[Pair] = []
    for comparison in study.comparisons:
        own = list(_pairs(study, comparison, found, problems))
        if not own and not any(True for _ in problems.errors):
            hint = "'of' and 'to' are compared where all axes that neither fixes have the same values"
            problems.error("no-pairs", f"'{comparison.name}' compares nothing: no two points go together", comparison.name.span, hint)
        result += own
    return result


def _pairs(study: Definition, comparison: Compared, found: Sequence[Point], problems: Problems) -> Iterator[Pair]:
    fixed = {*comparison.of.axes, *comparison.to.axes}
    targets: dict[str, list[int]] = {}
    for number, point in enumerate(found):
        if _selected(comparison.to, point):
            targets.setdefault(str(point.use.name), []).append(number)
    by_axes: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], list[int]]] = {}
    for number, point in enumerate(found):
        if not _selected(comparison.of, point):
            continue
        for model, numbers in targets.items():
            if comparison.to.model is None and model != point.use.name:
                continue
            shared = tuple(axis for axis in point.use.axes if axis not in fixed and axis in found[numbers[0]].use.axes)
            index = by_axes.setdefault((model, shared), {})
            if not index:
                for other in numbers:
                    index.setdefault(tuple(found[other].values[axis].key for axis in shared), []).append(other)
            partners = [other for other in index.get(tuple(point.values[axis].key for axis in shared), []) if other != number]
            if len(partners) > 1:
                free = [axis for axis in found[partners[0]].use.axes if axis not in fixed and axis not in point.use.axes]
                message = f"'{comparison.name}' compares {point.label} with {len(partners)} points of '{model}'"
                problems.error("ambiguous-comparison", message, comparison.name.span, f"fix {' and '.join(free)} under 'to'")
                return
            measures = _measures(comparison, point, found[partners[0]]) if partners else None
            if measures is not None:
                yield Pair(str(comparison.name), number, partners[0], measures)


def _selected(side: Selected, point: Point) -> bool:
    """Whether a point is on this side. One whose model has not the axis is not."""
    keys = point.keys
    return side.model in (None, point.use.name) and all(keys.get(axis) == key for axis, key in side.axes.items())


def _measures(comparison: Compared, of: Point, to: Point) -> tuple[str, str] | None:
    chosen = []
    for wanted, point in zip(comparison.measures, (of, to), strict=True):
        known = availabilities(point.use.library, point.use.measures)
        if (wanted is not None and wanted not in known) or not known:
            return None
        chosen.append(wanted or known[0])
    return chosen[0], chosen[1]
