"""`spn run --explain`: what a user reads who debugs a model that is broken."""

from __future__ import annotations

import json

import pytest

from spn.cli.main import main

BROKEN = """\
spn: 1
parameters: {n: 3}
places: {up: n, down: 0, spare: 1, queue: 0, backup: 0}
transitions:
  fail: {in: up, out: down, delay: exponential(mean=10 h), servers: infinite}
  repair: {in: [down, 2 * spare], out: [up, 2 * spare], delay: 1 h}
  take_over: {in: down, out: backup, guard: up == n, priority: 2}
  arrive: {out: queue, delay: exponential(rate=2 / h)}
  serve: {in: queue, test: up, delay: exponential(rate=1 / h)}
measures:
  system: {availability: up + backup >= 2}
"""

TRAP = """\
spn: 1
places: {a: 1, b: 0}
transitions: {there: {in: a, out: b}, back: {in: b, out: a}}
measures: {up: {availability: a == 1}}
"""

DEAD = """\
spn: 1
places: {a: 2, b: {capacity: 1}}
transitions: {move: {in: a, out: b, delay: 1 s}}
measures: {up: {average: a}}
"""


@pytest.fixture
def run(tmp_path, capsys):
    def explained(text, *arguments):
        path = tmp_path / "model.yaml"
        path.write_text(text)
        code = main(["run", str(path), "--seed", "1", "--max-firings", "30000", "--engine", "reference", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return explained


def section(out, title):
    """The rows below a title, by their first column."""
    _, _, rest = out.partition(f"\n{title}")
    return [" ".join(line.split()) for line in rest.partition("\n\n")[0].splitlines()[1:]]


def test_what_never_fired_is_told_with_its_reason(run):
    code, out, _ = run(BROKEN, "--explain")
    assert code == 3
    assert "spn trace ... --seed 1" in out
    never = section(out, "never fired")
    assert any(row.startswith("repair 'spare' has fewer than 2 tokens, and never had more than 1 (") for row in never)
    assert any(row.startswith("take_over its guard is false: up == n, which is here up == 3 (") for row in never)
    assert section(out, "rare") == ["fail 3 of 20,000 firings"]
    assert any(row.startswith("queue ") and "growing" in row for row in section(out, "tokens"))
    back = section(out, "what held transitions back")
    assert any(row.startswith("arrive fired ") and row.endswith("always enabled") for row in back)
    assert any(row.startswith("serve fired ") and "'up' is empty (which it only tests)" in row for row in back)


def test_json_says_the_same(run):
    _, out, _ = run(BROKEN, "--explain", "--json")
    found = json.loads(out)["explanation"]
    transitions = {each["transition"]: each for each in found["transitions"]}
    assert transitions["repair"]["never_fired"] == 1
    assert {(held["by"], held["place"]) for held in transitions["repair"]["held"]} == {("input", "spare"), ("input", "down")}
    assert {held["by"] for held in transitions["take_over"]["held"]} == {"guard", "input"}
    assert [place["place"] for place in found["places"] if place["growing"]] == ["queue"]
    assert found["end"] == "limit"


def test_a_trap_is_explained_and_still_an_error(run):
    code, out, err = run(TRAP, "--explain", "--max-firings", "1e6")
    assert code == 1
    assert "ended at 0 s with timeless-trap" in out
    assert "again and again there, back" in out
    assert "timeless-trap" in err
    code, out, _ = run(TRAP, "--explain", "--json", "--max-firings", "1e6")
    assert code == 1
    assert json.loads(out)["error"]["code"] == "timeless-trap"


def test_a_standstill_shows_its_marking(run):
    _, out, _ = run(DEAD, "--explain")
    assert section(out, "dead from 1 s on: nothing can fire any more") == ["marking a=1, b=1", "move 'b' has no room (capacity 1)"]


def test_a_doubtful_result_points_to_it(run):
    assert "--explain" in run(DEAD)[2]
    assert "explanation" not in run(DEAD)[1]


def test_every_shipped_model_can_be_explained(capsys):
    assert main(["run", "sip_server", "--seed", "1", "--explain", "--max-firings", "2000", "--engine", "reference"]) == 3
    out = capsys.readouterr().out
    assert "explanation, by one run of the reference engine" in out
    assert "sip_server" in out
