"""What the compiled engine finds by enumeration: tokens of unbounded colours in no order, fans, arcs that may be none, capacities, degrees.

Each net is run by both engines, event by event; kernels are run by Python itself, and some are compiled.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from spn.engine.compiled import CompiledEngine
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.compiled.running import Machine
from spn.engine.reference.prepared import PreparedNet
from spn.observation import Task
from spn.resolver.resolve import read
from tests.engine.interpreted import kernel
from tests.engine.test_compiled_language import events, expected_events
from tests.engine.test_compiled_models import same_events

HEAD = """
spn: 1
colours:
  kind: [a, b, c]
  pair: kind * kind
  job: {at: time, kind: kind, size: real, n: int}
  lane: 0..2
"""

NETS = {
    "records are chosen by arrival, equal ones together": """
places: {jobs: {colour: job}, done: 0}
transitions:
  come: {out: "2 * jobs(at=0 s, kind=a, size=1.5, n=done % 3)", delay: exponential(rate=2 / s)}
  serve: {in: jobs(j), out: done, delay: "uniform(0 s, 2 s)"}
  two: {in: 2 * jobs(j), out: "jobs(j, n=j.n + 10)", delay: "uniform(0 s, 3 s)"}
""",
    "fields by name leave the others free": """
places: {jobs: {colour: job}, done: 0}
transitions:
  come: {out: "jobs(at=now, kind=a if done % 2 == 0 else b, size=0.5, n=done % 3)", delay: exponential(rate=2 / s)}
  by_kind: {in: "jobs(kind=k)", out: done, delay: "uniform(0 s, 4 s)"}
  by_number: {in: "jobs(n=m, kind=a)", out: [done, "jobs(at=now, kind=b, size=m * 1.0, n=m)"], delay: "uniform(0 s, 4 s)"}
""",
    "random choice among records by weight, and what a weight of 0 leaves": """
places: {jobs: {colour: job}, crew: 1, busy: {colour: job}, done: 0}
transitions:
  come: {out: "jobs(at=now, kind=a, size=1.0, n=done % 4)", delay: exponential(rate=1 / s)}
  start: {in: [jobs(j), crew], out: busy(j), weight: j.n}
  also: {in: ["jobs(n=0)", crew], out: "busy(at=now, kind=c, size=2.0, n=7)", weight: 0.5}
  end: {in: busy(j), out: [crew, done], delay: j.size * 0.5 s}
""",
    "age remembers records that come back": """
places: {here: {colour: job, initial: ["job(at=0 s, kind=a, size=1, n=1)", "job(at=0 s, kind=b, size=2, n=2)"]}, there: {colour: job}, out: 0}
transitions:
  work: {in: here(j), out: [out, there(j)], delay: "uniform(5 s, 9 s)", memory: age}
  rate: {in: here(j), out: [out, here(j)], delay: "exponential(rate=(0.1 + 0.1 * (out % 2)) / s)", memory: age, servers: 2}
  away: {in: here(j), out: there(j), delay: exponential(mean=1 s)}
  back: {in: there(j), out: here(j), delay: exponential(mean=1 s)}
""",
    "resampling goes by the order of records": """
places: {jobs: {colour: job}, done: 0}
transitions:
  come: {out: "jobs(at=now, kind=a, size=1.0, n=done % 2)", delay: 1 s}
  serve: {in: jobs(j), out: done, delay: "uniform(1 s, 6 s)", memory: resampling}
""",
    "resets take some records, and empty lanes": """
places: {jobs: {colour: job}, lanes: {over: lane, colour: pair}, done: 0}
transitions:
  come: {out: ["jobs(at=now, kind=a, size=1.0, n=done % 2)", "lanes(x, a, b) for x in lane", "lanes(1, b, b)"], delay: 1 s}
  clear: {reset: ["jobs(n=1)", "lanes(x, b, _) for x in lane if x > 0"], out: done, delay: 3.5 s}
  all: {in: "4 * done", reset: [jobs, lanes], delay: 1 s}
""",
    "fans that see the marking see it before the firing": """
places: {lanes: {over: lane, initial: 1}, marks: {over: lane, colour: job}, go: 1}
transitions:
  spread: {in: go, out: [go, "(1 + lanes((x + 1) % 3)) * lanes(x) for x in lane",
    "marks(x, at=now, kind=a, size=1, n=lanes(x)) for x in lane"], delay: 1 s,
    guard: lanes < 60}
  sweep: {in: "lanes(x) for x in lane", reset: ["marks(x, n=lanes(x) - 1) for x in lane"], delay: "uniform(1 s, 2 s)"}
  take: {in: ["marks(0, j)"], out: "lanes(j.n % 3)", delay: exponential(mean=2 s)}
