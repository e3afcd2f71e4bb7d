"""dYdX's reader against recorded answers; traps as in venue sheet dydx."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from fundtui.market import Note, Quote, Reason, Status
from fundtui.venues.dydx import VENUE, decode_markets, read
from fundtui.venues.spec import BadAnswer, Fault

Payload = Callable[[str], bytes]
NOW_MS = 1_789_147_680_000  # 2026-09-11 17:28 UTC
FARTCOIN = "FARTCOIN,RAYDIUM,9BB6NFEcjBCtnNLFko2FqVQBq8HHM13kCyYcdQbgpump-USD"


def quotes(body: bytes) -> dict[str, Quote]:
    return {one.contract.symbol: one for one in read({"perpetualMarkets": decode_markets(body)}, NOW_MS).quotes}


def market(ticker: str, **changes: Any) -> dict[str, Any]:
    plain = {"ticker": ticker, "status": "ACTIVE", "oraclePrice": "2", "nextFundingRate": "0.000001"}
    return plain | {"openInterest": "10", "volume24H": "3", "marketType": "CROSS"} | changes


def answer(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"markets": {row["ticker"]: row for row in rows}}).encode()


def test_values_of_the_recorded_rows(payload: Payload) -> None:
    rows = quotes(payload("dydx/perpetualMarkets_2026-09_trimmed_fields.json"))
    assert set(rows) == {"BTC-USD", "ETH-USD", "LINK-USD", "MATIC-USD"}
    link = rows["LINK-USD"]
    assert link.rate == 0.00001665625
    assert (link.contract.asset, link.contract.quote, link.contract.settle) == ("LINK", "USD", "USDC")
    assert link.oi_usd == pytest.approx(28956 * 11.775911208)
    assert link.volume_usd == 26888.834
    assert link.next_funding_ms == 1_789_149_600_000  # 18:00


def test_a_row_with_all_fields(payload: Payload) -> None:
    eth = quotes(payload("dydx/perpetualMarkets_ETH-USD_2026-09.json"))["ETH-USD"]
    assert eth.rate == pytest.approx(-0.00010754166666666667)
    # 600 % of (0.02 - 0.012) per eight hours is 0.048, hence 0.006 per hour.
    assert eth.contract.cap == pytest.approx(0.006)
    assert eth.contract.floor == pytest.approx(-0.006)
    assert math.isnan(eth.oi_cap_usd)  # "0" is no cap
    assert eth.oi_base == 6873.883  # not baseOpenInterest


def test_trap_object_not_list() -> None:
    assert set(quotes(answer(market("A-USD"), market("B-USD")))) == {"A-USD", "B-USD"}
    with pytest.raises(BadAnswer):
        decode_markets(json.dumps({"markets": [market("A-USD")]}).encode())


def test_trap_hourly_not_eight_hours() -> None:
    quote = quotes(answer(market("A-USD", nextFundingRate="0.0000125")))["A-USD"]
    assert (quote.contract.rate_period_h, quote.contract.interval_h, quote.hourly) == (1.0, 1.0, 0.0000125)


def test_trap_commas_in_tickers() -> None:
    quote = quotes(answer(market(FARTCOIN)))[FARTCOIN]
    assert (quote.contract.asset, quote.contract.quote) == ("FARTCOIN", "USD")
    assert VENUE.history is not None
    assert "%2CRAYDIUM%2C" in VENUE.history.first(FARTCOIN, 0, NOW_MS).path


def test_trap_oracle_only_so_there_is_no_basis(payload: Payload) -> None:
    quote = quotes(payload("dydx/perpetualMarkets_2026-09_trimmed_fields.json"))["BTC-USD"]
    assert quote.mark == quote.index == 77862.55687
    assert Note.INDEX_IS_MARK in quote.contract.notes
    assert math.isnan(quote.last)
    assert math.isnan(quote.premium)


def test_a_rate_of_zero_is_legitimate(payload: Payload) -> None:
    quote = quotes(payload("dydx/perpetualMarkets_2026-09_trimmed_fields.json"))["BTC-USD"]
    assert (quote.rate, quote.reasons) == (0.0, ())


def test_final_settlement_is_a_quote_that_says_so(payload: Payload) -> None:
    quote = quotes(payload("dydx/perpetualMarkets_2026-09_trimmed_fields.json"))["MATIC-USD"]
    assert (quote.contract.status, quote.reasons) == (Status.DELISTED, (Reason.NOT_TRADING,))


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("PAUSED", Status.SUSPENDED),
        ("CANCEL_ONLY", Status.SUSPENDED),
        ("POST_ONLY", Status.SUSPENDED),
        ("INITIALIZING", Status.PRELAUNCH),
    ],
)
def test_only_active_is_tradeable(word: str, status: Status) -> None:
    assert quotes(answer(market("A-USD", status=word)))["A-USD"].contract.status is status


def test_default_funding_is_the_fixed_part_of_the_rule() -> None:
    rows = quotes(
        answer(
            market("A-USD", defaultFundingRate1H="0.00002"),
            market("B-USD", marketType="ISOLATED"),
            market("C-USD"),
            market("D-USD", marketType="ISOLATED", defaultFundingRate1H="0"),
        )
    )
    rules = {symbol: quote.contract.rule for symbol, quote in rows.items()}
    assert {symbol: rule.fixed_per_interval for symbol, rule in rules.items()} == {
        "A-USD": 0.00002, "B-USD": 0.0000125, "C-USD": 0.0, "D-USD": 0.0,
    }  # fmt: skip
    assert all(rule.share == 1 / 8 for rule in rules.values())
    assert Note.ISOLATED_ONLY in rows["B-USD"].contract.notes


def test_an_open_interest_cap_in_dollars() -> None:
    assert quotes(answer(market("A-USD", openInterestUpperCap="50000000")))["A-USD"].oi_cap_usd == 5e7


def test_an_oracle_price_that_is_null_leaves_prices_unknown() -> None:
    quote = quotes(answer(market("NEW-USD", oraclePrice=None, status="INITIALIZING")))["NEW-USD"]
    assert math.isnan(quote.mark)
    assert math.isnan(quote.oi_usd)


def test_one_bad_row_costs_only_itself() -> None:
    rows = [market(f"C{number}-USD") for number in range(9)] + [market("X-USD", nextFundingRate=["?"])]
    batch = read({"perpetualMarkets": decode_markets(answer(*rows))}, NOW_MS)
    assert (len(batch.quotes), batch.rejected) == (9, {"wrong_shape": 1})


def test_a_ticker_that_comes_twice_in_the_object_is_ambiguous() -> None:
    rows = [json.dumps({f"C{number}-USD": market(f"C{number}-USD")})[1:-1] for number in range(19)]
    rows += [json.dumps({"C0-USD": market("C0-USD", nextFundingRate="0.5")})[1:-1]]
    body = ('{"markets":{' + ",".join(rows) + "}}").encode()
    batch = read({"perpetualMarkets": decode_markets(body)}, NOW_MS)
    assert "C0-USD" not in {quote.contract.symbol for quote in batch.quotes}
    assert (len(batch.quotes), batch.rejected) == (18, {"duplicate_symbol": 2})


def test_an_error_inside_http_200() -> None:
    with pytest.raises(BadAnswer, match="Too many requests") as raised:
        decode_markets(b'{"errors":[{"msg":"Too many requests"}]}')
    assert raised.value.fault is Fault.VENUE_ERROR


def test_unchanged_contracts_are_the_same_objects() -> None:
    body = answer(market("A-USD"))
    assert quotes(body)["A-USD"].contract is quotes(body)["A-USD"].contract


def test_history_is_hourly_and_newest_first(payload: Payload) -> None:
    assert VENUE.history is not None
    rows = VENUE.history.read(payload("dydx/historicalFunding_BTC-USD.json"), "BTC-USD")
    # 2025-12-08 16:00:00.219 is the settlement of 16:00.
    assert [(row.time_ms, row.rate, row.interval_h) for row in rows] == [
        (1765209600000, 0.000002375, 1.0),
        (1765206000000, 0.000000375, 1.0),
        (1765202400000, 0.000000625, 1.0),
    ]
    assert rows[0].price == 89993.8


def test_history_pages_backwards_by_iso_time() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    start_ms, end_ms = 1_765_000_000_000, 1_765_209_600_500
    request = history.first("BTC-USD", start_ms, end_ms)
    assert request.path == "/v4/historicalFunding/BTC-USD"
    assert dict(request.params) == {"limit": "100", "effectiveBeforeOrAt": "2025-12-08T16:00:00.500Z"}
    hours = [1_765_209_600_000 - hour * 3_600_000 for hour in range(100)]
    body = {
        "historicalFunding": [
            {"ticker": "BTC-USD", "rate": "0", "price": "1", "effectiveAt": "2025-12-08T16:00:00.219Z"} for _ in hours
        ]
    }
    rows = history.read(json.dumps(body).encode(), "BTC-USD")
    following = history.next(request, rows, "BTC-USD", start_ms, end_ms)
    assert following is not None
    assert dict(following.params)["effectiveBeforeOrAt"] == "2025-12-08T15:30:00.000Z"
    assert history.next(request, rows[:99], "BTC-USD", start_ms, end_ms) is None
    assert history.next(request, rows, "BTC-USD", 1_765_209_600_000, end_ms) is None
