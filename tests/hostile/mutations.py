# ruff: noqa: E501 - a case is a line
"""Valid models with something changed at random: a few characters, words, or parts of the tree. A seed names a mutant."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from spn.building import writing
from spn.building.changing import plain_of, tree
from tests.hostile.promise import examine

ROOT = Path(__file__).parents[2]
SECONDS = 20
"""The most that a mutant may take, many times what any takes."""
FIRINGS = 300
STRANGE = list(" \n\t:,{}[]()#'\"&*!|>%@`\\-+=.~0159eE_sxé\u00a0\u200b\u202e\ufeff\0\x07\r\U0001f600")
WORDS = [
    *["and", "or", "not", "if", "else", "for", "in", "true", "false", "now", "sum", "all", "any", "min", "max", "count", "index", "mean", "0", "1", "-1", "2", "1e308", "1e-320", "0.5", "9223372036854775807", "10**30", "1..3", "1..0", "s", "h", "year", "%", "_"],
    *["infinite", "age", "resampling", "fifo", "random", "all", "null", ".nan", ".inf", "012", "1", "<<", "bool", "int", "time", "real", "30", "s", "1", "/", "h", "a(b)", "f(x=1)"],
]
PARTS = ("parameters", "places", "ports", "transitions", "instances", "measures")
UNKNOWN = ("dealy", "colour_", "x", "In", "outs", "mean", "description")


@dataclass
class Mutant:
    """What was changed in which file, and what came of it; `trouble` is how the promise was broken."""

    seed: int
    source: str
    kind: str
    text: str
    accepted: bool = False
    firings: int = 0
    end: str = ""
    codes: list[str] = field(default_factory=list)
    trouble: str = ""


@cache
def sources() -> list[tuple[Path, str]]:
    """The valid models that there are, and nets as `spn resolve` prints them."""
    folders = ("tests/conformance/valid", "models", "tests/cases")
    files = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.yaml"))
    nets = sorted((ROOT / "tests/conformance/valid").rglob("*.net.json"))
    texts = [(path, path.read_text(encoding="utf-8")) for path in [*files, *nets]]
    return [(path, text) for path, text in texts if "\nspn: 1\n" in f"\n{text}" or '"spn": 1' in text]


def examined(seed: int, firings: int = FIRINGS) -> Mutant:
    """The mutant of a seed, held to the promise."""
    random = Random(seed)
    path, text = random.choice(sources())
    kind, change = random.choice(KINDS)
    mutant = Mutant(seed, path.name, kind, text)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        mutant.text = change(mutant.text, random)
    try:
        with _limited():
            found = examine(mutant.text, None, firings, path.parent)
        mutant.accepted, mutant.firings, mutant.end, mutant.codes = found.net is not None, found.firings, found.end, sorted(found.codes)
        if kind == "unknown key" and mutant.accepted:
            mutant.trouble = "accepted with a key that nobody knows"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what this looks for
        mutant.trouble = f"{type(error).__name__}: {error}"
    return mutant


@contextmanager
def _limited():
    def late(number: int, frame: object) -> None:
        raise TimeoutError(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _characters(text: str, random: Random) -> str:
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(text) + 1)
        match random.randrange(4):
            case 0:
                text = text[:at] + text[at + 1 :]
            case 1:
                text = text[:at] + random.choice(STRANGE) + text[at:]
            case 2:
                text = text[:at] + random.choice(STRANGE) + text[at + 1 :]
            case _:
                text = text[:at] + text[at : at + random.randrange(1, 30)] * random.choice((2, 2, 50)) + text[at:]
    return text


def _tokens(text: str, random: Random) -> str:
    tokens = re.findall(r"\w+|\s+|.", text)
    words = [k for k, token in enumerate(tokens) if token.strip()]
    if not words:
        return text
    at, other = random.choice(words), random.choice(words)
    match random.randrange(5):
        case 0:
            tokens[at] = ""
        case 1:
            tokens[at] = f"{tokens[at]} {tokens[at]}"
        case 2:
            tokens[at], tokens[other] = tokens[other], tokens[at]
        case 3:
            tokens[at] = tokens[other]
        case _:
            tokens[at] = random.choice(WORDS)
    return "".join(tokens)


def _data(text: str) -> Any:
    node = tree(text)
    return None if node is None else plain_of(node)


def _slots(data: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Every (container, key) of the data."""
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in entries:
        found.append((data, key))
        _slots(value, found)
    return found


def _subtrees(text: str, random: Random) -> str:
    data = _data(text)
    slots = _slots(data, [])
    if not isinstance(data, dict) or not slots:
        return text
    holder, key = random.choice(slots)
    donor = _data(random.choice(sources())[1])
    other_holder, other_key = random.choice(_slots(donor, []) if random.random() < 0.5 else slots)
    match random.randrange(5):
        case 0:
            del holder[key]
        case 1 | 2:
            holder[key] = _copied(other_holder[other_key])
        case 3 if isinstance(holder, dict):
            holder[str(other_key)] = _copied(holder[key])
        case 3:
            holder.append(_copied(other_holder[other_key]))
        case _:
            holder[key] = random.choice((None, [], {}, 0, -1, True, "", "x", 1e300, 2**63, [_copied(holder[key])], {"x": _copied(holder[key])}, [1] * 50))
    return writing.document(data) if data else text


def _copied(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _copied(value) for key, value in data.items()}
    return [_copied(item) for item in data] if isinstance(data, list) else data


def _unknown_key(text: str, random: Random) -> str:
    """A key that no such part has, in a part of a model written at length, or in the model itself."""
    data = _data(text)
    if not isinstance(data, dict):
        return text
    places: list[tuple[dict[str, Any], tuple[str, ...]]] = [(data, ("description",))]
    for section in PARTS:
        for part in (data.get(section) or {}).values():
            if isinstance(part, dict):
                places.append((part, ("mean",) if section == "measures" else ()))
    holder, known = random.choice(places)
    holder[random.choice([key for key in UNKNOWN if key not in known])] = random.choice((1, "x", [1], {"a": 1}))
    return writing.document(data)


KINDS: list[tuple[str, Callable[[str, Random], str]]] = [
    ("characters", _characters),
    ("tokens", _tokens),
    ("tokens", _tokens),
    ("subtrees", _subtrees),
    ("subtrees", _subtrees),
    ("unknown key", _unknown_key),
]
