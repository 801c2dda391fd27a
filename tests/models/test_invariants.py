"""What holds of every actor in every marking, in random trees whose actors fail within seconds. These tests are exact: no chance of a false alarm.

Of each actor: running, about to start, failed, and pending at its supervisor exclude one another; none of them means stopped.
A supervisor that does not run has stopped all below it;
under one that runs every child runs or starts, unless it waits for its backoff or a directive has stopped it.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spn.engine.reference import Simulation
from spn.library import models_folder
from spn.resolver.resolve import load
from tests.models.model_runs import Watched, actor, actors


@dataclass(frozen=True)
class Node:
    """An actor of a tree. `name` as the marking shows it; `parent` is its supervisor's name ("" at the top)."""

    name: str
    parent: str
    given: dict[str, object]
    children: int = 0

    def value(self, parameter: str, default: object) -> object:
        return self.given.get(parameter, default)


shapes = st.recursive(st.just([]), lambda below: st.lists(below, min_size=1, max_size=3), max_leaves=8)
"""A tree as nested lists: an actor is the list of its children."""

starts = st.sampled_from(["0 s", "1 s", "uniform(0 s, 3 s)", "exponential(mean=2 s)"])

policies = st.fixed_dictionaries(
    {
        "limit": st.integers(0, 4),
        "window": st.just("30 s"),
        "counting": st.sampled_from(["leaky", "sliding", "fixed"]),
        "pooled": st.sampled_from(["true", "false"]),
        "forgets": st.sampled_from(["true", "false"]),
        "scope": st.sampled_from(["one_for_one", "all_for_one"]),
        "children_need_start": st.sampled_from(["true", "false"]),
        "beyond_limit": st.sampled_from(["escalate", "escalate", "stop"]),
        "backoff": st.sampled_from(["0 s", "0 s", "2 s"]),
        "backoff_jitter": st.sampled_from(["0.0", "0.5"]),
        "directive": st.sampled_from(["restart", "restart", "restart", "resume", "stop", "escalate"]),
        "resumes_count": st.sampled_from(["true", "false"]),
        "failure": st.sampled_from(["exponential(mean=3 s)", "exponential(mean=20 s)", "deterministic(5 s)"]),
        "restart_time": starts,
        "start_time": starts,
    }
)


@st.composite
def trees(draw) -> list[Node]:
    """Actors of a random tree, supervisors first; each has its own policy."""
    found: list[Node] = []

    def grow(shape: list, parent: str) -> None:
        name = f"a{len(found)}"
        found.append(Node(name, parent, {**draw(policies), "children": len(shape)}, len(shape)))
        for below in shape:
            grow(below, name)

    grow(draw(shapes), "")
    return found


def net_of(tree: list[Node]):
    """The net, every actor an instance of its own."""
    position: Counter[str] = Counter()
    lines = []
    for node in tree:
        position[node.parent] += 1
        lines.append(actor(node.name, node.given, node.parent, position[node.parent]))
    return actors(*lines)


def check(tree: list[Node], watched: Watched, tangible: bool) -> None:
    """The invariants in the current marking."""
    by_name = {node.name: node for node in tree}
    running = {node.name: watched[f"{node.name}.idle"] for node in tree}
    for node in tree:
        name = node.name
        idle, start, fail, pending = (watched[f"{name}.{place}"] for place in ("idle", "start", "fail", "pending"))
        telling = node.value("directive", "") == "resume" and node.value("resumes_count", "") == "true"
        if tangible or not telling:  # an actor that is resumed tells its supervisor while it runs
            assert idle + start + fail + pending <= 1, name
        pools = 1 if node.value("pooled", "true") == "true" else node.children
        for pool in range(1, pools + 1):
            assert watched[f"{name}.restart_count({pool})"] <= int(str(node.value("limit", 3)))
            assert watched[f"{name}.window_open({pool})"] <= 1
        if not tangible:
            continue
        assert watched[f"{name}.stop"] == 0 and fail == 0, name
        if not node.parent:
            assert idle + start == 1
        elif not running[node.parent]:
            assert idle + start + pending == 0, f"{name} outlives {node.parent}"
        else:
            supervisor = by_name[node.parent]
            backing_off = supervisor.value("backoff", "0 s") != "0 s"
            siblings = [other for other in tree if other.parent == node.parent]
            assert pending == 0 or backing_off
            if idle + start + pending == 0:
                all_for_one = supervisor.value("scope", "") == "all_for_one"
                directed = any(other.value("directive", "") == "stop" for other in (siblings if all_for_one else [node]))
                given_up = supervisor.value("beyond_limit", "") == "stop"
                waiting = all_for_one and any(watched[f"{other.name}.pending"] for other in siblings)
                assert directed or given_up or waiting, f"{name} is stopped under a running {node.parent}"


