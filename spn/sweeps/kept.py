"""The texts of a study and of its models, as a results file keeps them, and models made from them again. What the texts mean is not known here."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from spn.library import models_folder
from spn.model.read import Library
from spn.resolver.resolve import Reading, load_reading


def kept(library: Library, label: str) -> dict[str, Any]:
    """A model's files by their paths from its folder, less those that it imports from the shipped models. `label` is how the study calls it."""
    folder = library.root.parent
    files = {
        path.relative_to(folder).as_posix(): model.spn.span.source.text
        for path, model in library.models.items()
        if model.spn is not None and path.is_relative_to(folder)
    }
    return {"of": label, "root": library.root.name, "files": files}


def restored(entry: Mapping[str, Any], parameters: Mapping[str, str]) -> Reading:
    """A model from its kept texts. Raises `ModelError`, as reading its files would have done, and ValueError if these are no texts of a model."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name, text in entry["files"].items():
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or not path.parts:
                raise ValueError(f"'{name}' is not the path of a model's file")
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        return load_reading(folder / entry["root"], parameters, models_folder())
