"""Exit codes and streams of the commands, with what they call replaced by fakes."""

import json
from types import SimpleNamespace

import pytest

from spn import api, comparing
from spn.cli.console import note
from spn.cli.main import main
from spn.estimate.estimates import State
from spn.estimate.intervals import Interval
from spn.estimate.stopping import Reason
from spn.observation import RunError
from spn.study import NotSupported
from spn.study.comparison import Comparison
from spn.text.problems import ModelError, Problem
from spn.text.source import Source, Span
from tests.cli.fakes import a_net, a_result, an_availability, an_average


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "standard.yaml"
    path.write_text("spn: 1\n")
    return str(path)


@pytest.fixture
def simulated(monkeypatch):
    """The result that a simulation is to have, and the calls of it."""
    calls = []

    class Fake:
        result = a_result()

    def simulate(net, **settings):
        calls.append((net, settings))
        if isinstance(Fake.result, BaseException):
            raise Fake.result
        return Fake.result

    loads(monkeypatch, lambda model, parameters: a_net(**parameters))
    monkeypatch.setattr(api, "simulate", simulate)
    Fake.calls = calls
    return Fake


def loads(monkeypatch, load, warnings=()):
    """Let models be loaded by `load`."""
    monkeypatch.setattr(api, "load_with_warnings", lambda model, parameters=None: (load(model, parameters or {}), list(warnings)))
    monkeypatch.setattr(api, "read", lambda model, parameters=None: a_reading(load(model, parameters or {}), list(warnings)))


def a_reading(net, warnings):
    """A net as if it had been read from a model without parameters."""
    module = SimpleNamespace(model=SimpleNamespace(parameters={}))
    elaboration = SimpleNamespace(modules={"": module}, rows={"": SimpleNamespace(frame=SimpleNamespace(parameters={}))})
    return SimpleNamespace(net=net, warnings=warnings, given={}, library=SimpleNamespace(model=None), elaboration=elaboration)


def problem_in(name, text="failure: 2208 x\n", start=4, stop=6):
    return Problem("unknown-name", "'x' is no unit", Span(Source(name, text), start, stop), "write h")


def test_a_result_goes_to_stdout_and_the_seed_to_both(model, simulated, capsys):
    assert main(["run", model, "--seed", "7"]) == 0
    out, err = capsys.readouterr()
    assert "3.614e-05  [3.578e-05, 3.650e-05]" in out
    assert "seed" in out
    assert "converged" in out
    assert out.rstrip().endswith(f"spn run {model} --seed 7")
    assert err == "standard: seed 7\n"


def test_the_options_reach_the_simulation(model, simulated, capsys):
    arguments = [
        "--precision",
        "1 %",
        "--confidence=99%",
        "--seed",
        "3",
        "--max-firings",
        "1e6",
        "--max-seconds",
        "2.5",
        "--engine",
        "reference",
        "--max-time",
        "2 h",
        "--sampling",
        "batch-means",
    ]
    assert main(["run", model, "-p", "limit=5", "--workers", "3", *arguments]) == 0
    net, settings = simulated.calls[0]
    assert net.origin == {"limit": "5"}
    wanted = {
        "precision": 0.01,
        "confidence": 0.99,
        "seed": 3,
        "max_firings": 1_000_000,
        "max_seconds": 2.5,
        "max_time": 7200.0,
        "sampling": "batch-means",
        "engine": "reference",
    }
    others = {"workers": 3, "progress": None, "notice": note}
    assert settings == wanted | others
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("repeat: ")
    assert main(last.removeprefix("repeat: spn ").split()) == 0
    assert simulated.calls[1][1] == wanted | others | {"workers": None}


def test_without_a_seed_a_new_one_is_made_and_shown(model, simulated, capsys):
    assert main(["run", model]) == 0
    seed = simulated.calls[0][1]["seed"]
    assert f"--seed {seed}" in capsys.readouterr().out


def test_json_is_one_object_with_everything(model, simulated, capsys):
    simulated.result = a_result({"system": an_availability(), "load": an_average()})
    assert main(["run", model, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert {"model", "parameters", "seed", "engine", "stop_reason", "firings", "elapsed_s", "measures", "command"} <= set(data)
    system = data["measures"]["system"]
    assert {"kind", "estimate", "low", "high", "confidence", "unavailability", "downtime_s_per_year", "nines", "failures_per_year"} <= set(system)
    assert {"mean_up_s", "mean_down_s"} <= set(system)
    assert set(system["unavailability"]) >= {"estimate", "low", "high"}


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in {Reason.CONVERGED, Reason.INTERRUPTED, Reason.RUN_ERROR}])
def test_a_run_that_stopped_for_another_reason_is_printed_and_ends_with_3(model, simulated, capsys, reason):
    simulated.result = a_result({"system": an_availability(state=State.IMPRECISE)}, reason)
    assert main(["run", model]) == 3
    out = capsys.readouterr().out
    assert reason.value in out
    assert State.IMPRECISE.value in out


