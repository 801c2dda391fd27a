"""Models in code and their YAML are the same model: whatever is written is read again, and an edit changes nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import spn
from spn.building import changing, writing
from spn.net.text import digest
from spn.text.source import Source

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "models").glob("*.yaml"), *(ROOT / "tests/conformance/valid").glob("*.yaml")])
NETS = sorted((ROOT / "tests/conformance/valid").glob("*.json"))

DATA = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**18), 10**18),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=12),
        st.text("ab1 :#,[]{}'\"\\\n\t-?&*!|>%@`.~=(0eé\u200b\U0001f600", max_size=12),
        st.sampled_from(["no", "null", "True", "1e3", "012", "0x1f", "- a", "? b", "a: b", "a #b", "'", '"', "...", "---"]),
        st.sampled_from(["<<", "", " x", "x\n\n", ".5", "1_0", "2 * a"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)
MODELS = st.dictionaries(st.sampled_from(["places", "x", "a b", "-", "1", "longer_name", "é"]), DATA, min_size=1, max_size=5)


def readable(data: object) -> bool:
    """Whether a text can hold it: no key is empty or as merge keys are, and nothing is a half of a character."""
    if isinstance(data, dict):
        return all(readable(key) and readable(value) for key, value in data.items())
    if isinstance(data, list):
        return all(readable(item) for item in data)
    return not (isinstance(data, str) and re.search("[\ud800-\udfff]", data))


@pytest.mark.parametrize("path", [*FILES, *NETS], ids=lambda path: path.name)
def test_a_model_that_was_only_loaded_is_its_file_to_the_letter(path):
    assert spn.load(path).to_yaml() == path.read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_model_built_in_code_is_the_net_of_the_file_and_so_is_its_yaml(path):
    model = spn.Model(folder=path.parent)
    model.update(spn.load(path).plain_data())
    assert digest(spn.resolve(model)) == digest(spn.resolve(path))
    again = spn.load(Source("again", model.to_yaml()))
    assert changing.same(again.plain_data(), model.plain_data())


@given(MODELS)
@settings(max_examples=150, deadline=None)
def test_any_data_is_written_and_read_again(data):
    assume(readable(data))
    text = writing.document(data)
    node = changing.tree(text)
    assert node is not None, text
    assert changing.same(changing.plain_of(node), data), text


@given(MODELS, MODELS)
@settings(max_examples=150, deadline=None)
def test_any_text_is_changed_to_any_data(old, new):
    assume(readable(old) and readable(new))
    text = changing.changed(writing.document(old), new)
    node = changing.tree(text)
    assert node is not None, text
    assert changing.same(changing.plain_of(node), new), text


LAYOUT = """\
# yaml-language-server: $schema=model.schema.json
spn: 1   # the language
description: >
  Two lines
  of text.
parameters:
  # how long it lasts
  failure:   "lognormal(mean=2208 h, sigma=0.4)"  # from the field
  repair: {default: 'uniform(30 s, 300 s)', doc: a restart}   # measured
  rates: [0.1 / h,   0.2 / h]
  text: |
    a
    b

  limit:  # of restarts
    default: 3
    min: 0

# tokens
places: {running: 1, failed: 0}
transitions:
    fail: {in: running, out: failed, delay: failure}
    repair:
        in:
        - failed   # one
        out: running
        delay: repair  # long
measures:
"""


def value_of(text: str) -> dict:
    node = changing.tree(text)
    assert node is not None
    found = changing.plain_of(node)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("text", [LAYOUT, LAYOUT.replace("\n", "\r\n"), LAYOUT.rstrip()], ids=["lines", "carriage returns", "no last line end"])
@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        ("parameters failure", "exponential(mean=1 h)", '"lognormal(mean=2208 h, sigma=0.4)"', '"exponential(mean=1 h)"'),
        ("parameters repair default", 30, "'uniform(30 s, 300 s)'", "30"),
        ("parameters repair doc", "it's, after all", "a restart", '"it\'s, after all"'),
        ("parameters rates", ["0.1 / h", "0.3 / h"], "0.2 / h", "0.3 / h"),
        ("parameters limit default", 4, "default: 3", "default: 4"),
        ("places failed", 2, "failed: 0", "failed: 2"),
        ("places spare", 1, "failed: 0}", "failed: 0, spare: 1}"),
        ("places running", None, "{running: 1, failed", "{failed"),
        ("places failed", None, "running: 1, failed: 0", "running: 1"),
        ("transitions fail delay", "uniform(1 s, 2 s)", "delay: failure}", "delay: 'uniform(1 s, 2 s)'}"),
        ("transitions repair delay", None, "        delay: repair  # long\n", ""),
        ("transitions repair priority", 2, "repair  # long\n", "repair  # long\n        priority: 2\n"),
        ("transitions repair in", ["running"], "failed   # one", "running   # one"),
        ("measures", {"up": {"availability": "running == 1"}}, "measures:\n", "measures:\n  up:\n    availability: running == 1\n"),
        ("description", "One line.", ">\n  Two lines\n  of text.", "One line."),
        ("colours", {"k": "1..3"}, "running: 1, failed: 0}\n", None),
    ],
)
def test_an_edit_changes_its_value_and_nothing_else(text, path, value, old, new):
    data = value_of(text)
    *outer, last = path.split()
    part = data
    for key in outer:
        part = part[key]
    if value is None:
        del part[last]
    else:
        part[last] = value
    found = changing.changed(text, data)
    assert changing.same(value_of(found), data)
    if new is not None:
        end = "" if text.endswith("\n") else "\n"
        expected = (text.replace("\r\n", "\n") + end).replace(old, new, 1).removesuffix(end)
        assert found.replace("\r\n", "\n").rstrip("\n") == expected.rstrip("\n")
    assert ("\r\n" in found) == ("\r\n" in text)
    assert not re.search("(?<!\r)\n", found) or "\r\n" not in text
