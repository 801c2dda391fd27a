"""Tables of results: what is in them, and that each form can be read by those it is for."""

import csv
import io
import json
import math
from html.parser import HTMLParser
from pathlib import Path

import pytest

from spn.cli.main import main
from spn.estimate.intervals import Interval
from spn.sweeps.records import Measured, Record, interval_of, plain_interval
from spn.sweeps.store import Store
from spn.tables.forms import comma_separated, latex, markdown, text, web
from spn.tables.results import PointResult, Ratio, Results
from tests.sweeps.studies import SMALL, sweep, write


def availability(u=3.614e-5):
    of_u = Interval(u, u * 0.9, u * 1.1, 0.95, "Student")
    down = of_u.scaled(365.25 * 86400)
    nines = Interval(math.nan, 4, math.inf, 0.95, "")
    quantities = {"unavailability": of_u, "availability": of_u.complement(), "downtime_s_per_year": down, "nines": nines}
    return Measured("availability", quantities, 0.1, 0.05, "not converged: the precision asked for was not reached", False, 120, 40)


def results(name="a|b<i>_&%"):
    first = PointResult("standard", {"mttf": name, "n": "1"}, {}, Record({"system": availability()}, "the budget", False, 1000, "reference"), None)
    load = Measured("average", {"estimate": Interval(2.5, 2.4, 2.6, 0.95, "Fieller")}, 0.04, 0.05, "converged", True, None, 40)
    second = PointResult("actors", {"n": "1"}, {}, Record({"load": load}, "done", True, 10, "reference"), None)
    third = PointResult("actors", {"n": "2"}, {}, None, {"replications": 32, "precision": [0.2, 0.05]})
    about = {"name": "demo", "description": "", "seed": 1, "precision": 0.05, "confidence": 0.95}
    ratio = Ratio("gain", first, first, ("system", "system"), Interval(1.0, 0.9, 1.1, 0.95, "x"))
    return Results(about, ("mttf", "n"), (first, second, third), (ratio,))


def test_the_text_has_an_interval_beside_every_number():
    page = text(results())
    assert "3.61e-05  [3.25e-05, 3.98e-05]" in page and "19.0  [17.1, 20.9] min" in page and "+-10 %" in page
    assert "2.50  [2.40, 2.60]" in page
    assert "not finished: 32 replications or more, precision +-20 % of +-5 %" in page
    assert "gain" in page and "standard(mttf = a|b<i>_&%, n = 1).system" in page
    assert "2 of 3 finished" in page


def test_comma_separated_values_read_back_with_every_bit():
    rows = list(csv.DictReader(io.StringIO(comma_separated(results()))))
    assert [row["model"] for row in rows] == ["standard", "actors"]
    assert float(rows[0]["unavailability"]) == 3.614e-5 and rows[0]["estimate"] == ""
    assert float(rows[1]["estimate_high"]) == 2.6
    assert rows[0]["mttf"] == "a|b<i>_&%"
    formula = list(csv.DictReader(io.StringIO(comma_separated(results("=HYPERLINK(1)")))))
    assert formula[0]["mttf"] == "'=HYPERLINK(1)"


def test_markdown_rows_have_as_many_cells_as_the_header():
    tables = [part.splitlines()[2:] for part in ("\n" + markdown(results())).split("\n**")[1:]]
    for lines in tables:
        cells = {line.replace("\\|", "").count("|") for line in lines if line}
        assert len(cells) == 1


def test_latex_escapes_what_is_special():
    page = latex(results())
    assert r"a|b\textless{}i\textgreater{}\_\&\%" in page
    for line in page.splitlines():
        if line.endswith(r"\\"):
            assert line.replace(r"\&", "").count("&") in (3, 6, 7, 8, 9)
    assert page.count(r"\begin{tabular}") == page.count(r"\end{tabular}") == 4


def test_html_is_well_formed_and_escaped():
    opened, texts = [], []

    class Checker(HTMLParser):
        def handle_starttag(self, tag, attributes):
            opened.append(tag)

        def handle_endtag(self, tag):
            assert opened.pop() == tag

        def handle_data(self, data):
            texts.append(data)

    Checker().feed(web(results()))
    assert not opened
    assert "a|b<i>_&%" in texts


