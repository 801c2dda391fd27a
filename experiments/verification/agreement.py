"""Random models over the whole language on both engines, event by event: many more of them than the tests have time for.

A seed names a model and how it is run. What each seed gave is a line of a file, so that a run can be stopped and gone on with.
"""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

FIRINGS = 10_000
OBSERVED_FIRINGS = 1_000
COMPILED_EVERY = 100
"""One seed in so many has its kernel compiled to machine code; the others run theirs as plain Python, which needs no compiling."""

SECONDS = 600
"""The most that one model may take."""


@dataclass
class Finding:
    """What a seed's model did. `end`: ``most`` firings, ``dead``, the code of an error, or why it was not run; `trouble`: what differs."""

    seed: int
    end: str
    firings: int = 0
    supported: bool = True
    compiled: bool = False
    features: list[str] = field(default_factory=list)
    seconds: float = 0.0
    trouble: str = ""


def _too_long(number: int, frame: object) -> None:
    raise TimeoutError


def examine(seed: int) -> Finding:
    """One model on both engines: its events, then its measures, with chunks and schedulers of all kinds."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS)
    began = time.process_time()
    try:
        found = _examine(seed)
    except TimeoutError:
        found = Finding(seed, "too long", trouble=f"more than {SECONDS} s")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what this looks for
        found = Finding(seed, "crash", trouble=f"{type(error).__name__}: {error}")
    finally:
        signal.alarm(0)
    found.seconds = round(time.process_time() - began, 2)
    return found


def _examine(seed: int) -> Finding:
    from tests.engine import interpreted  # before any kernel is compiled

    interpreted.kernel("def kernel():\n    pass\n")
    from spn.engine.compiled import cache
    from tests.agreement.comparing import Disagreement, same_events, same_outcomes, task_for
    from tests.agreement.features import features
    from tests.agreement.generated import net_of, plan_of, seconds_of
    from tests.agreement.models import model

    r = Random(seed)
    net = net_of(model(r))
    if net is None:
        return Finding(seed, "no net")
    plan = plan_of(net)
    if plan is None:
        return Finding(seed, "not supported", supported=False)
    compiled = seed % COMPILED_EVERY == 0
    kernel = cache.load(plan.key, plan.source) if compiled else interpreted.kernel(plan.source)
    few, other = r.choice([(None, 0), (0, None), (10_000, None)])
    try:
        agreement = same_events(plan, kernel, r.randrange(100), FIRINGS, few=few)
        task = task_for(net, r, seconds_of(net, OBSERVED_FIRINGS), OBSERVED_FIRINGS)
        same_outcomes(plan, kernel, task, budget=r.choice([None, 1, 7, 1000]), few=other)
    except Disagreement as error:
        return Finding(seed, "disagreement", compiled=compiled, trouble=str(error))
    fired = agreement.fired or [0] * len(net.transitions)
    return Finding(seed, agreement.end, agreement.firings, compiled=compiled, features=sorted(features(net, fired)))


def known(record: Path) -> list[Finding]:
    """What a file says of seeds examined before."""
    if not record.exists():
        return []
    return [Finding(**json.loads(line)) for line in record.read_text(encoding="utf-8").splitlines()]


def run_agreement(seeds: Iterable[int], record: Path, processes: int) -> Iterator[Finding]:
    """Examine the seeds that the file does not have; each finding goes there at once."""
    done = {finding.seed for finding in known(record)}
    with ProcessPoolExecutor(processes) as pool, record.open("a", encoding="utf-8") as lines:
        for finding in pool.map(examine, [seed for seed in seeds if seed not in done], chunksize=4):
            lines.write(json.dumps(asdict(finding)) + "\n")
            lines.flush()
            yield finding


def summary(findings: list[Finding]) -> list[str]:
    """What was found, in lines of text."""
    from tests.agreement.features import FEATURES

    ran = [finding for finding in findings if finding.features or finding.firings]
    ends: Counter[Any] = Counter(finding.end for finding in findings)
    reached = Counter(feature for finding in findings for feature in finding.features)
    troubles = [finding for finding in findings if finding.trouble]
    tried = [finding for finding in findings if finding.end != "no net"]
    rarest = sorted((reached[feature], feature) for feature in FEATURES)[:8]
    lines = [
        f"models: {len(findings)}, of which {ends['no net']} have a problem that only their numbers show",
        f"supported by the compiled engine: {sum(f.supported for f in tried)} of {len(tried)}; to machine code: {sum(f.compiled for f in findings)}",
        f"events compared: {sum(finding.firings for finding in findings):,}; median of a model: {median([f.firings for f in ran] or [0]):,.0f}",
        "ends: " + ", ".join(f"{end} {number}" for end, number in ends.most_common()),
        f"features met: {sum(feature in reached for feature in FEATURES)} of {len(FEATURES)}; the rarest: "
        + ", ".join(f"{feature} ({number})" for number, feature in rarest),
        f"disagreements, crashes and models that took too long: {len(troubles)}",
    ]
    return lines + [f"  seed {finding.seed}: {finding.end}: {finding.trouble}" for finding in troubles]
