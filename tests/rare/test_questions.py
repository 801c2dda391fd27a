"""Questions that make no sense, that have an easy answer, or that a method cannot answer: said in words, from Python and the command line."""

from __future__ import annotations

import json

import pytest
from nets import DUPLEX, MISSION, QUEUE

import spn
from spn.cli.main import main
from spn.rare import Refused, Trust
from spn.text.problems import ModelError
from spn.text.source import Source

DETERMINISTIC = """
spn: 1
description: A step every second; the number of steps in a row that come before a break is what an immediate choice says.
places: {run: 1, row: 0, coin: 0}
transitions:
  step: {in: run, out: coin, delay: 1 s}
  win: {in: coin, out: [run, row], weight: 1}
  lose: {in: coin, out: run, reset: row, weight: 1}
"""

UNBOUNDED = """
spn: 1
colours: {job: {arrived: time, size: real}}
places: {queue: {colour: job, order: fifo}}
transitions:
  arrive: {out: "queue(arrived=now, size=1.0)", delay: exponential(rate=0.3 / s)}
  serve: {in: queue(j), delay: exponential(rate=1 / s)}
measures:
  length: {average: queue}
  empty: {first_passage: queue == 0}
"""


def ask(text: str, condition: str, **options):
    return spn.rare_event(Source("net", text), condition, seed=options.pop("seed", 3), workers=options.pop("workers", 1), **options)


def test_what_cannot_come_true_has_the_probability_0_exactly():
    found = ask(DUPLEX, "down == 3")
    assert found.state is Trust.UNREACHABLE and found.converged
    assert (found.main.estimate, found.main.low, found.main.high) == (0.0, 0.0, 0.0)
    assert "none of the 3 markings" in found.diagnostics.notes[0]


@pytest.mark.parametrize(
    ("text", "condition", "options", "words"),
    [
        (DUPLEX, "up == 2", {}, "holds at the start"),
        (MISSION, "down == 3", {}, "standstill"),
        (DUPLEX, "down == 2", {"within": "0 s"}, "must be positive"),
        (DUPLEX, "down == 2 and now > 3 s", {}, "reads the time"),
        (DUPLEX, "down == 2", {"method": "plain"}, "plain simulation of the long run"),
        (UNBOUNDED.replace("queue == 0", "queue < 0"), "queue == 30000", {"until": "queue == 0"}, "give --importance"),
    ],
)
def test_refused_in_words(text, condition, options, words):
    with pytest.raises(Refused, match=words):
        ask(text, condition, **options)


def test_all_faults_of_a_question_are_told_at_once():
    with pytest.raises(ModelError) as caught:
        ask(DUPLEX, "dwn == 2", until="up +", importance="up and 3")
    told = [problem.render() for problem in caught.value.problems]
    assert any("<--rare>:1:1" in text and "did you mean 'down'" in text for text in told)
    assert any("<--until>:1:5" in text for text in told)
    assert any("<--importance>" in text for text in told)


def test_a_time_that_depends_on_the_marking_is_refused():
    with pytest.raises(ModelError, match="not the marking"):
        ask(DUPLEX, "down == 2", within="up * 1 s")


def test_a_measure_is_a_condition_by_name():
    with_measure = QUEUE + "measures: {system: {availability: queue < 9}, lost: {first_passage: queue == 9}, empty: {first_passage: queue == 0}}\n"
    expected = ask(QUEUE, "queue == 9", until="queue == 0").main
    assert ask(with_measure, "lost", until="empty").main == expected
    assert ask(with_measure, "system", until="empty").main == expected


def test_tokens_that_carry_times_are_no_hindrance():
    """P(3 before 0 | 1) of a queue at load 0.3 is 0.0639; 5 standard errors, false alarm below 1e-6."""
    found = ask(UNBOUNDED, "queue == 6", until="queue == 0").main
    # The first arrival ends the empty start; then it is the gambler's ruin.
    exact = (1 / 0.3 - 1) / ((1 / 0.3) ** 6 - 1)
    assert abs(found.estimate - exact) <= 5.0 * (found.high - found.low) / 2 / 1.96


