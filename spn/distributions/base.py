"""What every distribution offers: the abstract classes, and how a family is described and registered.

The distributions themselves live in `continuous`, `phase` and `data`, their draws in `draws`; nothing here knows one of them by name.
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias, TypeVar

from spn.distributions import curves
from spn.records import dataclass

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray: TypeAlias = npt.NDArray[np.float64]

Sign = Literal["any", "nonnegative", "positive"]
Scalar: TypeAlias = float | int
Value: TypeAlias = Scalar | Sequence[Scalar]
Conversion: TypeAlias = Callable[..., tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a form: `dimension` is its power of time (1 a duration, -1 a rate, 0 a number), `sign` the values it may take.

    For a list (`is_list`) dimension and sign are those of each element.
    """

    name: str
    dimension: int
    is_list: bool = False
    integer: bool = False
    sign: Sign = "positive"


@dataclass(frozen=True, slots=True)
class Form:
    """One way to give a distribution's parameters, such as `lognormal(mean=, sd=)`."""

    arguments: tuple[Argument, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(argument.name for argument in self.arguments)


@dataclass(frozen=True, slots=True)
class Family:
    """A distribution as the language knows it; `positional` families are written without argument names (their only form gives the order)."""

    name: str
    forms: tuple[Form, ...]
    positional: bool
    doc: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What is registered for a family: the class with its fields, and for each form what turns its values into them (None: they are the fields)."""

    family: Family
    distribution: type[Distribution]
    conversions: tuple[Conversion | None, ...]
    canonical: Form
    fields: tuple[str, ...]


_ENTRIES: dict[str, Entry] = {}
ENTRIES: Mapping[str, Entry] = MappingProxyType(_ENTRIES)

_GREATEST = sys.float_info.max

D = TypeVar("D", bound="type[Distribution]")


def register(name: str, doc: str, forms: Mapping[tuple[Argument, ...], Conversion | None], positional: bool = False) -> Callable[[D], D]:
    """Class decorator that makes a distribution known under `name`.

    `forms` maps each form's arguments to its conversion. Exactly one form needs none: its arguments are the class's fields, in order.
    """

    def add(distribution: D) -> D:
        family = Family(name, tuple(Form(arguments) for arguments in forms), positional, doc)
        (canonical,) = (form for form, conversion in zip(family.forms, forms.values(), strict=True) if conversion is None)
        distribution.family = family
        names = tuple(field.name for field in fields(distribution) if field.init)
        _ENTRIES[name] = Entry(family, distribution, tuple(forms.values()), canonical, names)
        return distribution

    return add


def check_scalar(family: str, argument: Argument, label: str, value: object) -> None:
    """Refuse with a ValueError what is not a number, not finite, or of the wrong sign."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{family}: {label} must be a number, not {value!r}")
    if not -_GREATEST <= value <= _GREATEST:  # NaN as well; and integers that no double holds (nor, perhaps, a message)
        raise ValueError(f"{family}: {label} must be finite, not {value!r}" if isinstance(value, float) else f"{family}: {label} is too large")
    if argument.integer:
        if not (value == int(value) and 1 <= value <= 2**53):  # beyond, doubles skip integers
            raise ValueError(f"{family}: {label} must be a positive integer, not {value!r}")
    elif argument.sign == "positive" and value <= 0:
        hint = " (a constant delay is deterministic)" if value == 0 and argument.name in ("sigma", "sd") else ""
        raise ValueError(f"{family}: {label} must be positive, not {value!r}{hint}")
    elif argument.sign == "nonnegative" and value < 0:
        raise ValueError(f"{family}: {label} must not be negative, but is {value!r}")


def check_form(family: str, form: Form, values: Sequence[object]) -> None:
    """Check each value for itself: finite, of the argument's sign, a number or a list of them."""
    for argument, value in zip(form.arguments, values, strict=True):
        if not argument.is_list:
            check_scalar(family, argument, argument.name, value)
            continue
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{family}: {argument.name} must be a list, not {value!r}")
        if not value:
            raise ValueError(f"{family}: {argument.name} must not be empty")
        for position, element in enumerate(value):
            check_scalar(family, argument, f"{argument.name}[{position}]", element)
    lists = [(a.name, len(v)) for a, v in zip(form.arguments, values, strict=True) if isinstance(v, (list, tuple))]
    for (first, n), (second, m) in pairwise(lists):
        if n != m:
            raise ValueError(f"{family}: {first} and {second} must have the same length, not {n} and {m}")