""",
    "fans that take any token": """
places: {lanes: {over: lane, colour: kind, initial: all}, lines: {over: lane, colour: pair, order: lifo, initial: ["(a, b)", "(b, b)"]}, done: 0}
transitions:
  any: {in: "lanes(x, _) for x in lane", out: ["lanes(x, c) for x in lane", "lanes(0, a)"], delay: "uniform(1 s, 2 s)"}
  first: {in: "lines(x, _, b) for x in lane", out: ["lines(2 - x, a, b) for x in lane", done], delay: "uniform(1 s, 2 s)"}
""",
    "arcs that may be none bind nothing": """
places: {pairs: {colour: pair, initial: ["(a, b)", "(b, b)", "(c, a)"]}, jobs: {colour: job}, tick: 0}
transitions:
  clock: {out: [tick, "jobs(at=now, kind=b, size=1, n=tick)"], delay: 1 s}
  maybe: {in: ["(tick % 2) * pairs(x, y)", tick], out: "pairs(b, c)", delay: 0.3 s}
  again: {in: ["(tick % 3) * jobs(j)", jobs(l)], out: tick, delay: "uniform(0 s, 2 s)", memory: age}
""",
    "capacities with fans and with resets of some tokens": """
places:
  slots: {over: x in lane, initial: 2, capacity: x + 2}
  jobs: {colour: job, capacity: 5}
  pairs: {colour: pair, capacity: 4, initial: ["(a, b)"]}
  line: {colour: pair, capacity: 4, order: fifo}
transitions:
  put: {out: ["slots(x) for x in lane", "jobs(at=now, kind=a, size=1, n=slots(0))"], delay: "uniform(0 s, 1 s)"}
  take: {in: "slots(x) for x in lane if x != 1", out: ["2 * pairs(b, b)", "2 * line(a, c)"], reset: ["pairs(a, _)", "line(_, c)"], delay: 0.7 s}
  swap: {in: ["jobs(j)", "slots(1)"], out: ["2 * jobs(j, n=0)", "jobs(j)"], reset: "jobs(n=j.n)", delay: "uniform(0 s, 1 s)"}
  drop: {in: "jobs(_)", delay: exponential(mean=2 s)}
  vent: {for: x in lane, in: slots(x), delay: exponential(mean=1 s)}
  leave: {in: "pairs(_, y)", reset: "jobs(kind=y)", delay: exponential(mean=1 s)}
  pass: {in: "line(_, y)", out: "slots(0)", delay: exponential(mean=1 s)}
  more: {in: "pairs(x, y)", out: ["3 * pairs(a, y)", "line(y, x)"], reset: "pairs(y, y)", delay: "uniform(0 s, 1 s)"}
""",
    "several servers, and several arcs that take any token": """
places: {kinds: {colour: kind, initial: {a: 5, b: 4, c: 1}}, jobs: {colour: job}, done: 0}
transitions:
  come: {out: ["2 * jobs(at=0 s, kind=a, size=1.0, n=done % 2)", kinds(b)], delay: 1 s}
  three: {in: ["2 * kinds(_)", kinds(b), kinds(_)], out: done, delay: "uniform(1 s, 5 s)", servers: infinite}
  two: {in: ["jobs(_)", "2 * jobs(n=0)"], out: ["jobs(at=0 s, kind=b, size=1.0, n=0)", kinds(c)], delay: "uniform(1 s, 5 s)", servers: 1 + done}
""",
    "a variable bound after a wildcard": """
colours: {kind: [a, b, c], pair: kind * kind, lane: 0..2}
places: {pairs: {colour: pair, initial: ["(a, b)", "(b, b)", "(c, a)", "(b, c)"]}, done: 0}
transitions:
  second: {in: "pairs(_, y)", out: "pairs(y, a)", delay: "uniform(1 s, 2 s)"}
  both: {in: ["pairs(_, y)", "pairs(y, _)"], out: ["pairs(y, c)", "pairs(a, y)"], delay: "uniform(1 s, 2 s)", servers: 2}
  choose: {in: ["pairs(_, y)", "3 * done"], out: "pairs(b, b)", weight: 1 + index(y)}
  tick: {out: done, delay: 1 s}
""",
    "integers without bound come in their order": """
colours: {kind: [a, b, c], n: {v: int}, pair: kind * kind, lane: 0..2}
places: {numbers: {colour: n, initial: ["n(v=3)", "n(v=-2)"]}, line: {colour: n, order: fifo}}
transitions:
  grow: {in: numbers(x), out: ["numbers(x, v=x.v * 2 - 3)", "line(v=-x.v)"], delay: "uniform(1 s, 2 s)", guard: abs(x.v) < 1000000}
  back: {in: line(x), out: "numbers(v=x.v // 3)", delay: 1 s, servers: infinite, memory: age}
  drop: {in: ["numbers(x)", "numbers(y)"], test: "numbers(v=0)", guard: x.v < y.v, delay: "uniform(1 s, 2 s)"}
