"""Declaring arcs: the input, output, test, inhibitor and reset arcs of one transition, checked in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, TypeVar

from spn.expressions import syntax
from spn.expressions.check import check, check_token_pattern, check_token_value
from spn.expressions.parse import parse_arc
from spn.expressions.scope import Scope, VariableSymbol
from spn.expressions.tokens import Binding
from spn.expressions.tree import Constant, Expression, IfElse
from spn.expressions.types import BOOLEAN, DOT, INTEGER, Type
from spn.model.types import Arc
from spn.net.types import Bind, Entry
from spn.resolver import declarations as declared
from spn.resolver.checks import checked_loop, expression_of
from spn.resolver.declarations import Loop
from spn.resolver.references import FoundPlace, find_place
from spn.text.problems import Problems

R = TypeVar("R")
Kind = Literal["input", "test", "inhibitor", "reset"]


class Arcs:
    """Checks the arcs of one transition in order; variables that one binds are known in the next."""

    def __init__(self, problems: Problems, scope: Scope) -> None:
        self.problems = problems
        self.scope = scope
        self.variables: list[tuple[str, Type]] = []

    def inputs(self, arcs: Iterable[Arc], kind: Kind) -> tuple[declared.InputArc, ...]:
        return tuple(found for arc in arcs if (found := self._input(arc, kind)) is not None)

    def outputs(self, arcs: Iterable[Arc]) -> tuple[declared.OutputArc, ...]:
        return tuple(found for arc in arcs if (found := self._output(arc)) is not None)

    def _input(self, arc: Arc, kind: Kind) -> declared.InputArc | None:
        return self._arc(arc, lambda found, multiplicity, loop, scope: self._finish_input(found, multiplicity, loop, scope, kind), kind == "reset")

    def _output(self, arc: Arc) -> declared.OutputArc | None:
        def finish(found: FoundPlace, multiplicity: Expression, loop: Loop | None, scope: Scope) -> declared.OutputArc | None:
            token = None
            if found.symbol.colour != DOT or found.rest:
                token = check_token_value(found.rest, found.symbol.colour, scope, self.problems, found.path.span)
                if token is None:
                    return None
                if found.symbol.colour == DOT:
                    token = None
            return declared.OutputArc(found.path, multiplicity, token, loop)

        return self._arc(arc, finish, False)

    def _finish_input(
        self, found: FoundPlace, multiplicity: Expression, loop: Loop | None, scope: Scope, kind: Kind
    ) -> declared.InputArc | None:
        pattern = check_token_pattern(found.rest, found.symbol.colour, scope, self.problems, found.path.span)
        if pattern is None:
            return None
        if pattern.variables and (loop is not None or kind in ("inhibitor", "reset")):
            where = "an arc with a 'for'" if loop is not None else f"{'an inhibitor' if kind == 'inhibitor' else 'a reset'} arc"
            message = f"'{pattern.variables[0][0]}' is not known here, and {where} binds no variable"
            self.problems.error("unknown-name", message, found.path.span, "use '_' for any value")
            return None
        for name, type_ in pattern.variables:
            self.variables.append((name, type_))
            self.scope = self.scope.child({name: VariableSymbol(type_)})
        entries: tuple[Entry, ...] = tuple(Bind(e.name) if isinstance(e, Binding) else e for e in pattern.entries)
        return declared.InputArc(found.path, multiplicity, entries, pattern.whole, loop)

    def _arc(self, arc: Arc, finish: Callable[[FoundPlace, Expression, Loop | None, Scope], R | None], whole_array: bool) -> R | None:
        text = arc.place
        parsed = parse_arc(text, text.span, self.problems, text.exact)
        if parsed is None:
            return None
        scope, loop = self.scope, None
        if len(parsed.loops) > 1:
            self.problems.error("syntax", "an arc has at most one 'for'", parsed.loops[1].span)
            return None
        if parsed.loops:
            loop = checked_loop(parsed.loops[0], scope, self.problems)
            if loop is None:
                return None
            scope = scope.with_variable(loop.variable, loop.type)
        multiplicity = self._multiplicity(arc, parsed, scope)
        found = find_place(parsed.place, scope, self.problems)
        if found is None or multiplicity is None:
            return None
        if found.symbol.dims and not found.path.indices and not whole_array:
            message = f"'{found.path.place}' is an array; which of its elements is meant?"
            self.problems.error("wrong-arguments", message, found.path.span, f"write '{found.path.place}(...)' with its index")
            return None
        return finish(found, multiplicity, loop, scope)

    def _multiplicity(self, arc: Arc, parsed: syntax.Arc, scope: Scope) -> Expression | None:
        one: Expression = Constant(INTEGER, 1)
        found: Expression | None = one
        if parsed.multiplicity is not None:
            found = check(parsed.multiplicity, scope, INTEGER, self.problems)
        if arc.multiplicity is not None:
            if parsed.multiplicity is not None:
                self.problems.error("two-multiplicities", "the multiplicity is given twice", arc.multiplicity.span)
                return None
            found = expression_of(arc.multiplicity, scope, INTEGER, self.problems)
        if isinstance(found, Constant) and isinstance(found.value, int) and found.value < 0:
            self.problems.error("bad-value", "a multiplicity cannot be negative", found.span)
            return None
        if found is None or parsed.condition is None:
            return found
        condition = check(parsed.condition, scope, BOOLEAN, self.problems)
        return None if condition is None else IfElse(INTEGER, condition, found, Constant(INTEGER, 0), span=parsed.span)
