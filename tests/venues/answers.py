"""Every registered venue's recorded answers, found by what its endpoints ask, and ways to damage them."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fundtui.venues import load
from fundtui.venues.spec import Endpoint, Venue

SHARED = Path(__file__).resolve().parents[3] / "shared"
SAME_FORMAT = {"delta-india": "delta"}
"""Venues without recordings that speak another one's format."""
ELSEWHERE = {
    ("delta", "tickers"): "delta/ticker_BTCUSDT_2023.json",
    ("delta-india", "tickers"): "delta/ticker_BTCUSDT_2023.json",
    ("deribit", "get_instruments"): "deribit/get_instruments_BTC_future.json",
    ("deribit", "get_book_summary_by_currency:ETH"): "",
}
"""Recordings of a narrower request than the endpoint's."""

Bodies = dict[str, dict[str, bytes]]
"""Endpoint name -> key -> body; the key is "" where an endpoint has none."""


@cache
def manifest() -> dict[str, Any]:
    file = SHARED / "recorded" / "routes.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"route": [], "venue": {}}


def bodies_of(venue: Venue) -> Bodies:
    """What was recorded for the endpoints of a venue; skips where nothing was."""
    found: Bodies = {}
    for endpoint in venue.endpoints:
        for file, key in _recordings(venue.name, endpoint):
            found.setdefault(endpoint.name, {})[key] = (SHARED / "payloads" / file).read_bytes()
            if endpoint.keys is None:
                break
    if not found:
        pytest.skip(f"no recorded answer of {venue.name} beside the repository (../shared)")
    return found


def _recordings(name: str, endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    for route in manifest()["route"]:
        fits = route["venue"] == SAME_FORMAT.get(name, name) and "file" in route and route.get("role") != "error"
        if not fits or (route["method"], route["path"]) != (endpoint.method, endpoint.path):
            continue
        asked = dict(endpoint.params) | (json.loads(endpoint.body) if endpoint.body else {})
        key = _key(asked, {**route.get("query", {}), **route.get("json", {})})
        if key is not None:
            yield route["file"], key
    if elsewhere := ELSEWHERE.get((name, endpoint.name)):
        yield elsewhere, ""


def _key(asked: Mapping[str, str], wanted: Mapping[str, Any]) -> str | None:
    """The key that a request must have to be answered by a route, "" for none; None where it does not fit."""
    key = ""
    for name, value in wanted.items():
        values = value if isinstance(value, list) else [value]
        if asked.get(name) == "{key}":
            if values == [""]:
                return None
            key = str(values[0])
        elif asked.get(name, "") not in values:
            return None
    return key


def error_bodies(venue: Venue) -> list[bytes]:
    """The venue's error envelopes, as documented."""
    told = manifest()["venue"].get(SAME_FORMAT.get(venue.name, venue.name), {})
    texts = [told.get("envelope", ""), *told.get("error", {}).values()]
    filled = {"$message": "no", "$status": "500", "$name": "ERROR", "$now_ms": "1", "$now_us": "1", "$now_iso": "x"}
    for place, value in filled.items():
        texts = [text.replace(place, value) for text in texts]
    return [text.encode() for text in texts if text]


def parts_of(venue: Venue, bodies: Bodies) -> dict[str, Any]:
    """The decoded answers. Raises BadAnswer."""
    parts: dict[str, Any] = {}
    for endpoint in venue.endpoints:
        if endpoint.name in bodies:
            decoded = {key: endpoint.decode(body) for key, body in bodies[endpoint.name].items()}
            plain = decoded[next(iter(decoded))]
            joined = endpoint.join([plain]) if endpoint.join is not None else plain
            parts[endpoint.name] = decoded if endpoint.keys is not None else joined
    return parts


def damaged(bodies: Bodies, name: str, damage: Callable[[Any], Any]) -> Bodies:
    """The answers, those of one endpoint damaged."""
    changed = {key: json.dumps(damage(json.loads(body))).encode() for key, body in bodies[name].items()}
    return bodies | {name: changed}


def tables(answer: Any) -> Iterator[list[Any]]:
    """The outermost lists of rows in an answer; objects of rows are left out, as JSON cannot repeat their keys."""
    if isinstance(answer, list) and answer and all(isinstance(row, dict) for row in answer):
        yield answer
    elif isinstance(answer, list):
        for item in answer:
            yield from tables(item)
    elif isinstance(answer, dict):
        for item in answer.values():
            yield from tables(item)


def on_leaves(answer: Any, change: Callable[[Any], Any]) -> Any:
    """The answer with every scalar changed."""
    if isinstance(answer, dict):
        return {key: on_leaves(value, change) for key, value in answer.items()}
    if isinstance(answer, list):
        return [on_leaves(value, change) for value in answer]
    return change(answer)


def is_numeric(value: Any) -> bool:
    """Whether a scalar is a number, or text of one."""
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return False
        return True
    return isinstance(value, int | float)


def renamed(row: Any, identifiers: frozenset[str], change: Callable[[str], str]) -> Any:
    """The row with its identifiers changed, wherever they stand in it."""
    return on_leaves(
        copy.deepcopy(row), lambda leaf: change(leaf) if isinstance(leaf, str) and leaf in identifiers else leaf
    )


def venue(name: str) -> Venue:
    return load(name)
