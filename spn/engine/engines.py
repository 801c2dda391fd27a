"""Engines by name, each loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spn.observation import Engine

ENGINES = ("auto", "reference", "compiled")


def find_engine(name: str, notice: Callable[[str], None] | None = None) -> Engine:
    """The engine of that name. `notice` is called with a line of text when a kernel has to be compiled."""
    if name not in ENGINES:
        raise ValueError(f"no engine '{name}'; there are {', '.join(ENGINES)}")
    if name == "compiled":
        from spn.engine.compiled import CompiledEngine

        return CompiledEngine(notice, aside=True)
    if name == "auto":
        from spn.engine.auto import AutoEngine

        return AutoEngine(notice)
    from spn.engine.reference import ReferenceEngine

    return ReferenceEngine()
