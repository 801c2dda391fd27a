"""The models of the further studies against closed forms, quadrature, and traces derived by hand.

The false-alarm probability of each comparison is below 8e-7, as in `test_references`.
"""

import math

import pytest
from scipy import integrate, stats

from tests.models.model_runs import LIMIT, happened, only, shipped, unavailability, windows, z

HOURS = 3600.0
MEAN = 2208 * HOURS
FIRST = stats.lognorm(0.4, scale=math.exp(math.log(MEAN) - 0.08))


def rejuvenated(interval: float, planned: float, sections: int = 6, repair: float = 165.0) -> float:
    """U by the renewal reward theorem, in seconds."""
    survival = FIRST.sf(interval) ** sections
    up = integrate.quad(lambda t: FIRST.sf(t) ** sections, 0, interval, epsabs=0, epsrel=1e-12, limit=200)[0]
    down = repair * -math.expm1(sections * FIRST.logsf(interval)) + planned * survival
    return down / (up + down)


@pytest.mark.parametrize(("planned", "best", "u"), [(1, 467, 6.6e-7), (10, 622, 5.1e-6), (30, 747, 1.30e-5), (60, 883, 2.26e-5)])
def test_quadrature_gives_the_reference_values_of_the_best_intervals(planned, best, u):
    there = rejuvenated(best * HOURS, planned)
    assert there == pytest.approx(u, rel=0.01)
    assert there <= min(rejuvenated((best + step) * HOURS, planned) for step in (-20, 20))


@pytest.mark.parametrize(("interval", "planned"), [(747, 30), (1500, 10)])
def test_planned_restarts_have_the_unavailability_of_quadrature(interval, planned):
    net = shipped("rejuvenation", interval=f"{interval} h", planned_restart=f"{planned} s")
    values = unavailability(windows(net, "system", warmup=0.0, length=20 * MEAN))
    # The window begins as good as new; what that is worth is below 1e-3 of a standard error.
    assert abs(z(values, rejuvenated(interval * HOURS, planned))) < LIMIT


@pytest.mark.parametrize(("levels", "branching", "heights"), [(1, 3, 1), (2, 6, 8), (3, 2, 11), (4, 1, 10)])
def test_a_tree_of_exponential_actors_goes_down_level_by_level(levels, branching, heights):
    # U = G / E * sum(height + 1), to a relative error of the number of actors times G / E: 1e-6
    net = shipped("actor_tree", levels=str(levels), branching=str(branching), failure="exponential(mean=2208 h)")
    values = unavailability(windows(net, "system", warmup=0.0, length=12 * MEAN / heights))
    assert abs(z(values, heights / MEAN)) < LIMIT


def test_children_that_start_with_their_supervisor_make_all_actors_equal():
    net = shipped("actor_tree", failure="exponential(mean=2208 h)", children_need_start="false")
    values = unavailability(windows(net, "system", warmup=0.0, length=2 * MEAN))
    assert abs(z(values, 7 / MEAN)) < LIMIT


@pytest.mark.parametrize("beta", [0.3])
def test_shocks_bring_down_both_systems(beta):
    rates = {"failure": f"exponential(mean={MEAN / (1 - beta)!r} s)", "shock": f"exponential(mean={MEAN / beta!r} s)"}
    alone = (1 - beta) / MEAN
    # Actors: four children at 1 s, the supervisor at 1 s and then its children at 1 s; a shock at 165 s for all.
    values = unavailability(windows(shipped("shocked_actors", **rates), "system", warmup=0.0, length=4 * MEAN))
    assert abs(z(values, 6 * alone + 165 * beta / MEAN)) < LIMIT
    rate = 165 * (6 * alone + beta / MEAN)
    values = unavailability(windows(shipped("shocked_process", **rates), "system", warmup=0.0, length=4 * MEAN))
    assert abs(z(values, rate / (1 + rate))) < LIMIT


def test_a_shock_takes_an_actor_that_is_being_restarted():
    net = shipped("shocked_actors", failure="deterministic(10 s)", shock="deterministic(10.5 s)", process_restart="deterministic(5 s)")
    events = only(happened(net, 16.0), "fail", "shock", "restart_process", "start", "start_at_once")
    # All five fail at 10 s; of those in restart none starts at 11 s, but all at 15.5 s.
    assert [time for time, label in events if label.endswith(".start")] == []
    assert sorted({time for time, label in events if label.split("(")[0].endswith("start_at_once")}) == [15.5]
    assert sum(label.split("(")[0].endswith("start_at_once") for _, label in events) == 5


@pytest.mark.parametrize(("limit", "cured"), [(3, 0.2), (1, 0.5)])
def test_a_faulty_child_costs_what_its_restarts_and_the_escalation_take(limit, cured):
    day, strike = 86400.0, 5.0
    given = {"cured": str(cured), "limit": str(limit), "fault": "deterministic(1 d)", "strike": f"deterministic({strike} s)"}
    net = shipped("faulty_child", **given, window="1 h", counting="sliding")
    missed = 1 - cured
    restarts, escalations = (1 - missed**limit) / cured, missed**limit
    strikes = restarts + escalations
    down = restarts + 2 * escalations
    # After an escalation the next fault is counted from the failure, after a cure from the end of the restart; but it strikes only 5 s after a fault.
    cycle = day + strikes * strike + restarts
    values = unavailability(windows(net, "system", warmup=0.5 * day, length=20 * cycle))
    # The window holds a whole number of faults but for the drift of cycles, which is below 1e-3 of U.
    assert z(values * (1 + 1e-3), down / cycle) > -LIMIT and z(values * (1 - 1e-3), down / cycle) < LIMIT


ESCALATES = [("sliding", 8, True), ("sliding", 10, False), ("fixed", 8, True), ("fixed", 10, False), ("leaky", 28, True), ("leaky", 30, False)]


@pytest.mark.parametrize(("counting", "strike", "expected"), ESCALATES)
def test_t7_escalates_slower_failures_than_an_exact_window(counting, strike, expected):
    # The child fails each strike + 1 s. Four failures are in 30 s where 3 (strike + 1) < 30; T7 forgets one in 30 s, and so falls behind
    # where strike + 1 < 30.
    net = shipped("faulty_child", counting=counting, cured="0", strike=f"deterministic({strike} s)", fault="deterministic(100 s)")
    assert bool(only(happened(net, 5000.0), "escalate")) is expected
