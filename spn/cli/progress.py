"""How far a simulation is, on stderr while it runs, and only if that is a terminal. Nothing here decides when to stop."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from spn.cli.console import clean
from spn.cli.numbers import percent

if TYPE_CHECKING:
    from spn.study import Progress

Show = Callable[["Progress"], None]


@contextmanager
def shown() -> Iterator[Show | None]:
    """A function to call with each progress, which shows it in place; None if there is nobody to look."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(stderr=True), refresh_per_second=8, transient=True) as live:
        yield lambda progress: live.update(Text(text(progress)))


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
