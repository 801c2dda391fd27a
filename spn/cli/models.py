"""From the MODEL on a command line to its net: finds the file, says which name was probably meant. Reading is for `spn.api`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from spn.cli.console import note
from spn.cli.exits import UsageError
from spn.library import find_model, shipped_models
from spn.text.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spn.net.types import Net
    from spn.text.source import Source


def locate(name: str) -> Path | Source:
    """The file of a model, or the text on standard input if the name is ``-``."""
    if name == "-":
        return _standard_input()
    path = find_model(name)
    if path is not None:
        return path
    known = list(shipped_models())
    if "\0" not in name and os.path.isdir(name):
        raise UsageError(f"'{name}' is a folder, not a model file")
    hint = nearest(name, known) or (f"shipped models: {', '.join(known)}" if known else "")
    raise UsageError(f"no model '{name}': neither a file nor a shipped model" + (f"; {hint}" if hint else ""))


def load(name: str, parameters: Mapping[str, str]) -> Net:
    """The net of the model `name` with some parameters changed. Warnings about it are shown."""
    from spn import api

    net, warnings = api.load_with_warnings(locate(name), parameters)
    for warning in warnings:
        note(warning.render())
    return net


def _standard_input() -> Source:
    """What is on standard input, read no further than a model can be large. Raises `ModelError` if it is no text."""
    from spn.text.files import MAX_BYTES, decode, refuse_size
    from spn.text.problems import Problems

    problems = Problems()
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        refuse_size("<stdin>", problems)
    found = None if len(data) > MAX_BYTES else decode(data, "<stdin>", problems)
    problems.stop_if_any()
    assert found is not None
    return found
