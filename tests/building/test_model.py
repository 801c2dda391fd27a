"""Models in code: built in every way, checked with the places of their problems, loaded, changed and saved."""

from __future__ import annotations

import math
import os
import stat
from datetime import timedelta

import numpy as np
import pytest

import spn
from spn import distributions
from spn.building import Instance, Measure, Parameter, Place, RareEvent, StaleFileError, Transition
from spn.model import types
from spn.net.text import digest
from spn.text.problems import ModelError
from spn.text.source import Source

FILE = """\
spn: 1
parameters:
  mean: 2 h  # of repairs
  limit: {default: 3, max: 9}
places: {up: limit, down: 0}
transitions:
  fail: {in: up, out: down, delay: exponential(mean=100 h)}
  fix: {in: down, out: up, delay: exponential(mean=mean)}  # by whom?
measures: {up: {average: up}}
"""


def shown(problems) -> list[str]:
    """The first line of each problem."""
    return [problem.render().splitlines()[0] for problem in problems]


def server(**changes) -> spn.Model:
    return spn.Model(
        places={"up": 1, "down": 0},
        transitions={
            "fail": Transition(inputs="up", outputs="down", delay=changes.pop("delay", "1 h")),
            "fix": Transition(inputs="down", outputs="up", delay="1 s"),
        },
        measures={"a": Measure(availability="up == 1")},
        **changes,
    )


@pytest.mark.parametrize(
    ("part", "declaration"),
    [
        (Parameter, types.ParameterDeclaration),
        (Place, types.PlaceDeclaration),
        (Transition, types.TransitionDeclaration),
        (Instance, types.InstanceDeclaration),
        (Measure, types.MeasureDeclaration),
        (RareEvent, types.RareDeclaration),
    ],
)
def test_a_part_has_the_keys_of_a_file(part, declaration):
    assert list(declaration.keys()) == [part.KEYS[name] for name in part.KEYS]
    assert declaration.short == part.SHORT


def test_a_model_has_the_sections_of_a_file():
    assert set(spn.Model.KEYS) == set(types.Model.keys())


def test_types_mappings_and_short_forms_are_the_same_model():
    one = spn.Model(parameters={"n": Parameter(default=2)}, places={"a": Place(initial="n")}, transitions={"t": Transition(inputs="a", delay="1 s")})
    other = spn.Model()
    other.parameters["n"] = 2
    other["places"] = {"a": "n"}
    other.transitions["t"] = {"in": "a", "delay": "1 s"}
    assert one.to_yaml() == other.to_yaml() == "spn: 1\nparameters:\n  n: 2\n\nplaces:\n  a: n\n\ntransitions:\n  t:\n    in: a\n    delay: 1 s\n"
    assert one.transitions["t"] == other.transitions["t"] == {"in": "a", "delay": "1 s"}
    assert one.places["a"] == "n"
    assert one.places["a"] != 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("uniform(1 s, 2 s)", "uniform(1 s, 2 s)"),
        (90, "90"),
        (0.25, "0.25"),
        (np.float64(0.1), "0.1"),
        (np.int64(7), "7"),
        (timedelta(hours=1.5), "5400.0 s"),
        (distributions.LogNormal(1.5, 0.25), "lognormal(mu=1.5, sigma=0.25)"),
        (distributions.Uniform(30.0, 300.0), "uniform(30.0, 300.0)"),
        (distributions.Empirical((1.0, 2.0)), "empirical(data=[1.0, 2.0])"),
    ],
)
def test_values_of_python_are_values_of_the_language(value, text):
    model = server(delay=value)
    assert f"    delay: {text}\n" in model.to_yaml()
    assert model.check() == []


def test_every_distribution_is_written_as_what_it_is():
    for name, family in distributions.FAMILIES.items():
        form = family.forms[0]
        values = {"weights": (0.25, 0.75), "rates": (0.1, 0.2), "values": (1.0, 2.0), "data": (1.0, 3.0), "k": 3, "high": 9.0, "mode": 2.0}
        given = [values.get(argument.name, 0.5) for argument in form.arguments]
        made = distributions.make(name, form.names, given)
        delay = spn.resolve(server(delay=made)).transitions[0].timing.delay
        arguments = [[item.value for item in a.items] if hasattr(a, "items") else a.value for a in delay.arguments]
        again = distributions.make(delay.name, delay.form, arguments)
        assert again == made, name


