"""The types an expression can have. No syntax and no values live here.

Numbers carry a *dimension*, the power of time in their unit: 0 for pure numbers, 1 for durations, -1 for rates.
Times are in seconds inside.
"""

from __future__ import annotations

from spn.records import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    """An integer or real number with a power of time as its unit."""

    integer: bool
    dimension: int = 0


@dataclass(frozen=True, slots=True)
class Boolean:
    """Truth values, written ``true`` and ``false``; also the finite colour ``bool``."""


@dataclass(frozen=True, slots=True)
class Enumeration:
    """A finite colour (or the choices of a parameter): a value is the index of its member, from 0."""

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A product colour: a value is a tuple of component values."""

    name: str
    components: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A record colour: a value is a tuple of field values in the order of ``fields``."""

    name: str
    fields: tuple[tuple[str, Type], ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """The colour of plain tokens; its only value is the empty tuple."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A delay distribution."""


@dataclass(frozen=True, slots=True)
class Table:
    """A list of numbers, booleans or members, indexed from 0: a list-valued parameter or a net's lookup table."""

    element: Type


@dataclass(frozen=True, slots=True)
class InstanceOf:
    """A module instance, the type of ``a`` in ``all(a.idle == 1 for a in actor)``."""

    module: str


Type = Number | Boolean | Enumeration | Product | Record | Dot | Distribution | Table | InstanceOf

INTEGER = Number(integer=True)
REAL = Number(integer=False)
DURATION = Number(integer=False, dimension=1)
RATE = Number(integer=False, dimension=-1)
BOOLEAN = Boolean()
DOT = Dot()
DISTRIBUTION = Distribution()
