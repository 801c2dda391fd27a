"""Reading models: what reaches the program, what is wrong with the form of a file, and files that import others."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spn.model.read import Library, load_model, read_model
from spn.model.section import Section
from spn.model.types import Model, ModuleFile, Name, Text, model_schema
from spn.text.problems import ModelError, Problem, Problems
from spn.text.source import Source

STANDARD = """\
spn: 1
description: Standard system; one failed section brings everything down.
parameters:
  failure: lognormal(mean=2208 h, sigma=0.4)
  repair: uniform(30 s, 300 s)
  sections: 6
  rates: [0.1 / h, 2]
  clocks: {choice: [renewed, kept], default: renewed, doc: what a restart does}
colours: {section: 1..sections, kind: [voice, video], customer: {size: real, kind: kind}}
places:
  running: 1
  failed: {over: section, initial: 0}
  pool: {colour: kind, initial: {voice: 2}, order: fifo}
  queue: {colour: kind, initial: [voice, voice]}
transitions:
  fail: {for: s in section, in: running, out: failed, delay: failure}
  repair: {in: [failed, 2 * pool], out: {running: 1, failed: n - 1}, delay: repair}
instances:
  worker: {module: actor, for: w in 1..3, with: {failure: exponential(mean=100 h * w)}, connect: {start: running}}
modules: {actor: {ports: {start: 0}}}
measures:
  system: {availability: running == 1}
  work: {integral: queue, over: [0 h, 8 h]}
tables: {costs: [1, 2.5, 3]}
"""


def read(text: str) -> tuple[Model | None, list[Problem]]:
    problems = Problems()
    return read_model(Source("model.yaml", text), problems), problems.found


def model_of(text: str) -> Model:
    model, found = read(text)
    assert not found
    assert model is not None
    return model


def places(found: list[Problem]) -> list[tuple[str, int, int]]:
    return sorted((p.code, *p.span.source.position(p.span.start)) for p in found if p.span is not None)


def test_every_form_of_the_language_is_read():
    model = model_of(STANDARD)
    assert model.parameters["sections"].default == "6"
    assert model.parameters["rates"].default == ("0.1 / h", "2")
    assert model.parameters["clocks"].choice == ("renewed", "kept")
    assert model.colours["section"].expression == "1..sections"
    assert model.colours["kind"].members == ("voice", "video")
    assert model.colours["customer"].fields == {"size": "real", "kind": "kind"}
    assert model.places["running"].initial == "1"
    assert model.places["failed"].over == ("section",)
    assert model.places["pool"].initial == {"voice": "2"}
    assert model.places["queue"].initial == ("voice", "voice")
    assert model.transitions["fail"].loops == ("s in section",)
    assert [(a.place, a.multiplicity) for a in model.transitions["repair"].inputs] == [("failed", None), ("2 * pool", None)]
    assert [(a.place, a.multiplicity) for a in model.transitions["repair"].outputs] == [("running", "1"), ("failed", "n - 1")]
    assert model.instances["worker"].arguments == {"failure": "exponential(mean=100 h * w)"}
    assert model.instances["worker"].connect == {"start": "running"}
    assert isinstance(model.modules["actor"], Model)
    assert (model.measures["work"].kind, model.measures["work"].subjects, model.measures["work"].over) == ("integral", ("queue",), ("0 h", "8 h"))
    assert model.tables["costs"].values == ("1", "2.5", "3")


def test_every_text_and_name_knows_where_it_stands():
    model = model_of(STANDARD)
    found = 0
    for text in _texts(model):
        assert text.exact
        assert text.span.source.text[text.span.start : text.span.stop] == text
        found += 1
    assert found > 60
    assert all(isinstance(name, Name) for name in model.places)


def _texts(value):
    if isinstance(value, Text):
        yield value
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _texts(key)
            yield from _texts(entry)
    elif isinstance(value, tuple):
        for entry in value:
            yield from _texts(entry)
    elif isinstance(value, Section):
        for field in value.declared:
            yield from _texts(getattr(value, field))
    elif hasattr(value, "__slots__") and not isinstance(value, str):
        for field in value.__slots__:
            yield from _texts(getattr(value, field))


def test_truth_values_are_spelt_as_in_the_language():
    model = model_of("spn: 1\nparameters: {a: True, b: FALSE, c: 'True'}\n")
    assert [str(p.default) for p in model.parameters.values()] == ["true", "false", "True"]


def test_all_that_is_wrong_is_told_at_once():
    text = """\
