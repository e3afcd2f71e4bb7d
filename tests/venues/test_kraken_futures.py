"""Kraken Futures' reader against recorded answers; traps as in venue sheet kraken-futures."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from fundtui.market import AssetClass, Kind, Note, Quote, RateKind, Reason, Status
from fundtui.venues.kraken_futures import VENUE, decode_instruments, decode_tickers, read, relative
from fundtui.venues.spec import BadAnswer, Fault

Payload = Callable[[str], bytes]
NOW_MS = 1_788_990_840_000  # 2026-09-09 21:54 UTC


def answer(rows: list[dict[str, Any]]) -> bytes:
    return json.dumps({"result": "success", "serverTime": "2026-09-09T21:54:00Z", "tickers": rows}).encode()


def quotes(body: bytes, instruments: bytes | None = None) -> dict[str, Quote]:
    parts: dict[str, Any] = {"tickers": decode_tickers(body)}
    if instruments is not None:
        parts["instruments"] = decode_instruments(instruments)
    return {quote.contract.symbol: quote for quote in read(parts, NOW_MS).quotes}


def ticker(symbol: str, **changes: Any) -> dict[str, Any]:
    plain = {"symbol": symbol, "tag": "perpetual", "markPrice": 10.0, "indexPrice": 10.0, "fundingRate": 0.0001}
    return plain | {"openInterest": 5.0, "volumeQuote": 7.0, "suspended": False, "postOnly": False} | changes


def test_values_of_the_linear_recording(payload: Payload) -> None:
    quote = quotes(payload("kraken-futures/tickers_2026-09_trimmed.json"))["PF_XBTUSD"]
    contract = quote.contract
    assert (contract.asset, contract.quote, contract.settle, contract.kind) == ("BTC", "USD", "USD", Kind.LINEAR)
    assert (contract.rate_period_h, contract.interval_h) == (1.0, 1.0)
    assert quote.rate == pytest.approx(0.24851358871905724 / 78107.73)  # 3.18e-6 per hour
    assert quote.oi_base == 2080.7149
    assert quote.oi_usd == pytest.approx(2080.7149 * 78115.14704713407)
    assert quote.volume_usd == 478873238.9711
    assert (quote.bid, quote.ask, quote.last) == (78115.0, 78116.0, 78115.0)
    assert quote.next_funding_ms == 1_788_991_200_000  # 22:00
    assert Note.NEXT_FUNDING_INFERRED in contract.notes


def test_trap_inverse_rates_are_multiplied_by_the_price(payload: Payload) -> None:
    quote = quotes(payload("kraken-futures/tickers_2026-09_trimmed.json"))["PI_XBTUSD"]
    assert (quote.contract.kind, quote.contract.settle) == (Kind.INVERSE, "BTC")
    assert quote.rate == pytest.approx(1.4606e-5, rel=1e-4)  # the sheet's figure
    assert quote.oi_usd == 2172854.0
    assert quote.oi_base == pytest.approx(2172854.0 / 78114.68384206136)
    assert quote.volume_usd == 38249.0


def test_trap_rates_are_absolute_against_the_relative_rate_that_the_websocket_tells(payload: Payload) -> None:
    # The expected file beside the recording came from a library that divides inverse rates too: wrong by price².
    row = json.loads(payload("kraken-futures/ws_ticker_PI_XBTUSD_relative.json"))
    ours = relative(row["funding_rate"], row["index"], Kind.INVERSE)
    # The venue converted with the index of the hour's start, which had moved 0.3 % since.
    assert ours == pytest.approx(row["relative_funding_rate"], rel=0.004)


def test_linear_rates_equal_the_independent_expectation(payload: Payload) -> None:
    expected = json.loads(payload("kraken-futures/tickers_2026-09_trimmed.expected.json"))
    expected += json.loads(payload("kraken-futures/ticker_rows_low_price_ccxt.expected.json"))
    rows = json.loads(payload("kraken-futures/ticker_rows_low_price_ccxt.json"))
    found = quotes(payload("kraken-futures/tickers_2026-09_trimmed.json")) | quotes(answer(rows))
    checked = [row for row in expected if row["symbol"].startswith("PF_")]
    assert len(checked) == 3
    for row in checked:
        # The expectation divides by the mark price; the venue itself converts with the index.
        by_index = row["fundingRate"] * row["markPrice"] / row["indexPrice"]
        assert found[row["symbol"]].rate == pytest.approx(by_index, rel=1e-9)


def test_the_rate_is_the_running_hours_and_fixed(payload: Payload) -> None:
    quote = quotes(payload("kraken-futures/tickers_2026-09_trimmed.json"))["PF_XBTUSD"]
    assert quote.contract.rate_kind is RateKind.LOCKED
    assert quote.rate != pytest.approx(1.262094382895474 / 78107.73)  # that is the prediction for the hour after


def test_numbers_may_be_text_and_prices_low(payload: Payload) -> None:
    rows = json.loads(payload("kraken-futures/ticker_rows_low_price_ccxt.json"))
    found = quotes(answer(rows))
    assert found["PF_ENJUSD"].rate == pytest.approx(-7.56414717067e-07 / 0.043391)  # -1.743e-5
    assert found["PF_BANUSD"].rate == pytest.approx(-0.000332662867745574 / 0.136173)
    assert found["PF_BANUSD"].oi_base == 47900.0


def test_trap_index_rows_are_none_of_ours_and_cost_nothing() -> None:
    rows = [ticker("PF_XBTUSD"), {"symbol": "in_xbtusd", "last": 78000, "lastTime": "x"}, {"symbol": "rr_xbtusd"}]
    batch = read({"tickers": decode_tickers(answer(rows))}, NOW_MS)
    assert ([quote.contract.symbol for quote in batch.quotes], batch.rejected) == (["PF_XBTUSD"], {})


def test_trap_linear_and_inverse_of_one_coin_are_two_instruments(payload: Payload) -> None:
    found = quotes(payload("kraken-futures/tickers_2026-09_trimmed.json"))
    assert {quote.contract.asset for quote in found.values()} == {"BTC"}
    assert found["PI_XBTUSD"].rate != found["PF_XBTUSD"].rate


def test_dated_rows_have_no_rate_and_say_so() -> None:
    rows = [ticker("FI_XBTUSD_261225", tag="quarter"), ticker("PF_XBTUSD")]
    del rows[0]["fundingRate"]
    listed = {"result": "success", "instruments": [
        {"symbol": "FI_XBTUSD_261225", "type": "futures_inverse", "base": "BTC", "quote": "USD", "tradeable": True,
         "lastTradingTime": "2026-12-25T16:00:00.000Z"},
    ]}  # fmt: skip
    quote = quotes(answer(rows), json.dumps(listed).encode())["FI_XBTUSD_261225"]
    assert (quote.contract.status, quote.reasons) == (Status.DATED, (Reason.DATED,))
    assert quote.contract.expiry_ms == 1_798_214_400_000
    assert math.isnan(quote.rate)
    assert quote.next_funding_ms is None


def test_symbols_bases_come_from_the_catalogue_or_the_pair_or_the_name() -> None:
    assert quotes(answer([ticker("PF_XBTUSD")]))["PF_XBTUSD"].contract.asset == "BTC"
    assert quotes(answer([ticker("PF_ETHUSD", pair="ETH:USD")]))["PF_ETHUSD"].contract.asset == "ETH"


def test_catalogue_gives_coefficient_cap_and_shares(payload: Payload) -> None:
    instruments = payload("kraken-futures/instruments_sample_2025.json")
    rows = [ticker("PI_XBTUSD"), ticker("PF_ETHUSD"), ticker("PF_PEPEUSD"), ticker("PF_AAPLxUSD", pair="AAPLx:USD")]
    found = quotes(answer(rows), instruments)
    assert {quote.contract.rule.share for quote in found.values()} == {1 / 24}
    assert {quote.contract.cap for quote in found.values()} == {0.0025}
    share = found["PF_AAPLxUSD"].contract
    assert (share.asset, share.asset_class, share.asset_id) == ("AAPL", AssetClass.EQUITY, "AAPL.eq")
    assert found["PF_PEPEUSD"].contract.multiplier == 1.0
    # The same identity while the catalogue has not come.
    assert quotes(answer(rows))["PF_AAPLxUSD"].contract.asset_id == "AAPL.eq"


def test_trap_rates_outside_the_cap_are_not_rejected(payload: Payload) -> None:
    rows = [ticker("PF_ETHUSD", fundingRate=0.03)]  # 0.3 % an hour against a cap of 0.25 %
    quote = quotes(answer(rows), payload("kraken-futures/instruments_sample_2025.json"))["PF_ETHUSD"]
    assert quote.rate == pytest.approx(0.003)
    assert quote.reasons == ()


@pytest.mark.parametrize("closed", [{"suspended": True}, {"postOnly": True}])
def test_suspended_and_post_only_do_not_trade(closed: dict[str, Any]) -> None:
    quote = quotes(answer([ticker("PF_ETHUSD", **closed)]))["PF_ETHUSD"]
    assert (quote.contract.status, quote.reasons) == (Status.SUSPENDED, (Reason.NOT_TRADING,))


def test_a_missing_index_leaves_the_rate_unknown() -> None:
    row = ticker("PF_ETHUSD")
    del row["indexPrice"]
    quote = quotes(answer([row]))["PF_ETHUSD"]
    assert math.isnan(quote.rate)
    assert quote.reasons == (Reason.NO_RATE,)


def test_one_bad_row_costs_only_itself() -> None:
    rows = [ticker(f"PF_C{number}USD") for number in range(9)] + [{"tag": "perpetual"}]
    batch = read({"tickers": decode_tickers(answer(rows))}, NOW_MS)
    assert (len(batch.quotes), batch.rejected) == (9, {"wrong_shape": 1})


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"result":"error","error":"apiLimitExceeded","serverTime":"x"}', Fault.RATE_LIMITED),
        (b'{"result":"error","errors":[{"code":11,"message":"no"}]}', Fault.VENUE_ERROR),
        (b'{"result":"success"}', Fault.WRONG_SHAPE),
        (b"null", Fault.EMPTY),
        (b"<html>", Fault.BLOCK_PAGE),
    ],
)
def test_errors_inside_http_200(body: bytes, fault: Fault) -> None:
    with pytest.raises(BadAnswer) as raised:
        decode_tickers(body)
    assert raised.value.fault is fault


def test_unchanged_contracts_are_the_same_objects(payload: Payload) -> None:
    body = payload("kraken-futures/tickers_2026-09_trimmed.json")
    first, second = quotes(body), quotes(body)
    assert all(first[symbol].contract is second[symbol].contract for symbol in first)


def test_history_uses_the_relative_rate_only(payload: Payload) -> None:
    assert VENUE.history is not None
    rows = VENUE.history.read(payload("kraken-futures/historicalfundingrates_PI_2022.json"), "PI_XBTUSD")
    assert [(row.time_ms, row.rate) for row in rows] == [
        (1656374400000, -1.6898883333333e-05),
        (1656388800000, -5.40935416667e-07),
        (1656403200000, -8.521190625e-06),
    ]
    request = VENUE.history.first("PI_XBTUSD", 0, NOW_MS)
    assert request.params == (("symbol", "PI_XBTUSD"),)
    assert VENUE.history.next(request, rows, "PI_XBTUSD", 0, NOW_MS) is None  # one body holds all


def test_fees_equal_the_recorded_schedule(payload: Payload) -> None:
    schedule = json.loads(payload("kraken-futures/feeschedules.json"))["feeSchedules"][0]["tiers"][0]
    assert VENUE.fees.maker == pytest.approx(schedule["makerFee"] / 100)
    assert VENUE.fees.taker == pytest.approx(schedule["takerFee"] / 100)
