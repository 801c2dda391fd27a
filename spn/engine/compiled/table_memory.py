"""The memory of tables of remembered firings: where components lie, and what runs have learnt, which serves later runs of the same net."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spn.engine.compiled import table_cells as at
from spn.engine.compiled.components import Component
from spn.engine.compiled.layout import ClassPlan, Layout

Shorts = NDArray[np.int32]
Integers = NDArray[np.int64]

MOST_ROW = 1 << 16
"""A component whose rows would be longer than this is not remembered."""

STATE_CELLS, RECORD_CELLS, HASH_CELLS, CHOICE_CELLS = 8 << 20, 4 << 20, 1 << 18, 1 << 18
"""What tables have room for, in 32-bit integers (the last: doubles); memory is taken as it is used."""

PERIOD = 1 << 14
"""So many misses are looked at together when it is judged whether tables are of use."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where components lie: the blocks of tables that never change, by their cell; which components are remembered; how long the longest row is."""

    blocks: dict[int, Shorts]
    remembered: NDArray[np.bool_]
    longest: int


def slots_of(component: Component, group: list[ClassPlan]) -> Integers:
    """The slots of a component's bindings, in order."""
    parts = [(plan.first + component.indices[plan.number][:, np.newaxis] * plan.bindings + np.arange(plan.bindings)).ravel() for plan in group]
    return np.concatenate([np.zeros(0, np.int64), *parts])


def places_of(layout: Layout, found: list[Component], contents: list[tuple[Integers, Integers]], alone: bool) -> Places:
    """Where components lie. `contents` are each one's cells, and the positions among them of those that measures read themselves."""
    number, kinds = len(found), layout.prepared.classes
    where = np.zeros((layout.timed_slots + layout.immediate_slots, 2), np.int32)
    where[:, 0] = number
    components = np.zeros((number, at.COMPONENT_CELLS), np.int32)
    code_place = np.zeros(layout.prepared.size, np.int32)
    code_class = np.concatenate([np.full(kind.transition.size, k, np.int32) for k, kind in enumerate(kinds)])
    lists: tuple[list[Integers], ...] = ([], [], [])
    lengths = [0, 0, 0]
    for k, (component, (own, shown)) in enumerate(zip(found, contents, strict=True)):
        slots = np.concatenate([slots_of(component, layout.timed), slots_of(component, layout.immediate) + layout.timed_slots])
        codes = np.concatenate([kind.first + indices for kind, indices in zip(kinds, component.indices, strict=True)])
        where[slots, 0], where[slots, 1] = k, at.ROW_HEADER + len(own) + np.arange(len(slots))
        code_place[codes] = np.arange(len(codes))
        starts = (*lengths, lengths[0] + len(own))
        components[k, : at.NUMBER + 1] = (component.shape, len(own), len(slots), *starts, len(shown), len(codes))
        for listed, more in zip(lists, (np.concatenate([own, shown]), slots, codes), strict=True):
            listed.append(more)
        lengths = [length + len(listed[-1]) for length, listed in zip(lengths, lists, strict=True)]
    rows = at.ROW_HEADER + components[:, at.WIDTH] + components[:, at.LENGTH]
    remembered = rows <= MOST_ROW
    # A slot of a component that is not remembered looks where no record ever is.
    where[~np.append(remembered, False)[where[:, 0]]] = (number, at.NOTHING)
    longest = int(rows.max() if alone else rows[remembered].max(initial=at.ROW_HEADER))
    cells, slots, codes = (np.concatenate(listed) for listed in lists)
    steps = _steps(components, slots)
    slots[slots >= layout.timed_slots] -= layout.timed_slots
    flat: dict[int, NDArray[Any]] = {at.WHERE: where, at.COMPONENTS: components, at.CELLS: cells, at.SLOTS: slots, at.CODES: codes,
            at.CODE_PLACE: code_place, at.CODE_CLASS: code_class}  # fmt: skip
    if steps is not None:
        flat[at.STEPS] = steps
    return Places({cell: block.ravel().astype(np.int32) for cell, block in flat.items()}, remembered, longest)


def _steps(components: NDArray[np.int32], slots: Integers) -> Integers | None:
    """Of components that are alike and evenly spaced the slots of the first one's bindings, and how much further they are in each next one."""
    if (components[:, [at.SHAPE, at.LENGTH]] != components[0, [at.SHAPE, at.LENGTH]]).any():
        return None
    rows = slots.reshape(len(components), -1)
    steps = np.diff(rows, axis=0)
    if not steps.size or (steps != steps[0]).any():
        return None
    return np.stack([rows[0], steps[0]], axis=1)


class Tables:
    """The memory of tables, for one run at a time."""

    def __init__(self, places: Places, counters: list[int], most_firings: int) -> None:
        """`most_firings` may be made at one instant."""
        longest = places.longest + 1
        self.places = places
        self.table = table = np.zeros(at.HEADER_CELLS, np.int64)
        self.rows = np.zeros(len(places.remembered) + 1, np.int32)
        self.states = np.zeros(STATE_CELLS + 2 * longest, np.int32)
        self._blocks: dict[int, NDArray[Any]] = {
            **places.blocks,
            at.ROWS: self.rows,
            at.STATES: self.states,
            at.RECORDS: np.zeros(RECORD_CELLS, np.int32),
            at.HASH: np.zeros(HASH_CELLS, np.int32),
            at.OPERATIONS: np.zeros(at.MOST_OPERATIONS, np.int32),
            at.CHOICES: np.zeros(CHOICE_CELLS),
            at.PENDING: np.zeros(2 * most_firings + 4, np.int32),
        }
        for cell, block in self._blocks.items():
            table[cell] = block.ctypes.data
        # The first row is the unknown one; in the next nothing is ever remembered.
        table[at.NEVER] = longest
        self.states[longest : 2 * longest] = -1
        self.states[at.NOTHING] = -1
        table[at.STATES_END], table[at.STATES_ROOM] = 2 * longest, len(self.states)
        table[at.RECORDS_END], table[at.RECORDS_ROOM] = 1, RECORD_CELLS
        table[at.CHOICES_END], table[at.CHOICES_ROOM], table[at.HASH_ROOM] = 1, CHOICE_CELLS, HASH_CELLS
        table[at.COUNTERS], table[at.PERIOD], table[at.LONE] = len(counters), PERIOD, len(places.remembered) == 1
        table[at.COUNTER_CELLS : at.COUNTER_CELLS + len(counters)] = counters
        table[[at.WIDEST, at.HIGHEST]] = 1

    def begin(self) -> None:
        """A run begins: what stands in components is in their cells."""
        never = int(self.table[at.NEVER])
        useless = self.table[at.STRIKES] >= at.MOST_STRIKES
        self.rows[:-1] = never if useless else np.where(self.places.remembered, at.UNKNOWN, never)
        self.rows[-1] = never
        self.table[at.RECORDING : at.NOTED + 1] = 0
        self.table[[at.HITS, at.MISSES]] = 0


class Pool:
    """Tables that wait for their next run. Runs of several threads have tables each."""

    def __init__(self) -> None:
        self.idle: list[Tables] = []
        self._lock = threading.Lock()

    def take(self) -> Tables | None:
        """Tables that an earlier run has left, if there are any."""
        with self._lock:
            if not self.idle:
                return None
            found = self.idle.pop()
        found.begin()
        return found

    def give_back(self, tables: Tables) -> None:
        """A run has ended."""
        with self._lock:
            self.idle.append(tables)
