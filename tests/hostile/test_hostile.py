"""Hostile files and arguments are refused: with a code and a place, without a traceback, in a few seconds of computing and less than 300 MB."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.cases import CASES
from tests.hostile.contained import MEMORY

ROOT = Path(__file__).parents[2]
SECONDS = 10
"""Of computing. What is promised is 2 s on a machine of today; this is for the slowest, which also has other things to do."""


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    """How the command line of each case ended."""
    top = tmp_path_factory.mktemp("hostile")
    lines = []
    for number, case in enumerate(CASES):
        folder = top / f"{number:03}"
        folder.mkdir()
        case.write(folder)
        given = str(folder / case.input) if case.input else None
        lines.append(json.dumps({"name": case.name, "arguments": case.arguments, "folder": str(folder), "input": given}))
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.contained"], input="\n".join(lines), capture_output=True, text=True, cwd=ROOT, check=True
    )
    return {end["name"]: end for end in map(json.loads, done.stdout.splitlines())}


def test_every_case_has_a_name_of_its_own():
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_hostile_is_refused_in_words(case, ends):
    end = ends[case.name]
    told = end["err"] + end["out"]
    assert "Traceback" not in told
    assert end["code"] in case.exit, told
    assert case.told in told
    assert case.place is None or f":{case.place}: " in end["err"], told
    assert "broken" not in end["out"]
    assert "root:" not in told
    assert end["megabytes"] < MEMORY // 1_000_000
    assert end["seconds"] < SECONDS
