"""Tables of remembered firings, as kernels use them. What a record means for clocks and measures is generated (`remembering`).

A component's local state is the contents of its cells. Its row holds the component's shape, the contents, and for each binding the record of what
follows when it fires there (0: not known, -1: not to be remembered). A marking in which a draw decides which of several immediate bindings fires
has a row too, which names the bindings and their weights. Rows and records are 32-bit integers in two blocks of fixed size; a row or
record is named by the position of its first cell. While a component stands in a row its cells are left as they are: who wants to read them calls
`load` first. What stands in a component whose row is UNKNOWN are its cells.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spn.engine.compiled.cells import DIRTY, ERROR, HISTORY, INSTANT, PENDED, REALS, STATIC, TABLES, TOTAL, TRAP
from spn.engine.compiled.primitives import inlined, integers, plain, prefetch, rare, reals_at, shorts
from spn.engine.compiled.table_cells import (
    BEFORE,
    BEGUN,
    CELLS,
    CELLS_AT,
    CHANGED,
    CHOICE,
    CHOICES,
    CHOICES_END,
    CHOICES_ROOM,
    CLOCKS,
    CODE_CLASS,
    CODE_PLACE,
    CODES,
    CODES_AT,
    COMPONENT,
    COMPONENT_CELLS,
    COMPONENTS,
    COUNTER_CELLS,
    COUNTER_VALUES,
    COUNTERS,
    ENTRY,
    FIRINGS,
    FULL,
    GREATEST,
    HASH,
    HASH_ROOM,
    HIGHEST,
    HITS,
    KNOWN,
    LENGTH,
    LONE,
    MASK,
    MISSES,
    MOST,
    MOST_FIRINGS,
    MOST_OPERATIONS,
    MOST_STRIKES,
    NEVER,
    NEXT,
    NOTED,
    NOTHING,
    OPERATIONS,
    PEAK,
    PENDING,
    PERIOD,
    RECORD_HEADER,
    RECORDING,
    RECORDS,
    RECORDS_END,
    RECORDS_ROOM,
    RIVALS,
    ROW_HEADER,
    ROWS,
    SHAPE,
    SHOWN,
    SHOWN_AT,
    SLOTS,
    SLOTS_AT,
    STATES,
    STATES_END,
    STATES_ROOM,
    STRIKES,
    UNKNOWN,
    USES,
    WEIGHTS,
    WHERE,
    WIDEST,
    WIDTH,
)


@plain
def cell_value(tokens: Any, state: Any, cell: int) -> int:
    """The contents of a cell of `tokens`, or of `state` if it is counted from -1 down."""
    return tokens[cell] if cell >= 0 else state[-1 - cell]  # type: ignore[no-any-return]


@plain
def load(tokens: Any, state: Any, component: int) -> None:
    """Put the contents of a component's row into its cells."""
    table = integers(state[TABLES])
    row = shorts(table[ROWS])[component]
    if row == UNKNOWN or row == table[NEVER]:
        return
    own = COMPONENT_CELLS * component
    components, cells, states = shorts(table[COMPONENTS]), shorts(table[CELLS]), shorts(table[STATES])
    first = components[own + CELLS_AT]
    for k in range(components[own + WIDTH]):
        cell = cells[first + k]
        if cell >= 0:
            tokens[cell] = states[row + ROW_HEADER + k]
        else:
            state[-1 - cell] = states[row + ROW_HEADER + k]


@plain
def show(tokens: Any, state: Any, component: int) -> None:
    """Put those contents into the cells that measures read."""
    table = integers(state[TABLES])
    row = shorts(table[ROWS])[component]
    own = COMPONENT_CELLS * component
    components, cells, states = shorts(table[COMPONENTS]), shorts(table[CELLS]), shorts(table[STATES])
    first, shown = components[own + CELLS_AT], components[own + SHOWN_AT]
    for j in range(components[own + SHOWN]):
        k = cells[shown + j]
        tokens[cells[first + k]] = states[row + ROW_HEADER + k]


