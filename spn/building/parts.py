"""What a model built in code is made of: parameters, places, transitions, instances and measures, each with the keys of a model file.

A part is a mapping with the keys as files write them (``transition["in"]``) and has an attribute for each (``transition.inputs``), called as in
`spn.model.types`. It checks nothing: what is wrong is told for the whole model at once. But an attribute that no such part has is an AttributeError.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, dataclass_transform

from spn.building.values import key_text, plain, shown
from spn.text.problems import nearest

if TYPE_CHECKING:
    from datetime import timedelta

    from spn.distributions import Distribution

Value: TypeAlias = "str | int | float | bool | timedelta | Distribution | None"
"""An expression in the language of models, a number, a truth value, a duration or a distribution."""

Values: TypeAlias = "Value | list[Value] | tuple[Value, ...]"
Arcs: TypeAlias = "Value | list[str] | tuple[str, ...] | dict[str, Value]"

_PACKAGE = str(Path(__file__).resolve().parents[1]) + os.sep


def caller() -> tuple[str, int]:
    """The file and line outside of this package that is being executed: where a value was given."""
    frame = sys._getframe(1)
    while frame.f_back is not None and (frame.f_code.co_filename.startswith(_PACKAGE) or "collections" in frame.f_code.co_filename):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


class _Key:
    """An attribute that stands for an entry."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __get__(self, part: Part | None, owner: type) -> Any:
        return self if part is None else part._entries.get(self.key)

    def __set__(self, part: Part, value: Any) -> None:
        part[self.key] = value

    def __delete__(self, part: Part) -> None:
        part.pop(self.key, None)


@dataclass_transform(kw_only_default=True)
class Part(MutableMapping[str, Any]):
    """Entries by key. None is the same as no entry."""

    __slots__ = ("_entries", "_lines", "_long")

    SHORT: ClassVar[str | None] = None
    """The key whose value may stand for the whole, if it is the only one."""
    KEYS: ClassVar[Mapping[str, str]] = {}
    """The key of each attribute."""
    RENAMED: ClassVar[Mapping[str, str]] = {
        "loops": "for", "inputs": "in", "outputs": "out", "inhibitors": "inhibit", "tests": "test", "resets": "reset", "arguments": "with",
    }  # fmt: skip

    _entries: dict[str, Any]
    _lines: dict[str, tuple[str, int]]
    _long: bool

    def __init_subclass__(cls) -> None:
        names = [name for name, kind in cls.__annotations__.items() if not name.startswith("_") and "ClassVar" not in str(kind)]
        cls.KEYS = {name: cls.RENAMED.get(name, name) for name in names}
        for name, key in cls.KEYS.items():
            setattr(cls, name, _Key(key))

    def __init__(self, entries: Any = None, /, **values: Any) -> None:
        """Of attributes by name; or of a mapping with the keys of a file, or a short form."""
        self._entries, self._lines, self._long = {}, {}, False
        if isinstance(entries, Mapping):
            self._long = True
            self.update(entries)
        elif entries is not None:
            self[self._short()] = entries
        for name, value in values.items():
            if name not in self.KEYS:
                hint = nearest(name, self.KEYS) or f"it has {', '.join(self.KEYS)}"
                raise TypeError(f"a {type(self).__name__.lower()} has no '{name}'; {hint}")
            self[self.KEYS[name]] = value

    @classmethod
    def of(cls, value: Any) -> Any:
        """A part of what stands for one; what does not is left as it is, for the check of the model to tell."""
        if isinstance(value, cls) or not (isinstance(value, Mapping) or (cls.SHORT is not None and value is not None)):
            return value
        return cls(value)

    def _short(self) -> str:
        if self.SHORT is None:
            raise TypeError(f"a {type(self).__name__.lower()} has no short form; name what you give: {', '.join(self.KEYS)}")
        return self.SHORT

    def take(self, value: Any) -> bool:
        """Let a value stand for the whole, as in a file's short form, but keep what else is known; False if it is none."""
        if self.SHORT is None or value is None or isinstance(value, Mapping):
            return False
        self[self.SHORT] = value
        return True

    def __getitem__(self, key: str) -> Any:
        return self._entries[key]

    def __setitem__(self, key: str, value: Any) -> None:
        key = key_text(key)
        if value is None:
            self._entries.pop(key, None)
            return
        self._entries[key] = value if isinstance(value, MutableMapping) and not isinstance(value, dict) else plain(value)
        self._lines[key] = caller()

    def __delitem__(self, key: str) -> None:
        del self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        names = {key: name for name, key in self.KEYS.items()}
        known = ", ".join(f"{names[key]}={value!r}" for key, value in self._entries.items() if key in names)
        others = {key: value for key, value in self._entries.items() if key not in names}
        return f"{type(self).__name__}({', '.join(filter(None, [shown(others) if others else '', known]))})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Mapping):
            return dict(self.items()) == dict(other.items())
        return self.SHORT is not None and list(self) == [self.SHORT] and bool(self[self.SHORT] == other)

    __hash__ = None  # type: ignore[assignment]

    def written(self) -> Any:
        """What a file has: short, if it can be and was not written at length. What is inside may not be plain yet."""
        if self.SHORT is not None and not self._long and list(self._entries) == [self.SHORT] and not isinstance(self._entries[self.SHORT], dict):
            return self._entries[self.SHORT]
        return self._entries


