"""Folded figures, from the model: a node for each declared place and transition, with its index space, and a frame or a box for each instance.

Texts are drawn as they were written, less what the parameters decide (`settled`). What exists for no instance that is drawn is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from spn.drawing.arcs import Join, arc_lines, end_of, join_lines, joins_of
from spn.drawing.figure import (
    MOST_ARCS,
    MOST_NODES,
    BoxNode,
    Cluster,
    End,
    Figure,
    Marking,
    NotDrawable,
    PlaceNode,
    Port,
    TransitionNode,
)
from spn.drawing.settled import Rows, Spelling, parameters_in, remaining
from spn.drawing.units import Unit, Units, index_of, values
from spn.expressions.tree import Constant, DelayCall, Domain, Expression, Parameter, PlaceRead, Range, Values
from spn.expressions.types import Enumeration
from spn.model.types import PlaceDeclaration, Text, TransitionDeclaration
from spn.resolver.declarations import Initial, InputArc, OutputArc, Place, PlacePath, Transition
from spn.resolver.elaborate import Elaboration
from spn.text.problems import nearest


def draw_model(elaboration: Elaboration, given: Mapping[str, Text], inside: bool = False) -> Figure:
    """A whole model. An instance is a frame around the instances in it, or a box if it has none; with `inside` a frame around all that is in it."""
    units = Units(elaboration, given)
    unit = units.root()
    figure = _Drawer(units, inside).draw(unit, unit.cluster)
    _place_ports(unit.cluster, figure)
    return figure


def draw_module(elaboration: Elaboration, given: Mapping[str, Text], name: str, model: str) -> Figure:
    """One module as it is written, its ports at the border of its frame; the model's own name is that of the outermost one, which may be in itself.

    Raises `NotDrawable`, if there is no such module.
    """
    known = [module for module in elaboration.modules if module]
    key = "" if name == model and name not in known else name
    if key and name not in known:
        hint = nearest(name, known) or (f"there are {', '.join(known)}" if known else "it has no modules")
        raise NotDrawable(f"the model has no module '{name}'; {hint}")
    units = Units(elaboration, given)
    unit = units.alone(key)
    unit.cluster = Cluster("module", name)
    figure = _Drawer(units, inside=False).draw(unit, Cluster("", clusters=[unit.cluster]))
    _place_ports(unit.cluster, figure)
    return figure


def _place_ports(cluster: Cluster, figure: Figure) -> None:
    """Put ports that the module takes from on the left border, those that it puts into on the right."""
    for node in cluster.nodes:
        if isinstance(node, PlaceNode) and node.is_port:
            own = [arc.kind in ("output", "both", "refill") for arc in figure.arcs if arc.place.node == node.id]
            if own:
                (cluster.last if 2 * sum(own) > len(own) else cluster.first).append(node.id)


class _Drawer:
    def __init__(self, units: Units, inside: bool) -> None:
        self.units, self.inside = units, inside
        self.figure = Figure(Cluster(""))
        self.names: dict[str, None] = {}
        self.abandoned: set[str] = set()
        self.read: set[str] = set()
        self.nodes = 0

    def draw(self, unit: Unit, outermost: Cluster) -> Figure:
        """The figure of a unit, within `outermost`."""
        self.figure.root = outermost
        self._unit(unit)
        self._drop_unused(outermost)
        texts = unit.values or values(unit.module, {}, {})
        self.figure.legend = [f"{name} = {texts[name]}" for name in self.names]
        return self.figure

    # units

    def _unit(self, unit: Unit) -> None:
        """Everything of a unit: its places, the instances in it, its transitions, and the lines between them."""
        for name, declaration in (*unit.model.places.items(), *unit.model.ports.items()):
            self._place(unit, str(name), declaration, unit.module.places[name])
        joins = [*joins_of(unit)]
        self._instances(unit, joins)
        for key, declared in unit.model.transitions.items():
            self._transition(unit, str(key), declared, unit.module.transitions[key])
        self.figure.joins += join_lines(unit, joins)
        self._guard_size()

    def _instances(self, unit: Unit, joins: Sequence[Join]) -> None:
        found = {}
        for key, declaration in unit.model.instances.items():
            below = self.units.below(unit, unit.module.instances[key], declaration)
            if below is None:
                self._leave_out(unit, str(key))
            else:
                found[str(key)] = (below, declaration)
        unit.inner = {name: below for name, (below, _) in found.items()}
        for name, (inner, declaration) in found.items():
            index = index_of(declaration.loops, unit.module.instances[name].loops, unit)
            self._count()
            if (self.inside or self.units.has_inner(inner)) and self._may_open(unit):
                inner.cluster = Cluster(inner.path, name, str(declaration.module), index)
                unit.cluster.clusters.append(inner.cluster)
                self._unit(inner)
            else:
                self._box(unit, name, str(declaration.module), index, joins)

    def _may_open(self, unit: Unit) -> bool:
        """Whether what is in a unit may be opened: not in a module that is drawn alone."""
        return self.figure.root is unit.cluster or bool(unit.path)

    def _box(self, unit: Unit, name: str, module: str, index: str, joins: Sequence[Join]) -> None:
        """An instance with its ports on the border: on the left as it joins them, on the right as others are joined to them."""
        inner = unit.inner[name]
        inner.closed = f"i.{inner.path}"
        spaces = {
            str(port): index_of(declaration.over, place.dims, inner)
            for port, declaration in inner.model.ports.items()
            if not inner.rows.where((place := inner.module.places[port]).when).over(place.dims).is_empty
        }
        left: list[Port] = []
        right: dict[str, list[Port]] = {}
        taken: set[str] = set()
        for number, join in enumerate(joins):
            if join.instance == name and join.port in spaces:
                left.append(Port(f"c{number}", join.own, spaces[join.port] if join.own == join.port else ""))
                taken.add(join.port)
                inner.ends[f"={number}"] = inner.ends[join.port] = End(inner.closed, f"c{number}")
            elif join.other == name and join.place.place in spaces and join.instance in unit.inner:
                target = join.place.place
                right.setdefault(join.instance, []).append(Port(f"c{number}", target + join.target, "" if join.target else spaces[target]))
                taken.add(target)
                inner.ends[f"={number}"] = End(inner.closed, f"c{number}")
        for k, (port, space) in enumerate(spaces.items()):
            if port not in taken:
                left.append(Port(f"p{k}", port, space))
                inner.ends[port] = End(inner.closed, f"p{k}")
        unit.cluster.nodes.append(BoxNode(inner.closed, name, module, index, tuple(left), tuple(map(tuple, right.values()))))

    # places and transitions

    def _place(self, unit: Unit, name: str, declaration: PlaceDeclaration, place: Place) -> None:
        rows = unit.rows.where(place.when)
        if rows.over(place.dims).is_empty:
            self._leave_out(unit, name)
            return
        node = f"p.{unit.path}.{name}" if unit.path else f"p.{name}"
        unit.ends[name] = End(node)
        notes = [str(text) for text in (declaration.colour,) if text is not None]
        if declaration.order is not None and declaration.order != "multiset":
            notes.append(str(declaration.order))
        if declaration.capacity is not None and place.capacity is not None:
            notes.append(f"at most {self._spelt(declaration.capacity, place.capacity, rows.over(place.dims), unit)}")
        notes += self._condition(declaration.when, place.when, unit.rows, unit)
        index = index_of(declaration.over, place.dims, replace(unit, rows=rows))
        marking = self._marking(declaration, place, rows.over(place.dims), unit)
        unit.cluster.nodes.append(PlaceNode(node, name, index, marking, tuple(notes), place.is_port))
        self._count()

    def _marking(self, declaration: PlaceDeclaration, place: Place, rows: Rows, unit: Unit) -> Marking:
        counts = [rows.over([tokens.loop] if tokens.loop else []).number(tokens.count) for tokens in place.initial]
        sizes = [1 if tokens.loop is None else self._size(tokens.loop.domain, rows) for tokens in place.initial]
        known = [c * s for c, s in zip(counts, sizes, strict=True) if c is not None and s is not None]
        count = sum(known) if len(known) == len(counts) else None
        match declaration.initial:
            case None:
                return Marking(0)
            case dict() as entries:
                shown = [_times(self._number(text, tokens.count, rows, unit), str(value)) for (value, text), tokens in _paired(entries, place)]
                return Marking(count, ", ".join(filter(None, shown)))
            case tuple() as tokens:
                return Marking(count, ", ".join(_times(str(n), text) for text, n in _counted(tokens).items()))
            case Text() as text if text == "all" and place.initial and place.initial[0].value is not None:
                return Marking(count, "one of each")
            case text:
                return Marking(count) if count is not None else Marking(None, f"{self._spelt(text, place.initial[0].count, rows, unit)} tokens")

    def _size(self, domain: Domain, rows: Rows) -> int | None:
        match domain:
            case Range(start, stop):
                low, high = rows.number(start), rows.number(stop)
                return None if low is None or high is None else max(high - low + 1, 0)
            case Values(colour):
                return len(colour.members) if isinstance(colour, Enumeration) else 2
        return None

    def _number(self, text: Text, expression: Expression, rows: Rows, unit: Unit) -> str:
        number = rows.number(expression)
        return str(number) if number is not None else self._spelt(text, expression, rows, unit)

    def _transition(self, unit: Unit, name: str, declaration: TransitionDeclaration, transition: Transition) -> None:
        everywhere = unit.rows.over(transition.loops)
        rows = everywhere.where(transition.when)
        if rows.is_empty:
            self._leave_out(unit, name, declaration.when)
            self.abandoned |= {end.node for arc in _arcs(transition) if (end := end_of(unit, arc.place)) is not None}
            return
        node = f"t.{unit.path}.{name}" if unit.path else f"t.{name}"
        spell: Callable[[Text, Expression], str] = lambda text, expression: self._spelt(text, expression, rows, unit)  # noqa: E731
        notes = [*self._timing(declaration, transition, rows, unit, spell), *self._condition(declaration.when, transition.when, everywhere, unit)]
        index = index_of(declaration.loops, transition.loops, unit)
        unit.cluster.nodes.append(TransitionNode(node, name, index, transition.delay is not None, tuple(notes)))
        self._count()
        lines, read, abandoned = arc_lines(unit, node, declaration, transition, rows)
        self.figure.arcs += lines
        self.abandoned |= abandoned
        self._mention(unit, read, rows)

    def _timing(
        self, declaration: TransitionDeclaration, transition: Transition, rows: Rows, unit: Unit, spell: Callable[[Text, Expression], str]
    ) -> Iterator[str]:
        """The notes of a transition, the delay first."""
        if declaration.delay is not None and transition.delay is not None:
            value = transition.delay
            text = unit.values.get(value.name) if isinstance(value, Parameter) else None
            if text is None:
                text = spell(declaration.delay, value)
                self._mention(unit, [value] if isinstance(value, (DelayCall, Parameter)) else [], rows)
            yield _short(text)
        if declaration.guard is not None and transition.guard is not None and rows.truth(transition.guard) is not True:
            self._mention(unit, [transition.guard], rows)
            yield f"[{spell(declaration.guard, transition.guard)}]"
        usual = 0 if transition.delay is not None else 1
        if declaration.priority is not None and rows.number(transition.priority) != usual:
            yield f"priority {self._number(declaration.priority, transition.priority, rows, unit)}"
        if declaration.weight is not None and transition.weight != Constant(transition.weight.type, 1.0):
            self._mention(unit, [transition.weight], rows)
            yield f"weight {spell(declaration.weight, transition.weight)}"
        if declaration.memory is not None and (memory := spell(declaration.memory, transition.memory)) != "enabling":
            yield f"{memory} memory"
        if declaration.servers is not None and rows.number(transition.servers or Constant(transition.priority.type, 0)) != 1:
            servers = "infinite" if transition.servers is None else spell(declaration.servers, transition.servers)
            yield f"{servers} servers"

    def _condition(self, text: Text | None, condition: Expression | None, rows: Rows, unit: Unit) -> Iterator[str]:
        """The condition under which something exists, where it is not decided."""
        if text is not None and condition is not None and rows.truth(condition) is None:
            self._mention(unit, [condition], rows)
            yield f"when {self._spelt(text, condition, rows, unit)}"

    def _spelt(self, text: Text, expression: Expression, rows: Rows, unit: Unit) -> str:
        return spelt(text, expression, rows, unit.values)

    def _mention(self, unit: Unit, expressions: Iterable[Expression], rows: Rows) -> None:
        """Note which places texts name, and which parameters, for the legend; those of inner modules have other values in each."""
        drawn = list(expressions)
        for node in (part for expression in drawn for part in remaining(expression, rows)):
            if isinstance(node, PlaceRead) and (end := end_of(unit, PlacePath(node.path, node.place, (), None))) is not None:
                self.read.add(end.node)
        if not unit.path:
            self.names |= dict.fromkeys(parameters_in(drawn, rows, unit.values))

    def _leave_out(self, unit: Unit, name: str, when: Text | None = None) -> None:
        path = f"{unit.path}.{name}" if unit.path else name
        self.figure.missing.append(f"{path} (when {' '.join(when.split())})" if when is not None else path)

    def _drop_unused(self, cluster: Cluster) -> None:
        """Leave out places at which every arc is left out: in ``counting == leaky`` nothing opens a window, and its place would float about."""
        used = {arc.place.node for arc in self.figure.arcs} | {end.node for join in self.figure.joins for end in (join.outer, join.port)}
        unused = self.abandoned - used - self.read
        self.figure.missing += sorted(node.removeprefix("p.") for node in unused)
        _remove(cluster, unused)

    def _count(self) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise NotDrawable(f"the drawing would have more than {MOST_NODES} nodes; draw one module of it (--module NAME)")

    def _guard_size(self) -> None:
        if len(self.figure.arcs) + len(self.figure.joins) > MOST_ARCS:
            raise NotDrawable(f"the drawing would have more than {MOST_ARCS:,} arcs; draw one module of it (--module NAME)")


def _arcs(transition: Transition) -> tuple[InputArc | OutputArc, ...]:
    return (*transition.inputs, *transition.tests, *transition.inhibitors, *transition.resets, *transition.outputs)


def _remove(cluster: Cluster, nodes: set[str]) -> None:
    cluster.nodes = [node for node in cluster.nodes if node.id not in nodes or (isinstance(node, PlaceNode) and (node.is_port or node.marking.count))]
    for inner in cluster.clusters:
        _remove(inner, nodes)


def spelt(text: Text, expression: Expression, rows: Rows, values: Mapping[str, str]) -> str:
    """A text less what is decided; as it is, where the characters of the file do not correspond to it."""
    if not text.exact:
        return " ".join(text.split())
    return Spelling(str(text), text.span.start, rows, values).piece(0, len(text), [expression])


def _short(delay: str) -> str:
    """A delay without what says nothing: a deterministic one is its value."""
    found = re.fullmatch(r"deterministic\((?:value=)?([^()]*)\)", delay)
    return found[1] if found else delay


def _times(count: str, value: str) -> str:
    """``2 voice``; a single token is its value, none is nothing."""
    return value if count == "1" else "" if count == "0" else f"{count} {value}"


def _paired(entries: Mapping[Text, Text], place: Place) -> Iterator[tuple[tuple[Text, Text], Initial]]:
    return zip(entries.items(), place.initial, strict=True)


def _counted(tokens: Iterable[Text]) -> dict[str, int]:
    found: dict[str, int] = {}
    for token in tokens:
        found[str(token)] = found.get(str(token), 0) + 1
    return found
