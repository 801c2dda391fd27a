"""Results to print without simulating, and nets to check without reading."""

from __future__ import annotations

from spn.estimate.estimates import AnyEstimate, Assessment, AvailabilityEstimate, Estimate, State
from spn.estimate.intervals import Interval
from spn.estimate.stopping import Reason
from spn.expressions.tree import Constant
from spn.expressions.types import BOOLEAN, REAL
from spn.net.types import Availability, Average, Measure, Net, Place
from spn.study import Result


def an_interval(estimate: float, low: float, high: float) -> Interval:
    return Interval(estimate, low, high, 0.95, "test")


def an_availability(u: float = 3.614e-5, relative: float = 0.01, state: State = State.CONVERGED) -> AvailabilityEstimate:
    interval = an_interval(u, u * (1 - relative), u * (1 + relative))
    return AvailabilityEstimate(
        interval,
        Assessment(state, 0.05, 40, 4000),
        failures_per_year=an_interval(6.9, 6.8, 7.0),
        mean_up_s=an_interval(4.56e6, 4.5e6, 4.6e6),
        mean_down_s=an_interval(165.0, 163.0, 167.0),
    )


def an_average(value: float = 2.5) -> Estimate:
    return Estimate("average", an_interval(value, value * 0.99, value * 1.01), Assessment(State.CONVERGED, 0.05, 40))


def a_result(measures: dict[str, AnyEstimate] | None = None, reason: Reason = Reason.CONVERGED, model: str = "standard", seed: int = 7) -> Result:
    return Result(model, {"system": an_availability()} if measures is None else measures, reason, seed, "reference", 12345, 1.5, 0.95, 0.05)


def a_net(name: str = "standard", **origin: str) -> Net:
    measures = (Measure("system", Availability(Constant(BOOLEAN, True))), Measure("load", Average(Constant(REAL, 1.0))))
    return Net((Place("running"),), (), measures, name=name, origin=origin)
