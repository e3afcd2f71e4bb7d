"""The terminal driver: Textual's, made to end well when the terminal is gone, hangs, or a signal comes.

What stock Textual does there (terminal §8): a hang-up kills the program with the terminal left as it was, an ignored
one lets the input thread spin, and a terminal that reads no more blocks the event loop. Private names of Textual that
fundtui touches are in this module and in `output`; the tests run against the pinned versions.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import selectors
import termios
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import IO, Any

from textual._xterm_parser import XTermParser
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver

from fundtui.alerts.sinks.osc import OSC99_ANSWER

_ALTERNATIVE = "\x1b[?1049h"
_ANSWERS = re.compile(r"\x1b\]99;[^\x1b\x07]*(?:\x1b\\|\x07)")
_POLL_S = 0.1
_LOOKS = 20
_JOIN_S = 0.3


class PatientWriter(WriterThread):
    """Writes in the background without ever blocking the event loop, and never waits for ever at the end.

    A terminal that reads too slowly is the pacer's business; the queue only has to survive until then.
    """

    def __init__(self, file: IO[str], on_lost: Callable[[], None]) -> None:
        super().__init__(file)
        self._queue = queue.Queue()
        self._on_lost = on_lost

    def run(self) -> None:
        try:
            super().run()
        except (OSError, ValueError):
            # Nobody reads any more. Whoever still writes puts into a queue that ends with the process.
            self._on_lost()

    def stop(self) -> None:
        self._queue.put(None)
        self.join(_JOIN_S)


class TerminalDriver(LinuxDriver):
    """A Linux driver that reports a lost terminal once instead of spinning or dying."""

    lost = False
    on_lost: Callable[[], None] | None = None
    on_osc99: Callable[[], None] | None = None
    _writer: WriterThread | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Wakes the input thread, which otherwise sleeps until a key comes.
        self._wake = os.pipe()

    def _terminal_lost(self) -> None:
        if self.lost:
            return
        self.lost = True
        if self.on_lost is not None:
            with contextlib.suppress(RuntimeError):
                # The loop may have ended first; then there is nobody left to tell.
                self._loop.call_soon_threadsafe(self.on_lost)

    @property
    def _writer_thread(self) -> WriterThread | None:
        return self._writer

    @_writer_thread.setter
    def _writer_thread(self, thread: WriterThread | None) -> None:
        # Stock code makes the thread and starts it afterwards: the moment to put the patient one in its place.
        self._writer = thread and PatientWriter(thread._file, self._terminal_lost)

    def _sigtstp_application(self, *_: object) -> None:
        # From the loop, not from the signal's handler: that may have interrupted a write, whose lock it would wait for.
        self._loop.call_soon_threadsafe(super()._sigtstp_application)

    def _sigcont_application(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(super()._sigcont_application)

    def _enable_mouse_support(self) -> None:
        # Buttons, wheel and dragging, but not every movement: hovering says nothing here and costs 8 % of a core.
        if self._mouse:
            self.write("\x1b[?1000h\x1b[?1002h\x1b[?1006h")

    def _disable_mouse_support(self) -> None:
        if self._mouse:
            self.write("\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l")

    def use_mouse(self, wanted: bool) -> None:
        """Ask the terminal for mouse events from now on, or leave the mouse to it."""
        if wanted != self._mouse:
            self._disable_mouse_support()
            self._mouse = wanted
            self._enable_mouse_support()

    def write(self, data: str) -> None:
        if not self.lost:
            super().write(data)

    def stop_application_mode(self) -> None:
        """Stop, with the pen back to normal: the diff leaves it as it last drew."""
        self.write("\x1b[0m")
        super().stop_application_mode()

    def disable_input(self) -> None:
        """Stop listening; the input thread gets a moment, not for ever."""
        if self.exit_event.is_set():
            return
        self._disable_mouse_support()
        self.exit_event.set()
        os.write(self._wake[1], b"x")
        thread = self._key_thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(2 * _POLL_S + _JOIN_S)
        self.exit_event.clear()
        with contextlib.suppress(termios.error):
            termios.tcflush(self.fileno, termios.TCIFLUSH)

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except (OSError, EOFError):
            # EIO: the other end of the pseudo terminal is closed.
            self._terminal_lost()

    def run_input_thread(self) -> None:
        """Read keys until told to stop or until the terminal is gone."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(self._wake[0], selectors.EVENT_READ)
            # Half a sequence is given up after a while; with nothing of that kind open there is nothing to look after.
            looks = 0
            while not self.exit_event.is_set():
                ready = {key.fd for key, _ in selector.select(_POLL_S if looks else None)}
                if self._wake[0] in ready:
                    os.read(self._wake[0], 16)
                if self.fileno in ready:
                    looks = _LOOKS
                    data = os.read(self.fileno, 4096)
                    if not data:
                        raise EOFError
                    for event in parser.feed(self._without_answers(decode(data))):
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)
                looks = max(looks - 1, 0)

    def _without_answers(self, text: str) -> str:
        """Take out the answer to the question for notifications, which the parser would take for keys."""
        if OSC99_ANSWER not in text:
            return text
        if self.on_osc99 is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self.on_osc99)
        return _ANSWERS.sub("", text)


class EnteredDriver(TerminalDriver):
    """For a terminal that shows the alternative screen already, with the first rows: entering again would clear it."""

    _entered = False

    def write(self, data: str) -> None:
        if data == _ALTERNATIVE and not self._entered:
            # Once only: after a suspend it has to be entered like any other time.
            self._entered = True
            return
        super().write(data)
