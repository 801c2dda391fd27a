"""Getting at the text of a file, safely: size, kind of file, encoding, characters. What the text means is not looked at."""

from __future__ import annotations

import os
import re
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from spn.text.problems import Problems
from spn.text.source import Source, Span

MAX_BYTES = 20_000_000
"""The largest file that is read."""

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff\ufeff"
    "\u202a-\u202e\u2066-\u2069]"  # these turn the direction of writing, so that a text is not what it looks like
    r"|\r(?!\n)"
)
_TAB = re.compile(r"^ *\t[ \t]*(?=[^\s#])", re.MULTILINE)


def load_file(path: str | os.PathLike[str], problems: Problems, name: str | None = None) -> Source | None:
    """The text of a UTF-8 file, under `name` or its path. What is wrong with the file becomes a problem, and None."""
    shown = name if name is not None else os.fspath(path)
    data = _bytes(path, shown, problems)
    if data is None:
        return None
    return decode(data, shown, problems)


def _bytes(path: str | os.PathLike[str], shown: str, problems: Problems) -> bytes | None:
    """The content; nothing is opened that is not a plain file of bearable size (a pipe would block, a device never end)."""
    try:
        status = os.stat(path)
        if not S_ISREG(status.st_mode):
            what = "a directory" if S_ISDIR(status.st_mode) else "not a regular file"
            problems.error("unreadable-file", f"'{shown}' is {what}", None, "give the path of a model file")
            return None
        if status.st_size > MAX_BYTES:
            refuse_size(shown, problems)
            return None
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        problems.error("no-such-file", f"there is no file '{shown}'", None)
        return None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        problems.error("unreadable-file", f"'{shown}' cannot be read: {reason}", None)
        return None
    if len(data) > MAX_BYTES:
        refuse_size(shown, problems)
        return None
    return data


def refuse_size(shown: str, problems: Problems) -> None:
    """Note that a file is larger than any that is read."""
    problems.error("too-large", f"'{shown}' is larger than {MAX_BYTES // 1_000_000} MB, the most that is read", None)


def decode(data: bytes, shown: str, problems: Problems) -> Source | None:
    """The source that bytes in UTF-8 (with or without a byte order mark) hold."""
    try:
        return Source(shown, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        start = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        before = Source(shown, data[:start].decode("utf-8-sig", "replace"))
        hint = "a model is a text in UTF-8; this looks like something else" if b"\0" in data[:4096] else "save the file as UTF-8"
        problems.error("not-text", f"byte 0x{data[start]:02x} is not UTF-8", Span(before, len(before.text), len(before.text)), hint)
        return None


def is_clean(source: Source, problems: Problems) -> bool:
    """Whether a text has a bearable size and no characters that can hide something or that YAML readers disagree about."""
    text = source.text
    if len(text) > MAX_BYTES:
        refuse_size(source.name, problems)
        return False
    found = _FORBIDDEN.search(text, 1 if text.startswith("\ufeff") else 0)
    if found:
        span = Span(source, found.start(), found.end())
        problems.error("control-character", f"the character U+{ord(found[0]):04X} is not allowed", span, "remove it, or write it as an escape")
    tab = _TAB.search(text)
    if tab:
        at = text.index("\t", tab.start())
        problems.error("tab", "a tab in the indentation", Span(source, at, at + 1), "indent with spaces")
    return not found and not tab
