"""The pages: every model in them is resolved without a problem and run, every study is read, and every console shows what is printed."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from spn import api
from spn.cli.main import main
from spn.sweeps.types import StudyFile
from spn.text.problems import ModelError, Problems
from spn.text.source import Source

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OWN_TESTS = {"problems.md"}
"""Each of its examples has a fault, and is tested to have that one."""

BLOCK = re.compile(r"(?:^`(?P<file>[\w/]+\.yaml)`[^\n]*:[^\n]*\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE)
TIMES = re.compile(r"in [\d.e-]+ s$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A block of a page. `files` are the models that have a name, as they are before it."""

    page: str
    line: int
    kind: str
    file: str
    text: str
    files: dict[str, str]

    @property
    def is_study(self) -> bool:
        return self.kind == "yaml" and not re.search(r"^spn: ", self.text, re.MULTILINE)

    @property
    def id(self) -> str:
        return f"{self.page}:{self.line}"


def examples() -> list[Example]:
    found = []
    for page in PAGES:
        if page.name in OWN_TESTS:
            continue
        files: dict[str, str] = {}
        text = page.read_text()
        for block in BLOCK.finditer(text):
            line = text.count("\n", 0, block.start("kind")) + 1
            if block["file"]:
                files = {**files, block["file"]: block["text"]}
            found.append(Example(page.name, line, block["kind"], block["file"] or "", block["text"], files))
    return found


EXAMPLES = examples()
CONSOLES = [each for each in EXAMPLES if each.kind == "console" and each.page != "README.md"]  # of which there is a test of its own
BROKEN = {
    each.files[file] for each in CONSOLES for file in each.files if re.search(rf"^{re.escape(file)}:\d+:\d+: [\w-]+: ", each.text, re.MULTILINE)
}
"""Models that a console shows to be wrong."""

MODELS = [each for each in EXAMPLES if each.kind == "yaml" and not each.is_study and each.text not in BROKEN]
STUDIES = [each for each in EXAMPLES if each.is_study]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The named models of an example's page, in a folder that is the current one."""

    def write(example: Example) -> Path:
        for name, text in example.files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        path = tmp_path / (example.file or "example.yaml")
        if example.kind == "yaml":
            path.write_text(example.text)
        monkeypatch.chdir(tmp_path)
        return path

    return write


@pytest.mark.parametrize("example", MODELS, ids=[each.id for each in MODELS])
def test_a_model_of_a_page_is_right_and_runs(example, written):
    path = written(example)
    net, warnings = api.load_with_warnings(path)
    assert [warning.render() for warning in warnings] == []
    if net.measures and net.transitions:
        result = api.simulate(net, seed=1, engine="reference", max_firings=2000)
        assert set(result.measures) == {measure.name for measure in net.measures}


@pytest.mark.parametrize("example", STUDIES, ids=[each.id for each in STUDIES])
def test_a_study_of_a_page_has_the_form_of_one(example):
    from spn.model.read import read_section
    from spn.sweeps.types import DECLARING

    text = example.text if example.text.startswith("study:") else f"study: 1\nmodels: {{standard: monolithic, actors: sip_transport}}\n{example.text}"
    problems = Problems()
    try:
        assert read_section(Source("study", text), problems, StudyFile, "study", DECLARING)[0] is not None
    except ModelError as error:
        problems = Problems(error.problems)
    assert [problem.render() for problem in problems.found] == []


@pytest.mark.parametrize("example", CONSOLES, ids=[each.id for each in CONSOLES])
def test_a_console_of_a_page_shows_what_is_printed(example, written, capsys):
    written(example)
    for command, printed in re.findall(r"^\$ spn (.*)\n((?:(?!\$ ).*\n)*)", example.text, re.MULTILINE):
        main(shlex.split(command))
        out, err = capsys.readouterr()
        assert shows(printed, out) or shows(printed, err), out + err


def shows(printed: str, text: str) -> bool:
    """Whether a page shows a text; a line ``...`` stands for any number of lines."""
    pattern = "".join(
        r"(.*\n)*" if line.strip() == "..." else re.escape(line.rstrip()) + r" *\n" for line in TIMES.sub("in T s", printed).splitlines()
    )
    return re.fullmatch(pattern, TIMES.sub("in T s", text)) is not None


def test_there_is_something_to_test():
    assert len(MODELS) >= 18
    assert len(CONSOLES) >= 5
    assert BROKEN
