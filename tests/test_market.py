"""The instrument record: numbers or null, keys always there."""

from __future__ import annotations

import json
import math

from fundtui.market import RECORD_KEYS, AssetClass, Instrument, Quote, Reason, Status, record


def contract(**changes: object) -> Instrument:
    fields: dict[str, object] = {
        "venue": "binance", "symbol": "BTCUSDT", "asset": "BTC", "quote": "USDT", "settle": "USDT",
        "rate_period_h": 8.0, "interval_h": 8.0,
    }  # fmt: skip
    return Instrument(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_record_has_every_key_and_derives_hourly_and_apr() -> None:
    row = record(Quote(contract(), 1_750_000_000_000, 0.0001, 1_750_003_200_000, mark=100.0))
    assert tuple(row) == RECORD_KEYS
    assert row["hourly"] == 0.0000125
    assert math.isclose(row["apr"], 0.1095, rel_tol=1e-12)
    assert row["rate_kind"] == "predicted"
    assert row["index"] is None
    assert json.loads(json.dumps(row, allow_nan=False)) == row


def test_what_is_unknown_is_null_and_stays_a_key() -> None:
    row = record(Quote(contract(rate_period_h=math.nan, interval_h=math.nan), 0, 0.0001))
    assert row["rate"] == 0.0001
    assert row["interval_h"] is None
    assert row["hourly"] is None
    assert row["apr"] is None
    assert row["next_funding_ms"] is None


def test_a_contract_says_why_it_is_left_out() -> None:
    assert contract().excluded == ()
    assert contract(status=Status.DATED).excluded == (Reason.DATED,)
    assert contract(status=Status.SUSPENDED).excluded == (Reason.NOT_TRADING,)
    assert contract(interval_h=math.nan).excluded == (Reason.INTERVAL_UNKNOWN,)
    assert contract(interval_h=math.nan, continuous=True).excluded == ()


def test_a_share_and_a_coin_of_the_same_ticker_are_two_assets() -> None:
    assert contract(asset="CAT").asset_id == "CAT"
    assert contract(asset="CAT", asset_class=AssetClass.EQUITY).asset_id == "CAT.eq"
