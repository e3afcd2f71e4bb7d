"""Reading answers in tests: recorded ones beside the repository, and small ones made in the test."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fundtui.market import Batch, Quote
from fundtui.venues.spec import BadAnswer, Endpoint, Venue

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "payloads"


def recorded(path: str) -> bytes:
    """The recorded bytes of `bybit/file.json`; skips where the recordings are not on this machine."""
    file = PAYLOADS / path
    if not file.is_file():
        pytest.skip(f"recorded answer {path} is not beside the repository (../shared/payloads)")
    return file.read_bytes()


def endpoint(venue: Venue, name: str) -> Endpoint:
    return next(item for item in venue.endpoints if item.name == name)


def decoded(venue: Venue, bodies: Mapping[str, Any]) -> dict[str, Any]:
    """Endpoint name -> decoded answer. A body is bytes, or a value to be written as JSON; keyed ones are dicts of
    key -> bytes under the name `name/*`."""
    parts: dict[str, Any] = {}
    for name, body in bodies.items():
        if name.endswith("/*"):
            decode = endpoint(venue, name[:-2]).decode
            parts[name[:-2]] = {key: decode(_bytes(one)) for key, one in body.items()}
        else:
            parts[name] = endpoint(venue, name).decode(_bytes(body))
    return parts


def read(venue: Venue, observed_ms: int, bodies: Mapping[str, Any]) -> Batch:
    return venue.read(decoded(venue, bodies), observed_ms)


def quotes(venue: Venue, observed_ms: int, bodies: Mapping[str, Any]) -> dict[str, Quote]:
    """Quotes by symbol."""
    return {quote.contract.symbol: quote for quote in read(venue, observed_ms, bodies).quotes}


def fault(venue: Venue, name: str, body: bytes) -> str:
    """What the endpoint says of a wrong answer."""
    with pytest.raises(BadAnswer) as caught:
        endpoint(venue, name).decode(body)
    assert caught.value.text
    assert caught.value.text.isprintable()
    return caught.value.fault.value


def unknown(*values: float) -> bool:
    """Whether all values are NaN."""
    return all(math.isnan(value) for value in values)


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


WRONG_ANSWERS: tuple[tuple[bytes, set[str]], ...] = (
    (b"", {"empty"}),
    (b"null", {"empty", "wrong_shape"}),
    (b"<!DOCTYPE html><html><body>Just a moment</body></html>", {"block_page"}),
    (
        b"<html>The Amazon CloudFront distribution is configured to block access from your country.</html>",
        {"geo_blocked"},
    ),
    (b'{"symbol":"BTC', {"not_json"}),
    (b"[1,2,3]", {"wrong_shape"}),
    (b"3", {"wrong_shape"}),
    (b"\xff\xfe", {"not_json"}),
    (b"[" * 100_000, {"not_json", "wrong_shape"}),
    (b'{"' * 1000, {"not_json"}),
)
"""Bodies that no endpoint takes, and what they may be called."""


def assert_refuses_wrong_answers(venue: Venue) -> None:
    """Every endpoint of the venue says what is wrong with each of the wrong answers, and never anything else."""
    for item in venue.endpoints:
        for body, allowed in WRONG_ANSWERS:
            assert fault(venue, item.name, body) in allowed, (item.name, body[:60])
