"""Steady unavailabilities of the shipped models against values computed outside the project, by quadrature and renewal equations.

Each test simulates 64 replications or more with a fixed seed, over a window that begins when the renewals are settled (times to failure have a
coefficient of variation of 0.42: after six mean lifetimes the renewal density is constant to 1e-8), and lets the mean be `LIMIT` = 5.5 of its
standard errors away. The false-alarm probability of each is below 8e-7 (Student's t, 63 degrees of freedom).
"""

import math

import pytest

from tests.models.model_runs import LIMIT, shipped, unavailability, windows, z

HOURS = 3600.0
MEAN = 2208 * HOURS
SIGMA = 0.4
MU = math.log(MEAN) - SIGMA**2 / 2  # eq. (9)
REPAIR = 165.0
KAPPA = {5: 0.650308991134, 6: 0.622185035611}
"""Mean of the least of k lognormal times of sigma 0.4, in units of e^mu."""

PROCESS = "uniform(30 s, 300 s)"


def monolithic(sections: int, clocks: str, mean: float = MEAN) -> float:
    """U in closed form."""
    if clocks == "age":
        return sections * REPAIR / (mean + sections * REPAIR)
    return REPAIR / (REPAIR + math.exp(math.log(mean) - SIGMA**2 / 2) * KAPPA[sections])


def test_mu_is_that_of_equation_9():
    assert [round(math.log(hours * HOURS) - SIGMA**2 / 2, 4) for hours in (2208, 1104, 552)] == [15.8085, 15.1154, 14.4222]


def test_closed_forms_of_the_standard_system_give_the_reference_values():
    references = {(6, "resample"): 3.61402103e-5, (5, "resample"): 3.45773063e-5, (6, "age"): 1.24531591e-4, (5, "age"): 1.03778480e-4}
    for (sections, clocks), value in references.items():
        assert monolithic(sections, clocks) == pytest.approx(value, rel=5e-9)
    assert monolithic(6, "resample", 1000.0) == pytest.approx(0.223169248, rel=5e-9)
    assert monolithic(6, "age", 1000.0) == pytest.approx(0.497487437, rel=5e-9)


@pytest.mark.parametrize("sections", [5, 6])
@pytest.mark.parametrize("clocks", ["resample", "age"])
def test_standard_system_has_the_unavailability_of_its_closed_form(sections, clocks):
    net = shipped("monolithic", sections=str(sections), clocks=clocks)
    values = unavailability(windows(net, "system", warmup=8 * MEAN, length=24 * MEAN))
    assert abs(z(values, monolithic(sections, clocks))) < LIMIT


@pytest.mark.parametrize("clocks", ["resample", "age"])
def test_standard_system_that_fails_all_the_time_has_the_unavailability_of_its_closed_form(clocks):
    net = shipped("monolithic", clocks=clocks, failure="lognormal(mean=1000 s, sigma=0.4)")
    values = unavailability(windows(net, "system", warmup=10_000.0, length=50_000.0))
    assert abs(z(values, monolithic(6, clocks, 1000.0))) < LIMIT


@pytest.mark.parametrize("hours", [1104, 552])
def test_unavailability_of_the_standard_system_is_inverse_to_the_mean_time_to_failure(hours):
    mean = hours * HOURS
    net = shipped("monolithic", failure=f"lognormal(mean={hours} h, sigma=0.4)")
    values = unavailability(windows(net, "system", warmup=8 * mean, length=24 * mean))
    assert abs(z(values, monolithic(6, "resample", mean))) < LIMIT


def test_printed_parameters_of_the_lognormal_are_accepted_as_given():
    # mu printed as 15.81 is a rounding of 15.8085: U falls by exp(-0.0015).
    mu = 15.81
    net = shipped("monolithic", failure="lognormal(mu=15.81, sigma=0.4)")
    values = unavailability(windows(net, "system", warmup=8 * MEAN, length=24 * MEAN))
    assert abs(z(values, REPAIR / (REPAIR + math.exp(mu) * KAPPA[6]))) < LIMIT


@pytest.mark.parametrize(
    ("reading", "reference"),
    [
        ({"children_need_start": "false"}, 4.15671792e-7),
        ({}, 5.41476865e-7),
        ({"root_restart": PROCESS, "children_need_start": "false"}, 2.10472800e-5),
        ({"restart_time": PROCESS, "children_need_start": "false"}, 6.85815541e-5),
        ({"restart_time": PROCESS}, 9.95272550e-5),
    ],
    ids=["children-start-with-it", "defaults", "process-restarts", "slow-start-with-it", "slow"],
)
def test_sip_transport_has_the_reference_unavailability(reading, reference):
    values = unavailability(windows(shipped("sip_transport", **reading), "system", warmup=7 * MEAN, length=20 * MEAN, replications=72))
    assert abs(z(values, reference)) < LIMIT
    assert values.std(ddof=1) / math.sqrt(len(values)) < 0.03 * reference  # the test can tell the readings apart


