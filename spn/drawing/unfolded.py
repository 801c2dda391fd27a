"""Unfolded figures, from the net: a node for each element of each place and each index of each transition, in frames by the instances they are in.

All that is known before the net runs is put in: numbers for indices and parameters, names of elements for places. Times are in the units that
the model is written in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from spn.drawing.arcs import merged
from spn.drawing.figure import MOST_ARCS, MOST_NODES, ArcKind, ArcLine, Cluster, End, Figure, Marking, NotDrawable, PlaceNode, TransitionNode
from spn.drawing.times import duration_text, rate_text, units_in
from spn.expressions import static
from spn.expressions.errors import EvaluationError
from spn.expressions.render import render
from spn.expressions.tree import Binary, Constant, DelayCall, Expression, IfElse, Reduce, Tokens, Variable
from spn.expressions.tree import Sequence as ListOf
from spn.expressions.types import DOT, INTEGER, Number, Record
from spn.expressions.walk import children, substitute, transform
from spn.net.labels import label_of
from spn.net.types import Bind, Immediate, InputArc, Loop, Net, OutputArc, Place, Timed, Transition

_SEPARATOR = re.compile(r"\.(?![^(]*\))")


def draw_net(net: Net) -> Figure:
    """Every place and transition of a net by itself. Raises `NotDrawable`, if there are too many."""
    size = sum(place.size for place in net.places) + sum(transition.size for transition in net.transitions)
    if size > MOST_NODES:
        hint = "without --unfold a class is one node"
        raise NotDrawable(f"unfolded the net has {size:,} places and transitions; at most {MOST_NODES} can be drawn ({hint})")
    return _Unfolding(net).draw()


class _Unfolding:
    def __init__(self, net: Net) -> None:
        self.net = net
        self.places = {place.name: place for place in net.places}
        self.single = {place.name for place in net.places if place.size == 1}
        self.colours = {place.name: place.colour for place in net.places}
        self.units = units_in([*net.origin.values(), *(t.span.source.text for t in net.transitions if t.span is not None)])
        self._taken: set[str] = set()
        self.names = {place.name: [self._label(place, "p.", k) for k in range(place.size)] for place in net.places}
        self.figure = Figure(Cluster(""))
        self.clusters = {"": self.figure.root}

    def draw(self) -> Figure:
        for place in self.net.places:
            for element, label in enumerate(self.names[place.name]):
                cluster, name = self._frame(label)
                node = PlaceNode(f"p.{label}", name, "", self._marking(place, element), tuple(self._place_notes(place, element)))
                cluster.nodes.append(node)
        for transition in self.net.transitions:
            for index in range(transition.size):
                self._transition(transition, index)
                if len(self.figure.arcs) > MOST_ARCS:
                    raise NotDrawable(f"unfolded the net has more than {MOST_ARCS:,} arcs; without --unfold a class is one node")
        return self.figure

    def _label(self, part: Place | Transition, prefix: str, index: int) -> str:
        """The name of an element, which is its node's: labels in a net's file may be alike, and are numbered then."""
        if not part.labels:
            label = part.name if part.size == 1 else f"{part.name}[{index}]"
        else:
            label = label_of(part.name, part.labels, index, lambda e, at: static.evaluate(e, {part.index: at}, self.net.tables))
        found = next(name for n in count(1) if prefix + (name := label if n == 1 else f"{label} #{n}") not in self._taken)
        self._taken.add(prefix + found)
        return found

    def _frame(self, label: str) -> tuple[Cluster, str]:
        """The cluster of an element, by the instances in its label, and the rest of its label."""
        *path, name = _SEPARATOR.split(label)
        cluster, key = self.figure.root, ""
        for step in path:
            key = f"{key}.{step}" if key else step
            if key not in self.clusters:
                self.clusters[key] = Cluster(key, step)
                cluster.clusters.append(self.clusters[key])
            cluster = self.clusters[key]
        return cluster, name

    # places

    def _place_notes(self, place: Place, element: int) -> Iterator[str]:
        if place.order != "multiset" and place.colour != DOT:
            yield place.order
        if place.capacity is not None:
            yield f"at most {self._text(place.capacity, {place.index: element})}"

    def _marking(self, place: Place, element: int) -> Marking:
        counts: dict[str, int] = {}
        for tokens in place.initial:
            for values in _points(tokens.loop, {place.index: element}, self._number):
                value = "" if tokens.value is None else self._text(tokens.value, values)
                counts[value] = counts.get(value, 0) + (self._number(tokens.count, values) or 0)
        text = ", ".join(value if n == 1 else f"{n} {value}" for value, n in counts.items() if n and value)
        return Marking(sum(counts.values()), text)

    # transitions

    def _transition(self, transition: Transition, index: int) -> None:
        label = self._label(transition, "t.", index)
        cluster, name = self._frame(label)
        node = f"t.{label}"
        values = {transition.index: index}
        is_timed = isinstance(transition.timing, Timed)
        cluster.nodes.append(TransitionNode(node, name, "", is_timed, tuple(self._notes(transition, values))))
        lines: list[ArcLine] = []
        kinds: tuple[tuple[ArcKind, Sequence[InputArc | OutputArc]], ...] = (
            ("input", transition.inputs),
            ("test", transition.tests),
            ("inhibitor", transition.inhibitors),
            ("reset", transition.resets),
            ("output", transition.outputs),
        )
        for kind, arcs in kinds:
            for arc in arcs:
                for point in _points(arc.loop, values, self._number):
                    lines += self._arc(kind, arc, node, point)
        self.figure.arcs += merged(lines)

    def _notes(self, transition: Transition, values: dict[str, int]) -> Iterator[str]:
        timing = transition.timing
        if isinstance(timing, Timed):
            yield self._delay(timing.delay, values)
        if transition.guard is not None and (guard := self._text(transition.guard, values)) != "true":
            yield f"[{guard}]"
        if timing.priority != (0 if isinstance(timing, Timed) else 1):
            yield f"priority {timing.priority}"
        if isinstance(timing, Immediate):
            if timing.weight != Constant(timing.weight.type, 1.0):
                yield f"weight {self._text(timing.weight, values)}"
            return
        if timing.memory != "enabling":
            yield f"{timing.memory} memory"
        if timing.servers is None:
            yield "infinite servers"
        elif (servers := self._text(timing.servers, values)) != "1":
            yield f"{servers} servers"

    def _delay(self, delay: DelayCall, values: dict[str, int]) -> str:
        arguments = [
            f"[{', '.join(self._text(item, values) for item in argument.items)}]" if isinstance(argument, ListOf) else self._text(argument, values)
            for argument in delay.arguments
        ]
        if delay.name == "deterministic":
            return arguments[0]
        return f"{delay.name}({', '.join(f'{name}={text}' for name, text in zip(delay.form, arguments, strict=True))})"

    def _arc(self, kind: ArcKind, arc: InputArc | OutputArc, node: str, values: dict[str, int]) -> Iterator[ArcLine]:
        number = self._number(arc.multiplicity, values)
        if number == 0:
            return
        place = self.places[arc.place]
        times = "" if number == 1 or kind == "reset" else str(number) if number is not None else f"({self._text(arc.multiplicity, values)})"
        tokens = self._pattern(arc, values) if isinstance(arc, InputArc) else self._token(arc, values)
        inscription = " × ".join(filter(None, (times, f"({tokens})" if tokens else "")))
        element = self._number(arc.element, values)
        if element is not None and not 0 <= element < place.size:
            return
        for k in range(place.size) if element is None else (element,):
            yield ArcLine(kind, End(f"p.{self.names[arc.place][k]}"), node, inscription, is_possible=element is None)

    def _pattern(self, arc: InputArc, values: dict[str, int]) -> str:
        colour = self.places[arc.place].colour
        entries = ["_" if e is None else e.name if isinstance(e, Bind) else self._text(e, values) for e in arc.pattern]
        if isinstance(colour, Record) and not arc.whole:
            entries = [f"{name}={entry}" for (name, _), entry in zip(colour.fields, entries, strict=True) if entry != "_"] or ["_"]
        return ", ".join(entries)

    def _token(self, arc: OutputArc, values: dict[str, int]) -> str:
        return "" if arc.token is None or self.places[arc.place].colour == DOT else self._text(arc.token, values)

    # expressions

    def _number(self, expression: Expression, values: dict[str, int]) -> int | None:
        found = self._settled(expression, values)
        return int(found.value) if isinstance(found, Constant) and isinstance(found.value, int) else None

    def _text(self, expression: Expression, values: dict[str, int]) -> str:
        named = transform(self._settled(expression, values), self._named)
        return render(named, single=self.single, colours=self.colours)

    def _settled(self, expression: Expression, values: dict[str, int]) -> Expression:
        """The expression with its variables' values put in, and what is constant then worked out."""
        constants: dict[str, Expression] = {name: Constant(INTEGER, value) for name, value in values.items()}
        return transform(substitute(expression, constants), self._simpler)

    def _simpler(self, node: Expression) -> Expression:
        if isinstance(node, IfElse) and isinstance(node.condition, Constant):
            return node.then if node.condition.value else node.otherwise
        if isinstance(node, Binary) and node.operator in ("and", "or"):
            decisive = node.operator == "or"
            for side, other in ((node.left, node.right), (node.right, node.left)):
                if isinstance(side, Constant):
                    return side if bool(side.value) is decisive else other
        parts = children(node)
        if not parts or isinstance(node, (Tokens, DelayCall, Reduce)) or not all(isinstance(part, Constant) for part in parts):
            return node
        try:
            value = static.evaluate(node, {}, self.net.tables)
        except EvaluationError:
            return node
        return Constant(node.type, value)

    def _named(self, node: Expression) -> Expression:
        """An element by its name, and a time in units people use."""
        if isinstance(node, Tokens) and isinstance(node.element, Constant):
            assert isinstance(node.element.value, int)
            names = self.names[node.place]
            name = names[node.element.value] if 0 <= node.element.value < len(names) else node.place
            entries = ", ".join("_" if e is None else render(e, single=self.single, colours=self.colours) for e in node.pattern)
            return Variable(INTEGER, f"{name}({entries})" if entries else name)
        if isinstance(node, Constant) and isinstance(node.type, Number) and isinstance(node.value, int | float) and node.type.dimension in (1, -1):
            text = duration_text(node.value, self.units) if node.type.dimension == 1 else rate_text(node.value, self.units)
            return Variable(node.type, text)
        return node


def _points(
    loop: Loop | None, values: dict[str, int], number: Callable[[Expression, dict[str, int]], int | None]
) -> Iterator[dict[str, int]]:
    """The values of the variables of a fan, one dictionary for each of its arcs."""
    if loop is None:
        yield values
        return
    low, high = number(loop.start, values), number(loop.stop, values)
    if low is None or high is None:
        raise NotDrawable("what an arc fans out over is known only at run time; draw the net folded (without --unfold)")
    for value in range(low, high + 1):
        yield {**values, loop.variable: value}
