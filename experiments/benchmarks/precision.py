"""How long it takes to know the unavailability of each thesis model to 0.1 %: whole processes, kernels in the cache, beside `import numpy`.

    python experiments/benchmarks/precision.py [--precision 0.1%] [--rounds 3] [MODEL ...]

Each model is run once to have its kernel compiled, then in turns with a process that imports numpy, which is the unit: what a machine and its load
do to one
they do to the other. Wall time is that of the process from outside, processor time that of all its threads. Medians over the rounds, seeds 1, 2, ...
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

MODELS = {
    "monolithic": ["monolithic"],
    "monolithic, clocks=age": ["monolithic", "-p", "clocks=age"],
    "two_state": ["two_state"],
    "sip_transport": ["sip_transport"],
    "sip_transport, children start with it": ["sip_transport", "-p", "children_need_start=false"],
    "sip_transport, root of 30 s to 300 s": ["sip_transport", "-p", "root_restart=uniform(30 s, 300 s)", "-p", "children_need_start=false"],
    "sip_transport, restarts of 30 s to 300 s": ["sip_transport", "-p", "restart_time=uniform(30 s, 300 s)"],
    "sip_transport, both": ["sip_transport", "-p", "restart_time=uniform(30 s, 300 s)", "-p", "children_need_start=false"],
    "sip_server": ["sip_server"],
}


def measured(command: list[str]) -> tuple[float, float, str]:
    """Wall and processor seconds of a process, and its output."""
    before, began = os.times(), time.monotonic()
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    wall, after = time.monotonic() - began, os.times()
    if found.returncode not in (0, 3):
        raise SystemExit(found.stderr)
    return wall, after.children_user - before.children_user + after.children_system - before.children_system, found.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--precision", default="0.1%")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    unit = [sys.executable, "-c", "import numpy"]
    measured(unit)
    print(f"{'':42} {'wall':>8} {'processor':>10} {'import numpy':>13} {'ratio':>6} {'firings':>12}  state", flush=True)
    for name, arguments in MODELS.items():
        if given.models and name not in given.models:
            continue
        command = [sys.executable, "-m", "spn", "run", *arguments, "--precision", given.precision, "--json", "--seed"]
        measured([*command, "0"])
        walls, seconds, units = [], [], []
        for seed in range(1, given.rounds + 1):
            wall, used, text = measured([*command, str(seed)])
            walls.append(wall)
            seconds.append(used)
            units.append(measured(unit)[1])
        result = json.loads(text)
        middle = [statistics.median(part) for part in (walls, seconds, units)]
        numbers = f"{middle[0]:7.2f}s {middle[1]:9.2f}s {middle[2]:12.3f}s {middle[1] / middle[2]:6.1f}"
        print(f"{name:42} {numbers} {result['firings']:12,}  {result['stop_code']}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
