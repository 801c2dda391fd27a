"""The cells of tables of remembered firings (see `tables`). Numbers only."""

from __future__ import annotations

# A block of integers, whose address is in `state[TABLES]`.
ROWS, WHERE, COMPONENTS, CELLS, SLOTS, CODES, CODE_PLACE, CODE_CLASS, STATES, RECORDS, HASH, OPERATIONS = range(12)
"""Addresses. ROWS: each component's row. WHERE: a slot's component and cell in a row. COMPONENTS: see below. CODE_PLACE: a code's place among
its component's; CODE_CLASS: its class."""
STATES_END, STATES_ROOM, RECORDS_END, RECORDS_ROOM, HASH_ROOM, KNOWN, FULL = range(12, 19)
RECORDING, ENTRY, COMPONENT, BEGUN, BEFORE, PEAK, MASK, NOTED = range(19, 27)
"""What is being recorded: the cell of STATES for the record, the component, firings at this instant, tokens, most tokens, changed measures,
operations on clocks."""
PENDING, HITS, MISSES, STRIKES, COUNTERS, NEVER, CHOICES, CHOICES_END, CHOICES_ROOM, RIVALS, WEIGHTS, PERIOD = range(27, 39)
"""PENDING: where replayed records that are not yet in the history of firings are listed with their components (`cells.PENDED`).
PERIOD: so many misses are looked at together when it is judged whether tables are of use."""
LONE = 79
"""Whether there is only one component, so that records name slots themselves."""
COUNTER_CELLS, COUNTER_VALUES, MOST_COUNTERS = 40, 60, 19
STEPS = 80
"""If all components are alike and evenly spaced: the address of each timed binding's slot in the first of them, and how much further it is in each
next one; else 0."""
WIDEST, HIGHEST = 81, 82
"""The most firings of any record, and the most tokens that any adds on the way or to the end; at least 1."""
HEADER_CELLS = 83

# A component's cells in COMPONENTS: shape, cells and bindings in a row, where its lists begin in CELLS, SLOTS, CODES, where those of its cells that
# measures read are listed in CELLS, how many they are, how many codes it has.
SHAPE, WIDTH, LENGTH, CELLS_AT, SLOTS_AT, CODES_AT, SHOWN_AT, SHOWN, NUMBER, COMPONENT_CELLS = *range(9), 12

# A row: shape, where it says in CHOICES which immediate bindings a draw decides between (0: none), and -1, for bindings of which nothing is
# remembered; then contents, and records by binding.
NOTHING, ROW_HEADER = 2, 3

# A record: the row it leads to, firings, times it was used since they were counted, changed measures, most tokens on the way more than before,
# operations on clocks, whether a draw decides what happens next; then changes of counters, operations (a clock that is set, -1 - one that is
# dropped), and for each firing its class and code place.
NEXT, FIRINGS, USES, CHANGED, MOST, CLOCKS, CHOICE, RECORD_HEADER = range(8)

UNKNOWN = 0
MOST_OPERATIONS = 4000
MOST_FIRINGS = 1000
GREATEST = 2**30
MOST_STRIKES = 4
