"""Random models over the whole language on both engines, event by event: many more of them than the tests have time for.

A seed names a model and how it is run. What each seed gave is a line of a file, so that a run can be stopped and gone on with.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from random import Random

from experiments.verification.report import commit

FIRINGS = 10_000
OBSERVED_FIRINGS = 1_000
MOVED_FIRINGS = 300
OPTIMISED_EVERY = 25
INTERPRETED_EVERY = 25
"""One seed in so many has its kernel compiled as users have it, and another one has its source run by Python itself. All others have machine code
that is not optimised, which takes a tenth of the time to make.
"""

SECONDS = 60
"""The most processor time that one model may take: a few double their tokens or their bindings again and again."""

TOO_LONG = "too long"

MODELS_EACH = 100
"""The models that a process examines: machine code is kept to its end."""


@dataclass
class Finding:
    """What a seed's model did. `end`: ``most`` firings, ``dead``, the code of an error, or why it was not run; `trouble`: what differs. `code`: what
    its kernel was run as.
    """

    seed: int
    end: str
    firings: int = 0
    supported: bool = True
    code: str = ""
    features: list[str] = field(default_factory=list)
    seconds: float = 0.0
    trouble: str = ""
    commit: str = ""


def code_of(seed: int) -> str:
    """What a seed's kernel is run as."""
    return {0: "optimised", OPTIMISED_EVERY // 2: "interpreted"}.get(seed % OPTIMISED_EVERY, "machine code")


def _too_long(number: int, frame: object) -> None:
    raise TimeoutError


def examine(seed: int) -> Finding:
    """One model on both engines: its events, then its measures, then moved and in a batch, with chunks and schedulers of all kinds."""
    signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    began = time.process_time()
    try:
        found = _examine(seed)
    except TimeoutError:
        found = Finding(seed, TOO_LONG)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what this looks for
        found = Finding(seed, "crash", trouble=f"{type(error).__name__}: {error}")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    found.seconds = round(time.process_time() - began, 2)
    return found


def _examine(seed: int) -> Finding:
    from spn.engine.compiled import cache
    from tests.agreement.comparing import (
        Clocks,
        Disagreement,
        same_batch,
        same_events,
        same_events_after_moving,
        same_outcomes,
        task_for,
        tasks_for,
        tasks_from_start,
    )
    from tests.agreement.features import features
    from tests.agreement.generated import net_of, plan_of, seconds_of, unoptimised
    from tests.agreement.models import model
    from tests.engine import interpreted

    r, code = Random(seed), code_of(seed)
    net = net_of(model(r))
    if net is None:
        return Finding(seed, "no net")
    plan = plan_of(net, scanned=seed % 3 > 0, foreseen=True if seed // 27 % 2 else None)
    if plan is None:
        return Finding(seed, "not supported", supported=False)
    if code == "optimised":
        kernel = cache.load(plan.key, plan.source)
    else:
        kernel = interpreted.kernel(plan.source) if code == "interpreted" else unoptimised(plan.source)
    few, other = r.choice([(None, 0), (0, None), (10_000, None)])
    # How clocks are kept, and drawn, is seen by nobody.
    ways = seed // 3 % 3, seed // 9 % 3
    try:
        agreement = same_events(plan, kernel, r.randrange(100), FIRINGS, Clocks(few, ways[0]))
        task = task_for(net, r, seconds_of(net, OBSERVED_FIRINGS), OBSERVED_FIRINGS)
        same_outcomes(plan, kernel, task, budget=r.choice([None, 1, 7, 1000]), clocks=Clocks(other, ways[1]))
        moves_at = r.randrange(MOVED_FIRINGS)
        same_events_after_moving(plan, kernel, r.randrange(100), moves_at, moves_at + MOVED_FIRINGS)
        if code != "interpreted":
            same_batch(plan, kernel, tasks_for(net, r, seconds_of(net, MOVED_FIRINGS), MOVED_FIRINGS))
            same_batch(plan, kernel, tasks_from_start(net, r, MOVED_FIRINGS))
    except Disagreement as error:
        return Finding(seed, "disagreement", code=code, trouble=str(error))
    fired = agreement.fired or [0] * len(net.transitions)
    return Finding(seed, agreement.end, agreement.firings, code=code, features=sorted(features(net, fired)))


def known(record: Path) -> list[Finding]:
    """What a file says of seeds examined before; a last line that was cut off does not count."""
    found = []
    for line in record.read_text(encoding="utf-8").splitlines() if record.exists() else ():
        try:
            found.append(Finding(**json.loads(line)))
        except ValueError:
            continue
    return found


def run_agreement(seeds: Iterable[int], record: Path, processes: int) -> Iterator[Finding]:
    """Examine the seeds that the file does not have; each finding goes there at once."""
    done, at = {finding.seed for finding in known(record)}, commit()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, max_tasks_per_child=MODELS_EACH) as pool, record.open("a", encoding="utf-8") as lines:
        left = iter([seed for seed in seeds if seed not in done])
        futures = {pool.submit(examine, seed) for seed in islice(left, 4 * processes)}
        while futures:
            finished, futures = wait(futures, return_when=FIRST_COMPLETED)
            for future in finished:
                finding = replace(future.result(), commit=at)
                lines.write(json.dumps(asdict(finding)) + "\n")
                lines.flush()
                yield finding
            futures |= {pool.submit(examine, seed) for seed in islice(left, len(finished))}


@dataclass
class Part:
    """What the models of some seeds gave on one commit: how many there were of each kind."""

    commit: str
    first: int
    last: int
    models: int = 0
    unsupported: int = 0
    events: int = 0
    seconds: float = 0.0
    ends: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    features: dict[str, int] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)