@plain
def find(tokens: Any, state: Any, component: int) -> int:
    """The row with the contents of a component's cells, a new one if there is none; UNKNOWN if there is no room."""
    table = integers(state[TABLES])
    own = COMPONENT_CELLS * component
    components, cells, states, places = shorts(table[COMPONENTS]), shorts(table[CELLS]), shorts(table[STATES]), shorts(table[HASH])
    shape, width, first = components[own + SHAPE], components[own + WIDTH], components[own + CELLS_AT]
    code = 17 + shape
    for k in range(width):
        value = cell_value(tokens, state, cells[first + k])
        if value > GREATEST or value < -GREATEST:
            return UNKNOWN
        code = ((code ^ (value & 0x3FFFFFFF)) * 1000003) & 0x3FFFFFFF
        code ^= code >> 15
    at = code & (table[HASH_ROOM] - 1)
    while True:
        row = places[at]
        if row == 0:
            break
        same = states[row] == shape
        k = 0
        while same and k < width:
            same = states[row + ROW_HEADER + k] == cell_value(tokens, state, cells[first + k])
            k += 1
        if same:
            return row  # type: ignore[no-any-return]
        at = (at + 1) & (table[HASH_ROOM] - 1)
    size = ROW_HEADER + width + components[own + LENGTH]
    row = table[STATES_END]
    if row + size > table[STATES_ROOM] or 2 * table[KNOWN] >= table[HASH_ROOM]:
        table[FULL] = 1
        return UNKNOWN
    table[STATES_END] += size
    table[KNOWN] += 1
    places[at] = row
    states[row], states[row + NOTHING] = shape, -1
    for k in range(width):
        states[row + ROW_HEADER + k] = cell_value(tokens, state, cells[first + k])
    return row  # type: ignore[no-any-return]


@plain
def ask(tokens: Any, state: Any, component: int, cell: int) -> int:
    """The record of a binding whose component may stand in an unknown row."""
    table = integers(state[TABLES])
    rows = shorts(table[ROWS])
    if rows[component] == UNKNOWN and table[FULL] == 0:
        rows[component] = find(tokens, state, component)
    return shorts(table[STATES])[rows[component] + cell]  # type: ignore[no-any-return]


@plain
def bring_row(state: Any, clock: int) -> None:
    """A clock will fire soon: the row in which its component stands is brought near. Nothing waits for the component's number to be read."""
    table = integers(state[TABLES])
    component = shorts(table[WHERE])[2 * clock]
    prefetch(table[STATES] + 4 * np.int64(shorts(table[ROWS])[component]))


@plain
def write_history(state: Any) -> None:
    """The codes of the firings replayed since anything else was made, which end the list of those at this instant."""
    table = integers(state[TABLES])
    pending, records, codes, history = shorts(table[PENDING]), shorts(table[RECORDS]), shorts(table[CODES]), integers(state[HISTORY])
    last = state[INSTANT]
    for back in range(state[PENDED] - 1, -1, -1):
        record, own = np.int64(pending[2 * back]), COMPONENT_CELLS * pending[2 * back + 1]
        number = records[record + FIRINGS]
        at = record + RECORD_HEADER + table[COUNTERS] + records[record + CLOCKS]
        first = shorts(table[COMPONENTS])[own + CODES_AT]
        last -= number
        for k in range(number):
            history[last + k] = codes[first + records[at + 2 * k + 1]]
    state[PENDED] = 0


@rare
def note_replayed(state: Any, record: int, component: int) -> None:
    """List the record that was replayed last, if there is one."""
    if record != 0:
        table, pended = integers(state[TABLES]), state[PENDED]
        pending = shorts(table[PENDING])
        pending[2 * pended] = record
        pending[2 * pended + 1] = component
        state[PENDED] = pended + 1
        state[INSTANT] += shorts(table[RECORDS])[record + FIRINGS]


@plain
def prepare(tokens: Any, state: Any, component: int, cell: int, record: int) -> None:
    """Before a firing that is not replayed: its component's cells are filled, and recording begins if there is no record."""
    table = integers(state[TABLES])
    if state[INSTANT] > 0:
        write_history(state)
    state[PENDED] = 0
    rows = shorts(table[ROWS])
    row = rows[component]
    if row == table[NEVER]:
        return
    table[MISSES] += 1
    load(tokens, state, component)
    rows[component] = UNKNOWN
    if record == 0 and row != UNKNOWN and table[FULL] == 0:
        table[RECORDING], table[ENTRY], table[COMPONENT] = 1, row + cell, component
        table[BEGUN], table[BEFORE], table[PEAK] = state[INSTANT], state[TOTAL], 0
        table[MASK], table[NOTED] = state[DIRTY], 0
        state[DIRTY] = 0
        for k in range(table[COUNTERS]):
            table[COUNTER_VALUES + k] = state[table[COUNTER_CELLS + k]]


