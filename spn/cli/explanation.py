"""What a diagnosis says, in words and as data: what ``spn run --explain`` adds to a result. What happened is found in `spn.engine.diagnosis`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from spn.cli.blocks import aligned
from spn.cli.wording import Wording, about, listed
from spn.engine.diagnosis import Diagnosis, Held, Kind, Obstacle, PlaceReport, TransitionReport
from spn.estimate.numbers import percent
from spn.expressions.tree import Expression, Tokens
from spn.expressions.walk import walk
from spn.net.types import Immediate, Timed, Transition

RARE = 10
"""What fires less often is rare: no precision can come from it."""

MOST_ROWS = 25

Rows = list[tuple[str, str]]


def explanation(diagnosis: Diagnosis) -> str:
    """The text: what never fired and why, what was rare, where tokens were, what held transitions back, what was dead."""
    return _Explanation(diagnosis).text()


def explanation_data(diagnosis: Diagnosis) -> dict[str, Any]:
    """The same for programs."""
    return _Explanation(diagnosis).data()


class _Explanation:
    def __init__(self, diagnosis: Diagnosis) -> None:
        self.diagnosis = diagnosis
        self.net = diagnosis.net
        self.wording = Wording(diagnosis.net.net)
        self.constant = _constant(diagnosis)

    def text(self) -> str:
        d = self.diagnosis
        lasted = f"{d.firings:,} firings, {about(d.time)}"
        head = f"explanation, by one run of the reference engine ({lasted}); 'spn trace ... --seed {d.seed}' shows it"
        if d.firings and d.time:
            head += f"\n  shares are of {d.looked_at:,} of its markings, and of the time that these lasted"
        sections: list[tuple[str, Rows]] = [
            (self._end(), self._standstill()),
            ("never fired", self._never()),
            (f"rare (fired less than {RARE} times)", self._rare()),
            ("tokens (mean, most, at the end)", self._tokens()),
            ("what held transitions back", self._back()),
        ]
        return "\n\n".join([head, *("\n".join([title, *_cut(rows)]) for title, rows in sections if title and rows)])

    # The end

    def _end(self) -> str:
        d = self.diagnosis
        if d.error is not None:
            return f"ended at {about(d.time)} with {d.error.code}"
        return f"dead from {about(d.time)} on: nothing can fire any more" if d.dead else ""

    def _standstill(self) -> Rows:
        d = self.diagnosis
        if not d.dead and d.error is None:
            return []
        rows = [] if d.error is None else [("error", d.error.message)]
        marking = [f"{self._place(place, element)}={number:,}" for place, element, number in d.marking]
        rows.append(("marking", listed(marking, 12) or "no tokens at all"))
        return rows + [self._last(report) for report in d.transitions] if d.dead else rows

    def _last(self, report: TransitionReport) -> tuple[str, str]:
        """What holds a class in the last marking, by the one of its indices that is nearest to being enabled."""
        final = {index: why for (number, index), why in self.diagnosis.final.items() if number == report.number}
        if not final:
            return self._name(report), "is not enabled"
        index = max(final, key=lambda each: final[each].kind)
        return self._transition(report.number, index), self._why(final[index], report.number, index)

    # Transitions

    def _never(self) -> Rows:
        rows: Rows = []
        for report in self.diagnosis.transitions:
            if not report.never:
                continue
            names = [self._transition(report.number, index) for index in report.examples[:2]]
            more = f" ... ({report.never:,} of {self.net.classes[report.number].transition.size:,})" if report.never > len(names) else ""
            name = ", ".join(names) + more if report.fired else self._name(report)
            reasons = self._reasons(report, report.examples)
            rows += [(name if k == 0 else "", reason) for k, reason in enumerate(reasons or ["nothing was seen to hold it"])]
        return rows

    def _reasons(self, report: TransitionReport, indices: Sequence[int]) -> list[str]:
        """What held it when it came nearest to being enabled, and what did so most of the time."""
        held = [each for each in report.held if each.index in indices]
        if not held:
            return []
        first = held[0].index
        own = [each for each in held if each.index == first]
        chosen = list(dict.fromkeys([max(own, key=lambda each: (each.obstacle.kind, each.markings)), max(own, key=lambda each: each.markings)]))
        return [f"{self._why(each.obstacle, report.number, first)} ({self._share(each)})" for each in chosen]

    def _rare(self) -> Rows:
        if self.diagnosis.firings < 10 * RARE:
            return []
        rare = [report for report in self.diagnosis.transitions if 0 < report.fired < RARE]
        return [(self._name(report), f"{report.fired} of {self.diagnosis.firings:,} firings") for report in rare]

    def _back(self) -> Rows:
        rows: Rows = []
        for report in self.diagnosis.transitions:
            if report.one is None:
                continue
            own = [each for each in report.held if each.index == report.one and each.obstacle.kind is not Kind.ENABLED]
            text = "; ".join(f"{self._why(each.obstacle, report.number, report.one)} ({self._share(each)})" for each in own[:3])
            rows.append((self._transition(report.number, report.one), f"fired {_times(report.fired)}; {text or 'always enabled'}"))
        return rows

    def _share(self, held: Held) -> str:
        if held.markings == 1:
            return "in every marking looked at"
        share = f"{_percent(held.markings)} of the markings"
        return share if math.isnan(held.time) else f"{share}, {_percent(held.time)} of the time"

    def _why(self, why: Obstacle, number: int, index: int) -> str:
        """What stands in the way, in words."""
        transition = self.net.net.transitions[number]
        place = self._place(why.place, why.element) if why.place >= 0 else ""
        match why.kind:
            case Kind.INPUT | Kind.TEST:
                return f"{self._lack(why, place)}{' (which it only tests)' if why.kind is Kind.TEST else ''}"
            case Kind.INHIBITOR:
                return f"'{place}' holds {'a token' if why.need == 1 else f'{why.need:,} tokens or more'}, which inhibits it"
            case Kind.GUARD:
                assert transition.guard is not None
                return f"its guard is false: {self._guard(transition, transition.guard, index)}"
            case Kind.CAPACITY:
                return f"'{place}' has no room (capacity {why.need:,})"
            case Kind.WEIGHT:
                return "its weight is 0"
            case Kind.NO_SERVER:
                return "it has no servers"
            case _:
                return _passed_over(
                    transition.timing, self.wording.mean(transition.timing.delay, transition) if isinstance(transition.timing, Timed) else None
                )

    def _guard(self, transition: Transition, guard: Expression, index: int) -> str:
        """The guard as it is written and, where it reads the marking, as it is here."""
        here = self.wording.at(guard, transition, index)
        span = guard.span
        written = " ".join(span.source.text[span.start : span.stop].split()) if span is not None else here
        return written if written == here or not any(isinstance(node, Tokens) for node in walk(guard)) else f"{written}, which is here {here}"

    def _lack(self, why: Obstacle, place: str) -> str:
        """Too few tokens, and whether there ever were as many."""
        if why.enough:
            return f"no token in '{place}' fits"
        text = f"'{place}' is empty" if why.need == 1 else f"'{place}' has fewer than {why.need:,} tokens"
        most = self.diagnosis.most.get((why.place, why.element), self.constant(why.place, why.element))
        if most >= why.need:
            return text
        return f"{text}, and {'never had one' if why.need == 1 else f'never had more than {most:,}'}"

    # Tokens

    def _tokens(self) -> Rows:
        return [
            (self._place(report.place, report.element), _pile(report)) for report in self.diagnosis.places[:12] if report.most > 1 or report.growing
        ]

    def _transition(self, number: int, index: int) -> str:
        return self.net.transition_label(number, index).replace(" ", "")

    def _place(self, number: int, element: int) -> str:
        return self.net.place_label(number, element).replace(" ", "")

    def _name(self, report: TransitionReport) -> str:
        transition = self.net.net.transitions[report.number]
        return self._transition(report.number, 0) if transition.size == 1 else f"{transition.name} (all {transition.size:,})"

    # Data

    def data(self) -> dict[str, Any]:
        d = self.diagnosis
        return {
            "engine": "reference",
            "seed": d.seed,
            "firings": d.firings,
            "time_s": d.time,
            "end": "error" if d.error else "dead" if d.dead else "limit",
            "error": None if d.error is None else {"code": d.error.code, "message": d.error.message},
            "marking_at_end": {self._place(place, element): number for place, element, number in d.marking},
            "transitions": [self._transition_data(report) for report in d.transitions],
            "places": [
                {"place": self._place(p.place, p.element), "mean": p.mean, "most": p.most, "last": p.last, "growing": p.growing} for p in d.places
            ],
        }

    def _transition_data(self, report: TransitionReport) -> dict[str, Any]:
        return {
            "transition": self.net.net.transitions[report.number].name,
            "fired": report.fired,
            "never_fired": report.never,
            "never_fired_examples": [self._transition(report.number, index) for index in report.examples],
            "held": [
                {
                    "transition": self._transition(report.number, each.index),
                    "by": each.obstacle.kind.name.lower(),
                    "place": self._place(each.obstacle.place, each.obstacle.element) if each.obstacle.place >= 0 else None,
                    "share_of_markings": each.markings,
                    "share_of_time": each.time,
                    "text": "" if each.obstacle.kind is Kind.ENABLED else self._why(each.obstacle, report.number, each.index),
                }
                for each in report.held
            ],
        }


def _constant(diagnosis: Diagnosis) -> Callable[[int, int], int]:
    """The tokens of elements that never changed."""

    def tokens(place: int, element: int) -> int:
        return sum(number for at, number, _ in diagnosis.net.initial_tokens(place) if at == element)

    return tokens


def _passed_over(timing: Immediate | Timed, mean: float | None) -> str:
    """Why what is enabled does not fire."""
    if isinstance(timing, Immediate):
        return "it was enabled, but others went first: of a higher priority, or by chance"
    delay = "" if mean is None else f" of mean {about(mean)}"
    return f"it was enabled, but its delay{delay} never ran out{'' if timing.memory == 'age' else ' (whatever disables it starts it anew)'}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _percent(share: float) -> str:
    return "under 0.01 %" if 0 <= share < 1e-4 else percent(share)


def _pile(report: PlaceReport) -> str:
    text = f"{report.mean:.4g}, {report.most:,}, {report.last:,}"
    return f"{text}  growing: far more in the second half of the run than in the first" if report.growing else text


def _cut(rows: Rows) -> list[str]:
    shown = aligned(rows[:MOST_ROWS])
    return shown if len(rows) <= MOST_ROWS else [*shown, f"  and {len(rows) - MOST_ROWS:,} more"]
