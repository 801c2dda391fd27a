"""The engine `auto`: nothing of a result depends on when it moves from the reference engine to a kernel, or on how many threads run it."""

from __future__ import annotations

import itertools
import pickle

import pytest

import spn
from spn import api
from spn.engine import auto
from spn.engine.auto import AutoEngine
from spn.engine.compiled import CompiledEngine, compiling
from spn.engine.engines import ENGINES
from spn.engine.reference import ReferenceEngine
from spn.engine.trace import compiled_trace, trace
from spn.expressions.types import INTEGER
from spn.net.types import Average, Measure
from spn.observation import Abandoned, RunError, Task
from spn.study import crew
from tests.engine.interpreted import kernel as interpreted
from tests.engine.nets import arc, exponential, net, op, out, place, tokens, transition, uniform
from tests.engine.test_handover import CASES

TASK = Task(11, (2,), ("system",), (0.0, 1e9, 3e9))


@pytest.fixture
def eager(monkeypatch):
    """Moving costs nothing, so that every run moves after the first firings."""
    monkeypatch.setattr(compiling, "LOAD_SECONDS", 0.0)
    monkeypatch.setattr(compiling, "SECONDS", 0.0)
    monkeypatch.setattr(compiling, "SECONDS_PER_LINE", 0.0)
    monkeypatch.setattr(auto, "CHUNK_FIRINGS", 7)
    monkeypatch.setattr(crew, "LONG_FIRINGS", 0)


def same(found, expected):
    assert (found.end, found.time, found.firings, found.dead_at) == (expected.end, expected.time, expected.firings, expected.dead_at)
    assert {name: rows.tolist() for name, rows in found.observations.items()} == {n: rows.tolist() for n, rows in expected.observations.items()}
    assert found.tokens.tolist() == expected.tokens.tolist()
    assert found.fired.tolist() == expected.fired.tolist()


def numbers(result):
    """Everything of a result that must not depend on who made it."""
    found = result.to_dict()
    return {name: value for name, value in found.items() if name not in ("engine", "elapsed_s")}


def test_short_runs_stay_on_the_reference_engine(monkeypatch):
    monkeypatch.setattr(compiling, "Compiling", None)
    monkeypatch.setattr(auto, "KernelPlan", None)
    # By a clock on which each part of the run takes a tenth of a millisecond, however busy the machine is.
    ticks = itertools.count()
    monkeypatch.setattr(auto, "perf_counter", lambda: next(ticks) * 1e-4)
    assert spn.simulate("monolithic", seed=1).engine == "reference"


def test_a_kernel_that_is_there_is_taken_over_in_the_middle(eager):
    of = api.resolve("monolithic")
    CompiledEngine().prepare(of)
    prepared = AutoEngine().prepare(of)
    assert not prepared.concurrent
    same(prepared.run(TASK), ReferenceEngine().prepare(of).run(TASK))
    assert prepared.name == "reference, then compiled"
    assert prepared.concurrent


def test_replications_that_are_short_do_not_hold_a_run_on_the_reference_engine(eager, monkeypatch):
    monkeypatch.setattr(auto, "CHUNK_FIRINGS", 1_000_000)
    of = api.resolve("monolithic")
    CompiledEngine().prepare(of)
    prepared = AutoEngine().prepare(of)
    for _ in range(2):
        same(prepared.run(TASK), ReferenceEngine().prepare(of).run(TASK))
    assert prepared.name == "reference, then compiled"


def test_the_reference_engine_goes_on_while_another_process_compiles(eager, tmp_path, monkeypatch):
    monkeypatch.setenv("SPN_CACHE", str(tmp_path))
    # A net that no other test compiles.
    of = net([place("p", 3), place("q")], [transition("t", "p", "q", uniform(1.0, 2.0)), transition("u", ["q"], "p", uniform(0.5, 0.75))])
    told = []
    prepared = AutoEngine(told.append).prepare(of)
    task = Task(5, (), (), (0.0, 1e6))
    outcome = prepared.run(task)
    assert prepared.name == "reference, then compiled"
    assert len(told) == 1
    assert "the run goes on meanwhile" in told[0]
    same(outcome, ReferenceEngine().prepare(of).run(Task(5, (), (), (0.0, 1e6))))
    assert list(tmp_path.glob("*.kernel"))


def test_a_compiler_that_fails_leaves_the_run_on_the_reference_engine(eager, tmp_path, monkeypatch):
    monkeypatch.setenv("SPN_CACHE", str(tmp_path))
    monkeypatch.setattr(compiling, "SCRIPT", "raise SystemExit('no compiler today')")
    of = net([place("p", 3)], [transition("t", "p", "p", uniform(1.0, 2.25))])
    told = []
    prepared = AutoEngine(told.append).prepare(of)
    prepared.run(Task(5, (), (), (0.0, 20_000.0)))
    assert prepared.name == "reference"
    assert "no compiler today" in told[-1]
    with pytest.raises(RunError, match="no compiler today"):
        CompiledEngine(aside=True).prepare(of)


