"""What may be written: structure compared with Python's own grammar, and every kind of error with its code and column."""

from __future__ import annotations

import ast
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spn.expressions import parse, syntax
from spn.expressions.syntax import Syntax
from spn.text.problems import Problem, Problems
from spn.text.source import Source, Span


def parsed(text: str, rule: str = "parse_expression") -> object:
    problems = Problems()
    result = getattr(parse, rule)(text, Span(Source("<test>", text), 0, len(text)), problems)
    assert not problems.found, problems.found
    return result


def problem(text: str, rule: str = "parse_expression") -> Problem:
    problems = Problems()
    assert getattr(parse, rule)(text, Span(Source("<test>", text), 0, len(text)), problems) is None
    (found,) = problems.found
    return found


def python_shape(node: ast.expr) -> object:
    match node:
        case ast.BinOp():
            names = {"Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**"}
            return (names[type(node.op).__name__], python_shape(node.left), python_shape(node.right))
        case ast.BoolOp():
            shapes = [python_shape(value) for value in node.values]
            result = shapes[0]
            for shape in shapes[1:]:
                result = ("and" if isinstance(node.op, ast.And) else "or", result, shape)
            return result
        case ast.UnaryOp():
            return ("not" if isinstance(node.op, ast.Not) else "-", python_shape(node.operand))
        case ast.Compare():
            names = {"Lt": "<", "LtE": "<=", "Eq": "==", "NotEq": "!=", "Gt": ">", "GtE": ">="}
            return (*(names[type(op).__name__] for op in node.ops), *map(python_shape, [node.left, *node.comparators]))
        case ast.IfExp():
            return ("if", python_shape(node.test), python_shape(node.body), python_shape(node.orelse))
        case ast.Name():
            return node.id
        case ast.Constant():
            return node.value
    raise AssertionError(node)


def shape(node: Syntax) -> object:
    match node:
        case syntax.Binary():
            return (node.operator, shape(node.left), shape(node.right))
        case syntax.Unary():
            return (node.operator, shape(node.operand))
        case syntax.Compare():
            return (*node.operators, *map(shape, node.operands))
        case syntax.IfElse():
            return ("if", shape(node.condition), shape(node.then), shape(node.otherwise))
        case syntax.Name():
            return node.name
        case syntax.Number():
            return node.value
    raise AssertionError(node)


OPERATORS = st.sampled_from(["+", "-", "*", "/", "//", "**", "==", "!=", "<", "<=", ">", ">=", "and", "or"])
LEAVES = st.sampled_from(["a", "b", "1", "2.5", "3e-2", "(a + b)", "-a", "not a", "(not b)", "- - 2"])


@given(st.lists(st.tuples(OPERATORS, LEAVES), max_size=12), LEAVES)
def test_precedence_and_associativity_are_pythons(tail: list[tuple[str, str]], first: str) -> None:
    text = first + "".join(f" {operator} {leaf}" for operator, leaf in tail)
    try:
        expected = python_shape(ast.parse(text, mode="eval").body)
    except SyntaxError:  # such as "1 + not a", which ends the comparison here too
        problems = Problems()
        parse.parse_expression(text, None, problems)
        return
    assert shape(parsed(text)) == expected  # type: ignore[arg-type]


def test_a_choice_is_the_loosest_operator_and_nests_to_the_right() -> None:
    text = "a or b if c else d if a < b else b"
    assert shape(parsed(text)) == python_shape(ast.parse(text, mode="eval").body)  # type: ignore[arg-type]


@given(st.text(alphabet="ab1.( )[],+-*/%<>=!&|'\"_\n\u2212if or forinelse", max_size=40))
def test_no_text_makes_anything_but_a_tree_or_a_problem(text: str) -> None:
    for rule in ("parse_expression", "parse_domain", "parse_loop", "parse_arc", "parse_target", "parse_type_spec", "parse_argument_list"):
        problems = Problems()
        result = getattr(parse, rule)(text, Span(Source("<test>", text), 0, len(text)), problems)
        assert (result is None) == bool(problems.found)
        assert all(found.render() for found in problems.found)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [("30 s", 30, "s"), ("30s", 30, "s"), ("2208 h", 2208, "h"), ("1.5e-3 us", 1.5e-3, "us"), ("5 %", 5, "%"), ("5 min", 5, "min"), ("7", 7, None)],
)
def test_a_unit_belongs_to_the_number_before_it(text: str, value: float, unit: str | None) -> None:
    assert parsed(text) == syntax.Number(value, unit)


def test_percent_before_an_operand_is_the_remainder() -> None:
    assert shape(parsed("5 % 3")) == ("%", 5, 3)  # type: ignore[arg-type]
    assert parsed("5 % * 3") == syntax.Binary("*", syntax.Number(5, "%"), syntax.Number(3))


def test_a_range_is_not_read_as_decimal_points() -> None:
    assert parsed("1..n", "parse_domain") == syntax.RangeOf(syntax.Number(1), syntax.Name("n"))
    assert parsed("1..3", "parse_domain") == syntax.RangeOf(syntax.Number(1), syntax.Number(3))


def test_an_arc_is_multiplicity_place_fan_and_condition() -> None:
    arc = parsed("2 * place(c) for c in child if c != d", "parse_arc")
    assert isinstance(arc, syntax.Arc)
    assert arc.multiplicity == syntax.Number(2) and arc.loops == (syntax.Loop("c", syntax.Name("child")),)
    assert arc.condition == parsed("c != d") and arc.place == parsed("place(c)")


