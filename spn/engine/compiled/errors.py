"""Errors that a kernel has met, told as the reference engine tells them. Kernels only know what kind of error it was, and after which firing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spn.engine.compiled.cells import ERRORS, INSTANT, TIMELESS
from spn.observation import RunError

if TYPE_CHECKING:
    from spn.engine.compiled.running import Machine

TOLD = {
    "bad-arithmetic": "a division by zero, or a result that is no number of the language",
    "bad-index": "an element that its place does not have",
    "bad-multiplicity": "a multiplicity that is negative or no whole number",
    "bad-weight": "a weight that is negative or not finite",
    "bad-servers": "a number of servers that is negative or no whole number",
    "bad-delay": "a parameter of a delay that is out of its range",
    "bad-value": "a token that is beyond the colour of its place",
    "too-many-bindings": "a transition has too many bindings",
}


def run_error(machine: Machine, error: int) -> RunError:
    """The error with its message."""
    if error == TIMELESS:
        return _trap(machine)
    number = int(machine.state[INSTANT])
    after = f", after {machine.prepared.site(int(machine.history[number - 1])).label} fired (firing {machine.firings:,})" if number else ""
    return RunError(ERRORS[error], TOLD.get(ERRORS[error], ERRORS[error]) + after, machine.now)


def _trap(machine: Machine) -> RunError:
    number = int(machine.state[INSTANT])
    codes = machine.history[:number]
    names: list[str] = []
    for code in codes[:-1][::-1].tolist():
        site = machine.prepared.site(code)
        names.append(site.label)
        if code == codes[-1]:
            break
    listed = ", ".join(dict.fromkeys(reversed(names)))
    return RunError("timeless-trap", f"time does not go on: {number:,} firings at one instant, again and again {listed}", machine.now)
