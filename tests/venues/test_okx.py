"""OKX against its recorded answers; figures worked out by hand from the rows, facts from venue sheet okx."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import AssetClass, Family, Kind, Note, Quote, RateKind, Reason, Status
from fundtui.venues.okx import VENUE
from fundtui.venues.spec import BadAnswer, Fault, Wanted
from tests.venues.reading import assert_refuses_wrong_answers, decoded, endpoint, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_787_848_757_734
HOUR_MS = 3_600_000
NEXT_MS = 1_787_875_200_000


def envelope(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": list(rows)}


def funding(name: str = "BTC-USDT-SWAP", hours: float = 8, **fields: Any) -> dict[str, Any]:
    row = {
        "instId": name,
        "instType": "SWAP",
        "formulaType": "withRate",
        "fundingRate": "0.0001",
        "fundingTime": str(NEXT_MS),
        "nextFundingTime": str(NEXT_MS + round(hours * HOUR_MS)),
        "prevFundingTime": str(NEXT_MS - round(hours * HOUR_MS)),
        "interestRate": "0.0001",
        "maxFundingRate": "0.00375",
        "minFundingRate": "-0.00375",
        "method": "current_period",
        "nextFundingRate": "",
        "premium": "-0.0005",
        "settFundingRate": "0.00002",
        "settState": "settled",
    }
    return {key: value for key, value in (row | fields).items() if value is not ...}


def listed(name: str, **fields: Any) -> dict[str, Any]:
    base, quote = name.split("-")[:2]
    return {
        "instId": name,
        "instType": "SWAP",
        "uly": f"{base}-{quote}",
        "instFamily": f"{base}-{quote}",
        "ctType": "inverse" if quote == "USD" else "linear",
        "settleCcy": base if quote == "USD" else quote,
        "state": "live",
        "ruleType": "normal",
        "expTime": "",
    } | fields


def one(row: dict[str, Any], more: dict[str, Any] | None = None) -> Quote:
    found = quotes(VENUE, OBSERVED_MS, {"funding-rate": envelope(row)} | (more or {}))
    return found[row["instId"]]


def test_recorded_funding_rate() -> None:
    found = quotes(
        VENUE,
        OBSERVED_MS,
        {
            "funding-rate": recorded("okx/funding-rate-BTC-USDT-SWAP-20260828.json"),
            "instruments": recorded("okx/instruments-SWAP-20220513.json"),
        },
    )
    assert set(found) == {"BTC-USDT-SWAP"}
    btc = found["BTC-USDT-SWAP"]
    assert btc.rate == -0.0000143909410096
    assert btc.contract.interval_h == 8  # 1787904000000 - 1787875200000 = 28,800,000 ms
    assert btc.hourly == pytest.approx(-0.0000143909410096 / 8)
    assert btc.next_funding_ms == 1_787_875_200_000
    assert btc.settled_rate == -0.0000040858109027
    assert btc.premium == -0.0005526209667381
    assert (btc.contract.cap, btc.contract.floor) == (0.00375, -0.00375)
    assert btc.contract.rate_kind is RateKind.PREDICTED
    assert btc.contract.rule.family is Family.PER_INTERVAL
    assert (btc.contract.asset, btc.contract.quote, btc.contract.settle) == ("BTC", "USDT", "USDT")


def test_recorded_swap_catalogue() -> None:
    rows = endpoint(VENUE, "instruments").decode(recorded("okx/instruments-SWAP-20220513.json"))
    assert len(rows) == 166
    assert (rows["BTC-USD-SWAP"].ctType, rows["BTC-USD-SWAP"].settleCcy) == ("inverse", "BTC")
    assert rows["1INCH-USDT-SWAP"].uly == "1INCH-USDT"
    # A quote of each contract of the catalogue: identity is what the catalogue says.
    bodies = {
        "funding-rate": envelope(*(funding(name) for name in rows)),
        "instruments": recorded("okx/instruments-SWAP-20220513.json"),
    }
    found = quotes(VENUE, OBSERVED_MS, bodies)
    assert len(found) == 166
    assert sum(quote.contract.kind is Kind.INVERSE for quote in found.values()) == 40
    assert found["1INCH-USD-SWAP"].contract.asset == "1INCH"
    assert found["BABYDOGE-USDT-SWAP"].contract.multiplier == 1


def test_recorded_dated_futures_are_dated_quotes() -> None:
    bodies = {"funding-rate": envelope(funding()), "instruments": recorded("okx/instruments-FUTURES-20220513.json")}
    found = quotes(VENUE, OBSERVED_MS, bodies)
    assert len(found) == 105
    week = found["BTC-USD-220520"]
    assert week.contract.status is Status.DATED
    assert week.contract.expiry_ms == 1_653_033_600_000
    assert week.reasons == (Reason.DATED,)
    assert unknown(week.rate)


def test_documented_shapes_join() -> None:
    found = quotes(
        VENUE,
        1_703_070_685_309,
        {
            "funding-rate": recorded("okx/docsample/api-v5-public-funding-rate.json"),
            "mark-price": recorded("okx/docsample/api-v5-public-mark-price.json"),
            "open-interest": recorded("okx/docsample/api-v5-public-open-interest.json"),
            "index-tickers:USDT": recorded("okx/docsample/api-v5-market-index-tickers.json"),
            "tickers": recorded("okx/docsample/api-v5-market-tickers.json"),
        },
    )
    btc = found["BTC-USDT-SWAP"]
    assert (btc.mark, btc.index, btc.oi_base) == (200, 43_350, 555.55)
    assert btc.oi_usd == pytest.approx(111_110)  # no oiUsd in the old form: 555.55 x 200
    assert btc.contract.rate_kind is RateKind.LOCKED  # method next_period: fixed one period ahead
    assert endpoint(VENUE, "instruments").decode(recorded("okx/docsample/api-v5-public-instruments.json"))


def test_trap_volume_is_in_base_coin() -> None:
    tickers = envelope({"instId": "BTC-USDT-SWAP", "last": "80000", "vol24h": "999999", "volCcy24h": "1234.5"})
    assert one(funding(), {"tickers": tickers}).volume_usd == 98_760_000


def test_trap_funding_time_is_the_coming_one() -> None:
    quote = one(funding(hours=4))
    assert quote.next_funding_ms == NEXT_MS
    assert quote.contract.interval_h == 4


def test_trap_zero_rates_are_genuine_on_traditional_assets() -> None:
    quote = one(funding("TSLA-USDT-SWAP", fundingRate="0", interestRate="0"))
    assert quote.rate == 0
    assert quote.reasons == ()
    assert quote.contract.asset_class is AssetClass.EQUITY
    assert quote.contract.rule.interest_8h == 0
    assert one(funding("XAU-USDT-SWAP", interestRate="0")).contract.asset_class is AssetClass.COMMODITY


def test_trap_x_perps_come_along_and_are_dated() -> None:
    row = funding("ETH-USD_UM_XPERP-310404", instType="FUTURES")
    quote = one(row)
    assert quote.contract.status is Status.DATED
    assert (quote.contract.asset, quote.contract.quote) == ("ETH", "USD")
    assert quote.contract.expiry_ms == 1_933_056_000_000  # 2031-04-04 08:00 UTC
    assert quote.reasons == (Reason.DATED,)
    assert quote.rate == 0.0001


def test_trap_index_is_keyed_without_swap() -> None:
    more = {
        "index-tickers:USDT": envelope({"instId": "BTC-USDT", "idxPx": "80001"}),
        "index-tickers:USD": envelope({"instId": "BTC-USD", "idxPx": "79999"}),
    }
    assert one(funding(), more).index == 80_001
    assert one(funding("BTC-USD-SWAP"), more).index == 79_999


def test_interval_from_the_previous_time_where_the_next_is_missing() -> None:
    assert one(funding(hours=2, nextFundingTime="")).contract.interval_h == 2
    quote = one(funding(nextFundingTime="", prevFundingTime=""))
    assert unknown(quote.contract.interval_h)
    assert quote.reasons == (Reason.INTERVAL_UNKNOWN,)


def test_impossible_interval_drops_the_row_only() -> None:
    rows = [funding(f"C{k}-USDT-SWAP") for k in range(6)]
    batch = read(VENUE, OBSERVED_MS, {"funding-rate": envelope(*rows, funding(nextFundingTime=str(NEXT_MS)))})
    assert len(batch.quotes) == 6
    assert batch.rejected == {"impossible_interval": 1}


def test_inverse_swap() -> None:
    more = {"instruments": envelope(listed("BTC-USD-SWAP"))}
    contract = one(funding("BTC-USD-SWAP"), more).contract
    assert (contract.kind, contract.settle, contract.quote) == (Kind.INVERSE, "BTC", "USD")
    assert one(funding("BTC-USD-SWAP")).contract == contract


def test_open_interest_in_dollars_is_the_venues_own() -> None:
    more = {"open-interest": envelope({"instId": "BTC-USDT-SWAP", "oi": "5", "oiCcy": "500", "oiUsd": "40000000"})}
    quote = one(funding(), more)
    assert (quote.oi_base, quote.oi_usd) == (500, 40_000_000)


def test_last_settled_rate_only_when_settled() -> None:
    assert unknown(one(funding(settState="processing")).settled_rate)


def test_formula_type_tells_the_rule() -> None:
    assert one(funding(formulaType="noRate")).contract.rule.family is Family.NO_INTEREST
    assert one(funding(formulaType="surprise")).contract.rule.family is Family.UNKNOWN


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"state": "suspend"}, "suspended"),
        ({"state": "preopen"}, "prelaunch"),
        ({"state": "test"}, "suspended"),
        ({"ruleType": "pre_market"}, "prelaunch"),
        ({}, "trading"),
    ],
)
def test_states(fields: dict[str, Any], status: str) -> None:
    more = {"instruments": envelope(listed("BTC-USDT-SWAP", **fields))}
    assert one(funding(), more).contract.status == status


def test_expiry_of_a_swap_is_its_delisting() -> None:
    more = {"instruments": envelope(listed("BTC-USDT-SWAP", expTime="1787999999000"))}
    contract = one(funding(), more).contract
    assert contract.status is Status.TRADING
    assert contract.notes == (Note.DELISTING_ANNOUNCED,)


def test_listed_but_not_live_is_a_quote_with_its_status() -> None:
    more = {"instruments": envelope(listed("BTC-USDT-SWAP"), listed("OLD-USDT-SWAP", state="suspend"))}
    found = quotes(VENUE, OBSERVED_MS, {"funding-rate": envelope(funding())} | more)
    assert found["OLD-USDT-SWAP"].contract.status is Status.SUSPENDED


def test_watched_swaps_one_by_one_while_the_bulk_call_fails() -> None:
    keys = endpoint(VENUE, "funding-rate:watched").keys
    assert keys is not None
    wanted = Wanted(assets=frozenset({"BTC"}))
    parts = decoded(VENUE, {"instruments": envelope(listed("BTC-USDT-SWAP"), listed("ETH-USDT-SWAP"))})
    assert keys(parts, wanted) == ["BTC-USDT-SWAP"]
    parts |= decoded(VENUE, {"funding-rate:watched/*": {"BTC-USDT-SWAP": json.dumps(envelope(funding())).encode()}})
    assert [quote.contract.symbol for quote in VENUE.read(parts, OBSERVED_MS).quotes] == ["BTC-USDT-SWAP"]
    assert endpoint(VENUE, "funding-rate:watched").stands_in_for == "funding-rate"


def test_error_in_a_200_answer() -> None:
    assert fault(VENUE, "funding-rate", b'{"code":"50011","msg":"Too Many Requests","data":[]}') == "rate_limited"
    assert fault(VENUE, "funding-rate", b'{"code":"50001","msg":"Service unavailable","data":[]}') == "maintenance"
    assert fault(VENUE, "funding-rate", b'{"code":"51001","msg":"does not exist","data":[]}') == "venue_error"
    assert fault(VENUE, "funding-rate", b'{"code":"0","msg":"","data":[]}') == "empty"
    assert_refuses_wrong_answers(VENUE)


def test_error_with_a_4xx_or_503_status() -> None:
    assert VENUE.judge is not None
    limited = VENUE.judge(429, b'{"code":"50011","msg":"Too Many Requests","data":[]}')
    assert limited is not None
    assert limited.fault is Fault.RATE_LIMITED
    wrong = VENUE.judge(400, b'{"code":"51000","msg":"Parameter instId error","data":[]}')
    assert wrong is not None
    assert wrong.fault is Fault.VENUE_ERROR
    assert VENUE.judge(502, b"<html>Bad gateway</html>") is None


def test_nothing_to_read_is_said() -> None:
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_unchanged_contract_is_the_same_object() -> None:
    first, second = one(funding()), one(funding(fundingRate="0.0002"))
    assert first.contract is second.contract


def test_history_uses_the_realised_rate() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("okx/docsample/api-v5-public-funding-rate-history.json"), "BTC-USD-SWAP")
    assert [(row.time_ms, row.rate) for row in rows] == [
        (1_703_059_200_000, 0.0000746572360545),
        (1_703_030_400_000, 0.0002279755647389),
    ]


def test_history_pages_towards_the_past() -> None:
    history = VENUE.history
    assert history is not None
    start_ms, end_ms = NEXT_MS - 400 * 8 * HOUR_MS, NEXT_MS
    first = history.first("BTC-USDT-SWAP", start_ms, end_ms)
    assert dict(first.params)["after"] == str(end_ms + 1)
    assert dict(first.params)["before"] == str(start_ms - 1)
    body = envelope(
        *(
            {"instId": "BTC-USDT-SWAP", "fundingTime": str(end_ms - k * 8 * HOUR_MS), "realizedRate": "0.0001"}
            for k in range(100)
        )
    )
    rows = history.read(json.dumps(body).encode(), "BTC-USDT-SWAP")
    following = history.next(first, rows, "BTC-USDT-SWAP", start_ms, end_ms)
    assert following is not None
    assert int(dict(following.params)["after"]) <= end_ms - 99 * 8 * HOUR_MS
    assert history.next(following, rows, "BTC-USDT-SWAP", start_ms, end_ms) is None
    assert history.next(first, rows[:50], "BTC-USDT-SWAP", start_ms, end_ms) is None
