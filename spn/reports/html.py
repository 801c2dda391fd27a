"""HTML from data: escaped texts, pictures that can stand several on one page, tables. What a report says is elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160)), " ")
_PROLOG = re.compile(rb"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ID = re.compile(r'\sid="([^"]*)"')
_USED = re.compile(r'(?:href="#|url\(#)([^")]*)')
_OPENING = re.compile(r"<svg\b")
_TITLE = re.compile(r"<title>.*?</title>", re.DOTALL)


def element(tag: str, *content: str, **attributes: str | None) -> str:
    """An element; `content` is HTML, attributes are texts (``class_`` for ``class``), those that are None are left out."""
    written = "".join(f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"' for name, value in attributes.items() if value is not None)
    return f"<{tag}{written}>{''.join(content)}</{tag}>"


def text(words: object) -> str:
    """Words as HTML, with spaces for control characters."""
    return escape(str(words).translate(_CONTROLS))


def inline(svg: bytes, key: str, title: str) -> str:
    """An SVG picture as a part of a page: only ids that are used stay, made unlike those of other pictures by `key`; `title` is read to the blind."""
    found = _COMMENT.sub("", _METADATA.sub("", _PROLOG.sub(b"", svg, count=1).decode()))
    found = _TITLE.sub("", found)
    used = set(_USED.findall(found))
    found = _ID.sub(lambda match: f' id="{key}-{match[1]}"' if match[1] in used else "", found)
    found = _USED.sub(lambda match: match[0][: -len(match[1])] + f"{key}-{match[1]}" if match[1] else match[0], found)
    return _OPENING.sub(f'<svg role="img" aria-labelledby="{key}-title"', found, count=1).replace(
        ">", f'><title id="{key}-title">{text(title)}</title>', 1
    )


def table(caption: str, header: Iterable[str], rows: Iterable[Iterable[str]], words: Iterable[bool]) -> str:
    """A table in a frame that scrolls if it is long, its caption above. Cells are HTML; `words` says which columns are words, which may break."""
    kinds = ["words" if wordy else "number" for wordy in words]
    head = "".join(element("th", cell, scope="col", class_=kind) for cell, kind in zip(header, kinds, strict=True))
    body = "\n".join("<tr>" + "".join(element("td", cell, class_=kind) for cell, kind in zip(row, kinds, strict=True)) + "</tr>" for row in rows)
    plain = escape(re.sub("<.*?>", "", caption))
    inside = f'<table aria-label="{plain}"><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>'
    return f'<p class="caption wide">{caption}</p><div class="table wide" tabindex="0" role="region" aria-label="{plain}">{inside}</div>'


def details(summary: str, content: str, *, is_open: bool = False) -> str:
    """What can be opened."""
    return f"<details{' open' if is_open else ''}><summary>{summary}</summary>{content}</details>"
