"""The report: one page that needs nothing else, says what to look at first, and can be read without seeing its pictures."""

import re
import sys
from html.parser import HTMLParser

import pytest

import spn
from spn.cli.main import main
from spn.reports.html import inline
from spn.reports.page import report
from spn.sweeps.records import Record
from spn.tables.results import Results
from tests.plots.made import availability, point, study
from tests.sweeps.studies import MACHINE, SMALL, sweep, write

VOID = {"meta", "link", "br", "hr", "img", "input", "path", "use", "polygon", "ellipse", "polyline", "rect"}


class Page(HTMLParser):
    """What is on a page: open elements must be closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.words, self.ids = [], [], [], []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.attributes.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.attributes.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, text):
        if "style" not in self.open:
            self.words.append(" ".join(text.split()))

    @property
    def text(self):
        return " ".join(filter(None, self.words))


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    model = MACHINE.replace("spn: 1", "spn: 1\ndescription: A machine & its <spare>.")
    sweep(write(folder, SMALL.replace("[500 s, 1000 s]", "{from: 500 s, to: 2000 s, points: 3, scale: log, doc: mean time}"), model), folder)
    return folder


@pytest.fixture(scope="module")
def page(swept):
    made = report(Results.read(swept / "small.sqlite"))
    return made, Page(made.html)


def test_it_needs_nothing_from_outside(page):
    made, seen = page
    for tag, attributes in seen.attributes:
        assert tag not in {"script", "link", "img", "iframe"}
        for name in ("src", "href", "xlink:href"):
            assert attributes.get(name, "#").startswith("#")
    assert not re.search(r"url\((?!#)|@import", made.html)


def test_its_ids_are_there_once_and_what_is_referred_to_is_there(page):
    _, seen = page
    assert len(seen.ids) == len(set(seen.ids))
    for _, attributes in seen.attributes:
        target = attributes.get("href") or attributes.get("xlink:href") or ""
        if target.startswith("#"):
            assert target[1:] in seen.ids
        for reference in re.findall(r"url\(#([^)]*)\)", " ".join(str(value) for value in attributes.values())):
            assert reference in seen.ids


def test_it_can_be_read_without_seeing(page):
    _, seen = page
    pictures = [attributes for tag, attributes in seen.attributes if tag == "svg"]
    assert len(pictures) >= 3
    assert all(picture["role"] == "img" and picture["aria-labelledby"] in seen.ids for picture in pictures)
    assert all(attributes.get("scope") == "col" for tag, attributes in seen.attributes if tag == "th")
    headings = [tag for tag, _ in seen.attributes if re.fullmatch(r"h\d", tag)]
    assert headings[0] == "h1" and headings.count("h1") == 1
    assert dict(seen.attributes)["html"] == {"lang": "en"}


def test_it_says_what_was_studied_and_how_to_have_it_again(page):
    _, seen = page
    assert "500 s, 1000 s, 2000 s" in seen.text and ": mean time" in seen.text
    assert "spn sweep small.yaml" in seen.text and "seed: 3" in seen.text
    assert "A machine & its <spare>." in seen.text and "exponential(mean=mttf)" in seen.text  # the model's text
    assert "Of 3 ratios" in seen.text
    for name, value in (("points finished", "6 of 6"), ("precision asked for", "±20 %"), ("confidence", "95 %")):
        assert f"{name} {value}" in seen.text


def test_it_is_the_same_each_time(swept, page):
    assert report(Results.read(swept / "small.sqlite")).html == page[0].html


def test_what_needs_attention_comes_first():
    points = [
        point("a", {"mttf": "500 h"}, availability(1e-3, converged=False)),
        point("a", {"mttf": "1000 h"}, None),
        point("b", {"mttf": "500 h"}, 1, record=Record(error="timeless-trap: on & on (at time 3 s)")),
        point("b", {"mttf": "1000 h"}, 1e-3),
    ]
    results = Results({"name": "z", "description": "", "seed": 1, "precision": 0.05, "confidence": 0.95}, ("mttf",), tuple(points), ())
    made = report(results)
    seen = Page(made.html)
    assert "What to look at first" in seen.text and "not finished" in seen.text
    assert "1 of 4 points are not finished" in seen.text
    assert "1 point could not be simulated (b, mttf = 500 h): timeless-trap: on & on." in seen.text
    assert "not converged : measure system at 1 point ( a, mttf = 500 h)" in seen.text.replace("(a", "( a")
    assert seen.text.index("What to look at first") < seen.text.index("What was studied") < seen.text.index("Results")


def test_names_and_texts_are_escaped():
    results = study(["a"], {"n": ["<script>alert(1)</script>"]}, lambda *_: 1e-3, description="<b>bold</b> & more", name="<i>")
    seen = Page(report(results).html)
    assert not {"script", "i"} & {tag for tag, _ in seen.attributes}
    assert "<b>bold</b> & more" in seen.text


def test_without_graphviz_the_rest_is_there(swept, monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    made = report(Results.read(swept / "small.sqlite"))
    assert any("pygraphviz, which is not installed" in note for note in made.notes)
    assert "No drawing" in Page(made.html).text


def test_a_study_that_has_just_begun_has_a_report():
    seen = Page(report(study(["a"], {"n": ["1", "2"]}, lambda *_: None)).html)
    assert "2 of 2 points are not finished" in seen.text


def test_a_picture_is_made_unlike_others():
    drawn = b'<defs><path id="m" d="M 0 0"/></defs><g id="unused"><use xlink:href="#m" clip-path="url(#m)"/></g>'
    svg = b'<?xml version="1.0"?><!DOCTYPE svg><svg width="1">' + drawn + b"</svg>"
    found = inline(svg, "f2", "A & B")
    assert found.startswith('<svg role="img" aria-labelledby="f2-title" width="1"><title id="f2-title">A &amp; B</title>')
    assert 'id="f2-m"' in found and 'href="#f2-m"' in found and "url(#f2-m)" in found and "unused" not in found


def test_the_command_writes_it(swept, tmp_path, capsys):
    assert main(["report", str(swept), "-o", str(tmp_path / "r.html")]) == 0
    assert capsys.readouterr().out == f"written: {tmp_path / 'r.html'}\n"
    assert (tmp_path / "r.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("output", "told"), [("r.txt", "a report is a page of HTML"), ("no/folder/r.html", "No such file or directory"), ("r", "does not end with .html")]
)
def test_wrong_calls_are_told_in_words(output, told, swept, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(swept), "-o", output]) == 2
    err = capsys.readouterr().err
    assert told in err and "Traceback" not in err


def test_the_same_from_python(swept, tmp_path):
    made = spn.report(swept / "small.sqlite", tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text() == made.html
    assert made._repr_html_().startswith("<iframe srcdoc=")
