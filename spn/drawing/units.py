"""Units: the parts of a model that are drawn in one frame, with what is known of their instances. What is drawn of them is in `folded`.

A unit is a declaration of instances below one path, all of them together: 100,000 instances of a module in one array are one unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from spn.drawing.figure import Cluster, End
from spn.drawing.settled import Rows
from spn.model.types import InstanceDeclaration, Model, Text
from spn.resolver.declarations import Instance, Loop, Module
from spn.resolver.elaborate import Block, Elaboration


@dataclass(slots=True)
class Unit:
    """Instances that are drawn as one. `values` are the texts of their parameters' values, followed to where they are given; none: drawn as written.

    `ends` is where lines to its places end, `inner` the units of its own instances (none for what is drawn closed).
    """

    path: str
    module: Module
    blocks: tuple[Block, ...]
    rows: Rows
    values: Mapping[str, str]
    cluster: Cluster = field(default_factory=lambda: Cluster(""))
    ends: dict[str, End] = field(default_factory=dict)
    inner: dict[str, Unit] = field(default_factory=dict)
    closed: str = ""
    """The node that stands for all of it, if its inside is not drawn."""

    @property
    def model(self) -> Model:
        return self.module.model


class Units:
    """Finds the instances of declarations."""

    def __init__(self, elaboration: Elaboration, given: Mapping[str, Text]) -> None:
        self.modules = elaboration.modules
        self.elaboration = elaboration
        self.given = given
        self._below: dict[tuple[str, str], Block] = {}
        for rows in elaboration.rows.values():
            for block in rows.blocks:
                parent, _, last = block.template.rpartition(".")
                self._below[parent, last.partition("(")[0]] = block

    def root(self) -> Unit:
        """The model itself, with the values of its parameters."""
        module = self.modules[""]
        blocks = tuple(self.elaboration.rows[""].blocks)
        return Unit("", module, blocks, self._rows(module, blocks), values(module, self.given, {}))

    def alone(self, name: str) -> Unit:
        """A module as written, over all its instances; nothing is known of one that is not used."""
        module = self.modules[name]
        blocks = tuple(self.elaboration.rows[name].blocks) if name in self.elaboration.rows else ()
        return Unit("", module, blocks, self._rows(module, blocks), {})

    def below(self, unit: Unit, instance: Instance, declaration: InstanceDeclaration) -> Unit | None:
        """The instances of one declaration in a unit; None if there are none."""
        module = self.modules[instance.module]
        found = (self._below.get((block.template, instance.name)) for block in unit.blocks)
        blocks = tuple(block for block in found if block is not None)
        if not blocks and unit.rows.known:
            return None
        path = f"{unit.path}.{instance.name}" if unit.path else instance.name
        texts = {str(name): value for name, value in declaration.arguments.items()}
        return Unit(path, module, blocks, self._rows(module, blocks), values(module, texts, unit.values))

    def has_inner(self, unit: Unit) -> bool:
        """Whether there are instances in a unit."""
        return any((block.template, name) in self._below for block in unit.blocks for name in unit.module.instances)

    def _rows(self, module: Module, blocks: tuple[Block, ...]) -> Rows:
        if not blocks:
            return Rows(None)
        rows = self.elaboration.rows[module.name]
        if sum(block.size for block in blocks) == rows.size:
            return Rows(rows.frame)
        numbers = np.concatenate([np.arange(block.start, block.start + block.size, dtype=np.int64) for block in blocks])
        return Rows(rows.frame.take(numbers))


def values(module: Module, given: Mapping[str, Text | tuple[Text, ...]], outer: Mapping[str, str]) -> dict[str, str]:
    """The text of each parameter's value: the one given (in terms of the parameters `outer`) or the default, names being followed."""
    found: dict[str, str] = {}
    by_name = {str(name): declaration for name, declaration in module.model.parameters.items()}
    for name in module.order:
        text = _text(given[name]) if name in given else _text(by_name[name].default)
        found[name] = (outer if name in given else found).get(text, text)
    return found


def _text(value: Text | tuple[Text, ...]) -> str:
    return f"[{', '.join(value)}]" if isinstance(value, tuple) else " ".join(str(value).split())


def index_of(texts: tuple[Text, ...], loops: tuple[Loop, ...], unit: Unit) -> str:
    """An index space: ``child: 1..4`` of an array over a colour, ``s in 1..6`` where the index has a name; as written where the values differ."""
    shown = []
    for text, loop in zip(texts, loops, strict=True):
        variable, written, domain = str(text).partition(" in ") if " in " in text else ("", "", str(text))
        values = unit.rows.domain(loop) if unit.values or not unit.module.order else None
        domain, variable = " ".join(domain.split()), variable.strip()
        if written:
            shown.append(f"{variable} = {values}" if values and values.lstrip("-").isdigit() else f"{variable} in {values or domain}")
        elif values and domain.isidentifier():
            shown.append(f"{domain}: {values}")
        else:
            shown.append(values or domain)
    return ", ".join(shown)