def test_an_interrupted_run_is_printed_and_ends_with_130(model, simulated, capsys):
    simulated.result = a_result(reason=Reason.INTERRUPTED)
    assert main(["run", model]) == 130
    assert "interrupted" in capsys.readouterr().out


def test_an_interruption_before_any_result_ends_with_130(model, simulated, capsys):
    simulated.result = KeyboardInterrupt()
    assert main(["run", model]) == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert "interrupted" in err


def test_an_engine_that_does_not_support_the_net_ends_with_4(model, simulated, capsys):
    simulated.result = NotSupported("reference", ["it is too odd"])
    assert main(["run", model]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert "too odd" in err


def test_a_run_error_is_a_fault_of_the_model(model, simulated, capsys):
    simulated.result = RunError("timeless-trap", "a and b fire for ever", 3.0)
    assert main(["run", model]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "timeless-trap: a and b fire for ever (at time 3 s)" in err


@pytest.mark.parametrize("command", ["run", "check", "resolve", "trace"])
def test_all_problems_of_a_model_are_told_on_stderr(model, monkeypatch, capsys, command):
    def load(path, parameters=None):
        raise ModelError([problem_in("a.yaml"), problem_in("a.yaml", start=9, stop=13)])

    loads(monkeypatch, load)
    assert main([command, model]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "a.yaml:1:5: unknown-name" in err
    assert "a.yaml:1:10: unknown-name" in err
    assert err.rstrip().endswith("2 errors")


def test_a_fault_in_a_parameter_of_the_command_line_is_one_of_usage(model, monkeypatch, capsys):
    def load(path, parameters=None):
        raise ModelError([problem_in("<parameter failure>", "2208 x")])

    loads(monkeypatch, load)
    assert main(["run", model, "-p", "failure=2208 x"]) == 2
    assert "<parameter failure>:1:5: unknown-name" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["run"],
        ["run", "m", "n"],
        ["run", "m", "--prec", "5%"],
        ["run", "m", "--precision", "2"],
        ["run", "m", "--confidence", "100%"],
        ["run", "m", "--seed", "-1"],
        ["run", "m", "--engine", "steam"],
        ["run", "m", "-p", "a"],
        ["run", "m", "-p", "a=1", "-p", "a=2"],
        ["run", "m", "--max-firings", "0"],
        ["compare"],
        ["check", "m", "--json"],
    ],
)
def test_a_wrong_call_ends_with_2_and_nothing_on_stdout(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "usage: spn" in err


@pytest.mark.parametrize("name", ["nosuch", "no/such.yaml", "", "a" * 5000, "a\0b", "..", "/", "\x1b[31mred"])
def test_an_unknown_model_is_one_line_on_stderr(name, capsys):
    assert main(["check", name]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("spn check: ")
    assert len(err.splitlines()) == 1
    assert "\x1b" not in err


def test_an_unreadable_file_is_one_line_on_stderr(model, monkeypatch, capsys):
    def load(path, parameters=None):
        raise PermissionError(13, "Permission denied", model)

    loads(monkeypatch, load)
    assert main(["check", model]) == 2
    assert capsys.readouterr().err == f"spn check: {model}: Permission denied\n"


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_a_model_that_is_too_much_is_refused_in_words(model, monkeypatch, capsys, error):
    def load(path, parameters=None):
        raise error

    loads(monkeypatch, load)
    assert main(["check", model]) == 1
    assert "too deeply or too large" in capsys.readouterr().err


def test_a_net_without_measures_cannot_be_run(model, simulated, monkeypatch, capsys):
    from dataclasses import replace

    loads(monkeypatch, lambda model, parameters: replace(a_net(), measures=()))
    assert main(["run", model]) == 2
    assert "no measures" in capsys.readouterr().err


def test_warnings_are_shown_beside_the_result(model, monkeypatch, capsys):
    from dataclasses import replace

    loads(monkeypatch, lambda model, parameters: a_net(), [replace(problem_in("a.yaml"), severity="warning")])
    assert main(["check", model]) == 0
    out, err = capsys.readouterr()
    assert "availability" in out
    assert "warning: " in err


def test_control_characters_of_a_model_do_not_reach_the_terminal(model, monkeypatch, capsys):
    from dataclasses import replace

    loads(monkeypatch, lambda model, parameters: replace(a_net(), description="\x1b]0;owned\x07 \u202etxt"))
    assert main(["check", model]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out


@pytest.fixture
def compared(monkeypatch):
    """The nets, measures and settings of comparisons, whose ratio is 0.01 with a factor of 3 from common random numbers."""
    calls = []

    def compare_nets(nets, measures, **settings):
        calls.append((nets, measures, settings))
        results = a_result({"system": an_availability(1e-6)}, model="actors"), a_result({"system": an_availability(1e-4)})
        ratio, difference = Interval(0.01, 0.0098, 0.0102, 0.95, "by hand"), Interval(-9.9e-5, -1e-4, -9.8e-5, 0.95, "by hand")
        claim, names = settings["claim"], ("system", "system")
        return Comparison(results, names, ratio, difference, 3.0, True, True, Reason.CONVERGED, 0.05, settings["seed"], 2000, 0.1, claim)

    loads(monkeypatch, lambda model, parameters: a_net(**parameters))
    monkeypatch.setattr(comparing, "compare_nets", compare_nets)
    return calls


def test_a_comparison_prints_both_and_the_ratio(model, compared, capsys):
    assert main(["compare", model, model, "--seed", "5", "--claim", "<=0.1"]) == 0
    out = capsys.readouterr().out
    assert "actors (system)" in out
    assert "standard (system)" in out
    assert "U(actors) / U(standard)  " in out
    assert "0.01000  [0.00980, 0.01020]" in out
    assert "in common: 3 times less variance" in out
    assert "a ratio <= 0.1 is supported at 95 % confidence" in out
    assert out.rstrip().endswith("--claim '<=0.1' --seed 5")
    assert main(["compare", model, model, "--seed", "5", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["ratio"]["estimate"] == pytest.approx(0.01)
    assert data["ratio"]["low"] < 0.01 < data["ratio"]["high"]
    assert data["common_random_numbers"]["variance_reduction"] == 3.0
    assert data["claim"] is None
    assert [entry["model"] for entry in data["models"]] == ["actors", "standard"]


def test_a_comparison_takes_the_availability_alone(model, compared, capsys):
    assert main(["compare", model, model, "--seed", "5", "--independent"]) == 0
    _, measures, settings = compared[0]
    assert settings["seed"] == 5 and settings["independent"]
    assert [measure.name for measure in measures] == ["system", "system"]


def test_a_parameter_goes_to_the_side_that_knows_it_and_against_to_the_second(tmp_path, compared, monkeypatch, capsys):
    loaded = []

    def load(path, parameters=None):
        loaded.append((path.stem, dict(parameters or {})))
        return a_net(path.stem, **{"size": "1", path.stem: "2"} | dict(parameters or {}))

    loads(monkeypatch, load)
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("")
    first, second = str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")
    assert main(["compare", first, second, "-p", "size=3", "-p", "b=4"]) == 0
    assert loaded[-2:] == [("a", {"size": "3"}), ("b", {"size": "3", "b": "4"})]
    assert main(["compare", first, "-p", "size=3", "--against", "size=5"]) == 0
    assert loaded[-2:] == [("a", {"size": "3"}), ("a", {"size": "5"})]
    assert capsys.readouterr().out.rstrip().splitlines()[-1].startswith(f"repeat: spn compare {first} --against size=5 -p size=3 --seed ")


@pytest.mark.parametrize("arguments", [[], ["--claim", "0"], ["--claim", "much"], ["--claim", ">="], ["--against", "size"]])
def test_a_comparison_of_one_model_needs_something_to_differ_in(model, arguments, capsys):
    try:
        code = main(["compare", model, *arguments])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("arguments", [["--measure", "sistem"], ["--measure", "a,b,c"], ["--measure", "load"]])
def test_a_comparison_needs_an_availability_on_each_side(model, compared, capsys, arguments):
    assert main(["compare", model, model, *arguments]) == 2
    assert capsys.readouterr().out == ""


def test_explain_prints_one_section_or_the_list(capsys):
    assert main(["explain", "unquoted-comma"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("unquoted-comma\n\n")
    assert "    spn: 1\n" in out
    assert main(["explain"]) == 0
    assert "\n  unknown-unit " in capsys.readouterr().out


def test_explain_knows_what_was_nearly_asked(capsys):
    assert main(["explain", "unknown-nam"]) == 2
    assert capsys.readouterr().err == "spn explain: there is no code 'unknown-nam'; did you mean 'unknown-name'?\n"
