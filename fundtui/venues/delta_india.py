"""Delta Exchange India: its own books, quoted in USD and linear, in the wire format of venue sheet delta."""

from __future__ import annotations

from fundtui.venues.delta import region

VENUE = region(
    "delta-india",
    "Delta Exchange India",
    "https://api.india.delta.exchange",
    "no answer of it was ever recorded; read like Delta Exchange's global books",
)
