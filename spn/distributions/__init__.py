"""Distributions of delays: their families and forms as the language knows them, their canonical classes, and `make`, from one to the other.

Importing this loads neither NumPy nor SciPy. Units, expressions and clocks are not dealt with here: all values are plain numbers in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spn.distributions.base import Argument, Continuous, Distribution, Family, Form
from spn.distributions.bounded import Triangular, TruncatedNormal, Uniform
from spn.distributions.continuous import Exponential, Gamma, LogNormal, Weibull
from spn.distributions.data import Deterministic, Discrete, Empirical
from spn.distributions.making import families, make
from spn.distributions.phase import Erlang, HyperExponential, HypoExponential

# By name, in alphabetical order.
FAMILIES: Mapping[str, Family] = MappingProxyType(families())

__all__ = [
    "FAMILIES",
    "Argument",
    "Continuous",
    "Deterministic",
    "Discrete",
    "Distribution",
    "Empirical",
    "Erlang",
    "Exponential",
    "Family",
    "Form",
    "Gamma",
    "HyperExponential",
    "HypoExponential",
    "LogNormal",
    "Triangular",
    "TruncatedNormal",
    "Uniform",
    "Weibull",
    "make",
]
