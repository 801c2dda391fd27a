"""Literals as what is expected where they stand: a parameter's 3, put where a duration belongs, is the literal ``3.0 s`` in the net.

Reading a net's text takes them so; without this a net and its text read again would differ in the types of their literals.
"""

from __future__ import annotations

from dataclasses import replace

from spn.distributions import FAMILIES
from spn.expressions.fitting import fit
from spn.expressions.tokens import components
from spn.expressions.tree import Constant, DelayCall, Expression, IfElse, Make, Sequence, Tokens
from spn.expressions.types import INTEGER, REAL, Number, Product, Record, Type
from spn.expressions.walk import transform
from spn.net.rewrite import map_expressions
from spn.net.types import Entry, Immediate, InitialTokens, InputArc, Net, OutputArc, Place, Transition
from spn.text.problems import Problems


def with_fitting_literals(net: Net) -> Net:
    """The net with every literal of the type that is expected where it stands."""
    colours = {place.name: place.colour for place in net.places}
    places = tuple(_place(map_expressions(place, lambda e: _inside(e, colours))) for place in net.places)
    transitions = tuple(_transition(map_expressions(t, lambda e: _inside(e, colours)), colours) for t in net.transitions)
    measures = tuple(map_expressions(measure, lambda e: _inside(e, colours)) for measure in net.measures)
    return replace(net, places=places, transitions=transitions, measures=measures)


def fitted(expression: Expression, wanted: Type) -> Expression:
    """The expression where a value of type `wanted` is expected, its literals (and those of its branches) of that type."""
    if isinstance(expression, IfElse) and isinstance(wanted, Number):
        then, otherwise = fitted(expression.then, wanted), fitted(expression.otherwise, wanted)
        return replace(expression, type=INTEGER if then.type == otherwise.type == INTEGER else wanted, then=then, otherwise=otherwise)
    if isinstance(expression, IfElse):
        return replace(expression, then=fitted(expression.then, wanted), otherwise=fitted(expression.otherwise, wanted))
    if isinstance(expression, Constant) and isinstance(expression.type, Number):
        return fit(expression, wanted, Problems()) or expression
    return expression


def _inside(expression: Expression, colours: dict[str, Type]) -> Expression:
    return transform(expression, lambda node: _node(node, colours))


def _node(node: Expression, colours: dict[str, Type]) -> Expression:
    match node:
        case Make() if isinstance(node.type, Product | Record):
            return replace(node, components=tuple(fitted(e, t) for e, (_, t) in zip(node.components, components(node.type) or (), strict=True)))
        case Tokens(pattern=pattern) if pattern:
            colour = colours[node.place]
            parts = components(colour)
            types = [colour] if parts is None else [t for _, t in parts]
            return replace(node, pattern=tuple(None if e is None else fitted(e, t) for e, t in zip(pattern, types, strict=True)))
        case DelayCall():
            return fitted_delay(node)
        case _:
            return node


def fitted_delay(call: DelayCall) -> DelayCall:
    """A delay with the literals among its arguments of the types that they are to have."""
    form = next(form for form in FAMILIES[call.name].forms if form.names == call.form)
    arguments: list[Expression | Sequence] = []
    for argument, expected in zip(call.arguments, form.arguments, strict=True):
        wanted = Number(expected.integer, expected.dimension)
        if isinstance(argument, Sequence):
            arguments.append(Sequence(tuple(fitted(item, wanted) for item in argument.items)))
        else:
            arguments.append(fitted(argument, wanted))
    return replace(call, arguments=tuple(arguments))


def _place(place: Place) -> Place:
    return replace(place, initial=tuple(_initial(tokens, place.colour) for tokens in place.initial))


def _initial(tokens: InitialTokens, colour: Type) -> InitialTokens:
    return tokens if tokens.value is None else replace(tokens, value=fitted(tokens.value, colour))


def _transition(t: Transition, colours: dict[str, Type]) -> Transition:
    timing = t.timing
    if isinstance(timing, Immediate):
        timing = replace(timing, weight=fitted(timing.weight, REAL))
    inputs, tests, inhibitors, resets = (
        tuple(_input(arc, colours[arc.place]) for arc in arcs) for arcs in (t.inputs, t.tests, t.inhibitors, t.resets)
    )
    outputs = tuple(_output(arc, colours[arc.place]) for arc in t.outputs)
    return replace(t, timing=timing, inputs=inputs, tests=tests, inhibitors=inhibitors, resets=resets, outputs=outputs)


def _input(arc: InputArc, colour: Type) -> InputArc:
    if not arc.pattern:
        return arc
    types = [colour] if arc.whole else [t for _, t in components(colour) or ()]
    pattern: tuple[Entry, ...] = tuple(fitted(e, t) if isinstance(e, Expression) else e for e, t in zip(arc.pattern, types, strict=True))
    return replace(arc, pattern=pattern)


def _output(arc: OutputArc, colour: Type) -> OutputArc:
    return arc if arc.token is None else replace(arc, token=fitted(arc.token, colour))
