"""What is asked about a rare event: the condition, where a life ends, and what tells how near the event is. No way of answering is known here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from spn.expressions.tree import Expression
from spn.net.types import Net


@final
@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A net and a rare condition.

    With `until` a life begins at time 0 and ends in the first tangible marking in which that holds (if it holds at the start: once it has not held);
    with `within` (seconds) it ends then. With neither, the net runs for ever. `importance` grows on the way to the condition.
    """

    net: Net
    condition: Expression
    until: Expression | None = None
    within: float | None = None
    importance: Expression | None = None

    @property
    def has_lives(self) -> bool:
        """Whether the probability within one life is asked for; else the long run is."""
        return self.until is not None or self.within is not None
