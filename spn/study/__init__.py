"""Studies: a net simulated until its measures are precise enough. Joins engines and estimates; prints nothing."""

from spn.study.batches import MapBatches, serial
from spn.study.plan import BatchResult, Plan, run_batch
from spn.study.result import Progress, Result
from spn.study.run import NotSupported, Settings, simulate

__all__ = ["BatchResult", "MapBatches", "NotSupported", "Plan", "Progress", "Result", "Settings", "run_batch", "serial", "simulate"]
