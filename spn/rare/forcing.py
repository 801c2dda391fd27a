"""Importance sampling: a run is led to the rare condition, and its weight keeps the likelihood ratio exactly. Where it leads is the guide's affair.

Two changes of the law of the next firing, both exact for any guide:

* Every clock that may fire is exponential: the time of the next firing stays as it is, and which clock fires is chosen by rate x value instead of by
  rate (failure biasing; with a perfect guide the zero-variance change of measure, L'Ecuyer and Tuffin, Ann. Oper. Res. 189, 2011).
* Otherwise the clocks that lead to the condition are *forced*: given the time d at which another clock fires first, one of them is made to fire
  before d with a probability of our choosing, its time drawn on condition of that (forced transitions and conditional draws: Nicola, Shahabuddin,
  Heidelberger, Glynn, Winter Simulation Conf. 1992; Nicola, Nakayama, Heidelberger, Goyal, IEEE Trans. Comput. 42, 1993). Where what leads there has
  a fixed time d, the others are made to outlast it. A clock that did not fire is drawn anew on condition of that, so that no censoring is lost: its
  survival is in the weight.

* Where what stands against them varies much (a repair that now and then takes very long, and then is when most rare events happen), it is drawn from
  a law with a fraction of its hazard rate, as soon as it begins (proportional hazards: Cox, J. R. Stat. Soc. B 34, 1972), or naturally.

A share of the natural law stays in every choice, so that no way is excluded that the guide does not know.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

from numpy.random import Generator

from spn.distributions import Continuous
from spn.rare.graph import StepKey
from spn.rare.walk import Walk

NATURAL = 0.02
"""The share of the natural law in a choice among exponential clocks or immediate bindings."""

NATURAL_FORCED = 0.05
"""The share in forcing, where the guide is rougher."""

TILT = 4.0
"""The mean of a longer delay's cumulative hazard, which is exponential with mean 1 by nature: its survival function is S(x)^(1/4).

The square of a delay is what it counts for: the chance of the event in it, times what is then left of it. That times the weight never is more than
3.3 times its mean for a lognormal delay with sigma = 1, and 17 times for sigma = 2, where it has a skewness of 414 and 10^10 by nature.
"""

NATURAL_TILTED = 0.5
"""The share of the natural law in such draws, so that no weight is above 2."""

MOST_HAZARD = 650.0
"""Beyond this cumulative hazard the probability of outlasting it is no double."""

Values: TypeAlias = dict[StepKey, float]


def biasable(clock: Any) -> bool:
    """Whether a clock's law has a density, so that another law can take its place."""
    return isinstance(clock.law, Continuous) and not clock.law.is_deterministic


@dataclass(slots=True)
class Choice:
    """One of several things, at random by `mixed` instead of by `natural` shares; `factor` is the likelihood ratio of what was taken."""

    number: int
    factor: float


def choose(natural: list[float], values: list[float], uniform: float, keep: float) -> Choice:
    """Take k with probability keep * natural[k] + (1 - keep) * natural[k] values[k] / sum; `natural` need not sum to 1."""
    total = math.fsum(natural)
    led = [weight * value for weight, value in zip(natural, values, strict=True)]
    leading = math.fsum(led)
    if leading <= 0.0:
        mixed = [weight / total for weight in natural]
    else:
        mixed = [keep * weight / total + (1.0 - keep) * part / leading for weight, part in zip(natural, led, strict=True)]
    upto = 0.0
    number = max(range(len(mixed)), key=mixed.__getitem__)
    for k, share in enumerate(mixed):
        upto += share
        if uniform < upto:
            number = k
            break
    return Choice(number, natural[number] / total / mixed[number])


def fire_immediate(walk: Walk, values: Values, uniform: Generator) -> float:
    """Fire one of the enabled immediate bindings, led by their values; the likelihood ratio."""
    found = walk.contenders()
    if len(found) == 1:
        walk.take(0)
        return 1.0
    weights = [weight for _, weight in found]
    unknown = max(values.values(), default=1.0)
    choice = choose(weights, [values.get(key, unknown) for key, _ in found], uniform.random(), NATURAL)
    walk.take(choice.number)
    return choice.factor


