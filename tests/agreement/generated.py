"""Nets of random models, made ready to be compared. No tests here."""

from __future__ import annotations

import json
from contextlib import ExitStack
from unittest.mock import patch

from spn.engine.compiled import cache, machine_code
from spn.engine.compiled import kernel as kernels
from spn.engine.compiled.formulas import UnsupportedError
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.compiled.layout import Layout
from spn.engine.reference import Simulation
from spn.engine.reference.prepared import PreparedNet
from spn.net.types import Net
from spn.observation import RunError
from spn.resolver.resolve import read
from spn.text.problems import ModelError
from tests.agreement.models import Data


def net_of(data: Data) -> Net | None:
    """The net of a model; None if it is one of the few that have a problem which only its numbers show."""
    try:
        return read(json.dumps(data))
    except ModelError as error:
        if {problem.code for problem in error.problems if problem.severity == "error"} <= {"bad-index", "bad-value", "bad-delay"}:
            return None
        raise


def plan_of(net: Net, scanned: bool = True, foreseen: bool | None = None) -> KernelPlan | None:
    """The plan of a net's kernel, its source written; None where the compiled engine says that it does not support the net. Unless `scanned` not
    even few clocks are. Exponential delays are `foreseen` or not; None: as it chooses.
    """
    with ExitStack() as changes:
        changes.enter_context(patch.object(kernels, "SCANNED", kernels.SCANNED if scanned else (0,)))
        if foreseen is not None:
            changes.enter_context(patch.object(Layout, "exponential", foreseen))
        try:
            plan = KernelPlan(PreparedNet(net))
            _ = plan.source
        except UnsupportedError:
            return None
    return plan


def unoptimised(source: str) -> machine_code.Kernel:
    """A kernel in machine code, made in a tenth of the time. Python runs the same source a hundred times slower."""
    return machine_code.load(machine_code.compiled(cache.assembly(source, "kernel_quick"), 0), "kernel_quick")


MOST_TOKENS = 1000
"""Nets that double their tokens with each firing make everything slow, and show no more with so many."""


def seconds_of(net: Net, firings: int) -> float:
    """The time that so many firings take; a shorter one if there are too many tokens before."""
    try:
        simulation = Simulation(net, 7)
        while simulation.firings < firings and simulation.marking.total < MOST_TOKENS and simulation.step() is not None:
            pass
    except RunError:
        return 10.0
    return max(simulation.now, 1.0)
