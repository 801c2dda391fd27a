"""Whatever the parser accepts can be checked, evaluated and written by recursive functions without running out of stack."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from spn.expressions.check import check
from spn.expressions.closures import compile_expression
from spn.expressions.parse import parse_expression
from spn.expressions.render import render
from spn.expressions.scope import Scope, VariableSymbol
from spn.expressions.static import evaluate
from spn.expressions.types import INTEGER
from spn.text.problems import Problems

SCOPE = Scope({"n": VariableSymbol(INTEGER)})
UNITS = {
    "levels": ("n + 1 * (", ")", "n"),
    "all levels": ("0 < 1 or 1 > 0 and not 0 == 1 + 1 * (1 if ", " else 0)", "n > 0"),
    "calls": ("min(0, n + ", ")", "n"),
    "choices": ("1 if n > 2 else ", "", "n"),
    "else in brackets": ("(1 if n > 2 else ", ")", "n"),
    "powers": ("1 ** ", "", "n"),
    "loops": ("sum(", " for x in 1..1)", "n"),
    "left spines": ("(" + " ", "+ " + "+ ".join(["n"] * 40) + ")", "n"),
    "signs": ("- + ", "", "n"),
    "tests": ("not (n > 0) != (", ")", "n > 1"),
}


@pytest.mark.parametrize("kind", UNITS)
def test_the_deepest_tree_that_is_read_survives_every_traversal(kind: str) -> None:
    before, after, core = UNITS[kind]
    accepted = 0
    for depth in range(1, 130):
        text = before * depth + core + after * depth
        problems = Problems()
        node = parse_expression(text, None, problems)
        if node is None:
            assert problems.found[0].code == "too-complex"
            continue
        tree = check(node, SCOPE, None, problems)
        assert tree is not None, problems.found[0].render()
        value = compile_expression(tree)(SimpleNamespace(variables={"n": 1}))  # type: ignore[arg-type]
        assert np.all(evaluate(tree, {"n": np.array([1, 1])}) == value) and evaluate(tree, {"n": 1}) == value
        again = parse_expression(render(tree), None, problems)
        assert again is None or check(again, SCOPE, None, problems) == tree
        accepted = depth
    assert accepted >= 3
