"""Declaring: a model's places, transitions, instances and measures, checked once for each module however often it is used.

The second half of checking a model; `spn.net.scopes` has made every name known. All problems of all files are found in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from spn.expressions import syntax, types
from spn.expressions.check import check, check_delay, check_token_pattern, check_token_value
from spn.expressions.delays import deterministic
from spn.expressions.parse import parse_arc, parse_argument_list, parse_expression, parse_reference, parse_target
from spn.expressions.scope import ModuleSymbol, ParameterSymbol, PlaceSymbol, Scope, VariableSymbol
from spn.expressions.tokens import Binding
from spn.expressions.tree import Constant, Expression, IfElse, Now, PlaceRead, Range, Values, Variable
from spn.expressions.types import BOOLEAN, DOT, DURATION, INTEGER, REAL, Enumeration, InstanceOf, Number, Table, Type
from spn.expressions.walk import walk
from spn.model.read import Library
from spn.model.types import Arc, InstanceDeclaration, Label, MeasureDeclaration, Model, PlaceDeclaration, Text, TransitionDeclaration
from spn.net import declarations as declared
from spn.net.declarations import Loop, Module
from spn.net.references import FoundPlace, find_place, links, walk_path
from spn.net.scopes import Opened, Opener, checked_loop, domain_of_colour, parse_list
from spn.net.types import INDEX, Bind, Entry, Memory
from spn.text.problems import Problems, nearest
from spn.text.source import Span

MEMORIES: tuple[Memory, ...] = ("enabling", "age", "resampling")
MEMORY = Enumeration("memory", MEMORIES)

R = TypeVar("R")
Kind = Literal["input", "test", "inhibitor", "reset"]


def declare(library: Library, overrides: Mapping[str, Text], problems: Problems) -> dict[str, Module]:
    """The modules of a model by name, the root being ''. Problems are collected; what has one is left out."""
    opened = Opener(library, problems, overrides).run()
    for module in opened.values():
        _Declarer(module, opened, problems).run()
    _check_recursion(opened, problems)
    return {name: module.module for name, module in opened.items()}


def _check_recursion(opened: Mapping[str, Opened], problems: Problems) -> None:
    """A module that uses itself must be able to end."""
    for module in opened.values():
        for name, instance in module.module.instances.items():
            if instance.module == module.module.name and instance.when is None:
                message = f"'{name}' is an instance of the module it stands in, and nothing ends that"
                problems.error("endless-instances", message, instance.span, "give it a 'when' that becomes false")


@dataclass(slots=True)
class _Declarer:
    opened: Opened
    all: Mapping[str, Opened]
    problems: Problems

    @property
    def model(self) -> Model:
        return self.opened.model

    @property
    def scope(self) -> Scope:
        return self.opened.scope

    def run(self) -> None:
        module = self.opened.module
        for is_port, section in ((False, self.model.places), (True, self.model.ports)):
            for name, place in section.items():
                module.places[name] = self._place(str(name), place, is_port, name.span)
        for name, transition in self.model.transitions.items():
            found = self._transition(str(name), transition, name.span)
            if found is not None:
                module.transitions[name] = found
        for name, instance in self.model.instances.items():
            if name in self.opened.instance_loops:
                module.instances[name] = self._instance(str(name), instance, name.span)
        if not module.name:
            for name, measure in self.model.measures.items():
                self._measure(str(name), measure, name.span)

    # expressions

    def expression(self, text: Text, scope: Scope, expected: Type | None) -> Expression | None:
        parsed = parse_expression(text, text.span, self.problems, text.exact)
        return None if parsed is None else check(parsed, scope, expected, self.problems)

    def _optional(self, text: Text | None, scope: Scope, expected: Type) -> Expression | None:
        return None if text is None else self.expression(text, scope, expected)

    def _or(self, text: Text | None, scope: Scope, default: Constant) -> Expression:
        """The expression of a text, or a default where there is none (or it has a problem)."""
        return self._optional(text, scope, default.type) or default

    def _static(self, text: Text | None, scope: Scope, what: str) -> Expression | None:
        """A condition on parameters alone."""
        found = self._optional(text, scope, BOOLEAN)
        if found is not None and _reads_places(found):
            self.problems.error("not-constant", f"'{what}' may use parameters only, not the marking or the time", found.span)
            return None
        return found

    # places

    def _place(self, name: str, declaration: PlaceDeclaration, is_port: bool, span: Span | None) -> declared.Place:
        dims = self.opened.dims.get(name, ())
        symbol = self.opened.names.get(name)
        colour = symbol.colour if isinstance(symbol, PlaceSymbol) else DOT
        inner = self.scope.child({dim.variable: VariableSymbol(dim.type) for dim in dims})
        order = declaration.order
        if order is not None and order != "multiset" and colour == DOT:
            self.problems.warning("no-effect", f"'{name}' holds plain tokens, so '{order}' has no effect", order.span)
        return declared.Place(
            name=name,
            is_port=is_port,
            dims=dims,
            colour=colour,
            bounds=domain_of_colour(declaration.colour, self.opened, self.problems),
            order=None if order is None else _order(order),
            capacity=self._capacity(declaration.capacity, inner),
            initial=tuple(self._initial(name, declaration, colour, inner)),
            when=self._static(declaration.when, self.scope, "when"),
            span=span,
            labels=self._labels(declaration.labels, inner),
        )

    def _capacity(self, text: Text | None, scope: Scope) -> Expression | None:
        found = self._optional(text, scope, INTEGER)
        if found is not None and _reads_places(found):
            self.problems.error("not-constant", "a capacity may use parameters and the index only", found.span)
            return None
        return found

    def _labels(self, labels: Iterable[Label], scope: Scope) -> tuple[declared.Label, ...]:
        found = []
        inner = scope if scope.lookup(INDEX) is not None else scope.child({INDEX: VariableSymbol(INTEGER)})
        for label in labels:
            arguments = [self.expression(text, inner, INTEGER) for text in label.arguments]
            if all(argument is not None for argument in arguments):
                found.append(declared.Label(label.start, str(label.template), tuple(a for a in arguments if a is not None)))
        return tuple(found)

    def _initial(self, name: str, declaration: PlaceDeclaration, colour: Type, scope: Scope) -> Iterable[declared.Initial]:
        initial = declaration.initial
        one = Constant(INTEGER, 1)
        match initial:
            case None:
                return
            case dict():
                for key, count in initial.items():
                    yield from self._tokens(name, key, self.expression(count, scope, INTEGER), colour, scope)
            case tuple():
                for text in initial:
                    yield from self._tokens(name, text, one, colour, scope)
            case _ if initial == "all" and colour != DOT:
                yield from self._one_of_each(name, declaration, colour, initial)
            case _:
                if colour != DOT:
                    message = f"the tokens of '{name}' have a colour; a number does not say which tokens there are at the start"
                    self.problems.error("wrong-initial", message, initial.span, "write a mapping from colours to numbers, a list of tokens, or 'all'")
                    return
                count_ = self.expression(initial, scope, INTEGER)
                if count_ is not None:
                    yield declared.Initial(None, count_)

    def _tokens(self, name: str, text: Text, count: Expression | None, colour: Type, scope: Scope) -> Iterable[declared.Initial]:
        """Tokens of one value: ``voice``, ``(1, voice)``, ``customer(arrived=0 s, size=1.0)``; or of many, ``k for k in 1..n``."""
        if count is None:
            return
        loop: Loop | None = None
        value: Expression | None
        if colour == DOT:
            self.problems.error("wrong-initial", f"the tokens of '{name}' are plain; a number says how many there are", text.span)
            return
        if " for " in text:
            head, _, tail = text.partition(" for ")
            head_text = Text(head, text.part(0, len(head)), text.exact)
            loops, scope = parse_list((Text(tail, text.part(len(text) - len(tail), len(text)), text.exact),), scope, self.problems)
            if not loops:
                return
            loop, text = loops[0], head_text
        parsed = parse_expression(text, text.span, Problems(), text.exact)
        if parsed is None:
            arguments = parse_argument_list(text, text.span, self.problems, text.exact)
            value = None if arguments is None else check_token_value(arguments, colour, scope, self.problems, text.span)
        else:
            value = check(parsed, scope, colour, self.problems)
        if value is not None:
            yield declared.Initial(value, count, loop)

    def _one_of_each(self, name: str, declaration: PlaceDeclaration, colour: Type, text: Text) -> Iterable[declared.Initial]:
        domains = domain_of_colour(declaration.colour, self.opened, self.problems)
        one = Constant(INTEGER, 1)
        if len(domains) == 1 and isinstance(domains[0], (Range, Values)):
            variable = "k" if self.scope.lookup("k") is None else "k_"
            yield declared.Initial(Variable(colour, variable), one, Loop(variable, colour, domains[0], text.span))
            return
        message = f"'all' needs a finite colour of one component, which that of '{name}' is not"
        self.problems.error("wrong-initial", message, text.span, "list the tokens")

    # transitions

    def _transition(self, name: str, declaration: TransitionDeclaration, span: Span | None) -> declared.Transition | None:
        loops, scope = parse_list(declaration.loops, self.scope, self.problems)
        if len(loops) < len(declaration.loops):
            return None
        arcs = _Arcs(self, name, scope)
        inputs = arcs.inputs(declaration.inputs, "input")
        tests = arcs.inputs(declaration.tests, "test")
        bound = tuple(arcs.variables)
        inhibitors = arcs.inputs(declaration.inhibitors, "inhibitor")
        resets = arcs.inputs(declaration.resets, "reset")
        scope = arcs.scope
        is_timed = declaration.delay is not None
        self._check_keys(name, declaration, is_timed)
        delay = self._delay(declaration.delay, scope)
        memory_scope = self.scope
        return declared.Transition(
            name=name,
            loops=loops,
            inputs=inputs,
            tests=tests,
            inhibitors=inhibitors,
            resets=resets,
            outputs=arcs.outputs(declaration.outputs),
            variables=bound,
            guard=self._optional(declaration.guard, scope, BOOLEAN),
            delay=delay,
            priority=self._constant_or(declaration.priority, Constant(INTEGER, 0 if is_timed else 1)),
            weight=self._or(declaration.weight, scope, Constant(REAL, 1.0)),
            memory=self._optional(declaration.memory, memory_scope, MEMORY) or Constant(MEMORY, 0),
            servers=self._servers(declaration.servers, scope),
            when=self._static(declaration.when, self._loops_scope(loops), "when"),
            span=span,
            labels=self._labels(declaration.labels, self._loops_scope(loops)),
        )

    def _loops_scope(self, loops: Iterable[Loop]) -> Scope:
        return self.scope.child({loop.variable: VariableSymbol(loop.type) for loop in loops})

    def _check_keys(self, name: str, declaration: TransitionDeclaration, is_timed: bool) -> None:
        """Keys that only timed, or only immediate transitions have."""
        wrong = ("weight",) if is_timed else ("memory", "servers")
        for key in wrong:
            text = getattr(declaration, key)
            if text is not None:
                kind, other = ("timed", "an immediate") if is_timed else ("immediate", "a timed")
                message = f"'{name}' is {kind}; '{key}' belongs to {other} transition"
                self.problems.error("wrong-key", message, text.span, None if is_timed else "give it a 'delay'")

    def _constant_or(self, text: Text | None, default: Constant) -> Expression:
        found = self._optional(text, self.scope, default.type)
        if found is not None and _reads_places(found):
            self.problems.error("not-constant", "this may use parameters only", found.span)
            return default
        return found or default

    def _servers(self, text: Text | None, scope: Scope) -> Expression | None:
        if text is None:
            return Constant(INTEGER, 1)
        if text == "infinite":
            return None
        found = self.expression(text, scope, INTEGER)
        if isinstance(found, Constant) and isinstance(found.value, int) and found.value < 1:
            self.problems.error("bad-value", "a transition needs at least one server", found.span)
        return found or Constant(INTEGER, 1)

    def _delay(self, text: Text | None, scope: Scope) -> Expression | None:
        if text is None:
            return None
        parsed = parse_expression(text, text.span, self.problems, text.exact)
        found = None if parsed is None else check_delay(parsed, scope, self.problems)
        if isinstance(found, IfElse) and _reads_places(found.condition):
            message = "which distribution it is may depend on parameters only"
            self.problems.error("not-constant", message, found.condition.span, "write two transitions with guards")
        # A delay with a problem still makes the transition a timed one.
        return found or _placeholder()

    # instances

    def _instance(self, name: str, declaration: InstanceDeclaration, span: Span | None) -> declared.Instance:
        used = self.all[self.opened.uses[declaration.module]]
        loops = self.opened.instance_loops[name]
        scope = self._loops_scope(loops)
        arguments: dict[str, Expression | tuple[Expression, ...]] = {}
        for parameter, value in declaration.arguments.items():
            found = self._argument(parameter, value, used, scope)
            if found is not None:
                arguments[str(parameter)] = found
        connections = [c for port, target in declaration.connect.items() if (c := self._connection(port, target, used, scope)) is not None]
        when = self._static(declaration.when, scope, "when")
        return declared.Instance(name, used.module.name, loops, arguments, tuple(connections), when, span)

    def _argument(
        self, parameter: Text, value: Text | tuple[Text, ...], used: Opened, scope: Scope
    ) -> Expression | tuple[Expression, ...] | None:
        symbol = used.names.get(parameter)
        if not isinstance(symbol, ParameterSymbol):
            known = [n for n, s in used.names.items() if isinstance(s, ParameterSymbol)]
            if parameter not in used.model.parameters:
                self.problems.error("unknown-parameter", f"the module has no parameter '{parameter}'", parameter.span, nearest(parameter, known))
            return None
        if isinstance(symbol.type, Table):
            if isinstance(value, Text) and isinstance(own := self.scope.lookup(value), ParameterSymbol) and own.type == symbol.type:
                message = "a list cannot be handed on as a whole"
                self.problems.error("wrong-type", message, value.span, "write its items: '[a[0], a[1]]'")
                return None
            items = [self.expression(t, scope, symbol.type.element) for t in (value if isinstance(value, tuple) else (value,))]
            return tuple(item for item in items if item is not None)
        if isinstance(value, tuple):
            self.problems.error("wrong-type", f"parameter '{parameter}' is one value, not a list", parameter.span)
            return None
        if isinstance(symbol.type, types.Distribution):
            return self._delay(value, scope)
        if isinstance(symbol.type, Enumeration):
            return self._choice(value, symbol.type, scope)
        return self.expression(value, scope, symbol.type)

    def _choice(self, value: Text, expected: Enumeration, scope: Scope) -> Expression | None:
        """A choice, or a parameter of this module that has the same choices (under whatever name)."""
        own = scope.lookup(value)
        if isinstance(own, ParameterSymbol) and isinstance(own.type, Enumeration) and own.type.members == expected.members:
            found = self.expression(value, scope, own.type)
            return found
        return self.expression(value, scope, expected)

    def _connection(self, port: Text, target: Text, used: Opened, scope: Scope) -> declared.Connection | None:
        """``port: target``, or element by element ``port(k): target(k) for k in 1..n``."""
        parsed_port = parse_reference(port, port.span, self.problems, port.exact)
        parsed = parse_arc(target, target.span, self.problems, target.exact)
        if parsed_port is None or parsed is None:
            return None
        if parsed.multiplicity is not None or parsed.condition is not None or len(parsed.loops) > 1:
            self.problems.error("syntax", "a port is joined to a place: 'place', 'place(w)' or 'place(k) for k in 1..n'", target.span)
            return None
        loop = None
        if parsed.loops:
            loop = checked_loop(parsed.loops[0], scope, self.problems)
            if loop is None:
                return None
            scope = scope.with_variable(loop.variable, loop.type)
        name = links(parsed_port)[0].name
        if name not in used.model.ports:
            what = "is a place, but no port," if name in used.model.places else "is no port"
            self.problems.error("unknown-port", f"'{name}' {what} of the module", port.span, nearest(name, used.model.ports))
            return None
        symbol = used.names[name]
        assert isinstance(symbol, PlaceSymbol)
        indices = self._port_indices(parsed_port, symbol, scope)
        found = find_place(parsed.place, scope, self.problems)
        if indices is None or found is None:
            return None
        if found.rest:
            self.problems.error("wrong-arguments", "a port is joined to a place; a colour has no meaning here", target.span)
            return None
        if found.path.path and not self._is_port_of_sibling(found.path):
            message = f"'{found.path.place}' is no port of '{found.path.path[0].name}'"
            self.problems.error("unknown-port", message, target.span, "only ports of an instance can be joined")
            return None
        return declared.Connection(name, indices, found.path, loop, port.span)

    def _port_indices(self, reference: syntax.Reference, symbol: PlaceSymbol, scope: Scope) -> tuple[Expression, ...] | None:
        arguments = links(reference)[-1].arguments
        if not arguments:
            return ()
        if len(arguments) != len(symbol.dims):
            self.problems.error("wrong-arguments", f"the port has {len(symbol.dims)} indices; {len(arguments)} are given", reference.span)
            return None
        found = [check(a.value, scope, type_, self.problems) for a, type_ in zip(arguments, symbol.dims, strict=True)]
        indices = tuple(e for e in found if e is not None)
        return indices if len(indices) == len(found) else None

    def _is_port_of_sibling(self, path: declared.PlacePath) -> bool:
        instance = self.model.instances.get(path.path[0].name)  # type: ignore[call-overload]
        if instance is None or len(path.path) != 1:
            return False
        return path.place in self.all[self.opened.uses[instance.module]].model.ports

    # measures

    def _measure(self, name: str, m: MeasureDeclaration, span: Span | None) -> None:
        targets: tuple[declared.Target, ...] = ()
        expression: Expression | None = None
        match m.kind:
            case "availability" | "first_passage":
                expression = self.expression(m.subjects[0], self.scope, BOOLEAN)
            case "average" | "integral":
                expression = self._number(m.subjects[0], self.scope)
            case "rate" | "count":
                targets = tuple(target for text in m.subjects for target in self._targets(text, None))
            case "tally":
                targets = self._tally_targets(m)
        if expression is None and not targets:
            return
        self.opened.module.measures[name] = declared.Measure(
            name=name,
            kind=m.kind,
            expression=expression,
            targets=targets,
            at=self._constant(m.at, DURATION),
            over=tuple(e for text in m.over if (e := self._constant(text, DURATION)) is not None),
            until=self._optional(m.until, self.scope, BOOLEAN),
            within=self._constant(m.within, DURATION),
            quantiles=tuple(e for text in m.quantiles if (e := self._constant(text, REAL)) is not None),
            precision=self._constant(m.precision, REAL),
            doc=str(m.doc or ""),
            span=span,
        )

    def _constant(self, text: Text | None, expected: Type) -> Expression | None:
        found = self._optional(text, self.scope, expected)
        if found is not None and _reads_places(found):
            self.problems.error("not-constant", "this may use parameters only, not the marking", found.span)
            return None
        return found

    def _number(self, text: Text, scope: Scope) -> Expression | None:
        """A number of any dimension; a truth value counts as 1 or 0."""
        found = self.expression(text, scope, None)
        if found is None or isinstance(found.type, Number):
            return found
        if isinstance(found.type, types.Boolean):
            return IfElse(INTEGER, found, Constant(INTEGER, 1), Constant(INTEGER, 0), span=found.span)
        self.problems.error("wrong-type", "a number is expected here", found.span)
        return None

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
        if isinstance(symbol, ModuleSymbol):
            scope = scope.with_variable(first.variable, InstanceOf(symbol.name))
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
        arcs = _Arcs(_Declarer(owner, self.all, Problems()), name, owner.scope.child({loop.variable: VariableSymbol(loop.type) for loop in loops}))
        arcs.inputs(declaration.inputs, "input")
        arcs.inputs(declaration.tests, "test")
        known = {loop.variable: VariableSymbol(loop.type) for loop in loops} | {v: VariableSymbol(t) for v, t in arcs.variables}
        return self._number(value, self.scope.child(known))


@dataclass(slots=True)
class _Arcs:
    """Checks the arcs of one transition in order; variables that one binds are known in the next."""

    declarer: _Declarer
    transition: str
    scope: Scope
    variables: list[tuple[str, Type]]

    def __init__(self, declarer: _Declarer, transition: str, scope: Scope) -> None:
        self.declarer = declarer
        self.transition = transition
        self.scope = scope
        self.variables = []

    @property
    def problems(self) -> Problems:
        return self.declarer.problems

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
            found = self.declarer.expression(arc.multiplicity, scope, INTEGER)
        if isinstance(found, Constant) and isinstance(found.value, int) and found.value < 0:
            self.problems.error("bad-value", "a multiplicity cannot be negative", found.span)
            return None
        if found is None or parsed.condition is None:
            return found
        condition = check(parsed.condition, scope, BOOLEAN, self.problems)
        return None if condition is None else IfElse(INTEGER, condition, found, Constant(INTEGER, 0), span=parsed.span)


def _order(text: str) -> Literal["multiset", "fifo", "lifo", "random"]:
    return {"fifo": "fifo", "lifo": "lifo", "random": "random"}.get(text, "multiset")  # type: ignore[return-value]


def _placeholder() -> Expression:
    return deterministic(Constant(DURATION, 1.0))


def _reads_places(expression: Expression) -> bool:
    return any(isinstance(node, (PlaceRead, Now)) for node in walk(expression))

