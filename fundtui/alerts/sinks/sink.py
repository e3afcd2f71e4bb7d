"""What a sink is."""

from __future__ import annotations

import math
from typing import Protocol

from fundtui.alerts.message import Message


class Refused(Exception):
    """The sink will not take this message, now or later (a wrong token, an unknown address)."""


class Trouble(Exception):
    """The message did not get through this time. after_s: how long the sink asks to be left alone (NaN: not said)."""

    def __init__(self, text: str, after_s: float = math.nan) -> None:
        super().__init__(text)
        self.after_s = after_s


class Sink(Protocol):
    """Sends messages somewhere."""

    name: str

    async def send(self, message: Message) -> None:
        """Send one message. Returns when it has arrived. Raises Trouble or Refused, whose texts hold no secrets."""
        ...
