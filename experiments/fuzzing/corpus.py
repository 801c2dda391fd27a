"""The corpus as one file of texts, and as a folder of them, as the fuzzer wants it.

    python -m experiments.fuzzing.corpus unpack build/seeds        # from tests/fuzz/corpus to a folder
    python -m experiments.fuzzing.corpus pack build/merged         # and back
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

CORPUS = Path(__file__).parents[2] / "tests" / "fuzz" / "corpus"
FILE = CORPUS / "reached.jsonl"
LONGEST = 1500
"""Longer texts are not kept: what they reach is reached by the tests in other ways."""


def pack(folder: Path) -> None:
    """Write the texts of a folder into the corpus, the shortest first."""
    texts = set()
    for path in folder.iterdir():
        try:
            texts.add(path.read_bytes().decode("utf-8"))
        except UnicodeDecodeError:
            continue
    kept = sorted((text for text in texts if len(text) <= LONGEST), key=lambda text: (len(text), text))
    FILE.write_text("".join(f"{json.dumps(text)}\n" for text in kept), encoding="utf-8")
    print(f"{len(kept)} texts")


def unpack(folder: Path) -> None:
    """Write each text of the corpus into a file."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, line in enumerate(FILE.read_text(encoding="utf-8").splitlines()):
        (folder / f"{number:04}").write_bytes(json.loads(line).encode("utf-8", "surrogatepass"))
    for path in CORPUS.glob("found_*"):
        (folder / path.name).write_bytes(path.read_bytes())


if __name__ == "__main__":
    {"pack": pack, "unpack": unpack}[sys.argv[1]](Path(sys.argv[2]))
