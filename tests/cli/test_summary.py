"""What `spn check` says that it understood, by real models."""

from __future__ import annotations

from pathlib import Path

import pytest

from spn import api
from spn.cli.main import main
from spn.cli.summary import describe
from spn.cli.wording import per_time, seconds
from spn.library import shipped_models
from spn.resolver.values import parameter_values
from spn.text.source import Source

VALID = sorted((Path(__file__).parents[1] / "conformance" / "valid").glob("*.yaml"))

QUEUE = """\
spn: 1
description: A queue.
parameters:
  load: {default: 80 %, doc: arrivals per service}
  service: exponential(mean=90 s)
  arrival: load / mean(service)
  patience: [1 min, 2 min]
  place: {choice: [front, back], default: back}
colours: {kind: [voice, data], job: {at: time, kind: kind}}
places:
  queue: {colour: job, order: fifo, capacity: 20}
  idle: 3
  seen: {over: k in kind, initial: 2}
transitions:
  arrive: {out: "queue(at=now, kind=voice)", delay: exponential(rate=arrival), inhibit: 2 * idle, memory: resampling}
  serve: {in: [queue(c), idle], out: "idle", delay: service, guard: "c.kind == voice or idle > 1", servers: infinite}
  lose: {for: k in kind, in: seen(k), weight: "1 if k == voice else 3", priority: 4, reset: queue}
measures:
  length: {average: queue, precision: 2 %, doc: waiting}
  full: {availability: queue < 20, at: 1 h}
  wait: {tally: now - c.at, on: serve, quantiles: [95 %], until: idle == 0}
  trouble: {first_passage: idle == 0, within: 0.5 d}
  served: {count: serve, over: [0 h, 8 h]}
"""


def lines(out):
    return [" ".join(line.split()) for line in out.splitlines()]


@pytest.fixture
def summary(tmp_path, capsys):
    def shown(text, *arguments):
        path = tmp_path / "queue.yaml"
        path.write_text(text)
        assert main(["check", str(path), *arguments]) == 0
        return lines(capsys.readouterr().out)

    return shown


def test_parameters_have_values_units_and_what_they_follow_from(summary):
    out = summary(QUEUE, "-p", "service=exponential(mean=1 min)")
    assert "load 0.8 - arrivals per service" in out
    assert "service exponential(mean=1 min) (changed; the model has exponential(mean=90 s))" in out
    assert "arrival 48 / h = load / mean(service)" in out  # 0.8 in a minute
    assert "patience [1 min, 2 min] (nothing uses it)" in out
    assert "place back (nothing uses it)" in out


def test_places_and_transitions_are_told_with_what_decides_them(summary):
    out = summary(QUEUE)
    assert "kind 2 values: voice, data" in out
    assert "job at: time, kind: kind" in out
    assert "queue of job, fifo, at most 20, empty" in out
    assert "idle 3 tokens" in out
    assert "seen 2 places (seen(voice), seen(data)), 2 tokens each" in out
    assert "arrive nothing -> queue exponential(rate=32 / h), mean 1.875 min, memory resampling" in out
    assert "not with 2 * idle" in out
    assert "serve queue, idle -> idle exponential(mean=90 s), infinite servers" in out
    assert "if c.kind == voice or idle > 1" in out
    assert "lose seen -> nothing at once, priority 4, weight 1 to 3" in out
    assert "empties queue" in out


def test_measures_are_sentences(summary):
    out = summary(QUEUE)
    assert "length time average of 'queue', in the long run, to a precision of 2 % - waiting" in out
    assert "full availability, the probability that 'queue < 20', at 1 h" in out
    assert "wait mean, 95 % quantile of now - c.at at firings of serve, until 'idle == 0'" in out
    assert "trouble probability that 'idle == 0' comes true within 12 h" in out
    assert "served number of firings of 'serve', from the start to 8 h" in out


def test_instances_are_counted_and_elements_have_their_names(capsys):
    assert main(["check", "sip_server", "-p", "sessions=30"]) == 0
    out = lines(capsys.readouterr().out)
    assert "instances 39 of actor, 1 of sip_transport" in out
    assert "sessions 30 (changed; the model has 10) - session actors under the session router" in out


@pytest.mark.parametrize(
    "use",
    [
        "places: {p: 3 * x}", "places: {p: {over: 1..x}}", "colours: {c: 1..x}", "parameters: {y: x + 1}",
        "places: {p: 1}\ntransitions: {t: {in: {p: x}, delay: 1 s}}", "places: {p: 1}\ntransitions: {t: {in: p, delay: 1 s, when: x > 2}}",
        "places: {p: {over: 1..9}}\ntransitions: {t: {out: p(x), delay: 1 s}}", "measures: {m: {average: x}}",
        "modules: {m: {parameters: {y: 1}, places: {p: y}}}\ninstances: {i: {module: m, with: {y: x}}}",
    ],
)  # fmt: skip
def test_a_parameter_that_is_used_is_not_called_unused(use):
    text = f"spn: 1\nparameters: {{x: 2}}\n{use}\n" if "parameters: {y: x" not in use else "spn: 1\nparameters: {x: 2, y: x + 1}\n"
    assert parameter_values(api.read(Source("model", text)))[0].used


@pytest.mark.parametrize(
    "use",
    ["places: {p: {initial: 1, doc: x}}", "modules: {m: {parameters: {x: 1}, places: {p: x}}}\ninstances: {i: {module: m, with: {x: 2}}}", ""],
)
def test_a_parameter_that_nothing_uses_is_called_so(use):
    assert not parameter_values(api.read(Source("model", f"spn: 1\nparameters: {{x: 2}}\n{use}\n")))[0].used


@pytest.mark.parametrize("path", VALID, ids=[path.stem for path in VALID])
def test_every_valid_model_is_told(path):
    reading = api.read(path)
    text = describe(reading.net, parameter_values(reading), reading.library.model)
    for name in (*reading.library.model.parameters, *(t.name for t in reading.net.transitions), *(m.name for m in reading.net.measures)):
        assert name in text
    assert describe(reading.net)  # a net alone, as one that was built


@pytest.mark.parametrize("name", shipped_models())
def test_every_shipped_model_is_told(name, capsys):
    assert main(["check", name]) == 0
    assert capsys.readouterr().out.startswith(f"{name.rpartition('/')[2]}:")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2208 * 3600.0, "92 d"),
        (30.0, "30 s"),
        (90.0, "90 s"),
        (0.0015, "1.5 ms"),
        (31557600.0, "1 year"),
        (0.0, "0 s"),
        (1e-14, "1e-14 s"),
        (165.0, "165 s"),
    ],
)
def test_times_are_in_the_shortest_unit(value, text):
    assert seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.5, "0.5 / s"), (0.1 / 3600, "0.1 / h"), (1 / 31557600.0, "1 / year"), (0.0, "0 / s")])
def test_rates_likewise(value, text):
    assert per_time(value) == text
