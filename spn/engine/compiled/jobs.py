"""Many replications one after the other in a kernel, as kernels use them: what is done before, at the cuts and after. Python's part is in `batch`.

Each begins with the blocks as they were before the first look, and with a stream of its own. Windows begin and end as in `running`, to the bit;
a replication that an error or a limit ends is left to that, so that only what is usual is told twice.
"""

from __future__ import annotations

from typing import Any

from spn.engine.compiled.cells import DIRTY, FIRED, NEVER, TABLES
from spn.engine.compiled.job_cells import (
    ACTION_CELLS,
    ACTION_COUNT,
    ACTION_TIMES,
    ACTIONS,
    AVAILABILITY,
    AVERAGE,
    BEGINS,
    COLUMNS,
    CONTROLS_COUNT,
    CONTROLS_FIRST,
    CONTROLS_OUT,
    COUNT,
    CUT,
    CUT_COUNT,
    CUTS,
    DEATHS_OUT,
    DOING,
    ENDED,
    FIRED_COUNT,
    FIRED_FIRST,
    FIRED_OUT,
    FIRINGS_OUT,
    INTEGRAL,
    INTS,
    KIND,
    LATER,
    LEFT,
    MASK,
    METER,
    METER_CELLS,
    METER_COUNT,
    METERS,
    MISSING,
    MOST_FIRINGS,
    MOST_TOKENS,
    NEXT,
    NUMBER,
    ODD,
    OUT,
    PASSAGE,
    PLACE_COUNT,
    PLACES,
    POINTS,
    RATE,
    REALS,
    ROW,
    ROW_COUNT,
    ROWS,
    ROWS_AT,
    ROWS_SIZE,
    STATE,
    STATE_SIZE,
    STREAMS,
    TALLY,
    TIMES,
    TIMES_OUT,
    TOKENS,
    TOKENS_OUT,
    TOKENS_SIZE,
    VALUES,
    VALUES_SIZE,
    WAITS,
)
from spn.engine.compiled.primitives import add_exactly, apart, integers, plain, reals_at, shorts
from spn.engine.compiled.table_cells import MOST_STRIKES, STRIKES
from spn.engine.compiled.table_cells import NEVER as NEVER_YET

CONTEXT = "rng, tokens, ints, reals, state, values"
"""What every generated function gets first."""

GREATEST = 1.7e308
"""A time that is not reached, but for clocks that never fire."""

SETTING_UP = 50
"""Before its first firing a replication takes as long as for so many."""

REPLICATE = f'''\
@plain
def replicate({CONTEXT}, address, budget):
    """Run the replications of a job (see `jobs`) for about so many firings; whether they have ended, or what the next one is."""
    job = integers(address)
    while job[{NEXT}] < job[{COUNT}]:
        if job[{CUT}] < 0:
            if budget <= 0:
                return {LATER}
            budget -= {SETTING_UP}
            make_fresh(rng, tokens, state, values, address)
            begin({CONTEXT})
            observe_from_now(state, values, address)
        fired = state[16]
        cut = reals_at(job[{CUTS}])[job[{NEXT}] * job[{CUT_COUNT}] + job[{CUT}]]
        reason = run({CONTEXT}, max(0, min(budget, job[{MOST_FIRINGS}] - fired)), cut, job[{MOST_TOKENS}])
        budget -= state[16] - fired
        if reason == 0 and state[16] < job[{MOST_FIRINGS}]:
            return {LATER}
        if reason != 1:
            return {ODD}
        if pass_cuts(tokens, state, values, address, time_of_next(state)) != 0:
            finish({CONTEXT})
            end_replication(state, address)
    return {ENDED}
'''

