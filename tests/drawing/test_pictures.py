"""Pictures: by Graphviz where it is installed; and what is said where it is not."""

from __future__ import annotations

import sys
from xml.etree import ElementTree as ET

import pytest

from spn.drawing import NotDrawable, draw
from tests.drawing.seen import EVERY_ARC, drawn, reading_of

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: bytes) -> str:
    """All that is written in a picture."""
    return " ".join("".join(element.itertext()).strip() for element in ET.fromstring(svg).iter(f"{SVG}text"))


@pytest.mark.parametrize("model", ["monolithic", "sip_server", EVERY_ARC])
def test_svg_is_well_formed_and_contains_every_label(model):
    pytest.importorskip("pygraphviz")
    svg = draw(reading_of(model)).picture("svg")
    written = "".join(texts(svg).split())
    for label in drawn(model).nodes.values():
        for word in label.split():
            assert word in written
    shapes = [element.get("class") for element in ET.fromstring(svg).iter(f"{SVG}g")]
    assert shapes.count("node") == len(drawn(model).nodes)
    assert shapes.count("edge") == len(drawn(model).lines)


@pytest.mark.parametrize(("format", "start"), [("png", b"\x89PNG\r\n"), ("pdf", b"%PDF-")])
def test_other_formats(format, start):
    pytest.importorskip("pygraphviz")
    assert draw(reading_of("two_state")).picture(format).startswith(start)


def test_nothing_is_written_to_the_terminal(capfd):
    pytest.importorskip("pygraphviz")
    draw(reading_of("two_state")).picture("png")
    assert capfd.readouterr() == ("", "")


def test_what_graphviz_says_is_told():
    pytest.importorskip("pygraphviz")
    from spn.drawing.pictures import picture

    with pytest.raises(NotDrawable, match=r"Graphviz could not draw this: ."):
        picture("digraph { a -> ", "svg")


def test_a_layout_that_takes_too_long_is_ended(monkeypatch):
    pytest.importorskip("pygraphviz")
    from spn.drawing import pictures

    monkeypatch.setattr(pictures, "MOST_SECONDS", 0.001)
    with pytest.raises(NotDrawable, match=r"no layout within 0\.001 s; draw less"):
        draw(reading_of("two_state")).picture("svg")


def test_an_unknown_format_is_refused():
    with pytest.raises(NotDrawable, match="'gif' is no format of pictures; there are svg, png, pdf"):
        draw(reading_of("two_state")).picture("gif")


def test_without_pygraphviz_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    drawing = draw(reading_of("two_state"))
    assert drawing.dot.startswith("digraph")
    with pytest.raises(NotDrawable, match=r"pip install 'spn-availability\[draw\]', or write DOT text"):
        drawing.picture("svg")
