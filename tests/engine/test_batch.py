"""Replications that a kernel runs by itself, one after the other, and their random streams."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spn import api
from spn.engine import seeding
from spn.engine.compiled import CompiledEngine, batch
from spn.observation import Abandoned, End, RunError, gathered
from spn.study.plan import Plan
from tests.agreement.comparing import same_batch, tasks_for

MODELS = Path(__file__).parent.parent.parent / "experiments" / "benchmarks" / "models"
WORDS = st.integers(0, 2**32 - 1)


@given(st.integers(0, 2**200), st.lists(st.tuples(WORDS, WORDS, WORDS, WORDS), min_size=1, max_size=5), st.booleans())
def test_streams_are_those_of_numpy(seed, keys, together):
    few, seeding.FEW = seeding.FEW, 1 if together else 10**9
    try:
        streams = seeding.streams_of(seed, np.array(keys))
    finally:
        seeding.FEW = few
    drawn = [seeding.uniforms(streams).tolist() for _ in range(3)]
    for k, key in enumerate(keys):
        expected = np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=key)))
        assert [each[k] for each in drawn] == expected.random(3).tolist()


def test_words_beyond_32_bits_in_a_key_are_numpys_too():
    streams = seeding.streams_of(3, np.array([(0, 2**40, k) for k in range(200)]))
    expected = np.random.SFC64(np.random.SeedSequence(3, spawn_key=(0, 2**40, 17))).state["state"]["state"]
    assert streams[:, 17].tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("model", "end", "firings"),
    [("monolithic", 3e8, 100), ("sip_transport", 1e7, 200), ("w1.yaml", 2e6, 300), ("w3a.yaml", 100.0, 300), ("mg1.yaml", 100.0, 200)],
)
def test_a_batch_gives_what_its_replications_give_one_by_one(model, end, firings):
    """With windows from 0 and later, tokens at the cuts and firings, in chunks, and with some that a limit ends."""
    net = api.resolve(MODELS / model if model.endswith("yaml") else model)
    prepared = CompiledEngine().prepare(net)
    for number in range(8):
        assert same_batch(prepared.plan, prepared.kernel, tasks_for(net, Random(number), end, firings, 6))


def net_of(tmp_path, text):
    path = tmp_path / "model.yaml"
    path.write_text("spn: 1\n" + text)
    return api.resolve(path)


DYING = """
places: {alive: {initial: 3}, dead: {}}
transitions:
  die: {in: alive, out: dead, delay: exponential(rate=1 / s)}
measures:
  left: {average: alive}
"""


def test_deaths_in_a_batch_are_noted(tmp_path):
    net = net_of(tmp_path, DYING)
    prepared = CompiledEngine().prepare(net)
    tasks = Plan(1, ("left",), 0.5, 1.0, 2, max_firings=100, detail=True).tasks(5, range(200))
    found = prepared.run_all(tasks)
    assert found.ends == (End.OBSERVED,) * 200
    # All are dead in the end of the replications in which all died before 1.5 s; the others are not.
    dead = found.tokens[:, -1, 1] == 3
    assert np.isfinite(found.dead_at).sum() >= dead.sum() > 10
    assert (found.dead_at[dead] < 1.5).all()
    assert found.observations["left"].tobytes() == gathered([prepared.run(tasks.task(k)) for k in range(200)], tasks).observations["left"].tobytes()


def test_a_replication_with_an_error_ends_the_batch_as_it_does_alone(tmp_path):
    net = net_of(tmp_path, DYING.replace("rate=1 / s", "rate=(2 * alive - 5) / s"))
    prepared = CompiledEngine().prepare(net)
    tasks = Plan(1, ("left",), 0.0, 1000.0, 1).tasks(5, range(20))
    with pytest.raises(RunError) as alone:
        prepared.run(tasks.task(0))
    with pytest.raises(RunError) as together:
        prepared.run_all(tasks)
    assert (together.value.code, together.value.message) == (alone.value.code, alone.value.message)


def test_a_batch_can_be_abandoned():
    prepared = CompiledEngine().prepare(api.resolve("monolithic"))
    tasks = Plan(1, ("system",), 1.0, 1e9, 1).tasks(5, range(4))
    stopping = Event()
    stopping.set()
    with pytest.raises(Abandoned):
        batch.Batch(batch.Stage(prepared.plan, prepared.kernel, tasks.measures), tasks).run(prepared.run, stopping)


def test_what_a_kernel_does_not_do_by_itself_is_done_one_by_one(tmp_path):
    net = net_of(
        tmp_path,
        """
colours: {job: {born: time}}
places: {queue: {colour: job, order: fifo, initial: ['job(born=0 s)', 'job(born=0 s)']}}
transitions:
  serve: {in: 'queue(j)', out: 'queue(born=now)', delay: exponential(rate=1 / s)}
measures:
  response: {tally: now - j.born, on: serve}
""",
    )
    prepared = CompiledEngine().prepare(net)
    tasks = Plan(1, ("response",), 1.0, 9.0, 2).tasks(5, range(4))
    assert not batch.suitable(prepared.plan, tasks)
    alone = gathered([prepared.run(tasks.task(k)) for k in range(4)], tasks)
    assert prepared.run_all(tasks).observations["response"].tobytes() == alone.observations["response"].tobytes()


TERMINATING = """
places: {up: 2, down: 0, fresh: 1}
transitions:
  wake:   {in: fresh, out: up}
  fail:   {in: up, out: down, delay: "weibull(scale=10 s, shape=2)", servers: infinite}
  repair: {in: down, out: up, delay: exponential(mean=4 s)}
