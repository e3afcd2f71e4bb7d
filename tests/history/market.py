"""Batches of two invented venues for tests of the record."""

from __future__ import annotations

import math

from fundtui.market import Batch, Instrument, Note, Quote, RateKind, Reason, Settlement

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
START_MS = 20_500 * DAY_MS
"""Midnight of 2026-02-16, UTC."""


def contract(venue: str, symbol: str, **changes: object) -> Instrument:
    """A contract that pays each 8 hours."""
    fields: dict[str, object] = {
        "venue": venue, "symbol": symbol, "asset": symbol.removesuffix("USDT"), "quote": "USDT", "settle": "USDT",
        "rate_period_h": 8.0, "interval_h": 8.0, "cap": 0.02, "rate_kind": RateKind.PREDICTED,
        "notes": (Note.OI_SIDE_UNVERIFIED,),
    }  # fmt: skip
    return Instrument(**(fields | changes))  # type: ignore[arg-type]


ALPHA = (contract("alpha", "BTCUSDT"), contract("alpha", "ETHUSDT"), contract("alpha", "PEPEUSDT", multiplier=1000.0))
BETA = (contract("beta", "BTCUSDT", interval_h=1.0, rate_period_h=1.0),)


def rate(time_ms: int, place: int) -> float:
    """The rate that contract `place` has at a time: eight decimals, another one each five minutes."""
    return round(1e-4 * math.sin(time_ms // 300_000 + place), 8)


def batch(time_ms: int, contracts: tuple[Instrument, ...] = ALPHA, **changes: float) -> Batch:
    """A poll: awkward numbers on purpose (not decimal, missing, derived, tiny)."""
    quotes = []
    for place, one in enumerate(contracts):
        mark = 61234.5 / (place * 1e6 + 1) + (time_ms % 977) / 7
        oi_base = 1234.567 * (place + 1)
        numbers = {
            "rate": rate(time_ms, place),
            "next_funding_ms": None if place == 2 else time_ms // (8 * HOUR_MS) * 8 * HOUR_MS + 8 * HOUR_MS,
            "mark": mark,
            "index": 1.1e-12 * (place + 1),
            "oi_base": oi_base,
            "oi_usd": oi_base * mark,
            "settled_rate": math.nan if place == 1 else 0.0001,
        }
        reasons = (Reason.NO_RATE,) if place == 1 else ()
        quotes.append(Quote(one, time_ms - place, **(numbers | changes), reasons=reasons))  # type: ignore[arg-type]
    return Batch(venue=contracts[0].venue, observed_ms=time_ms, quotes=tuple(quotes))


def settlement(time_ms: int, paid: float = 0.0001, symbol: str = "BTCUSDT", **changes: float) -> Settlement:
    """A settled rate of alpha."""
    fields = {"interval_h": 8.0} | changes
    return Settlement(venue="alpha", symbol=symbol, time_ms=time_ms, rate=paid, **fields)
