"""Traversals: order, rewriting without copying, capture."""

from spn.expressions.tree import Binary, Constant, Expression, Range, Reduce, Tokens, Unary, Variable
from spn.expressions.types import INTEGER
from spn.expressions.walk import free_variables, substitute, transform, walk


def number(value: int) -> Constant:
    return Constant(INTEGER, value)


def variable(name: str) -> Variable:
    return Variable(INTEGER, name)


def plus(left: Expression, right: Expression) -> Binary:
    return Binary(INTEGER, "+", left, right)


def total(name: str, stop: Expression, body: Expression, condition: Expression | None = None) -> Reduce:
    return Reduce(INTEGER, "sum", name, Range(number(1), stop), body, condition)


def test_walk_visits_parents_first_and_from_left_to_right() -> None:
    tree = plus(variable("a"), plus(number(2), variable("b")))
    assert list(walk(tree)) == [tree, variable("a"), tree.right, number(2), variable("b")]


def test_transform_rewrites_inside_tokens_and_keeps_wildcards() -> None:
    tree = Tokens(INTEGER, "q", variable("x"), (None, variable("x")))
    assert transform(tree, lambda n: number(7) if n == variable("x") else n) == Tokens(INTEGER, "q", number(7), (None, number(7)))


def test_an_unchanged_tree_is_not_copied() -> None:
    tree = total("s", variable("n"), plus(variable("s"), number(1)), variable("s"))
    assert transform(tree, lambda n: n) is tree


def test_a_very_deep_tree_is_walked_without_recursion() -> None:
    tree: Expression = variable("x")
    for _ in range(50_000):
        tree = Unary(INTEGER, "-", tree)
    assert sum(1 for _ in walk(tree)) == 50_001
    assert free_variables(transform(tree, lambda n: n)) == {"x"}


def test_a_loop_variable_is_bound_in_the_body_and_free_in_the_domain() -> None:
    assert free_variables(total("s", variable("s"), plus(variable("s"), variable("t")))) == {"s", "t"}
    assert free_variables(total("s", number(3), variable("s"))) == frozenset()


def test_substitution_does_not_touch_a_bound_variable() -> None:
    tree = total("s", variable("s"), variable("s"))
    assert substitute(tree, {"s": number(4)}) == total("s", number(4), variable("s"))


def test_substitution_renames_a_loop_variable_that_would_capture() -> None:
    tree = total("s", number(3), plus(variable("s"), variable("t")))
    assert substitute(tree, {"t": variable("s")}) == total("s_1", number(3), plus(variable("s_1"), variable("s")))