def parts(findings: Iterable[Finding]) -> list[Part]:
    """Findings by commit, in the order of their seeds."""
    by_commit: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda each: each.seed):
        by_commit.setdefault(finding.commit, []).append(finding)
    return [_part(at, each) for at, each in by_commit.items()]


def _part(at: str, findings: list[Finding]) -> Part:
    return Part(
        at,
        findings[0].seed,
        findings[-1].seed,
        len(findings),
        sum(not each.supported for each in findings),
        sum(each.firings for each in findings),
        round(sum(each.seconds for each in findings), 1),
        dict(Counter(each.end for each in findings).most_common()),
        dict(Counter(each.code for each in findings if each.code).most_common()),
        dict(Counter(feature for each in findings for feature in each.features).most_common()),
        [f"seed {each.seed}: {each.end}: {each.trouble}" for each in findings if each.trouble],
    )


def together(file: Path, new: Iterable[Part]) -> list[Part]:
    """The parts of a file with new ones, which take the place of those of the same commit and first seed; the file has them from now on."""
    found = [Part(**each) for each in json.loads(file.read_text(encoding="utf-8"))] if file.exists() else []
    for part in new:
        found = [each for each in found if (each.commit, each.first) != (part.commit, part.first)] + [part]
    found.sort(key=lambda part: part.first)
    file.write_text(json.dumps([asdict(part) for part in found], indent=1) + "\n", encoding="utf-8")
    return found


def markdown(found: list[Part]) -> str:
    """The report of all parts."""
    from tests.agreement.features import FEATURES

    features: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for part in found:
        features.update(part.features)
        ends.update(part.ends)
        codes.update(part.codes)
    models, troubles = sum(part.models for part in found), [trouble for part in found for trouble in part.troubles]
    rarest = sorted((features[feature], feature) for feature in FEATURES)[:8]
    told = [(end, number) for end, number in ends.most_common() if end not in ("no net", TOO_LONG)]
    rows = [f"| {p.first} to {p.last} | {p.models:,} | {p.commit} | {p.events:,} | {p.seconds / p.models:.2f} s | {len(p.troubles)} |" for p in found]
    lines = [
        "# Both engines on random models",
        "",
        "What `python -m experiments.verification --engines N --first SEED` found, run by run. A seed names a model over the whole language and",
        "how it is run. Reference and compiled engine make up to 10,000 firings side by side: the same events at bit-identical times with the same",
        "bindings, the same tokens, the same state of the random generator, whatever keeps the clocks. Then up to 1,000 firings",
        "with all measures, in chunks of any size; a run that moves from the reference engine to the kernel on the way; replications in a batch.",
        "",
        "| seeds | models | commit | events compared | processor time each | disagreements and crashes |",
        "|---|---|---|---|---|---|",
        *rows,
        f"| **all** | **{models:,}** | | **{sum(part.events for part in found):,}** | | **{len(troubles)}** |",
        "",
        f"- models with a problem that only their numbers show, which are not run: {ends['no net']}",
        f"- taken longer than {SECONDS} s, their markings growing fast, and not counted as compared: {ends[TOO_LONG]}",
        f"- refused by the compiled engine: {sum(part.unsupported for part in found)}",
        "- kernels: " + ", ".join(f"{number:,} {code}" for code, number in codes.most_common()) + " (optimised is what users have)",
        "- ends: " + ", ".join(f"{number:,} {'10,000 firings' if end == 'most' else end}" for end, number in told),
        f"- features met: {sum(bool(features[feature]) for feature in FEATURES)} of {len(FEATURES)}; the rarest: "
        + ", ".join(f"{feature} ({number})" for number, feature in rarest),
    ]
    if troubles:
        lines += ["", "What was found is mended since; the smallest net of each is a test in `tests/agreement/test_found.py`.", ""]
    return "\n".join([*lines, *(f"- {trouble}" for trouble in troubles)]) + "\n"
