"""How available is a system, and how sure are we? Names of the public Python interface; nothing is loaded before it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spn.version import __version__

if TYPE_CHECKING:
    from spn.api import check, draw, load, plot, plot_delays, rare_event, report, reproduce, resolve, results, simulate, sweep
    from spn.building import Instance, Measure, Model, Parameter, Place, RareEvent, Transition
    from spn.comparing import compare, sensitivity

_VERBS = ("check", "draw", "load", "plot", "plot_delays", "rare_event", "report", "reproduce", "resolve", "results", "simulate", "sweep")
_TOGETHER = ("compare", "sensitivity")
_PARTS = ("Instance", "Measure", "Model", "Parameter", "Place", "RareEvent", "Transition")

__all__ = [
    "Instance",
    "Measure",
    "Model",
    "Parameter",
    "Place",
    "RareEvent",
    "Transition",
    "__version__",
    "check",
    "compare",
    "draw",
    "load",
    "plot",
    "plot_delays",
    "rare_event",
    "report",
    "reproduce",
    "resolve",
    "results",
    "sensitivity",
    "simulate",
    "sweep",
]

_MODULES = {**dict.fromkeys(_VERBS, "spn.api"), **dict.fromkeys(_TOGETHER, "spn.comparing"), **dict.fromkeys(_PARTS, "spn.building")}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'spn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
