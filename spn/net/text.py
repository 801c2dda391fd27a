"""The text form of a net: plain data that is a valid model file, and the digest that identifies a net.

Reading the text gives the same net again. Places and transitions are arrays over ``i in 0..size-1``; what is irregular is looked up in tables.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from spn.expressions.render import render
from spn.expressions.tree import Constant, DelayCall, Expression, Make, Tokens
from spn.expressions.types import BOOLEAN, DOT, INTEGER, Boolean, Dot, Enumeration, Number, Product, Record, Type
from spn.net.rewrite import names_of, places_with_computed_elements, unused, with_positions_for_names
from spn.net.types import (
    At,
    Availability,
    Average,
    Bind,
    Count,
    Firings,
    FirstPassage,
    Immediate,
    InitialTokens,
    InputArc,
    Integral,
    Label,
    Loop,
    Measure,
    Net,
    OutputArc,
    Over,
    Place,
    Rate,
    Steady,
    Tally,
    Timed,
    Transition,
    Until,
)

Data = dict[str, Any]


def digest(net: Net) -> str:
    """SHA-256 of what the net means: not of its name, description, origin, nor of the names of places, transitions and their indices."""
    return hashlib.sha256(_meaning(_Writer(with_positions_for_names(net)).net_data()).encode()).hexdigest()


def _meaning(data: Data) -> str:
    for key in ("name", "description", "origin"):
        data.pop(key, None)
    for measure in data.get("measures", {}).values():
        measure.pop("doc", None)
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


class DelayDigests:
    """The digests of nets that differ from one in the delays of some transition classes only."""

    def __init__(self, net: Net, classes: Iterable[int]) -> None:
        self._writer = _Writer(with_positions_for_names(net))
        data = self._writer.net_data()
        marks = {f"\0delay {number}\0": number for number in classes}
        for mark, number in marks.items():
            data["transitions"][f"transition {number}"]["delay"] = mark
        numbers = {json.dumps(mark): number for mark, number in marks.items()}
        pieces = re.split(f"({'|'.join(map(re.escape, numbers))})", _meaning(data)) if numbers else [_meaning(data)]
        self._parts: list[str | int] = [numbers.get(piece, piece) for piece in pieces]

    def of(self, delays: Mapping[int, DelayCall]) -> str:
        """The digest of the net with these delays; all of `classes` are given."""
        pieces = (part if isinstance(part, str) else json.dumps(self._writer.expression(delays[part])) for part in self._parts)
        return hashlib.sha256("".join(pieces).encode()).hexdigest()


def to_dict(net: Net) -> Data:
    """The net as plain data in the model language."""
    return _Writer(net).net_data()


def to_json(net: Net) -> str:
    """The net as JSON (which is YAML), a place or transition a line."""
    lines = []
    for key, value in to_dict(net).items():
        if isinstance(value, dict):
            entries = ",\n".join(f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in value.items())
            lines.append(f"  {json.dumps(key)}: {{\n{entries}\n  }}")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}"


class _Writer:
    def __init__(self, net: Net) -> None:
        self.net = net
        self.places = {place.name: place for place in net.places}
        chosen = places_with_computed_elements(net)
        self.single = {place.name for place in net.places if place.size == 1 and place.name not in chosen}
        self.colours = {place.name: place.colour for place in net.places}
        self.names = {*names_of(net), *net.tables}

    def net_data(self) -> Data:
        net = self.net
        data: Data = {"spn": 1, "name": net.name}
        if net.description:
            data["description"] = net.description
        if net.origin:
            data["origin"] = dict(net.origin)
        sections: dict[str, Data] = {
            "colours": self._colours(),
            "tables": {name: self._table(name) for name in net.tables},
            "places": {place.name: self._place(place) for place in net.places},
            "transitions": {transition.name: self._transition(transition) for transition in net.transitions},
            "measures": {measure.name: self._measure(measure) for measure in net.measures},
        }
        return data | {key: section for key, section in sections.items() if section}

    def expression(self, expression: Expression) -> str:
        return render(expression, single=self.single, colours=self.colours)

    def _number(self, expression: Expression) -> int | float | str:
        """A plain number as such, anything else as text."""
        if isinstance(expression, Constant) and isinstance(expression.type, Number) and expression.type.dimension == 0:
            assert isinstance(expression.value, int | float)
            return expression.value
        return self.expression(expression)

    # colours and tables

    def _colours(self) -> Data:
        found: Data = {}
        for type_ in self.net.colours.values():
            self._colour(type_, found)
        return found

    def _colour(self, type_: Type, found: Data) -> None:
        """Declare a colour, after the colours it is made of."""
        if isinstance(type_, Enumeration):
            found[type_.name] = list(type_.members)
        elif isinstance(type_, Product | Record):
            parts = type_.fields if isinstance(type_, Record) else tuple((str(k), t) for k, t in enumerate(type_.components))
            bounds = self.net.bounds.get(type_.name, (None,) * len(parts))
            texts: dict[str, str] = {}
            for (name, part), bound in zip(parts, bounds, strict=True):
                self._colour(part, found)
                texts[name] = self._part(type_, name, part, bound, found)
            found[type_.name] = texts if isinstance(type_, Record) else " * ".join(texts.values())

    def _part(self, whole: Product | Record, name: str, part: Type, bound: tuple[int, int] | None, found: Data) -> str:
        if bound is not None:
            if isinstance(whole, Product):
                return f"{bound[0]}..{bound[1]}"
            range_name = unused(f"{whole.name}__{name}", self.names)
            found[range_name] = f"{bound[0]}..{bound[1]}"
            return range_name
        if isinstance(part, Number):
            return "int" if part.integer else ("time" if part.dimension == 1 else "real")
        return "bool" if isinstance(part, Boolean) else str(getattr(part, "name", ""))

    def _table(self, name: str) -> Any:
        element = self.net.table_types[name]
        values = self.net.tables[name].tolist()
        if isinstance(element, Enumeration):
            return {"type": element.name, "values": [element.members[value] for value in values]}
        if isinstance(element, Number) and element.dimension:
            return {"type": "duration" if element.dimension == 1 else "rate", "values": values}
        if element == INTEGER or isinstance(element, Boolean):
            return values
        return {"type": "real", "values": values}

    # places

    def _place(self, place: Place) -> Data:
        data: Data = {}
        if place.name not in self.single:
            data["over"] = self._over(place.index, place.size)
        if place.colour != DOT:
            data["colour"] = self._place_colour(place)
        if place.order != "multiset":
            data["order"] = place.order
        if place.capacity is not None:
            data["capacity"] = self._number(place.capacity)
        if place.initial:
            data["initial"] = self._initial(place.initial)
        return data | self._labels(place.labels)

    def _over(self, index: str, size: int) -> str:
        return f"{index} in 0..{size - 1}"

    def _place_colour(self, place: Place) -> str:
        if isinstance(place.colour, Number):
            assert place.bounds and place.bounds[0] is not None
            return f"{place.bounds[0][0]}..{place.bounds[0][1]}"
        return "bool" if place.colour == BOOLEAN else str(getattr(place.colour, "name", ""))

    def _initial(self, initial: Iterable[InitialTokens]) -> Any:
        counts: dict[str, int | float | str] = {}
        for tokens in initial:
            if tokens.value is None:
                return self._number(tokens.count)
            value, loop = self.expression(tokens.value), self._for(tokens.loop)
            while value + loop in counts:  # the order of tokens counts, so that equal ones are not put together
                value = f"({value})"
            counts[value + loop] = self._number(tokens.count)
        return counts

    def _labels(self, labels: tuple[Label, ...]) -> Data:
        rows = [[label.start, label.template] + ([[self._number(a) for a in label.arguments]] if label.arguments else []) for label in labels]
        return {"labels": rows} if rows else {}

    # transitions

    def _transition(self, transition: Transition) -> Data:
        data: Data = {}
        if transition.size > 1:
            data["for"] = self._over(transition.index, transition.size)
        for key, arcs in (("in", transition.inputs), ("test", transition.tests), ("inhibit", transition.inhibitors), ("reset", transition.resets)):
            if arcs:
                data[key] = [self._input(arc) for arc in arcs]
        if transition.outputs:
            data["out"] = [self._output(arc) for arc in transition.outputs]
        if transition.guard is not None:
            data["guard"] = self.expression(transition.guard)
        return data | self._timing(transition.timing) | self._labels(transition.labels)

    def _timing(self, timing: Immediate | Timed) -> Data:
        data: Data = {}
        if isinstance(timing, Immediate):
            if timing.weight != Constant(timing.weight.type, 1.0):
                data["weight"] = self._number(timing.weight)
            return data | ({"priority": timing.priority} if timing.priority != 1 else {})
        data["delay"] = self.expression(timing.delay)
        if timing.memory != "enabling":
            data["memory"] = timing.memory
        if timing.servers is None:
            data["servers"] = "infinite"
        elif timing.servers != Constant(INTEGER, 1):
            data["servers"] = self._number(timing.servers)
        return data | ({"priority": timing.priority} if timing.priority else {})

    def _input(self, arc: InputArc) -> str:
        colour = self.places[arc.place].colour
        entries = ["_" if e is None else e.name if isinstance(e, Bind) else self.expression(e) for e in arc.pattern]
        if isinstance(colour, Record) and not arc.whole:
            entries = [f"{name}={entry}" for (name, _), entry in zip(colour.fields, entries, strict=True) if entry != "_"] or ["_"]
        return self._arc(arc.multiplicity, arc.place, arc.element, entries, arc.loop)

    def _output(self, arc: OutputArc) -> str:
        colour = self.places[arc.place].colour
        entries: list[str] = []
        if isinstance(arc.token, Make):
            entries = [self.expression(component) for component in arc.token.components]
            if isinstance(colour, Record):
                entries = [f"{name}={entry}" for (name, _), entry in zip(colour.fields, entries, strict=True)]
        elif arc.token is not None and not isinstance(colour, Dot):
            entries = [self.expression(arc.token)]
        return self._arc(arc.multiplicity, arc.place, arc.element, entries, arc.loop)

    def _arc(self, multiplicity: Expression, place: str, element: Expression, entries: list[str], loop: Loop | None) -> str:
        arguments = ([] if place in self.single else [self.expression(element)]) + entries
        times = ""
        if multiplicity != Constant(INTEGER, 1):
            text = self.expression(multiplicity)
            times = f"{text} * " if isinstance(multiplicity, Constant | Tokens) else f"({text}) * "
        inside = f"({', '.join(arguments)})" if arguments else ""
        return f"{times}{place}{inside}{self._for(loop)}"

    def _for(self, loop: Loop | None) -> str:
        if loop is None:
            return ""
        if isinstance(loop.type, Enumeration):
            return f" for {loop.variable} in {loop.type.name}"
        if loop.type == BOOLEAN:
            return f" for {loop.variable} in bool"
        return f" for {loop.variable} in {self.expression(loop.start)}..{self.expression(loop.stop)}"

    # measures

    def _measure(self, measure: Measure) -> Data:
        data: Data = {}
        quantity = measure.quantity
        match quantity:
            case Availability():
                data["availability"] = self.expression(quantity.condition)
            case Average():
                data["average"] = self._number(quantity.expression)
            case Integral():
                data["integral"] = self._number(quantity.expression)
            case Rate():
                data["rate"] = [self._firings(f) for f in quantity.firings]
            case Count():
                data["count"] = [self._firings(f) for f in quantity.firings]
            case Tally():
                data["tally"] = [self._number(f.value) for f in quantity.firings if f.value is not None]
                data["on"] = [self._firings(f) for f in quantity.firings]
                if quantity.quantiles:
                    data["quantiles"] = list(quantity.quantiles)
            case FirstPassage():
                data["first_passage"] = self.expression(quantity.condition)
                if quantity.within:
                    data["within"] = _times(quantity.within)
                if quantity.quantiles:
                    data["quantiles"] = list(quantity.quantiles)
        match measure.window:
            case At(times=times):
                data["at"] = _times(times)
            case Over(start=start, stop=stop):
                data["over"] = [start, stop]
            case Until(condition=condition):
                data["until"] = self.expression(condition)
            case Steady():
                pass
        if measure.precision is not None:
            data["precision"] = measure.precision
        return data | ({"doc": measure.doc} if measure.doc else {})

    def _firings(self, firings: Firings) -> str:
        if firings.where is None:
            return firings.transition
        transition = next(t for t in self.net.transitions if t.name == firings.transition)
        index = transition.index
        return f"{firings.transition}({index}) for {self._over(index, transition.size)} if {self.expression(firings.where)}"


def _times(times: tuple[float, ...]) -> float | list[float]:
    return times[0] if len(times) == 1 else list(times)
