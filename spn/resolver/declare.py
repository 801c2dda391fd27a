"""Declaring: a model's places, transitions, instances and measures, checked once for each module however often it is used.

The second half of checking a model; `spn.resolver.opening` has made every name known. All problems of all files are found in one go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Literal

from spn.expressions import syntax, types
from spn.expressions.check import check, check_delay, check_token_value
from spn.expressions.delays import deterministic
from spn.expressions.parse import parse_arc, parse_argument_list, parse_expression, parse_reference
from spn.expressions.scope import ParameterSymbol, PlaceSymbol, Scope, VariableSymbol
from spn.expressions.tree import Constant, DelayCall, Expression, IfElse, Range, Sequence, Values, Variable
from spn.expressions.types import BOOLEAN, DOT, DURATION, INTEGER, REAL, Enumeration, Table, Type
from spn.expressions.walk import free_variables
from spn.model.read import Library
from spn.model.types import InstanceDeclaration, Label, Model, PlaceDeclaration, Text, TransitionDeclaration
from spn.net.types import INDEX, Memory
from spn.records import dataclass
from spn.resolver import declarations as declared
from spn.resolver.checks import checked_loop, expression_of, parse_list, reads_marking
from spn.resolver.colours import domain_of_colour
from spn.resolver.declarations import Loop, Module
from spn.resolver.declare_arcs import Arcs
from spn.resolver.declare_measures import Measures
from spn.resolver.opening import Opener
from spn.resolver.references import find_place, links
from spn.resolver.scopes import Opened
from spn.text.problems import Problems, nearest
from spn.text.source import Span

MEMORIES: tuple[Memory, ...] = ("enabling", "age", "resampling")
MEMORY = Enumeration("memory", MEMORIES)



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
            measures = Measures(self.opened, self.all, self.problems)
            for name, measure in self.model.measures.items():
                measures.declare(str(name), measure, name.span, module.measures)
            for name, event in self.model.rare.items():
                for key, part in event.parts(self.model.measures).items():
                    measures.declare_rare(f"{name}.{key}", part, name.span)

    # expressions

    def expression(self, text: Text, scope: Scope, expected: Type | None) -> Expression | None:
        return expression_of(text, scope, expected, self.problems)

    def _optional(self, text: Text | None, scope: Scope, expected: Type) -> Expression | None:
        return None if text is None else self.expression(text, scope, expected)

    def _or(self, text: Text | None, scope: Scope, default: Constant) -> Expression:
        """The expression of a text, or a default where there is none (or it has a problem)."""
        return self._optional(text, scope, default.type) or default

    def _static(self, text: Text | None, scope: Scope, what: str) -> Expression | None:
        """A condition on parameters alone."""
        found = self._optional(text, scope, BOOLEAN)
        if found is not None and reads_marking(found):
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
        if found is not None and reads_marking(found):
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
                if initial == "all":
                    message = f"the tokens of '{name}' are plain; a number says how many there are"
                    self.problems.error("wrong-initial", message, initial.span, "'all' is one token of each colour: give the place a 'colour'")
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
        arcs = Arcs(self.problems, scope)
        inputs = arcs.inputs(declaration.inputs, "input")
        tests = arcs.inputs(declaration.tests, "test")
        bound = tuple(arcs.variables)
        inhibitors = arcs.inputs(declaration.inhibitors, "inhibitor")
        resets = arcs.inputs(declaration.resets, "reset")
        scope = arcs.scope
        is_timed = declaration.delay is not None
        self._check_keys(name, declaration, is_timed)
        delay = self._delay(declaration.delay, scope, {loop.variable for loop in loops})
        static_scope = self._loops_scope(loops)
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
            priority=self._constant_or(declaration.priority, static_scope, Constant(INTEGER, 0 if is_timed else 1)),
            weight=self._or(declaration.weight, scope, Constant(REAL, 1.0)),
            memory=self._constant_or(declaration.memory, static_scope, Constant(MEMORY, 0)),
            servers=self._servers(declaration.servers, scope),
            when=self._static(declaration.when, static_scope, "when"),
            span=span,
            labels=self._labels(declaration.labels, static_scope),
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

    def _constant_or(self, text: Text | None, scope: Scope, default: Constant) -> Expression:
        found = self._optional(text, scope, default.type)
        if found is not None and reads_marking(found):
            self.problems.error("not-constant", "this may use parameters and 'for' variables only, not the marking or the time", found.span)
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

    def _delay(self, text: Text | None, scope: Scope, static: Collection[str]) -> Expression | None:
        """A delay; `static` are the variables that are known before anything runs."""
        if text is None:
            return None
        parsed = parse_expression(text, text.span, self.problems, text.exact)
        found = None if parsed is None else check_delay(parsed, scope, self.problems)
        if found is not None and isinstance(parsed, syntax.Call) and isinstance(parsed.callee, syntax.Name) and parsed.callee.name == "exp":
            message = "this is a number, and so a constant delay of so many seconds: 'exp' is the exponential function"
            self.problems.warning("not-exponential", message, text.span, "the distribution is 'exponential(rate=...)' or 'exponential(mean=...)'")
        # A delay with a problem still makes the transition a timed one.
        return (None if found is None else self._one_kind(found, static)) or _placeholder()

    def _one_kind(self, delay: Expression, static: Collection[str]) -> Expression | None:
        """A delay whose kind does not change as the net runs: choices by marking or token are made in the arguments."""
        if not isinstance(delay, IfElse):
            return delay
        then, otherwise = self._one_kind(delay.then, static), self._one_kind(delay.otherwise, static)
        if then is None or otherwise is None:
            return None
        condition = delay.condition
        if not reads_marking(condition) and free_variables(condition) <= set(static):
            return replace(delay, then=then, otherwise=otherwise)
        merged = _merged(condition, then, otherwise)
        if merged is None:
            message = "which kind of distribution it is may not depend on the marking or on tokens"
            self.problems.error("not-constant", message, condition.span, "write two transitions with guards")
        return merged

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
            return self._delay(value, scope, scope.names)
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



def _order(text: str) -> Literal["multiset", "fifo", "lifo", "random"]:
    return {"fifo": "fifo", "lifo": "lifo", "random": "random"}.get(text, "multiset")  # type: ignore[return-value]


def _merged(condition: Expression, then: Expression, otherwise: Expression) -> DelayCall | None:
    """Two distributions of one kind as one, with arguments that depend on the condition; None if they are of different kinds."""
    if not isinstance(then, DelayCall) or not isinstance(otherwise, DelayCall) or (then.name, then.form) != (otherwise.name, otherwise.form):
        return None
    arguments: list[Expression | Sequence] = []
    for a, b in zip(then.arguments, otherwise.arguments, strict=True):
        if isinstance(a, Sequence) and isinstance(b, Sequence) and len(a.items) == len(b.items):
            arguments.append(Sequence(tuple(IfElse(x.type, condition, x, y) for x, y in zip(a.items, b.items, strict=True))))
        elif isinstance(a, Sequence) or isinstance(b, Sequence):
            return None
        else:
            arguments.append(IfElse(a.type, condition, a, b))
    return replace(then, arguments=tuple(arguments))


def _placeholder() -> Expression:
    return deterministic(Constant(DURATION, 1.0))
