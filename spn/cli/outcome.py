"""The page that ``spn run`` prints: what was run, why it ended, a block for each measure, and the command that repeats it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from spn.cli.blocks import Rows, aligned, block
from spn.cli.wording import about

if TYPE_CHECKING:
    from spn.study import Result
    from spn.study.result import Course


def report(result: Result, changed: Mapping[str, str], command: str) -> str:
    """The whole page; `changed` are the parameters given on the command line."""
    parts = ["\n".join(aligned(heading(result, changed)))]
    parts += [block(name, estimate) for name, estimate in result.measures.items()]
    parts.append(f"repeat: {command}")
    return "\n\n".join(parts)


def heading(result: Result, changed: Mapping[str, str]) -> Rows:
    """Model, changed parameters, seed, engine, effort, reason for stopping, warnings."""
    rows = [("model", result.model)]
    rows += [("parameter", f"{name} = {value.strip()}") for name, value in changed.items()]
    rows += [
        ("seed", str(result.seed)),
        ("engine", result.engine),
        ("effort", f"{result.firings:,} firings in {result.elapsed_s:.3g} s"),
        *(("windows", _windows(course)) for course in result.experiments if course.window_s is not None),
        ("stopped", result.stop_reason.value),
    ]
    return rows + [("warning", warning) for warning in result.warnings]


def _windows(course: Course) -> str:
    """What each replication of a steady experiment observed, and what was left out before. The warm-up is drawn: see `Plan`."""
    assert course.window_s is not None
    if course.sampling == "regenerative":
        return f"{course.replications:,} of at least {about(course.window_s)} each, from the initial marking to its return (regenerative: no warm-up)"
    start = course.warmup_s or 0.0
    number = f"{course.replications * course.windows:,} of {about(course.window_s)} each"
    if course.windows > 1:
        number += f", {course.windows} in a row in each of {course.replications:,} replications (batch means)"
    return f"{number}, after warm-ups of {about(start)} to {about(3.0 * start)}"
