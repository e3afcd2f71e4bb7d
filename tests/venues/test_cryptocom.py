"""Crypto.com against its recorded answers; figures worked out by hand, facts from venue sheet cryptocom."""

from __future__ import annotations

from typing import Any

import pytest

from fundtui.market import AssetClass, Note, Quote, RateKind, Reason, Status
from fundtui.venues.cryptocom import VENUE
from fundtui.venues.spec import BadAnswer, Fault, Wanted
from tests.venues.reading import assert_refuses_wrong_answers, decoded, endpoint, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_787_857_392_000
HOUR_MS = 3_600_000
TICKERS = "cryptocom/public-get-tickers-20260827-subset.json"
ESTIMATED = "cryptocom/public-get-valuations-estimated_funding_rate-BTCUSD-PERP.json"
SETTLED = "cryptocom/public-get-valuations-funding_hist-BTCUSD-PERP.json"


def envelope(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"id": -1, "method": "public/x", "code": 0, "result": {"data": list(rows)}}


def ticker(name: str = "BTCUSD-PERP", **fields: Any) -> dict[str, Any]:
    return {"i": name, "a": "80000", "vv": "5000", "oi": "2", "b": "79999", "k": "80001", "t": OBSERVED_MS} | fields


def value(number: str) -> bytes:
    return b'{"code":0,"result":{"data":[{"v":"%s","t":%d}]}}' % (number.encode(), OBSERVED_MS)


def one(more: dict[str, Any] | None = None, **fields: Any) -> Quote:
    return quotes(VENUE, OBSERVED_MS, {"get-tickers": envelope(ticker(**fields))} | (more or {}))["BTCUSD-PERP"]


def test_recorded_tickers_have_no_funding() -> None:
    batch = read(VENUE, OBSERVED_MS, {"get-tickers": recorded(TICKERS)})
    found = {quote.contract.symbol: quote for quote in batch.quotes}
    assert batch.rejected == {}
    # Three perpetuals and one dated future; the eight spot pairs are none of ours.
    assert len(found) == 4
    assert sum(quote.contract.status is Status.DATED for quote in found.values()) == 1
    assert found["BTCUSD-PERP"].reasons == (Reason.NO_RATE,)
    assert found["BTCUSD-PERP"].volume_usd > 0


def test_recorded_estimate_and_settled_rate() -> None:
    more = {
        "get-valuations:estimated_funding_rate/*": {"BTCUSD-PERP": recorded(ESTIMATED)},
        "get-valuations:funding_hist/*": {"BTCUSD-PERP": recorded(SETTLED)},
    }
    btc = one(more)
    assert btc.rate == 0.000012044
    assert btc.contract.rate_kind is RateKind.PREDICTED
    assert btc.settled_rate == 0.000001323


def test_trap_the_rate_is_hourly_and_fixed() -> None:
    btc = one({"get-valuations:funding_rate/*": {"BTCUSD-PERP": value("0.00001")}})
    assert btc.contract.interval_h == 1
    assert btc.hourly == 1e-5  # 8e-5 per eight hours
    assert btc.contract.rate_kind is RateKind.LOCKED
    assert btc.next_funding_ms == 1_787_860_800_000  # the next whole hour
    assert Note.NEXT_FUNDING_INFERRED in btc.contract.notes


def test_trap_no_bulk_funding_so_only_the_watched_are_asked() -> None:
    assert "no bulk" in VENUE.experimental
    keyed = [item for item in VENUE.endpoints if item.name.startswith("get-valuations")]
    parts = decoded(
        VENUE, {"get-tickers": envelope(ticker(), ticker("ETHUSD-PERP"), ticker("ETH_USDT"), ticker("BTCUSD-260828"))}
    )
    for item in keyed:
        assert item.keys is not None
        assert item.keys(parts, Wanted()) == []
        assert item.keys(parts, Wanted(assets=frozenset({"BTC"}))) == ["BTCUSD-PERP"]


def test_trap_open_interest_may_be_null() -> None:
    assert unknown(one(oi=None).oi_usd)
    assert one(oi="2").oi_usd == 160_000
    assert one({"get-valuations:mark_price/*": {"BTCUSD-PERP": value("80100")}}).oi_usd == 160_200


def test_trap_the_old_v2_form_is_refused() -> None:
    body = recorded("cryptocom/v2-get-instruments-legacy-20211123.json")
    assert fault(VENUE, "get-instruments", body) == "empty"


def test_dated_future() -> None:
    quote = quotes(VENUE, OBSERVED_MS, {"get-tickers": envelope(ticker("BTCUSD-260828"))})["BTCUSD-260828"]
    assert quote.reasons == (Reason.DATED,)
    assert quote.next_funding_ms is None
    assert unknown(quote.rate)


def test_documented_shapes() -> None:
    more = {
        "get-instruments": recorded("cryptocom/docsample/exchange-v1-public-get-instruments.json"),
        "get-valuations:index_price/*": {
            "BTCUSD-PERP": recorded("cryptocom/docsample/exchange-v1-public-get-valuations.json")
        },
    }
    bodies = {"get-tickers": recorded("cryptocom/docsample/exchange-v1-public-get-tickers.json")} | more
    btc = quotes(VENUE, OBSERVED_MS, bodies)["BTCUSD-PERP"]
    assert (btc.index, btc.oi_base, btc.volume_usd) == (50_776.73, 12_345.12, 26_370_000.12)


@pytest.mark.parametrize(
    ("fields", "status", "asset_class"),
    [
        ({"tradable": False}, Status.SUSPENDED, AssetClass.CRYPTO),
        ({"product_type": "TRADFI_STOCK", "base_ccy": "OPENAIIPO"}, Status.TRADING, AssetClass.EQUITY),
        ({"product_type": "CRYPTO"}, Status.TRADING, AssetClass.CRYPTO),
    ],
)
def test_catalogue(fields: dict[str, Any], status: Status, asset_class: AssetClass) -> None:
    row = {
        "symbol": "BTCUSD-PERP",
        "inst_type": "PERPETUAL_SWAP",
        "base_ccy": "BTC",
        "quote_ccy": "USD",
        "tradable": True,
    } | fields
    contract = one({"get-instruments": envelope(row)}).contract
    assert (contract.status, contract.asset_class) == (status, asset_class)


def test_wrong_answers() -> None:
    assert fault(VENUE, "get-tickers", b'{"code":40004,"message":"Missing instrument_name param"}') == "venue_error"
    assert fault(VENUE, "get-tickers", b'{"id":-1,"code":42901,"message":"RATE_LIMIT"}') == "rate_limited"
    assert fault(VENUE, "get-valuations:funding_rate", b'{"code":0,"result":{"data":[]}}') == "empty"
    assert_refuses_wrong_answers(VENUE)
    assert VENUE.judge is not None
    judged = VENUE.judge(400, b'{"code":40004,"message":"Missing"}')
    assert judged is not None
    assert judged.fault is Fault.VENUE_ERROR
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_history_recorded() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded(SETTLED), "BTCUSD-PERP")
    assert len(rows) == 3
    assert (rows[0].time_ms, rows[0].rate, rows[0].interval_h) == (1_787_857_200_000, 0.000001323, 1)
    assert rows[0].time_ms - rows[1].time_ms == HOUR_MS
    first = history.first("BTCUSD-PERP", 0, OBSERVED_MS)
    assert dict(first.params)["valuation_type"] == "funding_hist"
    assert history.next(first, rows, "BTCUSD-PERP", 0, OBSERVED_MS) is None
    assert endpoint(VENUE, "get-tickers").required
