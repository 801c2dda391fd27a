"""Problems of a model: what is wrong, where, and what would help. Collected, so that all are told at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from difflib import get_close_matches
from typing import Literal

from spn.records import dataclass
from spn.text.source import Span


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. `code` is short and stable (``unknown-name``); `hint` says what to do, if anything is known."""

    code: str
    message: str
    span: Span | None
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"

    def render(self) -> str:
        """``file:line:column: code: message``, then the line with a caret under the span, then the hint."""
        if self.span is None:
            return "\n".join(filter(None, [f"{self.code}: {self.message}", self.hint and f"    hint: {self.hint}"]))
        place = self.span.source.place(self.span.start)
        column, text = place.column, place.text
        mark = "" if self.severity == "error" else "warning: "
        parts = [f"{place.name}:{place.line}:{column}: {self.code}: {mark}{self.message}"]
        if text.strip():
            shown, shift = _window(text, column - 1)
            width = max(1, min(self.span.stop - self.span.start, len(text) - column + 1, len(shown) - (column - 1 - shift)))
            lead = "".join("\t" if c == "\t" else " " for c in shown[: column - 1 - shift])
            parts += [f"    {shown}", f"    {lead}{'^' * width}"]
        if self.hint:
            parts.append(f"    hint: {self.hint}")
        if place.note:
            parts.append(f"    {place.note}")
        return "\n".join(parts)


def _window(text: str, column: int, width: int = 160) -> tuple[str, int]:
    """A stretch of a long line around `column`, and where it starts."""
    if len(text) <= width:
        return text, 0
    start = max(0, min(column - width // 3, len(text) - width))
    return text[start : start + width], start


class ModelError(Exception):
    """A model has errors; `problems` holds all of them, in the order of their positions."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=_order)
        super().__init__("\n".join(problem.render() for problem in self.problems))


def _order(problem: Problem) -> tuple[str, int]:
    return (problem.span.source.name, problem.span.start) if problem.span else ("", 0)


@dataclass(slots=True)
class Problems:
    """Collects problems while a model is read; `stop_if_any` raises them all together."""

    found: list[Problem] = field(default_factory=list)
    limit: int = 200
    _seen: set[tuple[str, str, int]] = field(default_factory=set, repr=False)

    def error(self, code: str, message: str, span: Span | None, hint: str | None = None) -> None:
        self.add(Problem(code, one_line(message), span, hint and one_line(hint)))

    def warning(self, code: str, message: str, span: Span | None, hint: str | None = None) -> None:
        self.add(Problem(code, one_line(message), span, hint and one_line(hint), "warning"))

    def add(self, problem: Problem) -> None:
        """Note a problem, unless it has been noted. So many errors end it; of more warnings the rest is not told."""
        key = (problem.code, problem.message, problem.span.start if problem.span else -1)
        if key in self._seen:
            return
        self._seen.add(key)
        alike = sum(known.severity == problem.severity for known in self.found)
        if problem.severity == "warning" and alike >= self.limit:
            return  # the model is good all the same
        self.found.append(problem)
        if problem.severity == "error" and alike + 1 >= self.limit:
            self.found.append(Problem("too-many", f"more than {self.limit} problems; the rest is not shown", None))
            raise ModelError(self.found)

    @property
    def errors(self) -> Iterator[Problem]:
        return (problem for problem in self.found if problem.severity == "error")

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.found if problem.severity == "warning"]

    def stop_if_any(self) -> None:
        """Raise a `ModelError` with everything found if any of it is an error."""
        if any(True for _ in self.errors):
            raise ModelError(self.found)


MAX_MESSAGE = 600
"""The longest message or hint, which may quote names as long as somebody cares to make them."""


def one_line(message: str) -> str:
    """A message that may quote anything, as one printable line of bearable length."""
    if len(message) > MAX_MESSAGE:
        message = f"{message[: MAX_MESSAGE - 103]}...{message[-100:]}"
    return message if message.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in message)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """A hint with the known name that is nearest to a mistyped one, if one is near."""
    names = list(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6) or [other for other in names if len(name) >= 3 and other.startswith(name)][:1]
    return f"did you mean '{close[0]}'?" if close else None
