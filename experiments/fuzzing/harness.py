"""Coverage-guided fuzzing of reader, expressions and resolver: what any text is promised (`tests.hostile.promise`) is held against millions of texts.

    pip install atheris
    python -m experiments.fuzzing.harness build/fuzz build/seeds -max_total_time=1200

Arguments are libFuzzer's: folders of texts to start from (what is new goes into the first), and options. A text that breaks the promise is
written to the folder `FINDINGS`, one for each place in the program, and the search goes on; one that takes longer than ten seconds ends it.
The first character of a text says where the rest of it stands: `tests.fuzz.place`.
"""

from __future__ import annotations

import hashlib
import os
import sys
import traceback
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["spn.text", "spn.model", "spn.expressions", "spn.resolver", "spn.net"]):
    from tests.fuzz.place import examine_bytes

OPTIONS = ("-timeout=10", "-rss_limit_mb=1500", "-max_len=3000", "-dict=tests/fuzz/words.dict")
FINDINGS = Path(os.environ.get("SPN_FINDINGS", "build/findings"))


def examine(data: bytes) -> None:
    """One text; what breaks the promise is kept with its traceback."""
    try:
        examine_bytes(data)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what this looks for
        where = "".join(f"{frame.filename}:{frame.lineno}\n" for frame in traceback.extract_tb(error.__traceback__)[-4:])
        path = FINDINGS / hashlib.sha256(f"{type(error)}{where}".encode()).hexdigest()[:12]
        if not path.exists():
            FINDINGS.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            path.with_suffix(".traceback").write_text(traceback.format_exc(), encoding="utf-8")
            print(f"FOUND {path}: {type(error).__name__}: {error}", flush=True)


def main() -> None:
    """Fuzz until it is told to stop."""
    given = [argument.partition("=")[0] for argument in sys.argv]
    own = [option for option in OPTIONS if option.partition("=")[0] not in given]
    atheris.Setup([_command(), *own, *sys.argv[1:]], examine)
    atheris.Fuzz()


def _command() -> str:
    """A file that starts this program, which libFuzzer does by itself when it merges."""
    FINDINGS.parent.mkdir(parents=True, exist_ok=True)
    path = FINDINGS.parent / "harness.sh"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m experiments.fuzzing.harness "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return str(path.resolve())


if __name__ == "__main__":
    main()
