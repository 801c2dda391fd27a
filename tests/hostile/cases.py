# ruff: noqa: E501 - a case is a line
"""Hostile files and arguments: what somebody sends who wants the program to hang, to eat the memory, to show a file, or to run something.

A case writes its files into a folder and gives the command line. `code` is one of the codes that must be told, `place` the line and column of one.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

NET = "places: {a: 1}\ntransitions: {t: {in: a, out: a, delay: 1 s}}\n"


@dataclass
class Case:
    """`files` by name (a function makes what is no text), and the `arguments`; `input` is the file on standard input."""

    name: str
    files: dict[str, str | bytes | Callable[[Path], None]]
    told: str
    arguments: tuple[str, ...] = ("check", "m.yaml")
    exit: tuple[int, ...] = (1,)
    input: str | None = None
    place: str | None = None

    def write(self, folder: Path) -> None:
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if callable(content):
                content(path)
            else:
                path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)


CASES: list[Case] = []


def model(name: str, text: str, told: str, place: str | None = None, exit: tuple[int, ...] = (1,)) -> None:
    """A single file."""
    CASES.append(Case(name, {"m.yaml": text if text.startswith(("spn", "%", "-", "[", "{", "\ufeff")) else f"spn: 1\n{text}"}, told, place=place, exit=exit))


def guard(name: str, expression: str, told: str, place: str | None = None) -> None:
    """A guard in a model that is otherwise right."""
    model(name, f"places: {{a: 1}}\ntransitions:\n  t:\n    in: a\n    guard: {expression}\n    delay: 1 s\n", told, place)


def sparse(size: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(size)

    return make


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def pipe(path: Path) -> None:
    os.mkfifo(path)


# YAML that is none, or too much of it ------------------------------------------------------------------------------------------

bomb = "a0: &a0 [x, x]\n" + "".join(f"a{k}: &a{k} [*a{k - 1}, *a{k - 1}, *a{k - 1}, *a{k - 1}]\n" for k in range(1, 40))
model("alias bomb", bomb, "alias", "2:5")
model("merge keys", "x: &x {a: 1}\nplaces:\n  <<: *x\n", "alias", "2:4")
model("5,000 deep, in brackets", "places: " + "[" * 5000 + "]" * 5000, "too-deep", "2:109")
model("5,000 deep, never closed", "places: " + "{a: " * 5000, "too-deep")
model("5,000 deep, by indentation", "places:\n" + "".join(f"{' ' * k}a:\n" for k in range(1, 5000)), "too-deep")
model("5,000 deep, in lists of lists", "places:\n  " + "- " * 5000 + "x\n", "too-deep")
model("a key of a megabyte", f"{'a' * 1_000_000}: 1\n", "syntax")
model("a name of a megabyte", f'places: {{"{"a" * 1_000_000}": 1}}\n', "a key of more than 1000", "2:10")
model("a name of 900 characters, twice", f"places: {{{'a' * 900}: 1, {'a' * 900}: 1}}\n", "duplicate-key")
model("half a million keys", "places:\n" + "".join(f"  p{k}: 1\n" for k in range(500_000)), "too-large")
model("100,000 duplicate keys", "places:\n" + "  p: 1\n" * 100_000, "duplicate-key", "4:3")
model("100,000 unknown keys", "".join(f"k{k}: 1\n" for k in range(100_000)), "unknown-key")
model("a line of 15 MB", "description: " + "x " * 7_500_000 + "\nplaces: 1\n", "wrong-kind", "3:9")
model("comments of 15 MB", "# x\n" * 3_700_000 + "places: 1\n", "wrong-kind")
model("tags", "places: !!python/object/apply:os.system ['echo broken']\n", "tag", "2:9")
model("a directive", "%YAML 9.9\n---\nspn: 1\n", "syntax")
model("documents", "places: {}\n" + "---\nspn: 1\n" * 10_000, "documents", "3:1")
CASES.append(Case("100 MB", {"m.yaml": sparse(100_000_000)}, "too-large"))
CASES.append(Case("a terabyte", {"m.yaml": sparse(1_000_000_000_000)}, "too-large"))
CASES.append(Case("100 MB on standard input", {"big": sparse(100_000_000)}, "too-large", ("check", "-"), input="big", exit=(1, 2)))
CASES.append(Case("zeros without end on standard input", {}, "too-large", ("run", "-", "--seed", "1"), input="/dev/zero", exit=(1, 2)))
CASES.append(Case("binary", {"m.yaml": bytes(range(256)) * 4000}, "not-text", place="2:118"))
CASES.append(Case("an ELF file", {"m.yaml": b"\x7fELF\x02\x01\x01" + bytes(2000)}, "control-character", place="1:1"))
CASES.append(Case("UTF-16", {"m.yaml": "spn: 1\n".encode("utf-16")}, "not-text", place="1:1"))
CASES.append(Case("UTF-32", {"m.yaml": "spn: 1\n".encode("utf-32")}, "not-text", place="1:1"))
CASES.append(Case("UTF-8 cut off", {"m.yaml": "spn: 1\ndescription: é".encode()[:-1]}, "not-text", place="2:14"))
CASES.append(Case("overlong UTF-8", {"m.yaml": b"spn: 1\nx: \xc0\xaf\n"}, "not-text", place="2:4"))
CASES.append(Case("halves of characters", {"m.yaml": b"spn: 1\nx: \xed\xa0\x80\n"}, "not-text", place="2:4"))
CASES.append(Case("NUL bytes", {"m.yaml": b"spn: 1\nplaces: {a\0: 1}\n"}, "control-character", place="2:11"))
model("NUL escaped", 'places: {"a\\0": 1}\n', "bad-name", "2:10")
model("writing turned round", "places: {a: 1} # \u202e} :b {\n", "control-character", "2:18")
CASES.append(Case("nothing", {"m.yaml": b""}, "empty"))
CASES.append(Case("a carriage return", {"m.yaml": b"spn: 1\rplaces: {}\n"}, "control-character", place="1:7"))

# Expressions --------------------------------------------------------------------------------------------------------------------

guard("a tower of powers", "9**9**9**9 > 1", "bad-value", "6:15")
guard("a real tower of powers", "9.0**9**9**9 > 1", "bad-value", "6:17")
guard("10**100000", "10**100000 > 1", "bad-value", "6:12")
guard("a literal of 100,000 digits", "a > " + "9" * 100_000, "too-complex")
guard("2**62 doubled", "2**62 * 2 > a", "bad-value")
guard("200,000 terms", " + ".join(["a"] * 200_000) + " > 1", "too-complex", "6:12")
guard("200,000 comparisons", " < ".join(["a"] * 200_000), "too-complex", "6:12")
guard("5,000 parentheses", "(" * 5000 + "a" + ")" * 5000 + " > 0", "too-complex")
guard("100,000 signs", "- " * 100_000 + "a > 0", "syntax")
guard("100,000 nots", "not " * 100_000 + "a > 0", "too-complex")
guard("20,000 choices", "a if a > 1 else " * 20_000 + "a > 1", "too-complex")
guard("20,000 calls", "abs(" * 20_000 + "a" + ")" * 20_000 + " > 1", "too-complex")
guard("20,000 attributes", "a" + ".b" * 20_000 + " > 1", "too-complex")
guard("attributes of attributes", "().__class__.__bases__[0].__subclasses__() == 1", "syntax", "6:15")
guard("an import", "__import__('os').system('echo broken') == 0", "syntax")
guard("a call of open", "open(1) == 1", "unknown-name")
guard("a lambda", "(lambda: 1)() == 1", "syntax")
guard("a comprehension", "[x for x in 1..3] == 1", "syntax")
guard("an f-string", "f'{a}' == 1", "syntax")
guard("an assignment", "(a := 3) == 1", "syntax")
guard("not a number", ".nan", "not-finite", "6:12")
guard("a name that is no number", "nan > 1", "unknown-name", "6:12")
guard("infinity by multiplication", "1e308 * 10 > a", "not-finite", "6:12")
guard("no number by subtraction", "1e308 * 10 - 1e308 * 10 > a", "not-finite")
guard("division by zero", "1 / 0 > a", "bad-value", "6:12")
guard("a unit to a high power", "(1 s) ** 100000 > a", "wrong-")
guard("seconds and tokens", "a + 1 s > 2", "wrong-")
guard("ten sums in each other", "".join("sum(" for k in range(10)) + "a" + "".join(f" for x{k} in 1..1000)" for k in range(10)) + " > 1", "too-")
guard("a sum over 10**15", "sum(k for k in 1..10**15) > a", "bad-value")
guard("characters that look alike", "\u0430 > 0", "syntax")

# Sizes --------------------------------------------------------------------------------------------------------------------------

nested = "modules:\n  inner: {places: {a: 1}}\n  outer:\n    modules: {inner: {places: {a: 1}}}\n    instances: {i: {module: inner, for: x in 1..1000000}}\n"
model("a million times a million instances", nested + "instances: {o: {module: outer, for: y in 1..1000000}}\n", "too-large")
model("nine ranges of an array", "places: {a: {over: [" + ", ".join(["1..100"] * 9) + "]}}\n", "too-large")
model("an array of 10**12", "places: {a: {over: 1..10**12}}\n", "too-large", "2:20")
model("a colour of 10**12 values", "colours: {c: 1..10**12}\nplaces: {p: {colour: c, initial: all}}\ntransitions: {t: {in: p(x), delay: 1 s}}\n", "too-large")
model("a product beyond 64 bits", "colours: {c: 1..10**9, d: c * c * c * c}\nplaces: {p: {colour: d, initial: all}}\n", "wrong-initial")
model("a product of products", "colours:\n  c0: 1..1000\n" + "".join(f"  c{k}: c{k - 1} * c{k - 1}\n" for k in range(1, 40)) + "places: {p: {over: c39}}\n", "")
model("three ranges of a transition", f"{NET.splitlines()[0]}\ntransitions: {{t: {{for: [x in 1..3000, y in 1..3000, z in 1..3000], in: a, delay: 1 s}}}}\n", "too-large")
model("an arc that fans out to 10**9", "places: {a: 1}\ntransitions: {t: {in: a, out: a for k in 1..10**9, delay: 1 s}}\n", "too-large")
model("an enumeration of 300,000", "colours: {c: [" + ", ".join(f"m{k}" for k in range(300_000)) + "]}\nplaces: {p: {colour: d}}\n", "unknown-colour")
model("a table of 300,000 expressions", "tables: {t: [" + ", ".join(["1 + x"] * 300_000) + "]}\n", "unknown-name")
model("a table of a million", "tables: {t: [" + ", ".join(["1"] * 1_000_000) + "]}\n", "too-large")
model("a table index of 10**18", "tables: {c: [1, 2]}\nplaces: {a: 1}\ntransitions: {t: {in: a, guard: 'c[10**18] > 0', delay: 1 s}}\n", "bad-value", "4:34")
model("10**18 tokens of a line", "places: {p: {colour: k, order: fifo, initial: {x: 10**18}}}\ncolours: {k: [x]}\n", "too-large")
model("10**9 tokens, one by one", "places: {p: {colour: k, order: fifo, initial: ['x for j in 1..10**9']}}\ncolours: {k: [x]}\n", "too-large")
model("modules 500 deep", "".join(f"{'  ' * k}modules:\n{'  ' * k} m:\n" for k in range(500)) + "  " * 600 + "places: {}\n", "too-deep")
CASES.append(
    Case(
        "a module that uses itself a million times",
        {"m.yaml": "spn: 1\nparameters: {n: 1000000}\nplaces: {a: 1}\nmodules: {me: m.yaml}\ninstances: {i: {module: me, with: {n: n - 1}, when: n > 0}}\n"},
        "too-",
    )
)
CASES.append(
    Case(
        "a module that uses itself twice, 60 deep",
        {"m.yaml": "spn: 1\nparameters: {n: 60}\nplaces: {a: 1}\nmodules: {me: m.yaml}\ninstances: {i: {module: me, for: k in 1..2, with: {n: n - 1}, when: n > 0}}\n"},
        "too-",
    )
)
model("an erlang of 10**15 stages", "places: {a: 1}\ntransitions: {t: {in: a, out: a, delay: 'erlang(k=10**15, mean=1 s)'}}\nmeasures: {m: {average: b}}\n", "unknown-name")
model("1,000 parameters in a chain", "parameters:\n" + "".join(f"  p{k}: p{k + 1} + 1\n" for k in range(1000)) + "  p1000: 1\nplaces: {a: b}\n", "")
model("parameters in a circle of 1,000", "parameters:\n" + "".join(f"  p{k}: p{(k + 1) % 1000}\n" for k in range(1000)), "circular-parameters")

# Imports ------------------------------------------------------------------------------------------------------------------------

USE = "spn: 1\nmodules: {m: PATH}\ninstances: {i: {module: m}}\n"


def importing(name: str, path: str, told: str, place: str | None = "2:14", **files: str | Callable[[Path], None]) -> None:
    """A file that uses a module in another."""
    others = {other.replace("__", "/").replace("_yaml", ".yaml"): content for other, content in files.items()}
    CASES.append(Case(name, {"m.yaml": USE.replace("PATH", path), **others}, told, place=place))


importing("a use of itself", "m.yaml", "endless-instances", "3:13")
importing("a circle of files", "b.yaml", "", None, b_yaml=USE.replace("PATH", "m.yaml"))
importing("the folder above", "../secret.yaml", "bad-path")
importing("the folder above, hidden", "x/../../secret.yaml", "bad-path")
importing("an absolute path", "/etc/passwd", "bad-path")
importing("a home", "~/x.yaml", "bad-path")
importing("a drive", "'C:\\x.yaml'", "bad-path", "2:15")
importing("an address", "'file:///etc/passwd'", "", None)
importing("a link out of the folder", "l.yaml", "bad-path", l_yaml=link("/etc/passwd"))
importing("a link to a folder out of it", "d/passwd", "bad-path", d=link("/etc"))
importing("a link to itself", "l.yaml", "bad-path", l_yaml=link("l.yaml"))
importing("a pipe", "p.yaml", "", None, p_yaml=pipe)
importing("a folder", "d", "", None, d__x_yaml="spn: 1\n")
importing("a link to a device", "l.yaml", "bad-path", l_yaml=link("/dev/zero"))
importing("100 MB, imported", "b.yaml", "too-large", None, b_yaml=sparse(100_000_000))
importing("a NUL in a path", '"a\\0b"', "bad-path", None)
importing("a path of 100,000 characters", "'" + "a/" * 50_000 + "'", "bad-path", None)
CASES.append(Case("a pipe as the model", {"m.yaml": pipe}, "unreadable-file", exit=(1, 2)))
CASES.append(Case("a device as the model", {}, "unreadable-file", ("check", "/dev/zero"), exit=(1, 2)))
CASES.append(Case("a folder as the model", {}, "folder", ("check", "."), exit=(2,)))
CASES.append(
    Case("300 files", {"m.yaml": "spn: 1\nmodules: {" + ", ".join(f"m{k}: f{k}.yaml" for k in range(300)) + "}\n", **{f"f{k}.yaml": "spn: 1\n" for k in range(300)}}, "too-large")
)

# From outside: -p, standard input, net files, studies, results --------------------------------------------------------------------

PARAMETERS = "spn: 1\nparameters: {n: 3, t: 30 s, d: exponential(mean=1 h)}\ncolours: {c: 1..n}\nplaces: {a: {over: c}}\n"


def override(name: str, given: str, told: str) -> None:
    """A parameter's value on the command line."""
    CASES.append(Case(f"-p: {name}", {"m.yaml": PARAMETERS}, told, ("check", "m.yaml", "-p", given), exit=(1, 2)))


