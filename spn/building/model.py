"""A model built or changed in Python, as a mapping of sections: checked, resolved, written as YAML, and saved. It can be changed at any time.

Whatever is asked of a model is asked of its YAML text, so that it means the same in code and in a file, to the letter.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from spn.building import changing, writing
from spn.building.finding import Lines, Parts, Paths
from spn.building.parts import Instance, Measure, Parameter, Part, Place, RareEvent, Transition, caller
from spn.building.values import Plain, key_text, plain
from spn.text.files import MAX_BYTES, load_file
from spn.text.problems import ModelError, Problem, Problems
from spn.text.source import Source
from spn.text.yaml import read

if TYPE_CHECKING:
    from spn.model.types import MeasureDeclaration
    from spn.net.types import Net
    from spn.resolver.resolve import Reading

UNNAMED = "<model>"


class StaleFileError(Exception):
    """A file has changed since a model was loaded from it, or holds something else than a model; it was not written."""


class Section(MutableMapping[str, Any]):
    """The entries of a section, by name. A value that an entry's short form could hold goes into the entry that is there already."""

    __slots__ = ("_entries", "_lines", "_part")

    def __init__(self, part: type[Part] | type[Model] | None, entries: Mapping[Any, Any] | None = None) -> None:
        self._part = part
        self._entries: dict[str, Any] = {}
        self._lines: dict[str, tuple[str, int]] = {}
        self.update(entries or {})

    def __getitem__(self, name: str) -> Any:
        return self._entries[name]

    def __setitem__(self, name: str, value: Any) -> None:
        name = key_text(name)
        self._lines[name] = caller()
        known = self._entries.get(name)
        if not isinstance(value, Part) and isinstance(known, Part) and known.take(value):
            return
        if self._part is not None and not isinstance(value, Section):
            value = self._part.of(value)
        self._entries[name] = value if isinstance(value, Part | Model) else plain(value)

    def __delitem__(self, name: str) -> None:
        del self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return repr(self._entries)

    def written(self) -> dict[str, Any]:
        """What a file has. What is inside may not be plain yet."""
        return self._entries


class _SectionKey:
    """A section as an attribute."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, model: Model | None, owner: type) -> Any:
        return self if model is None else model.section(self.name)

    def __set__(self, model: Model, value: Mapping[str, Any]) -> None:
        model[self.name] = value


class _TextKey:
    """A text as an attribute."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, model: Model | None, owner: type) -> Any:
        return self if model is None else model.get(self.name)

    def __set__(self, model: Model, value: str | None) -> None:
        model[self.name] = value