class Parameter(Part):
    """A parameter: what can be changed from outside. Short form: its default alone."""

    __slots__ = ()
    SHORT: ClassVar[str | None] = "default"

    default: Values = None
    choice: list[str] | tuple[str, ...] | None = None
    min: Value = None
    max: Value = None
    type: str | None = None
    doc: str | None = None


class Place(Part):
    """A place or port. Short form: the number of plain tokens at the start."""

    __slots__ = ()
    SHORT: ClassVar[str | None] = "initial"

    over: Values = None
    colour: str | None = None
    initial: Value | list[str] | dict[Any, Value] = None
    order: str | None = None
    capacity: Value = None
    when: Value = None
    doc: str | None = None
    labels: list[Any] | None = None


class Transition(Part):
    """A transition, immediate if it has no `delay`. In a file `loops` are ``for``, `inputs` ``in``, `outputs` ``out`` ..."""

    __slots__ = ()

    loops: Values = None
    inputs: Arcs = None
    outputs: Arcs = None
    inhibitors: Arcs = None
    tests: Arcs = None
    resets: Arcs = None
    guard: Value = None
    delay: Value = None
    priority: Value = None
    weight: Value = None
    memory: str | None = None
    servers: Value = None
    when: Value = None
    doc: str | None = None
    labels: list[Any] | None = None


class Instance(Part):
    """A use of a module. In a file `loops` are ``for`` and `arguments` ``with``."""

    __slots__ = ()

    module: str | None = None
    loops: Values = None
    arguments: dict[str, Values] | None = None
    connect: dict[str, str] | None = None
    when: Value = None
    doc: str | None = None


class Measure(Part):
    """A measure: exactly one of the seven kinds, and at most one window (`at`, `over`, `until`)."""

    __slots__ = ()

    availability: Value = None
    average: Value = None
    integral: Value = None
    rate: Values = None
    count: Values = None
    tally: Values = None
    first_passage: Value = None
    on: Values = None
    at: Value = None
    over: Values = None
    until: Value = None
    within: Value = None
    quantiles: Values = None
    precision: Value = None
    doc: str | None = None


class RareEvent(Part):
    """A rare event for `spn.rare_event`. Short form: its condition alone."""

    __slots__ = ()
    SHORT: ClassVar[str | None] = "condition"

    condition: Value = None
    until: Value = None
    within: Value = None
    importance: Value = None
    doc: str | None = None
