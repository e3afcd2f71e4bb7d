"""How a command ends early: one clear line and an exit code."""

from __future__ import annotations

OK = 0
FAILURE = 1
USAGE = 2
CONDITION_HOLDS = 3
NO_VENUE = 4
INTERRUPTED = 130


class CommandError(Exception):
    """Ends the command with one line on standard error."""

    def __init__(self, message: str, exit_code: int = FAILURE) -> None:
        super().__init__(message)
        self.exit_code = exit_code
