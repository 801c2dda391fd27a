"""Random mutations of valid models: never a traceback, a hang, or a key that nobody knows accepted.

`python -m experiments.verification --mutations 10000` takes many more.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.hostile.mutations import examined

MUTANTS = int(os.environ.get("SPN_MUTANTS", "300"))
PARTS = 6


@pytest.mark.parametrize("part", range(PARTS))
def test_a_mutant_has_problems_with_a_place_or_is_a_model_that_runs(part):
    found = [examined(seed) for seed in range(part, MUTANTS, PARTS)]
    assert [(mutant.seed, mutant.kind, mutant.source, mutant.trouble) for mutant in found if mutant.trouble] == []
    kinds = Counter(mutant.kind for mutant in found)
    assert len(kinds) == 4
    assert any(mutant.accepted for mutant in found)
    assert any(mutant.firings for mutant in found)
