"""A result in a notebook: every number of it, and nothing of a model's text as markup."""

from html.parser import HTMLParser

import spn
from spn.text.source import Source

MODEL = """\
spn: 1
places: {up: 1, down: 0}
transitions:
  fail: {in: up, out: down, delay: exponential(mean=100 s)}
  repair: {in: down, out: up, delay: exponential(mean=10 s)}
measures:
  system: {availability: up == 1}
  rate: {rate: fail}
"""


class Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.rows, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def shown(name):
    page = Cells()
    page.feed(spn.simulate(Source(name, MODEL), seed=1, precision=0.2)._repr_html_())
    assert page.open == []
    return page.rows


def test_every_measure_has_its_numbers_with_intervals():
    rows = shown("model")
    assert all(len(row) == 4 for row in rows)
    named = {row[0]: row for row in rows if row[0]}
    assert named["system"][1] == "unavailability U" and "[" in named["system"][2] and named["system"][3].startswith("converged, +-")
    assert {row[1] for row in rows} >= {"availability A", "downtime per year", "rate"}
    assert named["rate"][2].endswith("1/s")


def test_texts_of_a_model_are_no_markup():
    assert "<script>" not in spn.simulate(Source("<script>x</script>.yaml", MODEL), seed=1, precision=0.5)._repr_html_()
