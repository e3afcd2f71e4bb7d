"""Where the market comes from: `live`, `demo`, a base URL, or a record (design §6)."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import urlsplit

import msgspec


class SourceKind(StrEnum):
    """What answers the venues' requests."""

    LIVE = "live"
    DEMO = "demo"
    URL = "url"
    RECORD = "record"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed `--source`. `base_url` holds every venue under its name; `path` is a recorded data folder (empty: the
    configured one), replayed from `at_ms` (None: its first poll)."""

    kind: SourceKind = SourceKind.LIVE
    base_url: str = ""
    path: str = ""
    at_ms: int | None = None
    seed: int = 7
    speed: float = 1.0
    scenario: str = ""


def parse_source(text: str, *, seed: int = 7, speed: float = 1.0, scenario: str = "") -> Source:
    """The source that the text names. Raises ValueError saying what would be right."""
    if text == "live":
        return Source()
    if text == "demo":
        return Source(kind=SourceKind.DEMO, seed=seed, speed=speed, scenario=scenario)
    if text.startswith("record:") and len(text) > len("record:"):
        return Source(kind=SourceKind.RECORD, path=text.removeprefix("record:"), speed=speed)
    parts = urlsplit(text)
    if parts.scheme in {"http", "https"} and parts.netloc:
        if parts.query or parts.fragment:
            raise ValueError(f"a source URL has no query: {text!r}")
        return Source(kind=SourceKind.URL, base_url=text.rstrip("/"))
    raise ValueError(f"not a source: {text!r} (live, demo, record:PATH or a URL such as http://127.0.0.1:8080)")
