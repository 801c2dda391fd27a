"""Random nets, simulated and solved as Markov chains: what nobody thought of writing by hand.

Tokens are never created, so that every net is finite. All measures have windows from the start, so that a net may die or have several closed sets.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from experiments.verification.chain import Chain, NotMarkov, exact
from experiments.verification.running import score

REPLICATIONS = 1500


@dataclass(frozen=True)
class Comparison:
    """What one random net gave: the text of the model and, for each measure, exact value, estimate and z. `skipped`: why nothing was compared."""

    seed: int
    text: str
    values: dict[str, tuple[float, float, float]]
    skipped: str = ""


def transition(r: random.Random, places: list[str]) -> dict[str, Any]:
    """One transition that takes one or two tokens of a place and puts as many into others."""
    source, number = r.choice(places), r.choice([1, 1, 1, 2])
    others = [place for place in places if place != source]
    found: dict[str, Any] = {"in": {source: number}, "out": [r.choice(others) for _ in range(number)]}
    if r.random() < 0.25:
        found["test"] = {r.choice(places): r.choice([1, 1, 2])}
    if r.random() < 0.3:
        found["inhibit"] = {r.choice(places): r.choice([1, 2, 3])}
    if r.random() < 0.2:
        a, b = r.choice(places), r.choice(places)
        found["guard"] = r.choice([f"{a} + {b} <= 2", f"not ({a} == 0)", f"{a} > 0 or {b} < 2"])
    if r.random() < 0.3:
        return found | {"priority": r.choice([1, 1, 2, 3]), "weight": r.choice([1, 2.5, 0.5, f"1 + {r.choice(places)}"])}
    found["delay"] = r.choice(
        [
            f"exponential(rate={r.choice([0.5, 1, 2, 3.5])})",
            f"exponential(mean={r.choice([0.4, 1.5])})",
            f"exponential(rate=0.3 + {r.choice(places)})",
        ]
    )
    if r.random() < 0.5:
        found["servers"] = r.choice(["infinite", 2, f"1 + {r.choice(places)}"])
    if r.random() < 0.3:
        found["memory"] = r.choice(["age", "resampling"])  # makes no difference to an exponential delay
    if r.random() < 0.3:
        found["priority"] = r.choice([0, 5])  # nor do priorities of timed transitions
    return found


def model(seed: int) -> str:
    """The text of a random model."""
    r = random.Random(seed)
    places = [f"p{number}" for number in range(r.randint(3, 5))]
    initial = {place: r.choice([0, 0, 1, 2]) for place in places}
    initial["p0"] = max(1, initial["p0"])
    transitions = {f"t{number}": transition(r, places) for number in range(r.randint(4, 8))}
    place = r.choice(places)
    measures = {
        "at": {"average": "p0 + 2 * p1", "at": "1.3 s"},
        "over": {"integral": place, "over": ["0.5 s", "2 s"]},
        "count": {"count": r.choice(list(transitions)), "over": "2 s"},
        "passage": {"first_passage": f"{place} >= {max(1, sum(initial.values()) - 1)}", "within": "2 s"},
        "availability": {"availability": f"{places[-1]} > 0", "over": "3 s"},
    }
    return yaml.safe_dump({"spn": 1, "places": initial, "transitions": transitions, "measures": measures}, sort_keys=False)


def compare(seed: int) -> Comparison:
    """Simulate and solve one random net. Values that never vary (or were never seen) have z = 0 if the interval holds the exact one."""
    from spn.engine.engines import find_engine
    from spn.observation import RunError
    from spn.resolver.resolve import read
    from spn.study import simulate

    text = model(seed)
    net = read(text)
    try:
        chain = Chain(net)
        expected = {measure.name: exact(chain, measure) for measure in net.measures}
    except (NotMarkov, np.linalg.LinAlgError) as error:
        return Comparison(seed, text, {}, f"not solved: {error}")
    try:
        result = simulate(net, find_engine("auto"), seed, precision=1e-6, max_replications=REPLICATIONS)
    except RunError as error:
        return Comparison(seed, text, {}, f"not simulated: {error}")
    values = {}
    for name, number in expected.items():
        found = result.measures[name]
        interval = found.interval
        close = 1e-9 * max(1.0, abs(number))
        certain = interval.estimate in (interval.low, interval.high) and interval.low - close <= number <= interval.high + close
        z = 0.0 if certain else score(interval.estimate, interval.low, interval.high, number, found.assessment.replications)
        values[name] = (number, interval.estimate, z)
    return Comparison(seed, text, values)


def run_random(number: int, base: int, processes: int) -> Iterator[Comparison]:
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(compare, range(base * 1_000_000, base * 1_000_000 + number))
