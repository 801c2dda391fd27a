"""A report as one page of HTML that needs nothing else: no other file, no script, no network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import final

from spn.estimate.numbers import percent
from spn.reports.html import element, text
from spn.reports.sections import Contents, contents
from spn.tables.results import Results
from spn.version import __version__


@final
@dataclass(frozen=True, slots=True)
class Report:
    """A report. `notes` say what could not be shown, and why."""

    html: str
    notes: tuple[str, ...] = ()

    def save(self, path: str | Path) -> None:
        """Write the page to a file."""
        Path(path).write_text(self.html, encoding="utf-8")

    def _repr_html_(self) -> str:
        """What a notebook shows: the page in a frame of its own."""
        return element("iframe", srcdoc=self.html, style="width: 100%; height: 48rem; border: 1px solid #ccc", title="Report of a study")


def report(results: Results) -> Report:
    """The report of a study's results, finished or not."""
    found = contents(results)
    return Report(_page(results, found), tuple(found.notes))


def _page(results: Results, found: Contents) -> str:
    about = results.about
    name = str(about.get("name", "study"))
    description = str(about.get("description", ""))
    title = description.rstrip(".") if 0 < len(description) <= 90 else name
    lead = description if title != description.rstrip(".") else ""
    links = "".join(element("li", element("a", text(heading), href=f"#{key}")) for key, heading, _ in found.sections)
    sections = "\n".join(
        element("section", element("h2", text(heading), id=f"{key}-heading"), content, id=key, aria_labelledby=f"{key}-heading")
        for key, heading, content in found.sections
    )
    style = (files("spn.reports") / "page.css").read_text(encoding="utf-8")
    head = "".join(
        [
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta name="generator" content="spn {__version__}">',
            element("title", text(f"{name}: report of a study")),
            element("style", style),
        ]
    )
    top = "".join(
        [
            element("p", f"Study {text(name)}", class_="kicker"),
            element("h1", text(title)),
            element("p", text(lead), class_="lead") if lead else "",
            _facts(results),
            element("nav", element("ol", links), aria_label="Contents"),
        ]
    )
    foot = f"Made by spn {__version__} from {text(results.path.name if results.path else 'results in memory')}."
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>\n<a class="skip" href="#main">To the contents</a>\n'
        f'<header>{top}</header>\n<main id="main">\n{sections}\n</main>\n<footer>{foot}</footer>\n</body>\n</html>\n'
    )


def _facts(results: Results) -> str:
    about = results.about
    finished = sum(point.record is not None for point in results.points)
    fine = results.finished and results.converged
    state = "all precise" if fine else "not finished" if not results.finished else "look at first"
    facts = [
        ("points finished", f"{finished:,} of {len(results.points):,}"),
        ("state", f'<span class="badge {"good" if fine else "warn"}">{state}</span>'),
        ("precision asked for", f"±{percent(about['precision'])}"),
        ("confidence", percent(about["confidence"])),
        ("seed", text(about.get("seed", ""))),
    ]
    if (written := _written(results)) is not None:
        facts.append(("data of", written))
    return element("dl", *(f"<div>{element('dt', key)}{element('dd', value)}</div>" for key, value in facts), class_="facts")


def _written(results: Results) -> str | None:
    """When the results file was last written to."""
    try:
        return None if results.path is None else datetime.fromtimestamp(results.path.stat().st_mtime, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except OSError:
        return None