def lead(walk: Walk, values: Values, here: float, deadline: float, rng: Generator, arrived: bool = True) -> float:
    """Set the clocks so that the one that is to fire next does, and give the likelihood ratio. `here` is the value of the marking.

    Nothing is changed where nothing could be gained. `arrived`: nothing was led at this time before, so that nothing depends yet on what clocks that
    begin now have drawn.
    """
    clocks = walk.clocks()
    if not clocks or not values:
        return 1.0
    key = walk.key
    worth = [values.get(key(clock), here) for clock in clocks]
    if deadline == math.inf and all(clock.law.is_memoryless for clock in clocks):
        return _choose_exponential(walk, clocks, worth, rng)
    better = here * (1.0 + 1e-9)
    leading = [k for k, clock in enumerate(clocks) if worth[k] > better and biasable(clock)]
    if not leading and any(value > better for value in worth):
        # What leads on has a fixed time: the others have to outlast it.
        leading = [k for k, clock in enumerate(clocks) if worth[k] < here and biasable(clock)]
    if not leading:
        return 1.0
    others = [k for k in range(len(clocks)) if k not in leading]
    factor = 1.0
    if arrived:
        for k in others:
            if worth[k] < here and clocks[k].origin == walk.now:
                factor *= _lengthen(walk, clocks[k], rng)
    first = min(others, key=lambda k: clocks[k].time, default=-1)
    until, instead = (clocks[first].time, worth[first]) if first >= 0 else (math.inf, 0.0)
    if deadline < until:
        until, instead = deadline, 0.0
    return factor * _force(walk, [clocks[k] for k in leading], [worth[k] for k in leading], until, instead, rng)


def _lengthen(walk: Walk, clock: Any, rng: Generator) -> float:
    """Draw the time of a clock that begins now anew, longer if its law varies as much as an exponential one does or more; the likelihood ratio."""
    law = clock.law
    if not biasable(clock) or not law.variance >= law.mean * law.mean * (1.0 - 1e-9):
        return 1.0
    hazard = rng.standard_exponential()
    if rng.random() >= NATURAL_TILTED:
        hazard *= TILT
    walk.reset_clock(clock, max(clock.origin + law.age_at(hazard), math.nextafter(walk.now, math.inf)))
    return 1.0 / (NATURAL_TILTED + (1.0 - NATURAL_TILTED) / TILT * math.exp(hazard * (1.0 - 1.0 / TILT)))


def _choose_exponential(walk: Walk, clocks: list[Any], worth: list[float], rng: Generator) -> float:
    """Which of the clocks fires at the time at which one does."""
    rates = [clock.law.rate for clock in clocks]
    choice = choose(rates, worth, rng.random(), NATURAL)
    winner = min(range(len(clocks)), key=lambda k: clocks[k].time)
    if winner != choice.number:
        # The two change places; what is left of the loser's time is exponential with its rate again.
        chosen, loser = clocks[choice.number], clocks[winner]
        time, later = loser.time, chosen.time
        walk.reset_clock(loser, time + (later - time) * rates[choice.number] / rates[winner])
        walk.reset_clock(chosen, time)
    return choice.factor


def _force(walk: Walk, clocks: list[Any], worth: list[float], until: float, instead: float, rng: Generator) -> float:
    """Let one of the clocks fire before `until`, or none, as their values against that of what happens then, `instead`, advise."""
    now = walk.now
    ages = [now - clock.origin for clock in clocks]
    hazards = [_hazard(clock, age, until - clock.origin) for clock, age in zip(clocks, ages, strict=True)]
    total = math.fsum(hazards)
    if not 0.0 < total < MOST_HAZARD:  # nothing can be made to fire, or something does anyway
        return 1.0
    natural = -math.expm1(-total)
    gain = math.fsum(hazard * value for hazard, value in zip(hazards, worth, strict=True)) / total * natural
    share = (1.0 - NATURAL_FORCED) * gain / (gain + (1.0 - natural) * instead) + NATURAL_FORCED * natural
    share = min(share, 1.0 - NATURAL_FORCED * (1.0 - natural))
    if rng.random() >= share:
        for clock, age in zip(clocks, ages, strict=True):
            if clock.time <= until:
                _outlast(walk, clock, max(age, until - clock.origin), until, rng)
        return (1.0 - natural) / (1.0 - share)
    choice = choose(hazards, worth, rng.random(), NATURAL_FORCED)
    k = choice.number
    chosen = clocks[k]
    reach = -math.expm1(-hazards[k])
    drawn = chosen.origin + chosen.law.age_after(ages[k], -math.log1p(-rng.random() * reach))
    time = min(max(drawn, now), math.nextafter(until, now))
    survival = 0.0
    for j, clock in enumerate(clocks):
        if j != k:
            survival += _hazard(clock, ages[j], time - clock.origin)
            if clock.time <= time:
                _outlast(walk, clock, time - clock.origin, time, rng)
    walk.reset_clock(chosen, time)
    # Natural density of "k fires first, now" over the density of what was done; `factor` is (hazard share) / (share taken).
    return math.exp(-survival) * reach * total / hazards[k] * choice.factor / share


def _hazard(clock: Any, age: float, until: float) -> float:
    return clock.law.hazard_between(age, until) if until > age else 0.0


def _outlast(walk: Walk, clock: Any, age: float, after: float, rng: Generator) -> None:
    """Draw a clock's time anew, on condition that it is later than `after`, when it has the given age."""
    time = clock.origin + clock.law.redraw(rng, age)
    walk.reset_clock(clock, max(time, math.nextafter(after, math.inf)))
