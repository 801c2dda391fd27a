"""Everything that can run a workload: the C programs, the engines of spn, SimPy and SimPN. What is made of the figures is elsewhere."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import math
import pkgutil
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from workloads import Workload

HERE = Path(__file__).resolve().parent
FLAGS = ("-std=gnu11", "-O3", "-march=native")
COMPILERS = ("cc", "gcc", "clang")


@dataclass(frozen=True)
class Sample:
    """One run: firings, seconds of processor time of the loop without set-up (NaN: too few to tell), simulated time, estimate; `ready` are the
    seconds once spent on reading, compiling and warming up (NaN: not measured).
    """

    firings: int
    seconds: float
    time: float
    estimate: float
    ready: float = math.nan

    @property
    def rate(self) -> float:
        """Firings per second."""
        return self.firings / self.seconds


class Runner(Protocol):
    """Anything but C."""

    name: str

    def firings(self, workload: Workload) -> int:
        """How many to ask for in one run."""
        ...

    def supports(self, workload: Workload) -> bool: ...

    def run(self, workload: Workload, until: float, seed: int) -> Sample: ...


def build(folder: Path) -> dict[str, Path]:
    """Compile every C program into a folder. Raises RuntimeError if there is no compiler or it fails."""
    compiler = next((found for name in COMPILERS if (found := shutil.which(name))), None)
    if compiler is None:
        raise RuntimeError(f"no C compiler found (looked for {', '.join(COMPILERS)})")
    programs = {}
    for source in sorted((HERE / "c").glob("*.c")):
        program = folder / source.stem
        done = subprocess.run([compiler, *FLAGS, "-o", program, source, "-lm"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{compiler} does not compile {source.name}:\n{done.stderr}")
        programs[source.stem] = program
    return programs


@dataclass(frozen=True)
class CProgram:
    """The yardstick. It runs for a number of firings; the simulated time that these take is the horizon of everybody else."""

    path: Path
    variant: str

    def command(self, workload: Workload, firings: int, seed: int) -> list[str]:
        """What to start."""
        return [str(self.path), str(workload.n), str(firings), str(seed), *([self.variant] if self.variant else [])]

    def run(self, workload: Workload, firings: int, seed: int) -> Sample:
        """One run. Raises CalledProcessError."""
        done = subprocess.run(self.command(workload, firings, seed), capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        return Sample(found["firings"], found["seconds"], found["time"], found["estimate"])


class EngineRunner:
    """An engine of spn. The loop's time is that of a run less that of a run to no time at all, which sets up everything and fires nothing."""

    def __init__(self, engine: Any, firings: int) -> None:
        self.name: str = engine.name
        self.engine = engine
        self._firings = firings
        self._ready: dict[str, tuple[Any, Any, float]] = {}

    def firings(self, workload: Workload) -> int:
        """In a large net so many that they outlast its set-up."""
        return max(self._firings, 3 * workload.n)

    def supports(self, workload: Workload) -> bool:
        """Whether the engine runs the net; asks it, which loads the model."""
        return not self.engine.supports(self._prepared(workload)[0])

    def _prepared(self, workload: Workload) -> tuple[Any, Any, float]:
        """The net, made ready once: reading, compiling and warming up are not in the loop's time."""
        if workload.name not in self._ready:
            self._ready.clear()  # one at a time: a hundred thousand actors are not small
            gc.collect()
            began = time.perf_counter()
            net = load(workload)
            prepared = None
            if not self.engine.supports(net):
                prepared = self.engine.prepare(net)
                prepared.run(task(workload, 1e-9, 0))
            self._ready[workload.name] = (net, prepared, time.perf_counter() - began)
        return self._ready[workload.name]

    def prepared(self, workload: Workload) -> Any:
        """What the engine made of the net."""
        return self._prepared(workload)[1]

    def run(self, workload: Workload, until: float, seed: int) -> Sample:
        """One replication."""
        _, prepared, made = self._prepared(workload)
        gc.collect()
        began = time.process_time()
        prepared.run(task(workload, 1e-9, seed))
        set_up = time.process_time() - began
        gc.collect()  # the remains of the first run are not the second one's
        began = time.process_time()
        outcome = prepared.run(task(workload, until, seed))
        seconds = time.process_time() - began
        row = outcome.observations[workload.measure][0].tolist()
        return Sample(outcome.firings, seconds - set_up if seconds > 1.2 * set_up else math.nan, until, workload.estimate(row), made)


class LibraryRunner:
    """A module of this folder with the same workloads for another library."""

    def __init__(self, name: str, module: str, firings: int) -> None:
        self.name = name
        self._firings = firings
        self._module = importlib.import_module(module)

    def firings(self, workload: Workload) -> int:
        """The same for all."""
        return self._firings

    def supports(self, workload: Workload) -> bool:
        """Whether there is a version of the workload, and not one that takes for ever."""
        return workload.program in self._module.VERSIONS and not (self.name == "SimPN" and workload.n > 100)

    def run(self, workload: Workload, until: float, seed: int) -> Sample:
        """One run; the seed is always the same."""
        firings, seconds, estimate = self._module.run(workload.program, workload.n, until)
        return Sample(firings, seconds, until, estimate)


def load(workload: Workload) -> Any:
    """The net of a workload: a model of this folder, or one that ships with the package."""
    from spn import api

    path = HERE / "models" / f"{workload.model}.yaml"
    return api.resolve(path if path.exists() else workload.model, dict(workload.parameters))


def task(workload: Workload, until: float, seed: int) -> Any:
    """One replication to a time, with the workload's measure alone."""
    from spn.observation import Task

    return Task(seed, (0,), (workload.measure,), (0.0, until), max_firings=10**15)


def engines() -> Iterator[Any]:
    """Each engine there is: a class called ...Engine with `supports` and `prepare` in a module of spn.engine."""
    import spn.engine

    seen = set()
    for module in pkgutil.iter_modules(spn.engine.__path__):
        try:
            package = importlib.import_module(f"spn.engine.{module.name}")
        except ImportError:  # its libraries are not installed
            continue
        for value in vars(package).values():
            if isinstance(value, type) and value.__name__.endswith("Engine") and hasattr(value, "supports") and hasattr(value, "prepare"):
                if value not in seen:
                    seen.add(value)
                    yield value()


def others(quick: bool) -> list[Runner]:
    """All runners but C. An interpreter is asked for fewer firings."""
    few = 4 if quick else 1
    found: list[Runner] = [EngineRunner(engine, (20_000 if engine.name == "reference" else 10_000_000) // few) for engine in engines()]
    for name, module, firings in (("SimPy", "simpy_versions", 100_000), ("SimPN", "simpn_versions", 1_000)):
        if importlib.util.find_spec(name.lower()):
            found.append(LibraryRunner(name, module, firings // few))
    return found
