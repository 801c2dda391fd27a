"""Rare events that models declare: asked for by name, the same as asked for in words; what is given beside the name counts instead."""

from __future__ import annotations

import json

import pytest
from nets import MISSION, QUEUE

import spn
from spn.cli.main import main
from spn.text.problems import ModelError
from spn.text.source import Source

DECLARED = QUEUE + """
measures:
  length: {average: queue}
  open: {availability: queue < 3}
rare:
  full: {condition: queue == 5, until: queue == 0}
  split: {condition: queue == 5, until: queue == 0, importance: length}
  closed: {condition: open, until: queue == 0}
  soon: {condition: queue == 5, within: 50 s}
  always: queue == 5
"""


def ask(condition: str, text: str = DECLARED, **options):
    return spn.rare_event(Source("net", text), condition, seed=3, precision=0.3, **options)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("full", {"condition": "queue == 5", "until": "queue == 0"}),
        ("closed", {"condition": "not (queue < 3)", "until": "queue == 0"}),
        ("soon", {"condition": "queue == 5", "within": "50 s"}),
        ("always", {"condition": "queue == 5"}),
    ],
)
def test_by_name_and_in_words_it_is_the_same_question(name, words):
    by_name, in_words = ask(name), ask(**words)
    assert by_name.estimates == in_words.estimates
    assert name == "closed" or (by_name.condition, by_name.about) == (in_words.condition, in_words.about)


def test_an_importance_that_the_model_declares_is_that_of_its_levels():
    of_model, of_net = ask("split", method="splitting"), ask("full", method="splitting")
    assert [level for level, _, _ in of_model.diagnostics.levels] == [2.0, 3.0, 4.0]
    assert all(level <= 0.0 for level, _, _ in of_net.diagnostics.levels)
    assert of_model.estimates == ask("full", method="splitting", importance="queue").estimates


def test_what_is_given_beside_the_name_counts_instead():
    assert ask("full", within="50 s").about == "a life from the initial marking that ends when queue == 0, or ends after 50 s"
    assert ask("soon", within="20 s").main == ask("queue == 5", within="20 s").main


def test_an_event_counts_before_a_measure_of_the_same_name():
    text = DECLARED.replace("rare:\n", "rare:\n  length: queue == 2\n")
    assert ask("length", text).estimates == ask("queue == 2").estimates


def test_a_model_may_have_rare_events_only(tmp_path, capsys):
    path = tmp_path / "mission.yaml"
    path.write_text(MISSION + "rare:\n  lost: {condition: down == 3, within: 10 h, doc: all three lives end}\n")
    assert main(["check", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "lost  'down == 3', within 10 h - all three lives end" in shown
    assert "nothing to simulate" not in shown
    assert main(["run", str(path)]) == 2
    assert "--rare" in capsys.readouterr().err
    assert main(["run", str(path), "--rare", "lost", "--seed", "3", "--precision", "30 %", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["about"] == "a life from the initial marking that ends after 10 h"
    assert found["command"].endswith("--rare lost")


def test_places_that_only_a_rare_event_reads_are_read(tmp_path):
    text = "spn: 1\nplaces: {up: 1, seen: 0}\ntransitions: {t: {in: up, out: [up, seen], delay: 1 s}}\nmeasures: {m: {average: up}}\n"
    path = tmp_path / "seen.yaml"
    path.write_text(text)
    assert [problem.code for problem in spn.check(path)] == ["unread-place"]
    path.write_text(text + "rare: {many: seen == 1000}\n")
    assert spn.check(path) == []


def test_in_a_model_built_in_python():
    model = spn.Model(
        places={"queue": 0},
        transitions={
            "arrive": {"out": "queue", "delay": "exponential(rate=0.5 / s)"},
            "serve": {"in": "queue", "delay": "exponential(rate=1 / s)"},
        },
        rare={"full": spn.RareEvent(condition="queue == 5", until="queue == 0"), "wrong": "que == 1"},
    )
    assert "2 rare events" in repr(model)
    (problem,) = model.check()
    assert problem.code == "unknown-name"
    with pytest.raises(ModelError):
        spn.rare_event(model, "full", seed=1)
    del model.rare["wrong"]
    assert spn.rare_event(model, "full", seed=1).converged
