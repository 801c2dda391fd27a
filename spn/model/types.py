"""The model: what people write, section by section, with the position of every text and name.

One set of types serves validation, the JSON Schema and the rest of the program. Only the form is checked here: keys, kinds of
values, names. What expressions mean, and whether a name is known, is the resolver's business. Fields are called like the keys of
a file, but where Python forbids it or a plural reads better: ``in`` is `inputs`, ``out`` `outputs`, ``test`` `tests`,
``inhibit`` `inhibitors`, ``reset`` `resets`, ``for`` `loops`, ``with`` `arguments`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo, model_validator
from pydantic.json_schema import DEFAULT_REF_TEMPLATE, GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from spn.model.forms import (
    MANY_SCHEMA,
    ONE_SCHEMA,
    PAIRS_SCHEMA,
    Arc,
    Arcs,
    Connections,
    Context,
    DottedKey,
    Fault,
    Initial,
    Key,
    Label,
    Labels,
    ModuleFile,
    Names,
    One,
    OneOrTwo,
    Origin,
    Several,
    Table,
    Value,
    Version,
    as_text,
    mapping,
    name_fault,
    one_of,
    report,
    shortened,
    span_of,
    twice,
    wrong_kind,
)
from spn.text.positioned import Name, Text
from spn.text.problems import nearest

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
    "Text",
    "TransitionDeclaration",
]


class Section(BaseModel):
    """A mapping with known keys. Every unknown key is a fault, and does not hide the others."""

    # Built when first used: what only prints help or a version does not pay for it, and each section is built once, within Model.
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)

    what: ClassVar[str] = "model"
    """What a file is that holds nothing but this."""
    expected: ClassVar[str] = "a mapping"
    short: ClassVar[str | None] = None
    """The key that a plain text or number stands for."""

    @model_validator(mode="before")
    @classmethod
    def _mapping_with_known_keys(cls, data: Any, info: ValidationInfo) -> Any:
        data = cls.spelt_out(data)
        if not isinstance(data, dict):
            raise wrong_kind(data, cls.expected).error()
        for fault in cls.faults(data):
            report(info, fault)
        if not isinstance(info.context, Context):
            return data
        known = cls.keys()
        for key in data:
            if key not in known:
                report(info, Fault("unknown-key", f"unknown key '{shortened(key)}'", span_of(key), _unknown_key_hint(key, known)))
        return {key: value for key, value in data.items() if key in known}

    @classmethod
    def spelt_out(cls, data: Any) -> Any:
        """The mapping that a short form stands for."""
        if cls.short is None or isinstance(data, dict | list | tuple) or data is None or (isinstance(data, Text) and data.empty):
            return data
        return {cls.short: data}

    @classmethod
    def faults(cls, data: dict[Any, Any]) -> Iterator[Fault]:
        """What is wrong with the keys taken together."""
        return iter(())

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """The keys as they are written in a file."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The long form, or the short one where there is one."""
        found = handler(schema)
        if cls.short is None:
            return found
        target = handler.resolve_ref_schema(found)
        long = dict(target)
        target.clear()
        short = long["properties"][cls.short]
        plain = ("object",) if isinstance(cls.spelt_out([]), dict) else ("object", "array")  # what is always the long form
        forms = [form for form in short.get("anyOf", [short]) if form.get("type") not in plain]
        target.update({"anyOf": [*({k: v for k, v in form.items() if k in ("type", "items", "minItems")} for form in forms), long]})
        return found


def _unknown_key_hint(key: str, known: tuple[str, ...]) -> str:
    if ":" in key:
        return "a ':' between a key and its value needs a space after it"
    return (nearest(key, known) if len(key) < 60 else None) or f"the keys here are {', '.join(known)}"


