"""Which engine a model's points are simulated on, where the study leaves that open. All give the same numbers."""

from __future__ import annotations

from collections.abc import Callable

from spn.engine.compiled import compiling, store
from spn.engine.compiled.engine import notice_of
from spn.engine.compiled.formulas import UnsupportedError
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.reference.prepared import PreparedNet
from spn.net.types import Net

SAVED = 0.1
"""Seconds that a kernel saves at a point that is easily made precise; the others it serves all the more."""


def engine_for(asked: str, net: Net, points: int, told: Callable[[str], None]) -> str:
    """The engine to use for so many points of a model, `net` being that of one. One kernel serves all, so many points pay for compiling it."""
    if asked == "reference":
        return asked
    try:
        plan = KernelPlan(PreparedNet(net))
        stored = store.has(store.name_of(plan.key))
    except UnsupportedError:
        return asked
    seconds = 0.0 if stored else compiling.estimated_seconds(plan.source)
    if asked == "auto" and points * SAVED < compiling.LOAD_SECONDS + seconds:
        return asked
    if not stored:
        told(notice_of(plan.source))
    return "compiled"
