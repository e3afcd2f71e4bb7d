"""Makes the terminal notice: writes the notices of alerts through the driver, by the channel that gets through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from fundtui.alerts.message import Message
from fundtui.alerts.sinks import osc
from fundtui.config.schema import Settings, Sink, SinkKind, TerminalChannel

AT_ONCE = 3
NEVER_ASKED = ("linux", "dumb", "vt", "cons", "ansi")
"""Terminals that would print the question."""


class Notices(Protocol):
    """Where notices come from."""

    @property
    def settings(self) -> Settings: ...
    @property
    def notice_count(self) -> int: ...
    def notices_since(self, count: int) -> list[Message]: ...


class Ringer:
    """Rings for new notices. `channel` is the one in use, for the screen to name."""

    def __init__(
        self, source: Notices, write: Callable[[str], None], environment: Mapping[str, str], ask: osc.Run = osc.run
    ) -> None:
        """write: to the terminal, beside frames. ask: runs tmux to ask what it lets through; blocks, so it is called
        when the first notice comes and tmux is around."""
        self._source = source
        self._write = write
        self._environment = environment
        self._ask = ask
        self._told = source.notice_count
        self._tmux = osc.in_tmux(environment)
        self._passthrough: bool | None = None
        self._answers_osc99 = False
        self._wanted = self._sink.channel
        self.channel = self._choose()

    @property
    def _sink(self) -> Sink:
        return self._source.settings.notify.sinks.get(SinkKind.TERMINAL.value, Sink())

    def _choose(self) -> TerminalChannel:
        if self._wanted is TerminalChannel.AUTO and self._tmux and self._passthrough is None:
            self._passthrough = osc.lets_through(self._environment, self._ask)
        chosen = osc.choose(self._wanted, self._environment, passthrough=bool(self._passthrough))
        automatic = self._wanted is TerminalChannel.AUTO
        if automatic and self._answers_osc99 and chosen is TerminalChannel.BELL:
            return TerminalChannel.OSC99
        return chosen

    def question(self) -> str:
        """What asks an unknown terminal whether it understands notifications; empty where nobody need be asked."""
        term = self._environment.get("TERM", "dumb")
        unknown = self._wanted is TerminalChannel.AUTO and self.channel is TerminalChannel.BELL
        return osc.ASK_OSC99 if unknown and not self._tmux and not term.startswith(NEVER_ASKED) else ""

    def answered(self) -> None:
        """The terminal has said that it understands OSC 99."""
        self._answers_osc99 = True
        self.channel = self._choose()

    def tick(self) -> None:
        """Ring for what is new."""
        if self._source.notice_count == self._told:
            return
        new = self._source.notices_since(self._told)
        self._told = self._source.notice_count
        if self._sink.channel is not self._wanted:
            self._wanted = self._sink.channel
            self.channel = self._choose()
        for message in new[-AT_ONCE:]:
            text = osc.notice(self.channel, message.title, "; ".join(message.lines()), tmux=self._tmux)
            if text:
                self._write(text)