TERMINATE = f'''\
@plain
def terminate({CONTEXT}, address, budget):
    """The same for a job without cuts: each replication is observed from the initial marking, and ends when all is."""
    job = integers(address)
    while job[{NEXT}] < job[{COUNT}]:
        if job[{CUT}] < 0:
            if budget <= 0:
                return {LATER}
            budget -= {SETTING_UP}
            make_fresh(rng, tokens, state, values, address)
            begin({CONTEXT})
            wait_from_now(state, address)
            if state[0] != 0 or act({CONTEXT}, address, 0.0) != 0:
                return {ODD}
        fired = state[16]
        limit = {GREATEST}
        if job[{CUT}] < job[{ACTION_COUNT}]:
            limit = min(limit, reals_at(job[{ACTION_TIMES}])[job[{CUT}]])
        reason = run({CONTEXT}, max(0, min(budget, job[{MOST_FIRINGS}] - fired)), limit, job[{MOST_TOKENS}])
        budget -= state[16] - fired
        if reason == 0 and state[16] < job[{MOST_FIRINGS}]:
            return {LATER}
        if reason == 2:
            state[2] = 0
            note_passages(state, values, address)
        elif reason == 1:
            before = time_of_next(state)
            if not before < {NEVER} or act({CONTEXT}, address, before) != 0:
                return {ODD}
        else:
            return {ODD}
        if job[{MISSING}] == 0:
            finish({CONTEXT})
            note_end(state, values, address)
            end_replication(state, address)
    return {ENDED}


@plain
def act({CONTEXT}, address, before):
    """What is due before a time is done; whether that met an error. The time of the last of it is noted as the one at which the replication ends."""
    job = integers(address)
    times, now = reals_at(job[{ACTION_TIMES}]), values[0]
    while job[{CUT}] < job[{ACTION_COUNT}] and times[job[{CUT}]] < before and job[{MISSING}] > 0:
        action = job[{ACTIONS}] + 8 * {ACTION_CELLS} * job[{CUT}]
        meter = job[{METERS}] + 8 * {METER_CELLS} * integers(action)[{METER}]
        time = max(0.0, times[job[{CUT}]])
        values[0] = time
        if integers(action)[{DOING}] == {BEGINS}:
            begin_window(state, values, meter, time)
        elif integers(meter)[{KIND}] == {POINTS}:
            value = evaluate({CONTEXT}, integers(meter)[{NUMBER}])
            enter_value(state, address, meter, integers(action)[{ROW}], value)
        else:
            complete(state, values, address, meter, integers(action)[{ROW}], time)
        reals_at(job[{TIMES_OUT}])[job[{NEXT}]] = time
        job[{CUT}] += 1
    values[0] = now
    return state[0]
'''


@apart
def wait_from_now(state: Any, address: int) -> None:
    """The first look is done. Nothing has been observed yet."""
    job = integers(address)
    state[DIRTY] = job[MASK]
    job[CUT], job[MISSING] = 0, 0
    for k in range(job[METER_COUNT]):
        own = integers(job[METERS] + 8 * METER_CELLS * k)
        own[LEFT] = own[ROW_COUNT]
        job[MISSING] += own[ROW_COUNT]


@apart
def enter_value(state: Any, address: int, meter: int, row: int, value: float) -> None:
    """The first number of a row that has not been entered before, in the replication that runs."""
    job, own = integers(address), integers(meter)
    out, first = reals_at(own[OUT]), (job[NEXT] * own[ROW_COUNT] + row) * own[COLUMNS]
    if out[first] != out[first]:
        out[first] = value
        if own[KIND] == PASSAGE:
            out[first + 1] = 1.0
        entered(state, address, meter)


@apart
def entered(state: Any, address: int, meter: int) -> None:
    """A row is complete."""
    job, own = integers(address), integers(meter)
    own[LEFT] -= 1
    job[MISSING] -= 1
    if own[LEFT] == 0 and own[WAITS] >= 0:
        state[own[WAITS]] = 0


@apart
def complete(state: Any, values: Any, address: int, meter: int, row: int, now: float) -> None:
    """A window ends, or the time is over within which a passage is asked for; what has been entered before counts."""
    job, own = integers(address), integers(meter)
    if own[KIND] == PASSAGE:
        enter_value(state, address, meter, row, 0.0)
        return
    place = job[NEXT] * own[ROW_COUNT] + row
    if reals_at(own[OUT])[place * own[COLUMNS]] != reals_at(own[OUT])[place * own[COLUMNS]]:
        end_window(state, values, meter, place, reals_at(own[TIMES])[0], now)
        entered(state, address, meter)