class Model(MutableMapping[str, Any]):
    """A model of the system: parameters, colours, places, transitions, measures, rare events, and modules with their instances.

    Its sections are attributes, and mappings from names to parts, which are given as such (`spn.Transition`), as mappings with the keys of a
    model file, or in their short form. As a mapping a model has the keys of a file. `folder` is where its modules' files are looked for
    (default: the current one).
    """

    __slots__ = ("_entries", "_folder", "_given", "_lines", "_path", "_source")

    PARTS: ClassVar[Mapping[str, type[Part] | None]] = {
        "parameters": Parameter, "colours": None, "tables": None, "modules": None, "places": Place, "ports": Place,
        "instances": Instance, "transitions": Transition, "measures": Measure, "rare": RareEvent,
    }  # fmt: skip
    """What the sections are made of."""
    KEYS: ClassVar[tuple[str, ...]] = ("spn", "name", "description", *PARTS, "origin")

    parameters = _SectionKey()
    colours = _SectionKey()
    tables = _SectionKey()
    modules = _SectionKey()
    places = _SectionKey()
    ports = _SectionKey()
    instances = _SectionKey()
    transitions = _SectionKey()
    measures = _SectionKey()
    rare = _SectionKey()
    name = _TextKey()
    description = _TextKey()

    def __init__(
        self,
        *,
        description: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        colours: Mapping[str, Any] | None = None,
        tables: Mapping[str, Any] | None = None,
        modules: Mapping[str, Any] | None = None,
        places: Mapping[str, Any] | None = None,
        ports: Mapping[str, Any] | None = None,
        instances: Mapping[str, Any] | None = None,
        transitions: Mapping[str, Any] | None = None,
        measures: Mapping[str, Any] | None = None,
        rare: Mapping[str, Any] | None = None,
        name: str | None = None,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        self._entries: dict[str, Any] = {}
        self._lines: dict[str, tuple[str, int]] = {}
        self._given: tuple[str, ...] = ()
        self._folder = Path(folder) if folder is not None else None
        self._path: Path | None = None
        self._source: Source | None = None
        given = {
            "name": name, "description": description, "parameters": parameters, "colours": colours, "tables": tables, "modules": modules,
            "places": places, "ports": ports, "instances": instances, "transitions": transitions, "measures": measures,
            "rare": rare,
        }  # fmt: skip
        self.update({key: value for key, value in given.items() if value is not None})

    # where it comes from

    @classmethod
    def of(cls, value: Any) -> Any:
        """A model of a mapping with the keys of a file; anything else is left as it is, for the check to tell."""
        if isinstance(value, cls) or not isinstance(value, Mapping):
            return value
        made = cls()
        made.update(value)
        return made

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """The model of a file. Raises `ModelError` if it is no YAML that models are written in; what else is wrong, `check` tells."""
        problems = Problems()
        source = load_file(path, problems)
        problems.stop_if_any()
        assert source is not None
        return cls.read(source, path)

    @classmethod
    def read(cls, source: Source, path: str | os.PathLike[str] | None = None) -> Model:
        """The model of a text, from the file `path` if it is from any. Raises `ModelError`, likewise."""
        made = cls()
        made._path, made._source = (Path(path) if path is not None else None), source
        node = changing.tree(source)
        data = None if node is None else changing.plain_of(node)
        if not isinstance(data, dict):
            made._reading_of(source, None)  # tells all that is wrong
            raise AssertionError("this is no mapping, and so no model")
        made.update(data)
        made._given = tuple(data)
        made._forget_lines()
        return made

    # a mapping of sections

    def section(self, name: str) -> Section:
        """The section `name`, empty if the model has none so far."""
        found = self._entries.get(name)
        if not isinstance(found, Section):
            if found is not None:
                raise TypeError(f"'{name}' of this model is no mapping: {found!r}")
            found = self._entries[name] = self._new_section(name, {})
        return found

    def _new_section(self, name: str, entries: Mapping[Any, Any]) -> Section:
        return Section(Model if name == "modules" else self.PARTS[name], entries)

    def __getitem__(self, key: str) -> Any:
        return self._entries[key]

    def __setitem__(self, key: str, value: Any) -> None:
        key = key_text(key)
        self._lines[key] = caller()
        if key in self.PARTS and isinstance(value, Mapping):
            self._entries[key] = self._new_section(key, value)
        elif value is None and key in self.KEYS and self._source is None:
            self._entries.pop(key, None)
        else:
            self._entries[key] = plain(value)

    def __delitem__(self, key: str) -> None:
        del self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        called = {"rare": "rare events"}
        counts = [f"{len(self.section(name))} {called.get(name, name)}" for name in self.PARTS if isinstance(self.get(name), Section) and self[name]]
        return f"<spn.Model {self._source.name if self._source else ''}{': ' if self._source and counts else ''}{', '.join(counts)}>"

    def plain_data(self) -> dict[str, Plain]:
        """What a file has, as plain data; modules are written in place."""
        found = plain(self)
        assert isinstance(found, dict)
        return found

    def written(self) -> dict[str, Any]:
        """What a file has, in the order of the file it is from or that of the language. What is inside may not be plain yet."""
        kept = {key: value for key, value in self._entries.items() if key in self._given or not isinstance(value, Section) or value}
        order = [key for key in self._given if key in kept]
        for key in kept:
            if key not in order:
                earlier = self.KEYS[: self.KEYS.index(key)] if key in self.KEYS else ()
                at = max((order.index(before) + 1 for before in earlier if before in order), default=0 if key in self.KEYS else len(order))
                order.insert(at, key)
        return {key: kept[key] for key in order}

    def _file_data(self) -> dict[str, Plain]:
        data = self.plain_data()
        return data if "spn" in data or self._source is not None else {"spn": 1, **data}

    def _forget_lines(self) -> None:
        """What was read from a file was not given by the program."""
        pending: list[Any] = [self]
        while pending:
            part = pending.pop()
            part._lines.clear()
            pending.extend(value for value in part._entries.values() if isinstance(value, Part | Section | Model))

    def _line_of(self, path: Parts) -> tuple[str, int] | None:
        """The line that gave what is at a path: the last value around it of which that is known."""
        found: tuple[str, int] | None = None
        part: Any = self
        for key in path:
            if not isinstance(part, Part | Section | Model) or not isinstance(key, str):
                break
            found = part._lines.get(key, found)
            part = part._entries.get(key)
        return found

    # what it says

    def to_yaml(self) -> str:
        """The model as YAML. A model that was loaded keeps its file's comments, order and layout wherever its values did not change."""
        data = self._file_data()
        return writing.document(data) if self._source is None else changing.changed(self._source.text, data)

    def check(self, parameters: Mapping[str, Any] | None = None) -> list[Problem]:
        """All problems, errors and warnings; none, if the model is right."""
        try:
            return self.reading(parameters).warnings
        except ModelError as error:
            return error.problems

    def resolve(self, parameters: Mapping[str, Any] | None = None) -> Net:
        """The net of the model. `parameters` gives parameters other values. Raises `ModelError` with all problems."""
        return self.reading(parameters).net

    def reading(self, parameters: Mapping[str, Any] | None = None, further: Mapping[str, MeasureDeclaration] | None = None) -> Reading:
        """The net of the model with what it is made from (`spn.resolver.resolve.Reading`). Raises `ModelError` with all problems.

        `further` are measures beside those of the model.
        """
        return self._reading_of(self._text(), parameters, further)

    def _text(self) -> Source:
        """The model's text, which knows for people where its parts are."""
        text = self.to_yaml()
        plainly = Source(self._source.name if self._source else UNNAMED, text)
        if self._source is not None and text == self._source.text:
            return self._source
        node = read(plainly, Problems())
        if node is None:
            return plainly
        paths = Paths(node, self._line_of)
        return Source(plainly.name, text, paths if self._source is None else Lines(paths))

    def _reading_of(
        self, source: Source, parameters: Mapping[str, Any] | None, further: Mapping[str, MeasureDeclaration] | None = None
    ) -> Reading:
        from spn.library import models_folder
        from spn.resolver.resolve import read_reading

        given = {name: parameter_text(value) for name, value in (parameters or {}).items()}
        folder = self._folder or (self._path.parent if self._path else Path())
        return read_reading(source, given, library=models_folder(), folder=folder, root=self._path, further=further)

    # saving

    def save(self, path: str | os.PathLike[str] | None = None, *, overwrite: bool = False) -> Path:
        """Write the model to its file, or to `path`, whose model it replaces: there, too, only what differs is changed and comments are kept.

        Nothing is written, and `StaleFileError` raised, if the file has changed since it was loaded, or is no model; `overwrite` writes all the same.
        The file is replaced in one step: whatever happens, it holds the old model or the new one.
        """
        target = self._target(path)
        before = self._text_there(target, path is None, overwrite)
        data = self._file_data()
        text = writing.document(data) if before is None else changing.changed(before.text, data)
        _replace(target, text)
        self._path, self._source, self._given = Path(path) if path is not None else self._path, Source(os.fspath(path or target), text), tuple(data)
        self._forget_lines()
        return target

    def _target(self, path: str | os.PathLike[str] | None) -> Path:
        from spn.library import models_folder

        if path is not None:
            return Path(path).resolve()
        if self._path is None:
            raise ValueError("this model was not loaded from a file; give save() a path")
        target = self._path.resolve()
        if target.is_relative_to(models_folder()):
            raise ValueError("this model is one of those that ship with spn; give save() a path of your own")
        return target

    def _text_there(self, target: Path, own: bool, overwrite: bool) -> Source | None:
        """What the file holds now, to be changed; None if it is to be written anew."""
        problems = Problems()
        if not target.exists():
            return None
        there = load_file(target, problems)
        if own and not overwrite and (there is None or self._source is None or there.text != self._source.text):
            raise StaleFileError(f"'{target}' has changed since it was loaded; load it again, or save(overwrite=True)")
        node = None if there is None else changing.tree(there)
        if node is None or not isinstance(there_data := changing.plain_of(node), dict) or "spn" not in there_data:
            if not overwrite and not own:
                raise StaleFileError(f"'{target}' exists and is no model; save(overwrite=True) replaces it")
            return None
        return there


def parameter_text(value: Any) -> str:
    """A parameter's value from outside, as text in the language of models."""
    if isinstance(value, str):
        return value
    found = plain(value)
    if isinstance(found, list):
        return f"[{', '.join(parameter_text(item) for item in found)}]"
    return writing.flow(found)


def _replace(target: Path, text: str) -> None:
    """Put a text in a file's place, in one step; with the byte order mark and the permissions of the file that was there."""
    mark, mode = b"", None
    with suppress(FileNotFoundError), target.open("rb") as file:
        mark = b"\xef\xbb\xbf" if file.read(3) == b"\xef\xbb\xbf" else b""
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    data = mark + text.encode("utf-8")
    if len(data) > MAX_BYTES:
        raise ValueError(f"the model is larger than {MAX_BYTES // 1_000_000} MB, the most that is read")
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is None:
            mask = os.umask(0)
            os.umask(mask)
            mode = 0o666 & ~mask
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
