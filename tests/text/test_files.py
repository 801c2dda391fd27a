"""Getting at the text of a file: what is no readable text is a problem, found before much is read."""

from __future__ import annotations

import os

import pytest

from spn.text import files
from spn.text.problems import Problems
from spn.text.source import Source


def load(path) -> tuple[Source | None, Problems]:
    problems = Problems()
    return files.load_file(path, problems), problems


def codes(problems: Problems) -> list[str]:
    return [p.code for p in problems.found]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "m.yaml").write_bytes(b"\xef\xbb\xbfspn: 1\n")
    source, problems = load(tmp_path / "m.yaml")
    assert source is not None
    assert source.text == "spn: 1\n"
    assert not problems.found


def test_a_missing_file_a_directory_and_a_strange_name(tmp_path):
    assert codes(load(tmp_path / "none.yaml")[1]) == ["no-such-file"]
    assert codes(load(tmp_path)[1]) == ["unreadable-file"]
    assert codes(load(tmp_path / "none.yaml" / "x")[1]) in (["no-such-file"], ["unreadable-file"])
    assert codes(load("a\0b")[1]) == ["unreadable-file"]
    assert codes(load("x" * 10_000)[1]) == ["unreadable-file"]


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert codes(load(tmp_path / "pipe")[1]) == ["unreadable-file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text("spn: 1")
    path.chmod(0)
    assert codes(load(path)[1]) == ["unreadable-file"]


def test_a_file_of_100_mb_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    monkeypatch.setattr(files.Path, "open", None)
    assert codes(load(path)[1]) == ["too-large"]


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [(b"spn: 1\na: \xff\n", 2, 4), (b"\xef\xbb\xbfa\xffb", 1, 2), ("é\n".encode("latin-1"), 1, 1), ("ab".encode("utf-16"), 1, 1),
     (b"a: \xed\xa0\x80", 1, 4)],
)
def test_bytes_that_are_not_utf_8_are_told_where_they_stand(tmp_path, data, line, column):
    (tmp_path / "m.yaml").write_bytes(data)
    source, problems = load(tmp_path / "m.yaml")
    assert source is None
    assert codes(problems) == ["not-text"]
    span = problems.found[0].span
    assert span is not None
    assert span.source.position(span.start) == (line, column)


def test_binary_data_with_nuls_is_refused_by_its_characters(tmp_path):
    (tmp_path / "m.yaml").write_bytes(b"\x7fELF\x02\x01\x00\x00")
    source, problems = load(tmp_path / "m.yaml")
    assert source is not None
    assert not files.is_clean(source, problems)
    assert codes(problems) == ["control-character"]


def test_lines_end_with_and_without_carriage_returns():
    source = Source("m", "a\r\nb\nc")
    assert [source.position(k) for k in (0, 3, 5)] == [(1, 1), (2, 1), (3, 1)]
    assert [source.line(k) for k in (1, 2, 3)] == ["a", "b", "c"]
