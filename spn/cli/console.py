"""Writing to the terminal: results to stdout, all else to stderr, neither able to carry control characters out of a model."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from spn.text.problems import ModelError, Problem

_HARMLESS = frozenset(map(ord, "\n\t"))
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in _HARMLESS}
_CONTROL |= {code: f"\\u{code:04x}" for code in (*range(0x200E, 0x2010), *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF)}


def clean(text: str) -> str:
    """The text with control characters (terminal escapes, changes of writing direction) spelled out."""
    return text.translate(_CONTROL)


def write(text: str) -> None:
    """A piece of the result, and the end of its line, on stdout."""
    sys.stdout.write(clean(text) + "\n")


def note(text: str) -> None:
    """A line for people, on stderr."""
    sys.stderr.write(clean(text) + "\n")
    sys.stderr.flush()


def show_problems(error: ModelError) -> None:
    """All problems of a model, then how many they are."""
    for problem in error.problems:
        note(problem.render())
    note(_count(error.problems))


def _count(problems: list[Problem]) -> str:
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    parts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    return ", ".join(parts)


def prepare_streams() -> None:
    """Let no character that the terminal's encoding lacks stop the output, nor a stream that was closed from the start (``>&-``)."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def close_quietly(stream: TextIO) -> None:
    """After the reader of a pipe has gone: let nothing more be written there, not even at exit."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):  # not a real file
        return
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, descriptor)
    os.close(devnull)
