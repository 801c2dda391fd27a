"""The options that commands share, and how their texts become values. What the values mean is for the commands."""

from __future__ import annotations

import argparse
import math
import re

_NAME = re.compile(r"[^\W\d]\w*", re.ASCII)


def add_model(parser: argparse.ArgumentParser, what: str = "a model file, the name of a shipped model, or - for standard input") -> None:
    """The model, and the changes of its parameters."""
    parser.add_argument("model", metavar="MODEL", help=what)
    add_parameters(parser)


def add_parameters(
    parser: argparse._ActionsContainer,
    *flags: str,
    dest: str = "parameters",
    help: str = "give a parameter of the model another value; may be repeated",
) -> None:
    """``-p name=value``, any number of times."""
    names = flags or ("-p", "--parameter")
    parser.add_argument(*names, dest=dest, metavar="NAME=VALUE", type=assignment, action=_Assign, default={}, help=help)


def add_run(parser: argparse.ArgumentParser, of: str = "of the intervals to reach") -> None:
    """How precisely, how long, and with which seed and engine to simulate."""
    parser.add_argument("--precision", metavar="SHARE", type=share, help=f"relative half-width {of} (default: 5 %%)")
    parser.add_argument("--confidence", metavar="SHARE", type=share, default=0.95, help="confidence of the intervals (default: 95 %%)")
    parser.add_argument("--seed", metavar="N", type=seed, help="seed of the random numbers (default: a new one, which is shown)")
    add_engine(parser)
    parser.add_argument("--workers", metavar="N", type=count, help="threads to run on; the numbers do not depend on it (default: all cores)")
    parser.add_argument("--max-firings", metavar="N", type=count, help="stop after so many firings")
    parser.add_argument("--max-seconds", metavar="S", type=seconds, help="stop after so many seconds")
    parser.add_argument(
        "--max-time", metavar="TIME", type=time_limit, help="stop after so much simulated time, of all replications together: '1e6 h'"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_engine(parser: argparse.ArgumentParser) -> None:
    """The engine; the result is the same with each."""
    parser.add_argument("--engine", choices=("auto", "reference", "compiled"), default="auto", help="what simulates (default: auto)")


class _Assign(argparse.Action):
    """Collects assignments in a dictionary; the same name twice is a mistake."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: object, option_string: str | None = None) -> None:
        assert isinstance(values, tuple)
        name, value = values
        known: dict[str, str] = dict(getattr(namespace, self.dest))
        if name in known:
            raise argparse.ArgumentError(self, f"'{name}' is given twice")
        setattr(namespace, self.dest, known | {name: value})


def assignment(text: str) -> tuple[str, str]:
    """``name=value``; what the value may be depends on the parameter."""
    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals:
        raise argparse.ArgumentTypeError(f"'{text}' has no '='; write NAME=VALUE")
    if not _NAME.fullmatch(name):
        raise argparse.ArgumentTypeError(f"'{name}' is not a name; write NAME=VALUE")
    if not value.strip():
        raise argparse.ArgumentTypeError(f"'{name}' has no value; write {name}=VALUE")
    return name, value


def share(text: str) -> float:
    """``5%``, ``5 %`` or ``0.05``; strictly between 0 and 1."""
    written = text.strip()
    factor = 1.0
    if written.endswith("%"):
        written, factor = written[:-1].rstrip(), 0.01
    value = round(number(written, text) * factor, 15)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0 and 1 (0 % and 100 %), both excluded")
    return value


def seed(text: str) -> int:
    """An integer from 0 to 2^64 - 1."""
    if not re.fullmatch(r"[0-9]{1,20}", text.strip()) or int(text.strip()) >= 2**64:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 to 2^64 - 1")
    return int(text.strip())


def new_seed() -> int:
    """A seed nobody has chosen, short enough to be copied by hand."""
    import secrets

    return secrets.randbelow(2**31)


def count(text: str) -> int:
    """A whole number from 1; ``1e6`` is one too."""
    value = number(text, text)
    if value < 1 or value > 2**62 or value != math.floor(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1")
    return int(value)


def seconds(text: str) -> float:
    """A positive number of seconds."""
    value = number(text, text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number of seconds")
    return value


def duration(text: str) -> float:
    """A time from 0 on, in seconds or with a unit: ``90``, ``1.5 h``."""
    from spn.expressions.units import UNITS, in_seconds

    written = text.strip()
    unit = re.search(r"[A-Za-z]+$", written)
    if unit is not None and unit.group() in UNITS:
        value = in_seconds(number(written[: unit.start()], text), unit.group())
    elif unit is not None and not re.search(r"[0-9.][eE]$", written):
        raise argparse.ArgumentTypeError(f"'{text}' has no known unit of time; the units are {', '.join(UNITS)}")
    else:
        value = number(written, text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a time from 0 on")
    return value


def time_limit(text: str) -> float:
    """A time that is not 0, in seconds or with a unit."""
    value = duration(text)
    if value == 0.0:
        raise argparse.ArgumentTypeError(f"'{text}' is no time at all")
    return value


def number(text: str, shown: str) -> float:
    """A number; `shown` is what was written."""
    written = text.strip()  # of more than `float` takes for white space
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", written, re.ASCII):
        raise argparse.ArgumentTypeError(f"'{shown}' is not a number")
    return float(written)
