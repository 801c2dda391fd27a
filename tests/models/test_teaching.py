"""The teaching models against answers from outside: closed forms, quadrature, Markov chains that are solved here.

Each test simulates 64 replications with a fixed seed from a warm-up after which start-up is forgotten, and lets the mean be `LIMIT` = 5.5 of its
standard errors away: a false alarm has a probability below 8e-7 (Student's t, 63 degrees of freedom), for each of the numbers that are compared.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from spn.engine.reference import ReferenceEngine, Simulation
from spn.library import find_model, shipped_models
from spn.net.types import Net
from spn.observation import Task
from tests.models.model_runs import LIMIT, shipped, unavailability, z

HOURS = 3600.0


@cache
def observed(name: str, warmup: float, length: float, measures: tuple[str, ...], parameters: tuple[tuple[str, str], ...] = ()):
    """For each measure the rows of 64 replications, all measures in the same runs."""
    net: Net = shipped(f"teaching/{name}", **dict(parameters))
    prepared = ReferenceEngine().prepare(net)
    cuts = (warmup, warmup + length) if length else ()
    runs = [prepared.run(Task(1, (number,), measures, cuts)) for number in range(64)]
    return {measure: np.stack([run.observations[measure][0] for run in runs]) for measure in measures}


def ratio(rows):
    """Averages and rates: the first column by the second."""
    return rows[:, 0] / rows[:, 1]


def near(values, expected):
    return abs(z(values, expected)) < LIMIT


def steady(generator: np.ndarray) -> np.ndarray:
    """The stationary distribution of a Markov chain, from its rates between states."""
    q = generator - np.diag(generator.sum(axis=1))
    return np.linalg.lstsq(np.vstack([q.T, np.ones(len(q))]), np.append(np.zeros(len(q)), 1.0), rcond=None)[0]


@pytest.mark.parametrize(("arrival", "room"), [(0.8, 5), (2.0, 3)])
def test_mm1k(arrival, room):
    load = arrival
    p = load ** np.arange(room + 1)
    p /= p.sum()
    expected = {"length": p @ np.arange(room + 1), "idle": p[0], "lost": p[-1], "served": arrival * (1 - p[-1])}
    found = observed("mm1k", 50.0, 500.0, tuple(expected), (("arrival", f"{arrival} / s"), ("room", str(room))))
    for measure, value in expected.items():
        assert near(ratio(found[measure]), value), measure


@pytest.mark.parametrize(
    ("service", "second_moment"),
    [("lognormal(mean=1 s, sd=0.5 s)", 1.25), ("deterministic(1 s)", 1.0), ("exponential(mean=1 s)", 2.0)],
)
def test_mg1_has_the_waits_of_pollaczek_and_khinchine(service, second_moment):
    arrival = 0.5
    wait = arrival * second_moment / (2 * (1 - arrival))
    found = observed("mg1_fifo", 50.0, 150.0, ("wait", "response", "length", "busy"), (("service", service), ("arrival", "0.5 / s")))
    assert near(found["wait"][:, 1] / found["wait"][:, 0], wait)
    assert near(found["response"][:, 1] / found["response"][:, 0], wait + 1.0)
    assert near(ratio(found["length"]), arrival * (wait + 1.0))  # Little
    assert near(ratio(found["busy"]), arrival)


def test_the_responses_of_mm1_are_exponential():
    """In M/M/1 the response is exponential with rate service - arrival; here its median and its 95 % quantile, from all values together."""
    net = shipped("teaching/mg1_fifo", service="exponential(mean=1 s)", arrival="0.5 / s")
    prepared = ReferenceEngine().prepare(net)
    values = [prepared.run(Task(2, (number,), ("response",), (50.0, 250.0))).values["response"] for number in range(64)]
    for share in (0.5, 0.95):
        quantile = -math.log(1 - share) / 0.5
        assert near(np.array([np.mean(each <= quantile) for each in values]), share)


def repairman_chain(critical: int, ordinary: int, life: float, repair: float):
    """States (critical down, ordinary down, who is in repair), one repairman, critical first, repairs not interrupted."""
    states = [(0, 0, "")]
    states += [(a, b, who) for a in range(critical + 1) for b in range(ordinary + 1) for who in "co" if (a if who == "c" else b) > 0]
    number = {state: k for k, state in enumerate(states)}
    rates = np.zeros((len(states), len(states)))
    for a, b, who in states:
        here = number[a, b, who]
        if a < critical:
            rates[here, number[a + 1, b, who or "c"]] += (critical - a) / life
        if b < ordinary:
            rates[here, number[a, b + 1, who or "o"]] += (ordinary - b) / life
        if who:
            left = (a - 1, b) if who == "c" else (a, b - 1)
            rates[here, number[(*left, "c" if left[0] else "o" if left[1] else "")]] += 1 / repair
    return states, steady(rates)


def test_the_repairman_goes_to_critical_machines_first():
    states, p = repairman_chain(2, 4, 100.0, 8.0)
    critical = sum(q * a for (a, _, _), q in zip(states, p, strict=True))
    ordinary = sum(q * b for (_, b, _), q in zip(states, p, strict=True))
    down = sum(q for (a, _, _), q in zip(states, p, strict=True) if a)
    assert critical / 2 < ordinary / 4  # the priority shows
    found = observed("repairman", 200 * HOURS, 1_000 * HOURS, ("works", "critical", "ordinary", "repairs"))
    assert near(unavailability(found["works"]), down)
    assert near(ratio(found["critical"]), critical)
    assert near(ratio(found["ordinary"]), ordinary)
    assert near(ratio(found["repairs"]), (1 - p[0]) / (8 * HOURS))


def hot_standby(life: float, coverage: float, repair: float = 4.0, restart: float = 0.5) -> tuple[float, float, float, float]:
    """The probabilities of both up and of a crash, and the rates of crashes by uncovered and by last failures."""
    one = 2 / life * coverage / (1 / life + 1 / repair)
    uncovered, exhausted = 2 / life * (1 - coverage), one / life
    crash = (uncovered + exhausted) * restart
    total = 1 + one + crash
    return 1 / total, crash / total, uncovered / total, exhausted / total


@pytest.mark.parametrize("coverage", [0.95, 1.0, 0.0])
def test_a_hot_standby_with_imperfect_coverage(coverage):
    both, crash, uncovered, exhausted = hot_standby(100.0, coverage)
    found = observed(
        "hot_standby", 50 * HOURS, 8_000 * HOURS, ("system", "both", "uncovered", "exhausted"), (("mean_life", "100 h"), ("coverage", str(coverage)))
    )
    assert near(unavailability(found["system"]), crash)
    assert near(ratio(found["both"]), both)
    for measure, rate in (("uncovered", uncovered), ("exhausted", exhausted)):
        if rate:
            assert near(ratio(found[measure]), rate / HOURS)
        else:
            assert not found[measure][:, 0].any()


def cycle(age: float):
    """The life of a part, and the mean times that it works and that it is down between two replacements."""
    life = stats.weibull_min(3.0, scale=1000.0 / math.gamma(4 / 3))
    return life, integrate.quad(life.sf, 0, age)[0], 1.0 * life.sf(age) + 20.0 * life.cdf(age)


@pytest.mark.parametrize("age", [300.0, 600.0, 2000.0])
def test_age_replacement_has_the_unavailability_of_renewal_theory(age):
    life, up, down = cycle(age)
    found = observed("age_replacement", 10_000 * HOURS, 30_000 * HOURS, ("part", "planned", "failures"), (("age", f"{age} h"),))
    assert near(unavailability(found["part"]), down / (up + down))
    assert near(ratio(found["planned"]), life.sf(age) / (up + down) / HOURS)
    assert near(ratio(found["failures"]), life.cdf(age) / (up + down) / HOURS)


def birth_and_death(n: int, crew: int, life: float, repair: float) -> np.ndarray:
    """The probabilities of 0 to n components down."""
    p = [1.0]
    for down in range(1, n + 1):
        p.append(p[-1] * ((n - down + 1) / life) / (min(down, crew) / repair))
    return np.array(p) / sum(p)


@pytest.mark.parametrize("crew", [1, 2])
def test_k_out_of_n_with_a_common_crew(crew):
    p = birth_and_death(5, crew, 100.0, 10.0)
    found = observed("k_out_of_n", 200 * HOURS, 2_000 * HOURS, ("system", "working"), (("crew", str(crew)),))
    assert near(unavailability(found["system"]), p[3:].sum())
    assert near(ratio(found["working"]), p @ (5 - np.arange(6)))


def first_passage() -> tuple[float, float]:
    """Mean time until the third of five components is down, and the probability that it is within a week."""
    from scipy.linalg import expm

    rates = np.zeros((4, 4))  # 0, 1, 2 down; 3 is the end
    for down in range(3):
        rates[down, down + 1] = (5 - down) / 100.0
        if down:
            rates[down, down - 1] = 1 / 10.0
    q = rates - np.diag(rates.sum(axis=1))
    return float(np.linalg.solve(-q[:3, :3], np.ones(3))[0]), float(expm(q * 168.0)[0, 3])


def test_the_time_until_too_few_components_work():
    """Mean and probability within a week by the generator of the chain without repairs of the state in which too few work."""
    mean, week = first_passage()
    found = observed("k_out_of_n", 0.0, 0.0, ("mttf", "mission"))
    assert near(found["mttf"][:, 0] / HOURS, mean)
    happened = found["mission"][:, 0].sum()
    # The exact binomial test, two-sided: each tail is allowed half of 8e-7.
    assert stats.binom.cdf(happened, 64, week) > 4e-7
    assert stats.binom.sf(happened - 1, 64, week) > 4e-7


@pytest.mark.parametrize(("units", "quorum"), [(4, 3), (6, 6)])
def test_a_cluster_of_independent_units_is_binomial(units, quorum):
    a = 500.0 / 512.0
    u = stats.binom.cdf(quorum - 1, units, a)
    found = observed("cluster", 3000 * HOURS, 8_000 * HOURS, ("cluster", "working", "failures"), (("units", str(units)), ("quorum", str(quorum))))
    assert near(unavailability(found["cluster"]), u)
    assert near(ratio(found["working"]), units * a)
    assert near(ratio(found["failures"]), units / (512 * HOURS))


def test_a_cluster_with_one_repairer_is_a_birth_and_death_process():
    p = birth_and_death(4, 1, 100.0, 10.0)
    times = (("life", "exponential(mean=100 h)"), ("repair", "exponential(mean=10 h)"), ("repairers", "1"))
    found = observed("cluster", 200 * HOURS, 2_000 * HOURS, ("cluster", "working"), times)
    assert near(unavailability(found["cluster"]), p[2:].sum())
    assert near(ratio(found["working"]), p @ (4 - np.arange(5)))


def test_orders_of_the_storage_cluster_take_their_lead_time():
    """60 % a day, 30 % three days, 10 % ten days."""
    found = observed("storage", 0.0, 3 * 31557600.0, ("wait",), (("tolerated", "12"), ("disk_life", "exponential(mean=60 d)")))
    assert near(found["wait"][:, 1] / found["wait"][:, 0], 2.5 * 86400)


def test_the_storage_cluster_loses_data_and_is_restored():
    """All disks fail after a day, so that data is lost, restored in a week, and lost again."""
    net = shipped("teaching/storage", tolerated="0", disk_life="deterministic(1 d)", switch_repair="0.001 s")
    simulation = Simulation(net, 1)
    simulation.run(until=100 * 86400.0)
    fired = dict(zip((t.name for t in net.transitions), simulation.fired, strict=True))
    assert fired["restore"] == 100 // 8  # lost after a day, restored after seven more
    assert fired["refill"] == 3 * fired["restore"]


def test_models_in_folders_are_found_by_their_last_part():
    assert find_model("mm1k") == find_model("teaching/mm1k") == shipped_models()["teaching/mm1k"]
    assert find_model("mm1") is None


def test_the_page_tells_the_known_answers():
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text()
    rows = {row.split("`")[1]: row.rpartition(" | ")[2] for row in page.splitlines() if row.startswith("| `")}
    p = 0.8 ** np.arange(6)
    p /= p.sum()
    wait = 0.7 * 1.25 / (2 * 0.3)
    states, q = repairman_chain(2, 4, 100.0, 8.0)
    _, up, down = cycle(600.0)
    assert rows["mm1k"].startswith(f"{p @ np.arange(6):.3f} customers, {p[-1] * 100:.2f} % lost")
    assert rows["mg1_fifo"].startswith(f"mean wait {wait:.3f} s (Pollaczek and Khinchine), {0.7 * (wait + 1):.3f} customers")
    assert rows["repairman"].startswith(f"U = {sum(share for (a, _, _), share in zip(states, q, strict=True) if a):.4f}:")
    assert rows["hot_standby"].startswith(f"U = {hot_standby(1000.0, 0.95)[1] * 1e5:.3f}e-5")
    assert rows["age_replacement"].startswith(f"U = {down / (up + down) * 1e3:.3f}e-3")
    assert rows["k_out_of_n"].startswith(f"U = {birth_and_death(5, 1, 100.0, 10.0)[3:].sum():.4g}, MTTF {first_passage()[0]:.4g} h")
    assert rows["cluster"].startswith(f"U = {stats.binom.cdf(2, 4, 500 / 512) * 1e3:.3f}e-3")
