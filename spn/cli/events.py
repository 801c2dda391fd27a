"""One event as ``spn trace`` shows it: a row of columns, or a JSON object; with the marking, the tokens in the places that it changed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from spn.engine.reference import Event
from spn.engine.reference.prepared import PreparedNet
from spn.engine.trace import shown
from spn.expressions.tree import Value

MOST_TOKENS = 6
"""The most different tokens of one place that are listed."""

WIDEST = 40


class Follower:
    """The tokens of all places, from the initial marking on, by events alone."""

    def __init__(self, net: PreparedNet) -> None:
        self.net = net
        self._tokens: dict[tuple[int, int], Counter[Value | None]] = {}
        for number in range(len(net.places)):
            for element, count, value in net.initial_tokens(number):
                self._at(number, element)[value] += count

    def _at(self, place: int, element: int) -> Counter[Value | None]:
        return self._tokens.setdefault((place, element), Counter())

    def follow(self, event: Event) -> dict[tuple[int, int], Counter[Value | None]]:
        """The places that an event changed, with their tokens after it."""
        changed = {}
        for place, element, number, value in event.moves:
            tokens = self._at(place, element)
            tokens[value] += number
            if not tokens[value]:
                del tokens[value]
            changed[place, element] = tokens
        return changed


class Teller:
    """Writes the events of one net. `marking`: with the places that each has changed."""

    def __init__(self, net: PreparedNet, marking: bool) -> None:
        self.net = net
        self.marking = marking
        labels = [self._label(number, index) for number, kind in enumerate(net.net.transitions) if kind.size for index in {0, kind.size - 1}]
        self.width = min(max((len(label) for label in labels), default=10), WIDEST)

    def heading(self) -> str:
        """The names of the columns."""
        return f"{'time s':>18}  {'transition':<{self.width}}  tokens" + ("  |  marking" if self.marking else "")

    def row(self, event: Event, changed: dict[tuple[int, int], Counter[Value | None]]) -> str:
        """Time, transition with the values that it bound, what it moved."""
        name = " ".join([self._label(event.transition, event.index), *(f"{k}={v}" for k, v in self._binding(event).items())])
        moves = " ".join(f"{place}{'+' if number > 0 else '-'}{_many(abs(number), token)}" for place, number, token in self._moves(event))
        text = f"{event.time:>18.6f}  {name:<{self.width}}  {moves or '-'}"
        if not self.marking:
            return text
        return f"{text}  |  {', '.join(self._state(place, element, tokens) for (place, element), tokens in changed.items()) or '-'}"

    def data(self, event: Event, changed: dict[tuple[int, int], Counter[Value | None]]) -> dict[str, Any]:
        """The same for programs; times with all their digits."""
        data: dict[str, Any] = {
            "time": float(event.time),
            "transition": self._label(event.transition, event.index),
            "immediate": event.immediate,
            "binding": self._binding(event),
            "moves": [
                {"place": place, "tokens": number} | ({} if token is None else {"value": token}) for place, number, token in self._moves(event)
            ],
        }
        if self.marking:
            data["marking"] = {self._place(*where): self._counted(where[0], tokens) for where, tokens in changed.items()}
        return data

    def _label(self, number: int, index: int) -> str:
        return self.net.transition_label(number, index).replace(" ", "")

    def _place(self, number: int, element: int) -> str:
        return self.net.place_label(number, element).replace(" ", "")

    def _binding(self, event: Event) -> dict[str, str]:
        variables = self.net.net.transitions[event.transition].variables
        return {v.name: shown(value, v.type) for v, value in zip(variables, event.binding, strict=True) if value is not None}

    def _moves(self, event: Event) -> list[tuple[str, int, str | None]]:
        return [
            (self._place(place, element), number, None if token is None else shown(token, self.net.places[place].colour))
            for place, element, number, token in event.moves
        ]

    def _counted(self, place: int, tokens: Counter[Value | None]) -> int | dict[str, int]:
        if not self.net.valued[place]:
            return tokens.total()
        return {shown(value, self.net.places[place].colour): number for value, number in tokens.items() if value is not None}

    def _state(self, place: int, element: int, tokens: Counter[Value | None]) -> str:
        counted = self._counted(place, tokens)
        name = self._place(place, element)
        if isinstance(counted, int):
            return f"{name}={counted}"
        listed = [_many(number, text) for text, number in list(counted.items())[:MOST_TOKENS]]
        more = " ..." if len(counted) > MOST_TOKENS else ""
        return f"{name}={tokens.total()}" + (f" [{' '.join(listed)}{more}]" if listed else "")


def _many(number: int, token: str | None) -> str:
    if token is None:
        return str(number)
    text = token if token[:1] in "({" else f"({token})"
    return text if number == 1 else f"{number}*{text}"
