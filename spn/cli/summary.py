"""What was understood of a model: the text that ``spn check`` prints. Nothing here reads or simulates.

Places and transitions are told by class, as the net has them, with the names of their elements; what has a unit is told with it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from spn.cli.wording import Wording, listed, seconds
from spn.expressions.tree import Constant, DelayCall, Expression, Variable
from spn.expressions.types import DOT, Boolean, Enumeration, Number, Product, Record, Type
from spn.net.types import (
    At,
    Availability,
    Average,
    Count,
    FirstPassage,
    Immediate,
    InitialTokens,
    InputArc,
    Integral,
    Measure,
    Net,
    OutputArc,
    Over,
    Place,
    Rate,
    Tally,
    Timed,
    Transition,
    Until,
)

if TYPE_CHECKING:
    from spn.model.types import Model, RareDeclaration
    from spn.resolver.values import ParameterValue

WIDTH = 110
WIDEST_ARCS = 40
MOST_CLASSES = 60
"""The most classes of places, and of transitions, that are told one by one."""

Rows = list[tuple[str, ...]]


def describe(net: Net, parameters: Sequence[ParameterValue] = (), model: Model | None = None, instances: Mapping[str, int] | None = None) -> str:
    """Name, description, sizes, parameters, places, transitions and measures; as written where the `model` is there.

    `instances` are how often each module is used.
    """
    wording = Wording(net)
    head = net.name if not net.description else f"{net.name}: {' '.join(net.description.split())}"
    lines = [*textwrap.wrap(head, WIDTH, subsequent_indent="  "), "", *_sizes(net, instances or {})]
    if parameters:
        names = [parameter.name for parameter in parameters]
        lines += ["", "parameters", *_table([_parameter(parameter, names) for parameter in parameters])]
    if net.colours:
        lines += ["", "colours", *_table([_colour(name, type_, net) for name, type_ in net.colours.items()])]
    if net.places:
        lines += ["", "places", *_cut([_place(place, wording) for place in net.places])]
    if net.transitions:
        lines += [
            "",
            "transitions",
            *_cut([row for transition in net.transitions for row in _transition(transition, wording, _arcs_width(net, wording))]),
        ]
    if net.measures:
        lines += ["", "measures", *_table([(measure.name, _measure(measure, wording, model)) for measure in net.measures])]
    if model is not None and model.rare:
        lines += ["", "rare events (spn run --rare NAME)", *_table([(str(name), _rare(event)) for name, event in model.rare.items()])]
    elif not net.measures:
        lines += ["", "no measures: there is nothing to simulate for"]
    return "\n".join(lines)


def parameters_of(net: Net) -> dict[str, str]:
    """The parameters of the model a net comes from, with the text of their values."""
    return {name: text for name, text in net.origin.items() if name not in {"model", "path", "file"}}


def _sizes(net: Net, instances: Mapping[str, int]) -> list[str]:
    immediate = [t.size for t in net.transitions if isinstance(t.timing, Immediate)]
    timed = [t.size for t in net.transitions if not isinstance(t.timing, Immediate)]
    rows = [
        ("places", _size([place.size for place in net.places])),
        ("timed transitions", _size(timed)),
        ("immediate transitions", _size(immediate)),
    ]
    if instances:
        rows.insert(0, ("instances", ", ".join(f"{number:,} of {module}" for module, number in instances.items())))
    return _table(rows)


def _size(sizes: Sequence[int]) -> str:
    """``3`` or ``12 in 3 classes``: classes and how many places or transitions they stand for."""
    classes, elements = len(sizes), sum(sizes)
    if classes == elements:
        return str(classes)
    return f"{elements:,} in {classes} {'class' if classes == 1 else 'classes'}"


def _table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows with aligned columns; the last column is wrapped."""
    known = [tuple(row) for row in rows]
    columns = max((len(row) for row in known), default=1)
    widths = [max((len(row[k]) for row in known if len(row) > k + 1), default=0) for k in range(columns - 1)]
    lines = []
    for row in known:
        start = "  " + "".join(f"{text:<{width}}  " for text, width in zip(row[:-1], widths, strict=False))
        broken = textwrap.wrap(row[-1], max(WIDTH - len(start), 50), drop_whitespace=True) or [""]
        lines.append((start + broken[0]).rstrip())
        lines += [" " * len(start) + text for text in broken[1:]]
    return lines


def _cut(rows: Rows) -> list[str]:
    shown = _table(rows[:MOST_CLASSES])
    return shown if len(rows) <= MOST_CLASSES else [*shown, f"  and {len(rows) - MOST_CLASSES:,} more"]


# Parameters and colours -------------------------------------------------------------------------------------------------------


def _parameter(parameter: ParameterValue, names: Collection[str]) -> tuple[str, str]:
    """Its value; what it follows from, if that is not the same; and what the model says, if it was changed."""
    text = _value(parameter.value)
    parts = [text]
    if parameter.changed:
        parts.append(f"(changed; the model has {parameter.default})")
    elif parameter.written != text and not _is_literal(parameter.written, names):
        parts.append(f"= {parameter.written}")
    if not parameter.used:
        parts.append("(nothing uses it)")
    if parameter.doc:
        parts.append(f"- {' '.join(parameter.doc.split())}")
    return parameter.name, " ".join(parts)


