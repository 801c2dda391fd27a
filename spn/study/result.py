"""What a simulation hands back: the result with its provenance, and the progress on the way. Nothing is computed or rendered here."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from spn.estimate.estimates import AnyEstimate, AvailabilityEstimate, CurveEstimate
from spn.estimate.intervals import number
from spn.estimate.stopping import Reason
from spn.version import __version__


@final
@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `precision` has for each measure the relative half-width (of U, for availabilities) at the last look, and the one asked
    for.
    """

    experiment: str
    batch: int
    replications: int
    firings: int
    elapsed_s: float
    max_firings: int
    precision: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class Course:
    """What one experiment did. Without a warm-up and a window: it started from the initial marking, and each measure's own window counts."""

    experiment: str
    stop_reason: Reason
    replications: int
    firings: int
    warmup_s: float | None = None
    window_s: float | None = None
    windows: int = 1
    """The windows of each replication; more than one: batch means."""
    sampling: str | None = None
    """How the long run was sampled: "replications", "batch-means" or "regenerative"."""
    pilot_firings: int = 0
    pilot_horizon_s: float | None = None
    deaths: int = 0
    mean_time_of_death_s: float | None = None
    controls: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The control variates of each measure that has some, as columns of those that are kept of each replication."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "experiment": self.experiment,
            "stop_reason": self.stop_reason.name.lower(),
            "replications": self.replications,
            "firings": self.firings,
            "warmup_s": number(self.warmup_s),
            "window_s": number(self.window_s),
            "windows": self.windows,
            "sampling": self.sampling,
            "pilot_firings": self.pilot_firings,
            "pilot_horizon_s": number(self.pilot_horizon_s),
            "deaths": self.deaths,
            "mean_time_of_death_s": number(self.mean_time_of_death_s),
            "controls": {name: list(columns) for name, columns in self.controls.items()},
        }


@final
@dataclass(frozen=True, slots=True)
class Result:
    """The estimates of a net's measures, by name, and everything that is needed to have them again."""

    model: str
    measures: Mapping[str, AnyEstimate]
    stop_reason: Reason
    seed: int
    engine: str
    firings: int
    elapsed_s: float
    confidence: float
    precision: float
    digest: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    experiments: tuple[Course, ...] = ()
    warnings: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def converged(self) -> bool:
        """Every measure reached what was asked of it, and nothing has to be seen first."""
        return self.stop_reason is Reason.CONVERGED and all(estimate.converged for estimate in self.measures.values())

    def to_dict(self) -> dict[str, Any]:
        """For JSON: plain types, null for what is unknown or unbounded."""
        return {
            "model": self.model,
            "digest": self.digest,
            "parameters": dict(self.parameters),
            "seed": self.seed,
            "engine": self.engine,
            "stop_reason": self.stop_reason.value,
            "stop_code": self.stop_reason.name.lower(),
            "converged": self.converged,
            "precision": self.precision,
            "confidence": self.confidence,
            "firings": self.firings,
            "elapsed_s": number(self.elapsed_s),
            "measures": {name: estimate.to_dict() for name, estimate in self.measures.items()},
            "experiments": [course.to_dict() for course in self.experiments],
            "warnings": list(self.warnings),
            "versions": dict(self.versions),
        }

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from spn.study.html import html

        return html(self)

    def plot(self, *names: str, **look: Any) -> Any:
        """A figure (of matplotlib's) of the curves among the measures, or of those of `names`; `look` as in `spn.plot`.

        Raises `spn.plots.types.NotPlottable`, if there is none.
        """
        from importlib import import_module

        # Plots are above studies, which need none.
        plot = import_module("spn.plots.curves").curves_plot(self.measures, names)
        return import_module("spn.plots.render").figure(plot, **look)

    def to_pandas(self) -> Any:
        """A DataFrame, one row for each number of each measure: columns measure, quantity, estimate, low, high, confidence, method, state."""
        from importlib import import_module

        try:
            frames = import_module("pandas")
        except ImportError as error:
            raise ImportError("to_pandas() needs pandas, which is not installed: pip install pandas (or use to_dict())") from error
        rows = [row for name, estimate in self.measures.items() for row in _rows(name, estimate)]
        return frames.DataFrame(rows, columns=["measure", "quantity", "estimate", "low", "high", "confidence", "method", "state"])


def _rows(name: str, estimate: AnyEstimate) -> list[tuple[Any, ...]]:
    parts = {estimate.kind: estimate.interval}
    if isinstance(estimate, AvailabilityEstimate):
        parts["unavailability"] = estimate.unavailability
        parts["downtime_s_per_year"] = estimate.downtime_s_per_year
        others = {"failures_per_year": estimate.failures_per_year, "mean_up_s": estimate.mean_up_s, "mean_down_s": estimate.mean_down_s}
        parts |= {key: interval for key, interval in others.items() if interval is not None}
    elif isinstance(estimate, CurveEstimate):
        parts = {f"at {time!r} s": point for time, point in zip(estimate.times, estimate.shown(estimate.points), strict=True)}
    else:
        parts |= {f"quantile {p:g}": interval for p, interval in estimate.quantiles.items()}
    state = estimate.assessment.state.value
    return [(name, key, part.estimate, part.low, part.high, part.confidence, part.method, state) for key, part in parts.items()]


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    return {"spn": __version__, "python": platform.python_version(), "numpy": np.__version__}
