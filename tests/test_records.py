"""The program's own data classes do what those of the standard library do."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from spn import records

OPTIONS = {"frozen": True, "slots": True}


def classes(decorator):
    """The same classes by one decorator."""

    @decorator(**OPTIONS)
    class Base:
        name: str
        where: int = dataclasses.field(default=0, kw_only=True, compare=False, repr=False)

    @decorator(**OPTIONS)
    class Derived(Base):
        parts: tuple[int, ...] = ()
        found: list[int] = dataclasses.field(default_factory=list, compare=False)
        size: int = dataclasses.field(init=False, default=-1)

        def __post_init__(self):
            object.__setattr__(self, "size", len(self.parts))

    return Base, Derived


@records.dataclass(frozen=True, slots=True)
class Point:
    """At the top of a module, as pickling needs it."""

    x: int
    y: tuple[int, ...] = ()


@records.dataclass(slots=True)
class Counter:
    """May be changed, and so has no hash."""

    count: int = 0


@pytest.mark.parametrize("decorator", [records.dataclass, dataclasses.dataclass])
def test_fields_defaults_and_comparison(decorator):
    base, derived = classes(decorator)
    assert [f.name for f in dataclasses.fields(derived)] == ["name", "where", "parts", "found", "size"]
    made = derived("a", (1, 2), where=7)
    assert (made.name, made.where, made.parts, made.found, made.size) == ("a", 7, (1, 2), [], 2)
    assert derived("a").found is not derived("a").found
    assert made == derived("a", (1, 2), [5], where=8)  # neither is compared
    assert hash(made) == hash(derived("a", (1, 2)))
    assert made != derived("a", (1, 3))
    assert base("a") != derived("a")
    assert dataclasses.replace(made, parts=()).size == 0
    assert repr(made).endswith("Derived(name='a', parts=(1, 2), found=[], size=2)")
    match made:
        case derived(name, parts):
            assert (name, parts) == ("a", (1, 2))
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del made.name
    with pytest.raises(TypeError):
        derived("a", (), [], 5)
    with pytest.raises(TypeError):
        derived()
    assert not hasattr(made, "__dict__")


def test_copies_and_pickles():
    point = Point(1, (2,))
    assert copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == copy.copy(point) == point
    counter = Counter()
    counter.count += 3
    assert pickle.loads(pickle.dumps(counter)) == Counter(3)
    with pytest.raises(TypeError):
        hash(counter)
