"""What the parameters of some instances decide: which conditions hold in all of them, which numbers they fix, which indices there are.

A drawing shows a text as it was written, less what is decided: of ``restart(c, fresh if children_need_start else warm)`` there remains
``restart(c, fresh)``. Everything is decided over the rows of a `Frame`: all instances, and all values of loops, that the drawing stands for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from spn.expressions.tree import Binary, Constant, DelayCall, Expression, IfElse, Now, Parameter, PlaceRead, Range, Unary, Values
from spn.expressions.types import Enumeration
from spn.expressions.walk import children, free_variables, walk
from spn.resolver import frames
from spn.resolver.columns import Array
from spn.resolver.declarations import Loop
from spn.resolver.frames import Frame
from spn.text.problems import ModelError, Problems


@dataclass(frozen=True)
class Rows:
    """The rows over which something is decided; None: of a module that is not used, of which nothing is known."""

    frame: Frame | None

    @property
    def known(self) -> bool:
        return self.frame is not None

    def values(self, expression: Expression) -> Array | None:
        """The values of an expression in all rows; None if it depends on anything else, or has none."""
        frame = self.frame or Frame(1)
        if any(isinstance(node, (PlaceRead, Now, DelayCall)) for node in walk(expression)):
            return None
        parameters = {node.name for node in walk(expression) if isinstance(node, Parameter)}
        if not free_variables(expression) <= frame.variables.keys() or not parameters <= frame.parameters.keys():
            return None
        problems = Problems()
        try:
            found = frames.evaluate(expression, frame, problems)
        except ModelError:
            return None
        return None if problems.found or not frame.size else found

    def number(self, expression: Expression) -> int | None:
        """The integer that an expression is in all rows."""
        match expression:
            case IfElse(condition=condition, then=then, otherwise=otherwise):
                truth = self.truth(condition)
                return None if truth is None else self.number(then if truth else otherwise)
            case Binary(operator="*", left=left, right=right) if 0 in (self.number(left), self.number(right)):
                return 0
        values = self.values(expression)
        return int(values[0]) if values is not None and bool((values == values[0]).all()) else None

    def truth(self, condition: Expression) -> bool | None:
        """Whether a condition holds in all rows, or in none."""
        match condition:
            case Constant(value=value):
                return bool(value)
            case Unary(operator="not", operand=operand):
                inner = self.truth(operand)
                return None if inner is None else not inner
            case Binary(operator="and" | "or" as operator, left=left, right=right):
                decisive = operator == "or"
                sides = self.truth(left), self.truth(right)
                return decisive if decisive in sides else None if None in sides else not decisive
        values = self.values(condition)
        if values is None:
            return None
        return True if bool(values.all()) else None if bool(values.any()) else False

    def where(self, condition: Expression | None) -> Rows:
        """The rows in which a condition on parameters holds."""
        values = None if condition is None or self.frame is None else self.values(condition)
        return self if values is None or self.frame is None else Rows(self.frame.where(values.astype(np.bool_)))

    def over(self, loops: Iterable[Loop]) -> Rows:
        """A row for each value of the loops in each row."""
        frame = self.frame
        for loop in loops:
            if frame is not None:
                expanded = frames.expand(frame, loop, Problems())
                frame = None if expanded is None else expanded[0]
        return Rows(frame)

    @property
    def is_empty(self) -> bool:
        return self.frame is not None and self.frame.size == 0

    def domain(self, loop: Loop) -> str | None:
        """The values of a loop, ``1..4``, where they are the same in all rows."""
        domain = loop.domain
        if isinstance(domain, Range):
            low, high = self.number(domain.start), self.number(domain.stop)
            if low is None or high is None:
                return None
            return str(low) if low == high else f"{low}..{high}"
        if isinstance(domain, Values):
            members = domain.colour.members if isinstance(domain.colour, Enumeration) else ("false", "true")
            return "{" + ", ".join(members) + "}" if len(members) <= 3 else None
        return None


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters of a text, and what stands in their place."""

    start: int
    stop: int
    text: str


@dataclass(frozen=True)
class Spelling:
    """A text as it was written, less what the rows decide. `names` gives the text of a parameter's value, for whole arguments of delays."""

    text: str
    offset: int
    rows: Rows
    values: Mapping[str, str]

    def edits(self, expression: Expression) -> Iterator[Edit]:
        """What to change in the text of an expression; nothing overlaps."""
        kept = self.chosen(expression)
        if kept is not expression:
            if expression.span is not None and kept.span is not None:
                inner = self.piece(kept.span.start - self.offset, kept.span.stop - self.offset, [kept])
                joined = isinstance(kept, IfElse) or (isinstance(kept, Binary) and kept.operator in ("and", "or"))
                whole = expression.span.stop - expression.span.start == len(self.text)
                text = f"({inner})" if joined and isinstance(expression, Binary) and not whole else inner
                yield Edit(expression.span.start - self.offset, expression.span.stop - self.offset, text)
            return
        if isinstance(expression, DelayCall):
            for argument in expression.arguments:
                if isinstance(argument, Parameter) and argument.span is not None and argument.name in self.values:
                    yield Edit(argument.span.start - self.offset, argument.span.stop - self.offset, self.values[argument.name])
        for part in children(expression):
            yield from self.edits(part)

    def chosen(self, expression: Expression) -> Expression:
        """What remains of an expression at its top: the branch of a choice, the side of an ``and`` or ``or`` that is left open."""
        match expression:
            case IfElse(condition=condition, then=then, otherwise=otherwise):
                truth = self.rows.truth(condition)
                return expression if truth is None else self.chosen(then if truth else otherwise)
            case Binary(operator="and" | "or" as operator, left=left, right=right) if self.rows.known:
                neutral = operator == "and"
                if self.rows.truth(left) is neutral:
                    return self.chosen(right)
                if self.rows.truth(right) is neutral:
                    return self.chosen(left)
        return expression

    def piece(self, start: int, stop: int, expressions: Iterable[Expression]) -> str:
        """The characters from `start` to `stop` with the edits of the expressions in them."""
        found = {(edit.start, edit.stop): edit for expression in expressions for edit in self.edits(expression)}
        result, position = "", start
        for edit in sorted(found.values(), key=lambda edit: edit.start):
            if start <= edit.start and edit.stop <= stop and edit.start >= position:
                result += self.text[position : edit.start] + edit.text
                position = edit.stop
        return result + self.text[position:stop]


def parameters_in(expressions: Iterable[Expression], rows: Rows, replaced: Collection[str]) -> Iterator[str]:
    """The parameters whose names are read in what remains of expressions, in order; `replaced` are shown by value as delays and in them."""
    spelling = Spelling("", 0, rows, {})
    for expression in expressions:
        kept = spelling.chosen(expression)
        if isinstance(kept, Parameter):
            yield kept.name
        elif isinstance(kept, DelayCall):
            parts = [part for part in children(kept) if not (isinstance(part, Parameter) and part.name in replaced)]
            yield from parameters_in(parts, rows, replaced)
        else:
            yield from parameters_in(children(kept), rows, replaced)


def remaining(expression: Expression, rows: Rows) -> Iterator[Expression]:
    """All parts of an expression that the rows do not decide away."""
    kept = Spelling("", 0, rows, {}).chosen(expression)
    yield kept
    for part in children(kept):
        yield from remaining(part, rows)


def without_condition(multiplicity: Expression, has_condition: bool) -> tuple[Expression, Expression | None]:
    """An arc's multiplicity as written, and the condition of its fan."""
    if has_condition and isinstance(multiplicity, IfElse):
        return multiplicity.then, multiplicity.condition
    return multiplicity, None
