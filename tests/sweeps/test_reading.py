"""Study files: what they mean, and what is wrong with them, told with positions and all at once."""

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spn.api import study_schema
from spn.sweeps.points import pairs, parameters, points
from spn.sweeps.reading import read_study
from spn.text.problems import ModelError, Problems
from spn.text.source import Source
from tests.sweeps.studies import MACHINE


def study(text, folder=Path("."), name="study.yaml"):
    return read_study(Source(name, text), folder, "study")


def made(text, folder=Path(".")):
    """The points of a study, and what their models are given."""
    found, problems = study(text, folder), Problems()
    result = points(found, problems)
    compared = pairs(found, result, problems)
    given_ = [{name: str(value) for name, value in parameters(found, point, problems).items()} for point in result]
    problems.stop_if_any()
    return result, given_, compared


def faults(text, folder=Path(".")):
    with pytest.raises(ModelError) as raised:
        made(text, folder)
    return [(p.code, p.span.source.position(p.span.start) if p.span else None) for p in raised.value.problems]


def test_all_combinations_are_points_and_the_first_axis_is_the_slowest():
    _, found, _ = made("study: 1\nmodels: {m: monolithic}\nparameters: {sections: [1, 2], repair: [10 s, 'uniform(1 s, 2 s)']}\n")
    assert found == [
        {"sections": "1", "repair": "10 s"},
        {"sections": "1", "repair": "uniform(1 s, 2 s)"},
        {"sections": "2", "repair": "10 s"},
        {"sections": "2", "repair": "uniform(1 s, 2 s)"},
    ]


def test_zipped_axes_go_together():
    axes = "{sections: [1, 2], repair: [10 s, 20 s], clocks: [age, resample]}"
    text = f"study: 1\nmodels: {{m: monolithic}}\nparameters: {axes}\nzip: [sections, repair]\n"
    _, found, _ = made(text)
    assert [(p["sections"], p["repair"], p["clocks"]) for p in found] == [
        ("1", "10 s", "age"),
        ("1", "10 s", "resample"),
        ("2", "20 s", "age"),
        ("2", "20 s", "resample"),
    ]


def test_ranges_meet_their_ends_and_are_whole_where_they_can_be():
    text = "study: 1\nmodels: {m: monolithic}\nparameters:\n  sections: {from: 1, to: 1000, points: 4, scale: log}\n"
    _, found, _ = made(text)
    assert [p["sections"] for p in found] == ["1", "10", "100", "1000"]
    text = "study: 1\nmodels: {m: monolithic}\nparameters:\n  repair: {from: 1 h, to: 2 h, points: 5}\n"
    result, found, _ = made(text)
    assert [p["repair"] for p in found] == ["3600.0 s", "4500.0 s", "5400.0 s", "6300.0 s", "7200.0 s"]
    assert [p.shown["repair"] for p in result] == ["1 h", "1.25 h", "1.5 h", "1.75 h", "2 h"]


def test_derived_parameters_are_expressions_over_axes_and_each_other():
    text = """\
study: 1
models:
  m: {model: monolithic, with: {clocks: age, repair: "uniform(mttf / 100, 3 * low)"}}
parameters: {mttf: [100 h], hot: [true, false]}
derived:
  failure: lognormal(mean=factor * mttf, sigma=0.4) if hot else exponential(mean=mttf)
  factor: 2 ** 3
  low: mean(failure) / 8
"""
    _, found, _ = made(text)
    assert found[0] == {
        "clocks": "age",
        "failure": "lognormal(mean=2880000.0 s, sigma=0.4)",
        "repair": "uniform(low=3600.0 s, high=1080000.0000000002 s)",
    }
    assert found[1]["failure"] == "exponential(mean=360000.0 s)"


