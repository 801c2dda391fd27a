"""The nets whose intervals are counted, with what each of their quantities really is. The answers come from closed forms, quadrature and chains.

A quantity is named by its measure and, after a slash, what it is of it: `U`, `failures_per_year`, `mean_up_s`, `mean_down_s` of an availability,
`value` of
other measures, `quantile 0.95`, `at 3600` (one time of a curve), and `band`, the simultaneous band of a curve, which holds if all its times are
inside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammainc

from experiments.verification import closed
from experiments.verification.chain import Chain
from experiments.verification.rows import ROOT, SIP

if TYPE_CHECKING:
    from spn.net.types import Net
    from spn.text.source import Source

HOUR = 3600.0
YEAR = 365.25 * 86_400.0

Truths = Mapping[str, float]


@dataclass(frozen=True)
class Asked:
    """A rare event, and the options of `spn.rare_event`."""

    condition: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A net and what is asked of it. `model`: a shipped one, or a text. `other`: the second net of a pair that shares its random numbers.
    `rare`: instead of the measures a rare event is asked for, whose quantities are called after ``rare/``.

    `at_least`: the intervals promise to cover at least so often as they say, and not exactly.
    """

    name: str
    model: str
    truths: Callable[[], Truths]
    precision: float
    parameters: Mapping[str, str] = field(default_factory=dict)
    measures: tuple[str, ...] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    other: Mapping[str, str] | None = None
    about: str = ""
    at_least: tuple[str, ...] = ()
    rare: Asked | None = None

    def net(self, parameters: Mapping[str, str] | None = None) -> Net:
        from spn.api import resolve

        return resolve(self.source, self.parameters if parameters is None else parameters)

    @property
    def source(self) -> Source | Path | str:
        """The model, as it is read."""
        from spn.text.source import Source

        if "\n" in self.model:
            return Source(f"{self.name}.yaml", self.model)
        return ROOT / self.model if Path(self.model).suffix else self.model


def renewal(up: float, down: float, measure: str = "system") -> Truths:
    """An availability of which mean up and down time are known."""
    cycle = up + down
    return {f"{measure}/U": down / cycle, f"{measure}/failures_per_year": YEAR / cycle, f"{measure}/mean_up_s": up, f"{measure}/mean_down_s": down}


def monolithic(sections: int, age: bool) -> Truths:
    u = closed.monolithic(2208 * HOUR, sections, age)
    return renewal(closed.REPAIR * (1.0 - u) / u, closed.REPAIR)


def mm1(load: float = 0.9) -> Truths:
    """M/M/1, service 1 s, in order of arrival: response times are exponential of mean 1 / (1 - load) (Gross & Harris, sec. 2.2)."""
    mean = 1.0 / (1.0 - load)
    found = {"response/value": mean, "length/value": load * mean, "busy/value": load}
    return found | {f"response/quantile {p:g}": -math.log1p(-p) * mean for p in (0.5, 0.95)}


def duplex(life: float = 1000 * HOUR, repair: float = 4 * HOUR, covered: float = 0.95, restart: float = 0.5 * HOUR) -> Truths:
    """Two units, one, or a crash: balance of the semi-Markov process, whose mean sojourns are all that matters."""
    fails, repairs = 1.0 / life, 1.0 / repair
    one = 2.0 * fails * covered / (fails + repairs)
    uncovered, exhausted = 2.0 * fails * (1.0 - covered), fails * one
    crash = (uncovered + exhausted) * restart
    total = 1.0 + one + crash
    system = renewal((1.0 + one) / (uncovered + exhausted), restart)
    return system | {"both/value": 1.0 / total, "uncovered/value": uncovered / total, "exhausted/value": exhausted / total}


def escalating(life: float = HOUR, window: float = HOUR / 2.0, restart: float = closed.REPAIR, children: int = 4, limit: int = 3) -> Truths:
    """A supervisor whose children restart at once, with exponential lives; `limit` restarts in a window that the first one opens, the next escalates.

    It runs until it fails itself or `limit` more failures follow within the window of the first. With a = children / life and r = 1 / life, from an
    empty count: up = 1 / (a + r) + a / (a + r) * (m + q * up), where m is the mean of the least of window, r's and Erlang(limit, a)'s time, and q
    the chance
    that the window ends first.
    """
    a, r = children / life, 1.0 / life
    q = math.exp(-(a + r) * window) * sum((a * window) ** n / math.factorial(n) for n in range(limit))
    # the integral over the window of exp(-r t) P(fewer than `limit` failures by t), term by term
    m = sum((a / (a + r)) ** n / (a + r) * float(gammainc(n + 1, (a + r) * window)) for n in range(limit))
    up = (1.0 + a * m) / (a + r) / (1.0 - a * q / (a + r))
    return renewal(up, restart)


