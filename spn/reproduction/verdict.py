"""What the simulation says of the published numbers, sentence by sentence. Each is made from the numbers, and is not made if they do not bear it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from spn.estimate.comparison import ratio_interval
from spn.estimate.intervals import Interval
from spn.reproduction import published
from spn.reproduction.published import ACTOR_RESTART, AVAILABILITY, CLAIMED_ORDERS, HOURS, PROCESS_RESTART
from spn.reproduction.readings import DEFAULT, Findings, readings
from spn.reproduction.words import YEAR, count, listed, share, span, time, with_ends

OBEYS = 1.25
"""A column in which U x E(X) varies by no more than this factor is said to obey the law: simulated values have noise, and these are printed without
their intervals."""

NEAR = 0.15
"""Relative deviation up to which a factor is said to be about a power of ten, and U to grow as a restart time does."""


def verdict(found: Findings) -> list[str]:
    """The sentences that the numbers bear, in the order in which they build on each other."""
    return [sentence for each in SENTENCES if (sentence := each(found)) is not None]


def follows(found: Findings) -> str | None:
    """Whether a printed value lies in the interval of any reading; and if not, by how much they miss."""
    rows = [
        (system, hours, reading, interval, published.unavailability(system, hours))
        for system in AVAILABILITY
        for hours in HOURS
        for reading, interval in found.of(system, hours)
    ]
    if not rows:
        return None
    printed = len({(system, hours) for system, hours, *_ in rows})
    met = [row for row in rows if row[3].low <= row[4] <= row[3].high]
    if met:
        first = ", ".join(dict.fromkeys(f"{system} at {hours} h ({reading.words})" for system, hours, reading, *_ in met))
        missed = printed - len({(system, hours) for system, hours, *_ in met})
        rest = f"; the other {missed} of {printed} follow from none" if missed else ""
        return f"Printed values that follow from the stated parameters in some reading: {first}{rest}."
    parts = [part for system in ("standard", "actors") if (part := _missed(found, system)) is not None]
    return f"None of the {printed} printed availabilities follows from the stated parameters, in any reading. {' '.join(parts)}".rstrip()


def _missed(found: Findings, system: str) -> str | None:
    """How far the first line of Table 2, which is Table 1, is from every reading."""
    hours = HOURS[0]
    values = [interval.estimate for _, interval in found.of(system, hours)]
    if not values:
        return None
    printed = published.unavailability(system, hours)
    factors = [printed / value for value in values]
    low, high = min(factors), max(factors)
    name = "The standard system" if system == "standard" else "The actors"
    less = f"{span(low, high)} times less" if low > 1 else f"{span(1 / high, 1 / low)} times more" if high < 1 else None
    verb = "is" if system == "standard" else "are"
    text = f"{name} {verb} down {time(min(values) * YEAR, max(values) * YEAR)} a year at E(X) = {hours} h, not {published.DOWNTIME[system]}"
    return f"{text}: {less}." if less else f"{text}."


def nearest(found: Findings) -> str | None:
    """Printed values that lie outside of every interval, but near one, and whether one reading is near a whole column."""
    parts = []
    for system in AVAILABILITY:
        near = {hours: best for hours in HOURS if (best := _nearest(found, system, hours)) is not None and abs(best[0] - 1.0) <= NEAR}
        if not near:
            continue
        texts = [f"at {hours} h ({count(factor)} times U of {title})" for hours, (factor, title) in near.items()]
        whole = [
            reading.title
            for reading in readings(system)
            if reading.measure == "system" and all(_within(found, reading.key, system, hours) for hours in HOURS)
        ]
        rest = f"all three lie near {listed(whole)}" if whole else "no reading is near all three"
        parts.append(f"of the printed {_column_of(system)} column {listed(texts)}; {rest}")
    return f"Printed U within {share(NEAR)} of a reading: {'. '.join(parts)}." if parts else None


def _nearest(found: Findings, system: str, hours: int) -> tuple[float, str] | None:
    """How many times U of the nearest reading the printed one is, and which that is."""
    printed = published.unavailability(system, hours)
    factors = [(printed / interval.estimate, reading.title) for reading, interval in found.of(system, hours)]
    return min(factors, key=lambda pair: abs(math.log(pair[0])), default=None)


def _within(found: Findings, key: str, system: str, hours: int) -> bool:
    u = found.u(key, hours)
    return u is not None and abs(published.unavailability(system, hours) / u.estimate - 1.0) <= NEAR


def law(found: Findings) -> str | None:
    """U x E(X) is constant in any stationary model whose times down do not depend on E(X): which printed column obeys that."""
    ours = [spread for reading in readings("standard") + readings("actors") if (spread := _spread(_column(found, reading.key))) is not None]
    if not ours or max(ours) > OBEYS:
        return None
    printed = {system: _spread({hours: published.unavailability(system, hours) for hours in HOURS}) or math.nan for system in AVAILABILITY}
    parts = []
    for system, spread in sorted(printed.items(), key=lambda item: item[1]):
        obeys = spread <= OBEYS
        parts.append(f"the printed {_column_of(system)} column {'obeys that within' if obeys else 'misses it by'} a factor of {count(spread)}")
    text = f"Halving E(X) doubles U, so that U x E(X) is constant (here within {share(max(ours) - 1)} in every reading): {'; '.join(parts)}"
    noise = [system for system, spread in printed.items() if spread > OBEYS]
    return f"{text}. What misses it by so much is the noise of the published simulation, not a property of the system." if noise else f"{text}."


def _column_of(system: str) -> str:
    return "actor" if system == "actors" else system


def _column(found: Findings, key: str) -> dict[int, float]:
    intervals = {hours: found.u(key, hours) for hours in HOURS}
    return {hours: interval.estimate for hours, interval in intervals.items() if interval is not None}


def _spread(column: dict[int, float]) -> float | None:
    """The greatest U x E(X) over the least; None, if there are not two, or nothing was seen to fail."""
    products = [u * hours for hours, u in column.items()]
    return max(products) / min(products) if len(products) > 1 and min(products) > 0.0 else None


def power_of_ten(found: Findings) -> str | None:
    """A reading of the standard system from which the printed column differs by nearly a power of ten."""
    best: tuple[float, str] | None = None
    for reading in readings("standard"):
        column = _column(found, reading.key)
        if len(column) < len(HOURS):
            continue
        factors = [published.unavailability("standard", hours) / u for hours, u in column.items()]
        power = 10.0 ** round(math.log10(factors[0]))
        worst = max(abs(factor / power - 1.0) for factor in factors)
        if power != 1.0 and worst <= NEAR and (best is None or worst < best[0]):
            text = f"The printed standard column is {listed(map(count, factors))} times U of {reading.words}, {count(power)} within {share(worst)}"
            if power == 100.0:
                text += ": that suggests, without proof, that a percentage was read as a fraction"
            best = worst, f"{text}."
    return None if best is None else best[1]


def claim(found: Findings) -> str | None:
    """The factor between the two systems as printed, and here."""
    hours = HOURS[0]
    printed = [published.unavailability("standard", each) / published.unavailability("actors", each) for each in HOURS]
    ours = found.ratio(DEFAULT["standard"], DEFAULT["actors"], hours)
    if ours is None:
        return None
    orders = math.log10(printed[0])
    differs = abs(orders - CLAIMED_ORDERS) > 0.5
    text = f'"{_orders(CLAIMED_ORDERS).capitalize()}" is {"not " if differs else ""}what Table 1 itself says: its U differ by a factor of '
    text += f"{count(printed[0])} (the other lines of Table 2: {listed(map(count, printed[1:]))})"
    return f"{text}. In the default readings the factor is {with_ends(ours)}."


def _orders(number: int) -> str:
    return f"{ {1: 'one order', 2: 'two orders', 3: 'three orders'}.get(number, f'{number} orders') } of magnitude"


def restart_times(found: Findings) -> str | None:
    """At which restart time of an actor the claimed factor holds, and where the systems break even; if U is proportional to that time at all."""
    process = sum(PROCESS_RESTART) / 2
    factor: float = 10.0**CLAIMED_ORDERS
    found_ratios, growths = [], []
    for fast, slow in (("own", "slow_own"), ("together", "slow_together")):
        pair = found.u(fast, HOURS[0]), found.u(slow, HOURS[0])
        if pair[0] is None or pair[1] is None:
            return None
        growths.append(pair[1].estimate / pair[0].estimate)
        if abs(growths[-1] / (process / ACTOR_RESTART) - 1.0) > NEAR:
            return None
        for standard in ("six_renewed", "six_ageing"):
            ratio = found.ratio(standard, fast, HOURS[0])
            if ratio is None:
                return None
            found_ratios.append(ratio.estimate)
    claimed = sorted(ratio * ACTOR_RESTART / factor for ratio in found_ratios)
    even = sorted(ratio * ACTOR_RESTART for ratio in found_ratios)
    grows = f"{count(process / ACTOR_RESTART)} times longer: {span(min(growths), max(growths))} times U"
    return (
        f"U of the actors grows as their restart time does ({grows}), so that the advantage is a ratio of restart times: against a process that "
        f"restarts in {count(process)} s, a factor of {count(factor)} holds where an actor restarts in {_by(claimed)}, and the systems break even at "
        f"{_by(even)} (by the reading: children after or with their supervisor, clocks renewed or ageing)."
    )


def _by(times: Sequence[float]) -> str:
    return f"{span(times[0], times[-1], 2)} s"


def equal_times(found: Findings) -> str | None:
    """Which system is better when an actor restarts no faster than the process."""
    rows = []
    for clocks, standard in (("with clocks renewed by a restart", "six_renewed"), ("with sections that go on ageing", "six_ageing")):
        ratios = [found.ratio(standard, actors, HOURS[0]) for actors in ("slow_own", "slow_together")]
        known = [ratio for ratio in ratios if ratio is not None]
        if known:
            rows.append(f"{listed(map(with_ends, known))} {clocks}: {_better(known)}")
    if not rows:
        return None
    low, high = PROCESS_RESTART
    return (
        f"At equal restart times ({count(low)} to {count(high)} s for each) U of the standard system over U of the actors (children after, and with, "
        f"their supervisor) is {'; '.join(rows)}."
    )


def _better(ratios: Iterable[Interval]) -> str:
    found = {_which(ratio) for ratio in ratios}
    return found.pop() if len(found) == 1 else "which is better depends on the reading"


def _which(ratio: Interval) -> str:
    if ratio.high < 1:
        return "the standard system is the better one"
    return "the actors are" if ratio.low > 1 else "they cannot be told apart"


def precision_of_a(found: Findings) -> str | None:
    """What a relative precision of A, by which simulators stop, says of 1 - A."""
    hours = HOURS[0]
    u = found.u(DEFAULT["actors"], hours)
    if u is None:
        return None
    asked = 0.01
    allowed = asked * (1.0 - u.estimate)
    if allowed <= u.high:
        return None
    column = list(AVAILABILITY["actors"].values())
    spread = (max(column) - min(column)) / min(column)
    printed = _spread({each: published.unavailability("actors", each) for each in HOURS})
    text = f"A known to +-{share(asked)} says nothing of 1 - A: that is {time(allowed * YEAR)} a year either way, "
    text += f"{count(allowed / u.estimate)} times the actors' U"
    if spread < asked and printed is not None and printed > OBEYS:
        text += f"; the printed actor column, off by a factor of {count(printed)} in U, agrees with itself within {share(spread)} of A"
    firings = found.firings.get((DEFAULT["actors"], hours))
    effort = f" ({firings:,} firings were enough for it)" if firings else ""
    return f"{text}. Here precision is asked of U: +-{share(u.relative_half_width)}{effort}."


def indifferent(found: Findings) -> str | None:
    """Readings that the result does not depend on."""
    parts = []
    limit = found.changed("limit_5", HOURS[0])
    if limit is not None and limit.estimate == 1.0:
        parts.append("whether 3 or 5 restarts are granted in 30 s (the same numbers to the last bit, as the limit was never met)")
    elif limit is not None and limit.low <= 1.0 <= limit.high:
        parts.append(f"whether 3 or 5 restarts are granted in 30 s (ratio {with_ends(limit)})")
    rounded = [found.changed(key, hours) for key in ("actors_printed", "standard_printed") for hours in HOURS]
    known = [interval for interval in rounded if interval is not None]
    if known and (worst := max(abs(interval.estimate - 1.0) for interval in known)) < NEAR:
        parts.append(f"mu as printed or by eq. (9) (at most {share(worst)})")
    return f"It makes no difference that matters here: {listed(parts)}." if parts else None


def six_actors(found: Findings) -> str | None:
    """Whether a sixth actor, as there are six sections, changes the picture."""
    six, five = found.u("six", HOURS[0]), found.u(DEFAULT["actors"], HOURS[0])
    if six is None or five is None:
        return None
    ratio = ratio_interval(six, five)
    if ratio.low <= 1.0:
        return None
    return f"With a sixth actor, as the standard system has six sections, U of the actors is {with_ends(ratio)} times as large."


SENTENCES: tuple[Callable[[Findings], str | None], ...] = (
    follows,
    nearest,
    law,
    power_of_ten,
    claim,
    restart_times,
    equal_times,
    six_actors,
    indifferent,
    precision_of_a,
)
"""In order."""
