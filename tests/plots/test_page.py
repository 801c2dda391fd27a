"""The page about plots: its pictures are what the commands beside them draw of the studies beside them."""

import re
import shlex
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from spn.cli.main import main
from spn.sweeps.reading import load_study
from tests.sweeps.studies import sweep

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "plots.md").read_text()
COMMANDS = re.findall(r"^    spn (plot .* -o) docs/plots/(\w+)\.svg$", PAGE, re.MULTILINE)
LONG = {"start"}
"""Studies that are not simulated here, for they take long."""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    for study in sorted(set(re.findall(r"results/(\w+)\.sqlite", " ".join(command for command, _ in COMMANDS))) - LONG):
        sweep(DOCS / "plots" / f"{study}.yaml", folder / "results")
    return folder


def test_every_picture_has_its_command_and_every_study_is_right():
    pictures = [name for _, name in COMMANDS]
    assert pictures == re.findall(r"!\[.*\]\(plots/(\w+)\.svg\)", PAGE)
    assert sorted(path.stem for path in (DOCS / "plots").glob("*.svg")) == sorted(pictures)
    for study in {*LONG, "restart", "shape"}:
        assert load_study(DOCS / "plots" / f"{study}.yaml").description


@pytest.mark.parametrize(("command", "name"), COMMANDS, ids=[name for _, name in COMMANDS])
def test_the_pictures_say_what_their_text_says(command, name, results, tmp_path, monkeypatch):
    """Not where it stands: that depends on the version of matplotlib. Make them anew, if this fails."""
    if any(f"results/{study}.sqlite" in command for study in LONG):
        pytest.skip("its study takes long")
    monkeypatch.chdir(results)
    path = tmp_path / "picture.svg"
    assert main([*shlex.split(command), str(path)]) == 0
    assert written(path) == written(DOCS / "plots" / f"{name}.svg")


def written(path):
    return sorted("".join(element.itertext()) for element in ET.parse(path).getroot().iter("{http://www.w3.org/2000/svg}text"))