def test_a_net_that_cannot_be_compiled_stays_on_the_reference_engine(eager, monkeypatch):
    def refuse(prepared):
        raise auto.UnsupportedError("not today")

    monkeypatch.setattr(auto, "KernelPlan", refuse)
    prepared = AutoEngine().prepare(api.resolve("monolithic"))
    prepared.run(TASK)
    assert prepared.name == "reference"


def test_what_is_expected_decides_when_it_moves(monkeypatch):
    prepared = AutoEngine().prepare(api.resolve("monolithic"))
    prepared._spent, prepared._fired = 2.0, 1000
    assert prepared._seconds_left() == 2.0
    prepared.expect(50)
    assert prepared._seconds_left() == pytest.approx(0.1)
    prepared.expect(None)
    assert prepared._seconds_left() == 2.0


@pytest.mark.parametrize("limits", [{"precision": 0.02}, {"precision": 0.001, "max_firings": 60_000}], ids=["converges", "runs out of firings"])
def test_all_engines_and_numbers_of_threads_give_the_same_result(eager, limits):
    CompiledEngine().prepare(api.resolve("monolithic"))
    expected = numbers(spn.simulate("monolithic", seed=4, engine="reference", **limits))
    for engine, workers in (("auto", 1), ("auto", 2), ("compiled", 1), ("compiled", 2), ("compiled", 5)):
        found = spn.simulate("monolithic", seed=4, engine=engine, workers=workers, **limits)
        assert numbers(found) == expected, (engine, workers)
        assert found.engine == {"auto": "reference, then compiled", "compiled": "compiled"}[engine]


def test_the_default_limits_are_the_same_for_all_engines(eager):
    plans = {engine: spn.simulate("two_state", seed=4, precision=0.3, engine=engine).to_dict()["experiments"] for engine in ENGINES}
    assert plans["auto"] == plans["reference"] == plans["compiled"]


@pytest.mark.parametrize("engine", [AutoEngine, ReferenceEngine, CompiledEngine])
def test_a_prepared_net_is_sent_as_the_net(engine):
    of = api.resolve("monolithic")
    prepared = engine().prepare(of)
    expected = prepared.run(TASK)
    sent = pickle.dumps(prepared)
    assert len(sent) < len(pickle.dumps(of)) + 500
    same(pickle.loads(sent).run(TASK), expected)


@pytest.mark.parametrize("engine", [AutoEngine, ReferenceEngine, CompiledEngine])
def test_a_run_that_nobody_wants_ends(engine):
    prepared = engine().prepare(api.resolve("monolithic"))
    prepared.abandon()
    with pytest.raises(Abandoned):
        prepared.run(TASK)


def test_an_error_is_told_the_same_by_all_engines(eager):
    of = net(
        [place("p", 1), place("n")],
        [transition("t", "p", "p", op(2.0, "-", tokens("n"))), transition("more", (), "n", 1.5)],
        [Measure("n", Average(tokens("n")))],
    )
    told = []
    for engine in (ReferenceEngine(), CompiledEngine(), AutoEngine()):
        with pytest.raises(RunError) as caught:
            engine.prepare(of).run(Task(1, (), ("n",), (0.0, 1e6)))
        told.append((caught.value.code, caught.value.message, caught.value.time))
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize("name", ["monolithic", "sip_transport"])
def test_the_trace_of_a_kernel_is_that_of_the_reference_engine(name):
    of = api.resolve(name)
    assert list(compiled_trace(CompiledEngine().prepare(of), 3, firings=500)) == list(trace(of, 3, firings=500))


class Interpreted:
    """A prepared net whose kernel Python runs itself."""

    def __init__(self, of):
        self.plan = auto.KernelPlan(auto.ReferencePrepared(of))
        self.kernel = interpreted(self.plan.source)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_trace_of_a_case(path):
    of = api.resolve(path)
    assert list(compiled_trace(Interpreted(of), 3, firings=200)) == list(trace(of, 3, firings=200))


@pytest.mark.parametrize("order", ["multiset", "fifo", "lifo", "random"])
def test_the_trace_tells_values_and_where_they_stood(order):
    of = net(
        [place("q", [1, 2, 0, 3], colour=INTEGER, order=order, bounds=((0, 3),)), place("r", colour=INTEGER, bounds=((0, 3),)), place("free", 1)],
        [
            transition("take", [arc("q", pattern=("?x",)), "free"], out("r", token="x"), exponential(1.0), variables=["x"]),
            transition("give", arc("r", pattern=("?y",)), [out("q", token="y"), "free"], uniform(0.1, 0.9), variables=["y"]),
            transition("turn", [arc("q", pattern=("?a",)), arc("q", pattern=("?b",))], [out("q", token="b"), out("q", token="a")], 0.7,
                       variables=["a", "b"]),
        ],
    )  # fmt: skip
    assert list(compiled_trace(Interpreted(of), 3, firings=300)) == list(trace(of, 3, firings=300))


def test_a_trace_ends_at_a_time_and_at_a_dead_marking():
    of = net([place("p", 3)], [transition("t", "p", (), uniform(1.0, 2.0))])
    whole = list(trace(of, 1))
    assert len(whole) == 3
    assert list(compiled_trace(Interpreted(of), 1)) == whole
    second = float(whole[1].split()[0])
    assert list(compiled_trace(Interpreted(of), 1, until=second)) == whole[:2]