def run(net, tree: list[Node], seed: int, firings: int) -> Counter[str]:
    """Check every marking of a run; how often each transition fired."""
    simulation = Simulation(net, seed)
    watched = Watched(simulation)
    fired: Counter[str] = Counter()
    for label, where in list(watched.where.items()):  # a port of a module is named as the module's, not as its head's
        prefix, _, place = label.rpartition(".")
        watched.where.setdefault(f"{prefix}.head.{place}" if prefix else f"head.{place}", where)
    for _ in range(firings):
        check(tree, watched, not simulation.vanishing)
        event = simulation.step()
        if event is None:
            break
        fired[simulation.net.transition_label(event.transition, event.index).rpartition(".")[2].partition("(")[0]] += 1
    return fired


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(trees(), st.integers(0, 2**32))
def test_every_actor_is_in_one_state_after_every_event(tree, seed):
    run(net_of(tree), tree, seed, firings=150)


def test_trees_that_are_checked_do_escalate():
    given = {"failure": "exponential(mean=3 s)", "limit": 2}
    tree = [Node("a0", "", {**given, "children": 2}, 2), Node("a1", "a0", {**given, "children": 2}, 2), Node("a2", "a0", given)]
    tree += [Node("a3", "a1", given), Node("a4", "a1", given)]
    fired = run(net_of(tree), tree, seed=1, firings=2000)
    assert fired["escalate"] > 50 and fired["restart_child"] > 20 and fired["stop"] > 100


RECURSIVE = """
spn: 1
parameters: {depth: 2, fan: 2, limit: 1, scope: {choice: [one_for_one, all_for_one], default: one_for_one}, supervised: false}
colours: {verdict: [restart, resume, stop, escalate], control: [cold, fresh, warm]}
modules: {actor: actor.yaml, tree: tree.yaml}
ports: {start: {colour: control}, stop: 0, fail: {colour: verdict}, pending: 0}
instances:
  head:
    module: actor
    with:
      children: fan if depth > 0 else 0
      failure: exponential(mean=5 s)
      limit: limit
      scope: scope
      supervised: supervised
    connect: {start: start, stop: stop, fail: fail, pending: pending}
  below:
    module: tree
    for: c in 1..fan
    when: depth > 0
    with: {depth: depth - 1, fan: fan, limit: limit, scope: scope, supervised: true}
    connect: {start: head.restart(c), stop: head.poison_pill(c), fail: head.failed(c), pending: head.restarting(c)}
"""


@pytest.mark.parametrize("scope", ["one_for_one", "all_for_one"])
@pytest.mark.parametrize(("depth", "fan", "limit"), [(0, 1, 0), (1, 4, 1), (2, 2, 0), (3, 2, 2), (5, 1, 1)])
def test_a_module_that_contains_itself_is_such_a_tree(depth, fan, limit, scope):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tree.yaml"
        path.write_text(RECURSIVE)
        net = load(path, {"depth": str(depth), "fan": str(fan), "limit": str(limit), "scope": scope}, models_folder())
    tree = [Node("head", "", {"limit": limit, "scope": scope}, fan)]
    level = [""]
    for below in range(1, depth + 1):
        level = [f"{path}below({c})." for path in level for c in range(1, fan + 1)]
        for prefix in level:
            above = prefix.rsplit("below(", 1)[0] + "head"
            tree.append(Node(f"{prefix}head", above, {"limit": limit, "scope": scope}, fan if below < depth else 0))
    run(net, tree, seed=depth, firings=400)
