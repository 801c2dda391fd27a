"""What evaluating an expression can raise. Problems found before anything runs are in `spn.text.problems`."""

from __future__ import annotations

from spn.text.source import Span


class EvaluationError(Exception):
    """An expression has no value: division by zero, an integer beyond 64 bits, an index outside its table. `span` is where it is written."""

    def __init__(self, message: str, span: Span | None = None, row: int | None = None) -> None:
        super().__init__(message if row is None else f"{message} (at index {row})")
        self.message, self.span, self.row = message, span, row
