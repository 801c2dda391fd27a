"""Random questions about rare events on random nets: every method's answer against the Markov chain, which is solved here from what the question says
(`docs/rare.md`), or where delays are not exponential against plain simulation. What is asked for is not always rare, nor always possible.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml
from scipy.linalg import expm

from experiments.verification import random_nets
from experiments.verification.chain import Chain, NotMarkov
from experiments.verification.running import score

METHODS = ("forcing", "splitting", "restart")
PRECISION = 0.2
MAX_FIRINGS = 300_000
CLOSE = 1e-7
"""Relative: what the program calls exact is not farther from what is solved here."""

IMPOSSIBLE = 1e-14
"""Of rounding."""


@dataclass(frozen=True)
class Answer:
    """One question to one method: its words, (quantity, exact value, estimate, z) and what is wrong beyond chance."""

    seed: int
    text: str
    asked: dict[str, str]
    method: str
    state: str
    values: tuple[tuple[str, float, float, float], ...] = ()
    wrong: str = ""


DELAYS = (
    "1 s",
    "0.3 s",
    "uniform(0.1 s, 2 s)",
    "lognormal(mean=1 s, sigma=0.8)",
    "weibull(shape=2.5, scale=1.5 s)",
    "weibull(shape=0.6, scale=1 s)",
    "erlang(k=3, mean=1 s)",
    "hyperexponential(weights=[0.9, 0.1], means=[0.5 s, 5 s])",
    "triangular(low=0.1 s, mode=0.5 s, high=3 s)",
    "discrete(values=[0.5 s, 2 s], weights=[3, 1])",
    "gamma(shape=0.5, scale=2 s)",
    "normal(mean=1 s, sd=0.5 s)",
)


def markovian(seed: int) -> bool:
    """Whether all delays of the net are exponential."""
    return seed % 2 == 0


def question(seed: int) -> tuple[str, dict[str, str]]:
    """A model without measures, some of its rates small or its delays not exponential, and what is asked: condition, until, within."""
    r = random.Random(f"{seed}/rare")
    data: dict[str, Any] = yaml.safe_load(random_nets.model(seed))
    del data["measures"]
    for transition in data["transitions"].values():
        if transition.get("delay") and r.random() < 0.3:
            transition["delay"] = f"exponential(rate={r.choice([0.01, 0.05, 0.002])})"
        elif transition.get("delay") and not markovian(seed) and r.random() < 0.8:
            transition["delay"] = r.choice(DELAYS)
    places = list(data["places"])
    total = sum(data["places"].values())

    def condition() -> str:
        place, other = r.choice(places), r.choice(places)
        return r.choice([f"{place} >= {r.randint(1, total)}", f"{place} == 0", f"{place} + {other} == {r.randint(0, total)}", f"{place} > {other}"])

    asked = {"condition": condition()}
    if r.random() < 0.6:
        asked["until"] = condition()
    if r.random() < 0.4:
        asked["within"] = r.choice(["0.5 s", "3 s", "40 s"])
    if r.random() < 0.3:
        asked["importance"] = r.choice([f"{r.choice(places)}", f"2 * {r.choice(places)} - {r.choice(places)}"])
    return yaml.safe_dump(data, sort_keys=False), asked


class Solved:
    """A question solved on the chain of the tangible markings."""

    def __init__(self, chain: Chain, condition: Any, until: Any, within: float | None) -> None:
        self.chain, self.within = chain, within
        self.rare = chain.vector(condition) > 0.0
        self.ends = np.zeros(len(self.rare), np.bool_) if until is None else chain.vector(until) > 0.0
        self.lives = until is not None or within is not None

    def expected(self) -> dict[str, float]:
        return self._life() if self.lives else self._long_run()

    def _life(self) -> dict[str, float]:
        """Markings twice: of a run that has been only where lives end, and of one that has been elsewhere."""
        n, q = len(self.rare), self.chain.q
        rates = q - np.diag(np.diagonal(q))
        plain = ~self.rare & ~self.ends
        fresh, hit, over = np.arange(n), 2 * n, 2 * n + 1
        whole = np.zeros((2 * n + 2, 2 * n + 2))
        for at, rows in ((0, self.ends & ~self.rare), (n, plain)):
            for row in np.flatnonzero(rows):
                whole[at + row, hit] += rates[row, self.rare].sum()
                whole[at + row, n + np.flatnonzero(plain)] += rates[row, plain]
                ends = np.flatnonzero(self.ends & ~self.rare)
                if at == 0:
                    whole[at + row, fresh[ends]] += rates[row, ends]
                else:
                    whole[at + row, over] += rates[row, ends].sum()
        whole -= np.diag(whole.sum(axis=1))
        start = np.zeros(2 * n + 2)
        start[hit] = self.chain.start[self.rare].sum()
        for kind, at in ((self.ends & ~self.rare, 0), (plain, n)):
            start[at + np.flatnonzero(kind)] = self.chain.start[kind]
        found = {"probability": float((start @ expm(whole * (1e9 if self.within is None else self.within)))[hit])}
        if self.within is None:
            # What is still on the way when nothing more can happen never comes true; the rest by a linear system, as 1e9 s may be too short.
            inner = whole[: 2 * n, : 2 * n]
            moving = np.diagonal(inner) < 0.0
            solved = np.linalg.lstsq(-inner[np.ix_(moving, moving)], whole[: 2 * n, hit][moving], rcond=None)[0]
            found["probability"] = float(start[: 2 * n][moving] @ solved + start[hit])
        return found

    def _long_run(self) -> dict[str, float]:
        steady, q = self.chain.steady, self.chain.q
        rate = float(steady[~self.rare] @ q[np.ix_(~self.rare, self.rare)].sum(axis=1))
        return {"rate": rate, "unavailability": float(steady[self.rare].sum())}


def ask(seed: int) -> list[Answer]:
    """One question, to all methods."""
    return _against_the_chain(seed) if markovian(seed) else _against_plain(seed)


def _against_plain(seed: int) -> list[Answer]:
    """Without a solution: plain simulation says what the probability is. It needs a life."""
    import spn
    from spn.observation import RunError
    from spn.rare import Refused, Trust
    from spn.text.source import Source

    text, asked = question(seed)
    if "until" not in asked:
        asked.setdefault("within", "10 s")
    source = Source("random", text)
    options: dict[str, Any] = {"seed": seed, "max_firings": MAX_FIRINGS, **asked}
    found = []
    plain = None
    for method in ("plain", *METHODS):
        try:
            result = spn.rare_event(source, method=method, precision=PRECISION / 2 if method == "plain" else PRECISION, **options)
        except (Refused, RunError) as refusal:
            found.append(Answer(seed, text, asked, method, f"refused: {refusal}"))
            continue
        plain = result.main if method == "plain" and result.state is Trust.CONVERGED else plain
        wrong = "it is said to be impossible" if result.state is Trust.UNREACHABLE and plain is not None and plain.estimate > 0.0 else ""
        values: tuple[tuple[str, float, float, float], ...] = ()
        if plain is not None and method != "plain" and result.state is Trust.CONVERGED:
            error = math.hypot(plain.high - plain.low, result.main.high - result.main.low) / (2.0 * 1.96)
            z = (result.main.estimate - plain.estimate) / error if error > 0.0 else 0.0
            values = (("probability", plain.estimate, result.main.estimate, z),)
        found.append(Answer(seed, text, asked, method, result.state.name.lower(), values, wrong))
    return found


def _against_the_chain(seed: int) -> list[Answer]:
    import spn
    from spn.api import _question
    from spn.expressions.errors import EvaluationError
    from spn.observation import RunError
    from spn.rare import Refused
    from spn.text.source import Source

    text, asked = question(seed)
    source = Source("random", text)
    words = {key: asked.get(key) for key in ("condition", "until", "within", "importance")}
    try:
        _, meant, net, _ = _question(source, None, **words)  # type: ignore[arg-type]
        solved = Solved(Chain(net), meant.condition, meant.until, meant.within)
        expected = solved.expected()
    except (NotMarkov, np.linalg.LinAlgError, EvaluationError) as error:
        return [Answer(seed, text, asked, "", f"not solved: {error}")]
    found = []
    for method in METHODS:
        try:
            result = spn.rare_event(source, **words, method=method, seed=seed, precision=PRECISION, max_firings=MAX_FIRINGS)  # type: ignore[arg-type]
        except (Refused, RunError) as refusal:
            found.append(Answer(seed, text, asked, method, f"refused: {refusal}"))
            continue
        values = []
        for name, exact in expected.items():
            interval = result.estimates.get(name)
            if interval is not None and interval.low < interval.high and exact > IMPOSSIBLE:
                same = abs(interval.estimate - exact) <= CLOSE * exact
                z = 0.0 if same else score(interval.estimate, interval.low, interval.high, exact, result.diagnostics.replications)
                values.append((name, exact, interval.estimate, z))
        found.append(Answer(seed, text, asked, method, result.state.name.lower(), tuple(values), _wrong(result, expected, solved.lives)))
    return found


def _wrong(result: Any, expected: dict[str, float], lives: bool) -> str:
    """What chance cannot explain."""
    from spn.rare import Trust

    exact = next(iter(expected.values()))
    told = result.diagnostics
    if result.state is Trust.DISAGREES:
        return f"the Markov chain is {told.predicted!r}, solved here {exact!r}"
    if (result.state is Trust.UNREACHABLE) and exact > IMPOSSIBLE:
        return f"it is said to be impossible, and is {exact!r}"
    if lives and told.exact and told.predicted is not None and abs(told.predicted - exact) > CLOSE * exact + IMPOSSIBLE:
        return f"the Markov chain is {told.predicted!r}, solved here {exact!r}"
    return ""


def run_random_rare(number: int, base: int, processes: int) -> Iterator[list[Answer]]:
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(ask, range(base * 1_000_000, base * 1_000_000 + number))
