"""What it is worth that kernels run many replications from the initial marking by themselves: the time one by one, over that of a batch.

    python experiments/benchmarks/passages.py [--repeat 5] [--replications 4000]

Both in turns on the same warm kernel, with the same random numbers; the least of the times each. They give the same bits, which is checked.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import spn
from spn.engine.compiled import CompiledEngine
from spn.observation import Outcomes, gathered
from spn.study.plan import TERMINATING, Plan

WORK = (
    ("first passage", "teaching/k_out_of_n", ("mttf",)),
    ("passage within a week", "teaching/k_out_of_n", ("mission",)),
    ("both together", "teaching/k_out_of_n", ("mttf", "mission")),
    ("a supervisor's life", "supervisor_life", ("escalation",)),
)


def same(one: Outcomes, other: Outcomes) -> bool:
    return all(np.array_equal(rows, other.observations[name], equal_nan=True) for name, rows in one.observations.items())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--replications", type=int, default=4000)
    given = parser.parse_args()
    print(f"{'what':26} {'replications':>12} {'firings each':>12} {'us one by one':>14} {'us in a batch':>14} {'ratio':>7}")
    for what, model, names in WORK:
        prepared = CompiledEngine().prepare(spn.resolve(model))
        tasks = Plan(TERMINATING, names).tasks(1, range(given.replications))
        alone, together = [], []
        for _ in range(given.repeat):
            began = time.perf_counter()
            one_by_one = gathered([prepared.run(tasks.task(k)) for k in range(len(tasks))], tasks)
            middle = time.perf_counter()
            batch = prepared.run_all(tasks)
            together.append(time.perf_counter() - middle)
            alone.append(middle - began)
            assert same(one_by_one, batch)
        each = [min(part) / len(tasks) * 1e6 for part in (alone, together)]
        print(f"{what:26} {len(tasks):12,} {batch.firings.mean():12.1f} {each[0]:14.1f} {each[1]:14.1f} {each[0] / each[1]:7.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
