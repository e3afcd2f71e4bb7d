"""A word in the footer that goes after a while."""

from __future__ import annotations

import math
from collections.abc import Callable

# So long it stays, seconds.
MESSAGE_S = 6.0


class Said:
    """What was said last, and in which pen; empty once it has been there for long enough."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._text, self._role, self._until = "", "accent", -math.inf

    def say(self, text: str, role: str) -> None:
        """Say something from now on."""
        self._text, self._role, self._until = text, role, self._now() + MESSAGE_S

    @property
    def word(self) -> tuple[str, str]:
        """What is to be read now, and its pen."""
        return (self._text, self._role) if self._now() < self._until else ("", "accent")
