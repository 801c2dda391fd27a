"""The page about drawings: its pictures are what the commands beside them draw."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from spn.cli.main import main

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "drawings.md").read_text()
COMMANDS = re.findall(r"^    spn (draw .* -o) docs/drawings/(\w+)\.svg$", PAGE, re.MULTILINE)


def test_every_picture_has_its_command():
    pictures = [name for _, name in COMMANDS]
    assert pictures == re.findall(r"!\[.*\]\(drawings/(\w+)\.svg\)", PAGE)
    assert sorted(path.name for path in (DOCS / "drawings").iterdir()) == sorted(f"{name}.{suffix}" for name in pictures for suffix in ("dot", "svg"))


@pytest.mark.parametrize(("command", "name"), COMMANDS, ids=[name for _, name in COMMANDS])
def test_the_pictures_are_up_to_date(command, name, tmp_path):
    """As DOT text, from which they were made: the place of things in a picture depends on fonts. Make both anew, if this fails."""
    path = tmp_path / "net.dot"
    assert main([*shlex.split(command), str(path)]) == 0
    assert path.read_text() == (DOCS / "drawings" / f"{name}.dot").read_text()


@pytest.mark.parametrize(("command", "name"), COMMANDS, ids=[name for _, name in COMMANDS])
def test_the_pictures_say_what_their_text_says(command, name, tmp_path):
    pytest.importorskip("pygraphviz")
    path = tmp_path / "net.svg"
    assert main([*shlex.split(command), str(path)]) == 0
    assert written(path) == written(DOCS / "drawings" / f"{name}.svg")


def written(path: Path) -> list[str]:
    texts = ET.parse(path).getroot().iter("{http://www.w3.org/2000/svg}text")
    return sorted("".join(element.itertext()) for element in texts)
