"""Settled rates of all instruments as the record has them, against what was announced."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from fundtui.history.settled_past import read
from fundtui.history.sqlite_store import SqliteStore
from fundtui.market import Batch, Instrument, Quote, Settlement

HOUR_MS = 3_600_000
EIGHT = 1_790_006_400_000 // (8 * HOUR_MS) * (8 * HOUR_MS)


def contract(symbol: str) -> Instrument:
    return Instrument(
        venue="binance", symbol=symbol, asset=symbol[:3], quote="USDT", settle="USDT", rate_period_h=8.0, interval_h=8.0
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """BTC announced at 1 bp half an hour before and paid at 3 bp, ETH only paid."""
    store = SqliteStore(tmp_path, now_ms=EIGHT)
    for minutes, rate in ((31, 1e-4), (10, 2e-4)):
        at_ms = EIGHT - minutes * 60_000
        quote = Quote(contract=contract("BTCUSDT"), observed_ms=at_ms, rate=rate, next_funding_ms=EIGHT)
        store.append([Batch(venue="binance", observed_ms=at_ms, quotes=(quote,))])
    store.settle(
        Settlement(venue="binance", symbol=symbol, time_ms=EIGHT - before, rate=rate, interval_h=8.0)
        for symbol, before, rate in (("BTCUSDT", 0, 3e-4), ("ETHUSDT", 0, 8e-4), ("BTCUSDT", 8 * HOUR_MS, 1e-4))
    )
    store.close()
    return tmp_path


def test_newest_first_with_the_surprise_where_it_was_announced(folder: Path) -> None:
    found = read(folder, EIGHT - 24 * HOUR_MS, EIGHT + 1)
    assert [(one.symbol, one.time_ms) for one in found.rows] == [
        ("BTCUSDT", EIGHT), ("ETHUSDT", EIGHT), ("BTCUSDT", EIGHT - 8 * HOUR_MS),
    ]  # fmt: skip
    assert found.total == 3
    # 3 bp paid less 1 bp announced, over 8 hours.
    assert found.rows[0].surprise == pytest.approx(2e-4 / 8, rel=1e-6)
    assert found.rows[0].hourly == pytest.approx(3e-4 / 8, rel=1e-6)
    assert math.isnan(found.rows[1].surprise)


def test_a_range_and_a_limit(folder: Path) -> None:
    assert [one.time_ms for one in read(folder, 0, EIGHT).rows] == [EIGHT - 8 * HOUR_MS]
    found = read(folder, 0, EIGHT + 1, most=1)
    assert (len(found.rows), found.total) == (1, 3)


def test_no_record_says_so(tmp_path: Path) -> None:
    found = read(tmp_path / "nothing", 0, EIGHT)
    assert found.rows == ()
    assert found.problem
