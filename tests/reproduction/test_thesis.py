"""The study `thesis` has every reading, at a precision that takes no time here; the command prints both numbers and the verdict."""

import json
import re

import pytest

from spn.cli.main import main
from spn.library import shipped_studies, studies_folder
from spn.reproduction.published import HOURS
from spn.reproduction.readings import READINGS, findings
from spn.sweeps.reading import load_study
from tests.sweeps.studies import sweep


@pytest.fixture(scope="module")
def rough(tmp_path_factory):
    """The study with a fraction of its firings, and its results."""
    folder = tmp_path_factory.mktemp("thesis")
    text = shipped_studies()["thesis"].read_text()
    quick = re.sub(r"^precision: .*$", "precision: 50 %\nengine: reference\nmax_firings: 300", text, flags=re.MULTILINE)
    assert quick != text
    path = folder / "thesis.yaml"
    path.write_text(quick)
    return path, sweep(path, folder / "results")[1]


def test_every_reading_is_simulated_at_each_mean_time_to_failure(rough):
    found = findings(rough[1])
    missing = {(reading.key, hours) for reading in READINGS for hours in HOURS} - set(found.values)
    assert missing == {("limit_5", 1104), ("limit_5", 552)}
    assert len(rough[1].points) == len(found.values) - 2 * len(HOURS)  # sum and average come from the points of the default


def test_the_systems_are_compared_in_each_reading(rough):
    found = findings(rough[1])
    standard = [reading.key for reading in READINGS if reading.model == "standard"]
    actors = [reading.key for reading in READINGS if reading.system == "actors" and reading.measure == "system"]
    compared = [key for key in actors if key not in ("actors_printed", "limit_5")]
    assert set(found.ratios) == {(of, to, hours) for of in standard for to in compared for hours in HOURS}
    rounded = {(key, hours) for key in ("standard_printed", "actors_printed") for hours in HOURS}
    assert set(found.against) == rounded | {("limit_5", 2208)}
    assert found.values["limit_5", 2208] == found.values["own", 2208]


def test_the_command_prints_both_numbers_and_the_verdict(rough, tmp_path, monkeypatch, capsys):
    path, _ = rough
    monkeypatch.setattr("spn.reproduction.readings.LEAST", 1e300)  # so few firings bear no sentence else
    monkeypatch.setattr("spn.library.shipped_studies", lambda: {"thesis": path})
    given = ["reproduce", "-o", str(path.parent / "results"), "--workers", "1"]
    main(given)
    page = capsys.readouterr().out
    assert "Table 1" in page and "Table 2" in page and "0.9872581" in page and "4 d 15 h" in page
    assert "verdict, computed from these numbers\n  1. " in page
    main([*given, "--json"])
    made = json.loads(capsys.readouterr().out)
    assert len(made["readings"]) == 3 * len(READINGS) - 2 and made["verdict"] and made["results"]["points"]
    main([*given, "--markdown"])
    assert "| system and reading |" in capsys.readouterr().out


def test_what_is_not_known_by_name_is_said(capsys):
    assert main(["reproduce", "thesi"]) == 2 and "did you mean 'thesis'" in capsys.readouterr().err
    assert main(["sweep", "thesi"]) == 2 and "shipped studies:" in capsys.readouterr().err


@pytest.mark.parametrize("name", shipped_studies())
def test_a_shipped_study_is_right_and_goes_with_the_package(name):
    load_study(shipped_studies()[name])
    project = (studies_folder().parent / "pyproject.toml").read_text()
    assert f'"experiments/{name}.yaml" = "spn/studies/{name}.yaml"' in project


KNOWN = {
    "restart 1 s; children of a restarted one then take their own 1 s (default)": 5.41476865e-7,
    "restart 1 s; children start with their supervisor": 4.15671792e-7,
    "I0's failure restarts the process, 30 to 300 s, children with it": 2.10472800e-5,
    "restart 30 to 300 s, as the process; children then their own": 9.95272550e-5,
    "restart 30 to 300 s, as the process; children with their supervisor": 6.85815541e-5,
    "6 sections, all as new after a restart (default)": 3.61402103e-5,
    "5 sections, all as new after a restart": 3.45773063e-5,
    "6 sections that go on ageing": 1.24531591e-4,
    "5 sections that go on ageing": 1.03778480e-4,
}


@pytest.mark.parametrize("title", KNOWN)
def test_the_page_has_numbers_that_agree_with_quadrature(title):
    # What is printed there was simulated, so that it may miss: five half-widths of a 95 % interval are passed with a probability of 1e-22.
    page = (studies_folder().parent / "docs" / "thesis.md").read_text()
    row = next(line for line in page.splitlines() if line.startswith((f"| {title} |", f"|   {title} |")))
    estimate, low, high = (1 - float(number) for number in re.findall(r"0\.9\d+", row.split("|")[2]))
    assert low > high > 0
    assert abs(estimate - KNOWN[title]) < 5 * (low - high) / 2