@apart
def note_passages(state: Any, values: Any, address: int) -> None:
    """As in ``Replication``: conditions that were waited for hold in this tangible marking."""
    job, now = integers(address), values[0]
    reals_at(job[TIMES_OUT])[job[NEXT]] = now
    for k in range(job[METER_COUNT]):
        meter = job[METERS] + 8 * METER_CELLS * k
        own = integers(meter)
        if own[WAITS] >= 0 and state[own[WAITS] + 1] != 0:
            state[own[WAITS] + 1] = 0
            if own[KIND] != PASSAGE:
                complete(state, values, address, meter, 0, now)
            elif own[TIMES] == 0:
                enter_value(state, address, meter, 0, now)
            else:
                for row in range(own[ROW_COUNT]):
                    enter_value(state, address, meter, row, 1.0 if now <= reals_at(own[TIMES])[row] else 0.0)


@apart
def note_end(state: Any, values: Any, address: int) -> None:
    """Sums over delays, if they are wanted."""
    job = integers(address)
    if job[CONTROLS_OUT] != 0:
        number = job[CONTROLS_COUNT]
        out, row = reals_at(job[CONTROLS_OUT]), job[NEXT] * number
        for k in range(number):
            out[row + k] = values[job[CONTROLS_FIRST] + k]


@apart
def make_fresh(rng: Any, tokens: Any, state: Any, values: Any, address: int) -> None:
    """The blocks, and the stream of the next replication, as at the beginning."""
    job = integers(address)
    words, first = integers(job[STREAMS]), 4 * job[NEXT]
    for k in range(4):
        rng[k] = words[first + k]
    source = integers(job[TOKENS])
    for k in range(job[TOKENS_SIZE]):
        tokens[k] = source[k]
    source = integers(job[STATE])
    for k in range(job[STATE_SIZE]):
        state[k] = source[k]
    reals = reals_at(job[VALUES])
    for k in range(job[VALUES_SIZE]):
        values[k] = reals[k]
    if job[ROWS_AT] != 0:
        before, rows, table = shorts(job[ROWS]), shorts(job[ROWS_AT]), integers(state[TABLES])
        useless = table[STRIKES] >= MOST_STRIKES
        for k in range(job[ROWS_SIZE]):
            rows[k] = table[NEVER_YET] if useless else before[k]


@apart
def observe_from_now(state: Any, values: Any, address: int) -> None:
    """The first look is done. A window that is open from time 0 begins before anything fires."""
    job = integers(address)
    state[DIRTY] = job[MASK]
    job[CUT] = 0
    first = reals_at(job[CUTS])[job[NEXT] * job[CUT_COUNT]]
    if not first > 0.0:
        begin_windows(state, values, address, first)


@plain
def begin_window(state: Any, values: Any, meter: int, now: float) -> None:
    """As ``Replication._start``; `meter` is the address of its cells."""
    own = integers(meter)
    kind, ints, reals = own[KIND], own[INTS], own[REALS]
    if kind == AVAILABILITY:
        state[ints + 1], state[ints + 2] = 0, 0
        values[reals] = now
        for j in range(1, 5):
            values[reals + j] = 0.0
    elif kind <= INTEGRAL:
        values[reals + 1] = now
        values[reals + 2], values[reals + 3] = 0.0, 0.0
    else:
        state[ints], state[ints + 1] = 1, 0
        if kind == TALLY:
            values[reals], values[reals + 1] = 0.0, 0.0


