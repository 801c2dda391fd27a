"""Starts the command line, as ``spn`` and as ``python -m spn``. What the commands do is in `spn.cli`."""

from __future__ import annotations

import contextlib
import gc
import os
import sys

INTERRUPTED = 130


def main() -> int:
    """Run the command line with the arguments of the process and return its exit code."""
    gc.set_threshold(100_000)  # modules and models are hardly ever garbage; looking for it would take a tenth of a short command's time
    try:
        from spn.cli.main import main as run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before there was anything to print
        return INTERRUPTED
    if code == INTERRUPTED:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        # Everything is written. Taking libraries and kernels down in good order would take longer than whoever presses Ctrl-C wants to wait.
        os._exit(code)
    gc.freeze()  # so that nothing is looked through once more at the end
    return code


if __name__ == "__main__":
    sys.exit(main())
