"""Texts of a model as checked expressions and loops, and what may stand in them. Which texts there are is decided elsewhere."""

from __future__ import annotations

from spn.expressions import syntax, types
from spn.expressions.check import check, check_domain
from spn.expressions.parse import parse_expression, parse_loop
from spn.expressions.scope import Scope
from spn.expressions.tree import Constant, Expression, IfElse, Instances, Now, PlaceRead
from spn.expressions.types import INTEGER, Number, Type
from spn.expressions.walk import walk
from spn.model.types import Text
from spn.resolver.declarations import Loop
from spn.text.problems import Problems


def expression_of(text: Text, scope: Scope, expected: Type | None, problems: Problems) -> Expression | None:
    """The expression of a text, of type `expected` where that is given."""
    parsed = parse_expression(text, text.span, problems, text.exact)
    return None if parsed is None else check(parsed, scope, expected, problems)


def number_of(text: Text, scope: Scope, problems: Problems) -> Expression | None:
    """A number of any dimension; a truth value counts as 1 or 0."""
    found = expression_of(text, scope, None, problems)
    if found is None or isinstance(found.type, Number):
        return found
    if isinstance(found.type, types.Boolean):
        return IfElse(INTEGER, found, Constant(INTEGER, 1), Constant(INTEGER, 0), span=found.span)
    problems.error("wrong-type", "a number is expected here", found.span)
    return None


def reads_marking(expression: Expression) -> bool:
    """Whether it depends on tokens or on the time."""
    return any(isinstance(node, (PlaceRead, Now)) for node in walk(expression))


def parse_list(texts: tuple[Text, ...], scope: Scope, problems: Problems) -> tuple[tuple[Loop, ...], Scope]:
    """Loops ``s in section`` in order, each variable being known to those after it; and the scope with all of them."""
    loops: list[Loop] = []
    for text in texts:
        parsed = parse_loop(text, text.span, problems, text.exact)
        if parsed is None:
            continue
        loop = checked_loop(parsed, scope, problems)
        if loop is None:
            continue
        loops.append(loop)
        scope = scope.with_variable(loop.variable, loop.type)
    return tuple(loops), scope


def checked_loop(parsed: syntax.Loop, scope: Scope, problems: Problems) -> Loop | None:
    """A loop of a ``for`` key or an arc: over a range or a finite colour."""
    found = check_domain(parsed.domain, scope, problems)
    if found is None:
        return None
    domain, type_ = found
    if isinstance(domain, Instances):
        message = f"'{domain.module}' is a module; only sum, all, any, min, max and count run over instances"
        problems.error("wrong-domain", message, parsed.domain.span)
        return None
    if scope.lookup(parsed.variable) is not None:
        message = f"the variable '{parsed.variable}' hides something of the same name"
        problems.error("declared-twice", message, parsed.span, "choose another name for the variable")
        return None
    return Loop(parsed.variable, type_, domain, parsed.span)