def test_an_axis_applies_only_to_models_that_it_reaches():
    text = """\
study: 1
models:
  standard: monolithic
  plain: {model: two_state, with: {failure_rate: 1 / mttf}}
  fixed: two_state
parameters: {mttf: [100 h, 200 h], sigma: [0.2, 0.4, 0.6]}
derived: {failure: "lognormal(mean=mttf, sigma=sigma)"}
"""
    result, found, _ = made(text)
    counts = {name: sum(p.use.name == name for p in result) for name in ("standard", "plain", "fixed")}
    assert counts == {"standard": 6, "plain": 2, "fixed": 1}
    assert found[6] == {"failure_rate": "2.777777777777778e-06 / (1 s)"}
    assert found[8] == {}


def test_compared_points_share_their_random_numbers_and_others_do_not():
    text = """\
study: 1
models: {a: monolithic, b: monolithic, c: monolithic}
parameters: {sections: [1, 2], clocks: [age, resample]}
compare:
  gain: {of: a, to: b}
  ageing: {of: {model: a, clocks: age}, to: {model: a, clocks: resample}}
"""
    result, _, compared = made(text)
    assert len([pair for pair in compared if pair.name == "gain"]) == 4
    assert [(result[p.of].shown, result[p.to].shown) for p in compared if p.name == "ageing"] == [
        ({"sections": n, "clocks": "age"}, {"sections": n, "clocks": "resample"}) for n in ("1", "2")
    ]
    assert all(result[pair.of].stream == result[pair.to].stream for pair in compared)
    streams = {(p.use.name, *p.shown.values()): p.stream for p in result}
    assert streams["a", "1", "age"] != streams["a", "2", "age"]
    assert len({streams["c", n, c] for n in "12" for c in ("age", "resample")} | {streams["a", "1", "age"]}) == 5


def test_more_values_of_an_axis_leave_the_streams_of_the_others():
    few = "study: 1\nmodels: {a: monolithic}\nparameters: {sections: [1, 3]}\n"
    more = few.replace("[1, 3]", "[1, 2, 3]")
    first = {p.shown["sections"]: p.stream for p in made(few)[0]}
    assert first.items() <= {p.shown["sections"]: p.stream for p in made(more)[0]}.items()


def test_everything_that_is_wrong_is_told_at_once_with_its_place():
    text = """\
study: 1
models:
  standard: {model: monolithc}
  other: {model: two_state, with: {failure_rat: 1}, measures: [sytem]}
parameters:
  sections: [1, true]
  n: {from: 1 h, points: 3}
  mttf: {from: 0 h, to: 10 h, points: 3, scale: log}
  twice: [60 s, 1 min]
zip: [sections, nothing]
precison: 5 %
confidence: 95
seed: -1
compare: {gain: {of: standard, to: actors}}
"""
    assert faults(text) == [
        ("no-such-file", (3, 21)),
        ("unknown-parameter", (4, 36)),
        ("wrong-type", (6, 17)),
        ("missing-key", (7, 7)),
        ("bad-value", (8, 16)),
        ("value-twice", (9, 17)),
        ("unknown-parameter", (10, 17)),
        ("unknown-key", (11, 1)),
        ("bad-value", (12, 13)),
        ("bad-value", (13, 7)),
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("parameters: {sectoins: [1]}", ("unknown-parameter", (3, 14))),
        ("derived: {failur: exponential(mean=1 h)}", ("unknown-parameter", (3, 11))),
        ("parameters: {sections: [1]}\nderived: {a: b, b: a, repair: a * sections}", ("circular-parameters", (4, 11))),
        ("parameters: {clocks: [age, 2 * aging]}\nderived: {failure: clocks}", ("wrong-type", (4, 20))),
        ("parameters: {repair: [1 s]}\nderived: {failure: lognormal(mean=repair)}", ("wrong-arguments", (4, 20))),
        ("parameters: {sections: [1, 2]}\nderived: {failure: exponential(mean=1 h / (sections - 1))}", ("bad-value", (4, 37))),
        ("measures: [sytem]", ("unknown-measure", (3, 12))),
        ("compare: {x: {of: m, to: {sections: 2}}}", ("unknown-parameter", (3, 27))),
        ("parameters: {sections: [1]}\ncompare: {x: {of: m, to: {sections: 2}}}", ("bad-value", (4, 37))),
        ("compare: {x: {of: m, to: n}}", ("unknown-model", (3, 26))),
        ("compare: {x: {of: m, to: m}}", ("no-pairs", (3, 11))),
        ("parameters: {sections: [1, 2], clocks: [age]}\nzip: [sections, clocks]", ("wrong-length", (4, 7))),
        ("parameters: {model: [1]}", ("bad-name", (3, 14))),
        ("parameters: {sections: {from: 1, to: 200000, points: 200000}}", ("bad-value", (3, 54))),
        ("max_firings: many", ("unknown-name", (3, 14))),
        ("max_time: 0 h", ("bad-value", (3, 11))),
        ("max_time: 5 / h", ("wrong-unit", (3, 11))),
        ("max_time: soon", ("unknown-name", (3, 11))),
    ],
)
def test_a_fault_is_told_at_its_place(lines, expected):
    assert expected in faults(f"study: 1\nmodels: {{m: monolithic}}\n{lines}\n")


