"""Which transitions and places of a net the patterns on a command line mean: ``fail``, ``fail(3)``, ``worker(2).*``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING

from spn.cli.exits import UsageError
from spn.text.problems import nearest

if TYPE_CHECKING:
    from spn.engine.reference.prepared import PreparedNet
    from spn.net.types import Place, Transition

MOST_NAMES = 100_000
"""The most names that are looked through for a pattern that is no name of a class."""

_ARGUMENTS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_VARIABLE = re.compile(r"(?<=[(,])\w+=")


def names_of(label: str, kind: str) -> tuple[str, ...]:
    """All that one element can be called: in full, without the names of variables, without indices, by its last part, by its class."""
    bare = _ARGUMENTS.sub("", label)
    short = _VARIABLE.sub("", label)
    return tuple(dict.fromkeys((label, short, bare, short.rpartition(").")[2].rpartition(".")[2] or short, bare.rpartition(".")[2], kind)))


class Selection:
    """What some patterns select; without any, everything. Raises `UsageError` for a pattern that means nothing in the net."""

    def __init__(self, net: PreparedNet, patterns: Sequence[str]) -> None:
        self.net = net
        self.patterns = tuple("".join(pattern.split()) for pattern in patterns)
        self.transition = cache(lambda number, index: self._meant(net.transition_label(number, index), net.net.transitions[number].name))
        """Whether a transition is selected, by the number of its class and its index."""
        self.place = cache(lambda number, element: self._meant(net.place_label(number, element), net.places[number].name))
        """Whether a place is, likewise."""
        for pattern in self.patterns:
            self._check(pattern)

    def _meant(self, label: str, kind: str) -> bool:
        return not self.patterns or any(fnmatchcase(name, _literal(pattern)) for name in names_of(label, kind) for pattern in self.patterns)

    def _check(self, pattern: str) -> None:
        known: dict[str, None] = {}
        for names in self._all_names():
            if any(fnmatchcase(name, _literal(pattern)) for name in names):
                return
            if len(known) < MOST_NAMES // 10:
                known.update(dict.fromkeys(names))
        hint = nearest(pattern, known) or f"there are {', '.join(list(known)[:8])}{' ...' if len(known) > 8 else ''}"
        raise UsageError(f"nothing is called '{pattern}', no transition and no place; {hint}")

    def _all_names(self) -> Iterator[tuple[str, ...]]:
        kinds: list[tuple[Sequence[Transition | Place], Callable[[int, int], str]]] = [
            (self.net.net.transitions, self.net.transition_label),
            (self.net.places, self.net.place_label),
        ]
        left = MOST_NAMES
        for classes, label in kinds:
            for number, each in enumerate(classes):
                yield (each.name,)
                for index in range(min(each.size, left)):
                    yield names_of(label(number, index).replace(" ", ""), each.name)
                left -= min(each.size, left)


def _literal(pattern: str) -> str:
    """The pattern for `fnmatch`, in which brackets are what they are in names."""
    return pattern.replace("[", "[[]")
