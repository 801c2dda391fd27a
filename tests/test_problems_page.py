"""docs/problems.md explains every code that there is, and each of its examples has the problem that it is to show."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import spn
from spn.explanations import explanations
from spn.sweeps.points import pairs, points
from spn.sweeps.reading import read_study
from spn.text.problems import ModelError, Problem, Problems
from spn.text.source import Source

ROOT = Path(__file__).parents[1]
SECTIONS = {code: text for chapter in explanations().values() for code, text in chapter.items()}
EXAMPLES = [(code, example) for code, text in SECTIONS.items() for example in re.findall(r"```yaml\n(.*?)```", text, re.S)]
TELLING = {"error", "warning", "Problem", "Fault", "Failure", "RunError", "_stop", "EvaluationError"}


def codes() -> set[str]:
    """The codes that the program can give: first arguments of what tells of a problem, and the run-time errors' table."""
    from spn.engine.compiled.cells import ERRORS

    found = {code for code in ERRORS if code}
    for path in (ROOT / "spn").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in TELLING and node.args:
                first = node.args[0]
                parts = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                found |= {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return {code for code in found if re.fullmatch(r"[a-z]+(-[a-z]+)*", code)}


def test_every_code_is_explained_and_nothing_else():
    assert codes() - set(SECTIONS) == set()
    assert set(SECTIONS) - codes() == set()


@pytest.mark.parametrize(("code", "example"), EXAMPLES, ids=[code for code, _ in EXAMPLES])
def test_an_example_has_the_problem_of_its_section(code, example):
    assert code in {problem.code for problem in problems_of(Source("example", example))}


def problems_of(source: Source) -> list[Problem]:
    """The problems of a model, or of a study."""
    if not source.text.startswith("study:"):
        return spn.check(source)
    problems = Problems()
    try:
        study = read_study(source, ROOT / "models", "example")
        pairs(study, points(study, problems), problems)
    except ModelError as error:
        return error.problems
    return problems.found