spn: 1
descripton: x
parameters: {b: {defalt: 3}, c: [1, [2]], d: {default: 1, type: foo}}
places:
  queue: {over: x, capacty: 3, order: foo}
  p: [1, 2]
  q:
transitions:
  t: {in: [a, [b]], delay: {exponential: 3}, guard:x}
  u: 5
modules: {y: {places: 3}}
instances: {i: {with: [1]}}
"""
    assert places(read(text)[1]) == sorted([
        ("unknown-key", 2, 1), ("missing-key", 3, 14), ("unknown-key", 3, 18), ("wrong-kind", 3, 37),
        ("unknown-key", 5, 20), ("wrong-value", 5, 39), ("wrong-kind", 6, 6), ("missing-value", 7, 3),
        ("wrong-kind", 9, 15), ("wrong-kind", 9, 28), ("unknown-key", 9, 46), ("wrong-kind", 10, 6),
        ("wrong-kind", 11, 23), ("missing-key", 12, 13), ("wrong-kind", 12, 23),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("spn: 1\nplaces: 3", "'places' must be a mapping from names to places, not a number", None),
        ("spn: 1\nplaces: [a]", "'places' must be a mapping from names to places, not a list", None),
        ("spn: 1\nplaces:\n", "'places' is empty, but must be a mapping from names to places", None),
        ("spn: 1\nplace: {}", "unknown key 'place'", "did you mean 'places'?"),
        ("- 1", "a model must be a mapping with 'spn: 1', places, transitions and measures, not a list", None),
        ("spn: 2", "'spn' must be 1, the version of the language, not '2'", None),
        ("spn: '1'", "'spn' must be 1, the version of the language, not '1'", None),
        ("places: {}", "'spn', the version of the language, is missing", "start the file with 'spn: 1'"),
    ],
)
def test_messages_are_in_plain_words(text, message, hint):
    _, found = read(text)
    assert [p.message for p in found] == [message]
    assert hint is None or found[0].hint == hint


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("{availability: a, average: b}", [("two-kinds", 2, 33)]),
        ("{doc: a}", [("no-kind", 2, 16)]),
        ("{}", [("no-kind", 2, 15)]),
        ("{tally: a}", [("missing-key", 2, 16)]),
        ("{rate: a, on: b}", [("wrong-key", 2, 25)]),
        ("{average: a, quantiles: [50 %]}", [("wrong-key", 2, 28)]),
        ("{average: a, within: 1 d}", [("wrong-key", 2, 28)]),
        ("{integral: a}", [("no-window", 2, 16)]),
        ("{count: a, at: 3}", [("wrong-window", 2, 26)]),
        ("{average: a, at: 3, over: 5}", [("two-windows", 2, 35)]),
        ("{average: a, over: [1, 2, 3]}", [("wrong-length", 2, 34)]),
        ("{first_passage: a, over: 3}", [("wrong-window", 2, 34)]),
    ],
)
def test_a_measure_has_one_kind_and_the_windows_of_its_kind(measure, expected):
    assert places(read(f"spn: 1\nmeasures: {{m: {measure}}}")[1]) == expected


@pytest.mark.parametrize("measure", [
    "{availability: a}", "{availability: a, at: 1 d}", "{availability: a, over: 1 d}", "{average: a, until: b}", "{integral: a, over: [0 h, 8 h]}",
    "{rate: t, over: 1 h}", "{count: t, until: b}", "{tally: now, on: t, quantiles: [50 %, 95 %]}",
    "{first_passage: a, within: 1 year, precision: 5 %}",
])  # fmt: skip
def test_the_measures_of_the_language_are_read(measure):
    model_of(f"spn: 1\nmeasures: {{m: {measure}}}")


@pytest.mark.parametrize("name", ["in", "now", "true", "9a", "a-b", "a b", "größe", "''"])
def test_names_are_letters_digits_and_underscores_and_no_words_of_the_language(name):
    assert places(read(f"spn: 1\nparameters: {{{name}: 1}}")[1]) == [("bad-name", 2, 15 if name == "''" else 14)]


def test_a_name_is_declared_once_in_all_sections_that_share_a_name_space():
    _, found = read("spn: 1\nplaces: {a: 1}\ncolours: {a: 1..2}\ntransitions: {a: {}}\n")
    assert places(found) == [("declared-twice", 3, 11)]


def test_a_resolved_net_is_a_model():
    model = model_of("""\
