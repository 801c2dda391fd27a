"""Rare events whose probabilities and rates are known, for counting how often their intervals hold. The nets are those of `tests/rare`."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.integrate import quad
from scipy.stats import nbinom

from experiments.verification.coverage_cases import Asked, Case, Truths
from tests.rare import nets


def busy_period(load: float, n: int, stages: int) -> float:
    """P(a queue that serves in Erlang(`stages`) times of mean 1 s grows to n before it is empty | a service begins with 1).

    The embedded chain at the ends of services: during one, arrivals are negative binomial, a Poisson number mixed by a gamma time.
    """
    arrivals = nbinom.pmf(np.arange(n), stages, stages / (stages + load))
    matrix, right = np.eye(n), np.zeros(n)
    for k in range(1, n):
        matrix[k, k - 1 : n - 1] -= arrivals[: n - k]
        right[k] = 1.0 - arrivals[: n - k].sum()
    return float(np.linalg.solve(matrix, right)[1])


def standby() -> float:
    """The rate at which a life is shorter than the repair of the one before it: Weibull lives, repairs of 1 s to 3 s."""
    early = quad(lambda r: 0.5 * -math.expm1(-((r / 1e4) ** 2)), 1.0, 3.0, epsabs=0.0, epsrel=1e-10)[0]
    return early / (1e4 * math.gamma(1.5))


def timeout() -> Truths:
    """Exponential work of mean 1/20 s that outlasts 1 s; 1 s before, 5 s after."""
    probability = math.exp(-20.0)
    rate = probability / (1.0 + -math.expm1(-20.0) / 20.0 + 5.0 * probability)
    return {"rare/rate": rate, "rare/unavailability": 5.0 * rate}


def duplex_truths(constant: bool) -> Callable[[], Truths]:
    def truths() -> Truths:
        exact = nets.duplex(1e-5, 1.0, math.exp(-1e-5), 1.0 + math.expm1(-1e-5) / 1e-5) if constant else nets.duplex_lognormal(1e-5, 1.0)
        return {"rare/unavailability": exact[0], "rare/rate": exact[1]}

    return truths


QUEUE = {"load": "0.4", "service": "erlang(k=2, mean=1 s)", "n": "6"}

RARE_CASES: tuple[Case, ...] = (
    *(
        Case(
            f"busy period, {method}",
            nets.QUEUE,
            lambda: {"rare/probability": busy_period(0.4, 6, 2)},
            0.1,
            QUEUE,
            about="M/E2/1 at load 0.4 grows from 1 to 6 before it is empty: 3.0e-3",
            rare=Asked("queue == 6", {"until": "queue == 0", "method": method}),
        )
        for method in ("splitting", "restart")
    ),
    Case(
        "tandem, splitting",
        nets.TANDEM,
        lambda: {"rare/probability": nets.tandem(6)},
        0.1,
        about="two queues grow to 6 in all before both are empty",
        rare=Asked("one + two == 6", {"until": "one + two == 0", "method": "splitting"}),
    ),
    Case(
        "duplex, lognormal repair",
        nets.DUPLEX,
        duplex_truths(constant=False),
        0.1,
        {"repair": "lognormal(mean=1 s, sigma=1)"},
        about="both units down, U = 1e-10 and some; forced. U goes with the square of a lognormal repair: a skewness of 414",
        rare=Asked("down == 2"),
    ),
    Case(
        "duplex, constant repair",
        nets.DUPLEX,
        duplex_truths(constant=True),
        0.1,
        {"repair": "1 s"},
        about="both units down; forced",
        rare=Asked("down == 2"),
    ),
    Case(
        "Weibull mission",
        nets.MISSION,
        lambda: {"rare/probability": nets.weibull_share(10.0) ** 3},
        0.1,
        about="three lives end within 10 h: 1e-15; forced",
        rare=Asked("down == 3", {"within": "10 h"}),
    ),
    Case(
        "timeout outlasted",
        nets.TIMEOUT,
        timeout,
        0.1,
        about="exponential work outlasts twenty times its mean; forced",
        rare=Asked("late == 1"),
    ),
    Case(
        "standby",
        nets.STANDBY,
        lambda: {"rare/rate": standby()},
        0.1,
        about="clocks that keep their ages over cycles; forced",
        rare=Asked("broken == 2"),
    ),
)
