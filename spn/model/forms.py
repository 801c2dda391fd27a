"""The forms that values of a model file can take, each with its check and its JSON Schema. The sections are in `spn.model.types`.

A check gets positioned data (`spn.text.positioned`; plain Python data works too, without positions) and gives what the program
uses. What is wrong is a fault in plain words; where one value has several, they go to the problems of the validation's context.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from spn.text.positioned import Name, Text
from spn.text.problems import Problems
from spn.text.source import Span

RESERVED = ("and", "or", "not", "if", "else", "for", "in", "true", "false", "now")
"""The words of the language, which cannot be names."""

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

    def error(self) -> PydanticCustomError:
        return PydanticCustomError(self.code, "{message}", self._asdict())


@dataclass(frozen=True, slots=True)
class Context:
    """What a validation has at hand: where problems go, and how the path of a module's file is resolved."""

    problems: Problems
    locate: Callable[[Text], Path | None] | None = None


def report(info: ValidationInfo, fault: Fault) -> None:
    """Note a fault and go on; without a context there is nowhere to note it, and it ends the validation."""
    if not isinstance(info.context, Context):
        raise fault.error()
    info.context.problems.error(fault.code, fault.message.replace(SUBJECT, "this"), fault.span, fault.hint)


def span_of(value: Any) -> Span | None:
    """Where a value stands, if it knows."""
    span = getattr(value, "span", None)
    return span if isinstance(span, Span) else None


def wrong_kind(value: Any, expected: str, subject: str = SUBJECT) -> Fault:
    """The fault of a value that is not what is expected here; `expected` reads on from "must be"."""
    if _empty(value):
        hint = "give it a value, or leave it out; a '#' after a space starts a comment"
        return Fault("missing-value", f"{subject} is empty, but must be {expected}", span_of(value), hint)
    return Fault("wrong-kind", f"{subject} must be {expected}, not {_kind(value)}", span_of(value))


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


@dataclass(frozen=True, eq=False)
class Form:
    """Tells pydantic how a value is checked and what its JSON Schema is."""

    check: Callable[[Any, ValidationInfo], Any]
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.schema)


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


def _texts(values: Iterable[Any], info: ValidationInfo, expected: str = EXPRESSION) -> tuple[Text, ...]:
    """The items of a list, each a text; those that are none are reported, all of them."""
    found = []
    for value in values:
        if isinstance(value, Text) and value.value is not None:
            found.append(value)
        elif isinstance(value, dict | list | tuple) or _empty(value):
            report(info, wrong_kind(value, expected, "an item of this list"))
        else:
            found.append(as_text(value))
    return tuple(found)


def _one(value: Any, info: ValidationInfo) -> Text:
    return as_text(value)


def _several(expected: str = "a text or a list of texts", most: int | None = None) -> Callable[[Any, ValidationInfo], tuple[Text, ...]]:
    def check(value: Any, info: ValidationInfo) -> tuple[Text, ...]:
        if not isinstance(value, list | tuple):
            return (as_text(value, expected),)
        if not value or (most is not None and len(value) > most):
            raise Fault("wrong-length", f"{SUBJECT} must be {expected}; this list has {len(value)} items", span_of(value)).error()
        return _texts(value, info)

    return check


def _value(value: Any, info: ValidationInfo) -> Text | tuple[Text, ...]:
    return _texts(value, info) if isinstance(value, list | tuple) else as_text(value, "a value or a list of values")


def _table(value: Any, info: ValidationInfo) -> TableForm:
    if isinstance(value, list | tuple):
        return TableForm(_texts(value, info))
    if isinstance(value, dict) and set(value) == {"type", "values"} and isinstance(value["values"], list | tuple):
        by_name = {str(key): entry for key, entry in value.items()}
        return TableForm(_texts(by_name["values"], info), as_text(by_name["type"], "the name of a type"))
    raise wrong_kind(value, "a list of numbers, or a mapping with 'type' and 'values'").error()


def _pairs(value: dict[Any, Any], info: ValidationInfo, expected: str = EXPRESSION) -> dict[Text, Text]:
    """The entries of a mapping from texts to texts; those that are not are reported, all of them."""
    found = {}
    for key, entry in value.items():
        if isinstance(entry, dict | list | tuple) or _empty(entry):
            span = span_of(key) if _empty(entry) else span_of(entry)
            report(info, wrong_kind(entry, expected, f"'{key}'")._replace(span=span))
        elif key == "":
            report(info, Fault("missing-value", "a key is empty", span_of(key)))
        else:
            found[as_text(key)] = as_text(entry)
    return found


def _mapping_of_texts(expected: str) -> Callable[[Any, ValidationInfo], dict[Text, Text]]:
    def check(value: Any, info: ValidationInfo) -> dict[Text, Text]:
        if not isinstance(value, dict):
            raise wrong_kind(value, expected).error()
        return _pairs(value, info)

    return check


def _arcs(value: Any, info: ValidationInfo) -> tuple[Arc, ...]:
    if isinstance(value, dict):
        return tuple(Arc(place, multiplicity) for place, multiplicity in _pairs(value, info).items())
    if isinstance(value, list | tuple):
        return tuple(Arc(place) for place in _texts(value, info))
    return (Arc(as_text(value, "an arc, a list of arcs, or a mapping from places to multiplicities")),)


def _initial(value: Any, info: ValidationInfo) -> Text | tuple[Text, ...] | dict[Text, Text]:
    if isinstance(value, dict):
        return _pairs(value, info, "a number of tokens")
    if isinstance(value, list | tuple):
        return _texts(value, info)
    return as_text(value, "a number, 'all', a list of tokens, or a mapping from colours to numbers")


