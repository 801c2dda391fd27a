"""The results file: what can be wrong with it is told in words, and nothing is lost."""

import sqlite3
import threading

import pytest

from spn.sweeps.store import FORMAT, Store, StoreError


def filled(path, batches=3):
    with Store.write(path) as store:
        store.begin({"seed": 1}, [({"model": "m"}, "text")])
        number, _ = store.open(0, "identity", "text")
        store.add(number, [(b"plan", 1, [(k, bytes([k]) * 1000) for k in range(batches)])], {"replications": 8})
    return number


def test_what_was_written_is_there_again(tmp_path):
    number = filled(tmp_path / "r.sqlite")
    with Store.read(tmp_path / "r.sqlite") as store:
        assert store.study() == {"seed": 1}
        assert store.batches(number) == {(b"plan", k): bytes([k]) * 1000 for k in range(3)}
        ((place, about, point, progress, result),) = store.places()
        assert (place, about, point, progress, result) == (0, {"model": "m"}, number, {"replications": 8}, None)


def test_a_finished_point_keeps_what_its_result_is_made_of(tmp_path):
    number = filled(tmp_path / "r.sqlite")
    with Store.write(tmp_path / "r.sqlite") as store:
        store.add(number, [(b"pilot", 0, [(0, b"x")])])
        store.finish(number, "{}", {b"plan": 2})
        assert sorted(store.batches(number)) == [(b"plan", 0), (b"plan", 1)]


def test_two_sweeps_on_one_file_are_refused(tmp_path):
    path = tmp_path / "r.sqlite"
    with Store.write(path), pytest.raises(StoreError, match="another sweep is writing"):
        Store.write(path)
    Store.write(path).close()
    assert not (tmp_path / "r.sqlite.lock").exists()


def test_readers_look_on_while_one_writes(tmp_path):
    path = tmp_path / "r.sqlite"
    number = filled(path, 0)
    seen, failures = [], []

    def look():
        try:
            while not seen or seen[-1] < 200:
                with Store.read(path) as store:
                    seen.append(len(store.batches(number)))
        except StoreError as error:
            failures.append(error)

    with Store.write(path) as store:
        readers = [threading.Thread(target=look) for _ in range(4)]
        for reader in readers:
            reader.start()
        for k in range(200):
            store.add(number, [(b"plan", 1, [(k, b"x")])])
        for reader in readers:
            reader.join(60)
    assert not failures
    assert max(seen) == 200


def test_a_full_disk_is_told_and_what_was_written_stays(tmp_path):
    path = tmp_path / "r.sqlite"
    number = filled(path)
    with Store.write(path) as store:
        (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="the disk is full"):
            store.add(number, [(b"plan", 1, [(9, bytes(100_000))])])
    with Store.read(path) as store:
        assert len(store.batches(number)) == 3


@pytest.mark.parametrize("content", [b"hello, this is a text and no database at all" * 30, b"SQLite format 3\0" + bytes(4000)])
def test_a_file_that_is_something_else_is_left_alone(tmp_path, content):
    path = tmp_path / "r.sqlite"
    path.write_bytes(content)
    for opened in (Store.write, Store.read):
        with pytest.raises(StoreError, match=r"no results file|damaged"):
            opened(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_left_alone(tmp_path):
    path = tmp_path / "r.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    before = path.read_bytes()
    for opened in (Store.write, Store.read):
        with pytest.raises(StoreError, match="this is no results file"):
            opened(path)
    assert path.read_bytes() == before


def test_a_newer_format_is_refused(tmp_path):
    path = tmp_path / "r.sqlite"
    filled(path)
    with sqlite3.connect(path) as other:
        other.execute(f"PRAGMA user_version = {FORMAT + 1}")
    other.close()
    for opened in (Store.write, Store.read):
        with pytest.raises(StoreError, match="a newer version of spn wrote it"):
            opened(path)


def test_a_damaged_file_is_told(tmp_path):
    path = tmp_path / "r.sqlite"
    number = filled(path, 200)
    content = bytearray(path.read_bytes())
    content[8192:-8192] = bytes(len(content) - 16384)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"), Store.read(path) as store:
        store.batches(number)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="a file is where its folder should be"):
        Store.write(tmp_path / "file" / "r.sqlite")
    with pytest.raises(StoreError, match="no such file"):
        Store.read(tmp_path / "nothing.sqlite")
