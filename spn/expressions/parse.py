"""From text to syntax: what an expression, a domain, an arc or a measure's target may look like. Names have no meaning here.

A hand-written precedence parser; what it does not know cannot be written, so it is the whole of the whitelist. Its work is bounded:
by the text's length, by nesting, and by the height of the tree it makes, so that whoever walks the tree may recurse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard, TypeVar

from spn.expressions.pratt import Failure, Parser, Place
from spn.expressions.syntax import Arc, Argument, Attribute, Binary, Call, Loop, Name, ProductOf, RangeOf, Reference, Syntax, Target
from spn.text.problems import Problems
from spn.text.source import Span

T = TypeVar("T")


def parse_expression(text: str, span: Span | None, problems: Problems, exact: bool = True) -> Syntax | None:
    """An expression (a delay is one too). None if there was a problem, which is then in `problems`.

    `span` is where `text` stands in its source; if `exact`, character for character, so that problems can point into it.
    """
    return _parse(text, span, problems, exact, lambda parser: parser.expression())


parse_delay = parse_expression


def parse_domain(text: str, span: Span | None, problems: Problems, exact: bool = True) -> Name | RangeOf | None:
    """What an index runs over: the name of a colour (or a module), or a range ``1..n``."""
    return _parse(text, span, problems, exact, lambda parser: parser.domain())


def parse_loop(text: str, span: Span | None, problems: Problems, exact: bool = True) -> Loop | None:
    """``s in section``"""
    return _parse(text, span, problems, exact, lambda parser: parser.loop())


def parse_type_spec(text: str, span: Span | None, problems: Problems, exact: bool = True) -> Name | RangeOf | ProductOf | None:
    """A colour: ``1..sections``, ``bool``, ``section * kind``."""
    return _parse(text, span, problems, exact, _type_spec)


def parse_arc(text: str, span: Span | None, problems: Problems, exact: bool = True) -> Arc | None:
    """``2 * place(c) for c in child if c != d``; the place may be a dotted path."""
    return _parse(text, span, problems, exact, _arc)


def parse_target(text: str, span: Span | None, problems: Problems, exact: bool = True) -> Target | None:
    """A transition for a measure: ``fail``, ``fail(3)``, ``worker(2).fail``, ``a.fail for a in actor``."""
    return _parse(text, span, problems, exact, _target)


def parse_reference(text: str, span: Span | None, problems: Problems, exact: bool = True) -> Reference | None:
    """A name or dotted path with or without arguments: ``supervisor.poison(w)``, the key of a connection ``out(k)``."""
    return _parse(text, span, problems, exact, lambda parser: _reference(parser, "a name"))


def parse_argument_list(text: str, span: Span | None, problems: Problems, exact: bool = True) -> tuple[Argument, ...] | None:
    """``1, voice`` or ``arrived=0 s, hops=0``: arguments without the parentheses around them."""
    return _parse(text, span, problems, exact, lambda parser: parser.arguments_until("end", None))


def _parse(text: str, span: Span | None, problems: Problems, exact: bool, rule: Callable[[Parser], T]) -> T | None:
    place = Place(span, exact)
    try:
        parser = Parser(text, place)
        result = rule(parser)
        parser.expect_end()
    except Failure as failure:
        problems.error(failure.code, failure.message, place.at(failure.start, failure.stop), failure.hint)
        return None
    return result


def _type_spec(parser: Parser) -> Name | RangeOf | ProductOf:
    start = parser.token.start
    items = [parser.domain(product=True)]
    while parser.accept("*"):
        items.append(parser.domain(product=True))
    if len(items) == 1:
        return items[0]
    return ProductOf(tuple(items), span=parser.place.at(start, parser.last_stop))


def _arc(parser: Parser) -> Arc:
    start = parser.token.start
    whole = parser.expression()
    multiplicity, place = _split(parser, whole, start)
    loops, condition = parser.loops()
    return Arc(multiplicity, place, loops, condition, span=parser.place.at(start, parser.last_stop))


def _split(parser: Parser, whole: Syntax, start: int) -> tuple[Syntax | None, Reference]:
    """Take ``multiplicity * place`` apart. The place is the last factor, since a number of tokens may itself be a product."""
    if is_reference(whole):
        return None, whole
    if isinstance(whole, Binary) and whole.operator == "*":
        if is_reference(whole.right):
            return whole.left, whole.right
        if is_reference(whole.left):
            raise Failure("syntax", "an arc ends in its place", start, parser.last_stop, "write the multiplicity first: '2 * place'")
    raise Failure("syntax", "this is not an arc", start, parser.last_stop, "an arc is 'place', '2 * place', 'place(c)' or '(n - 1) * place(c)'")


def _target(parser: Parser) -> Target:
    start = parser.token.start
    transition = _reference(parser, "a transition")
    loops, condition = parser.loops()
    return Target(transition, loops, condition, span=parser.place.at(start, parser.last_stop))


def _reference(parser: Parser, what: str) -> Reference:
    start = parser.token.start
    found = parser.expression()
    if not is_reference(found):
        raise Failure("syntax", f"{what} was expected here", start, parser.last_stop, "it is a name or a dotted path, such as 'worker(2).fail'")
    return found


def is_reference(node: Syntax) -> TypeGuard[Reference]:
    """Whether this is a name or dotted path, possibly with arguments, and nothing else."""
    while isinstance(node, Attribute | Call):
        node = node.callee if isinstance(node, Call) else node.base
    return isinstance(node, Name)