spn: 1
name: actor
origin: {model: actor.yaml, load: '0.8'}
places: {actor.idle: {over: 0..5, initial: 1, labels: [[0, 'actor(*).idle', [i + 1]], [3, other]]}}
transitions: {actor.start: {in: actor.idle, labels: [[0, start]]}}
""")
    label = model.places["actor.idle"].labels[0]
    assert (label.start, label.template, label.arguments) == (0, "actor(*).idle", ("i + 1",))
    assert model.origin == {"model": "actor.yaml", "load": "0.8"}


def test_dots_in_names_are_for_the_top_level_of_a_file():
    assert places(read("spn: 1\nmodules: {a: {places: {b.c: 1}}}")[1]) == [("bad-name", 2, 24)]
    assert places(read("spn: 1\nparameters: {b.c: 1}")[1]) == [("bad-name", 2, 14)]


def test_a_schema_describes_every_key():
    schema = model_schema()
    json.dumps(schema)
    assert schema["required"] == ["spn"]
    for definition in schema["$defs"].values():
        for long in definition.get("anyOf", [definition]):
            for key, entry in long.get("properties", {}).items():
                assert entry.get("description"), key
    transition = schema["$defs"]["TransitionDeclaration"]["properties"]
    assert {"for", "in", "out", "test", "inhibit", "reset", "delay"} <= set(transition)
    assert "null" not in json.dumps(schema)


def test_importing_the_types_loads_nothing_heavy():
    code = "import sys, spn.model.read; print([m for m in ('numpy', 'scipy', 'numba', 'simpy', 'networkx', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "[]"


# Files that import files ------------------------------------------------------------------------------------------------------


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)


def load(path: Path, library: Path | None = None) -> tuple[Library | None, list[Problem]]:
    problems = Problems()
    found = load_model(path, problems, library)
    assert found is None or problems.found or not found.broken
    return None if problems.found else found, problems.found


def test_imported_files_are_read_once_even_in_a_circle(tmp_path):
    write(tmp_path, main="spn: 1\nmodules: {a: a.yaml, b: ./a.yaml, main: main}\n", a="spn: 1\nmodules: {back: main.yaml}\n")
    library, found = load(tmp_path / "main.yaml")
    assert not found
    assert library is not None
    assert set(library.models) == {tmp_path / "main.yaml", tmp_path / "a.yaml"}
    entry = library.model.modules["a"]
    assert isinstance(entry, ModuleFile)
    assert library.of(entry) is library.of(library.model.modules["b"])
    assert library.of(library.model.modules["main"]) is library.model


def test_bare_names_are_looked_for_among_the_shipped_models(tmp_path):
    write(tmp_path / "mine", main="spn: 1\nmodules: {actor: actor, near: near}\n", near="spn: 1\n")
    write(tmp_path / "shipped", actor="spn: 1\nmodules: {p: parts/part.yaml}\n", near="spn: 1\nplaces: {wrong: 1}\n")
    write(tmp_path / "shipped" / "parts", part="spn: 1\n")
    library, found = load(tmp_path / "mine" / "main.yaml", tmp_path / "shipped")
    assert not found
    assert library is not None
    assert set(library.models) == {tmp_path / p for p in ("mine/main.yaml", "mine/near.yaml", "shipped/actor.yaml", "shipped/parts/part.yaml")}


@pytest.mark.parametrize("path", ["../secret.yaml", "/etc/passwd", "~/x.yaml", "sub/../../secret.yaml", "link.yaml", "'C:\\x.yaml'",
                                  "'..\\secret.yaml'",
                                  "'" + "x" * 5000 + "'", '"a\\0b"'])  # fmt: skip
def test_modules_do_not_reach_outside_of_the_folder(tmp_path, path):
    (tmp_path / "secret.yaml").write_text("spn: 1\n")
    write(tmp_path / "m", main=f"spn: 1\nmodules: {{a: {path}}}\n")
    (tmp_path / "m" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (tmp_path / "m" / "sub").mkdir()
    library, found = load(tmp_path / "m" / "main.yaml")
    assert library is None
    assert [(p.code, *p.span.source.position(p.span.start)[:1]) for p in found] == [("bad-path", 2)]


def test_what_is_outside_is_told_the_same_whether_it_exists_or_not(tmp_path):
    write(tmp_path / "m", main="spn: 1\nmodules: {a: ../there.yaml}\n")
    before = [p.message for p in load(tmp_path / "m" / "main.yaml")[1]]
    write(tmp_path, there="spn: 1\n")
    assert [p.message for p in load(tmp_path / "m" / "main.yaml")[1]] == before


def test_missing_files_and_links_in_a_circle(tmp_path):
    write(tmp_path, main="spn: 1\nmodules: {a: none.yaml,\n b: loop.yaml, c: folder}\n")
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    (tmp_path / "folder").mkdir()
    found = load(tmp_path / "main.yaml")[1]
    assert [p.span.source.position(p.span.start) for p in found] == [(2, 14), (3, 5), (3, 19)]
    assert found[0].code == "no-such-file"


def test_problems_of_all_files_come_together_under_their_own_names(tmp_path, monkeypatch):
    write(tmp_path / "m", main="spn: 1\nplace: {}\nmodules: {a: a.yaml, b: sub/b.yaml}\n", a="spn: 1\nplaces: 3\n")
    write(tmp_path / "m" / "sub", b="spn: 1\nx: [\n")
    monkeypatch.chdir(tmp_path)
    _, found = load(Path("m/main.yaml"))
    assert {(p.span.source.name, p.code) for p in found} == {("m/main.yaml", "unknown-key"), ("m/a.yaml", "wrong-kind"), ("m/sub/b.yaml", "syntax")}


def test_a_flood_of_files_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("spn.model.read.MAX_FILES", 5)
    for k in range(10):
        write(tmp_path, **{f"m{k}": f"spn: 1\nmodules: {{a: m{k + 1}.yaml}}\n"})
    write(tmp_path, m10="spn: 1\n")
    assert [p.code for p in load(tmp_path / "m0.yaml")[1]] == ["too-large"]


# Whatever is written ----------------------------------------------------------------------------------------------------------

LEAVES = st.sampled_from(["1", "a", "~", "''", "queue(c)", "all", "true", "0.5", "''", "x.yaml", "[]", "{}", "a.b", "in"])
WORDS = """spn name origin parameters colours places ports transitions modules instances measures tables default choice over initial labels
in out for with connect module tally on average at until quantiles a b x.y 9"""
KEYS = st.sampled_from(WORDS.split())
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
    | st.dictionaries(KEYS, inner, max_size=4).map(lambda entries: "{" + ", ".join(f"{k}: {v}" for k, v in entries.items()) + "}"),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, TREES, max_size=5))
def test_any_tree_is_a_model_or_has_problems_with_a_place(entries):
    text = "".join(f"{key}: {value}\n" for key, value in entries.items())
    try:
        model, found = read(text)
    except ModelError:
        return
    assert (model is None) == bool(found)
    for problem in found:
        assert problem.span is not None
        assert "Input should" not in problem.message
        assert "{" not in problem.message
        problem.render()
