"""What is verified: every measure of the nets with known answers, and the thesis' models with values computed outside the project."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from experiments.verification import closed
from experiments.verification.chain import Chain, exact

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cases"))
from known import CASES  # noqa: E402

PRECISION = 0.01

RELAXED: Mapping[tuple[str, str], float] = {
    # 1 % would take more than three minutes with the reference engine: replications of 800 or 1000 firings, or rare events.
    ("cosmos_age_memory-enabling", "mtta"): 0.05,
    ("storm_tandem_c5", "full_ph2_10"): 0.15,
    ("storm_tandem_c5", "acc_to_full"): 0.05,
    ("tb_alternating_renewal_lognormal_uniform", "A_50"): 0.03,
    ("tb_alternating_renewal_lognormal_uniform", "A_100"): 0.03,
    ("tb_alternating_renewal_lognormal_uniform", "A_150"): 0.03,
    ("tb_md1k_dspn", "pK"): 0.02,
}

BOUNDS = {
    # Certain, or as good as: all that a simulation can give is a one-sided bound, which covers nearly always.
    ("storm_tandem_c5", "first_full_10"),
    ("sirio_priority_weights", "p6_ss"),
    ("sirio_priority_weights", "p3_ss"),
    ("sirio_priority_weights", "p5_ss"),
}

QUICK = {
    "cosmos_age_memory",
    "smart_vanishing_loop",
    "tb_cold_standby_uniform_repair",
    "monolithic k=6, resample",
    "sip_transport, G = 1 s, defaults",
}


@dataclass(frozen=True)
class Row:
    """One measure of one model. For an availability `reference` is A, or U if `unavailability`. `bound`: certain, only a bound can be given."""

    case: str
    model: str
    measure: str
    reference: float
    parameters: Mapping[str, str] = field(default_factory=dict)
    precision: float = PRECISION
    bound: bool = False
    unavailability: bool = False

    @property
    def quick(self) -> bool:
        return self.case in QUICK


def known_rows() -> list[Row]:
    rows = []
    for case in CASES:
        for measure, reference in case.values.items():
            key = (case.name, measure)
            path = case.path.relative_to(ROOT).as_posix()
            rows.append(Row(case.name, path, measure, reference, case.parameters, RELAXED.get(key, PRECISION), key in BOUNDS))
    return rows


SIP = {
    # Thesis models, section 4: quadrature and renewal equations.
    "sip_transport, G = 1 s, children start with it": ({"children_need_start": "false"}, 4.15671792e-7),
    "sip_transport, G = 1 s, defaults": ({}, 5.41476865e-7),
    "sip_transport, G = 1 s, root U(30, 300), children start with it": (
        {"root_restart": "uniform(30 s, 300 s)", "children_need_start": "false"},
        2.10472800e-5,
    ),
    "sip_transport, G = U(30, 300), children start with it": (
        {"restart_time": "uniform(30 s, 300 s)", "children_need_start": "false"},
        6.85815541e-5,
    ),
    "sip_transport, G = U(30, 300)": ({"restart_time": "uniform(30 s, 300 s)"}, 9.95272550e-5),
    # U is a function of G / E(X) and nearly proportional to it: its relative error is of the order of U.
    "sip_transport, G = 1 s, E(X) = 1104 h": ({"failure": "lognormal(mean=1104 h, sigma=0.4)"}, 2 * 5.41476865e-7),
    "sip_transport, G = 1 s, E(X) = 552 h": ({"failure": "lognormal(mean=552 h, sigma=0.4)"}, 4 * 5.41476865e-7),
}

MONOLITHIC = {
    # k, clocks: thesis models, section 4 (2208 h), and the closed forms given there (kappa_5 = 0.650308991134, kappa_6 = 0.622185035611).
    (6, "resample"): (3.61402103e-5, 0.622185035611),
    (5, "resample"): (3.45773063e-5, 0.650308991134),
    (6, "age"): (1.24531591e-4, None),
    (5, "age"): (1.03778480e-4, None),
}


def monolithic(sections: int, clocks: str, mean: float) -> float:
    """U by the closed forms of the thesis models, section 4; `mean` in seconds."""
    kappa = MONOLITHIC[sections, clocks][1]
    if kappa is None:
        return sections * 165.0 / (mean + sections * 165.0)
    return 165.0 / (165.0 + math.exp(math.log(mean) - 0.08) * kappa)


def thesis_rows() -> list[Row]:
    rows = []
    for (sections, clocks), (reference, _) in MONOLITHIC.items():
        parameters = {"sections": str(sections), "clocks": clocks}
        rows.append(Row(f"monolithic k={sections}, {clocks}", "monolithic", "system", reference, parameters, unavailability=True))
    for hours in (1104, 552):
        for clocks in ("resample", "age"):
            parameters = {"clocks": clocks, "failure": f"lognormal(mean={hours} h, sigma=0.4)"}
            reference = monolithic(6, clocks, hours * 3600.0)
            rows.append(Row(f"monolithic k=6, {clocks}, E(X) = {hours} h", "monolithic", "system", reference, parameters, unavailability=True))
    for clocks, reference in (("resample", 0.223169248), ("age", 0.497487437)):
        parameters = {"clocks": clocks, "failure": "lognormal(mean=1000 s, sigma=0.4)"}
        rows.append(Row(f"monolithic k=6, {clocks}, E(X) = 1000 s", "monolithic", "system", reference, parameters, unavailability=True))
    for name, (parameters, reference) in SIP.items():
        rows.append(Row(name, "sip_transport", "system", reference, parameters, unavailability=True))
    rows.append(Row("sip_transport, G = 0", "sip_transport", "system", 0.0, {"restart_time": "0 s"}, bound=True, unavailability=True))
    u = (1.0 / (2208.0 * 3600.0)) / (1.0 / (2208.0 * 3600.0) + 1.0 / 165.0)
    rows.append(Row("two_state", "two_state", "system", u, unavailability=True))
    return rows


def all_rows() -> list[Row]:
    return known_rows() + thesis_rows()


@dataclass(frozen=True)
class Check:
    """A reference beside the value computed anew here. `tolerance` is relative, as far as the reference is known."""

    case: str
    measure: str
    reference: float
    anew: float
    how: str
    tolerance: float = 1e-8

    @property
    def agrees(self) -> bool:
        return abs(self.anew - self.reference) <= self.tolerance * max(abs(self.reference), abs(self.anew), 1e-3)


def checks() -> list[Check]:
    """Every reference value that can be computed without a simulation, computed."""
    from spn.api import resolve

    found = []
    for case in CASES:
        if case.exact:
            net = resolve(case.path, case.parameters)
            chain = Chain(net)
            found += [
                Check(case.name, m.name, case.values[m.name], exact(chain, m), f"Markov chain, {len(chain.states)} states") for m in net.measures
            ]
    forms = {
        "tb_renewal_uniform": (closed.renewal_function(), 1e-8, "renewal function"),
        "tb_md1k_dspn": (closed.md1k(), 1e-8, "embedded chain"),
        "tb_cold_standby_uniform_repair": (closed.cold_standby(), 1e-8, "closed form"),
        "tb_alternating_renewal_lognormal_uniform": (closed.alternating(), 2e-5, "renewal equation"),
    }
    values = {case.name: case.values for case in CASES}
    for name, (anew, tolerance, how) in forms.items():
        found += [Check(name, measure, values[name][measure], number, how, tolerance) for measure, number in anew.items()]
    for (sections, clocks), (reference, kappa) in MONOLITHIC.items():
        name = f"monolithic k={sections}, {clocks}"
        found.append(Check(name, "system", reference, closed.monolithic(2208 * 3600.0, sections, clocks == "age"), "quadrature"))
        if kappa is not None:
            found.append(Check(name, "kappa", kappa, closed.least_of(sections), "quadrature"))
    for clocks, reference in (("resample", 0.223169248), ("age", 0.497487437)):
        anew = closed.monolithic(1000.0, 6, clocks == "age")
        found.append(Check(f"monolithic k=6, {clocks}, E(X) = 1000 s", "system", reference, anew, "quadrature"))
    return found