def test_restarts_that_take_no_time_leave_an_unavailability_of_exactly_zero():
    rows = windows(shipped("sip_transport", restart_time="0 s", transactions="2"), "system", warmup=0.0, length=20 * MEAN, replications=4)
    assert (rows[:, 1:] == 0.0).all()


def test_escalations_that_take_no_time_leave_an_unavailability_of_exactly_zero():
    # An actor fails every second or so: most failures are beyond the limit, and whole trees restart within an instant.
    for limit in "0", "3":
        net = shipped("sip_transport", restart_time="0 s", transactions="2", limit=limit, failure="exponential(mean=5 s)")
        rows = windows(net, "system", warmup=0.0, length=300.0, replications=3)
        assert (rows[:, 1:] == 0.0).all()


def test_two_state_system_has_its_closed_form():
    values = unavailability(windows(shipped("two_state", failure_rate="1 / (1000 s)"), "system", warmup=2000.0, length=200_000.0))
    assert abs(z(values, 165 / 1165)) < LIMIT
    values = unavailability(windows(shipped("two_state"), "system", warmup=MEAN / 10, length=50 * MEAN))
    assert abs(z(values, 165 / (2208 * 3600 + 165))) < LIMIT


def test_single_actor_is_a_renewal_process():
    net = shipped("actor", supervised="false", failure="lognormal(mean=1000 s, sigma=0.4)", restart_time="uniform(50 s, 150 s)")
    values = unavailability(windows(net, "actor", warmup=10_000.0, length=100_000.0))
    assert abs(z(values, 100 / 1100)) < LIMIT


RARE = {"failure": "exponential(mean=100000 s)"}
"""Failures without memory, rare: to first order each actor's contribution is its downtime over 1e5 s. What is neglected (overlaps)
is 1e-4 of it, less than a hundredth of a standard error."""


def test_readings_of_equation_1_have_their_first_order_values():
    # Restarts of 1 s. In `sum` a failed child counts 1 s (four of them), a failed supervisor its own second and then four of its children.
    # In `average` a failed child is 1 of 5 actors for 1 s; the failed supervisor the only one with a token for 1 s, then 4 of 5 are starting.
    net = shipped("sip_transport", **RARE)
    for measure, expected in ("sum", 4 + 1 + 4), ("average", 4 / 5 + 1 + 4 / 5):
        rows = windows(net, measure, warmup=1e3, length=1.2e6)
        assert abs(z(rows[:, 0] / rows[:, 1], expected * 1e-5)) < LIMIT


@pytest.mark.parametrize(
    ("reading", "expected"),
    # Seconds in which not every actor runs, after a failure of: supervisor (itself, then its children, then the transactions), three children
    # without children, router (and its transaction), transaction.
    [({"transactions": "1"}, 3 + 3 + 2 + 1), ({"transactions": "1", "children_need_start": "false"}, 1 + 3 + 1 + 1)],
    ids=["own-start", "with-it"],
)
def test_tree_of_six_has_its_first_order_unavailability(reading, expected):
    values = unavailability(windows(shipped("sip_transport", **reading, **RARE), "system", warmup=1e3, length=1.2e6))
    assert abs(z(values, expected * 1e-5)) < LIMIT


def test_whole_server_has_its_first_order_unavailability():
    # SIP server 3 s (itself, its children, theirs), location manager 1, session router 2, two sessions 1 each, transport supervisor 2,
    # receiver, sender and router 1 each. The registrar router and the parser are resumed and cost nothing.
    net = shipped("sip_server", sessions="2", **RARE)
    values = unavailability(windows(net, "system", warmup=1e3, length=5e5))
    assert abs(z(values, (3 + 1 + 2 + 2 + 2 + 3) * 1e-5)) < LIMIT
    # Without the sessions: two less for them and one for their router; the server's children's children are still those of the transport.
    values = unavailability(windows(net, "signalling", warmup=1e3, length=5e5))
    assert abs(z(values, (3 + 1 + 1 + 2 + 3) * 1e-5)) < LIMIT


def test_sessions_that_wait_for_calls_come_back_after_their_own_time():
    # Each of two sessions is away 1 s after its own failure, 1 + 20 s after its router's, and 1 + 1 + 20 s after the server's.
    net = shipped("sip_server", sessions="2", sessions_return="20 s", **RARE)
    rows = windows(net, "sessions_lost", warmup=1e3, length=5e5)
    assert abs(z(rows[:, 0] / rows[:, 1], 2 * (1 + 21 + 22) * 1e-5)) < LIMIT