def test_the_place_of_an_arc_may_be_a_dotted_path() -> None:
    arc = parsed("actor.idle(t3[i])", "parse_arc")
    assert isinstance(arc, syntax.Arc) and syntax.path_of(arc.place) == "actor.idle"


def test_a_target_may_run_over_instances() -> None:
    target = parsed("a.fail for a in actor", "parse_target")
    assert target == syntax.Target(syntax.Attribute(syntax.Name("a"), "fail"), (syntax.Loop("a", syntax.Name("actor")),))


def test_colours_are_ranges_names_and_products() -> None:
    assert parsed("1..sections", "parse_type_spec") == syntax.RangeOf(syntax.Number(1), syntax.Name("sections"))
    assert parsed("section * kind", "parse_type_spec") == syntax.ProductOf((syntax.Name("section"), syntax.Name("kind")))


@pytest.mark.parametrize(
    ("text", "code", "column", "hint"),
    [
        ("a = 3", "syntax", 3, "=="),
        ("a && b", "syntax", 3, "and"),
        ("a || b", "syntax", 3, "or"),
        ("!a", "syntax", 1, "not"),
        ("x ^ 2", "syntax", 3, "**"),
        ("30 secs", "unknown-unit", 4, "'s'"),
        ("30 yaer", "unknown-unit", 4, "year"),
        ("1..3", "syntax", 2, "domain"),
        ("1...3", "syntax", 2, "two dots"),
        ("1.", "syntax", 1, "1.0"),
        ("2 * (a + b", "syntax", 5, "')' is missing"),
        ("costs[2", "syntax", 6, "']' is missing"),
        ("(a]", "syntax", 3, "')'"),
        ("a)", "syntax", 2, "no open parenthesis"),
        ("'voice'", "syntax", 1, "without quotes"),
        ('k == "voice', "syntax", 6, "without quotes"),
        ("lambda x", "syntax", 8, "functions"),
        ("import os", "syntax", 8, "load code"),
        ("a is b", "syntax", 3, "=="),
        ("x.__class__", "syntax", 3, "nothing outside"),
        ("__import__(a)", "syntax", 1, "nothing outside"),
        ("in + 1", "syntax", 1, None),
        ("f(for=1)", "syntax", 3, None),
        ("2 \u2212 1", "syntax", 3, "'-'"),
        ("\u0430 + 1", "syntax", 1, "CYRILLIC"),
        ("a \u2264 b", "syntax", 3, "'<='"),
        ("012", "syntax", 1, "12"),
        ("1_000", "syntax", 1, "1e6"),
        ("1 if x", "syntax", 7, None),
        ("a +", "syntax", 4, None),
        ("", "syntax", 1, None),
        ("a b", "syntax", 3, None),
        ("product(x for x in c)", "syntax", 11, None),
        ("sum(x for x in c for y in d)", "syntax", 18, "nest"),
        ("1e999", "syntax", 1, None),
        ("1" * 401, "too-complex", 1, None),
    ],
)
def test_an_error_says_where_and_what_instead(text: str, code: str, column: int, hint: str | None) -> None:
    found = problem(text)
    assert found.span is not None
    assert (found.code, found.span.start + 1) == (code, column)
    assert hint is None or hint in (found.hint or "")


def test_a_text_that_is_not_exact_is_marked_as_a_whole() -> None:
    source = Source("<test>", "key: 'a  =  3'")
    problems = Problems()
    parse.parse_expression("a = 3", Span(source, 5, 14), problems, exact=False)
    assert problems.found[0].span == Span(source, 5, 14)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "-" * 5000 + "1",
        "x**" * 5000 + "1",
        "not " * 5000 + "x",
        "f(" * 5000 + "1" + ")" * 5000,
        "a if b else " * 200 + "c",
        "a.b" + ".c" * 5000,
        "+".join(["1"] * 200_000),
        "+".join(["1"] * 40_000),
        "/".join(["1"] * 1_000),
    ],
)
def test_what_is_too_complex_is_refused_at_once(text: str) -> None:
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        found = problem(text)
    finally:
        sys.setprofile(None)
    assert found.code == "too-complex"
    assert calls < 3_000_000  # ten thousand terms are read before too many are too many


def test_a_hundred_parentheses_and_ten_thousand_terms_are_read() -> None:
    parsed("(" * 100 + "1" + ")" * 100)
    for operator in ("+", "-", "*", " and ", " or "):
        tree = parsed(operator.join(["x"] * 10_000))
        assert isinstance(tree, syntax.Binary) and tree.depth < 20


def test_a_balanced_chain_keeps_signs_and_the_order_of_terms() -> None:
    text = " ".join(f"{'+-'[k * k % 3 % 2]} {k}" for k in range(1, 300))
    tree = parsed("0 " + text)

    def value(node: Syntax) -> int:
        if isinstance(node, syntax.Binary):
            return value(node.left) + value(node.right) if node.operator == "+" else value(node.left) - value(node.right)
        assert isinstance(node, syntax.Number) and isinstance(node.value, int)
        return node.value

    assert value(tree) == eval("0 " + text)  # type: ignore[arg-type]
