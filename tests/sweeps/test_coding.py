"""Batches as bytes: they come back the same, and damage is seen."""

import numpy as np
import pytest

from spn.observation import End
from spn.study.plan import STEADY, BatchResult, Plan
from spn.sweeps.coding import Damaged, decode, encode, plan_key


def batch():
    rng = np.random.default_rng(1)
    return BatchResult(
        3,
        {"system": rng.random((4, 2, 4)), "early": np.array([[[np.nan]], [[1.0]], [[-0.0]], [[np.inf]]])},
        {"response": (rng.random(5), np.zeros(0), rng.random(1), rng.random(7))},
        np.array([1, 2, 2**62, 4], np.int64),
        rng.random(4),
        np.array([np.nan, 1.5, np.nan, 2.0]),
        (End.OBSERVED, End.FIRINGS, End.TOKENS, End.TIME),
        rng.integers(0, 9, (4, 3, 2)),
        np.array([5, 6], np.int64),
    )


def test_a_batch_comes_back_with_every_bit():
    first, second = batch(), decode(encode(batch(), b"x"), b"x")
    assert encode(second, b"x") == encode(first, b"x")
    assert second.index == first.index and second.ends == first.ends
    for name in ("firings", "times", "dead_at", "tokens", "fired"):
        a, b = getattr(first, name), getattr(second, name)
        assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    for name, values in first.observations.items():
        assert values.tobytes() == second.observations[name].tobytes() and values.shape == second.observations[name].shape
    assert [part.tobytes() for part in first.values["response"]] == [part.tobytes() for part in second.values["response"]]


def test_damage_anywhere_is_seen():
    data = encode(batch(), b"x")
    for at in range(0, len(data), 37):
        broken = bytearray(data)
        broken[at] ^= 1
        with pytest.raises(Damaged):
            decode(bytes(broken), b"x")
    for length in (0, 3, len(data) // 2, len(data) - 1):
        with pytest.raises(Damaged):
            decode(data[:length], b"x")


def test_a_batch_of_something_else_is_seen():
    with pytest.raises(Damaged):
        decode(encode(batch(), b"x"), b"y")


def test_different_plans_have_different_keys():
    plans = [Plan(STEADY, ("a",), warmup) for warmup in (0.0, 1.0, 1.0000000000000002)] + [Plan(STEADY, ("b",)), Plan(STEADY, ("a",), point=1)]
    assert len({plan_key(plan) for plan in plans}) == len(plans)
    assert plan_key(plans[0]) == plan_key(Plan(STEADY, ("a",)))