measures:
  at_first:  {average: up, over: 5 s}
  later:     {availability: up >= 2, over: [3 s, 20 s]}
  before:    {integral: up, until: down >= 2}
  curve:     {availability: up == 3, at: {from: 0 s, to: 20 s, points: 5}}
  mean_up:   {average: up, at: [2 s, 9 s]}
  lost:      {integral: down, over: [1 s, 20 s]}
  failures:  {count: fail, over: 10 s}
  rate:      {rate: fail, over: [0.5 s, 12 s]}
  until:     {tally: up, on: fail, until: down == 3}
  counted:   {count: [fail, repair], until: down == 3}
  woken:     {count: wake, over: 10 s}
  size:      {tally: up, on: fail, over: [0 s, 30 s]}
  first:     {first_passage: down == 2, quantiles: [50 %]}
  within:    {first_passage: down == 2, within: [2 s, 5 s, 11 s]}
  at_once:   {first_passage: up == 3}
"""


def terminating(prepared, names, replications=150, **options):
    """The same tasks in a batch with short chunks, and one by one."""
    tasks = Plan(2, names, **options).tasks(9, range(replications))
    assert batch.suitable(prepared.plan, tasks)
    alone = gathered([prepared.run(tasks.task(k)) for k in range(replications)], tasks)
    together = prepared.run_all(tasks)
    assert together.ends == alone.ends
    for name in ("firings", "times", "dead_at", "controls", "tokens", "fired"):
        assert np.array_equal(getattr(together, name), getattr(alone, name), equal_nan=True), name
    for name in names:
        assert np.array_equal(together.observations[name], alone.observations[name], equal_nan=True), name
    return together


@pytest.mark.parametrize("budget", [7, batch.FIRST_BUDGET])
def test_what_is_observed_from_the_initial_marking_is_the_same_in_a_batch(tmp_path, monkeypatch, budget):
    """Windows of all kinds, alone, all together, with control variates, with tokens and firings of classes, and cut by a limit of firings."""
    monkeypatch.setattr(batch, "FIRST_BUDGET", budget)
    monkeypatch.setattr(batch, "CHUNK_SECONDS", 0.0 if budget == 7 else 0.05)
    net = net_of(tmp_path, TERMINATING)
    prepared = CompiledEngine().prepare(net)
    names = tuple(measure.name for measure in net.measures)
    for name in names:
        assert set(terminating(prepared, (name,), 30).ends) == {End.OBSERVED}
    assert (terminating(prepared, names).observations["woken"] == 1.0).all()
    terminating(prepared, names, controls=(0, 1))
    until = next(measure.window for measure in net.measures if measure.name == "counted")
    whole = tuple(replace(measure, window=until) for measure in net.measures if measure.name in ("later", "at_first", "rate"))
    terminating(CompiledEngine().prepare(replace(net, measures=whole)), tuple(measure.name for measure in whole), controls=(0,))
    terminating(prepared, names, detail=True)
    assert set(terminating(prepared, names, max_firings=12).ends) == {End.OBSERVED, End.FIRINGS}


def test_what_waits_for_ever_is_told_as_it_is_alone(tmp_path):
    """A net that dies before a passage, and one that dies while a window goes on."""
    net = net_of(tmp_path, DYING + "  never: {first_passage: alive == 7}\n  late: {average: alive, over: 50 s}\n")
    prepared = CompiledEngine().prepare(net)
    assert set(terminating(prepared, ("never", "late")).ends) == {End.TIME}
    found = terminating(prepared, ("late",))
    assert set(found.ends) == {End.OBSERVED} and np.isfinite(found.dead_at).all()


def test_an_error_in_a_value_at_a_time_is_told_as_it_is_alone(tmp_path):
    net = net_of(tmp_path, DYING + "  inverse: {average: 1 / alive, at: 1 s}\n")
    prepared = CompiledEngine().prepare(net)
    tasks = Plan(2, ("inverse",)).tasks(5, range(100))
    assert batch.suitable(prepared.plan, tasks)
    with pytest.raises(RunError, match="in a measure"):
        prepared.run_all(tasks)


def test_steady_and_other_measures_do_not_mix_in_a_batch(tmp_path):
    net = net_of(tmp_path, DYING + "  first: {first_passage: alive == 1}\n")
    prepared = CompiledEngine().prepare(net)
    for plan in (Plan(2, ("left", "first"), 0.0, 1.0, 1), Plan(2, ("left", "first")), Plan(2, ("left",)), Plan(2, ("first",), 0.0, 1.0, 1)):
        assert not batch.suitable(prepared.plan, plan.tasks(5, range(3)))
    assert batch.suitable(prepared.plan, Plan(2, ("first",)).tasks(5, range(3)))


def test_quantiles_of_tallies_are_kept_one_by_one(tmp_path):
    net = net_of(tmp_path, DYING + "  seen: {tally: alive, on: die, over: 9 s, quantiles: [50 %]}\n")
    prepared = CompiledEngine().prepare(net)
    assert not batch.suitable(prepared.plan, Plan(2, ("seen",)).tasks(5, range(3)))
