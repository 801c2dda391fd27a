"""Sections: mappings with known keys, as frozen objects that read themselves and give their JSON Schema. Which sections there are is not said here.

A key is declared once, with its form, what it is if absent, and its description:

    class PlaceDeclaration(Section):
        colour: Text | None = declare(ONE, None, description="The colour of the tokens.")

All checks are the forms' (`spn.model.forms`); here is what they have in common: unknown and missing keys, and where a fault is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import Any, ClassVar, Generic, Self, TypeVar, dataclass_transform

from spn.model.forms import Context, Fault, Form, FoundFault, name_form, report, shortened, span_of, wrong_kind
from spn.model.synonyms import of_key
from spn.records import dataclass
from spn.text.positioned import Name, Text
from spn.text.problems import nearest

T = TypeVar("T")
S = TypeVar("S", bound="Section")
REQUIRED: Any = object()


@dataclass(slots=True, eq=False)
class Key(Generic[T]):
    """A key of a section: how it is written, its form, its value if absent."""

    form: Form[T]
    default: T | None
    written: str
    description: str


def declare(form: Form[T], default: Any = REQUIRED, *, alias: str = "", description: str) -> Any:
    """Declare a key; `alias` is how it is written in a file, if not like the field."""
    return Key(form, default, alias, description)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(declare,))
class Section:
    """A mapping with known keys. Every unknown key is a fault, and does not hide the others."""

    what: ClassVar[str] = "model"
    """What a file is that holds nothing but this."""
    expected: ClassVar[str] = "a mapping"
    short: ClassVar[str | None] = None
    """The key that a plain text or number stands for."""
    declared: ClassVar[dict[str, Key[Any]]] = {}
    """The keys by the names of their fields."""

    def __init_subclass__(cls) -> None:
        cls.declared = cls.declared | {name: found for name, found in vars(cls).items() if isinstance(found, Key)}
        for name in [name for name, found in vars(cls).items() if isinstance(found, Key)]:
            cls.declared[name].written = cls.declared[name].written or name
            delattr(cls, name)

    def __init__(self, **values: Any) -> None:
        for name, field in self.declared.items():
            value = values.pop(name, field.default)
            if value is REQUIRED:
                raise TypeError(f"{type(self).__name__} needs '{name}'")
            self.__dict__[name] = {} if value is field.default and isinstance(value, dict) else value
        if values:
            raise TypeError(f"{type(self).__name__} has no '{next(iter(values))}'")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        given = ((name, getattr(self, name)) for name in self.declared)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given if value != self.declared[name].default)})"

    @classmethod
    def read(cls, data: Any, context: Context) -> Self:
        """The section that some data stand for. Faults go to the context; the section is of use only if there are none. Raises `FoundFault`."""
        data = cls.spelt_out(data)
        if not isinstance(data, dict):
            raise wrong_kind(data, cls.expected).error()
        for fault in cls.faults(data):
            report(context, fault)
        known = {field.written: name for name, field in cls.declared.items()}
        for written in data:
            if written not in known:
                hint = _unknown_key_hint(written, tuple(known))
                report(context, Fault("unknown-key", f"unknown key '{shortened(written)}'", span_of(written), hint))
        values: dict[str, Any] = {}
        for field in cls.declared:
            cls._read_key(field, data, values, context)
        made = cls.__new__(cls)
        made.__dict__.update(values)
        return made

    @classmethod
    def _read_key(cls, name: str, data: dict[Any, Any], values: dict[str, Any], context: Context) -> None:
        field = cls.declared[name]
        values[name] = {} if isinstance(field.default, dict) else field.default
        if field.written not in data:
            if field.default is REQUIRED:
                context.failed = True
                context.problems.error("missing-key", f"'{field.written}' is missing", context.where)
        elif (value := data[field.written]) is not None or field.default is not None:
            with context.inside(field.written, data):
                try:
                    values[name] = field.form.check(value, context)
                except FoundFault as found:
                    context.note(found.fault, field.written)

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
        return tuple(field.written for field in cls.declared.values())

    @classmethod
    def schema(cls, definitions: dict[str, Any]) -> dict[str, Any]:
        """The JSON Schema of the section as it is written: the long form, or also the short one where there is one."""
        long = cls.long_schema(definitions)
        if cls.short is None:
            return long
        short = long["properties"][cls.short]
        plain = ("object",) if isinstance(cls.spelt_out([]), dict) else ("object", "array")  # what is always the long form
        forms = [form for form in short.get("anyOf", [short]) if form.get("type") not in plain]
        return {"anyOf": [*({k: v for k, v in form.items() if k in ("type", "items", "minItems")} for form in forms), long]}

    @classmethod
    def long_schema(cls, definitions: dict[str, Any]) -> dict[str, Any]:
        """The JSON Schema of the mapping with all keys."""
        properties = {field.written: field.form.schema_in(definitions) | {"description": field.description} for field in cls.declared.values()}
        required = [field.written for field in cls.declared.values() if field.default is REQUIRED]
        return {
            "type": "object",
            "description": cleandoc(cls.__doc__ or ""),
            "properties": properties,
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }

    @classmethod
    def file_schema(cls, title: str, required: list[str]) -> dict[str, Any]:
        """The JSON Schema of a file that is this section, by itself."""
        definitions: dict[str, Any] = {}
        reference = section(cls).schema_in(definitions)
        dialect = "https://json-schema.org/draft/2020-12/schema"
        return {"$schema": dialect, "$defs": dict(sorted(definitions.items())), **reference, "title": title, "required": required}


def _unknown_key_hint(written: str, known: tuple[str, ...]) -> str:
    if ":" in written:
        return "a ':' between a key and its value needs a space after it"
    return of_key(written, known) or (nearest(written, known) if len(written) < 60 else None) or f"the keys here are {', '.join(known)}"


def section(kind: type[S]) -> Form[S]:
    """The form of a value that is a section; its schema is a definition of its own."""

    def schema_in(definitions: dict[str, Any]) -> dict[str, Any]:
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}  # a section may hold itself
            definitions[kind.__name__] = kind.schema(definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}

    return Form(kind.read, schema_in)


def mapping(entry: Form[T], expected: str, *, dotted: bool = False) -> Form[dict[Name, T]]:
    """The form of a mapping from names to values of one form; a fault in one hides no other."""
    names = name_form(dotted)

    def check(value: Any, context: Context) -> dict[Name, T]:
        if not isinstance(value, dict):
            raise wrong_kind(value, f"a mapping from {expected}").error()
        found = {}
        for name, part in value.items():
            with context.inside(name, value):
                try:
                    found[names.check(name, context)] = entry.check(part, context)
                except FoundFault as fault:
                    context.note(fault.fault, name)
        return found

    def schema_in(definitions: dict[str, Any]) -> Mapping[str, Any]:
        pattern = names.schema_in(definitions)["pattern"]
        return {"type": "object", "patternProperties": {pattern: entry.schema_in(definitions)}, "additionalProperties": False}

    return Form(check, schema_in)
