"""What a study would simulate: its points and models, all of them checked, and how much of it is done already. Nothing is simulated here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

from spn.net.types import Net
from spn.study.run import budget
from spn.sweeps.definition import Definition, Use
from spn.sweeps.making import Made, Maker, distinct
from spn.sweeps.points import Pair, Point, pairs, points
from spn.sweeps.store import Store
from spn.text.problems import ModelError, Problem, Problems

MOST_CHECKED = 2000
"""Points of a study whose nets are made; of more, so many spread evenly over them."""


@final
@dataclass(frozen=True, slots=True)
class ModelOutlook:
    """A model of the study: how many points it has, and the largest of its nets that was made."""

    use: Use
    points: int
    net: Net


@final
@dataclass(frozen=True, slots=True)
class Outlook:
    """A study that can be simulated. `checked` of its points were made; `finished` is None where there are no results yet."""

    study: Definition
    points: int
    checked: int
    models: tuple[ModelOutlook, ...]
    pairs: Mapping[str, int]
    budget: int
    finished: int | None


def outlook(study: Definition, store: Store | None = None, told: Callable[[Problem], None] = lambda problem: None) -> Outlook:
    """What there is to simulate, beside what the results file has. Raises `ModelError` with what is wrong at any point."""
    problems = Problems()
    found = points(study, problems)
    problems.stop_if_any()
    compared = pairs(study, found, problems)
    problems.stop_if_any()
    limit = budget(study.max_firings)
    known = {} if store is None else store.study()
    maker = Maker(study, study.seed if study.seed is not None else int(known.get("seed", 0)), limit)
    made = _made(maker, found, told)
    return Outlook(study, len(found), len(made), tuple(_models(study, found, made)), _count(study, compared), limit, _finished(maker, found, store))


def _made(maker: Maker, found: list[Point], told: Callable[[Problem], None]) -> dict[int, Net]:
    wrong: list[Problem] = []
    nets: dict[int, Net] = {}
    warned: set[str] = set()
    step = max(1.0, len(found) / MOST_CHECKED)
    for place in sorted({int(k * step) for k in range(min(len(found), MOST_CHECKED))}):
        try:
            made: Made = maker.make(found[place])
        except ModelError as error:
            wrong += error.problems
            continue
        nets[place] = made.member.net
        if found[place].use.name not in warned:
            warned.add(str(found[place].use.name))
            for warning in made.warnings:
                told(warning)
    if wrong:
        raise ModelError(distinct(wrong))
    return nets


def _models(study: Definition, found: list[Point], made: Mapping[int, Net]) -> list[ModelOutlook]:
    result = []
    for use in study.uses:
        own = [place for place, point in enumerate(found) if point.use is use]
        nets = [made[place] for place in own if place in made]
        if nets:
            result.append(ModelOutlook(use, len(own), max(nets, key=elements)))
    return result


def elements(net: Net) -> int:
    """The places and transitions of a net, all indices counted."""
    return sum(place.size for place in net.places) + sum(transition.size for transition in net.transitions)


def _count(study: Definition, compared: list[Pair]) -> dict[str, int]:
    numbers = Counter(pair.name for pair in compared)
    return {str(comparison.name): numbers[str(comparison.name)] for comparison in study.comparisons}


def _finished(maker: Maker, found: list[Point], store: Store | None) -> int | None:
    """How many points the same command would find finished."""
    if store is None:
        return None
    sources = store.finished_sources()
    return sum(maker.source(point, maker.given(point)) in sources for point in found)
