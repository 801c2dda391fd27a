"""Random expressions and delays as text, over what can be named where they stand. No tests here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any

COMPONENTS = {
    "kind": ("kind",),
    "section": ("section",),
    "bool": ("bool",),
    "pair": ("section", "kind"),
    "item": ("real", "kind", "int", "section", "bool"),
}
FIELDS = {"at": "real", "kind": "kind", "hops": "int", "place": "section", "odd": "bool"}


@dataclass(frozen=True)
class Place:
    """A place that arcs and expressions may name. `text` is its name; tokens go by immediate transitions only to places of higher `rank`."""

    text: str
    over: tuple[str, ...] = ()
    colour: str | None = None
    order: str = "multiset"
    rank: int = 0
    bounded: bool = False
    """Whether it has a capacity."""

    @property
    def components(self) -> tuple[str, ...]:
        return COMPONENTS[self.colour] if self.colour else ()


@dataclass(frozen=True)
class Scope:
    """What can be named where an expression stands: variables by type, and places."""

    places: tuple[Place, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    wild: bool = False
    """Whether values may be out of range."""

    def of(self, type: str) -> list[str]:
        found = [text for of, text in self.variables if of == type]
        for of, text in self.variables:
            if of == "item":
                found += [f"{text}.{name}" for name, its in FIELDS.items() if its == type]
            elif of == "pair" and type in COMPONENTS["pair"]:
                found.append(f"{text}.{'first' if type == 'section' else 'second'}")
        return found

    def also(self, type: str, text: str) -> Scope:
        return replace(self, variables=(*self.variables, (type, text)))


class Expressions:
    """Expressions as text, by type. All depend on what `r` gives."""

    def __init__(self, r: Random) -> None:
        self.r = r
        self.names = 0

    def one(self, *options: Any) -> Any:
        """One of the options; those that draw something themselves are given as functions."""
        chosen = options[self.r.randrange(len(options))]
        return chosen() if callable(chosen) else chosen

    def chance(self, percent: int) -> bool:
        return self.r.randrange(100) >= 100 - percent

    def fresh(self, letter: str) -> str:
        self.names += 1
        return f"{letter}{self.names}"

    def value(self, type: str, s: Scope, depth: int = 1) -> str:
        match type:
            case "section":
                known = s.of("section")
                if known and self.chance(60):
                    return self.one(*known)
                if s.wild and self.chance(15):
                    return self.integer(s, depth)
                return self.one("1", "n", lambda: f"1 + abs({self.integer(s, depth)}) % n", "n", "1") if depth > 0 else self.one("1", "n")
            case "kind":
                known = s.of("kind")
                if known and self.chance(60):
                    return self.one(*known)
                if depth and self.chance(30):
                    return f"({self.value('kind', s, 0)} if {self.truth(s, depth - 1)} else {self.value('kind', s, 0)})"
                return self.one("kind.x", "kind.y", "kind.z", "favourite")
            case "bool":
                return self.truth(s, depth)
            case "int":
                return self.integer(s, depth)
            case _:
                return self.real(s, depth)

    def element(self, place: Place, s: Scope, depth: int = 1) -> list[str]:
        return [self.value(type, s, depth) for type in place.over]

    def count(self, s: Scope, depth: int) -> str:
        """The number of tokens somewhere."""
        place = self.one(*s.places)
        if not place.over and place.colour is None:
            return place.text
        entries = self.element(place, s, depth)
        if place.over and self.chance(25):
            variables = [self.fresh("w") for _ in place.over]
            if len(place.over) == 1:
                inside = f"{place.text}({variables[0]})"
                if place.colour is None:
                    return self.one(
                        place.text, f"sum({inside} for {variables[0]} in {place.over[0]})", f"max({inside} for {variables[0]} in {place.over[0]})"
                    )
            return place.text
        if place.colour and place.colour != "item" and self.chance(60):
            entries += [self.one("_", lambda type=type: self.value(type, s, depth)) for type in place.components]
        return f"{place.text}({', '.join(entries)})" if entries else place.text

    def integer(self, s: Scope, depth: int = 1) -> str:
        r = self.r.randrange(16)
        known = [*s.of("section"), *s.of("int")]
        if depth <= 0 or r < 5:
            if known and self.chance(40):
                return self.one(*known)
            return self.count(s, depth - 1) if s.places and self.chance(55) else self.one("0", "1", "2", "n")

        def inner() -> str:
            return self.integer(s, depth - 1)

        match r:
            case 5:
                return f"({inner()} + {inner()})"
            case 6:
                return f"({inner()} - {inner()})"
            case 7:
                return f"{self.one('min', 'max')}({inner()}, {inner()})"
            case 8:
                return f"({inner()} if {self.truth(s, depth - 1)} else {inner()})"
            case 9:
                return f"costs[abs({inner()}) % 3]"
            case 10:
                return f"index({self.value('kind', s, 0)})"
            case 11:
                v = self.fresh("k")
                return f"count({self.truth(s.also('kind', v), depth - 1)} for {v} in kind)"
            case 12:
                v = self.fresh("q")
                where = f" if {self.truth(s.also('section', v), 0)}" if self.chance(40) else ""
                return f"sum({self.integer(s.also('section', v), depth - 1)} for {v} in {self.one('section', '1..2')}{where})"
            case 13:
                return f"{self.one('floor', 'ceil', 'round')}({self.real(s, depth - 1)})"
            case 14:
                return f"({inner()} * {inner()})"
            case _:
                divisor = inner() if s.wild and self.chance(40) else self.one("2", "3", lambda: f"(1 + abs({inner()}))")
                return f"({inner()} {self.one('//', '%')} {divisor})"

    def real(self, s: Scope, depth: int = 1) -> str:
        known = s.of("real")
        if depth <= 0:
            return self.one(*known) if known and self.chance(50) else self.one("0.5", "load", "1.25", "2.0")
        match self.r.randrange(9):
            case 0:
                return f"(0.5 * {self.integer(s, depth - 1)})"
            case 1:
                return f"sqrt(abs({self.integer(s, depth - 1)}))"
            case 2:
                return f"exp(-abs({self.real(s, depth - 1)}))"
            case 3:
                return f"log(1 + abs({self.real(s, depth - 1)}))"
            case 4:
                return f"({self.integer(s, depth - 1)} / (1 + abs({self.real(s, depth - 1)})))"
            case 5:
                return f"({self.real(s, depth - 1)} {self.one('+', '-', '*')} {self.real(s, depth - 1)})"
            case 6:
                return f"{self.one('min', 'max')}({self.real(s, depth - 1)}, {self.real(s, depth - 1)})"
            case 7:
                return f"({self.real(s, depth - 1)} % 3.0)"
            case _:
                return self.one(*known) if known else self.one("load", "0.75")

    def truth(self, s: Scope, depth: int = 1) -> str:
        known = s.of("bool")
        if known and self.chance(25):
            return self.one(*known)
        if depth < 0:
            return self.one("flag", "true")
        if depth == 0:
            return (
                f"({self.count(s, -1)} {self.one('<', '>', '!=')} {self.one('1', '2', '3')})"
                if s.places and self.chance(60)
                else self.one("flag", "true", "pick == one", "n > 1")
            )
        match self.r.randrange(8):
            case 0 | 1 | 2:
                return f"({self.integer(s, depth - 1)} {self.one('<', '<=', '==', '!=', '>', '>=')} {self.integer(s, depth - 1)})"
            case 3:
                return f"({self.value('kind', s, 0)} {self.one('==', '!=')} {self.value('kind', s, 0)})"
            case 4:
                return f"({self.real(s, 0)} {self.one('<', '>')} {self.real(s, depth - 1)})"
            case 5:
                return f"({self.truth(s, depth - 1)} {self.one('and', 'or')} {self.one('', 'not ')}{self.truth(s, depth - 1)})"
            case 6:
                v = self.fresh("v")
                type = self.one("section", "kind")
                return f"{self.one('any', 'all')}({self.truth(s.also(type, v), depth - 1)} for {v} in {type})"
            case 7 if depth > 1:
                return f"(now % 4 s < {self.one('2 s', '3 s')})"
            case _:
                return f"({self.count(s, depth - 1)} {self.one('<', '>', '!=')} {self.one('1', '2', '3')})" if s.places else "true"

    # Delays. Most are around a second; equal ones make ties.

    def positive(self, s: Scope) -> str:
        if s.wild and self.chance(25):
            return self.real(s, 1)
        return self.one(
            "0.5",
            "1",
            "2",
            "load",
            lambda: f"(0.3 + 0.2 * min(8, abs({self.integer(s, 1)})))",
            lambda: f"(0.5 + min(4.0, abs({self.real(s, 1)})))",
        )

    def delay(self, s: Scope) -> str:
        def p() -> str:
            return self.positive(s)

        match self.r.randrange(22):
            case 0 | 1 | 2:
                return f"exponential({self.one('rate', 'mean')}={p()})"
            case 3:
                return f"exponential(rate=0.4 * abs({self.integer(s, 1)}))"
            case 4 | 5:
                return f"deterministic({p()})"
            case 6 | 7:
                return f"uniform({self.one('0', '0.5')}, 0.5 + {p()})"
            case 8 | 9:
                return self.one(
                    lambda: f"lognormal(mean={p()}, sigma=0.4)", lambda: f"lognormal(mu=0.1, sigma={p()})", lambda: f"lognormal(mean={p()}, sd={p()})"
                )
            case 10:
                return self.one(lambda: f"weibull(shape={self.one('0.8', '2')}, scale={p()})", lambda: f"weibull(shape=1.5, mean={p()})")
            case 11:
                return f"gamma(shape={self.one('0.6', '1', '2.5')}, {self.one('scale', 'mean', 'rate')}={p()})"
            case 12:
                return f"erlang(k={self.one('1', '2', 'n')}, {self.one('rate', 'mean')}={p()})"
            case 13:
                return f"normal(mean={p()}, sd={self.one('0.3', p())})"
            case 14:
                return f"triangular(low=0.2, mode=0.7, high=0.7 + {p()})"
            case 15:
                return f"hyperexponential(weights=[0.5, {p()}], {self.one('rates', 'means')}=[{p()}, 2])"
            case 16:
                return self.one(
                    "hyperexponential(weights=weights, rates=rates)",
                    lambda: f"hypoexponential({self.one('rates', 'means')}=[{p()}, 2])",
                    "hypoexponential(rates=rates)",
                )
            case 17 | 18:
                return f"discrete(values=[{self.one('0.5', '1', '0')}, 1, {p()}], weights=[1, {p()}, 0.5])"
            case 19:
                return "empirical(data=[0.4, 1, 1, 2.5, 0.9])"
            case 20:
                return self.one("life", "life if flag else 1 s", lambda: f"exponential(rate={p()}) if pick == one else exponential(rate=1)")
            case _:
                return self.one("span", "1 s", "500 ms", "0.5")
