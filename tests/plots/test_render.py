"""What is in a drawn figure, seen in its artists and in the text of its SVG; and that the same plot gives the same bytes."""

import io
import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from spn.plots.render import figure
from spn.plots.types import Axis, NotPlottable, Panel, Plot, Series
from spn.tables.series import plot_of
from tests.plots.made import close, hours, lines, study

MTTF = ["500 h", "1000 h", "2000 h", "4000 h"]


def u(model, axes):
    return {"standard": 1.0, "actors": 0.1}[model] / hours(axes.get("mttf", "1000 h"))


@pytest.fixture(scope="module")
def drawn():
    return figure(plot_of(study(["standard", "actors"], {"mttf": MTTF}, u)))


def texts(svg):
    return [" ".join("".join(element.itertext()).split()) for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_curves_points_and_intervals_are_where_the_numbers_are(drawn):
    (axes,) = drawn.axes
    ((x, y),) = lines(axes, "series-actors")
    assert close(x, [500, 1000, 2000, 4000]) and axes.get_xscale() == axes.get_yscale() == "log"
    factor = y[0] * 500 / 0.1
    assert close(y, [factor * 0.1 / m for m in (500, 1000, 2000, 4000)])
    bars = [path.vertices[:, 1] for collection in axes.collections for path in collection.get_paths()]
    assert any(close(ends, [0.95 * y[0], 1.05 * y[0]]) for ends in bars)


def test_the_picture_says_what_is_on_its_axes_and_names_its_series(drawn):
    found = texts(drawn.content("svg"))
    assert "mttf (h)" in found and "standard" in found and "actors" in found and "95 % confidence intervals" in found
    assert "Unavailability U (10⁻⁴)" in found and {"500", "1000", "2000", "4000"} <= set(found)


def test_the_same_plot_gives_the_same_bytes():
    plot = plot_of(study(["standard", "actors"], {"mttf": MTTF[:2]}, u))
    for format, begin in (("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")):
        first, second = (figure(plot).content(format, dpi=100) for _ in range(2))
        assert first == second and first.startswith(begin)
        assert not re.search(rb"CreationDate|<dc:date>", first)
    buffer = io.BytesIO()
    figure(plot).savefig(buffer, format="svg", dpi=100)
    assert buffer.getvalue() == figure(plot).content("svg", dpi=100)


def test_the_settings_of_others_are_left_alone():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    figure(plot_of(study(["standard"], {"mttf": MTTF[:2]}, u))).content("svg")
    assert dict(mpl.rcParams) == before


def test_a_notebook_shows_the_picture_and_pyplot_is_not_loaded():
    code = (
        "from spn.tables.series import plot_of; from tests.plots.made import study; import sys; from spn.plots.render import figure;"
        "f = figure(plot_of(study(['m'], {'n': ['1', '2']}, lambda *_: 1e-3)));"
        "assert f._repr_svg_().startswith('<?xml'); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def series(label="a", n=3, **more):
    x = tuple(float(k + 1) for k in range(n))
    y = tuple(1.0 / (k + 1) for k in range(n))
    return Series(label, x, y, tuple(0.9 * v for v in y), tuple(1.1 * v for v in y), **more)


def plotted(*parts, x=None, y=None, **more):
    return Plot(((Panel(x or Axis("x"), y or Axis("y"), parts),),), **more)


def test_points_whose_precision_was_not_reached_are_hollow_and_missing_ones_crossed():
    (axes,) = figure(plotted(series(doubtful=(False, True, False), missing=(4.0,)))).axes
    ((x, _),) = lines(axes, "doubtful")
    assert x == [2.0] and next(line for line in axes.lines if line.get_gid() == "doubtful").get_markerfacecolor() == "white"
    ((x, _),) = lines(axes, "missing-a")
    assert x == [4.0] and axes.get_xlim()[1] > 4.0


def test_many_points_are_a_curve_with_a_band():
    (axes,) = figure(plotted(series(n=40))).axes
    assert [part.get_gid() for part in axes.collections] == ["band-a"] and not lines(axes, "points")


def test_an_exact_curve_has_no_interval():
    (axes,) = figure(plotted(series(n=40, spread="exact"))).axes
    assert not axes.collections


def test_intervals_that_are_unbounded_or_reach_zero_stay_on_the_axes():
    part = Series("a", (1.0, 2.0), (1e-5, 1e-6), (0.0, 0.0), (float("inf"), 1e-5), 0)
    (axes,) = figure(plotted(part, y=Axis("U", log=True))).axes
    low, high = axes.get_ylim()
    ends = [value for collection in axes.collections for path in collection.get_paths() for value in path.vertices[:, 1]]
    assert 0 < low < high < float("inf") and all(low <= value <= high for value in ends)


def test_names_with_dollars_are_no_mathematics():
    found = texts(figure(plotted(series("a$x_1$"), series("b", style=1), note="costs $1 or $2")).content("svg"))
    assert "a$x_1$" in found and "costs $1 or $2" in found


def test_names_in_any_script_and_with_control_characters_make_a_sound_file():
    made = figure(plotted(series("平均 \x1b[31m<b>&"), series("b", style=1), x=Axis("時間\x07\n"), key="\x00"))
    made.caption = "\x00 & <i>"
    found = texts(made.content("svg"))
    assert "平均 [31m<b>&" in found and "時間" in found
    assert made.content("png") and made.content("pdf")


def test_panels_share_their_axes_and_have_their_titles():
    made = figure(plot_of(study(["standard", "actors"], {"mttf": MTTF[:2], "n": ["1", "2"]}, u)))
    first, second = made.axes
    assert first.get_ylim() == second.get_ylim() and [axes.get_title("left") for axes in made.axes] == ["n = 1", "n = 2"]
    assert texts(made.content("svg")).count("mttf (h)") == 1
    (legend,) = made.legends
    assert [text.get_text() for text in legend.get_texts()] == ["standard", "actors"]


def test_categories_are_one_below_the_other():
    made = figure(plot_of(study(["standard", "actors"], {}, u)))
    (axes,) = made.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["standard", "actors"] and axes.yaxis_inverted()


def test_a_legend_hides_nothing():
    many = [series(f"a long name of series number {k}", style=k) for k in range(7)]
    made = figure(plotted(*many))
    made.draw_without_rendering()
    (legend,) = made.legends
    assert legend.get_window_extent().y0 >= made.axes[0].get_window_extent().y1


def test_names_at_the_ends_of_curves_do_not_touch():
    parts = [Series(f"s{k}", (1.0, 2.0), (1.0, 2.0 + 0.01 * k), (0.9, 1.9), (1.1, 2.1), style=k) for k in range(3)]
    made = figure(plotted(*parts))
    made.draw_without_rendering()
    boxes = sorted((text.get_window_extent() for text in made.axes[0].texts if text.get_gid() == "name"), key=lambda box: box.y0)
    if boxes:
        assert len(boxes) == 3 and all(a.y1 <= b.y0 + 2 for a, b in zip(boxes, boxes[1:], strict=False))
    else:
        assert made.legends


def test_what_nobody_could_read_is_refused():
    with pytest.raises(NotPlottable, match="11 series"):
        figure(plotted(*[series(f"s{k}", style=k) for k in range(11)]))
    with pytest.raises(NotPlottable, match="nothing to plot"):
        figure(Plot(()))


def test_without_colours_nothing_is_coloured():
    svg = figure(plotted(series("a"), series("b", style=1), series("c", style=2)), grey=True).content("svg").decode()
    for colour in re.findall(r"#([0-9a-f]{6})\b", svg):
        red, green, blue = (int(colour[k : k + 2], 16) for k in (0, 2, 4))
        assert max(red, green, blue) - min(red, green, blue) <= 2
