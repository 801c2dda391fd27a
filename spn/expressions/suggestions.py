"""What people write who know it from elsewhere, and how it is written here. Mistyped names are found by `spn.text.problems.nearest`."""

from __future__ import annotations

from spn.expressions.units import OTHER_SPELLINGS, UNITS

_TOKENS = "the number of tokens in a place is its name alone, 'queue', and 'queue(c)' those of a colour"

NAMES = {
    "True": "write 'true'",
    "False": "write 'false'",
    "None": "there is no such value",
    "t": "the time is 'now'",
    "time": "the time is 'now'",
    **dict.fromkeys(("inf", "Inf", "infinity", "Infinity"), "no value is infinite; any number of servers is 'infinite'"),
    **dict.fromkeys(("immediate", "instant", "none", "zero"), "a transition without a 'delay' is immediate"),
    **dict.fromkeys(("pi", "e"), "write the number, 3.141592653589793 or exp(1)"),
}
"""Names that stand for a value elsewhere."""

CALLS = {
    **dict.fromkeys(("constant", "const", "fixed", "det", "dirac", "delay"), "a constant delay is a duration alone, or 'deterministic(3 h)'"),
    **dict.fromkeys(("expo", "expon", "Exp", "poisson", "markov"), "write 'exponential(rate=...)' or 'exponential(mean=...)'"),
    **dict.fromkeys(("gauss", "gaussian", "norm"), "write 'normal(mean=..., sd=...)'"),
    **dict.fromkeys(("lognorm", "logn"), "write 'lognormal(mean=..., sigma=...)'"),
    **dict.fromkeys(("unif", "rand", "random"), "write 'uniform(low, high)'"),
    **dict.fromkeys(("m", "mark", "marking", "tokens", "token", "len", "size", "card"), _TOKENS),
    **dict.fromkeys(("ln", "log10", "log2"), "the natural logarithm is 'log(x)'"),
    **dict.fromkeys(("pow", "power"), "a power is written 'x ** y'"),
    **dict.fromkeys(("int", "trunc"), "write 'floor(x)' or 'round(x)'"),
    **dict.fromkeys(("avg", "average"), "divide a sum: 'sum(f(s) for s in section) / n'"),
    **dict.fromkeys(("range",), "a range is written '1..n'"),
    **dict.fromkeys(("ifelse", "cond", "where"), "a choice is written 'a if condition else b'"),
}
"""Functions of elsewhere."""


OTHERS = {
    "transition": "only measures name transitions: 'count: name' or 'rate: name'",
    "measure": "it has a value over time, and none in a marking: write a condition or a number that can be read from the tokens of places",
    "rare event": "it is no condition that others can be made of: write the condition that it stands for",
}
"""What to do about names that are something, but nothing in expressions (`Scope.others`)."""


def of_name(name: str) -> str | None:
    """How a name of elsewhere is written here, if it is known."""
    unit = OTHER_SPELLINGS.get(name) if len(name) > 1 else None
    return NAMES.get(name) or (f"the unit is '{unit}'" if unit in UNITS else None)


def of_call(name: str) -> str | None:
    """How a function of elsewhere is written here, if it is known."""
    return CALLS.get(name)
