"""The parameters of a model that was read, with the values that they have: what people gave, and what became of it."""

from __future__ import annotations

from spn.expressions import types
from spn.expressions.tree import Constant, DelayCall, Expression, Sequence
from spn.model.types import Text
from spn.records import dataclass
from spn.resolver.frames import Case, Column, Delays, Lists, distinct, kinds_of
from spn.resolver.resolve import Reading


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

    @property
    def changed(self) -> bool:
        """Whether it was given from outside."""
        return self.written != self.default


def parameter_values(reading: Reading) -> tuple[ParameterValue, ...]:
    """All parameters of the model itself, in the order in which they are declared."""
    module = reading.elaboration.modules[""]
    columns = reading.elaboration.rows[""].frame.parameters
    found = []
    for name, declaration in module.model.parameters.items():
        default = declaration.default if isinstance(declaration.default, Text) else f"[{', '.join(declaration.default)}]"
        written = str(reading.given.get(name, default))
        value = _value(columns[name], module.parameters[name].type)
        found.append(ParameterValue(str(name), value, written, str(default), str(declaration.doc or "")))
    return tuple(found)


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
