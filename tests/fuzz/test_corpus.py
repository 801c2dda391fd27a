"""Texts that a coverage-guided fuzzer found (`experiments.fuzzing`): a few that reach all that it reached, and each that ever broke the promise.

`corpus/found_NAME` is one text; `corpus/*.jsonl` have a text in each line, as JSON.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fuzz.place import examine_text

CORPUS = Path(__file__).parent / "corpus"
FOUND = sorted(CORPUS.glob("found_*"))
REACHING = [json.loads(line) for path in sorted(CORPUS.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
PARTS = 10


def test_there_is_a_corpus():
    assert len(FOUND) >= 4
    assert len(REACHING) >= 100


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_once_broke_the_promise_keeps_it(path):
    assert examine_text(path.read_text(encoding="utf-8")) is not None


@pytest.mark.parametrize("part", range(PARTS))
def test_the_corpus_keeps_the_promise(part):
    for text in REACHING[part::PARTS]:
        examine_text(text)
