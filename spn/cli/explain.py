"""``spn explain``: prints what a problem's code means, with an example, or the list of all codes."""

from __future__ import annotations

import argparse

from spn.cli.console import write
from spn.cli.exits import Exit, UsageError
from spn.text.problems import nearest

HELP = "explain a problem's code, or list them all"
DESCRIPTION = "Prints what a problem's code means and an example of it; without a code, the list of all codes."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A code, or none."""
    parser.add_argument("code", nargs="?", metavar="CODE", help="such as unknown-name")


def execute(arguments: argparse.Namespace) -> Exit:
    """Print one section of the page of problems, or the first sentence of each."""
    from spn.explanations import explanations

    chapters = explanations()
    if arguments.code is None:
        width = max(len(code) for chapter in chapters.values() for code in chapter)
        blocks = ["\n".join([title, *(f"  {code:{width}}  {_first(text)}" for code, text in chapter.items())]) for title, chapter in chapters.items()]
        write("\n\n".join(blocks))
        return Exit.OK
    known = {code: text for chapter in chapters.values() for code, text in chapter.items()}
    if arguments.code not in known:
        raise UsageError("; ".join(filter(None, [f"there is no code '{arguments.code}'", nearest(arguments.code, known)])))
    write(f"{arguments.code}\n\n{_plain(known[arguments.code])}")
    return Exit.OK


def _first(text: str) -> str:
    """The first sentence of an explanation."""
    paragraph = next(part for part in text.split("\n\n") if not part.startswith("```"))
    return paragraph.replace("\n", " ").partition(". ")[0].rstrip(".:")


def _plain(text: str) -> str:
    """Examples indented rather than fenced."""
    lines, inside = [], False
    for line in text.splitlines():
        if line.startswith("```"):
            inside = not inside
        else:
            lines.append(f"    {line}" if inside else line)
    return "\n".join(lines)
