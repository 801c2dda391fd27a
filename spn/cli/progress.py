"""How far a simulation is, on stderr while it runs, and only if that is a terminal. Nothing here decides when to stop."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from spn.cli.console import clean
from spn.estimate.numbers import percent

if TYPE_CHECKING:
    from rich.live import Live

    from spn.study import Progress
    from spn.sweeps.run import State

Show = Callable[["Progress"], None]
ShowSweep = Callable[["State"], None]


@contextmanager
def _live() -> Iterator[Live | None]:
    """A part of the terminal that is written anew as things go on; None if there is nobody to look."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), refresh_per_second=8, transient=True) as live:
        yield live


def _shower(live: Live, text: str) -> None:
    from rich.text import Text

    live.update(Text(text))


@contextmanager
def shown() -> Iterator[Show | None]:
    """A function to call with each progress, which shows it in place; None if there is nobody to look."""
    with _live() as live:
        yield None if live is None else lambda progress: _shower(live, text(progress))


@contextmanager
def sweeping() -> Iterator[ShowSweep | None]:
    """The same for the progress of a sweep."""
    with _live() as live:
        yield None if live is None else lambda state: _shower(live, sweep_text(state))


def sweep_text(state: State) -> str:
    """A line for all points, and a line for each that is being worked on."""
    share = state.finished / max(1, state.points)
    lines = [f"{'#' * int(30 * share):-<30}  {state.finished:,} of {state.points:,} points, {state.firings:,} firings, {state.seconds:.0f} s"]
    for label, (reached, target) in list(state.working.items())[:10]:
        lines.append(f"  {bar(reached, target, 12)}  +-{percent(reached):>8} of +-{percent(target)}  {label}")
    return clean("\n".join(lines))


def text(progress: Progress) -> str:
    """A line of effort, and a line for each measure: its relative half-width, the target, and a bar."""
    lines = [f"{progress.experiment}: {progress.replications:,} replications, {progress.firings:,} firings, {progress.elapsed_s:.0f} s"]
    names = list(progress.precision)
    width = max((len(name) for name in names), default=0)
    for name in names[:20]:
        reached, target = progress.precision[name]
        lines.append(f"  {name:<{width}}  {bar(reached, target)}  +-{percent(reached):>8} of +-{percent(target)}")
    if len(names) > 20:
        lines.append(f"  and {len(names) - 20} more measures")
    return clean("\n".join(lines))


def bar(reached: float, target: float, width: int = 30) -> str:
    """The share of the work that is done: half-widths shrink with the square root of it."""
    share = min(1.0, (target / reached) ** 2) if reached > 0 and math.isfinite(reached) else 0.0
    done = int(share * width)
    return "#" * done + "-" * (width - done)
