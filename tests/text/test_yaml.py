"""Reading YAML: positions, the meaning of plain scalars, what is refused, and texts written to do harm."""

from __future__ import annotations

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from spn.text import yaml
from spn.text.nodes import Mapping, Node, Scalar, Sequence
from spn.text.problems import ModelError, Problem, Problems
from spn.text.source import Source


@pytest.fixture(params=["c", "python"])
def parser(request, monkeypatch):
    """Both of PyYAML's parsers: they are to give the same."""
    make = pyyaml.SafeLoader if request.param == "python" else getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader)
    monkeypatch.setattr(yaml, "make_parser", make)


def read(text: str) -> tuple[Node | None, list[Problem]]:
    problems = Problems()
    return yaml.read(Source("model.yaml", text), problems), problems.found


def tree(text: str) -> Node:
    node, found = read(text)
    assert not found
    assert node is not None
    return node


def value_of(text: str) -> Scalar:
    node = tree(f"k: {text}\n")
    assert isinstance(node, Mapping)
    scalar = node.entries[0][1]
    assert isinstance(scalar, Scalar)
    return scalar


def places(found: list[Problem]) -> list[tuple[str, int, int]]:
    """Code, line and column of each problem."""
    return [(p.code, *p.span.source.position(p.span.start)) for p in found if p.span is not None]


def shape(node: Node | None) -> object:
    match node:
        case Scalar():
            return (node.value, node.text, node.quoted, node.exact, node.span.start, node.span.stop)
        case Sequence(items, span):
            return ([shape(item) for item in items], span.start, span.stop)
        case Mapping(entries, span):
            return ([(shape(k), shape(v)) for k, v in entries], span.start, span.stop)
    return None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("Off", "Off"),
        ("true", True), ("False", False), ("TRUE", True),
        ("1e3", 1000.0), ("1.5E-2", 0.015), (".5", 0.5), ("5.", 5.0), ("-3", -3), ("+3", 3), ("0", 0), ("0.5", 0.5),
        ("0o17", 15), ("0x1F", 31), ("0b11", "0b11"), ("1_000", "1_000"),
        ("12:30:45", "12:30:45"), ("2001-01-01", "2001-01-01"), ("5 %", "5 %"), ("30 s", "30 s"), ("1..n", "1..n"),
        ("~", None), ("null", None), ("", None), ("nULL", "nULL"), ("=", "="), ("'1'", "1"), ('"no"', "no"), ("''", ""),
    ],
)  # fmt: skip
def test_plain_scalars_mean_what_yaml_1_2_says(parser, text, value):
    found = value_of(text).value
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("text", "code"), [("012", "ambiguous-number"), ("-00", "ambiguous-number"), (".inf", "not-finite"), ("-.INF", "not-finite"),
                                            (".nan", "not-finite"), ("1e999", "not-finite"), ("9" * 5000, "too-large")])  # fmt: skip
def test_numbers_that_nobody_can_mean_are_refused(parser, text, code):
    _, found = read(f"a: 1\nk: {text}\n")
    assert places(found) == [(code, 2, 4)]


@pytest.mark.parametrize("text", ["queue(c)", "'queue(c)'", '"queue(c)"', "  'é😀x'", "'[a, b]'"])
def test_an_offset_within_an_exact_scalar_is_an_offset_in_the_file(parser, text):
    scalar = value_of(text)
    assert scalar.exact
    assert scalar.span.source.text[scalar.span.start : scalar.span.stop] == scalar.text


@pytest.mark.parametrize("text", ["'it''s'", '"a\\tb"', "|\n  a\n  b\n", ">\n  a\n", "a\n  b"])
def test_folded_and_escaped_scalars_are_not_exact(parser, text):
    scalar = value_of(text)
    assert not scalar.exact
    assert scalar.span.start == 3


