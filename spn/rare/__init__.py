"""Rare events: how probable, or how frequent, what no plain simulation ever sees is. Importance sampling and splitting on the reference engine."""

from spn.rare.planning import NAMES, Method, Refused
from spn.rare.question import Question
from spn.rare.result import Diagnostics, RareResult, Trust
from spn.rare.study import MAX_FIRINGS, Settings, Study

__all__ = ["MAX_FIRINGS", "NAMES", "Diagnostics", "Method", "Question", "RareResult", "Refused", "Settings", "Study", "Trust"]
