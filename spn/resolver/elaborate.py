"""Elaboration: all instances of all modules, as rows of one table a module.

The instances that one declaration makes below one path are a block of consecutive rows; a module used 100,000 times in one array is one
block. Blocks are made breadth first, vectorised over their rows. Places and transitions are laid over the rows elsewhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from spn.expressions import types
from spn.expressions.types import Type
from spn.records import dataclass
from spn.resolver import frames
from spn.resolver.columns import Array, normalised
from spn.resolver.declarations import Instance, Module
from spn.resolver.frames import Extent, Frame, Lists, Rows
from spn.text.problems import Problems

DEEPEST = 200
MOST_INSTANCES = 1_000_000
MOST_BLOCKS = 20_000


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive rows with one path: `template` with a ``*`` for each of `arguments` (values and type of each index)."""

    module: str
    start: int
    size: int
    template: str
    arguments: tuple[tuple[Array, Type], ...]
    depth: int


@dataclass(slots=True)
class Children:
    """Where the instances of one declaration are: for each row of the parent a dense box of indices, and the child's row for each point of it.

    `rows` is -1 where a condition left an instance out. Lists of parts while blocks are made, arrays afterwards.
    """

    start: list[Rows] = field(default_factory=list)
    extents: list[list[Extent]] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)
    points: int = 0


@dataclass(slots=True)
class ModuleRows:
    """All instances of one module."""

    module: Module
    size: int = 0
    blocks: list[Block] = field(default_factory=list)
    parts: list[Frame] = field(default_factory=list)
    children: dict[str, Children] = field(default_factory=dict)
    frame: Frame = field(default_factory=lambda: Frame(0))


