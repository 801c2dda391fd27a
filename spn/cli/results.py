"""From the RESULTS on a command line to what is in the file. The file is read in `spn.tables`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spn.cli.exits import UsageError

if TYPE_CHECKING:
    from spn.tables.results import Results


def read(name: str) -> Results:
    """The results in a file, or in the only results file of a folder."""
    from spn.sweeps.store import StoreError
    from spn.tables.results import Results

    if "\0" in name:
        raise UsageError("the name of a file cannot hold a null character")
    try:
        return Results.read(results_file(Path(name)))
    except StoreError as error:
        raise UsageError(str(error)) from None


def results_file(path: Path) -> Path:
    """The results file that is meant."""
    if not path.is_dir():
        return path
    found = sorted(path.glob("*.sqlite"))
    if len(found) == 1:
        return found[0]
    names = ", ".join(str(each) for each in found[:5]) or "none"
    raise UsageError(f"'{path}' is a folder with {len(found)} results files; name one: {names}" if found else f"'{path}' has no results file")
