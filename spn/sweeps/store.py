"""The results file: an SQLite database with one writer and any number of readers. It keeps bytes and texts, and knows nothing of what they mean.

Each call that writes is one transaction. In WAL mode a process may be killed at any moment: what was committed stays.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, final

APPLICATION = 0x73706E31
"""Marks the files of this program."""

FORMAT = 2

# JSON is sealed: a checksum stands before it, of the text and of what it belongs to. So are the links between tables.
_SCHEMA = """
CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE points (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE,  -- what its numbers depend on
    progress TEXT,                  -- JSON, while it is not finished
    result TEXT                     -- JSON, when it is
);
CREATE TABLE places (               -- the points of the study as it is now
    place INTEGER PRIMARY KEY,
    about TEXT NOT NULL,            -- JSON: model, axes, parameters
    point INTEGER REFERENCES points (id),  -- NULL: not yet begun
    link TEXT
);
CREATE TABLE sources (              -- texts known to mean a point
    source TEXT PRIMARY KEY,
    point INTEGER NOT NULL REFERENCES points (id),
    link TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE batches (
    point INTEGER NOT NULL REFERENCES points (id),
    plan BLOB NOT NULL,
    number INTEGER NOT NULL,
    experiment INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (point, plan, number)
) WITHOUT ROWID;
CREATE TABLE ratios (
    name TEXT NOT NULL,
    of INTEGER NOT NULL REFERENCES places (place),
    "to" INTEGER NOT NULL REFERENCES places (place),
    result TEXT NOT NULL,           -- JSON
    PRIMARY KEY (name, of, "to")
) WITHOUT ROWID;
"""


_WHOLE = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
_PART = ("SAVEPOINT part", "RELEASE part", ("ROLLBACK TO part", "RELEASE part"))
"""How a transaction begins, how it ends, and how it is undone."""


DAMAGED = "this is no results file, or it is damaged; it was left as it is: move it away to begin anew"
REPAIRABLE = "a part of it is damaged; the sweep that wrote it repairs it"

_SEAL = 16


def _seal(text: str, *of: object) -> str:
    return _mark(text, *of) + text


def _mark(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=_SEAL // 2).hexdigest()


def _unsealed(sealed: str | None, *of: object) -> str | None:
    """The text without its checksum; None if there is none or the checksum is wrong."""
    if not isinstance(sealed, str) or sealed[:_SEAL] != _mark(sealed[_SEAL:], *of):
        return None
    return sealed[_SEAL:]


class StoreError(Exception):
    """A results file that cannot be used, in words for the user."""


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What goes wrong with the file, in words."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {_reason(error)}") from error
    except UnicodeDecodeError as error:  # in the names of columns
        raise StoreError(f"{path}: {DAMAGED}") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise StoreError(f"{path}: a file is where its folder should be") from error
    except OSError as error:
        raise StoreError(f"{path}: {(error.strerror or str(error)).lower()}") from error


def _reason(error: sqlite3.Error) -> str:
    text = str(error)
    if "full" in text:
        return "the disk is full; what had been finished is kept, and the same command goes on from there"
    if "readonly" in text or "unable to open" in text:
        return "it cannot be written: the file or its folder is read-only"
    if "not a database" in text or "malformed" in text or "encrypted" in text:
        return DAMAGED
    if "locked" in text or "busy" in text:
        return "another process is using it"
    if "no such table" in text or "no such column" in text:
        return DAMAGED
    if "disk i/o" in text.lower():
        return f"it cannot be read or written ({text}): is the disk full, or is there a limit of file sizes? What had been finished is kept"
    return text


def _schema_of(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


@cache
def _schema() -> list[tuple[str, str]]:
    """The tables as they are made."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(_SCHEMA)
        return _schema_of(connection)
    finally:
        connection.close()


@final
class Store:
    """The results file of a study."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: int | None) -> None:
        self.path, self._connection, self._lock = path, connection, lock
        self._grouped = False
        self.repaired = 0
        """Results and links that were damaged when the file was opened for writing."""
        connection.text_factory = lambda text: text.decode("utf-8", "replace")

    # Opening

    @classmethod
    def write(cls, path: Path) -> Store:
        """Open the file for writing, made if there is none. Raises `StoreError`."""
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        lock = _locked(path)
        try:
            with _told(path):
                connection = sqlite3.connect(path, isolation_level=None, timeout=20.0)
                store = cls(path, connection, lock)
                fresh = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
                if not fresh:
                    store._check()
                    store._check_structure()
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                if fresh:
                    marks = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT};"
                    connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {marks} COMMIT;")
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("COMMIT")
                store._repair()
                return store
        except BaseException:
            _unlocked(path, lock)
            raise

    @classmethod
    def read(cls, path: Path) -> Store:
        """Open the file for reading, which disturbs nobody. Raises `StoreError`."""
        if not path.is_file():
            raise StoreError(f"{path}: there is no such file" if not path.exists() else f"{path}: this is no results file")
        with _told(path):
            # Where nobody writes and the folder is read-only, SQLite could not make the files that it reads a WAL database with.
            plain = not Path(f"{path}-wal").exists() and not os.access(path.parent, os.W_OK)
            uri = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if plain else ''}"
            store = cls(path, sqlite3.connect(uri, uri=True, isolation_level=None, timeout=20.0), None)
            store._check()
            return store

    def _check(self) -> None:
        """That it is a results file, in a format that is known."""
        if self._connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
            raise StoreError(f"{self.path}: this is no results file")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version != FORMAT:
            age = "a newer" if version > FORMAT else "an older"
            raise StoreError(f"{self.path}: {age} version of spn wrote it (format {version}; this one reads format {FORMAT})")
        if _schema_of(self._connection) != _schema():
            raise StoreError(f"{self.path}: {DAMAGED}")

    def _check_structure(self) -> None:
        """That nothing of it is lost, before anything is written to it."""
        if self._connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise StoreError(f"{self.path}: {DAMAGED}")

    def _repair(self) -> None:
        """Forget results and links that were damaged; they are found again."""
        results = self._connection.execute("SELECT id, identity, result FROM points WHERE result IS NOT NULL")
        broken = [number for number, identity, result in results if _unsealed(result, identity) is None]
        query = "SELECT source, sources.point, link, identity FROM sources LEFT JOIN points ON points.id = sources.point"
        links = [source for source, number, link, identity in self._connection.execute(query) if link != _mark(source, number, identity)]
        self.repaired = len(broken) + len(links)
        if self.repaired:
            with self._transaction() as connection:
                connection.executemany("UPDATE points SET result = NULL WHERE id = ?", [(number,) for number in broken])
                connection.executemany("DELETE FROM sources WHERE source = ?", [(source,) for source in links])

    def close(self) -> None:
        """Give the file free."""
        with suppress(sqlite3.Error):
            self._connection.close()
        if self._lock is not None:
            _unlocked(self.path, self._lock)
            self._lock = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Everything that is written meanwhile is one transaction. If it ends early, what was written until then is kept."""
        with _told(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            self._grouped = True
            try:
                yield
            except (sqlite3.Error, StoreError):
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("COMMIT")
                raise
            else:
                self._connection.execute("COMMIT")
            finally:
                self._grouped = False

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: a transaction of its own, or a part of one."""
        begin, end, undo = _PART if self._grouped else _WHOLE
        with _told(self.path):
            self._connection.execute(begin)
            try:
                yield self._connection
                self._connection.execute(end)
            except BaseException:
                for statement in undo:
                    with suppress(sqlite3.Error):
                        self._connection.execute(statement)
                raise

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with _told(self.path):
            return self._connection.execute(query, values).fetchall()

    # The study

    def study(self) -> dict[str, Any]:
        """What is known of the study. Raises `StoreError`."""
        return {key: json.loads(self._whole(value, key)) for key, value in self._rows("SELECT key, value FROM study")}

    def _whole(self, sealed: str | None, *of: object) -> str:
        found = _unsealed(sealed, *of)
        if found is None:
            raise StoreError(f"{self.path}: {REPAIRABLE}")
        return found

    def begin(self, study: Mapping[str, Any], places: Iterable[tuple[Mapping[str, Any], str]]) -> None:
        """The study as it is now: what there is to know of it, and what is known of each point, with the text that it comes from."""
        query = "SELECT source, point, identity FROM sources JOIN points ON points.id = sources.point"
        known = {source: (number, identity) for source, number, identity in self._rows(query)}

        def row(place: int, about: Mapping[str, Any], source: str) -> tuple[Any, ...]:
            number, identity = known.get(source, (None, None))
            return place, _seal(json.dumps(about), place), number, None if number is None else _mark(place, number, identity)

        with self._transaction() as connection:
            connection.execute("DELETE FROM study")
            connection.executemany("INSERT INTO study VALUES (?, ?)", [(key, _seal(json.dumps(value), key)) for key, value in study.items()])
            connection.execute("DELETE FROM ratios")
            connection.execute("DELETE FROM places")
            connection.executemany("INSERT INTO places VALUES (?, ?, ?, ?)", (row(place, *entry) for place, entry in enumerate(places)))

    def finished(self) -> list[tuple[int, int]]:
        """The points that have a result: place and number."""
        query = "SELECT place, id FROM places JOIN points ON points.id = places.point WHERE result IS NOT NULL ORDER BY place"
        return [(place, number) for place, number in self._rows(query)]

    def sources(self) -> set[str]:
        """The texts that are known to mean a point."""
        return {source for (source,) in self._rows("SELECT source FROM sources")}

    def finished_sources(self) -> set[str]:
        """Of these those whose point has a result."""
        return {source for (source,) in self._rows("SELECT source FROM sources JOIN points ON points.id = sources.point WHERE result IS NOT NULL")}

    # Points

    def open(self, place: int, identity: str, source: str) -> tuple[int, bool]:
        """The number in this file of the point with this identity, and whether it has a result. From now on it is known by `source`."""
        with self._transaction() as connection:
            connection.execute("INSERT INTO points (identity) VALUES (?) ON CONFLICT DO NOTHING", (identity,))
            number, known = connection.execute("SELECT id, result IS NOT NULL FROM points WHERE identity = ?", (identity,)).fetchone()
            connection.execute("INSERT OR REPLACE INTO sources VALUES (?, ?, ?)", (source, number, _mark(source, number, identity)))
            connection.execute("UPDATE places SET point = ?, link = ? WHERE place = ?", (number, _mark(place, number, identity), place))
        return int(number), bool(known)

    def result(self, point: int) -> str:
        """The result of a finished point, as JSON."""
        ((identity, result),) = self._rows("SELECT identity, result FROM points WHERE id = ?", point)
        return self._whole(result, identity)

    def batches(self, point: int) -> dict[tuple[bytes, int], bytes]:
        """The batches of a point, by plan and index."""
        return {(plan, number): data for plan, number, data in self._rows("SELECT plan, number, data FROM batches WHERE point = ?", point)}

    def last_batches(self, point: int, experiment: int) -> list[tuple[bytes, int, bytes]]:
        """The batches of a finished point's experiment, in order, each with its plan and number."""
        query = "SELECT plan, number, data FROM batches WHERE point = ? AND experiment = ? ORDER BY number"
        return [(plan, number, data) for plan, number, data in self._rows(query, point, experiment)]

    def add(self, point: int, plans: Iterable[tuple[bytes, int, Iterable[tuple[int, bytes]]]], progress: Mapping[str, Any] | None = None) -> None:
        """Keep finished batches: of each plan its key, its experiment, and their numbers and bytes."""
        rows = [(point, plan, number, experiment, data) for plan, experiment, batches in plans for number, data in batches]
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?, ?)", rows)
            if progress is not None:
                connection.execute("UPDATE points SET progress = ? WHERE id = ?", (_seal(json.dumps(progress)), point))

    def finish(self, point: int, result: str, kept: Mapping[bytes, int]) -> None:
        """A point's result, as JSON. Of its batches those are kept that it is made of: for each plan in `kept` so many."""
        with self._transaction() as connection:
            (identity,) = connection.execute("SELECT identity FROM points WHERE id = ?", (point,)).fetchone()
            connection.execute("UPDATE points SET result = ?, progress = NULL WHERE id = ?", (_seal(result, identity), point))
            found = connection.execute("SELECT plan, number FROM batches WHERE point = ?", (point,)).fetchall()
            gone = [(point, plan, number) for plan, number in found if number >= kept.get(plan, 0)]
            if gone:
                connection.executemany("DELETE FROM batches WHERE point = ? AND plan = ? AND number = ?", gone)

    def reopen(self, point: int) -> None:
        """Forget the result of a point, but not its batches."""
        with self._transaction() as connection:
            connection.execute("UPDATE points SET result = NULL WHERE id = ?", (point,))

    def places(self) -> Iterator[tuple[int, dict[str, Any], int | None, dict[str, Any] | None, dict[str, Any] | None]]:
        """The points of the study in its order: place, what is known about it, its number, its progress and its result. Raises `StoreError`."""
        query = "SELECT place, about, point, link, identity, progress, result FROM places LEFT JOIN points ON points.id = places.point ORDER BY place"
        for place, about, number, link, identity, progress, result in self._rows(query):
            if number is not None and link != _mark(place, number, identity):
                raise StoreError(f"{self.path}: {REPAIRABLE}")
            known = None if result is None else json.loads(self._whole(result, identity))
            yield place, json.loads(self._whole(about, place)), number, _read(_unsealed(progress)), known

    # Ratios

    def add_ratio(self, name: str, of: int, to: int, result: Mapping[str, Any]) -> None:
        """A ratio between the points with these places."""
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO ratios VALUES (?, ?, ?, ?)", (name, of, to, _seal(json.dumps(result), name, of, to)))

    def ratios(self) -> list[tuple[str, int, int, dict[str, Any]]]:
        """The ratios, by name and the places of their points. Raises `StoreError`."""
        rows = self._rows('SELECT name, of, "to", result FROM ratios')
        return [(name, of, to, json.loads(self._whole(result, name, of, to))) for name, of, to, result in rows]


def _read(text: str | None) -> dict[str, Any] | None:
    return None if text is None else json.loads(text)


# One writer at a time: SQLite's own locks last only as long as a transaction.


def _locked(path: Path) -> int | None:
    """Take the lock beside the file, which the system takes back when the process ends, however it ends. Raises `StoreError`."""
    try:
        import fcntl
    except ImportError:  # no such locks here
        return None
    beside = Path(f"{path}.lock")
    while True:
        try:
            handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise StoreError(f"{path}: it cannot be written: {(error.strerror or str(error)).lower()}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise StoreError(f"{path}: another sweep is writing to it; wait for it, or choose another folder with -o") from None
        with suppress(FileNotFoundError):
            if os.stat(beside).st_ino == os.fstat(handle).st_ino:
                return handle
        os.close(handle)  # another process has ended just now, and taken its lock away


def _unlocked(path: Path, lock: int | None) -> None:
    if lock is not None:
        with suppress(OSError):
            os.unlink(f"{path}.lock")
        os.close(lock)
