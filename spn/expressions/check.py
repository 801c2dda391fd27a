"""From syntax to the typed tree: names, types and dimensions, all problems of an expression at once. Nothing is computed here.

A sub-expression with a problem becomes None, which silences whatever would follow from it.
"""

from __future__ import annotations

from spn.expressions import syntax
from spn.expressions.checker import Checker
from spn.expressions.fitting import fit
from spn.expressions.scope import Scope
from spn.expressions.tokens import TokenPattern, check_pattern, check_value
from spn.expressions.tree import Domain, Expression
from spn.expressions.types import DISTRIBUTION, Type
from spn.text.problems import Problems
from spn.text.source import Span

__all__ = ["check", "check_delay", "check_domain", "check_token_pattern", "check_token_value", "fit"]


def check(node: syntax.Syntax, scope: Scope, expected: Type | None, problems: Problems) -> Expression | None:
    """The typed tree of an expression, of type `expected` where that is given (a plain number may stand for a duration or a rate)."""
    checker = Checker(scope, problems)
    return checker.check(node) if expected is None else checker.check_as(node, expected)


def check_delay(node: syntax.Syntax, scope: Scope, problems: Problems) -> Expression | None:
    """A distribution: a call, a parameter, or a choice between them. A duration becomes ``deterministic``."""
    return Checker(scope, problems).check_as(node, DISTRIBUTION)


def check_domain(node: syntax.Name | syntax.RangeOf, scope: Scope, problems: Problems) -> tuple[Domain, Type] | None:
    """What an index runs over, and the type of the index."""
    return Checker(scope, problems).domain(node)


def check_token_pattern(
    arguments: tuple[syntax.Argument, ...], colour: Type, scope: Scope, problems: Problems, span: Span | None = None
) -> TokenPattern | None:
    """The pattern of an input, test, inhibitor or reset arc, given its arguments after the indices; `span` is that of the arc."""
    return check_pattern(Checker(scope, problems), arguments, colour, syntax.Wildcard(span=span))


def check_token_value(
    arguments: tuple[syntax.Argument, ...], colour: Type, scope: Scope, problems: Problems, span: Span | None = None
) -> Expression | None:
    """The token that an output arc puts, given its arguments after the indices. A plain token is the constant ``()``."""
    return check_value(Checker(scope, problems), arguments, colour, syntax.Wildcard(span=span))
