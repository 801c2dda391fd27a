"""The studies that follow the reproduction: each with its question, its pictures, and an answer computed from its results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.pages.numbers import crossing, curve, lowest, one, ratios, shown
from spn.reproduction.words import count, listed, share, span, time, with_ends
from spn.tables.results import Results


@dataclass(frozen=True, slots=True)
class Section:
    """A study, what it asks, how, and what came out."""

    study: str
    title: str
    question: str
    how: str
    answer: Callable[[Results], list[str]]
    pictures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


PROCESS = 165.0
"""Seconds; the mean of the process's restart, uniform between 30 and 300 s."""


def restart_time(results: Results) -> list[str]:
    """Break-even, and where a hundredfold advantage ends."""
    said = []
    for clocks, words in (("resample", "with sections that are renewed"), ("age", "with sections that go on ageing")):
        name = {"resample": "to_renewed", "age": "to_ageing"}[clocks]
        parts = []
        for own, how in (("true", "children after their supervisor"), ("false", "children with it")):
            line = ratios(results, name, "restart_time", children_need_start=own)
            even, hundred = crossing(line, 1.0), crossing(line, 0.01)
            here = f"{shown(even)} s" if even else f"{count(line[-1][0])} s or more"
            factor = f"{shown(hundred)} s" if hundred else "nowhere"
            parts.append(f"{here} ({how}; a factor of 100 up to {factor})")
        said.append(f"Against the standard system {words} the actors are better as long as they restart in less than {listed(parts)}.")
    line = curve(results, "actors", "restart_time", children_need_start="true")
    times, u = line[-1][0] / line[0][0], line[-1][1].estimate / line[0][1].estimate
    said.append(f"U grows as the restart time does: {count(times)} times the time gives {count(u)} times the U.")
    return said


def tree_shape(results: Results) -> list[str]:
    """What actors and levels cost."""
    most = max(number for number, _ in curve(results, "flat", "actors"))
    few = min(number for number, _ in curve(results, "flat", "actors"))
    last = {name: ratios(results, name, "actors", **fixed)[-1][1] for name, fixed in
            (("binary_to_flat", {}), ("chain_to_flat", {}), ("standard_to_flat", {"clocks": "resample"}))}  # fmt: skip
    flat = [one(results, "flat", actors=count(number)).estimate for number in (few, most)]
    standard = [one(results, "standard", actors=count(number), clocks="resample").estimate for number in (few, most)]
    binary = ratios(results, "binary_to_flat", "actors")
    said = [
        (f"With {count(most)} actors a binary tree has {with_ends(last['binary_to_flat'])} times the U of a flat one, and a chain "
        f"{with_ends(last['chain_to_flat'])} times: whoever fails takes all below it along, and they start one level after the other."),
        f"The binary tree is at worst {with_ends(max((r for _, r in binary), key=lambda r: r.estimate))} times as bad as the flat one.",
        (f"From {count(few)} to {count(most)} actors U of the flat tree grows {count(flat[1] / flat[0])}-fold, and that of the standard "
        f"system with renewed "
        f"sections {count(standard[1] / standard[0])}-fold, as they never grow old: its disadvantage falls from "
        f"{with_ends(ratios(results, 'standard_to_flat', 'actors', clocks='resample')[0][1])} to {with_ends(last['standard_to_flat'])}."),
    ]  # fmt: skip
    ageing = ratios(results, "standard_to_flat", "actors", clocks="age")
    said.append(f"With ageing sections it is {with_ends(ageing[0][1])} and {with_ends(ageing[-1][1])}.")
    return said


