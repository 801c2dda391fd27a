"""Nets made again with other values of parameters are those that are made from nothing, and so is everything that is wrong with them."""

import json
import os
from random import Random

import pytest

from spn.model.read import load_source
from spn.net.text import digest, to_json
from spn.resolver.again import Series
from spn.resolver.resolve import resolve
from spn.text.problems import ModelError, Problems
from spn.text.source import Source
from tests.agreement.models import model

VALUES = {
    "n": ["1", "2", "3"],
    "flag": ["true", "false"],
    "load": ["0.5", "2", "1.25", "-1"],
    "span": ["1 s", "4 s", "0.25 s", "2.5 s", "0 s"],
    "rate": ["0.5 / s", "3 / s", "1 / (7 s)"],
    "life": ["exponential(rate=2 / s)", "uniform(0 s, 2 s)", "deterministic(2 s)", "lognormal(mean=2 s, sd=1 s)", "5 s", "load * 1 s"],
    "pick": ["one", "two"],
    "weights": ["[1, 2]", "[0.5, 0.5]"],
    "favourite": ["x", "z"],
}


def library_of(text):
    problems = Problems()
    found = load_source(Source("model", text), ".", problems)
    problems.stop_if_any()
    return found


def told(make):
    """The net that is made with its problems, or the errors."""
    problems = Problems()
    try:
        net, name = make(problems)
    except ModelError as error:
        return [problem.render() for problem in error.problems]
    return to_json(net), name


def compared(series, library, given):
    """Whether the net of the series was made from another; it has to be the same as from nothing."""
    kept = []

    def again(problems):
        kept.append(series.member(given, problems))
        return kept[0].net, kept[0].digest

    def anew(problems):
        net = resolve(library, given, problems, "m")
        return net, digest(net)

    assert told(again) == told(anew)
    return bool(kept) and kept[0].base is not kept[0].net


def test_random_models_again_with_other_values_are_the_same_as_anew():
    shared = 0
    for seed in range(int(os.environ.get("SPN_AGAIN_MODELS", "8"))):
        r = Random(seed)
        data = model(r)
        if seed % 2:  # windows and tokens often read what else only delays do
            data["measures"] = {"share": {"availability": "true"}}
        try:
            library = library_of(json.dumps(data))
        except ModelError:
            continue
        series = Series(library, "m")
        names = r.sample(["life", "span", "rate", "load", *r.sample(list(VALUES), 2)], 3)
        fixed = {name: r.choice(VALUES[name]) for name in dict.fromkeys(names)}
        for _ in range(4):
            given = fixed | {name: r.choice(VALUES[name]) for name in r.sample(list(fixed), 1)}
            shared += compared(series, library, given)
    assert shared > 6


MODEL = """
spn: 1
modules:
  part:
    parameters: {time: 1 s, own: 2 * time, slow: exponential(mean=own)}
    ports: {up: 0}
    places: {down: 0}
    transitions:
      fail: {in: up, out: down, delay: slow}
      repair: {in: down, out: up, delay: "uniform(0 s, time)"}
parameters:
  n: 2
  mttf: {default: 10 s, min: 1 s}
  life: lognormal(mean=mttf, sigma=0.4)
  factor: 1.0
  share: 0.5
  deadline: 3 s
places: {up: {over: "1..n", initial: 1}, hot: 0}
transitions:
  heat: {in: "up(1)", out: [hot, "up(1)"], delay: life if share < 0.7 else 3 s}
  cool: {in: hot, delay: "exponential(rate=factor * hot / mttf)"}
instances:
  a: {module: part, with: {time: factor * 1 s}, connect: {up: "up(1)"}}
  b: {module: part, for: w in 2..n, with: {time: 2 * factor * 1 s, slow: life}, connect: {up: "up(w)"}}
measures:
  all: {availability: "all(up(w) > 0 for w in 1..n)"}
  soon: {availability: "up(1) > 0", at: deadline}
"""


@pytest.mark.parametrize(
    ("values", "shared"),
    [
        # Only delays depend on it, through a default, arguments of instances and a choice; `cool` reads the marking, whatever it is given.
        ({"mttf": ["10 s", "20 s", "1e9 s", "0.5 s"]}, 0),
        # The first is made anew; `fail` of `a` and `b` becomes one class where both are exponential; and the last is no distribution.
        ({"life": ["5 s", "uniform(1 s, 2 s)", "exponential(mean=3 s)", "6 s", "uniform(2 s, 1 s)"]}, 2),
        # Where the two modules' delays are the same they are one class's constant, else a table.
        ({"factor": ["1", "2", "3"]}, 0),
        ({"share": ["0.5", "0.6", "0.8", "0.9"]}, 3),
        ({"deadline": ["1 s", "2 s"]}, 0),
        ({"n": ["2", "3", "2"]}, 0),
        ({"n": ["2", "3", "2", "3"], "life": ["5 s", "5 s", "6 s", "7 s"]}, 2),
        ({"life": ["mttf", "2 * mttf"]}, 0),
        ({"life": ["5 s", "mttf * ", "nothing", "7 s"]}, 1),
        ({"unknown": ["1", "2"]}, 0),
    ],
)
def test_what_only_delays_depend_on_is_shared(values, shared):
    library = library_of(MODEL)
    series = Series(library, "m")
    rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    assert sum(compared(series, library, given) for given in rows) == shared
