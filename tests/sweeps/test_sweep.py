"""Sweeps end in the same bits, whoever works on them and however often they are interrupted; what changed is never mixed with what was."""

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from contextlib import suppress

import pytest

from spn.sweeps.executors import Other, Processes, Workers, workers
from spn.sweeps.points import points
from spn.sweeps.reading import load_study
from spn.sweeps.store import Store, StoreError
from spn.sweeps.work import WholeOrder, work
from spn.tables.results import Results
from spn.text.problems import Problems
from tests.sweeps.studies import MACHINE, SMALL, sweep, write


def bits(results):
    """Everything a study's results say, as text."""
    return json.dumps(results.to_dict(), sort_keys=True)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    summary, results = sweep(write(folder), folder)
    assert summary.found == 0 and not summary.failed and results.finished
    return results


def test_the_numbers_are_those_of_closed_forms(undisturbed):
    """U = mttr / (mttf + mttr) for one machine, by renewal theory; 6 standard errors at 20 % of 95 % confidence are 60 %."""
    for point in undisturbed.points:
        if point.axes["spares"] == "0":
            mttf = {"500 s": 500.0, "1000 s": 1000.0}[point.axes["mttf"]]
            found = point.record.measures["system"]
            assert found.converged and found.relative <= 0.2
            assert found.primary.estimate == pytest.approx(10 / (mttf + 10), rel=0.6)
    assert [(ratio.of.axes["spares"], ratio.to.axes["spares"]) for ratio in undisturbed.ratios] == [("0", "1")] * 2


def test_a_ratio_is_that_of_two_points_that_ended_by_themselves(tmp_path):
    """What stopping had added is taken off U of either point, and off their ratio."""
    model = MACHINE.replace("{availability: up > 0}", "{availability: up > 0, at: 60 s}")
    study = SMALL.replace("spares: [0, 1]", "mttr: [20 s, 40 s]").replace("mttf: [500 s, 1000 s]", "mttf: [100 s, 200 s]")
    study = study.replace("spares: 0", "mttr: 20 s").replace("spares: 1", "mttr: 40 s").replace("12000", "200000")
    _, results = sweep(write(tmp_path, study, model), tmp_path)
    assert len(results.ratios) == 2 and any(point.record.measures["system"].primary.bias for point in results.points)
    for ratio in results.ratios:
        of, to = (
            next(point for point in results.points if point.axes == end.axes).record.measures["system"].primary for end in (ratio.of, ratio.to)
        )
        assert ratio.interval.estimate == pytest.approx(of.estimate / to.estimate, rel=1e-9)


def test_the_time_simulated_at_a_point_is_limited(tmp_path):
    """With 20 h for a point none has the precision of 0.1 %; each has been simulated for about that, and other points are those of another study."""
    study = SMALL.replace("precision: 20 %\nmax_firings: 12000", "precision: 0.1 %\nmax_time: 20 h")
    _, results = sweep(write(tmp_path, study), tmp_path)
    assert [point.record.stop_reason for point in results.points] == ["the budget of simulated time is used up"] * 4
    firings = [point.record.firings for point in results.points]
    # A machine fails and is repaired once in 510 s, or in 1,010 s: 282 or 143 firings in 20 h. The last batch may go beyond.
    assert all(0.5 * wanted < fired < 4 * wanted for fired, wanted in zip(firings[::2], (282, 143), strict=True))
    assert results.about["max_time"] == 72000.0 and not results.converged
    again, longer = sweep(write(tmp_path, study.replace("20 h", "40 h")), tmp_path)
    assert again.found == 0 and all(new.record.firings > old for new, old in zip(longer.points, firings, strict=True))


@pytest.fixture
def in_parts(monkeypatch):
    """No point is simulated as a whole by one worker: after its first batch everything is handed out."""
    monkeypatch.setattr("spn.sweeps.jobs.WHOLE", 0.0)


