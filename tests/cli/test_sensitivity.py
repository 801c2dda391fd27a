"""``spn sensitivity``: its page, its JSON, its figure, and what it refuses."""

import json

import pytest

from spn.cli.main import main

QUICK = ["--seed", "1", "--precision", "20 %", "--engine", "reference"]


def test_the_page_has_the_greatest_first_with_bars(capsys):
    assert main(["sensitivity", "monolithic", "repair.low", "repair", *QUICK]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    start = lines.index("d ln U / d ln parameter, intervals of 95 % confidence")
    assert lines[start + 1].split()[0] == "repair" and "++++++++++++++++++++++++" in lines[start + 1]
    assert lines[start + 2].split()[0] == "repair.low" and "at 30.0 s" in lines[start + 2]
    assert lines[-1] == "repeat: spn sensitivity monolithic repair.low repair --precision 0.2 --engine reference --seed 1"
    assert err == "monolithic: seed 1\n"


def test_json_is_one_object_with_everything(capsys):
    assert main(["sensitivity", "two_state", "--json", *QUICK]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["quantity"] == "unavailability" and data["measure"] == "system" and data["converged"]
    assert {each["parameter"] for each in data["elasticities"]} == {"failure_rate", "repair_rate"}
    found = next(each for each in data["elasticities"] if each["parameter"] == "repair_rate")
    assert found["elasticity"]["low"] < -0.99998 < found["elasticity"]["high"]
    assert found["step"] == 0.1 and found["value"] == "1 / (165 s)" and found["stop_code"] == "converged"
    assert data["model"]["measures"]["system"]["unavailability"]["estimate"] == pytest.approx(2.08e-5, rel=0.2)


def test_a_budget_that_ends_first_ends_with_3_and_unknown_numbers(capsys):
    assert main(["sensitivity", "two_state", "--seed", "1", "--max-firings", "100"]) == 3
    out = capsys.readouterr().out
    assert "not converged" in out and "the budget of firings is used up" in out


def test_a_model_that_never_fails_has_no_elasticities(capsys):
    assert main(["sensitivity", "two_state", "repair_rate", "-p", "failure_rate=0", "--seed", "1"]) == 3
    assert "none: dead marking" in capsys.readouterr().out


def test_a_figure_is_written(tmp_path, capsys):
    path = tmp_path / "s.svg"
    assert main(["sensitivity", "two_state", "repair_rate", "--plot", str(path), *QUICK]) == 0
    text = path.read_text()
    assert text.startswith("<?xml") and "</svg>" in text


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["two_state", "nosuch"], "has no parameter 'nosuch'"),
        (["two_state", "failure_rat"], "did you mean 'failure_rate'"),
        (["monolithic", "clocks"], "is resample, no number"),
        (["monolithic", "sections"], "it is a whole number"),
        (["monolithic", "failure.nosuch"], "which has no 'nosuch'"),
        (["monolithic", "repair", "--measure", "nosuch"], "has no measure 'nosuch'"),
        (["sip_transport", "backoff"], "is 0"),
        (["monolithic", "repair", "--plot", "x.txt"], "no format"),
        (["monolithic", ""], "has no parameter ''"),
        (["monolithic", "failure."], "which has no ''"),
        (["nosuch"], "no model 'nosuch'"),
    ],
)
def test_what_has_no_derivative_is_one_line_on_stderr(arguments, why, capsys):
    assert main(["sensitivity", *arguments, "--seed", "1"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert why in err.splitlines()[-1]
    assert "Traceback" not in err