_LITERAL = re.compile(r"[\d.]+( \w+| ?%)?|\w+\([\w\s.=,%\[\]]*\)")


def _is_literal(written: str, names: Collection[str]) -> bool:
    """Whether nothing was computed: ``2208 h`` is told as ``92 d``, and nobody needs to have that explained."""
    return _LITERAL.fullmatch(written) is not None and not set(re.findall(r"\w+", written)) & set(names)


def _value(value: Expression | tuple[Expression, ...]) -> str:
    from spn.expressions.render import render

    if isinstance(value, tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    wording = Wording(Net((), ()))
    if isinstance(value, DelayCall):
        return wording.delay(value)
    if isinstance(value, Constant) and isinstance(value.type, Number):
        return wording.expression(value)
    return render(value)


def _colour(name: str, type_: Type, net: Net) -> tuple[str, str]:
    bounds = net.bounds.get(name, ())
    match type_:
        case Enumeration(members=members):
            return name, f"{len(members)} values: {listed(members, 12)}"
        case Product(components=components):
            return name, " * ".join(_kind(part, bounds, k) for k, part in enumerate(components))
        case Record(fields=fields):
            return name, ", ".join(f"{field}: {_kind(part, bounds, k)}" for k, (field, part) in enumerate(fields))
        case _:
            return name, _kind(type_, bounds, 0)


def _kind(type_: Type, bounds: Sequence[tuple[int, int] | None], k: int) -> str:
    bound = bounds[k] if k < len(bounds) else None
    if bound is not None:
        return f"{bound[0]}..{bound[1]}"
    if isinstance(type_, Number):
        return "int" if type_.integer else ("time" if type_.dimension == 1 else "real")
    return "bool" if isinstance(type_, Boolean) else str(getattr(type_, "name", type_))


# Places and transitions -------------------------------------------------------------------------------------------------------


def _place(place: Place, wording: Wording) -> tuple[str, str]:
    parts = [f"{place.size:,} places ({wording.elements(place)})"] if place.size > 1 else []
    if place.size == 1 and place.labels and wording.label(place, 0) != place.name:
        parts.append(wording.label(place, 0))
    if place.colour != DOT:
        order = "" if place.order == "multiset" else f", {place.order}"
        parts.append(f"of {_kind(place.colour, place.bounds, 0)}{order}")
    if place.capacity is not None:
        parts.append(f"at most {wording.number(place.capacity, place)}")
    each = " each" if place.size > 1 else ""
    return place.name, ", ".join([*parts, _initial(place, wording, each)])


def _initial(place: Place, wording: Wording, each: str) -> str:
    if not place.initial:
        return "empty"
    return " and ".join(_tokens(tokens, place, wording) for tokens in place.initial[:6]) + (" ..." if len(place.initial) > 6 else "") + each


def _tokens(tokens: InitialTokens, place: Place, wording: Wording) -> str:
    number = wording.number(tokens.count, place)
    if tokens.value is None:
        return f"{number} token{'' if number == '1' else 's'}"
    text = f"{number} {wording.expression(tokens.value, place)}"
    if tokens.loop is None:
        return text
    return f"{text} for {tokens.loop.variable} in {wording.number(tokens.loop.start, place)}..{wording.number(tokens.loop.stop, place)}"


def _moves(transition: Transition, wording: Wording) -> str:
    taken, put = _arcs(transition.inputs, transition, wording), _arcs(transition.outputs, transition, wording)
    return f"{taken or 'nothing'} -> {put or 'nothing'}"


def _arcs_width(net: Net, wording: Wording) -> int:
    """How wide the column of arcs is; what is longer goes beyond it."""
    widths = [len(_moves(transition, wording)) for transition in net.transitions]
    return max((width for width in widths if width <= WIDEST_ARCS), default=0)


def _transition(transition: Transition, wording: Wording, width: int) -> Rows:
    moves, timing = _moves(transition, wording), _timing(transition, wording)
    fits = len(moves) <= width
    rows: Rows = [(transition.name, f"{moves:<{width}}  {timing}" if fits else moves)]
    notes = [] if fits else [timing]
    if transition.size > 1:
        notes.append(f"{transition.size:,} transitions ({wording.elements(transition)})")
    elif transition.labels and wording.label(transition, 0) != transition.name:
        notes.append(wording.label(transition, 0))
    for word, arcs in (("needs", transition.tests), ("not with", transition.inhibitors), ("empties", transition.resets)):
        if arcs:
            notes.append(f"{word} {_arcs(arcs, transition, wording)}")
    if transition.guard is not None:
        notes.append(f"if {wording.expression(transition.guard, transition)}")
    return rows + [("", note) for note in notes]


def _arcs(arcs: Sequence[InputArc | OutputArc], transition: Transition, wording: Wording) -> str:
    """The places of some arcs, each once, with their multiplicities where these are not 1."""
    found: dict[str, None] = {}
    for arc in arcs:
        number = wording.number(arc.multiplicity, transition)
        times = "" if number == "1" else f"({number}) * " if " " in number else f"{number} * "
        found[f"{times}{_whole(arc, wording)}"] = None
    return listed(list(found), 5)


def _whole(arc: InputArc | OutputArc, wording: Wording) -> str:
    """The place of an arc; of a fan, whether it goes to all of the array."""
    if arc.loop is None:
        return arc.place
    ends = [end.value if isinstance(end, Constant) else None for end in (arc.loop.start, arc.loop.stop)]
    if ends == [0, wording.places[arc.place].size - 1] and isinstance(arc.element, Variable):
        return f"all of {arc.place}"
    return f"{arc.place} for each {arc.loop.variable}"


def _timing(transition: Transition, wording: Wording) -> str:
    timing = transition.timing
    if isinstance(timing, Immediate):
        weight = wording.number(timing.weight, transition)
        parts = ["at once", f"priority {timing.priority}" if timing.priority != 1 else "", f"weight {weight}" if weight != "1" else ""]
        return ", ".join(part for part in parts if part)
    return ", ".join([wording.delay(timing.delay, transition), *_clocks(timing, transition, wording)])


def _clocks(timing: Timed, transition: Transition, wording: Wording) -> list[str]:
    servers = "infinite" if timing.servers is None else wording.number(timing.servers, transition)
    parts = [] if servers == "1" else [f"{servers} servers"]
    if timing.memory != "enabling":
        parts.append(f"memory {timing.memory}")
    return [*parts, f"priority {timing.priority}"] if timing.priority else parts


# Measures ---------------------------------------------------------------------------------------------------------------------


def _measure(measure: Measure, wording: Wording, model: Model | None) -> str:
    """A sentence, the precision asked for, and what the model says of it."""
    subject, until = _subject(measure, wording, model)
    text = f"{_quantity(measure, subject)}{_window(measure, until)}"
    if measure.precision is not None:
        text += f", to a precision of {measure.precision * 100:.3g} %"
    return f"{text} - {' '.join(measure.doc.split())}" if measure.doc else text


def _rare(event: RareDeclaration) -> str:
    """A sentence as written, and what the model says of it."""
    ends = [f"{word} {text}" for word, text in (("before", event.until and f"'{event.until}'"), ("within", event.within)) if text]
    text = f"'{event.condition}', {' and '.join(ends) or 'in the long run'}"
    text += f", importance '{event.importance}'" if event.importance else ""
    return f"{text} - {' '.join(event.doc.split())}" if event.doc else text


def _subject(measure: Measure, wording: Wording, model: Model | None) -> tuple[str, str]:
    """What it is about and what ends it, as written; from the net where there is no model."""
    declaration = None if model is None or model.origin else model.measures.get(measure.name)  # type: ignore[call-overload]
    if declaration is not None:
        on = f" at firings of {listed(declaration.on)}" if declaration.on else ""
        return listed([f"'{text}'" if not on else text for text in declaration.subjects]) + on, str(declaration.until or "")
    until = wording.expression(measure.window.condition) if isinstance(measure.window, Until) else ""
    match measure.quantity:
        case Availability(condition=what) | FirstPassage(condition=what) | Average(expression=what) | Integral(expression=what):
            return f"'{wording.expression(what)}'", until
        case Rate(firings=firings) | Count(firings=firings):
            return listed([f.transition for f in firings]), until
        case Tally(firings=firings):
            values = dict.fromkeys(wording.expression(f.value, wording.transitions[f.transition]) for f in firings if f.value is not None)
            return f"{listed(list(values))} at firings of {listed([f.transition for f in firings])}", until


def _quantity(measure: Measure, subject: str) -> str:
    match measure.quantity:
        case Availability():
            return f"availability, the {'probability that' if isinstance(measure.window, At) else 'share of time in which'} {subject}"
        case Average():
            return f"{'expected value' if isinstance(measure.window, At) else 'time average'} of {subject}"
        case Integral():
            return f"time integral of {subject}"
        case Rate():
            return f"firings of {subject} per second"
        case Count():
            return f"number of firings of {subject}"
        case Tally(quantiles=quantiles):
            also = "".join(f", {q * 100:.6g} % quantile" for q in quantiles)
            return f"mean{also} of {subject}"
        case FirstPassage(within=()):
            return f"first passage, the time until {subject}"
        case FirstPassage(within=within):
            return f"probability that {subject} comes true within {_times(within)}"


def _times(times: tuple[float, ...]) -> str:
    return seconds(times[0]) if len(times) == 1 else f"each of {len(times)} times from {seconds(times[0])} to {seconds(times[-1])}"


def _window(measure: Measure, until: str) -> str:
    match measure.window:
        case At(times=times):
            return f", at {_times(times)}"
        case Over(start=start, stop=stop):
            return f", from {seconds(start) if start else 'the start'} to {seconds(stop)}"
        case Until():
            return f", until '{until}'"
        case _:
            return "" if isinstance(measure.quantity, FirstPassage) else ", in the long run"
