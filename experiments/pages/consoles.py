"""The consoles of README.md and of the pages, run anew. A line ``...`` stands for any number of lines: beside it each line shown takes what is
printed in its place, that is in the line that begins in the same way.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tempfile
from difflib import SequenceMatcher
from pathlib import Path

from spn.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(?:^`(?P<file>[\w/]+\.yaml)`[^\n]*:[^\n]*\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"(?<=^\$ spn )(?P<words>.*)\n(?P<shown>(?:(?!\$ ).*\n)*)", re.MULTILINE)
LIKE = 0.6
"""Lines that have so much in common say the same thing with other numbers."""


def renew(page: Path, files: dict[str, str]) -> bool:
    """Run the consoles of a page, `files` being models that it takes for given; whether anything is printed differently now."""
    before = page.read_text(encoding="utf-8")
    after, at = [], 0
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for name, text in files.items():
            Path(name).write_text(text, encoding="utf-8")
        for block in BLOCK.finditer(before):
            if block["file"]:
                Path(block["file"]).parent.mkdir(parents=True, exist_ok=True)
                Path(block["file"]).write_text(block["text"], encoding="utf-8")
            if block["kind"] == "console":
                after += [before[at : block.start("text")], COMMAND.sub(_again, block["text"])]
                at = block.end("text")
    text = "".join([*after, before[at:]])
    page.write_text(text, encoding="utf-8")
    return text != before


def _again(found: re.Match[str]) -> str:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), contextlib.suppress(SystemExit):
        main(shlex.split(found["words"]))
    shown = found["shown"].splitlines()
    texts = [[line.rstrip() for line in text.getvalue().splitlines()] for text in (out, err)]
    printed = max(texts, key=lambda lines: SequenceMatcher(None, "\n".join(shown), "\n".join(lines)).ratio())
    return f"{found['words']}\n" + "".join(f"{line}\n" for line in _merged(shown, printed))


def _merged(shown: list[str], printed: list[str]) -> list[str]:
    if "..." not in (line.strip() for line in shown):
        if len(shown) != len(printed):
            return printed
        return [old if _timed(old) and _timed(new) else new for old, new in zip(shown, printed, strict=True)]
    found = []
    for line in shown:
        best = max(printed, key=lambda other: SequenceMatcher(None, line, other).ratio(), default=line)
        alike = SequenceMatcher(None, line, best).ratio() >= LIKE and line.split()[:1] == best.split()[:1]
        found.append(best if alike and not _timed(line) else line)
    return found


def _timed(line: str) -> bool:
    """Whether a line ends in how long it took, which differs each time."""
    return re.search(r"in [\d.e-]+ s$", line) is not None


def renew_all() -> list[str]:
    """Renew all pages. The names of those that changed."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    models = re.findall(r"```yaml\n(spn: .*?)```", readme, re.DOTALL)
    changed = []
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        if renew(page, {"standard.yaml": models[0]} if page.name == "README.md" else {}):
            changed.append(page.name)
    return changed
