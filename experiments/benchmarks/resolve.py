"""How long it takes, and how much memory, to resolve a tree of a hundred thousand actors; beside what starting Python with numpy takes.

Run it as ``python experiments/benchmarks/resolve.py``. It prints seconds and megabytes of a whole process each, and their ratio.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TREE = """spn: 1
parameters: {groups: 316, workers: 316}
colours: {%s, %s}
modules: {actor: actor.yaml}
places: {root_failed: {colour: verdict}, root_start: {colour: control}}
transitions: {again: {in: root_failed(_), out: root_start(cold)}}
instances:
  root: {module: actor, with: {children: groups}, connect: {start: root_start, fail: root_failed}}
  supervisor:
    module: actor
    for: i in 1..groups
    with: {children: workers}
    connect: {start: root.restart(i), stop: root.poison_pill(i), fail: root.failed(i), pending: root.restarting(i)}
  worker:
    module: actor
    for: [i in 1..groups, j in 1..workers]
    connect:
      {start: supervisor(i).restart(j), stop: supervisor(i).poison_pill(j), fail: supervisor(i).failed(j), pending: supervisor(i).restarting(j)}
measures: {system: {availability: all(a.idle == 1 for a in actor)}}
"""


def tree(actor: Path) -> str:
    """A root, 316 supervisors and 316 workers of each, with the colours that the actor's file declares."""
    lines = [line.split("#")[0].strip() for line in actor.read_text().splitlines()]
    return TREE % tuple(next(line for line in lines if line.startswith(f"{name}: [")) for name in ("verdict", "control"))


def measured(code: str) -> tuple[float, float]:
    """Seconds and megabytes of a Python process."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {code}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    actor = Path(__file__).resolve().parents[2] / "models" / "actor.yaml"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(actor, folder)
        model = Path(folder) / "tree.yaml"
        model.write_text(tree(actor))
        seconds, megabytes = measured(f"from spn.resolver.resolve import load; load({str(model)!r})")
    base, least = measured("import numpy")
    print(f"resolve 100,173 actors: {seconds:.2f} s, {megabytes:.0f} MB")
    print(f"import numpy alone:     {base:.2f} s, {least:.0f} MB; ratio {seconds / base:.1f} and {megabytes / least:.1f}")


if __name__ == "__main__":
    main()
