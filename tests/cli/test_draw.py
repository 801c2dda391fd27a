"""``spn draw``: files and their formats, standard output, and every way to call it wrongly."""

from __future__ import annotations

import sys

import pytest

from spn.cli.main import main


def draw(*arguments):
    return main(["draw", *arguments])


def test_dot_goes_to_stdout_or_to_a_file(tmp_path, capsys):
    path = tmp_path / "net.dot"
    assert draw("monolithic") == 0
    out = capsys.readouterr().out
    assert out.startswith("digraph net {\n") and out.endswith("}\n")
    assert draw("monolithic", "-o", "-") == 0
    assert capsys.readouterr().out == out
    assert draw("monolithic", "-o", str(path)) == 0
    assert capsys.readouterr().out == ""
    assert path.read_text() == out


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("SVG", b"<?xml")])
def test_the_name_of_the_file_gives_the_format(tmp_path, suffix, start):
    pytest.importorskip("pygraphviz")
    path = tmp_path / f"net.{suffix}"
    assert draw("two_state", "-o", str(path)) == 0
    assert path.read_bytes().startswith(start)


def test_parameters_and_modes_reach_the_drawing(capsys):
    assert draw("monolithic", "-p", "sections=2", "--unfold") == 0
    out = capsys.readouterr().out
    assert "fail(s=2)" in out and "fail(s=3)" not in out
    assert draw("sip_transport", "--module", "actor") == 0
    assert 'subgraph "cluster_module"' in capsys.readouterr().out
    assert draw("sip_transport", "--inside") == 0
    assert 'subgraph "cluster_sip_parser"' in capsys.readouterr().out


def test_what_is_not_drawn_is_told(capsys):
    assert draw("sip_transport") == 0
    assert capsys.readouterr().err == "not drawn, as nothing has it with these parameters: transaction\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["monolithic", "-o", "net.gif"], 2, "spn draw: '.gif' is no format of drawings; the name of the file ends with .svg, .png, .pdf or .dot"),
        (["monolithic", "-o", "net"], 2, "spn draw: 'net' does not say in which format to draw"),
        (["monolithic", "-o", "no/such/folder/net.dot"], 2, "spn draw: no/such/folder/net.dot: No such file or directory"),
        (["monolithic", "-o", "n\0.dot"], 2, "spn draw: the name of a file cannot hold a null character"),
        (["sip_transport", "--module", "actr"], 2, "spn draw: the model has no module 'actr'; did you mean 'actor'?"),
        (["sip_transport", "--unfold", "-p", "transactions=1000"], 2, "spn draw: unfolded the net has 20,094 places and transitions; at most 500"),
        (["no_model"], 2, "spn draw: no model 'no_model'"),
        (["monolithic", "-p", "sectoins=3"], 2, "unknown-parameter"),
        (["monolithic", "-p", "sections=0"], 2, "out-of-range"),
        (["sip_transport", "--module", "actor", "--unfold"], 2, "not allowed with argument"),
    ],
)
def test_wrong_calls_are_told_in_words(arguments, code, said, capsys):
    try:
        found = draw(*arguments)
    except SystemExit as exit:
        found = exit.code
    out, err = capsys.readouterr()
    assert (found, out) == (code, "")
    assert said in err and "Traceback" not in err


def test_a_folder_cannot_be_written(tmp_path, capsys):
    (tmp_path / "net.dot").mkdir()
    assert draw("monolithic", "-o", str(tmp_path / "net.dot")) == 2
    assert "net.dot: Is a directory" in capsys.readouterr().err


def test_without_pygraphviz_a_picture_is_refused_and_nothing_written(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    path = tmp_path / "net.svg"
    assert draw("monolithic", "-o", str(path)) == 2
    assert "pip install 'spn-availability[draw]'" in capsys.readouterr().err
    assert not path.exists()
    assert draw("monolithic", "-o", str(tmp_path / "net.dot")) == 0


def test_a_model_from_a_pipe(capsys, monkeypatch):
    import io

    text = b"spn: 1\nplaces: {a: 1, b: 0}\ntransitions: {go: {in: a, out: b, delay: 1 s}}\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert draw("-") == 0
    assert '"p.a" -> "t.go"' in capsys.readouterr().out
