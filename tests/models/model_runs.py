"""Nets of the shipped models and of families of actors, and what happens in them."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from spn.engine.reference import ReferenceEngine, Simulation
from spn.library import models_folder
from spn.net.types import Net
from spn.observation import Task
from spn.resolver.resolve import load

LIMIT = 5.5
"""Standard errors allowed. With 64 replications or more (Student's t, 63 degrees of freedom) chance exceeds it with a probability below 8e-7."""


def shipped(name: str, **parameters: str) -> Net:
    """The net of a shipped model."""
    return load(models_folder() / f"{name}.yaml", parameters, models_folder())


def written(text: str, **parameters: str) -> Net:
    """The net of a text whose modules are shipped models."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tree.yaml"
        path.write_text(text)
        return load(path, parameters, models_folder())


def actor(name: str, with_: Mapping[str, object], parent: str = "", number: int = 0) -> str:
    """An instance as text: child `number` of `parent`, or, without one, at the top and restarted by its environment."""
    values = dict(with_) if parent else {"supervised": "false", **with_}
    given = ", ".join(f'{key}: "{value}"' for key, value in values.items())
    lines = [f"  {name}:", "    module: actor", f"    with: {{{given}}}"]
    if parent:
        ports = {"start": "restart", "stop": "poison_pill", "fail": "failed", "pending": "restarting"}
        lines.append("    connect: {" + ", ".join(f"{port}: {parent}.{of}({number})" for port, of in ports.items()) + "}")
    return "\n".join(lines)


def actors(*instances: str, more: str = "") -> Net:
    """The net of a model of actors."""
    return written("\n".join(["spn: 1", "modules: {actor: actor.yaml}", "instances:", *instances, more]) + "\n")


NEVER = "deterministic(1e9 s)"


def family(failures: Sequence[str], **supervisor: object) -> Net:
    """A supervisor that does not fail by itself (unless told), `s`, over children `c1`, `c2` ... with these times to failure.

    A failure may be followed by further parameters of that child: ``"deterministic(5 s); directive=stop"``.
    """
    lines = [actor("s", {"failure": NEVER, "children": len(failures), **supervisor})]
    for number, text in enumerate(failures, 1):
        failure, *others = (part.strip() for part in text.split(";"))
        lines.append(actor(f"c{number}", {"failure": failure, **dict(other.split("=", 1) for other in others)}, "s", number))
    return actors(*lines)


def happened(net: Net, until: float, seed: int = 1) -> list[tuple[float, str]]:
    """Time and transition of each firing up to a time."""
    simulation = Simulation(net, seed)
    found = []
    while simulation.peek() <= until:
        event = simulation.step()
        if event is None:
            break
        found.append((event.time, simulation.net.transition_label(event.transition, event.index)))
    return found


def only(events: Iterable[tuple[float, str]], *names: str) -> list[tuple[float, str]]:
    """The events whose transition (without instance and index) is among the names."""
    return [(time, label) for time, label in events if label.rsplit(".", 1)[-1].split("(", 1)[0] in names]


class Watched:
    """The marking of a running simulation by the names of the places' elements."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.where = {
            simulation.net.place_label(number, element): (number, element)
            for number, place in enumerate(simulation.net.places)
            for element in range(place.size)
        }

    def __getitem__(self, label: str) -> int:
        number, element = self.where[label]
        return self.simulation.marking.counts[number][element]

    def tokens(self) -> Counter[str]:
        """All tokens."""
        return Counter({label: self[label] for label in self.where if self[label]})


def at(net: Net, time: float, seed: int = 1) -> Counter[str]:
    """The marking after all firings up to a time."""
    simulation = Simulation(net, seed)
    simulation.run(until=time)
    return Watched(simulation).tokens()


def windows(net: Net, measure: str, warmup: float, length: float, replications: int = 64, seed: int = 1) -> np.ndarray:
    """Of each replication the row of observations in [warmup, warmup + length]; shape (replications, columns)."""
    prepared = ReferenceEngine().prepare(net)
    tasks = (Task(seed, (number,), (measure,), (warmup, warmup + length)) for number in range(replications))
    return np.stack([prepared.run(task).observations[measure][0] for task in tasks])


def unavailability(rows: np.ndarray) -> np.ndarray:
    """U of each replication from rows of an availability."""
    return rows[:, 1] / (rows[:, 0] + rows[:, 1])


def z(values: np.ndarray, expected: float) -> float:
    """How many standard errors the mean of the values is from what is expected."""
    assert len(values) >= 64
    return float((values.mean() - expected) / (values.std(ddof=1) / math.sqrt(len(values))))
