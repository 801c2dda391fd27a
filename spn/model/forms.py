"""The forms that values of a model file can take, each with its check and its JSON Schema. The sections are in `spn.model.types`.

A check gets positioned data (`spn.text.positioned`; plain Python data works too, without positions) and gives what the program
uses. What is wrong is a fault in plain words; where one value has several, they go to the problems of the validation's context.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from spn.records import dataclass
from spn.text.positioned import Name, Text
from spn.text.problems import Problems
from spn.text.source import Span

RESERVED = ("and", "or", "not", "if", "else", "for", "in", "true", "false", "now")
"""The words of the language, which cannot be names."""

T = TypeVar("T")

SUBJECT = "{subject}"
"""Stands in a fault's message for the name of what is wrong, which only the path to it tells."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME_RULE = "names are letters, digits and '_', and do not start with a digit"


# What is found in a file ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arc:
    """An arc as written, ``2 * place(c)``; `multiplicity` where the arcs are a mapping from place to multiplicity."""

    place: Text
    multiplicity: Text | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """Names the elements from `start` on: `template` with each ``*`` filled by an argument (in resolved nets)."""

    start: int
    template: Text
    arguments: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class TableForm:
    """A lookup table as written; `type` where it is not that of the values: a duration, an enumeration."""

    values: tuple[Text, ...]
    type: Text | None = None


@dataclass(frozen=True, slots=True)
class ModuleFile:
    """A module in another file. `key` is the resolved path, under which a `Library` holds it; None if files are not followed."""

    path: Text
    key: Path | None = None


# Faults -----------------------------------------------------------------------------------------------------------------------


class Fault(NamedTuple):
    """What is wrong with a value, in plain words; `message` may start with `SUBJECT`."""

    code: str
    message: str
    span: Span | None
    hint: str | None = None

    def error(self) -> FoundFault:
        return FoundFault(self)


class FoundFault(Exception):
    """A value is not what it must be; whoever knows the name of the value adds it and goes on."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.message)


@dataclass(slots=True)
class Context:
    """What reading has at hand: where problems go, how the path of a module's file is resolved, and where it is."""

    problems: Problems
    locate: Callable[[Text], Path | None] | None = None
    where: Span | None = None
    """The key whose value is being read, where it stands in a file."""
    failed: bool = False
    """Whether there were faults without which there is nothing to go on with."""

    @contextmanager
    def inside(self, key: Any, data: dict[Any, Any]) -> Iterator[None]:
        """While the value of a key is read."""
        outside = self.where
        written = key if isinstance(key, Text) else next((known for known in data if known == key), None)
        self.where = span_of(written) or outside
        yield
        self.where = outside

    def note(self, fault: Fault, subject: str, what: str = "") -> None:
        """Note a fault in the value of a key, at its key where nothing is written."""
        self.failed = True
        span = fault.span if fault.span is not None and fault.span.stop > fault.span.start else self.where or fault.span
        self.problems.error(fault.code, fault.message.replace(SUBJECT, what or f"'{subject}'"), span, fault.hint)


def report(context: Context, fault: Fault) -> None:
    """Note a fault of something in a value and go on with the rest of it."""
    context.problems.error(fault.code, fault.message.replace(SUBJECT, "this"), fault.span, fault.hint)


def span_of(value: Any) -> Span | None:
    """Where a value stands, if it knows."""
    span = getattr(value, "span", None)
    return span if isinstance(span, Span) else None


def wrong_kind(value: Any, expected: str, subject: str = SUBJECT) -> Fault:
    """The fault of a value that is not what is expected here; `expected` reads on from "must be"."""
    if _empty(value):
        hint = "give it a value, or leave it out; a '#' after a space starts a comment"
        return Fault("missing-value", f"{subject} is empty, but must be {expected}", span_of(value), hint)
    entries = expected.startswith("a mapping from") and isinstance(value, list | tuple)
    found = Fault("wrong-kind", f"{subject} must be {expected}, not {_kind(value)}", span_of(value))
    return found._replace(hint="write 'name: ...' for each, without '-' or '['") if entries else found


def shortened(text: str, most: int = 60) -> str:
    """A text for a message, cut if it is long."""
    return text if len(text) <= most else text[: most - 3] + "..."


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, Text) and value.empty)


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    value = value.value if isinstance(value, Text) else value
    if isinstance(value, bool):
        return "a truth value"
    return "a number" if isinstance(value, int | float) else "a text"


# Forms ------------------------------------------------------------------------------------------------------------------------


Schema = Callable[[dict[str, Any]], Mapping[str, Any]]
"""The JSON Schema of a form; what it refers to is put into the definitions that are given."""


@dataclass(frozen=True, slots=True, eq=False)
class Form(Generic[T]):
    """How a value is checked (what is wrong is raised as a `FoundFault`) and what its JSON Schema is."""

    check: Callable[[Any, Context], T]
    schema: Mapping[str, Any] | Schema

    def schema_in(self, definitions: dict[str, Any]) -> dict[str, Any]:
        return dict(self.schema(definitions) if callable(self.schema) else self.schema)