def test_a_byte_order_mark_does_not_shift_positions(parser):
    node = tree("\ufeffa: b\n")
    assert isinstance(node, Mapping)
    key, value = node.entries[0]
    assert (key.span.start, value.span.start) == (1, 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", [("duplicate-key", 3, 1)]),
        ("{a: 1, 'a': 2}", [("duplicate-key", 1, 9)]),
        ("a: &x 1\n", [("alias", 1, 4)]),
        ("a: &x 1\nb: *x\n", [("alias", 1, 4), ("alias", 2, 4)]),
        ("<<: {a: 1}\n", [("alias", 1, 1)]),
        ("a: !!python/object/apply:os.system [x]\n", [("tag", 1, 4)]),
        ("a: !!binary aGk=\n", [("tag", 1, 4)]),
        ("guard: !running\n", [("tag", 1, 8)]),
        ("{[a]: 1}", [("bad-key", 1, 2)]),
        ("? {a: 1}\n: 2\n", [("bad-key", 1, 3)]),
        ("a: 1\n---\nb: 1\n", [("documents", 2, 1)]),
        ("", [("empty", 1, 1)]),
        ("# nothing\n", [("empty", 1, 1)]),
        ("a: 1\n\tb: 2\n", [("tab", 2, 1)]),
        ("a:\n  \tb: 2\n", [("tab", 2, 3)]),
        ("a: x\x07\n", [("control-character", 1, 5)]),
        ("a: \x00\n", [("control-character", 1, 4)]),
        ("a: \u202eb\n", [("control-character", 1, 4)]),
        ("a: \ud800\n", [("control-character", 1, 4)]),
        ("a: 1\rb: 2\n", [("control-character", 1, 5)]),
    ],
)
def test_what_models_do_not_need_is_refused_where_it_stands(parser, text, expected):
    assert places(read(text)[1]) == expected


def test_a_duplicate_key_names_the_line_of_the_first():
    assert "line 1" in read("a: 1\nb: 2\na: 3\n")[1][0].message


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "hint"),
    [
        ("in: [a, queue(b, c)]", "unquoted-comma", 1, 9, 'write "queue(b, c)"'),
        ("t: {in: f(a, b, c), out: d}", "unquoted-comma", 1, 9, 'write "f(a, b, c)"'),
        ("{out(k): lane(k, w) for k in 1..n}", "unquoted-comma", 1, 10, 'write "lane(k, w) for k in 1..n"'),
        ("{out(k, j): x}", "unquoted-comma", 1, 2, 'write "out(k, j)"'),
        ("[f(a, b]", "unclosed", 1, 2, "quoted"),
        ("t: {in: idle[s], out: b}", "syntax", 1, 9, 'write "idle[s]"'),
        ("[a, idle[s]]", "syntax", 1, 5, 'write "idle[s]"'),
        ("a: b: c", "syntax", 1, 5, "quote"),
        ("a: f(x # y\nb: 2\n", "comment", 1, 8, "starts a comment"),
        ("a: {b: f(x #y), c: 2}\n", "syntax", 1, 12, "starts a comment"),
        ("a: [1, 2\nb: 3\n", "syntax", 1, 4, "']' is missing"),
        ("a: {x: 1\n", "syntax", 1, 4, "'}' is missing"),
        ("a: 'x\n", "syntax", 1, 4, None),
        ('a: "x" == b\n', "syntax", 1, 8, "quote the whole"),
        ('a: ["x" == b]\n', "syntax", 1, 9, "quote the whole"),
        ("a: %5\n", "syntax", 1, 4, "quote"),
        ("a: > 5\n", "syntax", 1, 4, "quote"),
        ("a: {b: 1 c: 2}\n", "syntax", 1, 11, "comma"),
        ("a:\n  b: 1\n c: 2\n", "syntax", 3, 2, "same column"),
    ],
)
def test_likely_mistakes_are_told_with_a_way_out(parser, text, code, line, column, hint):
    found = read(text)[1]
    assert places(found) == [(code, line, column)]
    assert hint is None or hint in (found[0].hint or "")