def test_the_whole_language_is_built_in_code():
    unit = spn.Model(parameters={"m": 2}, ports={"out": Place(over="1..m")}, places={"idle": 1})
    unit.transitions["go"] = Transition(inputs="idle", outputs=["idle", "out(k) for k in 1..m"], delay="1 h")
    model = spn.Model(
        parameters={"n": 2, "law": Parameter(default="exponential(mean=1 h)", type="distribution"), "w": [0.25, 0.75]},
        colours={"kind": ["voice", "video"], "part": "1..n", "pair": "part * kind", "call": {"at": "time", "kind": "kind"}},
        tables={"costs": np.array([1, 2, 3])},
        modules={"unit": unit},
        places={
            "lane": Place(over=["1..2", "part"]),
            "pairs": Place(colour="pair", initial={(1, "voice"): 1}),
            "line": Place(colour="call", order="fifo", capacity=5),
        },
        instances={"u": Instance(module="unit", loops="x in part", arguments={"m": 2}, connect={"out(k)": "lane(k, x) for k in 1..2"})},
        transitions={
            "arrive": Transition(outputs="line(at=now, kind=voice)", delay="law", inhibitors={"line": 5}),
            "serve": Transition(inputs=["line(c)", "pairs(s, k)"], outputs="pairs(s, k)", guard="c.kind == k", delay="1 s", servers="infinite"),
            "clear": Transition(loops="s in part", inputs="lane(1, s)", resets="lane(2, s)", weight="costs[s]", priority=2),
        },
        measures={
            "wait": Measure(tally="now - c.at", on="serve", quantiles=[0.5, 0.95]),
            "full": Measure(first_passage="line == 5", within="1 d"),
            "load": Measure(average="count(each.idle == 1 for each in unit)"),
        },
    )
    assert model.check() == []
    again = spn.load(Source("again", model.to_yaml()))
    assert digest(spn.resolve(again)) == digest(spn.resolve(model))
    assert again.to_yaml() == model.to_yaml()


def test_what_no_part_has_is_refused_at_once():
    model = server()
    with pytest.raises(AttributeError):
        model.transitions["fail"].dealy = "1 h"
    with pytest.raises(AttributeError):
        model.transition = {}
    with pytest.raises(TypeError, match="did you mean 'delay'"):
        Transition(dealy="1 h")
    with pytest.raises(TypeError, match="cannot stand in a model"):
        model.transitions["fail"].delay = object()
    with pytest.raises(TypeError, match="no short form"):
        Transition("up")
    model.modules["me"] = model
    with pytest.raises(ValueError, match="in a circle"):
        model.check()


def test_all_problems_have_a_path_the_text_and_the_line_that_gave_it():
    model = server(description="Wrong.")
    model.transitions["fail"].delay = "lognormal(mean=2208 h, sgma=0.4)"
    model.places["x y"] = 1
    model.transitions["fix"]["outs"] = "up"
    model.measures["b"] = {}
    model.parameters["p"] = math.inf
    assert shown(model.check()) == [
        "parameters.p:1:1: not-finite: '.inf' is not a finite number",
        "places['x y']:1:1: bad-name: 'x y' cannot be a name",
        "transitions.fail.delay:1:24: wrong-arguments: lognormal has no argument 'sgma'",
        "transitions.fix.outs:1:1: unknown-key: unknown key 'outs'",
        "measures.b:1:1: no-kind: the measure does not say what to measure",
    ]
    lines = [problem.render().splitlines() for problem in model.check()]
    assert lines[2][1:3] == ["    lognormal(mean=2208 h, sgma=0.4)", "                           ^^^^^^^^"]
    assert all("test_model.py:" in line[-1] for line in lines)
    with pytest.raises(ModelError) as caught:
        spn.simulate(model)
    assert shown(caught.value.problems) == shown(model.check())


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (math.nan, "not-finite"),
        (10**100_000, "too-large"),
        ("9**9**9**9 * 1 s", "bad-value"),
        ("1 s\0", "syntax"),
        ("\ud800", "syntax"),
        ("a" * 200_000, "too-complex"),
        ({"x": 1}, "wrong-kind"),
        ([1, [2]], "wrong-kind"),
        (True, "wrong-type"),
    ],
    ids=lambda value: repr(value)[:20] if isinstance(value, str | dict | list) else type(value).__name__,
)
def test_hostile_values_are_problems_with_a_place(value, code):
    problems = server(delay=value).check()
    assert code in [problem.code for problem in problems]
    assert all(problem.span is not None for problem in problems)