def two_state_window(fails: float, repairs: float, window: float) -> Truths:
    """Of a unit that is up at first, over the first `window` seconds: its chain has the relaxation rate `fails + repairs`."""
    rate = fails + repairs
    u = fails / rate * (1.0 + math.expm1(-rate * window) / (rate * window))
    failures = fails * (1.0 - u) * window
    return {
        "window/U": u,
        "window/failures_per_year": failures * YEAR / window,
        "window/mean_up_s": (1.0 - u) * window / failures,
        "window/mean_down_s": u * window / failures,
        "failures/value": failures,
        "any/value": -math.expm1(-fails * window),
    }


FEW = """
spn: 1
parameters: {window: 100 h}
places: {up: 1, down: 0}
transitions:
  fail:   {in: up, out: down, delay: exponential(mean=1000 h)}
  repair: {in: down, out: up, delay: exponential(mean=5 h)}
measures:
  window:   {availability: up == 1, over: window}
  failures: {count: fail, over: window}
  any:      {first_passage: up == 0, within: window}
"""

CURVES = """
spn: 1
description: Five components of which three are needed, two repairers.
places: {up: 5, down: 0}
transitions:
  fail:   {in: up, out: down, delay: exponential(mean=100 h), servers: infinite}
  repair: {in: down, out: up, delay: exponential(mean=20 h), servers: 2}
measures:
  system:  {availability: up >= 3, at: {from: 20 h, to: 120 h, points: 6}}
  working: {average: up, at: {from: 20 h, to: 120 h, points: 6}}
  lost:    {first_passage: up < 3, within: {from: 50 h, to: 800 h, points: 6}}
  mttf:    {first_passage: up < 3, quantiles: [10 %, 50 %, 90 %]}
  mission: {first_passage: up < 3, within: 100 h}
  up_time: {integral: up, over: 100 h}
"""


@cache
def curves() -> Truths:
    """By matrix exponentials."""
    from spn.api import resolve
    from spn.net.types import At
    from spn.text.source import Source

    net = resolve(Source("curves.yaml", CURVES))
    chain = Chain(net)
    measures = {measure.name: measure for measure in net.measures}
    works = np.array([chain.tokens(marking)["up"] >= 3 for marking in chain.states])
    up = np.array([float(chain.tokens(marking)["up"]) for marking in chain.states])
    stopped = np.where(works[:, None], chain.q, 0.0)

    def lost(time: float) -> float:
        return float(chain.at(time, stopped)[~works].sum())

    found = {"mttf/value": float(chain.occupation_until(~works).sum()), "mission/value": lost(100 * HOUR)}
    found["up_time/value"] = float(chain.occupation(100 * HOUR) @ up)
    found |= {f"mttf/quantile {p:g}": float(brentq(lambda t, p=p: lost(t) - p, 1.0, 1e8, xtol=1e-6)) for p in (0.1, 0.5, 0.9)}
    window = measures["system"].window
    assert isinstance(window, At)
    for time in window.times:
        state = chain.at(time)
        found |= {f"system/at {time:g}": float(state[~works].sum()), f"working/at {time:g}": float(state @ up)}
    found |= {f"lost/at {time:g}": lost(time) for time in measures["lost"].quantity.within}
    return found


def sip(name: str) -> Callable[[], Truths]:
    return lambda: {"system/U": SIP[name][1]}


def ratio() -> Truths:
    six, five = (closed.monolithic(2208 * HOUR, sections, False) for sections in (6, 5))
    return {"system/U": six, "ratio/value": six / five}


def alternating() -> Truths:
    """Lognormal up times of mean 100 s, 2 s to 6 s down."""
    return renewal(100.0, 4.0, "A")


def _md1k() -> Truths:
    return {f"{name}/value": value for name, value in closed.md1k().items()}


def _standby() -> Truths:
    found = closed.cold_standby()
    return {"A/U": 1.0 - found["A"], "MTTF/value": found["MTTF"]}


def _renewals() -> Truths:
    return {f"{name}/value": value for name, value in closed.renewal_function().items()}


MM1 = {"arrival": "0.9 / s", "service": "exponential(mean=1 s)"}
ESCALATING = {
    "failure": "exponential(mean=1 h)",
    "restart_time": "0 s",
    "root_restart": "uniform(30 s, 300 s)",
    "counting": "fixed",
    "forgets": "true",
    "window": "30 min",
}
FAIL, REPAIR = 1.0 / (1000 * HOUR), 1.0 / (5 * HOUR)

