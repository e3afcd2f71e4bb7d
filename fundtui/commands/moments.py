"""Times and stretches of time on the command line."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from fundtui.units import parse_duration

YEAR_9999_MS = 253_402_300_800_000


def _now_ms() -> int:
    # The clock brings asyncio, which is half of what the first frame waits for; few commands name a time.
    from fundtui.clock import SystemClock

    return SystemClock().utc_ms()


def moment(text: str) -> int:
    """UTC ms of an ISO 8601 time (UTC unless it says otherwise), a number of ms, or a duration ago such as `2h`."""
    if text == "now":
        return _now_ms()
    if text.isdecimal() and len(text) > 8:
        return _possible(int(text), text)
    try:
        return _now_ms() - int(parse_duration(text.removesuffix(" ago")) * 1000)
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        wanted = "write 2026-03-01, 2026-03-01T14:30, ms since 1970, or 2h for two hours ago"
        raise argparse.ArgumentTypeError(f"not a time: {text!r} ({wanted})") from error
    return int((when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp() * 1000)


def _possible(time_ms: int, text: str) -> int:
    if time_ms > YEAR_9999_MS:
        raise argparse.ArgumentTypeError(f"not a time: {text!r}")
    return time_ms