EXPRESSION = "a text or a number"
ONE_SCHEMA: dict[str, Any] = {"type": ["string", "number", "boolean"]}
MANY_SCHEMA: dict[str, Any] = {"type": "array", "items": ONE_SCHEMA}
PAIRS_SCHEMA: dict[str, Any] = {"type": "object", "additionalProperties": ONE_SCHEMA}


def as_text(value: Any, expected: str = EXPRESSION, subject: str = SUBJECT) -> Text:
    """The one form of everything that may be an expression; raises the fault of what is none."""
    if isinstance(value, Text) and not value.empty:
        return value
    if isinstance(value, bool):
        return Text(str(value).lower(), value=value)
    if isinstance(value, str | int | float) and not isinstance(value, Text):
        return Text(str(value), value=value)
    raise wrong_kind(value, expected, subject).error()


def _texts(values: Iterable[Any], context: Context, expected: str = EXPRESSION) -> tuple[Text, ...]:
    """The items of a list, each a text; those that are none are reported, all of them."""
    found = []
    for value in values:
        if isinstance(value, Text) and value.value is not None:
            found.append(value)
        elif isinstance(value, dict | list | tuple) or _empty(value):
            report(context, wrong_kind(value, expected, "an item of this list"))
        else:
            found.append(as_text(value))
    return tuple(found)


def _one(value: Any, context: Context) -> Text:
    return as_text(value)


def _several(expected: str = "a text or a list of texts", most: int | None = None) -> Callable[[Any, Context], tuple[Text, ...]]:
    def check(value: Any, context: Context) -> tuple[Text, ...]:
        if not isinstance(value, list | tuple):
            return (as_text(value, expected),)
        if not value or (most is not None and len(value) > most):
            raise Fault("wrong-length", f"{SUBJECT} must be {expected}; this list has {len(value)} items", span_of(value)).error()
        return _texts(value, context)

    return check


def _value(value: Any, context: Context) -> Text | tuple[Text, ...]:
    return _texts(value, context) if isinstance(value, list | tuple) else as_text(value, "a value or a list of values")


def _table(value: Any, context: Context) -> TableForm:
    if isinstance(value, list | tuple):
        return TableForm(_texts(value, context))
    if isinstance(value, dict) and set(value) == {"type", "values"} and isinstance(value["values"], list | tuple):
        by_name = {str(key): entry for key, entry in value.items()}
        return TableForm(_texts(by_name["values"], context), as_text(by_name["type"], "the name of a type"))
    raise wrong_kind(value, "a list of numbers, or a mapping with 'type' and 'values'").error()


def _pairs(value: dict[Any, Any], context: Context, expected: str = EXPRESSION) -> dict[Text, Text]:
    """The entries of a mapping from texts to texts; those that are not are reported, all of them."""
    found = {}
    for key, entry in value.items():
        if isinstance(entry, dict | list | tuple) or _empty(entry):
            span = span_of(key) if _empty(entry) else span_of(entry)
            report(context, wrong_kind(entry, expected, f"'{key}'")._replace(span=span))
        elif key == "":
            report(context, Fault("missing-value", "a key is empty", span_of(key)))
        else:
            found[as_text(key)] = as_text(entry)
    return found


def _mapping_of_texts(expected: str) -> Callable[[Any, Context], dict[Text, Text]]:
    def check(value: Any, context: Context) -> dict[Text, Text]:
        if not isinstance(value, dict):
            raise wrong_kind(value, expected).error()
        return _pairs(value, context)

    return check


def _arcs(value: Any, context: Context) -> tuple[Arc, ...]:
    if isinstance(value, dict):
        return tuple(Arc(place, multiplicity) for place, multiplicity in _pairs(value, context).items())
    if isinstance(value, list | tuple):
        return tuple(Arc(place) for place in _texts(value, context))
    return (Arc(as_text(value, "an arc, a list of arcs, or a mapping from places to multiplicities")),)


def _initial(value: Any, context: Context) -> Text | tuple[Text, ...] | dict[Text, Text]:
    if isinstance(value, dict):
        return _pairs(value, context, "a number of tokens")
    if isinstance(value, list | tuple):
        return _texts(value, context)
    return as_text(value, "a number, 'all', a list of tokens, or a mapping from colours to numbers")


def _labels(value: Any, context: Context) -> tuple[Label, ...]:
    if not isinstance(value, list | tuple):
        raise wrong_kind(value, "a list of labels").error()
    return tuple(_label(item, context) for item in value)


def _label(item: Any, context: Context) -> Label:
    match item:
        case [start, template]:
            arguments: Any = ()
        case [start, template, list(arguments) | tuple(arguments)]:
            pass
        case _:
            raise wrong_kind(item, "[start, template, [expression, ...]]", "a label").error()
    number = start.value if isinstance(start, Text) else start
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise wrong_kind(start, "an integer of at least 0", "the start of a label").error()
    if isinstance(template, Text) and not isinstance(template.value, str):
        raise wrong_kind(template, "a text", "the template of a label").error()
    return Label(number, as_text(template, "a text", "the template of a label"), _texts(arguments, context))


