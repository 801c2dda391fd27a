"""The model: what people write, section by section, with the position of every text and name.

One set of types serves validation, the JSON Schema and the rest of the program. Only the form is checked here: keys, kinds of
values, names. What expressions mean, and whether a name is known, is the resolver's business. Fields are called like the keys of
a file, but where Python forbids it or a plural reads better: ``in`` is `inputs`, ``out`` `outputs`, ``test`` `tests`,
``inhibit`` `inhibitors`, ``reset`` `resets`, ``for`` `loops`, ``with`` `arguments`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, ClassVar, Literal, TypeVar

from spn.model.forms import (
    ARCS,
    CONNECTIONS,
    INITIAL,
    LABELS,
    MANY_SCHEMA,
    NAMES,
    ONE,
    ONE_OR_TWO,
    ONE_SCHEMA,
    ORIGIN,
    PAIRS_SCHEMA,
    SEVERAL,
    TABLE,
    VALUE,
    VERSION,
    Arc,
    Context,
    Fault,
    Form,
    Label,
    ModuleFile,
    TableForm,
    as_text,
    name_fault,
    one_of,
    report,
    span_of,
    twice,
    wrong_kind,
)
from spn.model.ranges import Ranged
from spn.model.section import Section, declare, mapping, section
from spn.text.positioned import Name, Text

__all__ = [
    "Arc",
    "ColourDeclaration",
    "InstanceDeclaration",
    "Label",
    "MeasureDeclaration",
    "MeasureKind",
    "Model",
    "ModuleFile",
    "Name",
    "ParameterDeclaration",
    "PlaceDeclaration",
    "RareDeclaration",
    "Text",
    "TransitionDeclaration",
]


Texts = tuple[Text, ...]
Value = Text | Texts


class ParameterDeclaration(Section):
    """A parameter: what can be changed from outside, with its default. Short form: the default alone."""

    expected = "a value, a list of values, or a mapping with a 'default'"

    default: Value = declare(VALUE, description="The value if none is given; without a 'type' the type follows from it. May be computed from others.")
    choice: tuple[Name, ...] | None = declare(NAMES, None, description="The values to choose from, as names.")
    min: Text | None = declare(ONE, None, description="The least value allowed.")
    max: Text | None = declare(ONE, None, description="The greatest value allowed.")
    type: Text | None = declare(
        ONE,
        None,
        description="The type, if it is not that of the default: integer, real, duration, rate, distribution, bool, or the name of an enumeration.",
    )
    doc: Text | None = declare(ONE, None, description="What the parameter means.")

    short: ClassVar[str | None] = "default"

    @classmethod
    def spelt_out(cls, data: Any) -> Any:
        """Here a list is a short form, too."""
        return {"default": data} if isinstance(data, list | tuple) else super().spelt_out(data)


class ColourDeclaration(Section):
    """A colour, in exactly one of its forms: an expression (a range, a product, ``bool``), the members of an enumeration, the fields of a record."""

    expression: Text | None = declare(ONE, None, description="A range, a product or bool.")
    members: tuple[Name, ...] | None = declare(NAMES, None, description="Of an enumeration.")
    fields: dict[Name, Text] | None = declare(mapping(ONE, "fields to types"), None, description="Of a record, with their types.")

    @classmethod
    def spelt_out(cls, data: Any) -> Any:
        """A colour has no long form: its kind decides what it is. Applied once, as its result is never a positioned value."""
        if isinstance(data, list | tuple):
            return {"members": data}
        if isinstance(data, dict):
            return {"fields": data}
        return {"expression": data}

    @classmethod
    def faults(cls, data: dict[Any, Any]) -> Iterator[Fault]:
        """A record needs a field."""
        if data.get("fields") == {}:
            yield Fault("wrong-length", "a record needs at least one field", span_of(data["fields"]))

    @classmethod
    def schema(cls, definitions: dict[str, Any]) -> dict[str, Any]:
        """What is written, which is not the fields of this class."""
        description = (
            "A finite colour or a record: an integer range (1..sections), an enumeration ([voice, video]), a product (section * kind), "
            "bool, or a record (a mapping from fields to time, real, int, bool or a finite colour)."
        )
        return {"description": description, "anyOf": [ONE_SCHEMA, MANY_SCHEMA | {"minItems": 1}, PAIRS_SCHEMA | {"minProperties": 1}]}


class PlaceDeclaration(Section):
    """A place or a port: where tokens are. Short form: the number of plain tokens at the start."""

    expected = "a number of tokens, or a mapping (over, colour, initial, order, capacity)"
    short: ClassVar[str | None] = "initial"

    over: Texts = declare(
        SEVERAL, (), description="A finite colour, a range or a list of them: the place is an array with an element for each value."
    )
    colour: Text | None = declare(ONE, None, description="The colour of the tokens; without it they are plain tokens.")
    initial: Text | Texts | dict[Text, Text] | None = declare(
        INITIAL,
        None,
        description="The tokens at the start: a number (of plain tokens, in each element; may use the index), "
        "a mapping from colour value to number, 'all' (one token of each colour), or a list of tokens.",
    )
    order: Text | None = declare(
        one_of("multiset", "fifo", "lifo", "random"), None, description="Which tokens are on offer: multiset (default, all), fifo, lifo or random."
    )
    capacity: Text | None = declare(ONE, None, description="The most tokens an element may hold.")
    when: Text | None = declare(ONE, None, description="A condition on parameters without which the place does not exist.")
    doc: Text | None = declare(ONE, None, description="What the place means.")
    labels: tuple[Label, ...] = declare(
        LABELS, (), description="Names of the elements, as 'spn resolve' prints them: [start, template, [expression, ...]]."
    )


class TransitionDeclaration(Section):
    """A transition: what moves tokens. Without a delay it is immediate."""

    expected = "a mapping (for, in, out, test, inhibit, reset, guard, delay, ...)"

    loops: Texts = declare(
        SEVERAL, (), alias="for", description="Variables and domains, 's in section' or a list of them: a transition for each value."
    )
    inputs: tuple[Arc, ...] = declare(
        ARCS, (), alias="in", description="Tokens taken: an arc, a list of arcs, or a mapping from places to multiplicities."
    )
    outputs: tuple[Arc, ...] = declare(ARCS, (), alias="out", description="Tokens put.")
    inhibitors: tuple[Arc, ...] = declare(
        ARCS, (), alias="inhibit", description="Tokens that must not be there: enabled while there are fewer than the multiplicity."
    )
    tests: tuple[Arc, ...] = declare(ARCS, (), alias="test", description="Tokens that must be there and stay (read arc).")
    resets: tuple[Arc, ...] = declare(ARCS, (), alias="reset", description="Places that are emptied.")
    guard: Text | None = declare(ONE, None, description="Condition on the variables, the marking and the time. Default: true.")
    delay: Text | None = declare(
        ONE, None, description="Distribution of the delay; a duration means deterministic. Without it the transition is immediate."
    )
    priority: Text | None = declare(
        ONE,
        None,
        description="Integer, higher goes first: among immediate transitions, and among timed ones that fall on the same instant. "
        "Default: 1 if immediate, 0 if timed.",
    )
    weight: Text | None = declare(ONE, None, description="Of an immediate transition among those of the same priority. Default: 1.")
    memory: Text | None = declare(ONE, None, description="What becomes of a clock on disabling: enabling (default), age, resampling.")
    servers: Text | None = declare(ONE, None, description="1 (default), a number, or 'infinite': the most clocks that each binding has at once.")
    when: Text | None = declare(ONE, None, description="A condition on parameters without which the transition does not exist. Default: true.")
    doc: Text | None = declare(ONE, None, description="What the transition means.")
    labels: tuple[Label, ...] = declare(
        LABELS, (), description="Names of the elements, as 'spn resolve' prints them: [start, template, [expression, ...]]."
    )

    @classmethod
    def long_schema(cls, definitions: dict[str, Any]) -> dict[str, Any]:
        """Weights belong to immediate transitions, memory and servers to timed ones."""
        return super().long_schema(definitions) | {
            "dependentSchemas": {"weight": {"properties": {"delay": False}}},
            "dependentRequired": {"memory": ["delay"], "servers": ["delay"]},
        }


class InstanceDeclaration(Section):
    """A use of a module."""

    expected = "a mapping with a 'module', as in 'module: pump'"

    module: Text = declare(ONE, description="The name of the module.")
    loops: Texts = declare(SEVERAL, (), alias="for", description="Variables and domains, 'w in 1..workers': an instance for each value.")
    arguments: dict[Name, Value] = declare(
        mapping(VALUE, "parameters to values"), {}, alias="with", description="Parameters of the module and their values."
    )
    connect: dict[Text, Text] = declare(
        CONNECTIONS, {}, description="Ports of the instance, each joined to a place or port of this file or to a port of another instance."
    )
    when: Text | None = declare(ONE, None, description="A condition on parameters without which the instance does not exist.")
    doc: Text | None = declare(ONE, None, description="What the instance means.")


MeasureKind = Literal["availability", "average", "integral", "rate", "count", "tally", "first_passage"]

WINDOWS: dict[MeasureKind, tuple[str, ...]] = {
    "availability": ("at", "over"),
    "average": ("at", "over", "until"),
    "integral": ("over", "until"),
    "rate": ("over",),
    "count": ("over", "until"),
    "tally": ("over", "until"),
    "first_passage": (),
}
"""The windows of each kind of measure."""

NEED_A_WINDOW = ("integral", "count")
"""The kinds that grow without bound, so that there is no steady state of them."""

_OF_SOME_KINDS: dict[str, tuple[MeasureKind, ...]] = {"on": ("tally",), "quantiles": ("tally", "first_passage"), "within": ("first_passage",)}


class Times(Ranged):
    """Points in time, in increasing order. Short form: a time, or the list of them."""

    expected = "a time, a list of times, or a mapping (from, to, points, scale)"
    who = "times are"


class MeasureDeclaration(Section):
    """A measure: what is to be found out. Exactly one kind, and at most one window; without a window the steady state."""

    expected = f"a mapping with one of {', '.join(WINDOWS)}, as in 'availability: up == 1'"

    availability: Text | None = declare(
        ONE,
        None,
        description="A condition: the share of time in which it holds, with U, downtime, nines, failure frequency, mean up and down time.",
    )
    average: Text | None = declare(ONE, None, description="An expression: its time average (steady, over, until) or expected value (at).")
    integral: Text | None = declare(ONE, None, description="An expression: its time integral.")
    rate: Texts | None = declare(SEVERAL, None, description="A transition, or a list of them: firings per second.")
    count: Texts | None = declare(SEVERAL, None, description="A transition, or a list of them: the number of firings.")
    tally: Texts | None = declare(
        SEVERAL,
        None,
        description="An expression: its mean (and quantiles) over the firings of the transition 'on', in the marking before each. "
        "With a list of transitions, one expression for all or one for each.",
    )
    first_passage: Text | None = declare(
        ONE, None, description="A condition: the time until it first holds; with 'within' the probability that this is at most as long."
    )
    on: Texts | None = declare(SEVERAL, None, description="The transition (or transitions) at whose firings 'tally' is taken.")
    at: Times | None = declare(section(Times), None, description="Window: at a point in time; several give a curve.")
    over: Texts = declare(ONE_OR_TWO, (), description="Window: from the start to a time, or [from, to].")
    until: Text | None = declare(ONE, None, description="Window: from the start until a condition first holds.")
    within: Times | None = declare(
        section(Times), None, description="The time within which a first passage is to happen; several give its distribution function."
    )
    quantiles: Texts = declare(
        SEVERAL, (), description="Which quantiles of a tally, or of the time of a first passage, are wanted, as shares: [50 %, 95 %]."
    )
    precision: Text | None = declare(ONE, None, description="The relative half-width asked of this measure.")
    doc: Text | None = declare(ONE, None, description="What the measure means.")

    @classmethod
    def long_schema(cls, definitions: dict[str, Any]) -> dict[str, Any]:
        """Exactly one kind, with what belongs to it."""
        return super().long_schema(definitions) | {"oneOf": _kinds_schema()}

    @property
    def kind(self) -> MeasureKind:
        """Which kind of measure this is."""
        return next(kind for kind in WINDOWS if getattr(self, kind) is not None)

    @property
    def subjects(self) -> tuple[Text, ...]:
        """The condition, expression or transitions that the measure is about."""
        found = getattr(self, self.kind)
        assert isinstance(found, Text | tuple)
        return found if isinstance(found, tuple) else (found,)

    @classmethod
    def faults(cls, data: dict[Any, Any]) -> Iterator[Fault]:
        """Faults of the kind, the window, and of keys that only some kinds have."""
        kinds = [key for key in data if key in WINDOWS]
        known = cls.keys()
        if not kinds and any(key not in known for key in data):
            return  # an unknown key, which is told of, was to be the kind
        if not kinds:
            hint = f"give one of {', '.join(WINDOWS)}"
            yield Fault("no-kind", "the measure does not say what to measure", span_of(next(iter(data), None)) or span_of(data), hint)
            return
        for key in kinds[1:]:
            yield Fault("two-kinds", f"a measure has one kind, and this one is already '{kinds[0]}'", span_of(key), "make it a measure of its own")
        if len(kinds) == 1:
            yield from _window_faults(data, kinds[0])


_S = TypeVar("_S", bound=Section)


def _made(kind: type[_S], **given: Any) -> _S:
    """A section that nobody has written."""
    return kind(**given)


class RareDeclaration(Section):
    """A rare event, and how it is asked for (``spn run MODEL --rare NAME``). Short form: the condition."""

    expected = "a condition, or a mapping (condition, until, within, importance)"
    short: ClassVar[str | None] = "condition"

    condition: Text = declare(ONE, description="What comes true so rarely: a condition on the marking, or the name of a measure of the model.")
    until: Text | None = declare(ONE, None, description="A life ends when this holds: the probability that the rare condition comes first.")
    within: Text | None = declare(ONE, None, description="The time within which the condition is to come true.")
    importance: Text | None = declare(
        ONE, None, description="A number that grows on the way to the condition, for splitting; else it is derived from the net."
    )
    doc: Text | None = declare(ONE, None, description="What the event means.")

    def parts(self, measures: Mapping[Name, MeasureDeclaration]) -> dict[str, MeasureDeclaration]:
        """What it is made of, as measures: ``condition`` and ``until`` first passages, ``importance`` an average. Names of `measures` stand for what
        these are about.
        """
        within = None if self.within is None else _made(Times, values=(self.within,))
        found = {"condition": _made(MeasureDeclaration, first_passage=_subject_of(self.condition, measures), within=within)}
        if self.until is not None:
            found["until"] = _made(MeasureDeclaration, first_passage=_subject_of(self.until, measures))
        if self.importance is not None:
            found["importance"] = _made(MeasureDeclaration, average=_subject_of(self.importance, measures))
        return found


def _subject_of(text: Text, measures: Mapping[Name, MeasureDeclaration]) -> Text:
    """What a text of a rare event means: itself or, if it is the name of a measure, what that is about; of an availability that it does not hold."""
    named = measures.get(Name(text.strip()))
    if named is None or named.kind in ("rate", "count", "tally"):
        return text
    subject = named.subjects[0]
    return Text(f"not ({subject})", subject.span, exact=False, value=subject.value) if named.kind == "availability" else subject


def _kinds_schema() -> list[dict[str, Any]]:
    """What each kind of measure has besides, as JSON Schema."""
    found: list[dict[str, Any]] = []
    for kind, windows in WINDOWS.items():
        own = (kind, *windows, *(key for key, owners in _OF_SOME_KINDS.items() if kind in owners))
        others = [key for key in (*WINDOWS, "at", "over", "until", *_OF_SOME_KINDS) if key not in own]
        form: dict[str, Any] = {"required": [kind, "on"] if kind == "tally" else [kind], "properties": dict.fromkeys(others, False)}
        if kind in NEED_A_WINDOW:
            form["oneOf"] = [{"required": [window]} for window in windows]
        elif len(windows) > 1:
            form["not"] = {"anyOf": [{"required": list(pair)} for pair in combinations(windows, 2)]}
        if kind == "first_passage":
            form["not"] = {"required": ["within", "quantiles"]}
        found.append(form)
    return found


def _window_faults(data: dict[Any, Any], kind: Any) -> Iterator[Fault]:
    where = f"'{kind}'"
    windows = [key for key in data if key in ("at", "over", "until")]
    for key in windows:
        if key not in WINDOWS[_literal(kind)]:
            allowed = " or ".join(f"'{window}'" for window in WINDOWS[_literal(kind)])
            yield Fault("wrong-window", f"{where} has no window '{key}'", span_of(key), f"it can have {allowed}" if allowed else None)
    for key in windows[1:]:
        yield Fault("two-windows", f"a measure has one window, and this one already has '{windows[0]}'", span_of(key))
    if kind in NEED_A_WINDOW and not windows:
        yield Fault("no-window", f"{where} needs a window, as it has no steady state", span_of(kind), "add 'over' or 'until'")
    for key in data:
        owners = _OF_SOME_KINDS.get(key)
        if owners is not None and kind not in owners:
            yield Fault("wrong-key", f"'{key}' belongs to {' and '.join(map(repr, owners))}, not to {where}", span_of(key))
    if kind == "first_passage" and "within" in data and "quantiles" in data:
        key = next(key for key in data if key == "quantiles")
        message = "with 'within' a first passage is a probability, which has no quantiles"
        yield Fault("wrong-key", message, span_of(key), "leave 'within' out, or make two measures")
    if kind == "tally" and "on" not in data:
        yield Fault("missing-key", "'tally' needs 'on', the transition at whose firings it is taken", span_of(kind))


def _literal(kind: str) -> MeasureKind:
    return next(known for known in WINDOWS if known == kind)


def _module(value: Any, context: Context) -> ModuleFile | Model:
    """A module is a path to a file, or written in place with the keys of a file."""
    if isinstance(value, str) and not (isinstance(value, Text) and value.empty):
        path = as_text(value)
        return ModuleFile(path, context.locate(path) if context.locate else None)
    if not isinstance(value, dict):
        raise wrong_kind(value, "a path to a model file, or a module written in place").error()
    module = Model.read(value, context)
    for name in (*module.places, *module.transitions):
        fault = name_fault(name) if "." in name else None
        if fault:
            report(context, fault._replace(hint="only resolved nets have names with dots"))
    return module


def _module_schema(definitions: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"type": "string"}, section(Model).schema_in(definitions)]}


_SHARED = ("parameters", "colours", "places", "ports", "instances", "modules", "tables")
"""The sections whose names share one name space."""


class Model(Section):
    """A model file, or a module written in place: places, transitions and measures, with what they are made of."""

    expected = "a mapping with 'spn: 1', places, transitions and measures"

    spn: Text | None = declare(VERSION, None, description="The version of the language: 1. Required in a file.")
    name: Text | None = declare(ONE, None, description="The name of a resolved net.")
    description: Text | None = declare(ONE, None, description="What the model is about.")
    parameters: dict[Name, ParameterDeclaration] = declare(
        mapping(section(ParameterDeclaration), "names to values"), {}, description="What can be changed from outside, with a default each."
    )
    colours: dict[Name, ColourDeclaration] = declare(
        mapping(section(ColourDeclaration), "names to colours"), {}, description="Finite colours and records."
    )
    tables: dict[Name, TableForm] = declare(mapping(TABLE, "names to lists of numbers"), {}, description="Numbers to look up by index, from 0.")
    modules: dict[Name, ModuleFile | Model] = declare(
        mapping(Form(_module, _module_schema), "names to paths or modules"),
        {},
        description="Modules by name: a path to another model file, or a module written in place (the same keys as a file).",
    )
    places: dict[Name, PlaceDeclaration] = declare(
        mapping(section(PlaceDeclaration), "names to places", dotted=True), {}, description="Where tokens are."
    )
    ports: dict[Name, PlaceDeclaration] = declare(
        mapping(section(PlaceDeclaration), "names to places"),
        {},
        description="Places that whoever uses this file as a module can join to one of theirs.",
    )
    instances: dict[Name, InstanceDeclaration] = declare(
        mapping(section(InstanceDeclaration), "names to instances"), {}, description="Uses of modules."
    )
    transitions: dict[Name, TransitionDeclaration] = declare(
        mapping(section(TransitionDeclaration), "names to transitions", dotted=True), {}, description="What moves the tokens."
    )
    measures: dict[Name, MeasureDeclaration] = declare(
        mapping(section(MeasureDeclaration), "names to measures"), {}, description="What is to be found out."
    )
    rare: dict[Name, RareDeclaration] = declare(
        mapping(section(RareDeclaration), "names to rare events"), {}, description="Events that plain simulation never sees, for 'spn run --rare'."
    )
    origin: dict[Text, Text] = declare(ORIGIN, {}, description="Where a resolved net comes from, as text.")

    @classmethod
    def faults(cls, data: dict[Any, Any]) -> Iterator[Fault]:
        """Names declared in two of the sections that share a name space."""
        sections = [(section, entries) for section, entries in data.items() if section in _SHARED and isinstance(entries, dict)]
        rule = "parameters, colours, places, ports, instances, modules and tables share one name space"
        return twice(((section, key) for section, entries in sections for key in entries), rule)


def model_schema() -> dict[str, Any]:
    """The JSON Schema of model files."""
    return Model.file_schema("spn model", ["spn"])
