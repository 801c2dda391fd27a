"""Errors that a kernel has met, told as the reference engine tells them. Kernels only know what kind of error it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spn.engine.compiled.cells import ERRORS, INSTANT, TIMELESS
from spn.observation import RunError

if TYPE_CHECKING:
    from spn.engine.compiled.running import Machine


def run_error(machine: Machine, error: int) -> RunError:
    """The error with its message."""
    if error == TIMELESS:
        return _trap(machine)
    return RunError(ERRORS[error], f"the net cannot go on: {ERRORS[error]}", machine.now)


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
    return RunError("timeless-trap", f"timeless trap: {number} firings at time {machine.now!r}; again and again {listed}", machine.now)
