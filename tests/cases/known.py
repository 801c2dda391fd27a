"""The models of this folder and the numbers that they must give: copied from tests of other tools and from textbooks, with their sources.

Used by `test_known.py` at a loose precision and by `experiments/verification` at 1 %. Nothing here runs anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import e
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Case:
    """A model of this folder with parameters. `values`: what each measure must give, for availabilities A. `exact`: it is a Markov chain."""

    model: str
    values: Mapping[str, float]
    parameters: Mapping[str, str] = field(default_factory=dict)
    exact: bool = False

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.model}.yaml"

    @property
    def name(self) -> str:
        return "-".join([self.model, *self.parameters.values()]).replace(" ", "")


CASES = (
    # Cosmos, Examples/testDistribution/testagememory.grml. Age: 6 s of work and as much of repair. Enabling: (1 + 1) * (exp(6) - 1).
    Case("cosmos_age_memory", {"mtta": 12.0}),
    Case("cosmos_age_memory", {"mtta": 2.0 * (e**6 - 1.0)}, {"interrupted": "enabling"}),
    Case("cosmos_age_memory", {"mtta": 2.0 * (e**2 - 1.0)}, {"interrupted": "enabling", "work": "2 s"}),
    # PRISM, prism-tests/papers/KNP07a-SFM07/ctmc.sm.props; serves_to_full and L by a linear solve. All from an empty queue.
    Case(
        "prism_queue_mm13",
        {
            "ss_full": 1.0 / 15.0,
            "reach_7_5": 0.6404780884740766,
            "impulse_5_5": 7.069019518168792,
            "inst_1": 0.5929374064162124,
            "serves_to_full": 8.0,
            "thr": 7.0 / 5.0,
            "L": 11.0 / 15.0,
        },
        exact=True,
    ),
    # Sirio, PriorityWeightsImmTest.java. p6_1 is 1 - exp(-1).
    Case("sirio_priority_weights", {"p6_1": 0.6321205588285577, "p6_ss": 1.0, "p3_ss": 0.0, "p5_ss": 0.0}, exact=True),
    # SMART, Tests/vanish.sm, mcfoo(1). By balance p2 = 5.3 p1, p4 = 0.8 p1, p6 = 1.6 p1 / 7.1, p8 = 0.08 p1, and t9 fires 3.2 / 4 p1 times a second.
    Case(
        "smart_vanish_chain",
        {
            "pi_p1": 0.13503746814256912,
            "pi_p2": 0.7156985811556164,
            "pi_p4": 0.1080299745140553,
            "pi_p6": 0.0304309787363536,
            "pi_p8": 0.0108029974514055,
            "thr_t9": 0.1080299745140553,
        },
        exact=True,
    ),
    # SMART, Tests/vanish.sm, bar(true): 7.1 / 9.1, and t5 fires once for each firing of T1 on average (geometric).
    Case("smart_vanishing_loop", {"pi_p1": 0.7802197802197802, "thr_t5": 1.5604395604395604}, exact=True),
    # Storm, resources/examples/testfiles/ctmc/tandem5.sm and CtmcCslModelCheckerTest.cpp (within its 1e-6); matrix exponentials and linear solves.
    Case(
        "storm_tandem_c5",
        {
            "full_ph2_10": 0.015446371620579361,
            "first_full_10": 0.9999999999999853,
            "cust_10": 5.679244148894144,
            "acc_10": 55.44792186036232,
            "acc_to_full": 262.8510382427631,
            "ss_full": 0.9100372656746593,
        },
        exact=True,
    ),
    # Alternating renewal theorem (Ross): 100 / 104; A(t) from the renewal equation, known to 3e-4 of A.
    Case("tb_alternating_renewal_lognormal_uniform", {"A": 100.0 / 104.0, "A_50": 0.96095, "A_100": 0.96044, "A_150": 0.9609}),
    # Cold standby: A = 1 / (l E[R] + g*(l)), g* the transform of U(10, 30) at l = 0.01; MTTF in closed form.
    Case("tb_cold_standby_uniform_repair", {"A": 0.9802999060560803, "MTTF": 655.8519690876802}),
    # Machine interference, M/M/1//5: birth and death.
    Case(
        "tb_machine_repairman_5_1",
        {"E_up": 4.360478231445973, "p_allup": 0.5639521768554027, "A_k": 0.9587187006541845, "thr": 0.43604782314459734},
        exact=True,
    ),
    # M/D/1/5 (Gross & Harris): embedded Markov chain; the throughput is 0.8 (1 - pK).
    Case("tb_md1k_dspn", {"p0": 0.22823231714894485, "pK": 0.03529039643618104, "L": 1.705349243101802, "thr": 0.7717676828510552}),
    # Renewal function of U(0, 1) (Feller II): e^t - 1 for t up to 1, e^2 - e - 1 at 2; its integral to 1 is e - 2.
    Case("tb_renewal_uniform", {"N1": e - 1.0, "N2": e**2 - e - 1.0, "acc1": e - 2.0}),
)
