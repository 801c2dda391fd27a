"""Runs command lines of `spn`, each in a process of its own with a limit of memory and time, and tells how each ended. Started by `test_hostile`.

Cases come as JSON on standard input, results go as JSON to standard output. The program is loaded once; each case is a fork of that.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
from typing import Any

MEMORY = 300_000_000
"""The most memory that anything may take, in bytes."""
ADDRESSES = 1_000_000_000
"""A limit of the address space, of which libraries and their threads take a part that is no memory."""
SECONDS = 20
"""A case is killed after so long; what is promised is 2 s, on a machine with nothing else to do."""


def run(case: dict[str, Any]) -> dict[str, Any]:
    """One case: ``arguments`` of the command line, the ``folder`` in which it runs, the file that is its ``input``."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            _as_child(case, out.fileno(), err.fileno())
        _, status, usage = os.wait4(child, 0)
        out.seek(0)
        err.seek(0)
        return {
            "name": case["name"],
            "code": os.waitstatus_to_exitcode(status),
            "seconds": round(usage.ru_utime + usage.ru_stime, 2),
            "megabytes": usage.ru_maxrss // 1000,
            "out": out.read(20_000).decode("utf-8", "replace"),
            "err": err.read(20_000).decode("utf-8", "replace"),
        }


def _as_child(case: dict[str, Any], out: int, err: int) -> None:
    code = 99
    try:
        os.chdir(case["folder"])
        os.dup2(os.open(case.get("input") or os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        signal.alarm(SECONDS)
        from spn.cli.main import main

        code = main(case["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    except SystemExit as end:  # of argparse
        sys.stderr.flush()
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - a traceback is what must not be
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
        code = 98
    finally:
        os._exit(code)


def main() -> None:
    """Run all cases that are given, one after the other."""
    from spn import api
    from spn.text.source import Source

    api.check(Source("warm", "spn: 1\nplaces: {a: 1}\ntransitions: {t: {in: a, out: a, delay: exponential(mean=1 s)}}"))
    api.results  # noqa: B018 - and what else is loaded late
    import spn.cli.main
    import spn.sweeps.reading
    import spn.tables.results  # noqa: F401

    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
