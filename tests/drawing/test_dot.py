"""DOT text: escaped, the same every time, and golden for two small models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spn.drawing import draw
from spn.drawing.html import MOST_CHARACTERS, escape, quoted, wrapped
from spn.drawing.times import duration_text, rate_text, units_in
from spn.net.text import to_dict
from tests.drawing.seen import plain, reading_of, seen

HOSTILE = 'a"]; x -> y [label="<b>&\\N\\" {|} é 中 \u202e\x07 ]]> --> <!--'


def test_golden():
    """This, and the drawings of docs/drawings.md, say what a drawing's text is; whoever changes that makes it anew: `spn draw two_state -o ...`."""
    assert draw(reading_of("two_state")).dot == (Path(__file__).parent / "two_state.dot").read_text()


def test_the_text_is_the_same_in_every_process():
    texts = set()
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "spn", "draw", "sip_transport", "--inside"]
        done = subprocess.run(command, capture_output=True, check=True, timeout=60, env={**os.environ, "PYTHONHASHSEED": seed})
        texts.add(done.stdout)
    assert len(texts) == 1


def test_labels_are_escaped():
    assert escape("<b>&\"[x]") == "&lt;b&gt;&amp;&quot;&#91;x&#93;"
    assert plain(escape('a < b & "c" [d]')) == 'a < b & "c" [d]'
    assert "\x07" not in escape(HOSTILE) and "\u202e" not in escape(HOSTILE) and "\ud800" not in escape("\ud800")
    assert quoted('a"b\\') == '"a\\"b\\\\"'


def hostile_net():
    """A resolved net whose labels, which are free text, are made to break out of DOT and HTML."""
    data = to_dict(reading_of("monolithic").net)
    data["transitions"]["fail"]["labels"] = [[0, HOSTILE.replace("*", "") + " *", ["i"]]]
    data["places"]["running"]["labels"] = [[0, HOSTILE]]
    data["name"] = data["description"] = HOSTILE
    return json.dumps(data)


def test_no_text_breaks_out_of_its_place():
    from spn.resolver.resolve import read_reading

    dot = draw(read_reading(hostile_net()), unfold=True).dot
    assert "\x07" not in dot and "\u202e" not in dot
    pygraphviz = pytest.importorskip("pygraphviz")
    graph = pygraphviz.AGraph(string=dot)
    assert len(graph.nodes()) == 9 and len(graph.edges()) == 14


def test_long_texts_are_wrapped_and_very_long_ones_cut():
    guard = "restart_count(1 if pooled else c) < limit and idle == 1 and sum(queue(k) for k in 1..n) < capacity"
    lines = wrapped(guard, 30)
    assert " ".join(lines) == guard and all(len(line) <= 30 for line in lines) and len(lines) < 6
    assert wrapped("x" * 70, 30) == ["x" * 30, "x" * 30, "x" * 10]
    assert wrapped("lognormal(mean=2208 h, sigma=0.4)", 30) == ["lognormal(mean=2208 h,", "sigma=0.4)"]
    assert len(" ".join(wrapped("long " * 1000, 30))) <= MOST_CHARACTERS
    assert wrapped("", 30) == []


@pytest.mark.parametrize(
    ("seconds", "units", "text"),
    [
        (7948800.0, {"s", "h"}, "2208 h"),
        (165.0, {"s", "min", "h"}, "165 s"),
        (60.0, {"s", "min"}, "1 min"),
        (0.02, {"s", "ms"}, "20 ms"),
        (0.0, {"s", "h"}, "0 s"),
        (90.0, {"s"}, "90 s"),
    ],
)
def test_durations_are_in_the_unit_in_which_they_are_shortest(seconds, units, text):
    assert duration_text(seconds, units) == text


def test_rates_are_as_short_as_may_be():
    assert rate_text(1 / (2208 * 3600), {"s", "h"}) == "1 / (2208 h)"
    assert rate_text(0.5, {"s"}) == "0.5 / s"
    assert rate_text(0.4 / 60, {"s", "min"}) == "0.4 / min"
    assert rate_text(0.0, {"s"}) == "0 / s"


def test_units_are_found_where_numbers_have_them():
    assert units_in(["lognormal(mean=2208 h, sigma=0.4)", "0.1 / min", "min(a, d)", "h"]) == {"s", "h"} | {"min"}


def test_a_drawing_is_read_by_its_own_reader():
    assert seen(draw(reading_of("sip_server"), inside=True).dot).nodes
