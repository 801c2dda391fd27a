"""The parameters of a model that was read, with the values that they have: what people gave, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from spn.expressions import types
from spn.expressions.tree import Constant, DelayCall, Expression, Sequence
from spn.model.forms import TableForm
from spn.model.section import Section
from spn.model.types import Arc, Model, Text
from spn.records import dataclass
from spn.resolver.frames import Case, Column, Delays, Lists, distinct, kinds_of
from spn.resolver.resolve import Reading

SEEING = ("parameters", "colours", "tables", "places", "ports", "instances", "transitions", "measures", "rare")
"""The sections of a module in which its parameters may be used."""


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A parameter: its value as a constant, a distribution with constant arguments, or a list of constants.

    `written` is what the value follows from, `default` what is written in the model (the same, unless it was given another value).
    """

    name: str
    value: Expression | tuple[Expression, ...]
    written: str
    default: str
    doc: str
    used: bool
    """Whether anything in the model mentions it, so that another value could change something."""

    @property
    def changed(self) -> bool:
        """Whether it was given from outside."""
        return self.written != self.default


def parameter_values(reading: Reading) -> tuple[ParameterValue, ...]:
    """All parameters of the model itself, in the order in which they are declared."""
    module = reading.elaboration.modules[""]
    columns = reading.elaboration.rows[""].frame.parameters
    found = []
    mentioned = dict(_mentioned(module.model)) if module.model.parameters else {}
    for name, declaration in module.model.parameters.items():
        default = declaration.default if isinstance(declaration.default, Text) else f"[{', '.join(declaration.default)}]"
        written = str(reading.given.get(name, default))
        used = any(name in words for owner, words in mentioned.items() if owner != name)
        value = _value(columns[name], module.parameters[name].type)
        found.append(ParameterValue(str(name), value, written, str(default), str(declaration.doc or ""), used))
    return tuple(found)


def _mentioned(model: Model) -> Iterator[tuple[str, frozenset[str]]]:
    """The words in each declaration of a module by its name; modules in it, which see nothing of it, are left out."""
    for key in SEEING:
        for name, declaration in getattr(model, key).items():
            yield (name if key == "parameters" else f"{key}.{name}"), frozenset(re.findall(r"\w+", " ".join(_texts(declaration))))


def _texts(value: object) -> Iterator[str]:
    """All that may be an expression in a declaration: not what is for people, nor the names of another module's parameters."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Section):
        for key in value.declared:
            entry = getattr(value, key)
            yield from _texts(tuple(entry.values()) if key == "arguments" else entry if key not in ("doc", "labels") else ())
    elif isinstance(value, Mapping):
        yield from _texts((*value.keys(), *value.values()))
    elif isinstance(value, tuple):
        for entry in value:
            yield from _texts(entry)
    elif isinstance(value, Arc | TableForm):
        yield from _texts((value.place, value.multiplicity) if isinstance(value, Arc) else value.values)


def instances(reading: Reading) -> dict[str, int]:
    """How often each module of the model is used, by the names of modules."""
    return {name.rpartition("/")[2]: rows.size for name, rows in reading.elaboration.rows.items() if name and rows.size}


def _value(column: Column, type: types.Type) -> Expression | tuple[Expression, ...]:
    if isinstance(column, Delays):
        case, _, arguments = distinct(column)[0]
        return _distribution(column.cases[case], arguments)
    if isinstance(column, Lists):
        element = type.element if isinstance(type, types.Table) else types.REAL
        return tuple(Constant(element, item) for item in column.items[column.offset[0] : column.offset[0] + column.length[0]].tolist())
    return Constant(type, column[0].item())


def _distribution(case: Case, arguments: list[float | int | list[float]]) -> DelayCall:
    made: list[Expression | Sequence] = []
    for argument, kind in zip(arguments, kinds_of(case.name, case.form), strict=True):
        made.append(Sequence(tuple(Constant(kind, a) for a in argument)) if isinstance(argument, list) else Constant(kind, argument))
    return DelayCall(types.DISTRIBUTION, case.name, case.form, tuple(made))
