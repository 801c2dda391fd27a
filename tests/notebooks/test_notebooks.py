"""The notebooks run from a clean kernel in an empty folder, show their pictures and tables, and are kept without outputs."""

from pathlib import Path

import nbclient
import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
# What each has to show, as (least number of pictures, least number of tables).
SHOWN = {"author_and_debug_a_model": (1, 1), "reproduce_the_thesis": (4, 3), "run_and_read_a_sweep": (2, 2)}


def read(path):
    return nbformat.read(path, as_version=4)


def test_every_notebook_is_tested():
    assert [path.stem for path in NOTEBOOKS] == sorted(SHOWN)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    # They would differ with versions and machines; docs/thesis.md has the pictures.
    notebook = read(path)
    nbformat.validate(notebook)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)


# The client of kernels warns of its own things.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_a_clean_kernel(path, tmp_path):
    notebook = read(path)
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    pictures = [output for output in outputs if "image/svg+xml" in output.get("data", {})]
    tables = sum(output.get("data", {}).get("text/html", "").count("<table") for output in outputs)
    assert len(pictures) >= SHOWN[path.stem][0] and tables >= SHOWN[path.stem][1]
