"""Tables as text, CSV, Markdown, LaTeX and HTML. What is in them is decided in `rows`."""

from __future__ import annotations

import csv
import html
import io
import math
from collections.abc import Callable, Mapping, Sequence

from spn.tables.powers import by_hand, html_power, latex_power, unicode_power
from spn.tables.results import Results
from spn.tables.rows import Table, columns, heading, numbers, tables, texts


def text(results: Results) -> str:
    """For a terminal: columns aligned, an interval beside every number."""
    rows = heading(results)
    width = max(len(name) for name, _ in rows)
    head = "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)
    return f"{head}\n\n{text_tables(tables(results))}"


def text_tables(made: Sequence[Table]) -> str:
    """Tables for a terminal."""
    return "\n\n".join(map(_aligned, made))


def _aligned(table: Table) -> str:
    widths = [max(len(row[k]) for row in (table.header, *table.rows)) for k in range(len(table.header))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in (table.header, *table.rows)]
    return "\n".join([table.title, *(f"  {line}" for line in lines)])


def comma_separated(results: Results) -> str:
    """CSV (RFC 4180) with every digit: a row for each measure at each finished point."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = columns(results)
    writer.writerow(names)
    for row in numbers(results):
        writer.writerow([_harmless(cell) for cell in texts([_known(row.get(name)) for name in names])])
    return out.getvalue().rstrip("\n")


def _known(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


def _harmless(cell: str) -> str:
    """Spreadsheets take some texts for formulas."""
    if cell and cell[0] in "=+-@\t\r" and not _is_number(cell):
        return f"'{cell}"
    return cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def markdown(results: Results) -> str:
    """Tables of GitHub's Markdown."""
    return markdown_tables(tables(results))


def markdown_tables(made: Sequence[Table]) -> str:
    """The same of any tables."""

    def cell(value: str) -> str:
        plain = value.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
        return by_hand(plain.replace("+-", "±"), unicode_power)

    def one(table: Table) -> str:
        lines = [f"| {' | '.join(map(cell, row))} |" for row in (table.header, *table.rows)]
        lines.insert(1, "|" + "".join("---|" if words else "--:|" for words in table.words))
        return "\n".join([f"**{cell(table.title)}**", "", *lines])

    return "\n\n".join(map(one, made))


_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "\n": " ",
}


def latex(results: Results) -> str:
    """Tables for LaTeX with the package booktabs."""

    def cell(value: str) -> str:
        if value.startswith("+-"):
            return r"$\pm$" + cell(value[2:])
        return by_hand("".join(_LATEX.get(character, character) for character in value), latex_power)

    def one(table: Table) -> str:
        lines = [" & ".join(map(cell, row)) + r" \\" for row in (table.header, *table.rows)]
        body = [lines[0], r"\midrule", *lines[1:]]
        # The brackets of an interval must not be taken for the argument of the line's end before it.
        body = [f"{{}}{line}" if line.startswith("[") else line for line in body]
        begin = rf"\begin{{tabular}}{{{''.join('l' if words else 'r' for words in table.words)}}}"
        return "\n".join([f"% {table.title}", begin, r"\toprule", *body, r"\bottomrule", r"\end{tabular}"])

    return "\n\n".join(map(one, tables(results)))


def web(results: Results) -> str:
    """HTML tables, without a page around them."""
    return web_tables(tables(results))


def web_tables(made: Sequence[Table]) -> str:
    """The same of any tables."""

    def row(cells: tuple[str, ...], tag: str, words: tuple[bool, ...]) -> str:
        written = [by_hand(html.escape(cell).replace("+-", "±"), html_power) for cell in cells]
        aligned = ["" if wordy else ' style="text-align: right"' for wordy in words]
        scope = ' scope="col"' if tag == "th" else ""
        return "<tr>" + "".join(f"<{tag}{scope}{align}>{cell}</{tag}>" for cell, align in zip(written, aligned, strict=True)) + "</tr>"

    def one(table: Table) -> str:
        caption = f"<caption>{html.escape(table.title)}</caption>"
        body = "\n".join(row(cells, "td", table.words) for cells in table.rows)
        return f"<table>\n{caption}\n<thead>\n{row(table.header, 'th', table.words)}\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>"

    return "\n".join(map(one, made))


FORMS: Mapping[str, Callable[[Results], str]] = {"csv": comma_separated, "markdown": markdown, "latex": latex, "html": web}
"""The forms that have an option of their own."""