override("a tower of powers", "n=9**9**9**9", "<parameter n>:1:4")
override("10**100000", "n=10**100000", "<parameter n>:1:1")
override("10**12", "n=10**12", "too-large")
override("30,000 terms", "n=" + "+".join(["1"] * 30_000), "<parameter n>:1:")
override("30,000 parentheses", "n=" + "(" * 30_000, "<parameter n>:1:")
override("a call", "n=__import__('os')", "<parameter n>:1:")
override("nothing", "n=", "has no value")
override("no name", "=3", "")
override("no value", "n", "")
override("a name with a line end", "n\nx=3", "is not a name")
override("infinity", "t=1e400 s", "<parameter t>:1:1")
override("a negative mean", "d=exponential(mean=-1 s)", "")
override("a list of 20,000", "d=empirical(data=[" + ", ".join(["1 s"] * 20_000) + "x])", "<parameter d>:1:")
override("bytes that are no text", "n=\udcff\udcfe", "<parameter n>:1:1")

STUDY = "study: 1\nmodels: {two: two_state}\n"


def study(name: str, text: str, told: str, **files: str | Callable[[Path], None]) -> None:
    """A study file."""
    others = {other.replace("_yaml", ".yaml"): content for other, content in files.items()}
    CASES.append(Case(f"study: {name}", {"s.yaml": text, **others}, told, ("sweep", "s.yaml", "--workers", "1"), exit=(1, 2)))


