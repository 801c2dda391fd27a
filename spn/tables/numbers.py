"""How numbers are written in tables: as everywhere else. The functions are in `spn.estimate.numbers`, as results write their numbers too."""

from spn.estimate.numbers import UNITS, duration, percent, with_interval

__all__ = ["UNITS", "duration", "percent", "with_interval"]
