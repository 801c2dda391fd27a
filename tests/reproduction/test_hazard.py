"""Fig. 21 against scipy.stats."""

import numpy as np
import pytest
from scipy import stats

from spn.reproduction.hazard import fig_21, highest


def test_the_curve_is_density_over_survival():
    ages, rates = fig_21()
    reference = stats.lognorm(0.4, scale=np.exp(15.81))
    assert rates[0] == 0.0 and np.allclose(rates[1:], reference.pdf(ages[1:]) / reference.sf(ages[1:]), rtol=1e-12)


def test_it_rises_to_one_maximum_and_then_falls_slowly():
    age, rate = highest()
    assert age == pytest.approx(1.497e7, rel=1e-3) and rate == pytest.approx(3.63879e-7, rel=2e-6)
    _, rates = fig_21()
    top = int(np.argmax(rates))
    assert np.all(np.diff(rates[: top + 1]) >= 0) and np.all(np.diff(rates[top:]) < 0)
    assert rates[-1] > 0.85 * rate
