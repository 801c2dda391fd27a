"""Resolving texts in few words, for the tests here."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import pytest

from spn.engine.reference import Simulation
from spn.engine.trace import trace
from spn.net.text import digest, to_dict, to_json
from spn.net.types import Net
from spn.observation import RunError
from spn.resolver.resolve import read
from spn.text.problems import ModelError


def net_of(text: str, **parameters: str) -> Net:
    """The net of a model without its first line, checked to be that of its own text."""
    net = read("spn: 1\n" + textwrap.dedent(text), parameters)
    again = read(to_json(net))
    assert to_json(again) == to_json(net)
    assert digest(again) == digest(net)
    assert events(again) == events(net)
    return net


def events(net: Net, seed: int = 1, firings: int = 30) -> list[str]:
    """The first lines of a trace, with the error that ended it."""
    lines: list[str] = []
    try:
        lines.extend(trace(Simulation(net, seed, ()), until=1e6, firings=firings))
    except RunError as error:
        lines.append(str(error).split(" (in ", maxsplit=1)[0])
    return lines


def moves(net: Net, **how: Any) -> list[str]:
    """The trace without its times."""
    return [line.split(" ", 1)[1] for line in events(net, **how)]


def text_of(net: Net, section: str, name: str) -> Any:
    """One entry of a net's text, without its labels."""
    entry = json.loads(json.dumps(to_dict(net)[section][name]))
    if isinstance(entry, dict):
        entry.pop("labels", None)
    return entry


def problems_of(text: str, **parameters: str) -> list[tuple[str, int, int]]:
    """Code, line and column of each problem; lines count from 1 in the text, whose first is the one after ``spn: 1``."""
    with pytest.raises(ModelError) as caught:
        read("spn: 1\n" + textwrap.dedent(text).lstrip("\n"), parameters)
    found = []
    for problem in caught.value.problems:
        assert problem.span is not None, problem
        line, column = problem.span.source.position(problem.span.start)
        found.append((problem.code, line - 1 if problem.span.source.name == "<string>" else line, column))
    return found
