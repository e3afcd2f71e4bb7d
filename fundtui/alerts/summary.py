"""What a header says of alerts. Apart from the rest of the room, which is imported after the first rows are shown."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fundtui.status import Severity


class Role(StrEnum):
    """What this process does about alerts."""

    CLOSED = "closed"
    EVALUATES = "evaluates"
    LOOKS_ON = "looks on"


class AlertCounts(msgspec.Struct, frozen=True):
    """How many alerts are in which state; acknowledged ones fire on and are counted. dead: letters nobody looked at."""

    firing: int = 0
    pending: int = 0
    silenced: int = 0
    dead: int = 0
    worst: Severity | None = None
