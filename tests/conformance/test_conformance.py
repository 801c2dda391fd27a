"""The conformance suite, as README.md beside this file describes it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import spn
from spn.net.text import digest, to_dict

HERE = Path(__file__).parent
VALID = sorted([*(HERE / "valid").glob("*.yaml"), *(HERE / "valid").glob("*/main.yaml")])
INVALID = sorted([*(HERE / "invalid").glob("*.yaml"), *(HERE / "invalid").glob("*/main.yaml")])
EXPECT = re.compile(r"(?:# expect: )?(?:(?P<file>[\w.]+):)?(?P<line>\d+):(?P<column>\d+) (?P<warning>warning )?(?P<code>[a-z-]+)$")


def expected(path: Path) -> list[tuple[str, int, int, str, str]]:
    """The problems that a file says it has: (file, line, column, severity, code)."""
    beside = path.with_suffix(".expect")
    lines = beside.read_text().splitlines() if beside.exists() else [line for line in path.read_text().splitlines() if line.startswith("# expect:")]
    found = []
    for line in lines:
        match = EXPECT.match(line)
        assert match, line
        severity = "warning" if match["warning"] else "error"
        found.append((match["file"] or path.name, int(match["line"]), int(match["column"]), severity, match["code"]))
    return sorted(found)


def name(path: Path) -> str:
    return path.parent.name if path.name == "main.yaml" else path.stem


def test_there_are_enough():
    assert len(VALID) >= 60
    assert len(INVALID) >= 200


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_an_invalid_file_has_the_problems_that_it_states_and_no_others(path):
    found = []
    for problem in spn.check(path):
        assert problem.span is not None
        source = problem.span.source
        found.append((Path(source.name).name, *source.position(problem.span.start), problem.severity, problem.code))
    assert sorted(found) == expected(path)
    assert found


@pytest.mark.parametrize("path", VALID, ids=name)
def test_a_valid_file_resolves_to_its_net_without_a_warning(path):
    assert spn.check(path) == []
    net = spn.resolve(path)
    assert to_dict(net) == json.loads(path.with_suffix(".net.json").read_text())


@pytest.mark.parametrize("path", VALID, ids=name)
def test_a_resolved_net_is_a_model_of_the_same_net(path):
    assert digest(spn.resolve(path.with_suffix(".net.json"))) == digest(spn.resolve(path))
