"""`Reproduction`: the results of the study that simulates a publication's numbers anew, with its tables and the verdict."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any, final

from spn.reproduction import hazard, pages
from spn.reproduction.published import AVAILABILITY, HOURS
from spn.reproduction.readings import READINGS, Findings, findings
from spn.reproduction.verdict import verdict
from spn.tables.forms import markdown_tables, text_tables, web_tables
from spn.tables.results import Results
from spn.tables.rows import Table, heading

WIDTH = 120
"""Columns at which sentences are broken."""

REPRODUCED = ("thesis",)
"""Studies that belong to a publication."""


@final
@dataclass(frozen=True, slots=True)
class Reproduction:
    """Published numbers beside those of `results`."""

    results: Results

    @property
    def findings(self) -> Findings:
        """U of each reading at each E(X), and the ratios."""
        return findings(self.results)

    @property
    def tables(self) -> list[Table]:
        """The publication's tables with both numbers, and the ratios."""
        return pages.tables(self.findings)

    @property
    def verdict(self) -> list[str]:
        """What the numbers say of the published ones; sentences."""
        return verdict(self.findings)

    def text(self) -> str:
        """For a terminal."""
        rows = heading(self.results)
        width = max(len(name) for name, _ in rows)
        head = "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)
        return "\n\n".join([head, text_tables(self.tables), *self._sentences()])

    def _sentences(self) -> list[str]:
        """The verdict with its heading; nothing, if nothing can be said."""
        lines = [textwrap.fill(f"{n}. {sentence}", WIDTH, subsequent_indent="   ") for n, sentence in enumerate(self.verdict, 1)]
        return ["\n".join(["verdict, computed from these numbers", *(f"  {line}".replace("\n", "\n  ") for line in lines)])] if lines else []

    def markdown(self) -> str:
        """Tables and verdict in GitHub's Markdown."""
        return "\n\n".join([markdown_tables(self.tables), *["\n".join(f"{n}. {sentence}" for n, sentence in enumerate(self.verdict, 1))]])

    def to_dict(self) -> dict[str, Any]:
        """For JSON: printed and found values, verdict, the curve of Fig. 21, and all results of the study."""
        found = self.findings
        entries = []
        for reading in READINGS:
            for hours in HOURS:
                u = found.values.get((reading.key, hours))
                if u is not None:
                    printed = AVAILABILITY[reading.system][hours]
                    entry = {"system": reading.system, "reading": reading.key, "title": reading.title, "mttf_h": hours}
                    entries.append(entry | {"printed_availability": printed, "unavailability": u.to_dict(), "confidence": u.confidence})
        ratios = [{"of": of, "to": to, "mttf_h": hours, **ratio.to_dict()} for (of, to, hours), ratio in found.ratios.items()]
        ages, rates = hazard.fig_21()
        figure = {"time_s": ages.tolist(), "hazard_per_s": rates.tolist()}
        return {"readings": entries, "ratios": ratios, "verdict": self.verdict, "fig_21": figure, "results": self.results.to_dict()}

    def _repr_html_(self) -> str:
        """For notebooks."""
        from html import escape

        return web_tables(self.tables) + "\n<ol>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in self.verdict) + "</ol>"