def test_a_file_that_was_changed_tells_its_lines_and_where_they_were_changed(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(FILE)
    model = spn.load(path)
    model.parameters["mean"] = "2 hour"
    (problem,) = model.check()
    assert shown([problem]) == [f"{path}:3:11: unknown-unit: 'hour' is no unit of time"]
    assert "test_model.py:" in problem.render().splitlines()[-1]
    model.parameters["mean"] = "3 h"
    del model.transitions["fix"]
    assert "given in" not in "".join(problem.render() for problem in model.check())


def test_parameters_from_outside_are_checked_as_with_p(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(FILE)
    model = spn.load(path)
    assert digest(spn.resolve(model, {"limit": 4})) == digest(spn.resolve(path, {"limit": 4})) != digest(spn.resolve(model))
    assert shown(model.check({"limit": 2.5})) == ["<parameter limit>:1:1: wrong-type: an integer is expected here, not a number"]
    assert "out-of-range" in shown(model.check({"limit": 10}))[0]
    assert spn.simulate(model, {"limit": 2}, seed=1, max_firings=50).parameters["limit"] == "2"


def test_a_plain_value_for_a_part_that_is_there_leaves_the_rest_of_it(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(FILE)
    model = spn.load(path)
    model.parameters["limit"] = 4
    assert model.parameters["limit"] == {"default": 4, "max": 9}
    model.parameters["limit"] = Parameter(default=5)
    model.save()
    assert path.read_text() == FILE.replace("{default: 3, max: 9}", "{default: 5}").replace("{default: 5}", "5")


def test_saving_keeps_what_did_not_change(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    model = spn.load(link)
    model.transitions["fail"].delay = "exponential(mean=50 h)"
    model.save()
    assert path.read_bytes() == b"\xef\xbb\xbf" + FILE.replace("100 h", "50 h").replace("\n", "\r\n").encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["link.yaml", "m.yaml"]
    model.places["up"] = 1
    model.save()
    assert b"{up: 1, down: 0}" in path.read_bytes()


def test_saving_does_not_overwrite_what_it_does_not_know(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(FILE)
    model = spn.load(path)
    path.write_text(FILE.replace("100 h", "99 h"))
    with pytest.raises(StaleFileError, match="has changed"):
        model.save()
    other = tmp_path / "letter.txt"
    other.write_text("Dear reader,\n")
    with pytest.raises(StaleFileError, match="no model"):
        model.save(other)
    assert other.read_text() == "Dear reader,\n"
    with pytest.raises(ValueError, match="give save"):
        server().save()
    with pytest.raises(ValueError, match="ship with spn"):
        spn.load("two_state").save()
    with pytest.raises(FileNotFoundError):
        model.save(tmp_path / "none" / "m.yaml")
    model.save(overwrite=True)
    assert path.read_text() == FILE
    assert model.save(other, overwrite=True) == other
    assert other.read_text() == spn.load(other).to_yaml()


def test_a_model_saved_again_keeps_the_comments_that_people_wrote_in_its_file(tmp_path):
    path = tmp_path / "made.yaml"
    server().save(path)
    path.write_text(path.read_text().replace("    delay: 1 h\n", "    delay: 1 h  # for want of data\n"))
    server(delay="2 h").save(path)
    assert "    delay: 2 h  # for want of data\n" in path.read_text()
    assert digest(spn.resolve(path)) == digest(spn.resolve(server(delay="2 h")))


def test_modules_are_looked_for_beside_the_file(tmp_path):
    (tmp_path / "unit.yaml").write_text("spn: 1\nplaces: {on: 1}\ntransitions: {go: {in: on, out: on, delay: 1 h}}\n")
    text = "spn: 1\nmodules: {unit: unit.yaml}\ninstances: {u: {module: unit}}\nmeasures: {m: {average: u.on}}\n"
    (tmp_path / "m.yaml").write_text(text)
    model = spn.load(tmp_path / "m.yaml")
    assert model.check() == []
    built = spn.Model(folder=tmp_path, modules={"unit": "unit.yaml"}, instances={"u": {"module": "unit"}}, measures={"m": {"average": "u.on"}})
    assert digest(spn.resolve(built)) == digest(spn.resolve(model))
    built.modules["unit"] = spn.load(tmp_path / "unit.yaml")
    built.modules["unit"].transitions["go"].delay = "2 h"
    assert built.check() == []
    assert digest(spn.resolve(built)) != digest(spn.resolve(model))


def test_what_is_no_yaml_is_told_when_it_is_loaded(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text("spn: 1\nplaces: {a: 1, a: 2}\nx: 1\n")
    with pytest.raises(ModelError) as caught:
        spn.load(path)
    assert [problem.code for problem in caught.value.problems] == ["duplicate-key", "unknown-key"]
    path.write_text("- 1\n")
    with pytest.raises(ModelError):
        spn.load(path)
    with pytest.raises(FileNotFoundError):
        spn.load("no such model")


def test_a_model_says_what_it_is():
    assert repr(server()) == "<spn.Model 2 places, 2 transitions, 1 measures>"
    assert repr(Transition(inputs="a", delay="1 s")) == "Transition(inputs='a', delay='1 s')"