def hazard(results: Results) -> list[str]:
    """How much the shape of the hazard decides."""
    said = []
    for system, words in (("standard", "the standard system"), ("actors", "the actors")):
        parts = []
        for family in ("lognormal", "weibull"):
            line = curve(results, f"{system}_{family}", "variation")
            parts.append(f"{count(line[-1][1].estimate / line[0][1].estimate)} times ({family})")
        said.append(
            f"From a coefficient of variation of {count(line[0][0])} to {count(line[-1][0])} at the same mean, U of {words} becomes "
            f"{listed(parts)} as large."
        )
    pairs = [
        (dict(curve(results, f"{system}_lognormal", "variation"))[0.4165], dict(curve(results, f"{system}_weibull", "variation"))[0.4165])
        for system in ("standard", "actors")
    ]
    least = [weibull.estimate / lognormal.estimate for lognormal, weibull in pairs]
    said.append(
        f"At the thesis' sigma of 0.4 a Weibull distribution of the same mean and variance gives {span(min(least), max(least))} times the U "
        f"of the lognormal: "
        "the tail near 0 decides, which mean and variance do not tell."
    )
    exponential = ratios(results, "weibull", "variation")
    at = dict(exponential)[1.0]
    assumed = dict(ratios(results, "lognormal", "variation"))[0.4165]
    said.append(
        f"The advantage of the actors is {with_ends(assumed)} with the thesis' lognormal, and {with_ends(at)} with exponential times: a "
        f"restart of the whole "
        "process renews what has aged, and with constant hazards there is nothing to renew."
    )
    return said


def supervision(results: Results) -> list[str]:
    """What the three ways to count do, and whether escalation helps."""
    said = []
    for limit in ("3", "5"):
        worst = max(ratios(results, "leaky_to_sliding", "again", limit=limit, root_restart="1 s"), key=lambda pair: abs(pair[1].estimate - 1))
        akka = max(ratios(results, "akka_to_sliding", "again", limit=limit, root_restart="1 s"), key=lambda pair: abs(pair[1].estimate - 1))
        said.append(
            f"With {limit} restarts in 30 s, T7's counter has {with_ends(worst[1])} times the U of an exact window where the child fails again after "
            f"{count(worst[0])} s on average, and Akka's window at most {with_ends(akka[1])} times (at {count(akka[0])} s)."
        )
    process = "uniform(30 s, 300 s)"
    fast, slow = (curve(results, "sliding", "again", limit="5", root_restart=how) for how in ("1 s", process))
    said.append(
        f"Where a supervisor restarts in 1 s, escalation cures: U is {with_ends(fast[0][1])} if the child fails again at once, and "
        f"{with_ends(fast[-1][1])} "
        f"if it takes {count(fast[-1][0])} s, so that the limit is seldom met and restarts go on in vain."
    )
    said.append(
        f"Where it is a process that restarts in 30 to 300 s it is the other way round: {with_ends(slow[0][1])} and "
        f"{with_ends(slow[-1][1])}. There an "
        "escalation costs more than restarting the child in vain."
        if slow[0][1].low > slow[-1][1].high
        else f"Where it is a process that restarts in 30 to 300 s U is {with_ends(slow[0][1])} and {with_ends(slow[-1][1])}."
    )
    return said


def common_cause(results: Results) -> list[str]:
    """The share of common causes at which the advantage is gone."""
    gain = ratios(results, "gain", "beta")
    first, last = gain[0], gain[-1]
    half = crossing(gain, first[1].estimate / 2)
    ten = crossing(gain, 10.0)
    said = [f"The advantage is {with_ends(first[1])} at beta = {share(first[0])} and {with_ends(last[1])} at {share(last[0])}."]
    if half:
        said.append(f"Half of it is gone at beta = {shown(half.scaled(100))} %.")
    if ten:
        said.append(f"Above {shown(ten.scaled(100))} % it is less than ten: then faster restarts of actors do not help any more.")
    low = curve(results, "standard", "beta")
    said.append(
        f"U of the standard system falls from {with_ends(low[0][1])} to {with_ends(low[-1][1])}: failures that come together are fewer restarts."
        if low[-1][1].high < low[0][1].low
        else f"U of the standard system is {with_ends(low[0][1])} and {with_ends(low[-1][1])}."
    )
    return said


