"""That the repository's own pages are true: the README's commands, the names of commands and options in the documentation."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

import spn
from spn.cli.main import COMMANDS, main

ROOT = Path(spn.__file__).parents[1]
pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="not in a checkout")


def test_the_checks_run_the_tests_as_the_readme_does():
    readme = (ROOT / "README.md").read_text()
    (command,) = set(re.findall(r"\.venv/bin/(pytest[^`\n]*)", readme))
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith(f'"$bin"/{command}')


def without_effort(text):
    """What a command prints, without the time that it took and what depends on that: on a busy machine a run may go on compiled."""
    return [line.rstrip() for line in text.splitlines() if not line.startswith(("  effort", "  engine"))]


def test_the_model_of_the_readme_gives_what_the_readme_says(tmp_path, monkeypatch, capsys):
    readme = (ROOT / "README.md").read_text()
    (model,) = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    (tmp_path / "standard.yaml").write_text(model)
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```console\n\$ spn (.*?)\n(.*?)```", readme, re.DOTALL)
    assert len(examples) == 2
    for command, printed in examples:
        main(shlex.split(command))
        out, err = capsys.readouterr()
        assert without_effort(out or err) == without_effort(printed)


def test_the_version_is_said_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert f'__version__ = "{spn.__version__}"' in (ROOT / project["tool"]["hatch"]["version"]["path"]).read_text()


def test_every_command_is_documented():
    text = (ROOT / "docs" / "design.md").read_text()
    for command in COMMANDS:
        assert f"spn {command} " in text


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "docs" / "dependencies.md").read_text()
    for entry in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
        assert re.split(r"[<>=]", entry)[0] in text


def test_links_of_the_pages_lead_somewhere():
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"
