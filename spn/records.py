"""Data classes that are made quickly, for the modules that every command loads. What the standard ones do, with the same decorator.

Python's own `dataclasses` writes and compiles six functions for each class, a third of a millisecond; `spn check` loads 170 of them. Here only
``__init__`` is compiled, and the rest is shared: equality, hash, representation and that nothing is changed. Fields, `dataclasses.replace`,
patterns of ``match`` and pickling are those of the standard library.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar, cast, dataclass_transform

C = TypeVar("C", bound=type)


@dataclass_transform(field_specifiers=(dataclasses.field,))
def dataclass(*, slots: bool, frozen: bool = False, eq: bool = True) -> Callable[[C], C]:
    """As `dataclasses.dataclass` with these options; what is frozen has slots."""

    def made(cls: C) -> C:
        cls.__doc__ = cls.__doc__ or cls.__name__  # else it is written from the signature, which takes long
        found: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
        fields = dataclasses.fields(found)
        written = vars(cls)
        if "__init__" not in written:
            found.__init__ = _init(found, fields, frozen)
        if "__repr__" not in written:
            found.__repr__ = _repr
        if eq and "__eq__" not in written:
            found.__eq__, found.__hash__ = _comparing([f.name for f in fields if f.compare], written.get("__hash__"), frozen)
        if frozen:
            found.__setattr__, found.__delattr__, found.__setstate__ = _refuse, _refuse, _restore
        return cast(C, found)

    return made


def _init(cls: Any, fields: tuple[dataclasses.Field[Any], ...], frozen: bool) -> Any:
    """The only function that is compiled, as it is called so often."""
    names: dict[str, Any] = {"_missing": dataclasses.MISSING}
    arguments: list[str] = []
    by_name = ["*"]
    lines: list[str] = []
    for f in fields:
        made, default = (f.name if f.init else f"_default_{f.name}"), ""
        if f.default_factory is not dataclasses.MISSING:
            names[f"_new_{f.name}"], default = f.default_factory, "=_missing"
            made = f"_new_{f.name}() if {f.name} is _missing else {f.name}" if f.init else f"_new_{f.name}()"
        elif f.default is not dataclasses.MISSING:
            names[f"_default_{f.name}"], default = f.default, f"=_default_{f.name}"
        if f.init:
            (by_name if f.kw_only else arguments).append(f.name + default)
        elif not default:
            continue  # `__post_init__` gives it a value
        if frozen:
            names[f"_set_{f.name}"] = getattr(cls, f.name).__set__  # of the slot
        lines.append(f"_set_{f.name}(self, {made})" if frozen else f"self.{f.name} = {made}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    head = ", ".join(["self", *arguments, *(by_name if len(by_name) > 1 else ())])
    exec(f"def __init__({head}):\n  " + "\n  ".join(lines or ["pass"]), names)  # noqa: S102 - names that Python has read
    return names["__init__"]


def _comparing(names: list[str], own_hash: Any, frozen: bool) -> tuple[Any, Any]:
    """Equality and hash by the values of some fields."""
    values: Callable[[Any], Any] = attrgetter(*names) if names else lambda record: ()

    def __eq__(self: Any, other: Any) -> Any:
        return self is other or values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    return __eq__, own_hash or (__hash__ if frozen else None)


def _repr(self: Any) -> str:
    shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{type(self).__qualname__}({shown})"


def _refuse(self: Any, name: str, value: Any = None) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot change '{name}'")


def _restore(self: Any, state: Any) -> None:
    """What was pickled: a dictionary, slots, or both."""
    for part in state if isinstance(state, tuple) else (state,):
        for name, value in (part or {}).items():
            object.__setattr__(self, name, value)
