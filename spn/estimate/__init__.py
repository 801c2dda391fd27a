"""Estimates with intervals from the observations of independent replications. Sees arrays of observations, never nets."""

from spn.estimate.comparison import ratio_interval
from spn.estimate.estimates import AnyEstimate, Assessment, AvailabilityEstimate, Estimate, State
from spn.estimate.intervals import Interval
from spn.estimate.measures import Sample, Subject, estimate
from spn.estimate.stopping import Criterion, Events, Firings, Precision, Reason, Replications, SimulatedTime, WallTime

__all__ = [
    "AnyEstimate",
    "Assessment",
    "AvailabilityEstimate",
    "Criterion",
    "Estimate",
    "Events",
    "Firings",
    "Interval",
    "Precision",
    "Reason",
    "Replications",
    "Sample",
    "SimulatedTime",
    "State",
    "Subject",
    "WallTime",
    "estimate",
    "ratio_interval",
]
