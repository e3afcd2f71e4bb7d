"""The command line: one parser, and each command's module imported only when it is asked for.

Up to the skeleton of the screen nothing is imported that can be done without: reading words takes longer than Python
itself needs to start.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys

# numpy starts a thread pool for linear algebra that is never used here; it costs 40 ms of every start.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from fundtui.commands.errors import FAILURE, INTERRUPTED, CommandError
from fundtui.ui import skeleton

TYPE_CHECKING = False  # as in `typing`, which takes two milliseconds to import
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

INTERACTIVE = frozenset({"interface", "demo", "replay"})
UNMISTAKABLE: tuple[list[str], ...] = ([], ["demo"])
"""Words that cannot be wrong, so that the screen may be taken before they are read."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (design §6)."""
    words = sys.argv[1:] if argv is None else list(argv)
    leave = skeleton.drop if words in UNMISTAKABLE and skeleton.show() else _nothing
    try:
        from fundtui.commands.parser import parse

        arguments = parse(words)
        if arguments.command in INTERACTIVE:
            # Collecting what modules leave behind costs a fifth of the way to the first frame; the interface switches
            # collecting on again when it is there.
            gc.disable()
            if leave is _nothing and skeleton.show():
                leave = skeleton.drop
        return _run(arguments.command)(arguments)
    except CommandError as error:
        leave()
        print(f"fundtui: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        leave()
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our pipe has seen enough. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - nobody above can take it, and no traceback may reach a person
        leave()
        from fundtui.clock import SystemClock
        from fundtui.ui.crash import tell

        tell(error, SystemClock().utc_ms())
        return FAILURE


def _nothing() -> None:
    """There is no screen to leave."""


def _run(command: str) -> Callable[[argparse.Namespace], int]:
    run: Callable[[argparse.Namespace], int] = importlib.import_module(f"fundtui.commands.{command}").run
    return run


if __name__ == "__main__":
    sys.exit(main())
