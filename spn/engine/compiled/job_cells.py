"""The cells of a job: many replications that a kernel runs by itself (see `jobs`). Numbers only."""

from __future__ import annotations

NEXT, COUNT, CUT = range(3)
"""The replication that is next or runs, how many there are, and which cut comes next in it (-1: it has not begun)."""

STREAMS, CUTS, CUT_COUNT, MOST_FIRINGS, MOST_TOKENS, MASK = range(3, 9)
"""Addresses of the states of random streams (4 words each) and of the cuts; limits; a bit for each measure."""

TOKENS, TOKENS_SIZE, STATE, STATE_SIZE, VALUES, VALUES_SIZE, ROWS, ROWS_SIZE, ROWS_AT = range(9, 18)
"""Addresses of what blocks hold before the first look, and their sizes; the same of the rows of tables, and where these stand (0: there are none)."""

METERS, METER_COUNT = 18, 19
"""The address of what is observed: METER_CELLS of each. OUT is the address of its rows, one for each replication and interval (or point of a curve,
or one alone): ROW_COUNT of a replication, of COLUMNS numbers."""

FIRINGS_OUT, DEATHS_OUT, TOKENS_OUT, FIRED_OUT = range(20, 24)
"""Addresses for firings, times of death, tokens at the cuts and firings of each class (0: not wanted)."""

PLACES, PLACE_COUNT, FIRED_FIRST, FIRED_COUNT = range(24, 28)
"""The address of first cell, cell after the last and step of each place's totals; the cells of `state` that count firings of classes."""

CONTROLS_OUT, CONTROLS_FIRST, CONTROLS_COUNT = range(28, 31)
"""The address for sums over delays at the cuts (0: not wanted), and the cells of `values` that have them."""

ACTIONS, ACTION_TIMES, ACTION_COUNT, TIMES_OUT, MISSING = range(31, 36)
"""Without cuts: addresses of what is done at given times (ACTION_CELLS of each) and of these times, in order, how many there are (CUT is the one that
comes next); the address for the times at which replications end; how many rows the one that runs still has to have."""

JOB_CELLS = 40

KIND, INTS, REALS, OUT, COLUMNS, WAITS, ROW_COUNT, LEFT, NUMBER, TIMES, METER_CELLS = range(11)
"""WAITS is the cell that says whether its condition is waited for (-1: there is none), LEFT how many rows it still has to have, NUMBER that of the
measure, TIMES the address of the times within which a passage is asked for, or of the one at which its window begins."""
AVAILABILITY, AVERAGE, INTEGRAL, RATE, COUNT_OF, TALLY, PASSAGE, POINTS = range(8)
"""Kinds. Those up to INTEGRAL add up time."""

METER, ROW, DOING, ACTION_CELLS = range(4)
"""Of an action: whose it is, for which row, and what it is: a window begins, or a row is complete (a window ends, the time within which a passage is
asked for is over, the value at a time is there)."""
BEGINS, COMPLETES = range(2)

# Why a kernel comes back from a job.
LATER, ENDED, ODD = range(3)
"""Its time is over; all replications have ended; the next one is none that it can run to its end."""