def test_intervals_come_back_with_what_is_not_finite():
    interval = Interval(math.nan, -math.inf, math.inf, 0.95, "x")
    back = interval_of(json.loads(json.dumps(plain_interval(interval))))
    assert math.isnan(back.estimate) and (back.low, back.high) == (-math.inf, math.inf)
    record = results().points[0].record
    assert Record.from_dict(json.loads(json.dumps(record.to_dict()))).measures["system"].primary == record.measures["system"].primary


def test_an_axis_may_be_called_like_a_column():
    point = PointResult("m", {"state": "on"}, {}, Record({"system": availability()}, "", True), None)
    found = Results({"precision": 0.05, "confidence": 0.95}, ("state",), (point,), ())
    (row,) = csv.DictReader(io.StringIO(comma_separated(found)))
    assert row["state (axis)"] == "on" and row["state"].startswith("not converged")


def test_data_frames_and_parquet(tmp_path):
    pandas = pytest.importorskip("pandas")
    parquet = pytest.importorskip("pyarrow.parquet")
    frame = results().to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.loc[0, "unavailability"] == 3.614e-5 and math.isnan(frame.loc[0, "estimate"])
    results().to_parquet(tmp_path / "r.parquet")
    table = parquet.read_table(tmp_path / "r.parquet").to_pylist()
    assert table[0]["unavailability_low"] == 3.614e-5 * 0.9 and table[0]["estimate"] is None
    assert table[1]["replications"] == 40


@pytest.mark.parametrize("library", ["pandas", "pyarrow"])
def test_what_is_not_installed_is_said_in_words(library, monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match="spn-availability\\[tables\\]"):
        results().to_pandas() if library == "pandas" else results().to_parquet(tmp_path / "x")


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    sweep(write(folder, SMALL.replace("[500 s, 1000 s]", "[500 s]")), folder)
    return folder


@pytest.mark.parametrize("form", ["", "--csv", "--json", "--markdown", "--latex", "--html"])
def test_the_command_prints_each_form(swept, form, capsys):
    assert main(["table", str(swept), *([form] if form else [])]) == 0
    out = capsys.readouterr().out
    assert "machine" in out and "spare" in out
    if form == "--json":
        data = json.loads(out)
        assert len(data["points"]) == 2 and len(data["ratios"]) == 1 and data["finished"]


def test_the_commands_sweep_and_table_print_the_same(swept, capsys, tmp_path):
    assert main(["sweep", str(swept / "small.yaml"), "-o", str(tmp_path), "--workers", "1"]) == 3  # its budget is small
    first = capsys.readouterr().out
    assert main(["table", str(tmp_path / "small.sqlite")]) == 0
    assert capsys.readouterr().out == first


@pytest.mark.parametrize("arguments", [["table", "nothing.sqlite"], ["table", "."], ["sweep", "small.yaml", "--executor", "cloud"]])
def test_wrong_calls_are_told_in_words(arguments, swept, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(Path())
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert f"spn {arguments[0]}: " in told and "Traceback" not in told


def test_a_file_in_which_nothing_has_begun_is_told(tmp_path, capsys):
    Store.write(tmp_path / "r.sqlite").close()
    assert main(["table", str(tmp_path / "r.sqlite")]) == 2
    assert "no sweep has begun in this file" in capsys.readouterr().err


def test_ctrl_c_prints_what_there_is_and_ends_with_130(tmp_path, monkeypatch, capsys):
    def interrupted(sweep):
        raise KeyboardInterrupt

    monkeypatch.setattr("spn.sweeps.scheduling.Scheduler.run", interrupted)
    assert main(["sweep", str(write(tmp_path)), "-o", str(tmp_path), "--workers", "1"]) == 130
    told = capsys.readouterr()
    assert "the same command goes on from here" in told.err and "not begun" in told.out
    monkeypatch.setattr("spn.sweeps.run.Sweep.run", interrupted)
    assert main(["sweep", str(write(tmp_path)), "-o", str(tmp_path / "new"), "--workers", "1"]) == 130
    assert not capsys.readouterr().out