def test_points_handed_out_in_parts_are_the_same_as_whole_ones(undisturbed, tmp_path, in_parts):
    seen = []
    assert bits(sweep(write(tmp_path), tmp_path, show=seen.append)[1]) == bits(undisturbed)
    assert len(seen) > 20


def test_threads_and_processes_give_the_same_bits(undisturbed, tmp_path, in_parts):
    for number, pool in enumerate((workers("thread", 3), Processes(2))):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert bits(sweep(write(folder), folder, pool)[1]) == bits(undisturbed)


def test_a_point_is_the_same_as_simulated_alone(undisturbed, tmp_path):
    study = SMALL.replace("[500 s, 1000 s]", "[1000 s]").replace("[0, 1]", "[1]").split("compare")[0] + "compare: {}\n"
    streams = SMALL.replace("[500 s, 1000 s]", "[1000 s]")
    alone = sweep(write(tmp_path, streams), tmp_path)[1].points[1].record
    assert alone == undisturbed.points[3].record
    other = sweep(write(tmp_path, study, name="other.yaml"), tmp_path)[1].points[0].record
    assert other.measures["system"].primary != alone.measures["system"].primary  # compared with nothing it has random numbers of its own


def test_interruptions_at_any_commit_end_in_the_same_bits(undisturbed, tmp_path, in_parts):
    path, rng = write(tmp_path), random.Random(4)
    stops = 0
    for _ in range(200):
        left = rng.randrange(6)

        def stop(state):
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt

        try:
            summary, results = sweep(path, tmp_path, show=stop)
        except KeyboardInterrupt:
            stops += 1
            continue
        break
    assert stops > 5
    assert bits(results) == bits(undisturbed)
    assert summary.points == 4


def test_a_sweep_that_is_finished_is_not_simulated_again(undisturbed, tmp_path):
    path = write(tmp_path)
    sweep(path, tmp_path)
    summary, results = sweep(path, tmp_path, workers=Other(Refusing(), 2))
    assert summary.found == 4
    assert bits(results) == bits(undisturbed)


class Refusing(ThreadPoolExecutor):
    """Does no work at all."""

    def submit(self, *arguments):
        raise AssertionError("nothing was to be done")


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (("study", "seed: 3", "seed: 4"), 0),
        (("study", "precision: 20 %", "precision: 30 %"), 0),
        (("study", "[500 s, 1000 s]", "[500 s, 2000 s, 1000 s]"), 4),
        (("model", "uniform(0 s, 2 * mttr)", "uniform(0 s, 3 * mttr)"), 0),
        (("model", "spn: 1", "spn: 1\ndescription: the same net, with another text"), 0),
    ],
)
def test_what_has_changed_is_simulated_anew_and_what_has_not_is_kept(undisturbed, tmp_path, changed, found):
    which, old, new = changed
    sweep(write(tmp_path), tmp_path)
    study, model = (SMALL.replace(old, new), MACHINE) if which == "study" else (SMALL, MACHINE.replace(old, new))
    summary, again = sweep(write(tmp_path, study, model), tmp_path)
    assert summary.found == found
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    assert bits(again) == bits(sweep(write(fresh, study, model), fresh)[1])
    assert bits(sweep(write(tmp_path), tmp_path)[1]) == bits(undisturbed)  # what was there before is there still


def test_a_seed_that_was_drawn_is_kept(tmp_path):
    path = write(tmp_path, SMALL.replace("seed: 3\n", "").replace("[500 s, 1000 s]", "[500 s]"))
    first, again = sweep(path, tmp_path)[1], sweep(path, tmp_path)
    assert again[0].found == 2 and bits(again[1]) == bits(first)