def test_delays_that_cannot_be_forced_leave_the_choices():
    found = ask(DETERMINISTIC, "row == 20", until="row == 0")
    # From a row of 0: the first step decides, so the life begins once a step has won; 20 wins without a loss before the next loss.
    assert found.state is Trust.CONVERGED
    assert found.main.estimate == pytest.approx(0.5**19, rel=0.2)


def test_a_starved_level_is_said():
    found = ask(DUPLEX, "down == 2", method="splitting", max_firings=200_000)
    assert found.state is Trust.STARVED and not found.converged
    assert any("bottleneck" in text for text in found.diagnostics.notes)


def test_a_weight_that_carries_everything_is_said():
    from spn.rare.analysis import Sample
    from spn.rare.cycles import Found, Row

    rows = [Row(probability=1e-12, cycles=1, found=Found(hits=1e-12, greatest=1e-12, copies=1, hitting=1)) for _ in range(500)]
    even = Sample(rows, True, False, False)
    assert even.trust(0.95, 0.1) is Trust.CONVERGED
    rows.append(Row(probability=1e-9, cycles=1, found=Found(hits=1e-9, greatest=1e-9, copies=1, hitting=1)))
    assert Sample(rows, True, False, False).trust(0.95, 10.0) is Trust.DEGENERATE


def test_an_estimate_that_contradicts_the_exact_value_is_said(monkeypatch):
    from spn.rare import forcing

    honest = forcing.choose
    monkeypatch.setattr(forcing, "choose", lambda *given: forcing.Choice((found := honest(*given)).number, found.factor * 1.1))
    assert ask(QUEUE, "queue == 20", until="queue == 0").state is Trust.DISAGREES


@pytest.mark.parametrize("method", [None, "splitting", "restart"])
def test_the_same_seed_gives_the_same_bits(method):
    one, two = (ask(QUEUE, "queue == 4", until="queue == 0", method=method, precision=0.5) for _ in range(2))
    assert one.estimates == two.estimates and one.diagnostics == two.diagnostics


def test_the_number_of_workers_changes_nothing(monkeypatch):
    from spn.rare import crew

    monkeypatch.setattr(crew, "PATIENCE", 0.0)
    alone, together = (ask(MISSION, "down == 3", within="300 h", precision=0.05, workers=number) for number in (1, 2))
    assert alone.estimates == together.estimates and alone.diagnostics == together.diagnostics


def test_from_the_command_line(tmp_path, capsys):
    model = tmp_path / "m.yaml"
    model.write_text(QUEUE)
    assert main(["run", str(model), "--rare", "queue == 20", "--until", "queue == 0", "--seed", "3", "--workers", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["command"] == f"spn run {model} --seed 3 --rare 'queue == 20' --until 'queue == 0'"
    assert told["converged"] and told["estimates"]["probability"]["low"] > 0.0 and told["diagnostics"]["markov_approximation_is_exact"]
    assert main(["run", str(model), "--rare", "queue == 20", "--until", "queue == 0", "--seed", "3", "--workers", "1"]) == 0
    page = capsys.readouterr().out
    for words in ("event", "method", "stopped", "probability", "weights", "Markov chain", "state", "repeat: spn run"):
        assert words in page


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--until", "queue == 0"], 2, "--until belongs to --rare"),
        (["--rare", "queue == 20", "--engine", "compiled"], 2, "leave --engine out"),
        (["--rare", "queue == 20", "--explain"], 2, "leave it out"),
        (["--rare", "quue == 20"], 2, "did you mean 'queue'"),
        (["--rare", "queue == 1"], 4, "holds at the start"),
    ],
)
def test_wrong_calls(tmp_path, capsys, arguments, code, words):
    model = tmp_path / "m.yaml"
    model.write_text(QUEUE)
    assert main(["run", str(model), *arguments]) == code
    assert words in capsys.readouterr().err
