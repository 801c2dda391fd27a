"""`spn trace`: rows and JSON, filters, the marking, and that every engine shows the same."""

from __future__ import annotations

import json

import pytest

from spn import api
from spn.cli import trace
from spn.cli.main import main
from spn.cli.selection import Selection, names_of
from spn.engine.reference import ReferencePrepared, Simulation
from spn.engine.trace import trace as lines_of

MODEL = """\
spn: 1
colours: {kind: [voice, data]}
places:
  queue: {colour: kind, order: fifo, capacity: 5}
  idle: {over: s in 1..2, initial: 1}
  busy: {over: s in 1..2, colour: kind}
transitions:
  arrive: {out: queue(voice), delay: exponential(rate=1 / s)}
  arrive_data: {out: 2 * queue(data), delay: exponential(rate=0.2 / s)}
  begin: {for: s in 1..2, in: [queue(k), idle(s)], out: "busy(s, k)"}
  end: {for: s in 1..2, in: "busy(s, k)", out: idle(s), delay: "exponential(rate=(1 / s) if k == voice else (0.3 / s))"}
  never: {in: 9 * queue(data), delay: 1 s}
"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "queue.yaml"
    path.write_text(MODEL)
    return str(path)


@pytest.fixture
def traced(model, capsys):
    def run(*arguments, code=0):
        assert main(["trace", model, "--seed", "3", *arguments]) == code
        return capsys.readouterr()

    return run


@pytest.fixture
def records(traced):
    return lambda *arguments: [json.loads(line) for line in traced("--json", *arguments).out.splitlines()]


def test_rows_are_what_happens_in_columns(traced, model):
    shown = traced("--firings", "200")
    rows = shown.out.splitlines()
    assert len(rows) == 200
    expected = [line.split() for line in lines_of(api.resolve(model), 3, firings=200)]
    assert [row.split()[1:] for row in rows] == [words[1:] for words in expected]
    assert all(f"{float(words[0]):.6f}" == row.split()[0] for words, row in zip(expected, rows, strict=True))
    column = shown.err.splitlines()[-1].index("transition")
    assert {row[column - 2 : column] for row in rows} == {"  "}


def test_json_has_all_digits(records, model):
    simulation = Simulation(api.resolve(model), 3)
    for record in records("--firings", "100"):
        event = simulation.step()
        assert record["time"] == event.time
        assert record["immediate"] == event.immediate


@pytest.mark.parametrize("arguments", [(), ("--marking",), ("--only", "queue", "--json"), ("--from", "20", "--marking", "--json")])
def test_both_engines_show_the_same(traced, arguments):
    assert traced("--firings", "60", "--engine", "compiled", *arguments).out == traced("--firings", "60", *arguments).out


def test_the_marking_is_that_of_the_simulation(records, model):
    simulation = Simulation(api.resolve(model), 3)
    net = simulation.net
    places = {net.place_label(n, e): (n, e) for n, place in enumerate(net.places) for e in range(place.size)}
    for record in records("--marking", "--firings", "300"):
        simulation.step()
        assert {move["place"] for move in record["moves"]} == set(record["marking"])
        for name, tokens in record["marking"].items():
            number, element = places[name]
            held = sum(tokens.values()) if isinstance(tokens, dict) else tokens
            assert held == simulation.marking.counts[number][element]
    rows = records("--marking", "--firings", "300", "--only", "queue")
    assert any(record["marking"].get("queue", {}).get("data", 0) > 1 for record in rows)


@pytest.mark.parametrize(
    ("pattern", "transitions"),
    [
        ("arrive", {"arrive"}),
        ("arrive*", {"arrive", "arrive_data"}),
        ("begin", {"begin(s=1)", "begin(s=2)"}),
        ("begin(2)", {"begin(s=2)"}),
        ("begin(s=2)", {"begin(s=2)"}),
        ("end( s = 1 )", {"end(s=1)"}),
        ("idle(1)", {"begin(s=1)", "end(s=1)"}),
        ("busy", {"begin(s=1)", "begin(s=2)", "end(s=1)", "end(s=2)"}),
    ],
)
def test_names_and_patterns_select(records, pattern, transitions):
    assert {record["transition"] for record in records("--firings", "200", "--only", pattern)} == transitions


def test_what_is_shown_is_part_of_the_whole(records):
    whole = records("--firings", "400")
    part = records("--firings", "50", "--from", "10 s", "--until", "1 min", "--only", "arrive", "--only", "end")
    wanted = [r for r in whole if 10 <= r["time"] <= 60 and (r["transition"] == "arrive" or r["transition"].startswith("end"))]
    assert len(part) > 20
    assert part == wanted[: len(part)]


def test_a_name_that_is_nothing_has_a_nearest_one(traced):
    assert "nothing is called 'arrve', no transition and no place; did you mean 'arrive'?" in traced("--only", "arrve", code=2).err
    assert "nothing is called 'x*', no transition and no place; there are" in traced("--only", "x*", code=2).err


def test_what_never_happens_ends(traced, monkeypatch):
    monkeypatch.setattr(trace, "MOST_UNSEEN", 500)
    shown = traced("--only", "never")
    assert shown.out == ""
    assert "nothing of this in 500 firings" in shown.err


@pytest.mark.parametrize("time", ["x", "-1", "3 parsec", "1e999", "nan", "3 s s", "h", ""])
def test_times_that_are_none_are_refused(model, time, capsys):
    with pytest.raises(SystemExit) as refused:
        main(["trace", model, f"--from={time}"])
    assert refused.value.code == 2
    assert "--from" in capsys.readouterr().err


def test_names_of_an_element():
    assert names_of("worker(2).fail(s=3)", "actor__fail") == (
        "worker(2).fail(s=3)",
        "worker(2).fail(3)",
        "worker.fail",
        "fail(3)",
        "fail",
        "actor__fail",
    )
    assert "cell[3]" in names_of("cell[3]", "cell")


def test_brackets_are_no_patterns():
    net = ReferencePrepared(api.resolve("two_state"))
    assert Selection(net, ()).transition(0, 0)
    assert Selection(net, ("fai?",)).transition(0, 0)
    assert not Selection(net, ("up",)).transition(0, 0)
