"""Random models over the whole language, as plain data that YAML (being JSON's superset) reads. For hypothesis; no tests here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

Data = dict[str, Any]
Draw = Callable[[Any], Any]

DELAYS = (
    "exponential(rate={rate})",
    "exponential(mean=2 s)",
    "uniform(1 s, {span} + 1 s)",
    "deterministic({span})",
    "lognormal(mean={span}, sigma=0.4)",
    "weibull(shape={load}, scale=2 s)",
    "erlang(k=2, mean={span})",
    "hyperexponential(weights={weights}, rates={rates})",
    "hyperexponential(weights=[0.5, {load}], means=[1 s, {span}])",
    "hypoexponential(rates={rates})",
    "{dist}",
    "{dist} if {flag} else {span}",
    "{span}",
    "2",
)


@dataclass(frozen=True)
class Sight:
    """What may be named where an expression stands."""

    numbers: tuple[str, ...] = ("0", "1", "2")
    truths: tuple[str, ...] = ("true",)
    kinds: tuple[str, ...] = ("x", "y", "z")
    reads: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)

    def also(self, **more: tuple[str, ...]) -> Sight:
        return replace(self, **{key: getattr(self, key) + value for key, value in more.items()})


def one(draw: Draw, *options: Any) -> Any:
    return draw(st.sampled_from(options))


def maybe(draw: Draw) -> bool:
    return bool(draw(st.booleans()))


def number(draw: Draw, sight: Sight, depth: int = 2, reads: bool = True) -> str:
    """An integer of small size."""
    atoms = [*sight.numbers, *(sight.reads if reads else ())]
    if depth == 0:
        return str(one(draw, *atoms))

    def inner() -> str:
        return number(draw, sight, depth - 1, reads)

    match draw(st.integers(0, 8)):
        case 0:
            return f"({inner()} + {inner()})"
        case 1:
            return f"({inner()} - {inner()})"
        case 2:
            return f"min({inner()}, {inner()})"
        case 3:
            return f"({inner()} if {truth(draw, sight, depth - 1, reads)} else {inner()})"
        case 4:
            return f"costs[({inner()}) % 3]"
        case 5:
            return f"index({kind(draw, sight)})" if depth < 2 else f"sum(q * {inner()} for q in 1..2 if q != {inner()})"
        case 6:
            return f"count({truth(draw, sight.also(kinds=('v',)), depth - 1, reads)} for v in kind)"
        case _:
            return str(one(draw, *atoms))


def truth(draw: Draw, sight: Sight, depth: int = 1, reads: bool = True) -> str:
    if depth <= 0:
        return str(one(draw, *sight.truths))
    match draw(st.integers(0, 4)):
        case 0:
            return f"{number(draw, sight, depth - 1, reads)} {one(draw, '<', '<=', '==', '!=')} {number(draw, sight, depth - 1, reads)}"
        case 1:
            return f"({truth(draw, sight, depth - 1, reads)} {one(draw, 'and', 'or')} not {truth(draw, sight, depth - 1, reads)})"
        case 2:
            return f"{kind(draw, sight)} {one(draw, '==', '!=')} {one(draw, 'kind.x', 'kind.y', *sight.kinds[3:])}"
        case 3:
            return f"{one(draw, 'any', 'all')}({truth(draw, sight.also(numbers=('w',)), depth - 1, reads)} for w in 1..2)"
        case _:
            return str(one(draw, *sight.truths))


def kind(draw: Draw, sight: Sight) -> str:
    found = str(one(draw, *sight.kinds))
    return f"kind.{found}" if found in "xyz" else found


def delay(draw: Draw, sight: Sight) -> str:
    return str(one(draw, *DELAYS)).format(**sight.names)


def parameters(draw: Draw) -> Data:
    n = draw(st.integers(1, 3))
    return {
        "n": n if maybe(draw) else {"default": n, "min": 0, "max": 9},
        "flag": maybe(draw),
        "load": one(draw, 0.5, 2, 1.25),
        "rate": one(draw, "0.5 / s", "1 / (2 s)", 2),
        "span": one(draw, "3 s", "2 * 1 s", "1.5 s"),
        "dist": one(draw, "exponential(rate=rate)", "uniform(0 s, span)", "deterministic(span)", "lognormal(mean=span, sd=1 s)"),
        "pick": {"choice": ["one", "two"], "default": one(draw, "one", "two")},
        "rates": one(draw, ["rate", "2 * rate"], ["1 / s", "2 / s"]),
        "weights": one(draw, [1, 2], [0.25, 0.75]),
        "favourite": {"type": "kind", "default": one(draw, "x", "z")},
    }


NAMES = {key: key for key in ("rate", "span", "load", "dist", "flag", "rates", "weights")}
COLOURS = {
    "kind": ["x", "y", "z"],
    "section": "1..n",
    "pair": "section * kind",
    "item": {"at": "time", "kind": "kind", "hops": "section", "size": "real"},
}


def common(draw: Draw) -> Data:
    return {"parameters": parameters(draw), "colours": dict(COLOURS), "tables": {"costs": one(draw, [1, 2, 4], [0, 1, 2], [3, 1, 2])}}


BASE = Sight(
    numbers=("0", "1", "2", "n"),
    truths=("true", "flag", "pick == one"),
    kinds=("x", "y", "z", "favourite"),
    reads=("up", "lane", "lane(1)", "bag", "bag(kind.x)", "boxes(_)", "pairs(_, y)", "sum(lane(s) for s in section)"),
    names=NAMES,
)
READS = (*BASE.reads[:-1],)


def places(draw: Draw) -> Data:
    return {
        "up": draw(st.integers(0, 2)),
        "lane": {"over": "section", "initial": number(draw, BASE.also(numbers=("i",)), 1, reads=False).replace("-", "+")},
        "wide": {"over": ["a in section", "kind"], "initial": one(draw, 0, 1, "1 if a == 1 else 0")},
        "flags": {"over": "bool", "initial": 1},
        "bag": {"colour": "kind", "initial": one(draw, {"x": 1, "z": 2}, ["y", "y"], "all")} | ({"capacity": 9} if maybe(draw) else {}),
        "boxes": {"over": "section", "colour": "kind", "order": one(draw, "multiset", "fifo", "lifo", "random"), "initial": {"y": "i"}},
        "numbers": {"colour": "section", "initial": "all", "order": one(draw, "multiset", "random")},
        "pairs": {"colour": "pair", "initial": ["(1, x)", "(n, y)"]},
        "items": {
            "colour": "item",
            "order": one(draw, "fifo", "multiset"),
            "initial": [f"item(at=0 s, kind=favourite, hops=1, size={one(draw, 1, 'load')})"],
        },
        "bits": {"colour": "bool", "initial": {"true": 1, "false": "n"}},
    }


def transition(draw: Draw, sight: Sight) -> Data:
    """A transition whose arcs and expressions are drawn."""
    found: Data = {}
    if maybe(draw):
        found["for"] = one(draw, "s in section", ["s in section", "e in kind"], "s in 1..2 * n", "b in bool")
        loops = " ".join([found["for"]] if isinstance(found["for"], str) else found["for"])
        if "s in section" in loops:
            sight = sight.also(numbers=("s",), reads=("lane(s)", "wide(s, y)"))
        elif "s in 1" in loops:
            sight = sight.also(numbers=("s",))
        if "e in" in loops:
            sight = sight.also(kinds=("e",), reads=("wide(1, e)",))
        if "b in" in loops:
            sight = sight.also(truths=("b",), reads=("flags(b)",))
    inputs, tests = [], []
    for arcs in (inputs, tests):
        for _ in range(draw(st.integers(0, 2)) if arcs is inputs else draw(st.integers(0, 1))):
            text, sight = input_arc(draw, sight)
            if text is not None:
                arcs.append(text)
    found |= {"in": inputs or ["up"]} | ({"test": tests} if tests else {})
    found["out"] = [output_arc(draw, sight) for _ in range(draw(st.integers(1, 2)))]
    if draw(st.integers(0, 3)) == 0:
        found["inhibit"] = one(draw, "3 * up", ["2 * lane(1)", "bag(z)"], "5 * bag", "2 * boxes(q, x) for q in section", {"up": 4, "flags(true)": 3})
    if draw(st.integers(0, 3)) == 0:
        found["reset"] = one(
            draw, "lane", "lane(n)", ["bag(x)", "pairs(_, y)"], "boxes(q, _) for q in section if flag", "items", "wide", "(1 if flag else 0) * up"
        )
    if maybe(draw):
        found["guard"] = truth(draw, sight, 2)
    if draw(st.integers(0, 3)) > 0:
        found["delay"] = delay(draw, sight)
        if maybe(draw):
            found["memory"] = one(draw, "age", "resampling", "age if flag else enabling", "enabling")
        if maybe(draw):
            found["servers"] = one(draw, 2, "infinite", "n", "1 + up")
    elif maybe(draw):
        found["weight"] = one(draw, 2, "load", f"1 + ({number(draw, sight, 1)}) ** 2", "2 if flag else 0.5")
    if maybe(draw):
        found["priority"] = one(draw, 1, 2, "n", "3 if flag else 1")
    if maybe(draw):
        found["when"] = one(draw, "true", "flag", "not flag or n > 1", "pick == two", "favourite == x")
    return found


def input_arc(draw: Draw, sight: Sight) -> tuple[str | None, Sight]:
    options = {
        "up": sight,
        "2 * up": sight,
        "lane(1)": sight,
        "lane(s) for s in section if s != 2": sight,
        "wide(1, kind.y)": sight,
        "flags(flag)": sight,
        "(1 if flag else 0) * lane(n)": sight,
        "bag(_)": sight,
        "bag(favourite)": sight,
        "boxes(1, _)": sight,
        "bag(c)": sight.also(kinds=("c",), reads=("wide(1, c)", "bag(c)")),
        "boxes(n, c2)": sight.also(kinds=("c2",)),
        "numbers(m)": sight.also(numbers=("m",), reads=("lane(m)", "boxes(m, x)", "numbers(m)")),
        "pairs(m2, c3)": sight.also(numbers=("m2",), kinds=("c3",)),
        "pairs(p)": sight.also(numbers=("p.first",), kinds=("p.second", "p.kind")),
        "pairs(1, _)": sight,
        "items(t)": sight.also(numbers=("t.hops",), kinds=("t.kind",), truths=("t.size > load", "now - t.at > span"), items=("t",)),
        "items(kind=c4, size=z1)": sight.also(kinds=("c4",), truths=("z1 < 2",)),
        "bits(b2)": sight.also(truths=("b2",), reads=("flags(b2)",)),
    }
    text = str(one(draw, *options))
    bound = [
        name for name in ("c", "c2", "m", "m2", "c3", "p", "t", "c4", "z1", "b2") if f"({name}" in text or f"={name}" in text or f", {name})" in text
    ]
    used = getattr(sight, "names", {})
    if any(name in used for name in bound) or ("for s in" in text and "s" in sight.numbers):
        return None, sight
    after = options[text]
    return text, replace(after, names={**after.names, **{name: name for name in bound}})


def output_arc(draw: Draw, sight: Sight) -> str:
    many = f"min(2, max(0, {number(draw, sight, 1)}))"
    hops = f"1 + max(0, {number(draw, sight, 1)}) % n"
    item = f"items(at=now, kind={kind(draw, sight)}, hops={hops}, size=1)"
    options = [
        "up",
        f"{many} * up",
        f"lane({hops})",
        "lane(q) for q in section if q != 1",
        f"wide(q, {kind(draw, sight)}) for q in section",
        "wide(1, q) for q in kind",
        f"flags({truth(draw, sight, 1)})",
        f"bag({kind(draw, sight)})",
        f"bag({kind(draw, sight)} if {truth(draw, sight, 1)} else y)",
        f"boxes({hops}, {kind(draw, sight)})",
        f"numbers({hops})",
        f"pairs({hops}, {kind(draw, sight)})",
        item,
        f"bits({truth(draw, sight, 1)})",
        f"bits(q == y) for q in kind if {truth(draw, sight, 0)}",
    ]
    if sight.items:
        options += [f"items({sight.items[0]}, hops={hops})", f"items({sight.items[0]}, size=n)"]
    return str(one(draw, *options))


def leaf(draw: Draw) -> Data:
    """A module with ports of every kind, an array of them, and perhaps an instance of itself."""
    sight = Sight(
        numbers=("0", "1", "k"),
        truths=("true", "on"),
        reads=("here", "entry", "doors", "post", "sum(doors(d) for d in 1..k)"),
        names={"rate": "own_rate", "span": "own_span", "load": "2.0", "dist": "own_delay", "flag": "on", "rates": "own_rates", "weights": "[1, 2]"},
    )
    sight = replace(sight, names=sight.names)
    found: Data = {
        "parameters": {
            "k": 2,
            "on": True,
            "own_rate": "1 / s",
            "own_span": "1 s",
            "own_delay": one(draw, "exponential(mean=own_span)", "uniform(0 s, own_span)"),
            "own_rates": ["1 / s", "3 / s"],
            "depth": 0,
        },
        "colours": {"kind": ["x", "y", "z"], "door": "1..k"},
        "tables": {"costs": [1, 2, 3]},
        "ports": {
            "entry": 0,
            "doors": {"over": "door"} | ({"initial": 1} if maybe(draw) else {}),
            "post": {"colour": "kind"},
            "spare": {"over": "door", "colour": "kind"},
        },
        "places": {"here": draw(st.integers(0, 1)), "c": {"colour": "kind", "initial": {"y": 1}}, "boxed": {"over": "door", "when": "on"}},
        "transitions": {},
    }
    for number_ in range(draw(st.integers(1, 3))):
        entry: Data = {
            "in": one(draw, "here", "entry", "doors(1)", "doors(d) for d in door", ["here", "post(v9)"], "c(u)", "spare(1, _)"),
            "out": one(draw, "here", ["entry", "doors(k)"], "post(y)", "spare(d, x) for d in door", "c(z)", "boxed(1)" if maybe(draw) else "here"),
        }
        if "boxed" in str(entry):
            entry["when"] = "on"
        if draw(st.integers(0, 3)) > 0:
            entry["delay"] = delay(draw, sight)
        if maybe(draw):
            entry["guard"] = truth(draw, sight, 2)
        if maybe(draw) and "in door" not in str(entry):
            entry["for"] = "g in door"
        found["transitions"][f"act{number_}"] = entry
    if maybe(draw):
        found["instances"] = {
            "below": {
                "module": "self",
                "when": "depth > 0",
                "with": {"depth": "depth - 1", "k": "k"},
                "connect": one(draw, {}, {"entry": "here"}, {"doors": "doors"}, {"doors(d)": "doors(d) for d in door", "post": "c"}),
            }
        }
    return found


@st.composite
def models(draw: Draw) -> Data:
    """A whole model."""
    root: Data = {"spn": 1, **common(draw), "places": places(draw), "transitions": {}, "measures": {}}
    with_modules = maybe(draw)
    reads = BASE
    if with_modules:
        instances(draw, root)
        if "worker" in root["instances"]:
            reads = reads.also(
                reads=(
                    "worker(1).here",
                    "sum(a.here for a in part)",
                    "count(a.entry == 0 for a in part)",
                    "solo.doors(1)",
                    "solo.doors",
                    "worker.here",
                )
            )
    for number_ in range(draw(st.integers(1, 4))):
        root["transitions"][f"t{number_}"] = transition(draw, reads)
    measures(draw, root, reads)
    return root


def instances(draw: Draw, root: Data) -> None:
    module = leaf(draw)
    if "instances" in module:
        # A module written in place cannot name itself; a second one is as good, and its own `below` ends there.
        lower = leaf(draw)
        lower.pop("instances", None)
        module["modules"] = {"self": lower}
        module["instances"]["below"]["with"] = {"k": "k"}
        module["instances"]["below"]["when"] = "depth > 0"
    root["modules"] = {"part": module}
    arguments = {
        "k": one(draw, 2, "n"),
        "on": one(draw, "flag", "true"),
        "own_rate": one(draw, "rate", "2 / s"),
        "own_delay": one(draw, "dist", "exponential(mean=span)", "2 s"),
        "depth": one(draw, 0, 1),
    }
    root["instances"] = {
        "solo": {"module": "part", "with": dict(arguments), "connect": one(draw, {}, {"entry": "up"}, {"post": "bag"}, {"entry": "lane(1)"})},
        "worker": {
            "module": "part",
            "for": one(draw, "w in section", "w in 1..2"),
            "with": {
                **arguments,
                "k": one(draw, "n", "w", 2),
                "own_span": "w * 1 s",
                "own_rates": one(draw, ["1 / s", "w / (1 s)"], ["1 / s", "2 / s", "3 / s"]),
                "on": one(draw, "true", "w == 1", "flag"),
            },
            "connect": one(draw, {}, {"entry": "solo.entry"}, {"post": "bag", "entry": "up"}, {"spare(d)": "boxes(1) for d in 1..1"}),
        },
    }
    if maybe(draw):
        root["instances"]["grid"] = {
            "module": "part",
            "for": ["w in section", "e in kind"],
            "with": {"k": "n"},
            "when": one(draw, "true", "w != 2", "e != y"),
            "connect": one(draw, {"entry": "wide(w, e)"}, {"entry": "worker(1).entry"}, {"doors": "lane"}),
        }


def measures(draw: Draw, root: Data, sight: Sight) -> None:
    first = next(iter(root["transitions"]))
    found: Data = {
        "share": {"availability": truth(draw, sight, 2)},
        "mean": {"average": number(draw, sight, 2), "at": "10 s"},
        "total": {"integral": number(draw, sight, 1), "over": one(draw, "8 s", ["1 s", "3 * span + 2 s"])},
        "often": {"rate": one(draw, first, [first, first])},
        "number": {"count": first, "until": truth(draw, sight, 1)},
        "value": {"tally": number(draw, sight, 1), "on": first, "quantiles": ["50 %", 0.9], "over": "1 h"},
        "first": {"first_passage": truth(draw, sight, 1), "within": "1 min"} if maybe(draw) else {"first_passage": truth(draw, sight, 1)},
    }
    if "instances" in root:
        found["acts"] = {"count": one(draw, "solo.act0", "worker.act0", "worker(1).act0", "a.act0 for a in part"), "over": "1 min"}
    for name in list(found):
        if maybe(draw):
            root["measures"][name] = found[name]
