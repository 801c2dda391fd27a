"""``spn plot`` as a user calls it, rightly and wrongly."""

import re

import pytest

import spn
from spn.cli.main import main
from spn.sweeps.store import Store
from tests.sweeps.studies import SMALL, sweep, write


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    text = SMALL.replace("mttf: [500 s, 1000 s]", "mttf: {from: 500 s, to: 1000 s, points: 2, doc: mean time to failure}")
    sweep(write(folder, text), folder)
    return folder


def plotted(*arguments, folder, capsys, name="out.svg"):
    code = main(["plot", *map(str, arguments), "-o", str(folder / name)])
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return code, told.out, told.err


def test_a_picture_and_its_caption(swept, tmp_path, capsys):
    code, out, err = plotted(swept, folder=tmp_path, capsys=capsys)
    assert (code, err) == (0, "") and re.match(r"Unavailability of 'system' against mttf, for spares\. Bars .*95 % confidence.*seed 3\.\n$", out)
    svg = (tmp_path / "out.svg").read_text()
    assert "Mean time to failure (s)" in svg and "spares = 1" in svg and "study small, seed 3, precision 20 %; numpy" in svg
    assert plotted(swept, folder=tmp_path, capsys=capsys, name="again.svg")[0] == 0
    assert (tmp_path / "again.svg").read_text() == svg


@pytest.mark.parametrize(
    "arguments",
    [
        ["--ratio"],
        ["--ratio", "spare", "--bare"],
        ["--convergence", "--only", "spares=1"],
        ["--quantity", "downtime", "--x", "spares", "--by", "mttf", "--log", "y", "--width", "page", "--grey"],
        ["--panels", "spares", "--only", "mttf=500 s", "--x", "model"],
    ],
)
def test_other_plots_of_a_study(arguments, swept, tmp_path, capsys):
    code, out, err = plotted(swept / "small.sqlite", *arguments, folder=tmp_path, capsys=capsys)
    assert code == 0, err
    assert out and (">95 % confidence intervals" in (tmp_path / "out.svg").read_text()) == (not {"--bare", "--convergence"} & set(arguments))


@pytest.mark.parametrize(
    "arguments",
    [["monolithic", "--hazard", "failure"], ["monolithic", "-p", "failure=exponential(mean=1 h)", "--survival"], ["--cdf", "uniform(1 s, 2 s)"]],
)
def test_distributions_need_no_study(arguments, tmp_path, capsys):
    code, out, err = plotted(*arguments, folder=tmp_path, capsys=capsys)
    assert code == 0, err
    assert out.endswith(".\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["{}", "-o", "x.bmp"], "'.bmp' is no format of plots; the name of the file ends with .svg, .pdf or .png"),
        (["{}", "-o", "picture"], "'picture' does not say in which format to plot"),
        (["{}", "-o", "no/such/folder/x.svg"], "no/such/folder/x.svg: No such file or directory"),
        (["nothing.sqlite", "-o", "x.svg"], "nothing.sqlite: there is no such file"),
        (["small.yaml", "-o", "x.svg"], "this is no results file"),
        (["-o", "x.svg"], "name a results file"),
        (["{}", "--x", "mttr", "-o", "x.svg"], "the study has no axis 'mttr'; did you mean 'mttf'?"),
        (["{}", "--measure", "sys", "-o", "x.svg"], "the study has no measure 'sys'"),
        (["{}", "--ratio", "spar", "-o", "x.svg"], "the study has no comparison 'spar'; did you mean 'spare'?"),
        (["{}", "--only", "mttf=7 s", "-o", "x.svg"], "'mttf' has no value '7 s'"),
        (["{}", "--only", "mttf", "-o", "x.svg"], "'mttf' is no selection; write AXIS=VALUE"),
        (["{}", "-p", "n=1", "-o", "x.svg"], "-p and --until are for plots of distributions"),
        (["{}", "--width", "2", "-o", "x.svg"], "'2' is not between 30 and 1000 mm"),
        (["monolithik", "--hazard", "-o", "x.svg"], "no model 'monolithik'"),
        (["monolithic", "--hazard", "repare", "-o", "x.svg"], "no parameter 'repare'; did you mean 'repair'?"),
        (["monolithic", "--hazard", "--x", "t", "-o", "x.svg"], "--x is for plots of results"),
        (["--hazard", "-o", "x.svg"], "name a model, or write out a distribution"),
        (["--hazard", "normal(mean=3 d)", "-o", "x.svg"], "normal"),
        (["monolithic", "--hazard", "failure", "--until", "soon", "-o", "x.svg"], "'soon' is no time"),
    ],
)
def test_wrong_calls_are_told_in_words(arguments, told, swept, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    try:
        code = main(["plot", *(argument.format(swept) for argument in arguments)])
    except SystemExit as end:  # argparse
        code = end.code
    err = capsys.readouterr().err
    assert code in (1, 2) and told in err and "Traceback" not in err


def test_a_damaged_file_and_an_empty_one_are_told(swept, tmp_path, capsys):
    Store.write(tmp_path / "empty.sqlite").close()
    code, _, err = plotted(tmp_path / "empty.sqlite", folder=tmp_path, capsys=capsys)
    assert code == 2 and "no sweep has begun in this file" in err
    content = bytearray((swept / "small.sqlite").read_bytes())
    content[:3000] = b"\0" * 3000
    (tmp_path / "damaged.sqlite").write_bytes(content)
    code, _, err = plotted(tmp_path / "damaged.sqlite", folder=tmp_path, capsys=capsys)
    assert code == 2 and "damaged" in err


def test_the_same_from_python(swept, tmp_path):
    results = spn.results(swept / "small.sqlite")
    figure = results.plot(only={"spares": 1}, width=100)
    assert figure.get_figwidth() == pytest.approx(100 / 25.4) and figure.axes[0].get_xlabel() == "Mean time to failure (s)"
    figure.savefig(tmp_path / "u.pdf")
    assert (tmp_path / "u.pdf").read_bytes().startswith(b"%PDF")
    assert spn.plot(swept / "small.sqlite", ratio="").axes[0].get_ylabel() == "Ratio of U"
    assert spn.plot_delays("failure", model="monolithic").axes[0].get_xlabel() == "Time t (h)"
