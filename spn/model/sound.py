"""What is left of a file whose form has faults: the declarations without any, so that these can be looked at further in the same run.

Whoever looks at the rest passes over what mentions the names that were left out: it follows from what has been told already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from spn.text.positioned import Entries, Items, Text
from spn.text.problems import Problem, Problems
from spn.text.source import Span

OF_MODELS = ("parameters", "colours", "places", "ports", "transitions", "instances", "modules", "tables", "measures", "rare")


def sound_part(data: Entries, faults: Collection[Span], known: Collection[str], declaring: Collection[str]) -> tuple[Entries, set[str]]:
    """The entries of a file without faults, and the names of what was left out. `known` are the keys that a file of its kind has, under those of
    `declaring` there are declarations by name.
    """
    broken = set[str]()
    kept: list[tuple[Text, Any]] = []
    for key, value in data.items():
        hit = [fault for fault in faults if _within(fault, key.span) or _within(fault, value.span)]
        if not hit:
            kept.append((key, value))
        elif key not in known or key not in declaring or not isinstance(value, Entries) or any(_within(fault, key.span) for fault in hit):
            broken |= set(_texts(value))
        else:
            entries, left_out = _sound_entries(value, hit, known if key == "modules" else (), declaring)
            kept.append((key, entries))
            broken |= left_out
    return Entries(kept, data.span), broken


def _sound_entries(section: Entries, faults: Collection[Span], known: Collection[str], declaring: Collection[str]) -> tuple[Entries, set[str]]:
    broken = set[str]()
    kept: list[tuple[Text, Any]] = []
    for name, value in section.items():
        hit = [fault for fault in faults if _within(fault, name.span) or _within(fault, value.span)]
        if not hit:
            kept.append((name, value))
        elif known and isinstance(value, Entries) and not any(_within(fault, name.span) for fault in hit):
            inner, left_out = sound_part(value, hit, known, declaring)
            kept.append((name, inner))
            broken |= left_out
        else:
            broken |= {str(name), *_texts(value)}
    return Entries(kept, section.span), broken


def _within(fault: Span, part: Span) -> bool:
    return fault.source is part.source and part.start <= fault.start < max(part.stop, part.start + 1)


def _texts(value: Any) -> Iterator[str]:
    """All keys and texts in some data: names that may be declared in it."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, Entries):
            pending.extend(current.keys())
            pending.extend(current.values())
        elif isinstance(current, Items):
            pending.extend(current)
        elif isinstance(current, Text) and current.isidentifier():
            yield str(current)


def independent(found: Iterable[Problem], broken: Collection[str]) -> Iterator[Problem]:
    """The problems that mention none of the names, neither in the marked text nor in the message."""
    for problem in found:
        span = problem.span
        words = _words(problem.message) | (_words(span.source.text[span.start : span.stop]) if span is not None else set())
        if not words & set(broken):
            yield problem


def _words(text: str) -> set[str]:
    return set("".join(c if c.isalnum() or c == "_" else " " for c in text).split())


def add_independent(problems: Problems, found: Iterable[Problem], broken: Collection[str]) -> None:
    """Add what has nothing to do with what was told before."""
    for problem in independent(found, broken):
        problems.add(problem)
