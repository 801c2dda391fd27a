"""Starts the command line, as ``spn`` and as ``python -m spn``. What the commands do is in `spn.cli`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line with the arguments of the process and return its exit code."""
    try:
        from spn.cli.main import main as run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # before there was anything to print
        return 130


if __name__ == "__main__":
    sys.exit(main())
