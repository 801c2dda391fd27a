"""A matplotlib figure that is written the same each time: as SVG, PDF or PNG, and shown by notebooks. What is in it is drawn by `render`."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from spn.plots.style import SETTINGS, printable
from spn.version import __version__

_FAMILIES = "'STIXGeneral', 'DejaVu Sans'"
_FAMILIES_SEEN = "STIXGeneral, 'STIX Two Text', 'Times New Roman', Times, 'DejaVu Sans', serif"


@contextmanager
def settings() -> Iterator[None]:
    """The look of plots, for as long as one is made or written; matplotlib's own settings are as they were afterwards."""
    with rc_context(), warnings.catch_warnings():
        from matplotlib import rcdefaults

        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        rcdefaults()
        from matplotlib import rcParams

        rcParams.update(dict(SETTINGS))  # type: ignore[arg-type]  # its keys are a Literal
        yield


class Picture(Figure):
    """A figure of matplotlib's, without pyplot. `caption` says what it shows; `about` where that comes from, and goes into the file."""

    caption: str = ""
    about: str = ""

    def savefig(self, fname: Any, **options: Any) -> None:
        """As `Figure.savefig`, and the same bytes for the same figure: without a date, with the fonts and settings that it was made with."""
        kind = str(options.get("format") or str(getattr(fname, "name", fname)).rpartition(".")[2]).lower()
        if kind == "svg":
            content = self.content(**{**options, "format": "svg"})
            if hasattr(fname, "write"):
                fname.write(content)
            else:
                with open(fname, "wb") as file:
                    file.write(content)
            return
        options.setdefault("metadata", self._metadata(kind))
        with settings():
            super().savefig(fname, **options)

    def content(self, format: str = "svg", **options: Any) -> bytes:
        """The content of a picture file in one of `spn.plots.types.FORMATS`."""
        options["format"] = format
        options.setdefault("metadata", self._metadata(format))
        buffer = io.BytesIO()
        with settings():
            super().savefig(buffer, **options)
        found = buffer.getvalue()
        return found.replace(_FAMILIES.encode(), _FAMILIES_SEEN.encode()) if format == "svg" else found

    def _metadata(self, kind: str) -> Mapping[str, Any]:
        caption, about = printable(self.caption), printable(self.about)
        if kind == "svg":
            words = {"Title": caption, "Description": about}
            return {"Date": None, "Creator": f"spn {__version__}", **{name: text for name, text in words.items() if text}}
        if kind == "pdf":
            return {
                "CreationDate": None,
                "ModDate": None,
                "Producer": None,
                "Creator": f"spn {__version__}",
                "Title": caption,
                "Subject": about,
            }
        return {"Software": f"spn {__version__}", "Title": caption, "Description": about} if kind == "png" else {}

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return self.content("svg").decode()
