"""Quotes and batches for the calculator's tests, with everything that a test does not care about filled in."""

from __future__ import annotations

from typing import Any

from fundtui.market import NAN, AssetClass, Averaging, Batch, Family, FundingRule, Instrument, Kind, Quote, Status

HOUR_MS = 3_600_000
START_MS = 1_760_000_400_000 // (8 * HOUR_MS) * (8 * HOUR_MS)
"""A settlement instant of eight-hour contracts."""

RULE_A = FundingRule(family=Family.NORMALISED, interest_8h=1e-4, damper=5e-4, averaging=Averaging.LINEAR)


def contract(venue: str, asset: str = "BTC", **changes: Any) -> Instrument:
    """An eight-hour USDT contract of family A with caps of ±2 %."""
    fields: dict[str, Any] = {
        "venue": venue,
        "symbol": f"{asset}USDT",
        "asset": asset,
        "quote": "USDT",
        "settle": "USDT",
        "asset_class": AssetClass.CRYPTO,
        "kind": Kind.LINEAR,
        "status": Status.TRADING,
        "rate_period_h": 8.0,
        "interval_h": 8.0,
        "cap": 0.02,
        "floor": -0.02,
        "rule": RULE_A,
    }
    return Instrument(**(fields | changes))


def quote(what: Instrument, at_ms: int, rate: float = 1e-4, **changes: Any) -> Quote:
    """An observation with a price of 100, a premium of 3 bp and 1M open interest."""
    hours = what.interval_h if what.interval_h == what.interval_h else 8.0
    length = int(hours * HOUR_MS)
    fields: dict[str, Any] = {
        "next_funding_ms": (at_ms // length + 1) * length,
        "mark": 100.03,
        "index": 100.0,
        "last": 100.0,
        "premium": 3e-4,
        "oi_base": 1e4,
        "oi_usd": 1e6,
        "volume_usd": 5e6,
        "settled_rate": NAN,
    }
    return Quote(contract=what, observed_ms=at_ms, rate=rate, **(fields | changes))


def batch(venue: str, at_ms: int, *quotes: Quote) -> Batch:
    """One venue's poll."""
    return Batch(venue=venue, observed_ms=at_ms, quotes=quotes)
