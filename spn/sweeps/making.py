"""From a point to its net, and to what identifies it: everything that its numbers depend on. Nothing is simulated here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, final

from spn.model.read import Library
from spn.resolver.again import Member, Series
from spn.study.result import versions
from spn.sweeps.definition import Definition
from spn.sweeps.points import Point, parameters
from spn.text.problems import ModelError, Problem, Problems


@final
@dataclass(frozen=True, slots=True)
class Made:
    """A point whose net is known."""

    member: Member
    identity: str
    warnings: tuple[Problem, ...]


@final
class Maker:
    """Makes the points of a study with one seed and one limit of firings."""

    def __init__(self, study: Definition, seed: int, budget: int) -> None:
        self.study, self.seed, self.budget = study, seed, budget
        self._texts = {use.name: library_digest(use.library) for use in study.uses}
        self._series = {use.name: Series(use.library, use.label) for use in study.uses}

    def given(self, point: Point) -> dict[str, str]:
        """What the model is given, as text."""
        return {name: str(text) for name, text in parameters(self.study, point, Problems()).items()}

    def source(self, point: Point, given: Mapping[str, str]) -> str:
        """What the identity of a point follows from, without making its net."""
        return _hash([self._texts[point.use.name], dict(given), self._asked(point)])

    def make(self, point: Point) -> Made:
        """The net of a point. Raises `ModelError`, whose problems name the point."""
        problems = Problems()
        texts = parameters(self.study, point, problems)
        try:
            problems.stop_if_any()
            member = self._series[point.use.name].member(texts, problems)
        except ModelError as error:
            raise ModelError([_at(problem, point) for problem in error.problems]) from None
        return Made(member, _hash([member.digest, self._asked(point)]), tuple(problems.warnings))

    def _asked(self, point: Point) -> dict[str, Any]:
        """What beside its net a point's numbers depend on."""
        study, made = self.study, versions()
        return {
            "measures": list(point.use.measures),
            "precision": study.precision,
            "confidence": study.confidence,
            "max_firings": self.budget,
            **({} if study.max_time is None else {"max_time": study.max_time}),
            "seed": self.seed,
            "stream": point.stream,
            "versions": [made["spn"], made["numpy"]],
        }


def distinct(problems: list[Problem]) -> list[Problem]:
    """One of those that several points have in one place."""
    found = {(problem.code, problem.span and (problem.span.source.name, problem.span.start)): problem for problem in reversed(problems)}
    return list(found.values())


def library_digest(library: Library) -> str:
    """A digest of the texts that a model is made of."""
    texts = sorted(model.spn.span.source.text for model in library.models.values() if model.spn is not None)
    return _hash(texts)


def _hash(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _at(problem: Problem, point: Point) -> Problem:
    """The problem with the point at which it was found, if there is more than one."""
    return replace(problem, message=f"{problem.message} (at {point.label})") if point.values else problem
