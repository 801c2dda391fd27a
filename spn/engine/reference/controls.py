"""Control variates that a simulation knows by itself: sums over the delays drawn, whose means are known. What is made of them is decided elsewhere.

Each draw of a delay X of a class adds X - E[X] to one sum and min(X, c) - E[min(X, c)] to another. A draw is independent of all that happened
before it, and whether it is made before a time T is known before it is made; so both sums, over the draws in any interval of time, have the mean 0
exactly (Wald's identity; a martingale stopped at T). They have to do with what is measured, and so explain a part of its variance (Lavenberg and
Welch, Management Science 27, 1981; Glasserman, Monte Carlo methods in financial engineering, sec. 4.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from spn.distributions.base import Continuous
from spn.engine.reference.classes import is_static
from spn.engine.reference.state import State
from spn.expressions.errors import EvaluationError
from spn.expressions.walk import free_variables
from spn.net.types import Net, Timed, Transition

if TYPE_CHECKING:
    from spn.engine.reference.prepared import PreparedNet

CAP = 0.25
"""The cap c is this quantile: it is the early failures that decide when the first of several comes."""

MOST_CLASSES = 32
MOST_ROWS = 256
"""Classes with more different delays than this, by index, have no controls: their means would take long to find."""


@final
@dataclass(frozen=True, slots=True)
class Control:
    """The two sums of class `number`. `constants` has E[X], c, E[min(X, c)]: one row for all indices or a row for each, shape (rows, 3).

    Whether there is one follows from the structure of the net alone, so that a kernel serves all parameters; a sum that is of no use (a delay without
    spread or without variance, too many different ones) is not `usable`.
    """

    number: int
    constants: NDArray[np.float64]
    usable: bool

    def row(self, index: int) -> tuple[float, float, float]:
        mean, cap, capped = self.constants[index if len(self.constants) > 1 else 0].tolist()
        return mean, cap, capped


def controls_of(prepared: PreparedNet) -> tuple[Control, ...]:
    """The controls of a net, by class. Classes whose delays depend on the marking or are always the same have none."""
    random = [number for number, transition in enumerate(prepared.net.transitions) if _is_random(transition)]
    return tuple(_control(prepared, number) for number in random[:MOST_CLASSES])


def control_names(net: Net) -> tuple[str, ...]:
    """What the columns of an outcome's controls are called."""
    names = [transition.name for transition in net.transitions if _is_random(transition)]
    return tuple(text for name in names[:MOST_CLASSES] for text in (name, f"early {name}"))


def _is_random(transition: Transition) -> bool:
    timing = transition.timing
    return isinstance(timing, Timed) and timing.delay.name != "deterministic" and is_static(timing.delay, {transition.index})


def _control(prepared: PreparedNet, number: int) -> Control:
    kind = prepared.classes[number]
    transition = kind.transition
    assert isinstance(transition.timing, Timed)
    rows = transition.size if transition.index in free_variables(transition.timing.delay) else 1
    constants = np.zeros((max(rows, 1), 3))
    if rows > MOST_ROWS:
        return Control(number, constants, False)
    for index in range(rows):
        try:
            delay = kind.distribution(State(prepared, {transition.index: index}))
        except (ValueError, EvaluationError):
            return Control(number, np.zeros_like(constants), False)  # told if a delay is ever drawn
        if not (0.0 < delay.variance < np.inf and delay.mean < np.inf):
            return Control(number, np.zeros_like(constants), False)
        constants[index, 0] = delay.mean
        if isinstance(delay, Continuous):
            cap = float(delay.quantile(CAP))
            constants[index, 1:] = cap, delay.limited_mean(cap)
    return Control(number, constants, bool(np.isfinite(constants).all()))