class ParameterDeclaration(Section):
    """A parameter: what can be changed from outside, with its default. Short form: the default alone."""

    expected = "a value, a list of values, or a mapping with a 'default'"

    default: Value = Field(description="The value if none is given; without a 'type' the type follows from it. May be computed from others.")
    choice: Names | None = Field(None, description="The values to choose from, as names.")
    min: One | None = Field(None, description="The least value allowed.")
    max: One | None = Field(None, description="The greatest value allowed.")
    type: One | None = Field(
        None,
        description="The type, if it is not that of the default: integer, real, duration, rate, distribution, bool, or the name of an enumeration.",
    )
    doc: One | None = Field(None, description="What the parameter means.")

    short: ClassVar[str | None] = "default"

    @classmethod
    def spelt_out(cls, data: Any) -> Any:
        """Here a list is a short form, too."""
        return {"default": data} if isinstance(data, list | tuple) else super().spelt_out(data)


class ColourDeclaration(Section):
    """A colour, in exactly one of its forms: an expression (a range, a product, ``bool``), the members of an enumeration, the fields of a record."""

    expression: One | None = None
    members: Names | None = None
    fields: Annotated[dict[Key, One], mapping("fields to types")] | None = None

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
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
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

    over: Several = Field((), description="A finite colour, a range or a list of them: the place is an array with an element for each value.")
    colour: One | None = Field(None, description="The colour of the tokens; without it they are plain tokens.")
    initial: Initial | None = Field(
        None,
        description="The tokens at the start: a number (of plain tokens, in each element; may use the index), "
        "a mapping from colour value to number, 'all' (one token of each colour), or a list of tokens.",
    )
    order: Annotated[Text, one_of("multiset", "fifo", "lifo", "random")] | None = Field(
        None, description="Which tokens are on offer: multiset (default, all), fifo, lifo or random."
    )
    capacity: One | None = Field(None, description="The most tokens an element may hold.")
    when: One | None = Field(None, description="A condition on parameters without which the place does not exist.")
    doc: One | None = Field(None, description="What the place means.")
    labels: Labels = Field((), description="Names of the elements, as 'spn resolve' prints them: [start, template, [expression, ...]].")