study("an alias bomb", "study: 1\n" + bomb, "alias")
study("5,000 deep", "study: 1\nmodels: " + "[" * 5000, "too-deep")
study("a range of 10**12", STUDY + "parameters: {failure_rate: {from: 1 / h, to: 2 / h, points: 1000000000000}}\n", "bad-value")
study("10**15 points", STUDY + "parameters:\n" + "".join(f"  p{k}: [{', '.join(map(str, range(1000)))}]\n" for k in range(5)) + "derived: {failure_rate: (p0 + p1 + p2 + p3 + p4 + 1) / h}\n", "too-large")
study("a list of 300,000", STUDY + "parameters: {failure_rate: [" + ", ".join(f"{k} / h" for k in range(1, 300_001)) + "]}\n", "too-large")
study("a tower of powers", STUDY + "parameters: {x: [1]}\nderived: {failure_rate: 9**9**9**9 / h * x}\n", "s.yaml:4:")
study("an infinite rate", STUDY + "parameters: {failure_rate: [1e308 * 10 / s]}\n", "s.yaml:3:")
study("a circle", STUDY + "parameters: {x: [1]}\nderived: {failure_rate: repair_rate * x, repair_rate: failure_rate}\n", "s.yaml:4:")
study("a device as the model", "study: 1\nmodels: {m: /dev/zero}\n", "s.yaml:2:")
study("a pipe as the model", "study: 1\nmodels: {m: p.yaml}\n", "", p_yaml=pipe)
study("itself as the model", "study: 1\nmodels: {m: s.yaml}\n", "s.yaml:")
study("a model, not a study", "spn: 1\nplaces: {}\n", "s.yaml:1:")
study("no text", "study: 1\nmodels: {m: \0}\n", "s.yaml:2:")
study("a seed of 10**400", STUDY + f"seed: 1{'0' * 400}\n", "s.yaml:3:")
study("a precision of nothing", STUDY + "precision: 0\n", "s.yaml:3:")
study("4,000 comparisons", STUDY + "compare: {" + ", ".join(f"c{k}: {{of: x, to: y}}" for k in range(4_000)) + "}\n", "s.yaml:3:")
CASES.append(Case("study: a pipe", {"s.yaml": pipe}, "unreadable-file", ("sweep", "s.yaml"), exit=(1, 2)))
CASES.append(Case("study: a device", {}, "unreadable-file", ("sweep", "/dev/zero"), exit=(1, 2)))
CASES.append(Case("study: 100 MB", {"s.yaml": sparse(100_000_000)}, "too-large", ("sweep", "s.yaml"), exit=(1, 2)))


