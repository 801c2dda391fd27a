"""The reference engine: the semantics page as a program that can be read in an evening. Fast engines are elsewhere and are compared with it.

In the order of reading: `simulation` (what happens), `enabling`, `firing`, `conflicts`, `clocks`, `marking`, `state`; then `prepared`, `classes`
and `dependencies` (what is made once for a net), and `replication`, `observers`, `meters` (what is observed).
"""

from spn.engine.reference.engine import ReferenceEngine, ReferencePrepared
from spn.engine.reference.simulation import Event, Simulation

__all__ = ["Event", "ReferenceEngine", "ReferencePrepared", "Simulation"]