""",
}


def net_of(text):
    return read((HEAD if "colours:" not in text else "\nspn: 1") + text)


@pytest.mark.parametrize("name", NETS)
def test_both_engines_agree(name):
    plan = KernelPlan(PreparedNet(net_of(NETS[name])))
    expected = expected_events(plan.prepared, 300)
    assert len(expected) > 20
    assert events(plan, 300) == expected


QUEUES = """
places:
  queue: {colour: job}
  server: 1
  busy: 0
  up: {colour: job, initial: ["job(at=0 s, kind=a, size=1, n=1)", "job(at=0 s, kind=a, size=1, n=2)", "job(at=0 s, kind=a, size=1, n=3)"]}
  down: {colour: job}
  crew: 1
  mending: {colour: job}
transitions:
  come: {out: "queue(at=now, kind=a, size=1, n=0)", delay: exponential(rate=0.5 / s)}
  start: {in: [queue(j), server], out: busy}
  end: {in: busy, out: server, delay: 1 s}
  fail: {in: up(m), out: down(m), delay: exponential(rate=0.2 / s)}
  begin: {in: [down(m), crew], out: mending(m)}
  mend: {in: mending(m), out: ["up(m, at=now)", crew], delay: exponential(rate=1 / s)}
measures:
  number: {average: queue}
  wait: {tally: now - j.at, on: start}
  square: {tally: (now - j.at) ** 2 / (1 s) ** 2, on: start}
  working: {average: up}
"""


def test_random_order_of_service_and_machines_as_tokens():
    """M/D/1 in random order, with the moments of Pollaczek and Khinchine, and of Takacs (1963): E[W^2] is 2 / (2 - rho) times that of first come,
    first served. Beside it a machine repairman, as birth and death.
    """
    of = net_of(QUEUES)
    assert same_events(of, most=2000) == 2000
    prepared = CompiledEngine().prepare(of)
    found = prepared.run(Task(5, (), ("number", "wait", "square", "working"), tuple(np.linspace(1e3, 4.01e5, 41)))).observations
    load, mean = 0.5, 0.5 / (2 * (1 - 0.5))
    # Of first come, first served: E[W^2] = 2 E[W]^2 + lambda E[S^3] / (3 (1 - rho)).
    square = 2 / (2 - load) * (2 * mean**2 + load / (3 * (1 - load)))
    # p_k is proportional to 3! / (3 - k)! * 0.2^k with k machines down.
    shares = [math.perm(3, k) * 0.2**k for k in range(4)]
    working = sum((3 - k) * share for k, share in enumerate(shares)) / sum(shares)
    for name, exact in (("number", load * mean), ("wait", mean), ("square", square), ("working", working)):
        rows = found[name]
        each = rows[:, 1] / rows[:, 0] if name in ("wait", "square") else rows[:, 0] / rows[:, 1]
        # 40 batches: beyond 6 standard errors with probability below 1e-6 (t, 39 degrees of freedom).
        assert abs(each.mean() - exact) < 6 * each.std(ddof=1) / math.sqrt(40), name


def cells_of(machine, plan):
    """Entries and different values of the bag of `jobs`, bindings of the class that takes from it, room in its table."""
    bag = plan.region("bags_jobs")
    table = next(int(plan.writer.helper(("table", each.number))) for each in plan.layout.classes if each.enumerated)
    return int(machine.state[bag + 3]), int(machine.state[bag + 4]), int(machine.state[table + 2]), int(machine.state[table + 1])


def test_memory_is_given_back_when_tokens_leave():
    of = net_of(
        """
places: {jobs: {colour: job}, go: 500}
transitions:
  come: {in: go, out: "jobs(at=now, kind=a, size=1, n=go)", priority: 2}
  serve: {in: jobs(j), delay: "uniform(1 s, 2 s)"}
"""
    )
    plan = KernelPlan(PreparedNet(of))
    machine = Machine(plan, kernel(plan.source), 1, ())
    machine.call(1, 500, 1e300, 10**9)
    room, different, bindings, heads = cells_of(machine, plan)
    assert (different, bindings) == (500, 500)
    assert (room, heads) == (512, 512)
    machine.call(1, 495, 1e300, 10**9)
    room, different, bindings, heads = cells_of(machine, plan)
    assert (different, bindings) == (5, 5)
    assert max(room, heads) <= 64
    machine.close()
