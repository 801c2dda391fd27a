"""The pages: every example of the language manual is read by the reader of models."""

import re
from pathlib import Path

import pytest

import spn
from spn.model.read import read_model
from spn.text.problems import Problems
from spn.text.source import Source

MANUAL = Path(__file__).parent.parent / "docs" / "language.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", MANUAL.read_text(), re.DOTALL)
SHEET = re.findall(r"```yaml\n(.*?)```", (MANUAL.parent / "cheatsheet.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.split("\n")[0] for example in EXAMPLES])
def test_an_example_of_the_manual_has_the_form_of_a_model(example):
    problems = Problems()
    read_model(Source("example", example if example.startswith("spn:") else "spn: 1\n" + example), problems)
    # Modules in files of their own are not there to be read.
    assert [problem.render() for problem in problems.found if problem.code != "no-such-file"] == []


@pytest.mark.parametrize("example", SHEET)
def test_the_models_of_the_sheet_are_right(example):
    assert spn.check(Source("sheet", example)) == []
