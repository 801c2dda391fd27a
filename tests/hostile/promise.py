"""What is promised of any text that is given as a model, however broken: problems with a place, or a net that runs. Never anything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema

from spn.api import schema
from spn.engine.trace import trace
from spn.explanations import explanations
from spn.library import models_folder
from spn.net.text import digest, to_json
from spn.net.types import Net
from spn.observation import RunError
from spn.resolver.resolve import Reading, read_reading
from spn.text.nodes import Mapping as Entries
from spn.text.nodes import Node, Scalar, Sequence
from spn.text.problems import ModelError, Problem, Problems
from spn.text.source import Source
from spn.text.yaml import read

NOWHERE = {"too-many"}
"""Codes of problems that are about the whole."""

LARGEST_RUN = 3000
"""Nets with more elements are not run: it is the reader that is examined here."""


@dataclass
class Outcome:
    """What came of a text: its problems, or its net and how far it ran."""

    problems: list[Problem]
    net: Net | None = None
    firings: int = 0
    end: str = ""
    codes: set[str] = field(default_factory=set)


@cache
def _codes() -> frozenset[str]:
    return frozenset(code for chapter in explanations().values() for code in chapter)


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema())


def examine(text: str, overrides: Mapping[str, str] | None = None, firings: int = 0, folder: Path | None = None) -> Outcome:
    """Read a text and hold it to the promise; AssertionError, or whatever comes up, if it is broken."""
    reading = _read(text, overrides, folder or models_folder())
    if isinstance(reading, ModelError):
        assert any(problem.severity == "error" for problem in reading.problems)
        _check_problems(reading.problems)
        return Outcome(reading.problems, codes={problem.code for problem in reading.problems})
    _check_problems(reading.warnings)
    assert all(problem.severity == "warning" for problem in reading.warnings)
    _check_schema(text)
    net = reading.net
    again = to_json(net)
    assert digest(read_reading(again).net) == digest(net), "the resolved net is another net"
    found = Outcome(reading.warnings, net, codes={problem.code for problem in reading.warnings})
    if firings and sum(part.size for part in (*net.places, *net.transitions)) <= LARGEST_RUN:
        _run(found, firings)
    return found


def _read(text: str, overrides: Mapping[str, str] | None, folder: Path) -> Reading | ModelError:
    try:
        return read_reading(text, overrides, "<text>", models_folder(), folder)
    except ModelError as error:
        return error


def _check_problems(problems: list[Problem]) -> None:
    for problem in problems:
        assert problem.code in _codes(), f"'{problem.code}' is not explained"
        assert "\n" not in problem.message, problem.message
        assert len(problem.message) < 2000, f"a message of {len(problem.message)} characters"
        assert len(problem.hint or "") < 2000
        assert problem.span is not None or problem.code in NOWHERE, problem
        if problem.span is not None:
            assert 0 <= problem.span.start <= problem.span.stop <= len(problem.span.source.text)
        problem.render()


def _check_schema(text: str) -> None:
    """What is accepted meets the schema, which is closed: no unknown key is passed over."""
    node = read(Source("<text>", text), Problems())
    assert node is not None
    errors = [error.message[:300] for error in islice(_validator().iter_errors(plain(node)), 3)]
    assert not errors, f"accepted, but not by the schema: {errors}"


def _run(found: Outcome, firings: int) -> None:
    assert found.net is not None
    try:
        for _ in trace(found.net, seed=1, firings=firings):
            found.firings += 1
        found.end = "most" if found.firings == firings else "dead"
    except RunError as error:
        found.end = error.code


def plain(node: Node) -> Any:
    """A tree as an editor's JSON Schema validator sees it."""
    match node:
        case Scalar():
            return node.text if node.quoted else node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Entries():
            return {key.text: plain(value) for key, value in node.entries}
