"""The parser of the command line, and what every command's end means for the exit code. The commands are modules beside this one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from spn.cli.console import close_quietly, note, prepare_streams, show_problems
from spn.cli.exits import Exit, UsageError

if TYPE_CHECKING:
    from spn.text.problems import Problem

COMMANDS = (
    *("run", "compare", "sensitivity", "sweep", "table", "plot", "report", "reproduce"),
    *("check", "explain", "draw", "resolve", "trace", "compile", "schema"),
)
"""The commands, each a module beside this one."""

EPILOG = """\
exit codes:
  0    done
  1    the model has errors, or ran into one
  2    the command was called wrongly, or a file cannot be read or written
  3    done, but the precision was not reached, or the run ended in a state to look at
  4    the method does not support this net
  130  interrupted; what was found until then is printed

Results go to stdout, everything else to stderr.
"""


def build_parser(wanted: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of some commands; each sets `execute`, a function from the parsed arguments to an exit code."""
    import spn

    parser = argparse.ArgumentParser(
        prog="spn",
        description="How available is a system, and how sure are we? Stochastic coloured Petri nets, simulated.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"spn {spn.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")
    for name in wanted:
        command = import_module(f"spn.cli.{name}")
        part = commands.add_parser(name, help=command.HELP, description=command.DESCRIPTION, allow_abbrev=False)
        command.add_arguments(part)
        part.set_defaults(execute=command.execute)
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code. No traceback for anything a user can cause."""
    prepare_streams()
    try:
        try:
            # A command that is named needs no other: `spn check` is to answer at once.
            options = build_parser(arguments[:1] if arguments and arguments[0] in COMMANDS else COMMANDS).parse_args(arguments)
            code = _execute(options)
            sys.stdout.flush()
        except BrokenPipeError:  # whoever reads has seen enough: `spn trace m | head`
            close_quietly(sys.stdout)
            code = Exit.OK
        sys.stderr.flush()
    except BrokenPipeError:
        close_quietly(sys.stderr)
        code = Exit.OK
    except OSError as error:  # of stdout: the disk is full
        close_quietly(sys.stdout)
        note(f"spn: the result could not be written: {error.strerror or error}")
        code = Exit.USAGE
    except KeyboardInterrupt:
        note("interrupted")
        code = Exit.INTERRUPTED
    return int(code)


def _execute(options: argparse.Namespace) -> Exit:
    try:
        code: Exit = options.execute(options)
    except BrokenPipeError:
        raise
    except Exception as error:
        told = _tell(error, options)
        if told is None:
            raise
        return told
    return code


def _tell(error: Exception, options: argparse.Namespace) -> Exit | None:
    """Say what is wrong and return the exit code; None for an error that no user can cause."""
    from spn.text.problems import ModelError

    if isinstance(error, ModelError):
        show_problems(error)
        return Exit.USAGE if any(_on_command_line(problem) for problem in error.problems) else Exit.MODEL
    if isinstance(error, UsageError):
        note(f"spn {options.command}: {error}")
        return Exit.USAGE
    if isinstance(error, OSError) and error.filename:
        note(f"spn {options.command}: {error.filename}: {error.strerror}")
        return Exit.USAGE
    if isinstance(error, RecursionError | MemoryError):
        note(f"spn {options.command}: the model is nested too deeply or too large ({type(error).__name__})")
        return Exit.MODEL
    return _tell_of_run(error, options)


def _tell_of_run(error: Exception, options: argparse.Namespace) -> Exit | None:
    from spn.observation import RunError
    from spn.study import NotSupported, OutOfTime

    if isinstance(error, OutOfTime):
        note(f"spn {options.command}: {error}")
        return Exit.NOT_REACHED
    if isinstance(error, RunError):
        note(f"{error.code}: {error.message} (at time {error.time:.9g} s)")
        return Exit.MODEL
    if isinstance(error, NotSupported):
        note(f"spn {options.command}: {error}")
        return Exit.NOT_SUPPORTED
    return None


def _on_command_line(problem: Problem) -> bool:
    """Whether the fault is in a ``-p`` or a condition on the command line, and not in the model."""
    return problem.span is not None and problem.span.source.name.startswith(("<parameter ", "<--"))
