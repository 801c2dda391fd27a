"""What the exit codes mean, and the errors that end a command early. Who raises and who prints is elsewhere."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every command."""

    OK = 0
    MODEL = 1
    """The model has errors, or ran into one."""
    USAGE = 2
    """The command was called wrongly: an unknown option or model, a bad value."""
    NOT_REACHED = 3
    """It ran, but did not reach the asked precision, or ended in a state that one must see. The result is printed."""
    NOT_SUPPORTED = 4
    """The method asked for does not support this net."""
    INTERRUPTED = 130
    """Ctrl-C. What was found until then is printed."""


class UsageError(Exception):
    """A command called wrongly, in words for the user."""
