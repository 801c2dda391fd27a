"""Mistakes of people who know other tools or other languages: each is told with how it is written here."""

from __future__ import annotations

import pytest

import spn
from spn.text.source import Source

HEAD = "spn: 1\n"
TRANSITION = HEAD + "places: {up: 1, down: 0}\nparameters: {n: 3, mttf: 100 h}\ntransitions:\n  fail:\n    in: up\n    out: down\n    "
MEASURE = TRANSITION + "delay: 1 h\nmeasures:\n  "
MODULE = HEAD + "modules: {pump: {places: {on: 1}}}\n"


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        (TRANSITION + "delay: exponential(1 / h)", "wrong-arguments", "it is written exponential(rate=) or exponential(mean=)"),
        (TRANSITION + "delay: exponential(rate=0.1 / hour)", "unknown-name", "the unit is 'h'"),
        (TRANSITION + "delay: exponential(rate=mttf)", "wrong-unit", "1 / x is the rate of a mean duration x"),
        (TRANSITION + "delay: exponential(mean=1 / mttf)", "wrong-unit", "1 / x is the mean duration of a rate x"),
        (TRANSITION + "delay: exp(0.1)", "not-exponential", "exponential(rate=...)"),
        (TRANSITION + "delay: constant(3 h)", "unknown-name", "deterministic"),
        (TRANSITION + "delay: immediate", "unknown-name", "without a 'delay'"),
        (TRANSITION + "delay: 1 month", "unknown-unit", "week"),
        (TRANSITION + "rate: 0.1 / h", "unknown-key", "exponential(rate=...)"),
        (TRANSITION + "delay: 1 h\n    input: up", "unknown-key", "'in'"),
        (TRANSITION + "delay: 1 h\n    to: up", "unknown-key", "'out'"),
        (TRANSITION + "delay: 1 h\n    condition: up > 0", "unknown-key", "'guard'"),
        (TRANSITION + "delay: 1 h\n    servers: inf", "unknown-name", "'infinite'"),
        (TRANSITION + "delay: 1 h\n    guard: m(up) > 0", "unknown-name", "its name alone"),
        (TRANSITION + "delay: 1 h\n    guard: up > $n", "syntax", "'n', not '$n'"),
        (TRANSITION + "delay: 1 h\n    guard: up = 1", "syntax", "'=='"),
        (MEASURE + "a: {mttf: up == 0}", "unknown-key", "first_passage"),
        (MEASURE + "a: {throughput: fail}", "unknown-key", "'rate: TRANSITION'"),
        (MEASURE + "a: {availability: up}", "wrong-type", "compare it"),
        (MEASURE + "a: up == 1", "wrong-kind", "as in 'availability: up == 1'"),
        (MODULE + "instances: {p: pump}", "wrong-kind", "as in 'module: pump'"),
        (MODULE + "instances: {p: {module: pump, count: 3}}", "unknown-key", "'for: k in 1..n'"),
        (HEAD + "places:\n  - up: 1\n  - down: 0", "wrong-kind", "without '-'"),
        (HEAD + "arcs: []", "unknown-key", "at their transition"),
    ],
)
def test_what_is_meant_is_told(text, code, hint):
    problems = [problem for problem in spn.check(Source("model", text + "\n")) if problem.code == code]
    assert problems, spn.check(Source("model", text + "\n"))
    assert any(hint in f"{problem.message} {problem.hint}" for problem in problems), problems