def planned_restarts(results: Results) -> list[str]:
    """The best interval for each planned restart, against the actors."""
    said = []
    for planned in ("1 s", "10 s", "30 s", "60 s"):
        line = curve(results, "rejuvenated", "interval", planned_restart=planned)
        best = lowest(line)
        ratio = ratios(results, "to_actors", "interval", planned_restart=planned)[best][1]
        around = [line[k][0] / 3600 for k in (max(0, best - 1), min(len(line) - 1, best + 1))]
        said.append(
            f"With a planned restart of {planned} the best interval simulated is {count(line[best][0] / 3600)} h (its neighbours: "
            f"{count(around[0])} and "
            f"{count(around[1])} h): U = {with_ends(line[best][1])}, {time(line[best][1].estimate * 31557600)} a year, {with_ends(ratio)} "
            f"times that of "
            "the actors."
        )
    standard, actors = one(results, "standard"), one(results, "actors")
    said.append(f"Without planned restarts it is {with_ends(standard)}; the actors have {with_ends(actors)}.")
    return said


SECTIONS = (
    Section(
        "restart_time",
        "How fast must an actor restart?",
        "The thesis does not say how long an actor takes to restart. When is a tree of actors better than a process that restarts in 30 to 300 s?",
        "[`sip_transport`](models.md#sip_transport) with restart times from 0.1 s to 1000 s, and "
        "[`monolithic`](models.md#monolithic-two_state), whose U is a "
        "line: where the curves cross it the systems are equal.",
        restart_time,
        {"restart_time.svg": {"by": ("model", "children_need_start", "clocks"), "width": "middle"}},
    ),
    Section(
        "tree_shape",
        "How many actors, in which tree?",
        "A server can be cut into few actors or many, under one supervisor or under a hierarchy. What does that cost?",
        "[`actor_tree`](models.md#actor_tree): 3 to 31 actors as a flat tree, a binary tree and a chain; up means that all run. Beside them "
        "`monolithic` with as "
        "many sections.",
        tree_shape,
        {"tree_shape.svg": {"by": ("model", "clocks"), "width": "middle"}},
    ),
    Section(
        "hazard",
        "Does the shape of the hazard matter?",
        "The thesis takes times to failure for lognormal with sigma = 0.4. What if they scatter more, or are Weibull, or exponential?",
        "All distributions have the mean 2208 h; the axis is standard deviation over mean. Sigma = 0.4 is 0.4165; the Weibull distribution "
        "with 1 is the "
        "exponential one.",
        hazard,
        {"hazard.svg": {"width": "middle"}},
    ),
    Section(
        "supervision",
        "What do restart limits do?",
        "A limit of restarts is there for faults that a restart does not cure. Section 5.4.4 says \"more than 5 failures in 30 seconds\", "
        "5.5.1 three, and T7 of "
        "Fig. 17 counts in another way than the text. Does it matter?",
        "[`faulty_child`](models.md#faulty_child): once a day a child's state is corrupted, and it fails again some time after every "
        "restart. A restart cures "
        "it with a probability of 5 %, a restart of its supervisor always. `leaky` is T7, `sliding` the text, `akka` Akka's window.",
        supervision,
        {"supervision.svg": {"x": "again", "panels": ("root_restart", "limit"), "width": "page"}},
    ),
    Section(
        "common_cause",
        "What if failures have a common cause?",
        "Actors are isolated from each other's failures, but not from what brings down the process, the machine, or all of them by the same "
        "bad input.",
        "A share beta of each part's failures are shocks that hit everything at once (beta factor): [`shocked_actors`, `shocked_process`]"
        "(models.md#shocked_actors-shocked_process). After a shock the process restarts in 30 to 300 s, in both systems.",
        common_cause,
        {"common_cause.svg": {"width": "middle"}},
    ),
    Section(
        "planned_restarts",
        "Would planned restarts do as well?",
        "Section 5.1 names software rejuvenation as the other remedy: restart the process by plan before it fails. How close does that come "
        "to actors?",
        "[`rejuvenation`](models.md#rejuvenation): the standard system restarted after an interval without failure, in 1, 10, 30 or 60 s.",
        planned_restarts,
        {"planned_restarts.svg": {"by": ("model", "planned_restart"), "width": "middle"}},
    ),
)
