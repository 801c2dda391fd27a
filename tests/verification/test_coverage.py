"""What many runs say of an interval's coverage, and that a part of the cases can be run anew without losing what the others gave."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from experiments.verification.coverage import EDGES, kept, prepared, summed
from experiments.verification.coverage_report import markdown, verdict

CASE, QUANTITY = "standby", "rare/rate"


@pytest.fixture(scope="module")
def truth():
    return prepared(CASE)[2][QUANTITY]


def lines(truth, runs, spread=1.0, reach=1.96):
    """Normal estimates with a standard deviation of 3 %, and half-widths of `reach` times that."""
    rng = np.random.default_rng(5)
    found = []
    for seed, z in enumerate(rng.standard_normal(runs) * spread):
        estimate, half = truth * (1.0 + 0.03 * z), 0.03 * truth * reach
        value = [estimate, estimate - half, estimate + half, "Student-Hall", bool(abs(z) <= reach)]
        found.append({"case": CASE, "seed": seed, "commit": "a", "stop": "converged", "firings": 100, "replications": [32 + seed % 3], "seconds": 0.5}
                     | {"values": {QUANTITY: value}})  # fmt: skip
    return found


def test_shares_bias_and_scores(truth):
    found = summed(CASE, lines(truth, 2000))
    (part,) = found.quantities
    assert part.inside + part.below + part.above == part.runs == 2000
    assert abs(part.share - 0.95) < 4.0 * math.sqrt(0.95 * 0.05 / 2000)
    assert abs(part.bias[0]) < 4.0 * part.bias[1]
    assert part.bias[1] == pytest.approx(0.03 / math.sqrt(2000), rel=0.05)
    assert sum(part.scores) == 2000
    assert sum(part.scores[k] for k in range(44) if abs(EDGES[k] + EDGES[k + 1]) < 2.0) == pytest.approx(part.inside, abs=30)
    assert [(group.name, group.runs) for group in found.groups] == [("first look", 667), ("later", 667), ("latest", 666)]
    assert verdict(part) == "yes"


@pytest.mark.parametrize(("spread", "expected"), [(1.3, "**too low**"), (0.7, "more")])
def test_intervals_that_are_too_narrow_or_too_wide_are_told(truth, spread, expected):
    assert verdict(summed(CASE, lines(truth, 2000, spread)).quantities[0]) == expected


def test_what_has_more_runs_is_kept(truth, tmp_path):
    file = tmp_path / "rare.json"
    many, few = summed(CASE, lines(truth, 200)), summed(CASE, lines(truth, 50))
    assert [found.runs for found in kept(file, [many])] == [200]
    again = kept(file, [few])
    assert [found.runs for found in again] == [200]
    assert json.loads(file.read_text())[0]["quantities"][0]["inside"] == many.quantities[0].inside
    assert markdown(again, []) == markdown([many], [])
