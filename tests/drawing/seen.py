"""What a DOT text shows: nodes with their labels as plain text, frames, and lines with their heads. No tests here."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from spn.drawing import draw
from spn.library import find_model, models_folder
from spn.resolver.resolve import Reading, load_reading, read_reading

_NODE = re.compile(r'"(?P<id>[^"]*)" \[(?P<attributes>.*)\];')
_LINE = re.compile(r'"(?P<tail>[^"]*)"(?::"?(?P<tail_port>\w+)"?)? -> "(?P<head>[^"]*)"(?::"?(?P<head_port>\w+)"?)? \[(?P<attributes>.*)\];')


@dataclass(frozen=True)
class Line:
    """A line: its ends, the head at its end, and what stands beside it."""

    tail: str
    head: str
    ends: tuple[str, str]
    arrow: str
    text: str
    attributes: str


@dataclass
class Seen:
    """`frames` are the frames by id, each with its title and the id of the frame around it; `within` the frame of each node."""

    nodes: dict[str, str] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    frames: dict[str, tuple[str, str]] = field(default_factory=dict)
    within: dict[str, str] = field(default_factory=dict)
    ranks: dict[str, set[str]] = field(default_factory=dict)
    legend: str = ""

    def between(self, tail: str, head: str) -> Line:
        """The one line from one node to another."""
        (found,) = [line for line in self.lines if (line.tail, line.head) == (tail, head)]
        return found


def plain(label: str) -> str:
    """A label without its markup; cells and lines are separated by spaces."""
    spaced = re.sub(r"<(?:BR|TD|/TD|TR|TABLE)[^>]*>", " ", label)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", spaced)).split())


def _label(attributes: str) -> str:
    found = re.search(r"label=<(.*?)>(?:, fontsize|\]?$|;)", attributes)
    return found[1] if found else ""


def seen(dot: str) -> Seen:
    """What a DOT text of `spn.drawing` shows, read line by line. Every line is of a known form, or this fails."""
    result = Seen()
    path = [""]
    lines = dot.splitlines()
    assert lines[0] == "digraph net {" and lines[-1] == "}"
    for text in map(str.strip, lines[4:-1]):
        if text.startswith("subgraph "):
            path.append(text.split('"')[1].removeprefix("cluster_"))
        elif text == "}":
            path.pop()
        elif text.startswith("graph ["):
            result.frames[path[-1]] = (plain(_label(text)), path[-2])
        elif text.startswith("label="):
            result.legend = plain(_label(text))
        elif match := re.fullmatch(r"\{ rank=(min|max); (.*) \}", text):
            result.ranks[match[1]] = set(re.findall(r'"([^"]*)"', match[2]))
        elif match := _LINE.fullmatch(text):
            attributes = match["attributes"]
            arrow = re.search(r"arrowhead=(\w+)", attributes)
            result.lines.append(
                Line(
                    match["tail"],
                    match["head"],
                    (match["tail_port"] or "", match["head_port"] or ""),
                    arrow[1] if arrow else "",
                    plain(_label(attributes)),
                    attributes,
                )
            )
        elif match := _NODE.fullmatch(text):
            result.nodes[match["id"]] = plain(_label(match["attributes"]))
            result.raw[match["id"]] = match["attributes"]
            result.within[match["id"]] = path[-1]
        else:
            raise AssertionError(f"an unknown line: {text}")
    assert path == [""]
    return result


def reading_of(model: str, **parameters: str) -> Reading:
    """A shipped model by name, or a model's text."""
    found = find_model(model)
    if found is not None:
        return load_reading(found, parameters, models_folder())
    return read_reading("spn: 1\n" + model, parameters, library=models_folder())


def drawn(model: str, *, module: str | None = None, unfold: bool = False, inside: bool = False, **parameters: str) -> Seen:
    """What the drawing of a model shows."""
    return seen(draw(reading_of(model, **parameters), module=module, unfold=unfold, inside=inside).dot)


EVERY_ARC = """
parameters: {most: 3, load: 0.8}
colours: {kind: [voice, video, data]}
places:
  queue: {colour: kind, order: fifo, capacity: 20, initial: [voice, voice, data]}
  idle: 3
  spare: 12
  busy: {over: k in kind, initial: 1 if k == voice else 0}
  lock: 1
  full: 0
  log: 0
transitions:
  arrive: {out: queue(voice), inhibit: most * lock, delay: exponential(rate=load / s), servers: infinite}
  serve:
    in: [queue(k), 2 * idle]
    test: lock
    guard: spare > 2 and (k == voice or spare > 5)
    out: busy(k)
    priority: 4
    weight: 2.5
  finish: {for: k in kind, in: busy(k), out: [2 * idle, log], delay: "erlang(k=3, mean=2 min)", memory: age}
  clear: {in: lock, out: lock, reset: [log, busy], delay: 1 h}
  fill: {inhibit: full, out: full, delay: deterministic(90 s)}
"""
