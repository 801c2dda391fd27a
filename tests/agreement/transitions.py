"""Random transitions over given places, as plain data of a model file. No tests here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from tests.agreement.expressions import FIELDS, Expressions, Place, Scope

Data = dict[str, Any]


@dataclass
class Arcs:
    """The arcs of one transition, and what they have bound."""

    scope: Scope
    inputs: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    lowest: int = 99
    """The least rank of the places that something is taken from."""


class Transitions(Expressions):
    """Transitions over given places."""

    def pattern(self, place: Place, arcs: Arcs, fixed: bool = False) -> tuple[list[str], Scope]:
        """The entries of an input's pattern, and the scope after it. With `fixed` nothing is bound."""
        s = arcs.scope
        if place.colour is None:
            return [], s
        if place.colour in ("pair", "item") and not fixed and self.chance(40):
            old = [text for type, text in s.variables if type == place.colour]
            if old and self.chance(30):
                return [self.one(*old)], s
            v = self.fresh("t")
            return [v], s.also(place.colour, v)
        entries = []
        names = list(FIELDS) if place.colour == "item" else [""] * len(place.components)
        bound = s
        for name, type in zip(names, place.components, strict=True):
            if name and not self.chance(45):
                continue
            choice = self.r.randrange(10)
            if choice < 5 and not fixed:
                text = self.fresh("c")
                bound = bound.also(type, text)
            elif choice < 7 and not name:
                text = "_"
            elif choice < 8 and type != "real":
                text = self.value(type, s, 0)
            else:
                known = [text for of, text in s.variables if of == type]
                if name and not known:
                    continue
                text = self.one(*known) if known else "_"
            entries.append(f"{name}={text}" if name else text)
        if place.colour == "item" and not entries:
            entries = ["_"] if fixed else ["odd=_"]
            if not fixed:
                v = self.fresh("t")
                return [v], s.also("item", v)
        return entries, bound

    def multiplicity(self, s: Scope) -> str:
        if self.chance(75):
            return ""
        if s.wild and self.chance(25):
            return f"({self.integer(s, 1)}) * "
        return self.one(
            "2 * ",
            "2 * ",
            "3 * ",
            lambda: f"min(2, abs({self.integer(s, 1)})) * ",
            lambda: f"(1 if {self.truth(s, 1)} else 0) * ",
            "(1 if flag else 0) * ",
            "0 * ",
        )

    def fan(self, place: Place, s: Scope) -> tuple[str, str, Scope] | None:
        """(element, ``for`` clause, scope) of a fan over an array with one index."""
        if len(place.over) != 1 or not self.chance(25):
            return None
        v = self.fresh("f")
        inner = s.also(place.over[0], v)
        where = f" if {self.truth(inner, 0)}" if self.chance(40) and place.over[0] != "bool" else ""
        domain = self.one(place.over[0], "1..2") if place.over[0] == "section" and not where else place.over[0]
        if domain == "1..2":
            return f"1 + {v} % n", f" for {v} in 1..2", s.also("section", f"(1 + {v} % n)")
        return v, f" for {v} in {domain}{where}", inner

    def named(self, place: Place, entries: list[str]) -> str:
        return f"{place.text}({', '.join(entries)})" if entries else place.text

    def taking(self, place: Place, arcs: Arcs, into: list[str], plain: bool = False) -> None:
        """An input or test arc. `plain`: one token, so that it certainly takes something."""
        fan = None if plain else self.fan(place, arcs.scope)
        if fan is not None:
            element, clause, inner = fan
            entries, _ = self.pattern(place, Arcs(inner), fixed=True)
            into.append(self.multiplicity(inner) + self.named(place, [element, *entries]) + clause)
            return
        many = "" if plain and self.chance(80) else "2 * " if plain else self.multiplicity(arcs.scope)
        elements = self.element(place, arcs.scope)
        entries, bound = self.pattern(place, arcs)
        if "if" in many or "min" in many or many == "0 * ":
            # What such an arc binds may have no value.
            fixed, _ = self.pattern(place, arcs, fixed=True)
            entries, bound = (entries, arcs.scope) if self.chance(30) else (fixed, arcs.scope)
        into.append(many + self.named(place, [*elements, *entries]))
        arcs.scope = bound

    def putting(self, place: Place, s: Scope, few: bool) -> str:
        many = "" if few else self.multiplicity(s)
        fan = None if few else self.fan(place, s)
        clause = ""
        if fan is not None:
            element, clause, s = fan
            elements = [element]
        else:
            elements = self.element(place, s)
        if place.colour == "item":
            known = [text for type, text in s.variables if type == "item"]
            if known and self.chance(60):
                token = self.one(*known)
                change = self.one(
                    [],
                    [f"hops={token}.hops + 1"],
                    lambda: ["at=now / 1 s", f"odd={self.truth(s, 1)}"],
                    lambda: [f"place={self.value('section', s)}"],
                )
                entries = [token, *change]
            else:
                at = self.one("now / 1 s", "0.5", lambda: self.real(s, 1))
                entries = [f"{name}={at if name == 'at' else self.value(type, s)}" for name, type in FIELDS.items()]
        elif place.colour == "pair" and [1 for type, _ in s.variables if type == "pair"] and self.chance(50):
            entries = [self.one(*[text for type, text in s.variables if type == "pair"])]
        else:
            entries = [self.value(type, s) for type in place.components]
        return many + self.named(place, [*elements, *entries]) + clause

    def loops(self) -> tuple[list[str], Scope]:
        """The `for` of a transition."""
        found: list[str] = []
        variables: list[tuple[str, str]] = []
        for _ in range(self.one(0, 0, 0, 1, 1, 2)):
            v = self.fresh("s")
            type = self.one("section", "section", "kind", "bool")
            found.append(f"{v} in {type}")
            variables.append((type, v))
        return found, Scope(variables=tuple(variables))

    def transition(self, places: list[Place], reads: list[Place], wild: bool) -> Data:
        """A transition whose arcs and expressions are drawn."""
        loops, scope = self.loops()
        arcs = Arcs(replace(scope, places=tuple(reads), wild=wild))
        immediate = self.chance(35)
        found: Data = {"for": loops} if loops else {}
        taken = [self.one(*places) for _ in range(self.one(1, 1, 1, 2, 2, 3))]
        for k, place in enumerate(taken):
            self.taking(place, arcs, arcs.inputs, plain=k == 0)
        for _ in range(self.one(0, 0, 1)):
            self.taking(self.one(*places), arcs, arcs.tests)
        found["in"] = arcs.inputs
        if arcs.tests:
            found["test"] = arcs.tests
        s = arcs.scope
        into = (
            [place for place in places if place.rank > max(place.rank for place in taken)] if immediate and not (wild and self.chance(20)) else places
        )
        if into:
            found["out"] = [self.putting(self.one(*into), s, few=self.chance(60)) for _ in range(min(len(taken), self.one(0, 1, 1, 2)))]
        if self.chance(25):
            place = self.one(*places)
            fan = self.fan(place, s)
            elements = [fan[0]] if fan else self.element(place, s)
            entries, _ = self.pattern(place, Arcs(fan[2] if fan else s), fixed=True)
            many = self.one("3 * ", "4 * ", "2 * ", "", lambda: f"(1 + abs({self.integer(s, 1)})) * ")
            found["inhibit"] = f"{many}{self.named(place, [*elements, *entries])}{fan[1] if fan else ''}"
        if self.chance(20):
            place = self.one(*places)
            fan = self.fan(place, s)
            elements = [fan[0]] if fan else self.element(place, s)
            entries, _ = self.pattern(place, Arcs(fan[2] if fan else s), fixed=True)
            many = self.one("", "", lambda: f"(1 if {self.truth(s, 1)} else 0) * ")
            found["reset"] = (
                place.text if place.over and self.chance(20) else f"{many}{self.named(place, [*elements, *entries])}{fan[1] if fan else ''}"
            )
        if self.chance(40):
            found["guard"] = self.truth(s, 2)
        if immediate:
            if wild and self.chance(30):
                found["weight"] = f"2 - {self.integer(s, 1)}"
            elif self.chance(60):
                found["weight"] = self.one(
                    "2",
                    "load",
                    lambda: f"1 + abs({self.integer(s, 1)})",
                    "2 if flag else 0.5",
                    lambda: f"abs({self.integer(s, 1)})",
                    lambda: f"0.1 + abs({self.real(s, 1)})",
                )
            if self.chance(40):
                found["priority"] = self.one("1", "2", "n", "3 if flag else 1")
        else:
            found["delay"] = self.delay(s)
            if self.chance(50):
                found["memory"] = self.one("age", "age", "resampling", "age if flag else enabling", "enabling")
            if wild and self.chance(20):
                found["servers"] = f"4 - {self.integer(s, 1)}"
            elif self.chance(50):
                found["servers"] = self.one("2", "infinite", "infinite", "n", lambda: f"1 + min(3, abs({self.integer(s, 1)}))")
            if self.chance(20):
                found["priority"] = self.one("1", "-1", "n")
        if self.chance(8):
            found["when"] = self.one("true", "flag", "not flag or n > 1", "pick == two", "favourite != x")
        return found

    # What keeps a place alive.

    def feed(self, place: Place) -> Data:
        loops, names = [], []
        for type in place.over:
            names.append(self.fresh("s"))
            loops.append(f"{names[-1]} in {type}")
        s = Scope(places=(place,), variables=tuple(zip(place.over, names, strict=True)))
        text = self.putting(place, s, few=True)
        most = self.one("2", "3") if len(place.over) < 2 else "1"
        full = f"{most} * {self.named(place, [*names, *(['_'] if place.colour else [])])}"
        if place.colour == "pair":
            full = f"{most} * {self.named(place, [*names, '_', '_'])}"
        text = text if not names else self.named(place, [*names, *self._values(place, s)])
        found: Data = {"for": loops} if loops else {}
        return found | {"out": text, "inhibit": full, "delay": self.delay(s)}

    def _values(self, place: Place, s: Scope) -> list[str]:
        if place.colour == "item":
            return [f"{name}={self.one('now / 1 s', '1.5') if name == 'at' else self.value(type, s)}" for name, type in FIELDS.items()]
        return [self.value(type, s) for type in place.components]

    def drain(self, place: Place) -> Data:
        loops, names = [], []
        for type in place.over:
            names.append(self.fresh("s"))
            loops.append(f"{names[-1]} in {type}")
        s = Scope(places=(place,), variables=tuple(zip(place.over, names, strict=True)))
        entries, bound = self.pattern(place, Arcs(s))
        if place.order != "multiset":
            entries = ["_"] * (1 if place.colour == "item" else len(place.components))
            bound = s
        found: Data = {"for": loops} if loops else {}
        found |= {"in": self.named(place, [*names, *entries]), "delay": self.delay(bound)}
        if not place.bounded or self.chance(40):
            found["servers"] = "infinite"
        return found
