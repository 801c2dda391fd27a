"""How available is a system, and how sure are we? Names of the public Python interface; nothing is loaded before it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spn.version import __version__

if TYPE_CHECKING:
    from spn.api import check, draw, load, plot, plot_delays, report, results, simulate, sweep

__all__ = ["__version__", "check", "draw", "load", "plot", "plot_delays", "report", "results", "simulate", "sweep"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("spn.api"), name)
    raise AttributeError(f"module 'spn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