class TransitionDeclaration(Section):
    """A transition: what moves tokens. Without a delay it is immediate."""

    expected = "a mapping (for, in, out, test, inhibit, reset, guard, delay, ...)"

    loops: Several = Field((), alias="for", description="Variables and domains, 's in section' or a list of them: a transition for each value.")
    inputs: Arcs = Field((), alias="in", description="Tokens taken: an arc, a list of arcs, or a mapping from places to multiplicities.")
    outputs: Arcs = Field((), alias="out", description="Tokens put.")
    inhibitors: Arcs = Field((), alias="inhibit", description="Tokens that must not be there: enabled while there are fewer than the multiplicity.")
    tests: Arcs = Field((), alias="test", description="Tokens that must be there and stay (read arc).")
    resets: Arcs = Field((), alias="reset", description="Places that are emptied.")
    guard: One | None = Field(None, description="Condition on the variables, the marking and the time. Default: true.")
    delay: One | None = Field(
        None, description="Distribution of the delay; a duration means deterministic. Without it the transition is immediate."
    )
    priority: One | None = Field(
        None,
        description="Integer, higher goes first: among immediate transitions, and among timed ones that fall on the same instant. "
        "Default: 1 if immediate, 0 if timed.",
    )
    weight: One | None = Field(None, description="Of an immediate transition among those of the same priority. Default: 1.")
    memory: One | None = Field(None, description="What becomes of a clock on disabling: enabling (default), age, resampling.")
    servers: One | None = Field(None, description="1 (default), a number, or 'infinite': the most clocks that each binding has at once.")
    when: One | None = Field(None, description="A condition on parameters without which the transition does not exist. Default: true.")
    doc: One | None = Field(None, description="What the transition means.")
    labels: Labels = Field((), description="Names of the elements, as 'spn resolve' prints them: [start, template, [expression, ...]].")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Weights belong to immediate transitions, memory and servers to timed ones."""
        found = handler(schema)
        target = handler.resolve_ref_schema(found)
        target["dependentSchemas"] = {"weight": {"properties": {"delay": False}}}
        target["dependentRequired"] = {"memory": ["delay"], "servers": ["delay"]}
        return found


class InstanceDeclaration(Section):
    """A use of a module."""

    expected = "a mapping with a 'module'"

    module: One = Field(description="The name of the module.")
    loops: Several = Field((), alias="for", description="Variables and domains, 'w in 1..workers': an instance for each value.")
    arguments: Annotated[dict[Key, Value], mapping("parameters to values")] = Field(
        default_factory=dict, alias="with", description="Parameters of the module and their values."
    )
    connect: Connections = Field(
        default_factory=dict, description="Ports of the instance, each joined to a place or port of this file or to a port of another instance."
    )
    when: One | None = Field(None, description="A condition on parameters without which the instance does not exist.")
    doc: One | None = Field(None, description="What the instance means.")


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

_OF_ONE_KIND: dict[str, MeasureKind] = {"on": "tally", "quantiles": "tally", "within": "first_passage"}


class MeasureDeclaration(Section):
    """A measure: what is to be found out. Exactly one kind, and at most one window; without a window the steady state."""

    expected = f"a mapping with one of {', '.join(WINDOWS)}"

    availability: One | None = Field(
        None,
        description="A condition: the share of time in which it holds, with U, downtime, nines, failure frequency, mean up and down time.",
    )
    average: One | None = Field(None, description="An expression: its time average (steady, over, until) or expected value (at).")
    integral: One | None = Field(None, description="An expression: its time integral.")
    rate: Several | None = Field(None, description="A transition, or a list of them: firings per second.")
    count: Several | None = Field(None, description="A transition, or a list of them: the number of firings.")
    tally: Several | None = Field(
        None,
        description="An expression: its mean (and quantiles) over the firings of the transition 'on', in the marking before each. "
        "With a list of transitions, one expression for all or one for each.",
    )
    first_passage: One | None = Field(
        None, description="A condition: the time until it first holds; with 'within' the probability that this is at most as long."
    )
    on: Several | None = Field(None, description="The transition (or transitions) at whose firings 'tally' is taken.")
    at: One | None = Field(None, description="Window: at a point in time.")
    over: OneOrTwo = Field((), description="Window: from the start to a time, or [from, to].")
    until: One | None = Field(None, description="Window: from the start until a condition first holds.")
    within: One | None = Field(None, description="The time within which a first passage is to happen.")
    quantiles: Several = Field((), description="Which quantiles of a tally are wanted, as shares: [50 %, 95 %].")
    precision: One | None = Field(None, description="The relative half-width asked of this measure.")
    doc: One | None = Field(None, description="What the measure means.")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Exactly one kind, with what belongs to it."""
        found = handler(schema)
        handler.resolve_ref_schema(found)["oneOf"] = _kinds_schema()
        return found

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


def _kinds_schema() -> list[dict[str, Any]]:
    """What each kind of measure has besides, as JSON Schema."""
    found: list[dict[str, Any]] = []
    for kind, windows in WINDOWS.items():
        own = (kind, *windows, *(key for key, owner in _OF_ONE_KIND.items() if owner == kind))
        others = [key for key in (*WINDOWS, "at", "over", "until", *_OF_ONE_KIND) if key not in own]
        form: dict[str, Any] = {"required": [kind, "on"] if kind == "tally" else [kind], "properties": dict.fromkeys(others, False)}
        if kind in NEED_A_WINDOW:
            form["oneOf"] = [{"required": [window]} for window in windows]
        elif len(windows) > 1:
            form["not"] = {"anyOf": [{"required": list(pair)} for pair in combinations(windows, 2)]}
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
        owner = _OF_ONE_KIND.get(key)
        if owner is not None and owner != kind:
            yield Fault("wrong-key", f"'{key}' belongs to '{owner}', not to {where}", span_of(key))
    if kind == "tally" and "on" not in data:
        yield Fault("missing-key", "'tally' needs 'on', the transition at whose firings it is taken", span_of(kind))


def _literal(kind: str) -> MeasureKind:
    return next(known for known in WINDOWS if known == kind)


