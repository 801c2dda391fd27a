"""Texts that a coverage-guided fuzzer found (`experiments.fuzzing`): the smallest of those that reach all it reached, and each that ever broke the promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.place import examine_text

CORPUS = Path(__file__).parent / "corpus"
FOUND = sorted(CORPUS.glob("found_*"))
REACHING = sorted(path for path in CORPUS.iterdir() if path not in FOUND)
PARTS = 20


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_once_broke_the_promise_keeps_it(path):
    assert examine_text(path.read_text(encoding="utf-8")) is not None


@pytest.mark.parametrize("part", range(PARTS))
def test_the_corpus_keeps_the_promise(part):
    for path in REACHING[part::PARTS]:
        examine_text(path.read_bytes().decode("utf-8", "replace"))