def _choice(allowed: tuple[str, ...]) -> Callable[[Any, Context], Text]:
    def check(value: Any, context: Context) -> Text:
        expected = f"one of {', '.join(allowed)}"
        text = as_text(value, expected)
        if text not in allowed:
            raise Fault("wrong-value", f"{SUBJECT} must be {expected}, not '{shortened(text)}'", span_of(text)).error()
        return text

    return check


def _version(value: Any, context: Context) -> Text:
    text = as_text(value, "1")
    if text.value != 1 or not isinstance(text.value, int) or isinstance(text.value, bool):
        message = f"{SUBJECT} must be 1, the version of the language, not '{shortened(text)}'"
        raise Fault("unknown-version", message, span_of(text), "this program reads version 1").error()
    return text


def name_fault(text: Text, dotted: bool = False) -> Fault | None:
    """What forbids a text as a name; with `dotted`, names may be joined with dots, as in resolved nets."""
    for part in text.split(".") if dotted else (text,):
        if not _NAME.fullmatch(part):
            return Fault("bad-name", f"'{shortened(text)}' cannot be a name", span_of(text), _NAME_RULE)
        if part in RESERVED:
            return Fault("bad-name", f"'{shortened(text)}' cannot be a name", span_of(text), f"'{part}' is a word of the language")
    return None


def _name(dotted: bool) -> Callable[[Any, Context], Name]:
    def check(value: Any, context: Context) -> Name:
        text = as_text(value, "a name")
        fault = name_fault(text, dotted)
        if fault:
            report(context, fault)
        return Name(text, text.span, text.exact, text.value)

    return check


def _names(value: Any, context: Context) -> tuple[Name, ...]:
    if not isinstance(value, list | tuple):
        raise wrong_kind(value, "a list of names").error()
    if not value:
        raise Fault("wrong-length", f"{SUBJECT} must be a list of at least one name", span_of(value)).error()
    check = _name(dotted=False)
    return tuple(check(text, context) for text in _texts(value, context, "a name"))


def name_form(dotted: bool) -> Form[Name]:
    """A name that is declared."""
    word = f"(?!(?:{'|'.join(RESERVED)})$)[A-Za-z_][A-Za-z0-9_]*"
    return Form(_name(dotted), {"type": "string", "pattern": f"^{word}{DOTTED if dotted else ''}$"})


DOTTED = "(\\.[A-Za-z_][A-Za-z0-9_]*)*"
_TYPED_TABLE = {"type": "object", "properties": {"type": {"type": "string"}, "values": MANY_SCHEMA}, "required": ["type", "values"]}
_LABEL_SCHEMA = {"type": "array", "prefixItems": [{"type": "integer", "minimum": 0}, {"type": "string"}, MANY_SCHEMA], "minItems": 2, "maxItems": 3}

ONE = Form(_one, ONE_SCHEMA)
VERSION = Form(_version, {"const": 1})
SEVERAL = Form(_several(), {"anyOf": [ONE_SCHEMA, MANY_SCHEMA | {"minItems": 1}]})
ONE_OR_TWO = Form(_several("a time or a list of two", most=2), {"anyOf": [ONE_SCHEMA, MANY_SCHEMA | {"minItems": 1, "maxItems": 2}]})
VALUE = Form(_value, {"anyOf": [ONE_SCHEMA, MANY_SCHEMA]})
TABLE = Form(_table, {"anyOf": [MANY_SCHEMA, _TYPED_TABLE | {"additionalProperties": False}]})
NAMES = Form(_names, {"type": "array", "items": name_form(dotted=False).schema_in({}), "minItems": 1})
ARCS = Form(_arcs, {"anyOf": [ONE_SCHEMA, MANY_SCHEMA, PAIRS_SCHEMA]})
INITIAL = Form(_initial, {"anyOf": [ONE_SCHEMA, MANY_SCHEMA, PAIRS_SCHEMA]})
CONNECTIONS = Form(_mapping_of_texts("a mapping from ports to places"), PAIRS_SCHEMA)
ORIGIN = Form(_mapping_of_texts("a mapping from texts to texts"), PAIRS_SCHEMA)
LABELS = Form(_labels, {"type": "array", "items": _LABEL_SCHEMA})


def one_of(*allowed: str) -> Form[Text]:
    """A text out of a fixed few."""
    return Form(_choice(allowed), {"enum": list(allowed)})


def twice(keys: Iterable[tuple[str, Text]], what: str) -> Iterator[Fault]:
    """Faults of names that several sections declare though they share a name space; `keys` are (section, name)."""
    first: dict[str, tuple[str, Text]] = {}
    for section, name in keys:
        if name not in first:
            first[name] = (section, name)
            continue
        earlier, other = first[name]
        span = span_of(other)
        line = f" in line {span.source.position(span.start)[0]}" if span and span.source.places is None else ""
        yield Fault("declared-twice", f"'{name}' is already declared under '{earlier}'{line}", span_of(name), what)
