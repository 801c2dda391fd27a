"""What each problem's code means: the page docs/problems.md, which is part of the package. Nothing is printed here."""

from __future__ import annotations

from pathlib import Path


def page() -> Path:
    """The page that explains the codes: inside an installed package, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "problems.md"
    return installed if installed.is_file() else package.parent / "docs" / "problems.md"


def explanations() -> dict[str, dict[str, str]]:
    """The explanation of each code, in Markdown, by the heading of its chapter and the code, in the order of the page."""
    chapters: dict[str, dict[str, list[str]]] = {}
    lines: list[str] = []
    chapter, fenced = "", False
    for line in page().read_text(encoding="utf-8").splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("# ") and not fenced:
            chapter, lines = line[2:], []
        elif line.startswith("## ") and not fenced:
            lines = chapters.setdefault(chapter, {})[line[3:]] = []
        else:
            lines.append(line)
    return {title: {code: "\n".join(text).strip() for code, text in codes.items()} for title, codes in chapters.items()}
