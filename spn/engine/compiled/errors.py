"""Errors that a kernel has met, told as the reference engine tells them.

A kernel only knows what kind of error it was, and whether it was firing: then its marking is the one before the firing. So the reference engine
is asked to do the same once more in this marking at this time, which raises the same error with all that it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spn.engine.compiled.cells import ERRORS, INSTANT, SEEN, SITE, TIMELESS
from spn.engine.compiled.handover import is_fired
from spn.engine.compiled.reading import marking_of
from spn.engine.reference.classes import Site
from spn.engine.reference.enabling import Binding, enabled_bindings
from spn.engine.reference.firing import fire
from spn.engine.reference.prepared import watched
from spn.engine.reference.simulation import arithmetic_error, told, trap_error
from spn.engine.reference.state import NoElementError, State
from spn.expressions.errors import EvaluationError
from spn.net.types import At, Availability, Average, Count, Rate, Tally
from spn.observation import RunError

if TYPE_CHECKING:
    from spn.engine.compiled.running import Machine
    from spn.expressions.tree import Expression


def run_error(machine: Machine, error: int) -> RunError:
    """The error with its message."""
    instant = [machine.prepared.site(code) for code in machine.history[: int(machine.state[INSTANT])].tolist()]
    if error == TIMELESS:
        return trap_error(instant, machine.now)
    try:
        _repeat(machine, instant)
    except RunError as found:
        return found
    after = f", after {instant[-1].label} fired (firing {machine.firings:,})" if instant else ""
    return RunError(ERRORS[error], f"the net cannot go on: {ERRORS[error]}{after}", machine.now)


def _repeat(machine: Machine, instant: list[Site]) -> None:
    """Do once more what the kernel was doing. Raises the `RunError`, if it is found."""
    state = State(machine.prepared, {}, marking_of(machine))
    if machine.state[SITE] and instant:
        _fire(machine, state, instant[-1])
        return
    state.now = machine.now
    for code in range(machine.prepared.size):
        site = machine.prepared.site(code)
        try:
            found = enabled_bindings(site, state)
            if not site.kind.immediate:
                for binding in found:
                    _start(machine, state, binding)
        except EvaluationError as error:
            raise arithmetic_error(site, error, state) from None
    state.variables = {}
    for measure in machine.prepared.net.measures:
        quantity = measure.quantity
        expressions = watched(measure)
        if isinstance(measure.window, At) and isinstance(quantity, Availability | Average):
            expressions = (quantity.condition if isinstance(quantity, Availability) else quantity.expression,)
        for expression in expressions:
            _measure(state, expression)


def _fire(machine: Machine, state: State, site: Site) -> None:
    """A firing's records and moves."""
    # Bindings were enabled by a look at the time of the firing before this one.
    state.now = float(machine.values[SEEN])
    plan = machine.plan.layout.classes[site.kind.number]
    for binding in [each for each in enabled_bindings(site, state) if is_fired(machine, plan, each)]:
        state.now, state.variables = machine.now, binding.environment
        for measure in machine.prepared.net.measures:
            for firings in measure.quantity.firings if isinstance(measure.quantity, Rate | Count | Tally) else ():
                if firings.transition == plan.transition.name and firings.value is not None:
                    _measure(state, firings.value)
        try:
            fire(binding, state)
        except EvaluationError as error:
            raise arithmetic_error(site, error, state) from None


def _start(machine: Machine, state: State, binding: Binding) -> None:
    """The parameters of a delay that was drawn."""
    kind = binding.site.kind
    if kind.exponential or kind.static_delay or not machine.has_finite_clock(kind.number, binding):
        state.variables = binding.environment
        binding.site.distribution(state)


def _measure(state: State, expression: Expression) -> None:
    try:
        state.net.function(expression)(state)
    except EvaluationError as error:
        code = "bad-index" if isinstance(error, NoElementError) else "bad-arithmetic"
        raise RunError(code, f"in a measure: {told(error)}", state.now) from None