BOUNDS = ("window/U", "window/failures_per_year", "window/mean_up_s", "window/mean_down_s", "failures/value", "any/value")


def few(replications: int) -> Case:
    mean = replications * two_state_window(FAIL, REPAIR, 100 * HOUR)["failures/value"]
    return Case(
        f"few events, {mean:.3g} on average",
        FEW,
        lambda: two_state_window(FAIL, REPAIR, 100 * HOUR),
        1e-6,
        options={"max_replications": replications},
        about=f"up and down with constant rates over the first 100 h, {replications} replications and no stopping rule",
        at_least=BOUNDS,
    )


CASES: tuple[Case, ...] = (
    Case("standard system", "monolithic", lambda: monolithic(6, False), 0.05, about="clocks renewed at each restart"),
    Case("standard system, age", "monolithic", lambda: monolithic(6, True), 0.05, {"clocks": "age"}, about="clocks kept"),
    Case(
        "standard system, no controls",
        "monolithic",
        lambda: monolithic(6, False),
        0.05,
        options={"controls": False},
        about="without control variates",
    ),
    Case(
        "standard system, batch means",
        "monolithic",
        lambda: monolithic(6, False),
        0.05,
        options={"sampling": "batch-means"},
        about="four windows in a row after each warm-up",
    ),
    Case(
        "standard system, whole cycles",
        "monolithic",
        lambda: monolithic(6, False),
        0.05,
        options={"sampling": "regenerative"},
        about="from the initial marking to its return, no warm-up",
    ),
    Case(
        "alternating renewal",
        "tests/cases/tb_alternating_renewal_lognormal_uniform.yaml",
        alternating,
        0.05,
        measures=("A",),
        about="lognormal up, uniform down",
    ),
    Case("M/M/1, load 0.9", "teaching/mg1_fifo", mm1, 0.2, MM1, ("response", "length", "busy"), about="response times: mean, median, 95 % quantile"),
    Case(
        "M/M/1, load 0.9, batch means",
        "teaching/mg1_fifo",
        mm1,
        0.2,
        MM1,
        ("response", "length", "busy"),
        options={"sampling": "batch-means"},
        about="four windows in a row after each warm-up",
    ),
    Case(
        "M/M/1, load 0.9, whole cycles",
        "teaching/mg1_fifo",
        mm1,
        0.2,
        MM1,
        ("response", "length", "busy"),
        options={"sampling": "regenerative"},
        about="from the empty queue to its return, no warm-up",
    ),
    Case(
        "duplex",
        "teaching/hot_standby",
        duplex,
        0.1,
        measures=("system", "both", "uncovered"),
        about="imperfect coverage; crashes in 5 % of failures",
    ),
    Case(
        "actor tree, escalating",
        "sip_transport",
        escalating,
        0.05,
        ESCALATING,
        ("system",),
        about="lives of 1 h, window of 30 min: more than a quarter of the ends are escalations",
    ),
    Case(
        "actor tree, U = 5.4e-7", "sip_transport", sip("sip_transport, G = 1 s, defaults"), 0.05, measures=("system",), about="the thesis' defaults"
    ),
    Case(
        "actor tree, slow restarts",
        "sip_transport",
        sip("sip_transport, G = U(30, 300)"),
        0.05,
        {"restart_time": "uniform(30 s, 300 s)"},
        ("system",),
        about="restarts of 30 s to 300 s",
    ),
    Case("two states", "two_state", lambda: renewal(2208 * HOUR, 165.0), 0.05, about="constant rates"),
    Case("M/D/1/5", "tests/cases/tb_md1k_dspn.yaml", _md1k, 0.05, measures=("L", "pK", "thr"), about="deterministic service"),
    Case("cold standby", "tests/cases/tb_cold_standby_uniform_repair.yaml", _standby, 0.1, about="one repairer; long run and first passage"),
    Case(
        "curves",
        CURVES,
        curves,
        0.25,
        measures=("system", "working", "lost"),
        about="3 of 5 with two repairers; intervals at each time, and bands for all",
    ),
    Case(
        "first passages",
        CURVES,
        curves,
        0.15,
        measures=("mttf", "mission", "up_time"),
        about="the same: mean and quantiles of the first loss, mission",
    ),
    Case("renewals", "tests/cases/tb_renewal_uniform.yaml", _renewals, 0.05, about="counts and an integral over a short time"),
    Case("common random numbers", "monolithic", ratio, 0.05, {"sections": "6"}, other={"sections": "5"}, about="U of six sections over U of five"),
    few(32),
    few(64),
    few(200),
)
