"""The numbers that the thesis prints (Tables 1 and 2, sections 5.5 to 5.7). Nothing here was computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HOURS: Final = (2208, 1104, 552)
"""E(X), the mean time to failure, in the order of Table 2."""

AVAILABILITY: Final[Mapping[str, Mapping[int, float]]] = {
    "actors": {2208: 0.9993507, 1104: 0.9998218, 552: 0.9997122},
    "standard": {2208: 0.9872581, 1104: 0.9736801, 552: 0.9550325},
}
"""Table 2; its first line is Table 1."""

DOWNTIME: Final[Mapping[str, str]] = {"actors": "5 h 41 min", "standard": "4 d 15 h"}
"""Downtime per year as Table 1 has it."""

CLAIMED_ORDERS: Final = 2
"""Section 5.7: the actor based system is better "by a magnitude of two orders"."""

PROCESS_RESTART: Final = (30.0, 300.0)
"""Seconds; the restart of the standard system is uniform between them (section 5.7)."""

ACTOR_RESTART: Final = 1.0
"""Seconds. The text gives no time; this one is what the readings "1 s" assume."""


def unavailability(system: str, hours: int) -> float:
    """U = 1 - A as printed."""
    return 1.0 - AVAILABILITY[system][hours]
