"""The cells of a kernel's memory that have a fixed meaning, why a kernel comes back, and what can go wrong. Numbers only."""

from __future__ import annotations

# The first cells of `state`, the integers that change during a run.
ERROR, SITE, HOLDS, IMMEDIATE, DIRTY, EPOCH, INSTANT, TOTAL, FREE, NODES, WORK, HISTORY, LAST, NODE, STARTED, TRAP, FIRED = range(17)
WAY = 17
"""How few clocks are scanned (`schedulers.JUMPING`, `STEADY`); 0: that is still to be chosen."""
CONTROLLED = 19
"""Whether sums over the delays drawn are kept (`spn.engine.reference.controls`)."""
SET = 18
"""Which clocks are set, a bit for each, where they are scanned."""
MODE, COUNT, HOLE, ENTRIES, HEAP_TIMES, HEAP_CLOCKS, STATIC, KEYS, CAPACITY = range(20, 29)
# Cell WORK + 20 = 30 has the room of the list of work, in entries of three cells.
REALS = 32
"""The address of `reals`."""

FOUND = 33
"""The address and (next cell) the room of the list of indices found."""

TABLES = 47
"""The address of the tables of remembered firings (see `table_cells`), if the kernel has them."""

PENDED = 42
"""How many replayed records at this instant are listed, and not yet in the history of firings (`table_cells.PENDING`)."""

ASKED = 31
"""Which measures are asked for, a bit for each."""

QUEUE, FEW, AHEAD = 36, 37, 38
"""The address of what `buckets` keeps, up to how many clocks have no buckets, and a clock that will fire soon, -1 if none is known."""

FORESEEN_AT = 41
"""Which word of the stream the delay in `FORESEEN` is drawn with, if it is (`streams.foresee`)."""

BLOCKS = 39
"""How many blocks clocks stand in (`blocks`), an even number; 0: they stand in none."""
FIRSTS, FIRSTS_CLOCKS = HEAP_TIMES, HEAP_CLOCKS
"""Of each block the time of its earliest clock, and which that is."""
STALE = 40
"""A bit for each block of which that is to be found anew."""

# For bindings that are found by enumeration and bags: the address of `state` itself, the record of the binding that fires, addresses of the numbers
# that a record and a value are looked for with, the number of tokens that have arrived; then addresses and rooms of lists that grow.
SELF, FIRING, KEY, VALUE, ARRIVALS, FRAMES, ENABLED, LEFT, LISTED, ORDERS = 48, 49, 50, 51, 52, 53, 55, 57, 59, 61
FIRED_VALUES = 63
"""The address of the values of the enumerated binding that fired last."""
GROWING = (FRAMES, ENABLED, LEFT, LISTED, ORDERS)

HEADER = 64
"""`state` starts with so many cells of fixed meaning; what a net adds follows."""

NAMED = 48
"""The cells of `state` before this one are read and written only by numbers known in the source, never through an address or a variable."""

# The first cells of `values`, the real numbers that change during a run.
NOW, SEEN, RESULT, FORESEEN = range(4)
VALUES_HEADER = 4

FIXED = frozenset((TRAP, HISTORY, CONTROLLED, MODE, BLOCKS, STATIC, KEYS, ASKED, REALS, REALS + 3))
"""Cells of `state` that do not change while a kernel runs."""

# Why a kernel came back.
CHUNK, TIME, OBSERVE, TOKENS, FAILED = range(5)

# What went wrong, by number; the names are the codes of run errors.
ERRORS = (
    "",
    "bad-arithmetic",
    "bad-index",
    "bad-multiplicity",
    "bad-weight",
    "bad-servers",
    "bad-delay",
    "bad-value",
    "timeless-trap",
    "too-many-bindings",
)
ARITHMETIC, INDEX, MULTIPLICITY, WEIGHT, SERVERS, DELAY, TOKEN, TIMELESS, BINDINGS = range(1, 10)

NEVER = 1.7976931348623157e308
"""The time of a clock that is set but never fires (a rate of 0); infinity is the time of no clock."""
