"""Declaring measures: what is to be found out, in which window, and at the firings of which transitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spn.expressions import syntax
from spn.expressions.check import check
from spn.expressions.parse import parse_target
from spn.expressions.scope import ModuleSymbol, Scope, VariableSymbol
from spn.expressions.tree import Expression, Now, Variable
from spn.expressions.types import BOOLEAN, DURATION, INTEGER, REAL, InstanceOf, Type
from spn.expressions.walk import walk
from spn.model.types import MeasureDeclaration, Text, Times, TransitionDeclaration
from spn.records import dataclass
from spn.resolver import declarations as declared
from spn.resolver.checks import checked_loop, expression_of, number_of, parse_list, reads_marking
from spn.resolver.declarations import Loop
from spn.resolver.declare_arcs import Arcs
from spn.resolver.references import links, walk_path
from spn.resolver.scopes import Opened
from spn.text.problems import Problems, nearest
from spn.text.source import Span


@dataclass(slots=True)
class Measures:
    """Checks the measures of the root module `opened`; `all` are the modules by name."""

    opened: Opened
    all: Mapping[str, Opened]
    problems: Problems

    @property
    def scope(self) -> Scope:
        return self.opened.scope

    def _optional(self, text: Text | None, expected: Type) -> Expression | None:
        return None if text is None else expression_of(text, self.scope, expected, self.problems)

    def declare(self, name: str, m: MeasureDeclaration, span: Span | None, into: dict[str, declared.Measure]) -> None:
        """Add a measure to others, unless something is wrong with all that it is about."""
        targets: tuple[declared.Target, ...] = ()
        expression: Expression | None = None
        match m.kind:
            case "availability" | "first_passage":
                expression = self._optional(m.subjects[0], BOOLEAN)
            case "average" | "integral":
                expression = number_of(m.subjects[0], self.scope, self.problems)
            case "rate" | "count":
                targets = tuple(target for text in m.subjects for target in self._targets(text, None))
            case "tally":
                targets = self._tally_targets(m)
        found = declared.Measure(
            name=name,
            kind=m.kind,
            expression=expression,
            targets=targets,
            at=self._times(m.at),
            over=tuple(e for text in m.over if (e := self._constant(text, DURATION)) is not None),
            until=self._optional(m.until, BOOLEAN),
            within=self._times(m.within),
            quantiles=tuple(e for text in m.quantiles if (e := self._constant(text, REAL)) is not None),
            precision=self._constant(m.precision, REAL),
            doc=str(m.doc or ""),
            span=span,
        )
        if expression is not None or targets:
            into[name] = found

    def declare_rare(self, name: str, part: MeasureDeclaration, span: Span | None) -> None:
        """What a rare event is made of. Nobody looks at it between firings."""
        rare = self.opened.module.rare
        self.declare(name, part, span, rare)
        about = rare[name].expression if name in rare else None
        for node in () if about is None else walk(about):
            if isinstance(node, Now):
                self.problems.error("reads-time", "what a rare event is about cannot read the time", node.span, "give a time as 'within'")

    def _constant(self, text: Text | None, expected: Type) -> Expression | None:
        found = self._optional(text, expected)
        if found is not None and reads_marking(found):
            self.problems.error("not-constant", "this may use parameters only, not the marking", found.span)
            return None
        return found

    def _times(self, times: Times | None) -> declared.Times | None:
        if times is None:
            return None
        values = [self._constant(text, DURATION) for text in times.values]
        ends = (self._constant(times.start, DURATION), self._constant(times.stop, DURATION), self._constant(times.points, INTEGER))
        start, stop, points = ends
        found = None if start is None or stop is None or points is None else (start, stop, points)
        return declared.Times(tuple(value for value in values if value is not None), found, times.scale == "log")

    def _tally_targets(self, m: MeasureDeclaration) -> tuple[declared.Target, ...]:
        """The transitions of a tally, each with its expression."""
        assert m.on is not None
        values = m.subjects * len(m.on) if len(m.subjects) == 1 else m.subjects
        if len(values) != len(m.on):
            message = f"there are {len(values)} expressions for {len(m.on)} transitions"
            self.problems.error("wrong-length", message, m.on[0].span, "give one expression for all, or one for each")
            return ()
        return tuple(target for text, value in zip(m.on, values, strict=True) for target in self._targets(text, value))

    def _targets(self, text: Text, value: Text | None) -> tuple[declared.Target, ...]:
        parsed = parse_target(text, text.span, self.problems, text.exact)
        if parsed is None:
            return ()
        if len(parsed.loops) > 1:
            self.problems.error("syntax", "a transition is followed by one 'for' at most", text.span)
            return ()
        scope = self.scope
        if not parsed.loops:
            return self._target(parsed, scope, None, None, value)
        first = parsed.loops[0]
        symbol = None if isinstance(first.domain, syntax.RangeOf) else scope.lookup(first.domain.name)
        if isinstance(symbol, ModuleSymbol) and isinstance(first.domain, syntax.Name):
            scope = scope.with_variable(first.variable, InstanceOf(first.domain.name))
            return self._target(parsed, scope, symbol.name, None, value)
        loop = checked_loop(first, scope, self.problems)
        if loop is None:
            return ()
        return self._target(parsed, scope.with_variable(loop.variable, loop.type), None, loop, value)

    def _target(
        self, parsed: syntax.Target, scope: Scope, module: str | None, loop: Loop | None, value: Text | None
    ) -> tuple[declared.Target, ...]:
        chain = links(parsed.transition)
        walked = walk_path(chain, scope, self.problems)
        if walked is None:
            return ()
        steps, inner = walked
        owner = next((o for o in self.all.values() if o.scope is inner or o.scope is inner.parent), self.opened)
        last = chain[-1]
        declaration = owner.model.transitions.get(last.name)  # type: ignore[call-overload]
        if declaration is None:
            hint = nearest(last.name, owner.model.transitions)
            self.problems.error("unknown-transition", f"there is no transition '{last.name}'", last.node.span, hint)
            return ()
        loops, _ = parse_list(declaration.loops, owner.scope, Problems())
        indices: tuple[Expression, ...] = ()
        if last.arguments:
            if len(last.arguments) != len(loops):
                message = f"'{last.name}' has {len(loops)} 'for' variables; {len(last.arguments)} values are given"
                self.problems.error("wrong-arguments", message, last.node.span)
                return ()
            checked = [check(a.value, scope, own.type, self.problems) for a, own in zip(last.arguments, loops, strict=True)]
            indices = tuple(e for e in checked if e is not None)
            if len(indices) < len(checked):
                return ()
        condition = None if parsed.condition is None else check(parsed.condition, scope, BOOLEAN, self.problems)
        if loop is not None and not any(isinstance(e, Variable) and e.name == loop.variable for e in indices):
            self.problems.error("wrong-arguments", f"'{loop.variable}' must stand as an index of '{last.name}'", last.node.span)
            return ()
        if module is not None and condition is not None:
            self.problems.error("syntax", "all instances of a module count; a condition has no place here", condition.span)
            return ()
        tallied = None
        if value is not None:
            tallied = self._tallied(value, last.name, declaration, loops, owner)
            if tallied is None:
                return ()
        path = () if module is not None else steps
        return (declared.Target(path, module, last.name, owner.module.name, indices, tallied, last.node.span, loop, condition),)

    def _tallied(
        self, value: Text, name: str, declaration: TransitionDeclaration, loops: Iterable[Loop], owner: Opened
    ) -> Expression | None:
        """What a tally sums up: an expression in the variables of the transition and the names of the root."""
        arcs = Arcs(Problems(), owner.scope.child({loop.variable: VariableSymbol(loop.type) for loop in loops}))
        arcs.inputs(declaration.inputs, "input")
        arcs.inputs(declaration.tests, "test")
        known = {loop.variable: VariableSymbol(loop.type) for loop in loops} | {v: VariableSymbol(t) for v, t in arcs.variables}
        return number_of(value, self.scope.child(known), self.problems)
