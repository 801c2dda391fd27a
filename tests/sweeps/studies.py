"""Studies for tests, small enough to take a second."""

from pathlib import Path

from spn.sweeps.executors import Here, Workers
from spn.sweeps.reading import load_study
from spn.sweeps.run import State, Summary, Sweep, results_path
from spn.sweeps.store import Store
from spn.tables.results import Results

MACHINE = """\
spn: 1
parameters: {mttf: 1000 s, mttr: 10 s, spares: 0}
places: {up: 1 + spares, down: 0}
transitions:
  fail: {in: up, out: down, delay: "exponential(mean=mttf)"}
  repair: {in: down, out: up, delay: "uniform(0 s, 2 * mttr)"}
measures: {system: {availability: up > 0}}
"""

SMALL = """\
study: 1
models: {machine: machine.yaml}
parameters:
  mttf: [500 s, 1000 s]
  spares: [0, 1]
precision: 20 %
max_firings: 12000
seed: 3
compare:
  spare: {of: {spares: 0}, to: {spares: 1}}
"""


def write(folder: Path, study: str = SMALL, model: str = MACHINE, name: str = "small.yaml") -> Path:
    """A study file with its model beside it."""
    (folder / "machine.yaml").write_text(model)
    path = folder / name
    path.write_text(study)
    return path


def sweep(path: Path, folder: Path, workers: Workers | None = None, show=None) -> tuple[Summary, Results]:
    """Sweep a study in this process, or with some workers."""
    study = load_study(path)
    pool = workers or Here()
    done = False
    with Store.write(results_path(folder, study)) as store:
        try:
            summary = Sweep(study, store, pool, lambda text: None, show).run()
            done = True
        finally:
            pool.close(now=not done)
        return summary, Results.of(store)


__all__ = ["MACHINE", "SMALL", "State", "sweep", "write"]
