"""Results made by hand, and how to look into a figure."""

import math
from itertools import product

from spn.estimate.intervals import Interval
from spn.sweeps.records import Measured, Record
from spn.tables.results import PointResult, Ratio, Results

YEAR = 365.25 * 86400


def interval(value, share=0.05):
    return Interval(value, value * (1 - share), value * (1 + share), 0.95, "Student")


def availability(u, converged=True, share=0.05):
    of_u = u if isinstance(u, Interval) else interval(u, share)
    quantities = {"unavailability": of_u, "availability": of_u.complement(), "downtime_s_per_year": of_u.scaled(YEAR), "mean_up_s": interval(3e6)}
    return Measured("availability", quantities, share, 0.05, "converged" if converged else "not converged", converged, 100, 40)


def point(model, axes, u, **more):
    """A point; durations of axes are given as texts with hours, ``500 h``."""
    keys = {name: f"{float(text.split()[0]) * 3600} s" if text.endswith(" h") else text for name, text in axes.items()}
    record = (
        None
        if u is None
        else Record({"system": u if isinstance(u, Measured) else availability(u)}, "done", True, 1000, "reference", digest="0f" * 32)
    )
    return PointResult(model, axes, more.get("parameters", {}), more.get("record", record), None, keys)


def study(models, axes, u, *, ratio=False, without=(), **about):
    """A study of all combinations; `u` gives U of a model at its values. A model in `without` has no axes."""
    points = []
    for model in models:
        own = {} if model in without else axes
        for values in product(*own.values()):
            place = dict(zip(own, values, strict=True))
            points.append(point(model, place, u(model, place)))
    ratios = []
    if ratio:
        first, second = models
        partners = {tuple(p.axes.items()): p for p in points if p.model == second}
        for of in points:
            to = partners.get(tuple(of.axes.items()), partners.get(()))
            if of.model == first and to is not None:
                ratios.append(Ratio("gain", of, to, ("system", "system"), interval(u(first, of.axes) / u(second, to.axes))))
    about = {"name": "demo", "description": "", "seed": 1, "precision": 0.05, "confidence": 0.95, "comparisons": ["gain"] if ratio else [], **about}
    return Results(about, tuple(axes), tuple(points), tuple(ratios))


def hours(text):
    return float(text.split()[0])


def lines(axes, gid):
    """The curves of this name: pairs of x and y."""
    return [(list(map(float, line.get_xdata())), list(map(float, line.get_ydata()))) for line in axes.lines if line.get_gid() == gid]


def close(found, wanted):
    return len(found) == len(wanted) and all(math.isclose(a, b, rel_tol=1e-9) for a, b in zip(found, wanted, strict=True))
