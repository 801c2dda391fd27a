"""Results as data frames and Parquet files. The libraries for it are imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spn.tables.rows import columns, numbers

if TYPE_CHECKING:
    from spn.tables.results import Results


def _imported(module: str, what: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f"{what} needs {module.partition('.')[0]}, which is not installed: pip install 'spn-availability[tables]'") from error


def frame(results: Results) -> Any:
    """A pandas DataFrame; numbers that a measure does not have are NaN."""
    pandas = _imported("pandas", "to_pandas()")
    return pandas.DataFrame(numbers(results), columns=columns(results))


def write_parquet(results: Results, path: Path) -> None:
    """A Parquet file with the same rows."""
    arrow, parquet = _imported("pyarrow", "Parquet"), _imported("pyarrow.parquet", "Parquet")
    rows = numbers(results)
    words = {"model", *results.axes, "measure", "kind", "method", "state"}
    whole = {"events", "replications", "firings"}

    def kind(name: str) -> Any:
        if name in words:
            return arrow.string()
        return arrow.bool_() if name == "converged" else arrow.int64() if name in whole else arrow.float64()

    schema = arrow.schema([(name, kind(name)) for name in columns(results)])
    parquet.write_table(arrow.Table.from_pylist([{name: row.get(name) for name in columns(results)} for row in rows], schema=schema), path)
