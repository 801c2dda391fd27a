"""Reading model files: from text to the types of `spn.model.types`, with the files that modules are imported from.

Everything that is wrong with the form of all files is told in one go. What the model means is not looked at.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, TypeVar

from spn.model.forms import Context, FoundFault
from spn.model.section import Section
from spn.model.sound import OF_MODELS, sound_part
from spn.model.types import Model, ModuleFile
from spn.records import dataclass
from spn.text.files import MAX_BYTES, load_file
from spn.text.positioned import Entries, Text, positioned
from spn.text.problems import Problems
from spn.text.source import Source, Span
from spn.text.yaml import read

MAX_FILES = 200
"""The most files that one model is made of."""

MAX_TOTAL = 2 * MAX_BYTES
"""The most characters that all files of a model have together."""

MAX_PATH = 1000
"""The longest path of a module."""

Locate = Callable[[Text], Path | None]

S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True)
class Library:
    """The models of a file and of all files it imports from, each once, by resolved path."""

    root: Path
    models: dict[Path, Model]
    broken: frozenset[str] = frozenset()
    """Names of declarations that were left out because their form has faults; without any the library is whole."""

    @property
    def model(self) -> Model:
        """The model of the file itself."""
        return self.models[self.root]

    def of(self, module: ModuleFile | Model) -> Model:
        """The model that an entry of ``modules`` stands for."""
        if isinstance(module, Model):
            return module
        assert module.key is not None, "the model was read without following its files"
        return self.models[module.key]


def read_model(source: Source, problems: Problems) -> Model | None:
    """The model of a text; files it names are not followed. None if there are errors, which are then in `problems`."""
    before = _errors(problems)
    model, _ = read_section(source, problems, Model, "spn", OF_MODELS)
    return model if _errors(problems) == before else None


def load_model(path: str | os.PathLike[str], problems: Problems, library: Path | None = None) -> Library | None:
    """The model of a file and of those it imports from. With errors in any of them, what is sound of all files; None if that is not even a model.

    Imported files lie in the folder of `path` or in `library`, the folder of shipped models, also after symbolic links are
    followed. Files may import from each other in a circle: each is read once.
    """
    source = load_file(path, problems)
    if source is None:
        return None
    root = Path(path).resolve()
    loader = _Loader(root.parent, Path(os.fspath(path)).parent, library.resolve() if library is not None else None, problems)
    loader.add(root, source)
    loader.follow()
    return loader.library_of(root)


def load_source(
    source: Source, folder: str | os.PathLike[str], problems: Problems, library: Path | None = None, file: Path | None = None
) -> Library | None:
    """As `load_model`, of a text that stands for a `file` or is in none; its modules are looked for in `folder` and below."""
    resolved = Path(folder).resolve()
    root = resolved / source.name if file is None else file.resolve()
    loader = _Loader(resolved, Path(os.fspath(folder)), library.resolve() if library is not None else None, problems)
    loader.add(root, source)
    loader.follow()
    return loader.library_of(root)


def _errors(problems: Problems) -> int:
    return sum(1 for _ in problems.errors)


def read_section(
    source: Source, problems: Problems, section: type[S], version: str, declaring: Collection[str], locate: Locate | None = None
) -> tuple[S | None, set[str]]:
    """The section that a whole file is, or its sound part, and the names that this lacks.

    `version` is the key that says in which version of its format the file is written, `declaring` those below which there are declarations.
    """
    first = len(problems.found)
    node = read(source, problems)
    if node is None:
        return None, set()
    data = positioned(node)
    found = _validated(data, problems, section, version, locate)
    faults = [problem.span for problem in problems.found[first:] if problem.severity == "error" and problem.span is not None]
    if not faults or not isinstance(data, Entries):
        return found, set()
    sound, broken = sound_part(data, faults, section.keys(), declaring)
    return _validated(sound, Problems(), section, version, locate), broken


_OTHERS = {"spn": "study", "study": "spn"}
_OF = {
    "spn": ("model", "simulate it with 'spn run', or name it under 'models' in a study"),
    "study": ("study", "simulate it with 'spn sweep'; 'spn check' says what is in it"),
}
"""By the key that a file begins with: what it is, and what one does with it."""


def _validated(data: Any, problems: Problems, section: type[S], version: str, locate: Locate | None) -> S | None:
    context = Context(problems, locate, data.span.part(0, 1))
    found = None
    if isinstance(data, Entries) and version not in data and (other := _OTHERS[version]) in data:
        what, hint = _OF[other]
        problems.error("wrong-kind", f"this is a {what} file, not a {section.what}", next(key for key in data if key == other).span, hint)
        return None
    try:
        found = section.read(data, context)
    except FoundFault as error:
        context.note(error.fault, "", f"a {section.what}")
    if isinstance(data, Entries) and version not in data:
        hint = f"start the file with '{version}: 1'"
        problems.error("missing-key", f"'{version}', the version of the language, is missing", data.span.part(0, 1), hint)
    return None if context.failed else found


@dataclass(slots=True)
class _Loader:
    """Reads files one after the other, until none is named that was not read."""

    folder: Path
    shown: Path
    library: Path | None
    problems: Problems
    models: dict[Path, Model]
    waiting: dict[Path, Span]
    seen: set[Path]
    broken: set[str]
    characters: int

    def __init__(self, folder: Path, shown: Path, library: Path | None, problems: Problems) -> None:
        self.folder, self.shown, self.library, self.problems = folder, shown, library, problems
        self.models, self.waiting, self.seen, self.broken, self.characters = {}, {}, set(), set(), 0

    def add(self, path: Path, source: Source) -> None:
        """Read the model of a file, and note which files it names."""
        self.seen.add(path)
        self.characters += len(source.text)
        model, broken = read_section(source, self.problems, Model, "spn", OF_MODELS, lambda text: self._locate(text, path.parent))
        self.broken |= broken
        if model is not None:
            self.models[path] = model

    def follow(self) -> None:
        """Read the files that are named, and those that they name."""
        while self.waiting:
            path = next(iter(self.waiting))
            span = self.waiting.pop(path)
            if len(self.seen) >= MAX_FILES or self.characters > MAX_TOTAL:
                self.problems.error("too-large", f"a model is made of at most {MAX_FILES} files with {MAX_TOTAL // 1_000_000} MB together", span)
                return
            source = load_file(path, self.problems, self._display(path))
            self.seen.add(path)
            if source is not None:
                self.add(path, source)

    def library_of(self, root: Path) -> Library | None:
        """What was read; None if a file is missing, without which nothing can be said of the others."""
        missing = self.seen - set(self.models)
        return None if missing or self.waiting else Library(root, self.models, frozenset(self.broken))

    def _display(self, path: Path) -> str:
        """A file's name as people would give it, from where they named the first."""
        return str(self.shown / path.relative_to(self.folder)) if path.is_relative_to(self.folder) else str(path)

    def _locate(self, text: Text, beside: Path) -> Path | None:
        """The file that a module's path means; what is wrong with the path is a problem."""
        if len(text) > MAX_PATH or _is_absolute(text):
            fault = "must be relative" if len(text) <= MAX_PATH else f"has at most {MAX_PATH} characters"
            self.problems.error("bad-path", f"a module's path {fault}", text.span, "give it from the folder of this file, with '/' between folders")
            return None
        inside, outside = [], False
        for candidate in self._candidates(text, beside):
            found = _resolved(candidate)
            if found is None or not self._allowed(found):
                outside = True  # also of a link in the folder that leads out of it
            else:
                inside.append(found)
        for found in inside:
            if _is_file(found):
                if found not in self.seen:
                    self.waiting.setdefault(found, text.span)
                return found
        if outside:
            hint = "modules lie in the folder of the model or below it, or are among the shipped models"
            self.problems.error("bad-path", f"'{text}' is outside of the model's folder", text.span, hint)
        else:
            self.problems.error("no-such-file", f"there is no model file '{text}'", text.span, self._hint(text, beside))
        return None

    def _candidates(self, text: Text, beside: Path) -> list[Path]:
        """Where the file may be: beside the file that names it; a bare name also in the library; with and without ``.yaml``."""
        folders = [beside]
        if self.library is not None and "/" not in text:
            folders.append(self.library)
        names = [str(text)] if text.endswith((".yaml", ".yml")) else [str(text), f"{text}.yaml"]
        return [folder / name for folder in folders for name in names]

    def _allowed(self, path: Path) -> bool:
        return path.is_relative_to(self.folder) or (self.library is not None and path.is_relative_to(self.library))

    def _hint(self, text: Text, beside: Path) -> str:
        where = f"looked in {self._display(beside) if self._allowed(beside) else beside}"
        return f"{where} and in the shipped models" if self.library is not None and "/" not in text else where


def _is_absolute(text: str) -> bool:
    """Absolute on any system, so that a model means the same everywhere; a backslash is no separator in a model."""
    return PurePosixPath(text).is_absolute() or PureWindowsPath(text).anchor != "" or text.startswith("~") or "\\" in text or "\0" in text


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _resolved(path: Path) -> Path | None:
    """The path with symbolic links followed; None if they lead in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return None
