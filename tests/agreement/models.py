"""Random model files over the whole language, as plain data that YAML (being JSON's superset) reads. No tests here.

`model(r)` asks its random numbers from `r` only, so that a seed names a model and hypothesis can choose (and make smaller) what `r` gives.
The nets are meant to live: each place has a transition that fills it while there is room and one that drains it, and immediate transitions
move tokens to places of higher rank only, so that each chain of them ends. Some models break these rules and run into an error: an event too.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from tests.agreement.expressions import Place, Scope
from tests.agreement.transitions import Transitions

Data = dict[str, Any]

COLOURS: Data = {
    "kind": ["x", "y", "z"],
    "section": "1..n",
    "pair": "section * kind",
    "item": {"at": "real", "kind": "kind", "hops": "int", "place": "section", "odd": "bool"},
}


class Models(Transitions):
    """Whole models."""

    def places(self, count: int, over: tuple[str, ...] = ("section", "section", "kind", "bool")) -> tuple[list[Place], Data]:
        places, texts = [], {}
        for k in range(count):
            dims = tuple(self.one(*over) for _ in range(self.one(0, 0, 1, 1, 1, 2) if k else 1))
            colour = self.one(None, None, "kind", "section", "pair", "item", "bool")
            order = self.one("multiset", "multiset", "fifo", "lifo", "random") if colour else "multiset"
            place = Place(f"p{k}", dims, colour, order, self.r.randrange(6), self.chance(40))
            places.append(place)
            texts[place.text] = self.declaration(place)
        return places, texts

    def declaration(self, place: Place) -> Data:
        found: Data = {}
        if place.over:
            names = [self.fresh("i") for _ in place.over]
            found["over"] = [f"{name} in {type}" for name, type in zip(names, place.over, strict=True)]
            if len(names) == 1:
                found["over"] = found["over"][0]
        if place.colour:
            found["colour"] = place.colour
            if place.order != "multiset":
                found["order"] = place.order
        if place.bounded:
            found["capacity"] = self.one(5, 6, 9)
        match place.colour:
            case None:
                found["initial"] = self.one(0, 1, 2, 3)
                if place.over[:1] == ("section",) and self.chance(40):
                    found["initial"] = f"2 if {names[0]} == 1 else 1"
            case "kind":
                found["initial"] = self.one({"x": 1, "z": 2}, ["y", "x", "y"], "all", ["favourite"])
            case "section":
                found["initial"] = self.one("all", ["1", "n"], {"1": 2})
            case "bool":
                found["initial"] = self.one({"true": 1, "false": "n"}, ["true", "true"])
            case "pair":
                found["initial"] = self.one(["(1, x)", "(n, y)", "(1, z)"], ["(n, favourite)"])
            case _:
                item = "item(at={}, kind={}, hops={}, place={}, odd={})"
                found["initial"] = [
                    item.format(
                        self.one("0.5", "load", "1.0"), self.one("x", "favourite", "z"), self.one(0, 1, 2), self.one(1, "n"), self.one("true", "flag")
                    )
                    for _ in range(self.one(0, 1, 2, 3))
                ]
        return found

    def parameters(self) -> Data:
        n = self.one(1, 2, 2, 3, 3)
        return {
            "n": n if self.chance(50) else {"default": n, "min": 0, "max": 9},
            "flag": self.chance(50),
            "load": self.one(0.5, 2, 1.25),
            "span": self.one("3 s", "2 * 1 s", "1.5 s"),
            "rate": self.one("0.5 / s", "1 / (2 s)", "2 / s"),
            "life": self.one("exponential(rate=rate)", "uniform(0 s, span)", "deterministic(span)", "lognormal(mean=span, sd=1 s)"),
            "pick": {"choice": ["one", "two"], "default": self.one("one", "two")},
            "rates": self.one(["rate", "2 * rate"], ["1 / s", "2 / s"]),
            "weights": self.one([1, 2], [0.25, 0.75]),
            "favourite": {"type": "kind", "default": self.one("x", "z")},
        }

    def declarations(self) -> Data:
        return {"parameters": self.parameters(), "colours": dict(COLOURS), "tables": {"costs": self.one([1, 2, 4], [0, 1, 2], [3, 1, 2])}}

    def module(self, wild: bool, inner: Data | None = None) -> tuple[Data, list[Place], Data]:
        """A module, its ports, and what it declares."""
        found: Data = self.declarations()
        door = Place("doors", ("section",), self.one(None, "kind"), "multiset", 2)
        post = Place("post", (), self.one(None, "kind", "section", "item"), self.one("multiset", "fifo", "random"), 4)
        if post.colour is None:
            post = replace(post, order="multiset")
        ports = [door, post]
        found["ports"] = {port.text: {key: value for key, value in self.declaration(port).items() if key != "capacity"} for port in ports}
        own, texts = self.places(self.one(1, 2))
        found["places"] = texts
        all_places = [*own, *ports]
        if inner is not None:
            found["modules"] = {"deep": inner}
            found["instances"] = {
                "below": {
                    "module": "deep",
                    "with": {"n": "n"},
                    "connect": self.one({}, {"doors": "doors"} if inner["ports"]["doors"].get("colour") == door.colour else {}),
                }
            }
        found["transitions"] = {f"act{k}": self.transition(all_places, all_places, wild) for k in range(self.one(1, 2, 2))}
        for place in own:
            found["transitions"][f"feed_{place.text}"] = self.feed(place)
        for place in own:
            if not place.bounded:
                found["transitions"][f"drain_{place.text}"] = self.drain(place)
        for key in ("act0",):
            found["transitions"][key].pop("when", None)
        return found, ports, texts

    def model(self) -> Data:
        """A whole model."""
        wild = self.chance(20)
        root: Data = {"spn": 1, **self.declarations()}
        places, texts = self.places(self.one(2, 2, 3, 3, 4))
        root["places"] = texts
        reads = list(places)
        if self.chance(35):
            reads += self.instances(root, places, wild)
        root["transitions"] = {f"t{k}": self.transition(places, reads, wild) for k in range(self.one(2, 3, 3, 4, 5))}
        for place in places:
            if self.chance(85):
                root["transitions"][f"feed_{place.text}"] = self.feed(place)
            if not place.bounded or self.chance(70):
                root["transitions"][f"drain_{place.text}"] = self.drain(place)
        root["measures"] = self.measures(root, reads)
        if self.chance(50):
            names = list(root["transitions"])
            self.r.shuffle(names)
            root["transitions"] = {name: root["transitions"][name] for name in names}
        return root

    def instances(self, root: Data, places: list[Place], wild: bool) -> list[Place]:
        inner = self.module(wild)[0] if self.chance(40) else None
        module, ports, texts = self.module(wild, inner)
        root["modules"] = {"part": module}
        arguments: Data = {
            key: value
            for key, value in {
                "n": "n",
                "flag": self.one("flag", "true"),
                "rate": self.one("rate", "2 / s"),
                "life": self.one("life", "exponential(mean=span)", "2 s"),
            }.items()
            if key == "n" or self.chance(50)
        }
        root["instances"] = {"solo": {"module": "part", "with": dict(arguments), "connect": self.connections(ports, places)}}
        loop = self.one("w in section", "w in 1..2")
        root["instances"]["worker"] = {
            "module": "part",
            "for": loop,
            "with": {**arguments, "span": self.one("w * 1 s", "0.5 s * w", "1.5 s"), "flag": self.one("w == 1", "flag")},
            "connect": self.connections(ports, places, shared=True),
        }
        if self.chance(30):
            root["instances"]["worker"]["when"] = self.one("w != 2", "true")
        found = []
        for name, text in texts.items():
            if not text.get("over") and not text.get("colour"):
                found += [Place(f"solo.{name}"), Place(f"worker(1).{name}")]
        if ports[1].colour is None:
            found.append(Place("solo.post"))
        return found

    def connections(self, ports: list[Place], places: list[Place], shared: bool = False) -> Data:
        found = {}
        for port in ports:
            same = [place for place in places if place.colour == port.colour and place.order == port.order]
            if port.over:
                whole = [place for place in same if place.over == port.over]
                if whole and self.chance(60):
                    found[port.text] = self.one(*whole).text
                continue
            single = [place for place in same if place.over == ()]
            arrays = [place for place in same if place.over == ("section",)]
            if single and self.chance(60):
                found[port.text] = self.one(*single).text
            elif arrays and self.chance(60):
                found[port.text] = f"{self.one(*arrays).text}({'1 + w % n' if shared else '1'})"
        return found

    def measures(self, root: Data, reads: list[Place]) -> Data:
        s = Scope(places=tuple(reads))
        names = [name for name, entry in root["transitions"].items() if "when" not in entry]
        name = self.one(*names)
        time = self.one("5 s", "20 s", "span + 3 s")
        over = self.one("8 s", ["1 s", "3 * span + 20 s"], ["10 s", "30 s"])
        firing = self.one(name, [name, self.one(*names)])
        found: Data = {
            "share": {"availability": self.truth(s, 2)},
            "share_over": {"availability": self.truth(s, 1), "over": over},
            "share_at": {"availability": self.truth(s, 1), "at": time},
            "mean": {"average": self.integer(s, 2)},
            "mean_at": {"average": self.real(s, 1), "at": time},
            "mean_until": {"average": self.integer(s, 1), "until": self.truth(s, 1)},
            "total": {"integral": self.integer(s, 1), "over": over},
            "total_until": {"integral": self.real(s, 1), "until": self.truth(s, 1)},
            "often": {"rate": firing},
            "often_over": {"rate": name, "over": over},
            "number": {"count": firing, "until": self.truth(s, 1)},
            "number_over": {"count": name, "over": over},
            "value": {"tally": self.real(s, 1), "on": name, "quantiles": ["50 %", 0.9]},
            "value_over": {"tally": self.integer(s, 1), "on": firing, "over": over},
            "first": {"first_passage": self.truth(s, 1)},
            "first_within": {"first_passage": self.truth(s, 1), "within": "1 min"},
            "age": {"average": "now / 1 s", "over": over},
        }
        if "instances" in root:
            found["acts"] = {"count": self.one("solo.act0", "worker.act0", "worker(1).act0", "a.act0 for a in part"), "over": "1 min"}
            found["acted"] = {"rate": self.one("solo.act0", "worker.act0", "a.act0 for a in part")}
        return {name: measure for name, measure in found.items() if self.chance(45)}


def model(r: Random) -> Data:
    """A random model."""
    return Models(r).model()
