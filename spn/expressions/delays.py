"""Checking distributions: which parametrisation was written, and whether its arguments fit. What a distribution does is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from spn.expressions import syntax
from spn.expressions.fitting import describe
from spn.expressions.tree import DelayCall, Expression, Parameter, Sequence
from spn.expressions.types import DISTRIBUTION, Number, Table
from spn.text.problems import Problems

if TYPE_CHECKING:
    from spn.distributions import Argument, Family, Form


class _Checker(Protocol):
    """What is needed of the checker of expressions."""

    problems: Problems

    def check_as(self, node: syntax.Syntax, expected: Number) -> Expression | None: ...
    def check(self, node: syntax.Syntax) -> Expression | None: ...
    def error(self, code: str, message: str, node: syntax.Node, hint: str | None = None) -> None: ...


def families() -> Mapping[str, Family]:
    """The table of distributions. Imported when the first distribution is met."""
    from spn.distributions import FAMILIES

    return FAMILIES


def deterministic(value: Expression) -> DelayCall:
    """A duration as a delay."""
    return DelayCall(DISTRIBUTION, "deterministic", ("value",), (value,), span=value.span)


def check_call(checker: _Checker, node: syntax.Call, family: Family) -> DelayCall | None:
    """A call of a distribution: ``lognormal(mean=2208 h, sigma=0.4)``."""
    form = _form(checker, node, family)
    if form is None:
        for argument in node.arguments:
            if not isinstance(argument.value, syntax.ListOf):
                checker.check(argument.value)
        return None
    given = {argument.name or form.names[k]: argument.value for k, argument in enumerate(node.arguments)}
    _warn_of_missing_units(checker, form, given)
    checked = [_argument(checker, argument, given[argument.name]) for argument in form.arguments]
    arguments = tuple(argument for argument in checked if argument is not None)
    return DelayCall(DISTRIBUTION, family.name, form.names, arguments, span=node.span) if len(arguments) == len(checked) else None


def _warn_of_missing_units(checker: _Checker, form: Form, given: Mapping[str, syntax.Node]) -> None:
    """``uniform(30, 5 min)``: the first means seconds, but was it meant?"""
    values = [(argument.dimension, given[argument.name]) for argument in form.arguments]
    items = [(dimension, item) for dimension, value in values for item in (value.items if isinstance(value, syntax.ListOf) else (value,))]
    for dimension, item in items:
        if dimension and isinstance(item, syntax.Number) and item.unit is None and item.value != 0:
            if any(other == dimension and not (isinstance(value, syntax.Number) and value.unit is None) for other, value in items):
                what = "seconds" if dimension == 1 else "'per second'"
                checker.problems.warning("missing-unit", f"a plain number beside others with units means {what}", item.span, "write the unit")


def _form(checker: _Checker, node: syntax.Call, family: Family) -> Form | None:
    """The parametrisation that was written; None and a problem if there is no such one."""
    accepted = "it is written " + " or ".join(f"{family.name}({', '.join(f'{name}=' for name in form.names)})" for form in family.forms)
    known = {name for form in family.forms for name in form.names}
    names = [argument.name for argument in node.arguments]
    positional = names.count(None)
    if any(name is None for name in names[positional:]):
        checker.error("wrong-arguments", "arguments by position come before those by name", node, accepted)
        return None
    if positional and not family.positional:
        checker.error("wrong-arguments", f"the arguments of {family.name} are given by name", node, accepted)
        return None
    first = family.forms[0].names
    if positional > len(first):
        checker.error("wrong-arguments", f"{family.name} takes {len(first)} argument{'s' if len(first) > 1 else ''}", node, accepted)
        return None
    given = [name or first[k] for k, name in enumerate(names)]
    for number, (name, argument) in enumerate(zip(given, node.arguments, strict=True)):
        if name not in known:
            checker.error("wrong-arguments", f"{family.name} has no argument '{name}'", argument, accepted)
            return None
        if name in given[:number]:
            checker.error("wrong-arguments", f"'{name}' is given twice", argument, accepted)
            return None
    for form in family.forms:
        if set(form.names) == set(given):
            return form
    written = " and ".join(given) or "no arguments"
    checker.error("wrong-arguments", f"{written} {'do' if len(given) != 1 else 'does'} not make a {family.name}", node, accepted)
    return None


def _argument(checker: _Checker, argument: Argument, value: syntax.Syntax) -> Expression | Sequence | None:
    expected = Number(argument.integer, argument.dimension)
    if not argument.is_list:
        return checker.check_as(value, expected)
    if isinstance(value, syntax.ListOf):
        items = [checker.check_as(item, expected) for item in value.items]
        if not items:
            checker.error("wrong-arguments", f"'{argument.name}' is empty", value)
        fitting = tuple(item for item in items if item is not None)
        return Sequence(fitting) if fitting and len(fitting) == len(items) else None
    whole = checker.check(value)
    if whole is None or (isinstance(whole, Parameter) and isinstance(whole.type, Table) and _fits_list(whole.type, expected)):
        return whole
    message = f"'{argument.name}' is a list of {describe(expected).split(' ', 1)[1]}s; this is another"
    checker.error("wrong-type", message, value, "write '[a, b]'")
    return None


def _fits_list(table: Table, expected: Number) -> bool:
    element = table.element
    return isinstance(element, Number) and element.dimension in (0, expected.dimension) and (element.integer or not expected.integer)