@plain
def noted(state: Any, slot: int, what: int) -> None:
    """A clock was set (1) or dropped (0)."""
    table = integers(state[TABLES])
    if table[RECORDING] != 0:
        where = shorts(table[WHERE])
        component = table[COMPONENT]
        if where[2 * slot] != component or table[NOTED] >= MOST_OPERATIONS:
            abandon(state, -1)
            return
        own = shorts(table[COMPONENTS])[COMPONENT_CELLS * component + WIDTH] + ROW_HEADER
        shorts(table[OPERATIONS])[table[NOTED]] = where[2 * slot + 1] - own if what != 0 else own - where[2 * slot + 1] - 1
        table[NOTED] += 1


@plain
def abandon(state: Any, mark: int) -> None:
    """Recording ends without a record; `mark` -1: for good."""
    table = integers(state[TABLES])
    table[RECORDING] = 0
    state[DIRTY] |= table[MASK]
    shorts(table[STATES])[table[ENTRY]] = mark


@plain
def follow(tokens: Any, state: Any, candidates: int) -> None:
    """After a firing that is recorded; `candidates` immediate bindings of the highest priority are enabled now."""
    table = integers(state[TABLES])
    if state[ERROR] != 0:
        abandon(state, 0)
    elif state[INSTANT] - table[BEGUN] > MOST_FIRINGS:
        abandon(state, -1)
    elif candidates == 1:
        table[PEAK] = max(table[PEAK], state[TOTAL] - table[BEFORE])
    else:
        finish_record(tokens, state, candidates)


@plain
def note_choice(state: Any, row: int, component: int, candidates: int) -> None:
    """Write down between which bindings a draw decides in a row's marking."""
    table = integers(state[TABLES])
    states = shorts(table[STATES])
    at = table[CHOICES_END]
    if states[row + 1] != 0:
        return
    if at + 1 + 2 * candidates > table[CHOICES_ROOM]:
        table[FULL] = 1
        return
    choices, where, values = reals_at(table[CHOICES]), shorts(table[WHERE]), reals_at(state[REALS + 3])
    cells = integers(table[CHOICES])
    total, equal = 0.0, 1
    for k in range(candidates):
        slot = state[table[RIVALS] + k]
        weight = values[table[WEIGHTS] + slot]
        equal = equal if weight == 1.0 else 0
        total += weight
        cells[at + 1 + 2 * k] = where[2 * (state[STATIC] + slot) + 1]
        choices[at + 2 + 2 * k] = total
    cells[at] = -candidates if equal != 0 else candidates
    states[row + 1] = at
    table[CHOICES_END] = at + 1 + 2 * candidates


@plain
def pick(rng: Any, state: Any, choice: int) -> int:
    """Which binding fires, as its cell in a row; the same draw and sums as in `choose`."""
    choices, cells = reals_at(integers(state[TABLES])[CHOICES]), integers(integers(state[TABLES])[CHOICES])
    number = cells[choice]
    found = 0
    if number < 0:
        # All weights are 1, and so the sums are the whole numbers.
        found = min(int(rng.random() * float(-number)), -number - 1)
    else:
        threshold = rng.random() * choices[choice + 2 * number]
        for k in range(number - 1):
            found += 0 if threshold < choices[choice + 2 + 2 * k] else 1
    return cells[choice + 1 + 2 * found]  # type: ignore[no-any-return]


@inlined
def usable(state: Any, records: Any, record: int, budget: int, most_tokens: int) -> bool:
    """Whether none of the limits is within what a record stands for."""
    return (  # type: ignore[no-any-return]
        records[record + FIRINGS] <= budget
        and state[INSTANT] + records[record + FIRINGS] <= state[TRAP]
        and state[TOTAL] + records[record + MOST] <= most_tokens
    )