def test_a_text_torn_at_its_comma_is_put_together_so_that_nothing_else_is_reported():
    node, _ = read("t: {in: queue(b, c), out: d}")
    assert isinstance(node, Mapping)
    inner = node.entries[0][1]
    assert isinstance(inner, Mapping)
    assert [(key.text, value.text) for key, value in inner.entries if isinstance(value, Scalar)] == [("in", "queue(b, c)"), ("out", "d")]


@pytest.mark.parametrize("unit", ["[", "{a: ", "- ", "? ", "[{a: "])
@pytest.mark.parametrize("depth", [101, 5_000, 100_000])
def test_deep_nesting_is_refused_at_the_first_level_too_many(unit, depth):
    node, found = read(unit * depth)
    assert node is None
    assert [p.code for p in found] == ["too-deep"]
    levels = unit.count("[") + unit.count("{") + unit.count("-") + unit.count("?")
    assert found[0].span.start <= len(unit) * (yaml.MAX_DEPTH // levels + 1)


def test_deep_nesting_is_refused_by_the_python_parser_too(monkeypatch):
    monkeypatch.setattr(yaml, "make_parser", pyyaml.SafeLoader)
    assert [p.code for p in read("[" * 5_000)[1]] == ["too-deep"]


def test_a_hundred_levels_are_read():
    tree("[" * yaml.MAX_DEPTH + "]" * yaml.MAX_DEPTH)


def test_an_alias_bomb_is_not_expanded():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 9)]
    builder_nodes = len(lines) * 11 + 1
    node, found = read("\n".join(lines))
    assert {p.code for p in found} == {"alias"}
    assert places(found)[0] == ("alias", 1, 5)
    assert _count(node) <= builder_nodes


def _count(node: Node | None) -> int:
    match node:
        case Sequence(items, _):
            return 1 + sum(map(_count, items))
        case Mapping(entries, _):
            return 1 + sum(1 + _count(value) for _, value in entries)
    return 1


def test_reading_stops_at_the_largest_number_of_nodes(monkeypatch):
    monkeypatch.setattr(yaml, "MAX_NODES", 50)
    taken = 0
    events = yaml._events

    def counted(text):
        nonlocal taken
        for event in events(text):
            taken += 1
            yield event

    monkeypatch.setattr(yaml, "_events", counted)
    node, found = read("a: [" + "1, " * 10_000 + "]")
    assert node is None
    assert [p.code for p in found] == ["too-large"]
    assert taken < 60


def test_a_text_that_is_too_large_is_not_parsed(monkeypatch):
    monkeypatch.setattr(yaml, "make_parser", None)
    node, found = read(" " * 20_000_001)
    assert node is None
    assert [p.code for p in found] == ["too-large"]


def test_a_very_long_key_is_refused():
    assert places(read("? " + "k" * 100_000 + "\n: 1\n")[1]) == [("bad-key", 1, 3)]


SNIPPETS = st.lists(
    st.sampled_from(["a", "b: ", ": ", "- ", "\n", "\n  ", "[", "]", "{", "}", ", ", "(", ")", "'", '"', "#", " #", "&x", "*x", "!", "|", ">", "?",
                     "%", "@", "\t", "012", "1e3", "\\", "---", "...", "\r", "\x00", "é", "\ufeff", "~", "<<", "`"])
).map("".join)  # fmt: skip


@given(st.one_of(SNIPPETS, st.text()))
def test_no_text_raises_anything_but_problems(text):
    try:
        node, found = read(text)
    except ModelError:
        return
    assert node is not None or found
    for problem in found:
        problem.render()


@given(SNIPPETS)
def test_both_parsers_read_the_same_tree(text):
    if not hasattr(pyyaml, "CSafeLoader"):
        pytest.skip("PyYAML without libyaml")
    before, results = yaml.make_parser, []
    try:
        for make in (pyyaml.CSafeLoader, pyyaml.SafeLoader):
            yaml.make_parser = make
            results.append(read(text))
    finally:
        yaml.make_parser = before
    (first, problems), (second, others) = results
    if not problems and not others:
        assert shape(first) == shape(second)