class _ModuleForm:
    """A module is a path to a file, or written in place with the keys of a file."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        _file, model = get_args(source)  # not `Model`, which is only being made when this is called
        return core_schema.with_info_wrap_validator_function(_module, handler.generate_schema(model))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


def _module(value: Any, handler: Any, info: ValidationInfo) -> ModuleFile | Model:
    if isinstance(value, str) and not (isinstance(value, Text) and value.empty):
        path = as_text(value)
        locate = info.context.locate if isinstance(info.context, Context) else None
        return ModuleFile(path, locate(path) if locate else None)
    if not isinstance(value, dict):
        raise wrong_kind(value, "a path to a model file, or a module written in place").error()
    module = handler(value)
    assert isinstance(module, Model)
    for name in (*module.places, *module.transitions):
        fault = name_fault(name) if "." in name else None
        if fault:
            report(info, fault._replace(hint="only resolved nets have names with dots"))
    return module


_SHARED = ("parameters", "colours", "places", "ports", "instances", "modules", "tables")
"""The sections whose names share one name space."""


def _close_names(schema: Any) -> None:
    """Let nothing but names be keys where names are declared."""
    for part in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(part, dict | list):
            _close_names(part)
    if isinstance(schema, dict) and "patternProperties" in schema:
        schema["additionalProperties"] = False


class SchemaOfFiles(GenerateJsonSchema):
    """JSON Schema without the ``null`` of absent keys, which nobody may write, and without titles that repeat the keys."""

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        found = super().generate(schema, mode)
        _close_names(found)
        return {"$schema": self.schema_dialect, **found}

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


class Model(Section):
    """A model file, or a module written in place: places, transitions and measures, with what they are made of."""

    expected = "a mapping with 'spn: 1', places, transitions and measures"

    spn: Version | None = Field(None, description="The version of the language: 1. Required in a file.")
    name: One | None = Field(None, description="The name of a resolved net.")
    description: One | None = Field(None, description="What the model is about.")
    parameters: Annotated[dict[Key, ParameterDeclaration], mapping("names to values")] = Field(
        default_factory=dict, description="What can be changed from outside, with a default each."
    )
    colours: Annotated[dict[Key, ColourDeclaration], mapping("names to colours")] = Field(
        default_factory=dict, description="Finite colours and records."
    )
    tables: Annotated[dict[Key, Table], mapping("names to lists of numbers")] = Field(
        default_factory=dict, description="Numbers to look up by index, from 0."
    )
    modules: Annotated[dict[Key, Annotated[ModuleFile | Model, _ModuleForm()]], mapping("names to paths or modules")] = Field(
        default_factory=dict, description="Modules by name: a path to another model file, or a module written in place (the same keys as a file)."
    )
    places: Annotated[dict[DottedKey, PlaceDeclaration], mapping("names to places")] = Field(
        default_factory=dict, description="Where tokens are."
    )
    ports: Annotated[dict[Key, PlaceDeclaration], mapping("names to places")] = Field(
        default_factory=dict, description="Places that whoever uses this file as a module can join to one of theirs."
    )
    instances: Annotated[dict[Key, InstanceDeclaration], mapping("names to instances")] = Field(
        default_factory=dict, description="Uses of modules."
    )
    transitions: Annotated[dict[DottedKey, TransitionDeclaration], mapping("names to transitions")] = Field(
        default_factory=dict, description="What moves the tokens."
    )
    measures: Annotated[dict[Key, MeasureDeclaration], mapping("names to measures")] = Field(
        default_factory=dict, description="What is to be found out."
    )
    origin: Origin = Field(default_factory=dict, description="Where a resolved net comes from, as text.")

    @classmethod
    def faults(cls, data: dict[Any, Any]) -> Iterator[Fault]:
        """Names declared in two of the sections that share a name space."""
        sections = [(section, entries) for section, entries in data.items() if section in _SHARED and isinstance(entries, dict)]
        rule = "parameters, colours, places, ports, instances, modules and tables share one name space"
        return twice(((section, key) for section, entries in sections for key in entries), rule)

    @classmethod
    def model_json_schema(
        cls,
        by_alias: bool | None = True,
        ref_template: str = DEFAULT_REF_TEMPLATE,
        schema_generator: type[GenerateJsonSchema] = SchemaOfFiles,
        mode: JsonSchemaMode = "validation",
        **options: Any,
    ) -> dict[str, Any]:
        """The JSON Schema of a model file."""
        schema = super().model_json_schema(by_alias is not False, ref_template, schema_generator, mode, **options)
        return schema | {"title": "spn model", "required": ["spn"]}
