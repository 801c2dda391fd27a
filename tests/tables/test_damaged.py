"""What somebody else has written into a results file is told as such, whatever it is."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from random import Random

import pytest

from spn import api
from spn.sweeps.store import StoreError
from spn.tables import results

STUDY = """\
study: 1
models: {two: two_state}
parameters: {repair_rate: [3 / h, 30 / h]}
precision: 90 %
max_firings: 2000
seed: 3
compare: {gain: {of: {repair_rate: 3 / h}, to: {repair_rate: 30 / h}}}
"""
COLUMNS = [
    ("study", "value"),
    ("points", "progress"),
    ("points", "result"),
    ("places", "about"),
    ("places", "place"),
    ("ratios", "result"),
    ("ratios", "of"),
]
VALUES = [None, "", b"", 0, -1, 2**62, 1e308, "{}", "[]", "null", '{"a": 1}', b"\x00\xff", "x" * 1000]


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    (folder / "s.yaml").write_text(STUDY)
    api.sweep(folder / "s.yaml", folder, workers=1, executor="thread")
    return folder / "s.sqlite"


@pytest.mark.parametrize("part", range(4))
def test_a_changed_file_is_read_or_refused_in_words(swept, tmp_path, part):
    path = tmp_path / "r.sqlite"
    refused = 0
    for seed in range(part, 80, 4):
        random = Random(seed)
        shutil.copy(swept, path)
        table, column = random.choice(COLUMNS)
        base = sqlite3.connect(path)
        with base:
            old = [row[0] for row in base.execute(f'select "{column}" from {table}')]
            new = random.choice(VALUES)
            if old and isinstance(old[0], str) and random.random() < 0.7:
                at = random.randrange(len(old[0]))
                new = random.choice([old[0][:at], old[0][:at] + random.choice('{}[],":0x-') + old[0][at + 1 :], old[0].replace('"', "", 1)])
            with contextlib.suppress(sqlite3.IntegrityError):
                base.execute(f'update {table} set "{column}" = ?', (new,))
        base.close()
        try:
            results.Results.read(path).to_dict()
        except StoreError as error:
            refused += "r.sqlite" in str(error)
    assert refused >= 3