def test_what_is_wrong_beside_faults_of_form_is_told_with_them_and_what_follows_from_them_is_not():
    text = """\
study: 1
models:
  one: {model: monolithic, wth: {sections: 3}}
  two: monolitic
parameters:
  repair: {from: 1 s, to: 2 s, points: 3, by: 1 s}
  mttf: [1 h, 2 kg]
  sections: [1, 2]
zip: [[repair, mttf], [sections, nothing]]
derived: {twice: 2 * repair, failure: exponential(mean=mttf)}
max_firings: 0
sed: 3
compare: {x: {of: one, to: {repair: 1 s}}}
"""
    assert faults(text) == [
        ("unknown-key", (3, 28)),
        ("no-such-file", (4, 8)),
        ("unknown-key", (6, 43)),
        ("unknown-unit", (7, 17)),
        ("unknown-parameter", (9, 34)),
        ("bad-value", (11, 14)),
        ("unknown-key", (12, 1)),
    ]


def test_points_that_two_of_the_other_side_fit_are_told():
    text = "study: 1\nmodels: {a: monolithic, b: two_state}\nparameters: {sections: [1, 2]}\ncompare: {x: {of: b, to: a}}\n"
    assert faults(text) == [("ambiguous-comparison", (4, 11))]


def test_models_lie_beside_the_study(tmp_path):
    (tmp_path / "machine.yaml").write_text(MACHINE)
    _, found, _ = made("study: 1\nmodels: {m: machine}\nparameters: {mttf: [1 h]}\n", tmp_path)
    assert found == [{"mttf": "1 h"}]


def test_the_schema_knows_every_key():
    from spn.sweeps.types import Axis, Comparison, ModelUse, StudyFile

    text = json.dumps(study_schema())
    for section in (StudyFile, ModelUse, Axis, Comparison):
        keys = section.keys()
        assert all(f'"{key}"' in text for key in keys)
    assert study_schema()["required"] == ["study", "models"]


@given(st.text(st.sampled_from("study:1models mac[]{}->-*&!'\"\n#,. ab0%\t"), max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_study_or_problems(text):
    with suppress(ModelError):
        made(text)


def test_the_study_of_the_page_is_one():
    page = Path(__file__).parents[2] / "docs" / "studies.md"
    first = re.findall(r"```yaml\n(study: 1.*?)```", page.read_text(), re.DOTALL)[0]
    result, found, compared = made(first)
    assert (len(result), len(compared)) == (20, 10)
    assert found[-1] == {"restart_time": "2 s", "failure": "lognormal(mean=28800000.0 s, sigma=0.4)"}