@dataclass(frozen=True, slots=True)
class Distribution(ABC):
    """A distribution of delays: a random variable with values in [0, infinity).

    Curves (`cdf`, `sf`, `quantile`, and `pdf`, `hazard` of a `Continuous` one) take a number or an array of them, in seconds
    (`quantile`: of probabilities), and return an array of the same shape (for a number a NumPy scalar).
    NaN gives NaN, as does a probability outside [0, 1].
    Constructors check their arguments and raise ValueError with a message for the user.
    """

    family: ClassVar[Family]
    is_memoryless: ClassVar[bool] = False

    def __post_init__(self) -> None:
        entry = _ENTRIES[self.family.name]
        check_form(self.family.name, entry.canonical, [getattr(self, name) for name in entry.fields])
        self._complete()

    @abstractmethod
    def _complete(self) -> None:
        """Check what concerns several fields, and compute the fields that follow from the others."""

    @property
    @abstractmethod
    def mean(self) -> float:
        """In seconds."""

    @property
    @abstractmethod
    def variance(self) -> float:
        """In seconds squared."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """The least and the greatest possible value (or their limits)."""

    @property
    def is_deterministic(self) -> bool:
        low, high = self.support
        return low == high

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> float:
        """One draw, exactly as the class's docstring says."""

    def cdf(self, x: npt.ArrayLike) -> FloatArray:
        """P(X <= x)."""
        return _on_times(self._cdf, x, 0.0, 1.0)

    def sf(self, x: npt.ArrayLike) -> FloatArray:
        """P(X > x), accurate where it is small."""
        return _on_times(self._sf, x, 1.0, 0.0)

    def quantile(self, p: npt.ArrayLike) -> FloatArray:
        """The least x with cdf(x) >= p; the ends of the support for 0 and 1."""
        import numpy as np

        given = np.asarray(p, np.float64)
        inside = (given > 0.0) & (given < 1.0)
        low, high = self.support
        result = np.where(given == 0.0, low, np.where(given == 1.0, high, np.nan))
        with np.errstate(all="ignore"):
            result[inside] = self._quantile(given[inside])
        return result[()]

    def redraw(self, rng: np.random.Generator, age: float) -> float:
        """One draw on condition of being greater than `age` (in seconds), by inversion of one `random`."""
        return max(age, float(self.quantile(float(self.cdf(age)) + float(self.sf(age)) * rng.random())))

    @abstractmethod
    def _cdf(self, x: FloatArray) -> FloatArray: ...

    @abstractmethod
    def _sf(self, x: FloatArray) -> FloatArray: ...

    @abstractmethod
    def _quantile(self, p: FloatArray) -> FloatArray: ...


@dataclass(frozen=True, slots=True)
class Continuous(Distribution):
    """A distribution with a density."""

    def pdf(self, x: npt.ArrayLike) -> FloatArray:
        """The density, in 1/s."""
        return _on_times(self._pdf, x, 0.0, 0.0)

    def hazard(self, x: npt.ArrayLike) -> FloatArray:
        """The failure rate pdf / sf, in 1/s; NaN beyond the support."""
        return _on_times(self._hazard, x, 0.0, math.nan)

    def limited_mean(self, cap: float) -> float:
        """E[min(X, cap)], in seconds: the integral of the survival function from 0 to `cap` (Klugman, Panjer and Willmot, Loss Models, sec. 3.1).

        By the double-exponential rule (Takahasi and Mori, Publ. RIMS 9, 1974), to which it does no harm that some densities are infinite at 0.
        """
        low, high = self.support
        if cap <= low:
            return max(cap, 0.0)
        top = min(cap, high)
        return low + curves.double_exponential(self.sf, low, top)

    def cumulative_hazard(self, x: float) -> float:
        """-ln P(X > x) for one x (in seconds), accurate where it is small; infinite where the support has ended."""
        if x <= 0.0:
            return 0.0
        cdf = float(self.cdf(x))
        if cdf < 0.5:
            return -math.log1p(-cdf)
        sf = float(self.sf(x))
        return -math.log(sf) if sf > 0.0 else math.inf

    def age_at(self, hazard: float) -> float:
        """The x whose cumulative hazard is `hazard`: the inverse of `cumulative_hazard`."""
        if hazard < 30.0:
            return float(self.quantile(-math.expm1(-hazard)))
        low, high = 0.0, min(self.support[1], sys.float_info.max)
        for _ in range(2100):  # the doubles between two ends are halved so often at most
            middle = low + (high - low) / 2.0
            if not low < middle < high:
                break
            low, high = (middle, high) if self.cumulative_hazard(middle) < hazard else (low, middle)
        return high

    def hazard_between(self, age: float, until: float) -> float:
        """The cumulative hazard from `age` to `until`: -ln P(X > until | X > age). Both in seconds."""
        before = self.cumulative_hazard(age)
        if before == math.inf:
            return math.inf
        increase = self.cumulative_hazard(until) - before
        if increase > 1e-9 * before:
            return increase
        # A short while at a great age: the difference has lost its digits, and the failure rate hardly changes (Simpson's rule).
        ends, middle = self.hazard(age) + self.hazard(until), self.hazard(age + (until - age) / 2.0)
        return max(0.0, float((ends + 4.0 * middle) * (until - age) / 6.0))

    def age_after(self, age: float, hazard: float) -> float:
        """The age at which the cumulative hazard has grown by `hazard` since `age`: quantiles of X on condition of X > age."""
        return max(age, self.age_at(self.cumulative_hazard(age) + hazard))

    def redraw(self, rng: np.random.Generator, age: float) -> float:
        """One draw on condition of being greater than `age`, by inversion of one `standard_exponential`."""
        return self.age_after(age, rng.standard_exponential())

    @abstractmethod
    def _pdf(self, x: FloatArray) -> FloatArray: ...

    @abstractmethod
    def _hazard(self, x: FloatArray) -> FloatArray: ...


def _on_times(curve: Callable[[FloatArray], FloatArray], x: npt.ArrayLike, before: float, at_infinity: float) -> FloatArray:
    """Evaluate `curve`, which needs to know only finite x >= 0, everywhere: `before` for negative x."""
    import numpy as np

    given = np.asarray(x, np.float64)
    inside = (given >= 0.0) & (given < np.inf)
    result = np.where(given < 0.0, before, np.where(given == np.inf, at_infinity, np.nan))
    with np.errstate(all="ignore"):
        result[inside] = curve(given[inside])
    return result[()]
