"""Where a fuzzer's text is put: its first character says whether it is a whole file or one expression of a model that is otherwise right."""

from __future__ import annotations

from tests.hostile.promise import Outcome, examine

MODEL = """\
spn: 1
parameters: {n: 3, t: 30 s, d: exponential(mean=1 h), b: true, w: [0.4, 0.6], k: {choice: [slow, fast], default: slow}}
colours: {kind: [voice, video], part: 1..n, pair: part * kind, customer: {at: time, kind: kind, hops: int}<colours>}
tables: {costs: [1, 2, 3]}
modules:
  unit:
    parameters: {m: 2}
    ports: {out: {over: 1..m}}
    places: {idle: 1}
    transitions: {go: {in: idle, out: [idle, out(1)], delay: 1 h}}
places: {a: 1, e: {over: part}, p: {colour: pair, initial: {"(1, voice)": 1}}, q: {colour: customer, order: fifo}<places>}
instances: {u: {module: unit, for: x in 1..2}}
transitions: {<transitions>}
measures: {<measures>}
"""

PLACES = {
    "1": ("transitions", "t: {in: [a, q(c), 'p(s, j)'], out: e(s), delay: 1 s, guard: @}"),
    "2": ("transitions", "t: {for: s in part, in: [a, q(c)], out: e(s), delay: @}"),
    "3": ("transitions", "t: {in: @, delay: 1 s}"),
    "4": ("transitions", "t: {for: x in part, in: [q(c), a], out: @, delay: 1 s}"),
    "5": ("measures", "m: {average: @}"),
    "6": ("places", ", z: {over: @}"),
    "7": ("places", ", z: {colour: kind, initial: [@]}"),
    "8": ("colours", ", z: @"),
}
"""A text is quoted where the ``@`` is. ``0`` is a whole file, and ``9`` a parameter's name, ``=``, and its value from outside."""


def examine_text(text: str, firings: int = 20) -> Outcome | None:
    """Hold a fuzzer's text to the promise, where it says that it stands."""
    kind, rest = text[:1], text[1:]
    if kind == "0":
        return examine(rest, None, firings)
    if kind == "9":
        name, _, value = rest.partition("=")
        return examine(_filled(), {name: value}, firings)
    if kind not in PLACES:
        return None
    section, entry = PLACES[kind]
    quoted = "'" + rest.replace("'", "''").replace("\n", " ") + "'"
    return examine(_filled(**{section: entry.replace("@", quoted)}), None, firings)


def _filled(**entries: str) -> str:
    model = MODEL
    for section in ("colours", "places", "transitions", "measures"):
        model = model.replace(f"<{section}>", entries.get(section, ""))
    return model


def examine_bytes(data: bytes) -> None:
    """The same, of what a fuzzer gives."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return
    examine_text(text)
