"""Starts the interface and ends it cleanly, whatever ends it: a key, a signal, a lost terminal, an error.

Textual takes a third of the start to import. Where rows are known before that, from a record or because the market is
simulated in this process, they are drawn first (`firstframe`), and Textual's first frame takes their place.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from fundtui.clock import Clock, SystemClock
from fundtui.ui import crash, handback
from fundtui.ui.guardian import ENDING, LOST_TERMINAL, Guardian
from fundtui.ui.options import Options

if TYPE_CHECKING:
    from fundtui.ui.source import Source
    from fundtui.ui.termdiff import TermDiff

NO_TERMINAL = "fundtui needs a terminal; `fundtui snapshot` and `fundtui watch` work without one"
# How long the simulated market's first answer is waited for before Textual is imported, seconds.
FIRST_ROWS_S = 0.25


class Ending(msgspec.Struct):
    """How it ended. demo_wanted: the person asked for the demo instead."""

    exit_code: int = 0
    error: BaseException | None = None
    demo_wanted: bool = False


def _for_dumb(options: Options) -> Options:
    """Options for a terminal that calls itself dumb: neither colour nor Unicode.

    Rich takes such a terminal for 80x25 whatever its size is, and a layout that is told two sizes never comes to rest,
    so it has to be given another name.
    """
    if os.environ.get("TERM", "").lower() not in {"dumb", "unknown"}:
        return options
    os.environ["TERM"] = "ansi"
    return msgspec.structs.replace(options, colour=False, unicode=False)


async def _first_rows(source: Source, options: Options) -> tuple[bool, TermDiff | None]:
    """Draw the first rows where they are there before Textual; whether the source was started, and what was drawn."""
    if source.mode != "demo":
        from fundtui.ui.firstframe import draw_first_frame

        # Over the network an answer takes longer than Textual.
        return False, draw_first_frame(source, options)
    await source.start(alerts=False)
    # Imported while the first answer is under way.
    from fundtui.ui.firstframe import draw_first_frame

    with contextlib.suppress(TimeoutError):
        async with SystemClock().timeout(FIRST_ROWS_S):
            await source.first_rows()
    shown = draw_first_frame(source, options)
    # Before anything else comes in, so that alerts see every state of the market.
    await source.open_alerts()
    return True, shown


async def _live(source: Source, options: Options, guardian: Guardian, ending: Ending, wall: Clock) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def leave(code: int) -> None:
        # Before there is an application, a signal ends what is being built.
        ending.exit_code = code
        guardian.start(code)
        assert task is not None
        task.cancel()

    for number in ENDING:
        loop.add_signal_handler(number, leave, 128 + number)
    try:
        started, shown = await _first_rows(source, options)
        from fundtui.ui.running import RunningApp

        # Signals that came while importing are served now, before the application takes them over.
        await asyncio.sleep(0)
        app = RunningApp(source, options, guardian, wall, started=started, shown=shown)
        mouse = source.settings.display.mouse if options.mouse is None else options.mouse
        await app.run_async(mouse=mouse)
        ending.exit_code, ending.error, ending.demo_wanted = app.exit_code, app.error, app.demo_wanted
    except asyncio.CancelledError:
        if not ending.exit_code:
            raise
    finally:
        await source.stop()


def run(source: Source, options: Options | None = None, wall: Clock | None = None) -> int:
    """Show the engine until a person or a signal ends it. wall: the screen's own clock. Returns the exit code."""
    if not (sys.__stdin__ and sys.__stdin__.isatty() and sys.__stderr__ and sys.__stderr__.isatty()):
        sys.stderr.write(NO_TERMINAL + "\n")
        return 2
    for name in ("COLUMNS", "LINES"):
        # Exported by some shells and parent programs, they would hold the screen at that size through every resize.
        os.environ.pop(name, None)
    before = handback.attributes()
    guardian = Guardian(before)
    ending = Ending()
    # Collecting garbage while everything is being built only delays the first frame.
    gc.disable()
    try:
        # Like any asyncio.run, but threads that hang in a resolver do not keep the process: the guardian ends it.
        asyncio.run(_live(source, _for_dumb(options or Options()), guardian, ending, wall or SystemClock()))
    except Exception as error:  # noqa: BLE001  (the outermost place: every failure becomes a report)
        ending.error = ending.error or error
    finally:
        gc.enable()
    code = _tell(source, ending, before, guardian)
    guardian.stop()
    return code


def _tell(source: Source, ending: Ending, before: list[Any] | None, guardian: Guardian) -> int:
    """What is left to do without the screen, some of it on a terminal that may not read. Returns the exit code."""
    if ending.demo_wanted:
        # The same program over the simulated market, in this very process and terminal.
        os.execv(sys.executable, [sys.executable, "-m", "fundtui.cli", "demo"])
    if ending.error is not None:
        guardian.start(1)
        handback.restore(before)
        crash.tell(ending.error, source.clock.utc_ms())
        return 1
    if ending.exit_code == LOST_TERMINAL:
        # What is still buffered cannot be written any more; Python would end with 120 for it.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
    elif ending.exit_code:
        # Ended by a signal, perhaps before Textual had the terminal: switching off what is off does no harm.
        handback.restore(before)
    return ending.exit_code