@pytest.mark.parametrize("stopped", [4, 20])
def test_damaged_batches_are_simulated_again(undisturbed, tmp_path, stopped, in_parts):
    """Those of a point that is being simulated, and those of finished points, which are needed for comparing."""
    path, count = write(tmp_path), 0

    def stop(state):
        nonlocal count
        count += 1
        if count == stopped:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(path, tmp_path, show=stop)
    with sqlite3.connect(tmp_path / "small.sqlite") as other:
        other.execute("UPDATE batches SET data = zeroblob(length(data)) WHERE number = 0")
    other.close()
    summary, results = sweep(path, tmp_path)
    assert summary.damaged > 0
    assert bits(results) == bits(undisturbed)


def test_damage_anywhere_in_the_file_is_repaired_or_told_and_never_believed(undisturbed, tmp_path):
    """Bytes are changed, pages zeroed, and the end cut off; who reads says the same as before or that it is damaged, and so does the next sweep."""
    path, rng = write(tmp_path), random.Random(3)
    sweep(path, tmp_path)
    file = tmp_path / "small.sqlite"
    whole, outcomes = file.read_bytes(), []
    for kind in ("bytes", "page", "end") * 8:
        content = bytearray(whole)
        if kind == "bytes":
            for _ in range(12):
                content[rng.randrange(len(content))] ^= rng.randrange(1, 256)
        elif kind == "page":
            at = rng.randrange(len(content) // 4096) * 4096
            content[at : at + 4096] = bytes(4096)
        else:
            del content[rng.randrange(len(content)) :]
        file.write_bytes(content)
        for attempt in (lambda: Results.read(file), lambda: sweep(path, tmp_path)[1]):
            try:
                assert bits(attempt()) == bits(undisturbed)
                outcomes.append("repaired")
            except StoreError as error:
                outcomes.append("told" if re.search("damaged|no results file|version of spn", str(error)) else str(error))
    assert set(outcomes) == {"repaired", "told"}


def test_links_to_another_points_result_are_seen(undisturbed, tmp_path):
    path = write(tmp_path)
    sweep(path, tmp_path)
    for change in ("UPDATE places SET point = 3 - point WHERE point < 3", "UPDATE sources SET point = 5 - point", "UPDATE points SET id = 9 - id"):
        with sqlite3.connect(tmp_path / "small.sqlite") as other:
            other.execute(change)
        other.close()
        with suppress(StoreError):
            assert bits(Results.read(tmp_path / "small.sqlite")) == bits(undisturbed)
        assert bits(sweep(path, tmp_path)[1]) == bits(undisturbed)


def test_a_model_that_cannot_go_on_ends_its_point_only(tmp_path):
    model = MACHINE.replace('"exponential(mean=mttf)"', '"exponential(rate=(1 - 2 * spares * down) / mttf)"')
    summary, results = sweep(write(tmp_path, model=model), tmp_path)
    assert not summary.failed
    assert [point.record.code if point.record.error else "" for point in results.points] == ["", "negative-rate", "", "negative-rate"]


def test_values_that_a_model_refuses_are_told_before_anything_is_simulated(tmp_path, capsys):
    from spn.cli.main import main

    path = write(tmp_path, SMALL.replace("[500 s, 1000 s]", "[500 s, -1 s]"))
    assert main(["sweep", str(path), "-o", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "machine.yaml:5:37: bad-delay: " in told and "(at machine, mttf = -1 s, spares = 0)" in told


KILLED = """\
import sys
from tests.sweeps.studies import sweep
from spn.sweeps.executors import Processes
from pathlib import Path
if __name__ == "__main__":
    sweep(Path(sys.argv[1]), Path(sys.argv[2]), Processes(2))
"""


def children_of(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [int(child) for child in found]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_killed_workers_and_killed_sweeps_end_in_the_same_bits(undisturbed, tmp_path):
    """Workers and the sweep itself are killed at random moments; the whole of 100 kills is in experiments/verification."""
    path, rng = write(tmp_path), random.Random(5)
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    orphans = []
    for kill in range(4):
        process = subprocess.Popen([sys.executable, str(script), str(path), str(tmp_path)])
        try:
            process.wait(rng.uniform(1.0, 2.5))
            continue
        except subprocess.TimeoutExpired:
            workers = children_of(process.pid)
            orphans += workers
            victim = rng.choice(workers) if kill % 2 and workers else process.pid
            os.kill(victim, signal.SIGKILL)
            if victim == process.pid:
                process.wait()
            else:
                process.wait(120)
    assert bits(sweep(path, tmp_path)[1]) == bits(undisturbed)
    until = time.monotonic() + 60
    while any(os.path.exists(f"/proc/{pid}") for pid in orphans) and time.monotonic() < until:
        time.sleep(0.1)
    assert not [pid for pid in orphans if os.path.exists(f"/proc/{pid}")]  # nobody works on after the sweep has gone


def test_what_is_not_finished_can_be_read(tmp_path, in_parts):
    path, count = write(tmp_path), 0

    def stop(state):
        nonlocal count
        count += 1
        if count == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(path, tmp_path, show=stop)
    results = Results.read(tmp_path / "small.sqlite")
    assert not results.finished
    assert any(point.state.startswith("not ") for point in results.points)


def test_pilots_are_not_kept(tmp_path):
    sweep(write(tmp_path), tmp_path)
    with Store.read(tmp_path / "small.sqlite") as store:
        experiments = {row[0] for row in store._rows("SELECT DISTINCT experiment FROM batches")}
    assert experiments == {1}


def test_a_net_that_is_large_is_sent_to_each_worker_once(undisturbed, tmp_path, monkeypatch, in_parts):
    """Threads have nets of their own, so that one of them has to ask for what another got."""
    sent, asked = [], []

    def counted(order):
        answer = work(order)
        sent.append(order.net.content is not None)
        asked.append(answer.missing)
        return answer

    monkeypatch.setattr("spn.sweeps.work.SMALL", 0)
    monkeypatch.setattr("spn.sweeps.executors.work", counted)
    _, results = sweep(write(tmp_path), tmp_path, workers("thread", 3))
    assert bits(results) == bits(undisturbed)
    assert sum(sent) <= 4 + sum(asked) < len(sent) / 2


class Deadly(Workers):
    """Workers that die of the orders of one plan, and take what the others do along."""

    count, together = 2, True

    def __init__(self, stream: int):
        self.stream, self.deaths, self.broken = stream, 0, False

    def submit(self, order):
        future = Future()
        if self.broken:
            future.set_exception(BrokenExecutor())
        elif (order.asked.settings if isinstance(order, WholeOrder) else order.plan).point == self.stream:
            self.broken, self.deaths = True, self.deaths + 1
            future.set_exception(BrokenExecutor())
        else:
            future.set_result(work(order))
        return future

    def lost(self, error):
        return isinstance(error, BrokenExecutor)

    def renew(self):
        self.broken = False

    def close(self, now):
        pass


def test_a_batch_that_kills_its_workers_is_given_up_and_the_others_are_not(tmp_path):
    path = write(tmp_path, SMALL.split("compare")[0])
    found = points(load_study(path), Problems())
    deadly = Deadly(found[2].stream)
    summary, results = sweep(path, tmp_path, deadly)
    assert summary.failed == {2: "5 workers died while they worked on one of its batches"}
    assert [point.record is None for point in results.points] == [False, False, True, False]
    assert deadly.deaths == 5 and summary.lost >= 5
    assert sweep(path, tmp_path)[1].finished  # the next attempt may fare better


def test_a_script_from_standard_input_can_use_processes(undisturbed, tmp_path):
    """Such a program is no file that workers could import."""
    path = write(tmp_path)
    script = f"import spn\nresults = spn.sweep({str(path)!r}, {str(tmp_path / 'out')!r}, workers=2)\nprint(len(list(results.measured())))\n"
    found = subprocess.run([sys.executable, "-"], input=script, capture_output=True, text=True, timeout=300, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    assert int(found.stdout) == len(list(undisturbed.measured()))
