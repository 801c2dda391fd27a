"""Tables 1 and 2 with what the simulation found beside what is printed, and the ratios between the two systems."""

from __future__ import annotations

from spn.estimate.intervals import Interval
from spn.estimate.numbers import duration, with_interval
from spn.reproduction import published
from spn.reproduction.published import AVAILABILITY, HOURS
from spn.reproduction.readings import Findings, Reading, readings
from spn.reproduction.words import YEAR, count, time
from spn.tables.rows import Table

NAMES = {"actors": "actors", "standard": "standard system"}
HEADER = ("availability A", "downtime per year", "U printed / U here")


def tables(found: Findings) -> list[Table]:
    """Table 1, Table 2, and the ratios at the E(X) of Table 1; those of them that have rows."""
    made = [_first(found), _second(found), _ratios(found)]
    return [table for table in made if table.rows]


def _first(found: Findings) -> Table:
    hours = HOURS[0]
    rows = [row for system in AVAILABILITY for row in _system(found, system, hours, published.DOWNTIME[system])]
    return Table(f"Table 1: actors against the standard system, E(X) = {hours} h", ("system and reading", *HEADER), tuple(rows))


def _second(found: Findings) -> Table:
    rows = []
    for hours in HOURS:
        for system in AVAILABILITY:
            rows += [(f"{hours} h", *row) for row in _system(found, system, hours)]
    return Table("Table 2: the impact of E(X), the mean time to failure", ("E(X)", "system and reading", *HEADER), tuple(rows))


def _system(found: Findings, system: str, hours: int, downtime: str = "") -> list[tuple[str, ...]]:
    """The printed line, and one for each reading of which something is known."""
    known = [(reading, u) for reading in readings(system) if (u := found.values.get((reading.key, hours))) is not None]
    if not known:
        return []
    printed = published.unavailability(system, hours)
    head = (f"{NAMES[system]}, as printed", f"{AVAILABILITY[system][hours]:.7f}", downtime or time(printed * YEAR), "")
    return [head, *(_line(reading, u, printed) for reading, u in known)]


def _line(reading: Reading, u: Interval, printed: float) -> tuple[str, ...]:
    factor = count(printed / u.estimate) if u.estimate > 0 else "-"
    return (f"  {reading.title}", with_interval(u.complement()), duration(u.scaled(YEAR)), factor)


def _ratios(found: Findings) -> Table:
    hours = HOURS[0]
    columns = [reading for reading in readings("standard") if any((reading.key, actors.key, hours) in found.ratios for actors in readings("actors"))]
    rows = []
    for actors in readings("actors"):
        cells = [found.ratios.get((standard.key, actors.key, hours)) for standard in columns]
        if any(cell is not None for cell in cells):
            rows.append((actors.title, *("" if cell is None else with_interval(cell) for cell in cells)))
    printed = published.unavailability("standard", hours) / published.unavailability("actors", hours)
    title = f"U of the standard system / U of the actors, E(X) = {hours} h (as printed: {count(printed)})"
    return Table(title, ("actors", *(reading.words for reading in columns)), tuple(rows))
