"""Studies: a net simulated until its measures are precise enough. Joins engines and estimates; prints nothing."""

from spn.study.batches import Drive, OutOfTime, serial
from spn.study.crew import cores
from spn.study.plan import BatchResult, Plan, run_batch
from spn.study.regeneration import NotRegenerative
from spn.study.result import Progress, Result
from spn.study.run import NotSupported, Settings, Study, simulate

__all__ = [
    "BatchResult",
    "Drive",
    "NotRegenerative",
    "NotSupported",
    "OutOfTime",
    "Plan",
    "Progress",
    "Result",
    "Settings",
    "Study",
    "cores",
    "run_batch",
    "serial",
    "simulate",
]