@rare
def ahead_of_limits(state: Any, budget: int, most_tokens: int) -> int:
    """Records may be replayed, whichever they are, until so many firings more are done, before any limit can be within one. Each has one at least."""
    table = integers(state[TABLES])
    firings = min(budget, state[TRAP] - state[INSTANT]) - table[WIDEST] + 1
    return max(min(firings, (most_tokens - state[TOTAL]) // table[HIGHEST]), 0)  # type: ignore[no-any-return]


@plain
def prepare_immediate(tokens: Any, state: Any, slot: int) -> None:
    """Before an immediate binding fires: if a draw decided for it, recording begins."""
    table = integers(state[TABLES])
    if table[RECORDING] == 0:
        where = shorts(table[WHERE])
        component, cell = where[2 * (state[STATIC] + slot)], where[2 * (state[STATIC] + slot) + 1]
        prepare(tokens, state, component, cell, shorts(table[STATES])[shorts(table[ROWS])[component] + cell])


@plain
def finish_record(tokens: Any, state: Any, candidates: int) -> None:
    """A tangible marking is reached, or one in which a draw decides; what has happened since recording began is written down."""
    table = integers(state[TABLES])
    component, entry, begun = table[COMPONENT], table[ENTRY], table[BEGUN]
    row = find(tokens, state, component)
    if row != UNKNOWN and candidates > 1:
        note_choice(state, row, component, candidates)
    counters, operations, firings = table[COUNTERS], table[NOTED], state[INSTANT] - begun
    size = RECORD_HEADER + counters + operations + 2 * firings
    at = table[RECORDS_END]
    if at + size > table[RECORDS_ROOM]:
        table[FULL] = 1
    if row == UNKNOWN or table[FULL] != 0:
        abandon(state, 0)
        return
    states = shorts(table[STATES])
    records, noted, history = shorts(table[RECORDS]), shorts(table[OPERATIONS]), integers(state[HISTORY])
    code_place, code_class = shorts(table[CODE_PLACE]), shorts(table[CODE_CLASS])
    for k in range(counters):
        change = state[table[COUNTER_CELLS + k]] - table[COUNTER_VALUES + k]
        if change > GREATEST or change < -GREATEST:
            abandon(state, -1)
            return
        records[at + RECORD_HEADER + k] = change
    if table[PEAK] > GREATEST:
        abandon(state, -1)
        return
    table[RECORDS_END] = at + size
    changed = state[DIRTY]
    records[at + NEXT], records[at + FIRINGS], records[at + USES] = row, firings, 0
    records[at + CHANGED] = changed if changed < GREATEST else -1
    records[at + MOST], records[at + CLOCKS], records[at + CHOICE] = table[PEAK], operations, states[row + 1]
    first = at + RECORD_HEADER + counters
    slots, own = shorts(table[SLOTS]), shorts(table[COMPONENTS])[COMPONENT_CELLS * component + SLOTS_AT]
    for k in range(operations):
        what = np.int64(noted[k])
        if table[LONE] != 0:
            what = slots[own + what] if what >= 0 else -1 - slots[own - 1 - what]
        records[first + k] = what
    first += operations
    for k in range(firings):
        code = history[begun + k]
        records[first + 2 * k] = code_class[code]
        records[first + 2 * k + 1] = code_place[code]
    states[entry] = at
    table[WIDEST] = max(table[WIDEST], firings)
    table[HIGHEST] = max(table[HIGHEST], table[PEAK], state[TOTAL] - table[BEFORE])
    shorts(table[ROWS])[component] = row
    table[RECORDING] = 0
    state[DIRTY] = changed | table[MASK]


@plain
def count_uses(state: Any, fired: int) -> None:
    """Add the firings replayed since the last time to those of their classes, whose cells begin at `fired`."""
    table = integers(state[TABLES])
    records, counters = shorts(table[RECORDS]), table[COUNTERS]
    at = 1
    while at < table[RECORDS_END]:
        uses, firings = records[at + USES], records[at + FIRINGS]
        first = at + RECORD_HEADER + counters + records[at + CLOCKS]
        if uses != 0:
            records[at + USES] = 0
            table[HITS] += uses
            for k in range(firings):
                state[fired + records[first + 2 * k]] += uses
        at = first + 2 * firings


@plain
def unload(tokens: Any, state: Any, components: int) -> None:
    """The kernel comes back: everything is where it always was, and it is judged whether tables are of use."""
    table = integers(state[TABLES])
    write_history(state)
    if table[RECORDING] != 0:
        abandon(state, 0)
    rows = shorts(table[ROWS])
    for component in range(components):
        load(tokens, state, component)
    if table[MISSES] >= table[PERIOD]:
        table[STRIKES] = table[STRIKES] + 1 if table[HITS] < table[MISSES] else 0
        table[HITS], table[MISSES] = 0, 0
        if table[STRIKES] >= MOST_STRIKES:
            for component in range(components):
                rows[component] = table[NEVER]