def results(name: str, content: str | bytes | Callable[[Path], None], *further: str) -> None:
    """A results file."""
    CASES.append(Case(f"results: {name}", {"r.sqlite": content}, "r.sqlite", ("table", "r.sqlite", *further), exit=(1, 2)))


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as made:
        made.execute("create table points (x)")
    made.close()


results("empty", b"")
results("text", "spn: 1\n")
results("binary", os.urandom(100_000))
results("a pipe", pipe)
results("a link to a device", link("/dev/zero"))
results("a database of another program", foreign)
results("100 MB of zeros", sparse(100_000_000))
results("a header and no more", b"SQLite format 3\0")
CASES.append(Case("results: a device", {}, "/dev/zero", ("table", "/dev/zero"), exit=(1, 2)))
CASES.append(Case("results: none", {}, "none.sqlite", ("table", "none.sqlite"), exit=(1, 2)))

RESOLVED = '{"spn": 1, "name": "n", "tables": {TABLES}, "places": {"a": {"over": "i in 0..2", "initial": "t1[i]", "labels": LABELS}}, "transitions": {"t": {"in": ["a(0)"], "delay": "1.0 s"}}}'


def net(name: str, told: str, tables: str = '"t1": [1, 2, 3]', labels: str = '[[0, "a(*)", ["i"]]]') -> None:
    """A net as `spn resolve` prints it, edited by hand."""
    CASES.append(Case(f"net: {name}", {"m.yaml": RESOLVED.replace("TABLES", tables).replace("LABELS", labels)}, told, exit=(0, 1)))


net("a table that is too short", "bad-value", tables='"t1": [1]')
net("a table of texts", "", tables='"t1": ["x", "y", "z"]')
net("a table of infinities", "not-finite", tables='"t1": [1e999, 2, 3]')
net("a table of reals", "", tables='"t1": [0.5, 2, 3]')
net("labels without an argument", "", labels='[[0, "a(*)(*)"]]')
net("labels that start beyond", "", labels='[[1000000000000, "a(*)", ["i"]]]')
net("labels backwards", "", labels='[[2, "a(*)", ["i"]], [0, "b(*)", ["i"]]]')
net("labels of members without end", "", labels='[[0, "a({voice|", ["i"]]]')
net("labels of a member that is not there", "", labels='[[0, "a({voice|video})", ["i + 10**9"]]]')
net("a label of a megabyte", "", labels=f'[[0, "{"a*" * 300_000}", ["i"]]]')