def _labels(value: Any, info: ValidationInfo) -> tuple[Label, ...]:
    if not isinstance(value, list | tuple):
        raise wrong_kind(value, "a list of labels").error()
    return tuple(_label(item, info) for item in value)


def _label(item: Any, info: ValidationInfo) -> Label:
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
    return Label(number, as_text(template, "a text", "the template of a label"), _texts(arguments, info))


def _choice(allowed: tuple[str, ...]) -> Callable[[Any, ValidationInfo], Text]:
    def check(value: Any, info: ValidationInfo) -> Text:
        expected = f"one of {', '.join(allowed)}"
        text = as_text(value, expected)
        if text not in allowed:
            raise Fault("wrong-value", f"{SUBJECT} must be {expected}, not '{shortened(text)}'", span_of(text)).error()
        return text

    return check


def _version(value: Any, info: ValidationInfo) -> Text:
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


def _name(dotted: bool) -> Callable[[Any, ValidationInfo], Name]:
    def check(value: Any, info: ValidationInfo) -> Name:
        text = as_text(value, "a name")
        fault = name_fault(text, dotted)
        if fault:
            report(info, fault)
        return Name(text, text.span, text.exact, text.value)

    return check


def _names(value: Any, info: ValidationInfo) -> tuple[Name, ...]:
    if not isinstance(value, list | tuple):
        raise wrong_kind(value, "a list of names").error()
    if not value:
        raise Fault("wrong-length", f"{SUBJECT} must be a list of at least one name", span_of(value)).error()
    check = _name(dotted=False)
    return tuple(check(text, info) for text in _texts(value, info, "a name"))


_NAME_PATTERN = f"^(?!(?:{'|'.join(RESERVED)})$)[A-Za-z_][A-Za-z0-9_]*$"
_DOTTED_PATTERN = f"^(?!(?:{'|'.join(RESERVED)})$)[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*$"

One = Annotated[Text, Form(_one, ONE_SCHEMA)]
Version = Annotated[Text, Form(_version, {"const": 1})]
Several = Annotated[tuple[Text, ...], Form(_several(), {"anyOf": [ONE_SCHEMA, MANY_SCHEMA | {"minItems": 1}]})]
OneOrTwo = Annotated[
    tuple[Text, ...],
    Form(_several("a time or a list of two", most=2), {"anyOf": [ONE_SCHEMA, MANY_SCHEMA | {"minItems": 1, "maxItems": 2}]}),
]
Value = Annotated[Text | tuple[Text, ...], Form(_value, {"anyOf": [ONE_SCHEMA, MANY_SCHEMA]})]
_TYPED_TABLE = {"type": "object", "properties": {"type": {"type": "string"}, "values": MANY_SCHEMA}, "required": ["type", "values"]}
Table = Annotated[TableForm, Form(_table, {"anyOf": [MANY_SCHEMA, _TYPED_TABLE | {"additionalProperties": False}]})]
Key = Annotated[Name, Form(_name(dotted=False), {"type": "string", "pattern": _NAME_PATTERN})]
DottedKey = Annotated[Name, Form(_name(dotted=True), {"type": "string", "pattern": _DOTTED_PATTERN})]
Names = Annotated[tuple[Name, ...], Form(_names, {"type": "array", "items": {"type": "string", "pattern": _NAME_PATTERN}, "minItems": 1})]
Arcs = Annotated[tuple[Arc, ...], Form(_arcs, {"anyOf": [ONE_SCHEMA, MANY_SCHEMA, PAIRS_SCHEMA]})]
Initial = Annotated[Text | tuple[Text, ...] | dict[Text, Text], Form(_initial, {"anyOf": [ONE_SCHEMA, MANY_SCHEMA, PAIRS_SCHEMA]})]
Connections = Annotated[dict[Text, Text], Form(_mapping_of_texts("a mapping from ports to places"), PAIRS_SCHEMA)]
Origin = Annotated[dict[Text, Text], Form(_mapping_of_texts("a mapping from texts to texts"), PAIRS_SCHEMA)]
_LABEL_SCHEMA = {"type": "array", "prefixItems": [{"type": "integer", "minimum": 0}, {"type": "string"}, MANY_SCHEMA], "minItems": 2, "maxItems": 3}
Labels = Annotated[tuple[Label, ...], Form(_labels, {"type": "array", "items": _LABEL_SCHEMA})]


def one_of(*allowed: str) -> Form:
    """A text out of a fixed few."""
    return Form(_choice(allowed), {"enum": list(allowed)})


def mapping(expected: str) -> BeforeValidator:
    """The check that a section is a mapping at all, before its entries are looked at."""

    def check(value: Any) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise wrong_kind(value, f"a mapping from {expected}").error()
        return value

    return BeforeValidator(check)


def twice(keys: Iterable[tuple[str, Text]], what: str) -> Iterator[Fault]:
    """Faults of names that several sections declare though they share a name space; `keys` are (section, name)."""
    first: dict[str, tuple[str, Text]] = {}
    for section, name in keys:
        if name not in first:
            first[name] = (section, name)
            continue
        earlier, other = first[name]
        span = span_of(other)
        line = f" in line {span.source.position(span.start)[0]}" if span and isinstance(other, Text) and span.source.places is None else ""
        yield Fault("declared-twice", f"'{name}' is already declared under '{earlier}'{line}", span_of(name), what)