@plain
def end_window(state: Any, values: Any, meter: int, row: int, begun: float, now: float) -> None:
    """As ``Replication._stop``; the row is one of all replications'."""
    own = integers(meter)
    kind, ints, reals = own[KIND], own[INTS], own[REALS]
    out, first = reals_at(own[OUT]), row * own[COLUMNS]
    if kind == AVAILABILITY:
        add_exactly(values, reals + (1 if state[ints] == 1 else 3), now - values[reals])
        values[reals] = now
        out[first] = values[reals + 1] + values[reals + 2]
        out[first + 1] = values[reals + 3] + values[reals + 4]
        out[first + 2] = float(state[ints + 1])
        out[first + 3] = float(state[ints + 2])
    elif kind <= INTEGRAL:
        add_exactly(values, reals + 2, values[reals] * (now - values[reals + 1]))
        values[reals + 1] = now
        out[first] = values[reals + 2] + values[reals + 3]
        if kind == AVERAGE:
            out[first + 1] = now - begun
    else:
        state[ints] = 0
        out[first] = float(state[ints + 1])
        if kind == RATE:
            out[first + 1] = now - begun
        elif kind == TALLY:
            out[first + 1] = values[reals] + values[reals + 1]


@apart
def begin_windows(state: Any, values: Any, address: int, now: float) -> None:
    """Those of all measures."""
    job = integers(address)
    for k in range(job[METER_COUNT]):
        begin_window(state, values, job[METERS] + 8 * METER_CELLS * k, now)


@apart
def end_windows(state: Any, values: Any, address: int, begun: float, now: float) -> None:
    """Those of all measures."""
    job = integers(address)
    row = job[NEXT] * (job[CUT_COUNT] - 1) + job[CUT] - 1
    for k in range(job[METER_COUNT]):
        end_window(state, values, job[METERS] + 8 * METER_CELLS * k, row, begun, now)


@apart
def count_tokens(tokens: Any, address: int) -> None:
    """At a cut: the tokens of each place."""
    job = integers(address)
    places, number = integers(job[PLACES]), job[PLACE_COUNT]
    out, first = integers(job[TOKENS_OUT]), (job[NEXT] * job[CUT_COUNT] + job[CUT]) * number
    for k in range(number):
        total, cell = 0, places[3 * k]
        while cell < places[3 * k + 1]:
            total += tokens[cell]
            cell += places[3 * k + 2]
        out[first + k] = total


@apart
def pass_cuts(tokens: Any, state: Any, values: Any, address: int, before: float) -> int:
    """Nothing more fires before a time (infinity: ever): the cuts until then are passed; whether the last of them is."""
    job = integers(address)
    cuts, first, last = reals_at(job[CUTS]), job[NEXT] * job[CUT_COUNT], job[CUT_COUNT] - 1
    deaths = reals_at(job[DEATHS_OUT])
    if not before < 1.7976931348623157e308 and deaths[job[NEXT]] != deaths[job[NEXT]]:
        deaths[job[NEXT]] = values[0]
    while job[CUT] <= last and cuts[first + job[CUT]] < before:
        now = cuts[first + job[CUT]]
        if job[CUT] > 0:
            end_windows(state, values, address, cuts[first + job[CUT] - 1], now)
        if job[CUT] < last and (job[CUT] > 0 or now > 0.0):
            begin_windows(state, values, address, now)
        if job[TOKENS_OUT] != 0:
            count_tokens(tokens, address)
        if job[CONTROLS_OUT] != 0:
            number = job[CONTROLS_COUNT]
            out, row = reals_at(job[CONTROLS_OUT]), (job[NEXT] * job[CUT_COUNT] + job[CUT]) * number
            for k in range(number):
                out[row + k] = values[job[CONTROLS_FIRST] + k]
        job[CUT] += 1
    return 1 if job[CUT] > last else 0


@apart
def end_replication(state: Any, address: int) -> None:
    """What is counted is written down; another one is next."""
    job = integers(address)
    integers(job[FIRINGS_OUT])[job[NEXT]] = state[FIRED]
    if job[FIRED_OUT] != 0:
        number, out = job[FIRED_COUNT], integers(job[FIRED_OUT])
        for k in range(number):
            out[job[NEXT] * number + k] = state[job[FIRED_FIRST] + k]
    job[NEXT] += 1
    job[CUT] = -1
