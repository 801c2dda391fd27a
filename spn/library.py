"""The models and studies that ship with the package: where they are and what they are called. Nothing here reads them."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = (".yaml", ".yml")


def models_folder() -> Path:
    """The folder of the shipped models: inside an installed package, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    for folder in (package / "models", package.parent / "models"):
        if folder.is_dir():
            return folder
    return package / "models"


def shipped_models() -> dict[str, Path]:
    """The file of each shipped model by its name, sorted; the name is ``folder/name`` for one in a folder."""
    folder = models_folder()
    files = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in files}


def find_model(name: str) -> Path | None:
    """The file that `name` means: a path as it is, or the name of a shipped model. None if there is neither.

    A file wins over a shipped model of the same name. Of a model in a folder the last part is enough, if there is no other of that name.
    """
    try:
        if Path(name).exists() and not Path(name).is_dir():
            return Path(name)
    except (OSError, ValueError):  # too long for a path, or with a null character
        return None
    known = shipped_models()
    if name in known:
        return known[name]
    inside = [path for path in known.values() if path.stem == name]
    return inside[0] if len(inside) == 1 else None


def studies_folder() -> Path:
    """The folder of the shipped studies: inside an installed package, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    for folder in (package / "studies", package.parent / "experiments"):
        if folder.is_dir():
            return folder
    return package / "studies"


def shipped_studies() -> dict[str, Path]:
    """The file of each shipped study by its name, sorted."""
    return {path.stem: path for path in sorted(studies_folder().glob("*.yaml"))}


def find_study(name: str) -> Path | None:
    """The file that `name` means: a path as it is, or the name of a shipped study. None if there is neither. A file wins."""
    try:
        if Path(name).exists() and not Path(name).is_dir():
            return Path(name)
    except (OSError, ValueError):  # too long for a path, or with a null character
        return None
    return shipped_studies().get(name)