@dataclass(slots=True)
class Elaboration:
    """The rows of every module that is used, by the module's name; the root is ''."""

    modules: Mapping[str, Module]
    problems: Problems
    rows: dict[str, ModuleRows] = field(default_factory=dict)
    _queue: deque[tuple[Block, Frame]] = field(default_factory=deque)
    _total: int = 0
    _blocks: int = 0

    def run(self) -> None:
        self._add_block("", Frame(1), "", (), 0)
        while self._queue:
            block, frame = self._queue.popleft()
            for instance in self.modules[block.module].instances.values():
                self._instances(block, frame, instance)
        for rows in self.rows.values():
            names = rows.parts[0].parameters
            rows.frame = Frame(rows.size, {n: frames.concatenate([p.parameters[n] for p in rows.parts]) for n in names}, {}, rows.parts[0].tables)
            rows.parts.clear()

    def check_defaults(self) -> None:
        """Evaluate what parameters are by default, so that a model with other problems is told these, too."""
        for module in self.modules.values():
            self._complete(module, Frame(1))

    def _add_block(self, module: str, given: Frame, template: str, arguments: tuple[tuple[Array, Type], ...], depth: int) -> None:
        """New rows of a module whose given parameters are those of `given`; the others take their defaults."""
        rows = self.rows.setdefault(module, ModuleRows(self.modules[module]))
        block = Block(module, rows.size, given.size, template, arguments, depth)
        frame = self._complete(self.modules[module], given)
        rows.size += block.size
        rows.blocks.append(block)
        rows.parts.append(frame)
        self._queue.append((block, frame))

    def _complete(self, module: Module, given: Frame) -> Frame:
        """The frame with every parameter of the module: given or by default; and checked against its limits."""
        frame = Frame(given.size, {}, {}, {name: self._table(module, name) for name in module.tables})
        for name in module.order:
            parameter = module.parameters[name]
            if name in given.parameters:
                frame.parameters[name] = given.parameters[name]
            else:
                frame.parameters[name] = self.value(parameter.type, parameter.default, frame)
            self._check_limits(module, name, frame)
        return frame

    def value(self, type_: Type, expression: object, frame: Frame) -> frames.Column:
        """The column that a parameter's expression (or list of them) gives."""
        if isinstance(type_, types.Table):
            assert isinstance(expression, tuple)
            items = [frames.evaluate(item, frame, self.problems) for item in expression]
            size = frame.size
            if not items:
                return Lists(np.zeros(0), np.zeros(size, np.int64), np.zeros(size, np.int64))
            matrix = np.column_stack(items)
            if size and bool((matrix == matrix[0]).all()):
                return Lists(matrix[0], np.zeros(size, np.int64), np.full(size, len(items), np.int64))
            return Lists(matrix.ravel(), np.arange(size, dtype=np.int64) * len(items), np.full(size, len(items), np.int64))
        if isinstance(type_, types.Distribution):
            return frames.delays(expression, frame, self.problems)  # type: ignore[arg-type]
        return frames.evaluate(expression, frame, self.problems)  # type: ignore[arg-type]

    def _table(self, module: Module, name: str) -> Array:
        type_, items = module.tables[name]
        values = [item if isinstance(item, int | float) else frames.evaluate(item, Frame(1), self.problems)[0] for item in items]
        return normalised(np.array(values), type_.element)

    def _check_limits(self, module: Module, name: str, frame: Frame) -> None:
        parameter, column = module.parameters[name], frame.parameters[name]
        if not isinstance(column, np.ndarray) or not column.size:
            return
        for limit, beyond, word in ((parameter.low, np.less, "least"), (parameter.high, np.greater, "most")):
            if limit is None:
                continue
            bound = frames.evaluate(limit, frame, self.problems)
            wrong = np.flatnonzero(beyond(column, bound))
            if wrong.size:
                row = wrong[0]
                message = f"parameter '{name}' is {column[row].item()}, but the {word} allowed is {bound[row].item()}"
                default = parameter.default if not module.name else None
                self.problems.error("out-of-range", message, getattr(default, "span", None) or parameter.span)

    def _instances(self, block: Block, frame: Frame, instance: Instance) -> None:
        """The block that one declaration makes below the rows of `block`, and where its rows are."""
        children = self.rows[block.module].children.setdefault(instance.name, Children())
        wider, rows = frame, np.arange(frame.size, dtype=np.int64)
        extents: list[Extent] = []
        if frames.too_many(instance.loops, frame, self.problems):
            raise_all(self.problems)
            return
        for loop in instance.loops:
            extents.append(frames.extent(loop, frame, self.problems))
            expanded = frames.expand(wider, loop, self.problems)
            if expanded is None:
                raise_all(self.problems)
                return
            wider, inner = expanded
            rows = rows[inner]
        exists = np.ones(wider.size, np.bool_)
        if instance.when is not None:
            exists = frames.evaluate(instance.when, wider, self.problems).astype(np.bool_)
        self._guard_size(int(exists.sum()), block, instance)
        first = self.rows[instance.module].size if instance.module in self.rows else 0
        numbers = np.where(exists, first + np.cumsum(exists) - 1, -1)
        count = np.ones(frame.size, np.int64)
        for e in extents:
            count = count * e.count
        children.start.append(children.points + np.cumsum(count) - count)
        children.extents.append(extents)
        children.rows.append(numbers)
        children.points += wider.size
        if exists.any():
            self._make(block, instance, wider.where(exists), rows[exists])

    def _guard_size(self, size: int, block: Block, instance: Instance) -> None:
        self._total += size
        self._blocks += 1
        if self._total > MOST_INSTANCES or self._blocks > MOST_BLOCKS:
            self.problems.error("too-large", f"the model has more than {min(self._total, MOST_INSTANCES):,} instances", instance.span)
            raise_all(self.problems)
        if block.depth >= DEEPEST and size:
            message = f"instances are nested more than {DEEPEST} deep"
            self.problems.error("too-deep", message, instance.span, "a module that uses itself needs a 'when' that ends it")
            raise_all(self.problems)

    def _make(self, block: Block, instance: Instance, frame: Frame, parents: NDArray[np.int64]) -> None:
        module = self.modules[instance.module]
        given = Frame(frame.size)
        for name, expression in instance.arguments.items():
            given.parameters[name] = self.value(module.parameters[name].type, expression, frame)
        stars = f"({','.join('*' for _ in instance.loops)})" if instance.loops else ""
        template = f"{block.template}.{instance.name}{stars}" if block.template else f"{instance.name}{stars}"
        arguments = tuple((values[parents], type_) for values, type_ in block.arguments)
        arguments += tuple((frame.variables[loop.variable], loop.type) for loop in instance.loops)
        self._add_block(instance.module, given, template, arguments, block.depth + 1)


def raise_all(problems: Problems) -> None:
    """Stop here: what follows would only repeat the problem."""
    problems.stop_if_any()
