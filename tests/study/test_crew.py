"""Batches on threads: the same result for any number of them, and Ctrl-C and errors end them all."""

from __future__ import annotations

import os
import signal
import threading

import pytest

import spn
from spn.estimate.stopping import Reason
from spn.observation import RunError
from spn.study import OutOfTime, crew, serial, simulate
from tests.study.fakes import Fake, alternating, availability, exponential, net


@pytest.fixture(autouse=True)
def _threads_for_short_replications_too(monkeypatch):
    monkeypatch.setattr(crew, "LONG_FIRINGS", 0)


def system(concurrent=True):
    return Fake(alternating(exponential(100.0), exponential(1.0)), concurrent=concurrent)


def test_any_number_of_threads_gives_the_serial_result():
    expected = simulate(net(availability()), system(), seed=5, precision=0.03, drive=serial)
    for workers in (1, 2, 7):
        found = simulate(net(availability()), system(), seed=5, precision=0.03, workers=workers)
        assert found.measures == expected.measures, workers
        assert found.experiments == expected.experiments, workers


def test_short_replications_run_on_one_thread(monkeypatch):
    used = set()

    def note(rng, task):
        used.add(threading.get_ident())
        return alternating(exponential(100.0), exponential(1.0))(rng, task)

    for least, threads in ((10**9, 1), (0, 2)):
        used.clear()
        monkeypatch.setattr(crew, "LONG_FIRINGS", least)
        simulate(net(availability()), Fake(note, concurrent=True), seed=5, precision=0.01, workers=2)
        assert len(used) == threads
        assert threading.get_ident() not in used  # where Ctrl-C comes up


def test_an_error_in_a_batch_ends_the_study_where_the_serial_one_ends():
    def fail(rng, task):
        if task.key[1:3] == (1, 40):
            raise RunError("bad-delay", "no")
        return alternating(exponential(100.0), exponential(1.0))(rng, task)

    for workers in (1, 4):
        with pytest.raises(RunError):
            simulate(net(availability()), Fake(fail, concurrent=True), seed=5, precision=0.001, workers=workers)
    assert threading.active_count() < 4


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_keeps_what_is_finished_and_leaves_no_thread(workers):
    before = threading.active_count()
    sent = threading.Event()

    def progress(state):
        if state.experiment == "steady" and state.replications > 100 and not sent.is_set():
            sent.set()
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()

    result = spn.simulate("monolithic", seed=1, precision=1e-5, engine="compiled", workers=workers, progress=progress)
    assert result.stop_reason is Reason.INTERRUPTED
    assert result.experiments[0].replications > 100
    assert threading.active_count() == before


def stuck(first):
    """A system whose replications from `first` (experiment, number) on do not end before nobody wants them any more."""
    over = threading.Event()

    def process(rng, task):
        if task.key[1:3] >= first:
            over.wait(60.0)
        return alternating(exponential(100.0), exponential(1.0))(rng, task)

    class Stuck(Fake):
        def abandon(self):
            over.set()

    return Stuck(process, concurrent=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_limit_of_time_ends_batches_that_take_longer(workers):
    # The clock stands still: no batch but the one that is stuck takes two seconds.
    found = simulate(net(availability()), stuck((1, 40)), seed=5, precision=1e-4, workers=workers, max_seconds=2.0, clock=lambda: 0.0)
    assert found.stop_reason is Reason.TIME
    assert found.experiments[0].replications == 40
    expected = simulate(net(availability()), system(), seed=5, precision=1e-4, max_replications=40)
    assert found.measures == expected.measures


def test_a_limit_of_time_within_the_pilot_is_told_in_words():
    with pytest.raises(OutOfTime, match="before there was anything to say"):
        simulate(net(availability()), stuck((0, 20)), seed=5, max_seconds=2.0, clock=lambda: 0.0)
