"""Bybit against its recorded answers; figures worked out by hand from the rows, facts from venue sheet bybit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import AssetClass, Family, Kind, Note, Reason, Status
from fundtui.venues.bybit import VENUE, join_pages
from fundtui.venues.spec import BadAnswer, Fault
from tests.venues.reading import assert_refuses_wrong_answers, decoded, endpoint, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_787_848_770_000  # 2026-08-27 16:39:30 UTC, when the linear tickers were taken
LINEAR = "bybit/v5-market-tickers-linear-20260827-first16.json"


def envelope(*rows: dict[str, Any], cursor: str = "") -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": {"list": list(rows), "nextPageCursor": cursor}}


def ticker(symbol: str = "BTCUSDT", **fields: Any) -> dict[str, Any]:
    row = {
        "symbol": symbol,
        "lastPrice": "100",
        "indexPrice": "101",
        "markPrice": "100.5",
        "openInterest": "20",
        "fundingRate": "0.0001",
        "nextFundingTime": "1787860800000",
        "fundingIntervalHour": "8",
        "fundingCap": "0.005",
        "deliveryTime": "0",
        "curPreListingPhase": "",
    }
    return {key: value for key, value in (row | fields).items() if value is not ...}


def listed(symbol: str, **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": "BTC",
        "quoteCoin": "USDT",
        "settleCoin": "USDT",
        "deliveryTime": "0",
        "fundingInterval": 480,
    } | fields


def one(row: dict[str, Any], more: dict[str, Any] | None = None, category: str = "linear") -> Any:
    found = quotes(VENUE, OBSERVED_MS, {f"tickers:{category}": envelope(row)} | (more or {}))
    assert len(found) == 1
    return next(iter(found.values()))


def test_recorded_linear_tickers() -> None:
    batch = read(VENUE, OBSERVED_MS, {"tickers:linear": recorded(LINEAR)})
    found = {quote.contract.symbol: quote for quote in batch.quotes}
    assert len(found) == 16
    assert batch.rejected == {}
    mog = found["1000000MOGUSDT"]
    assert (mog.contract.asset, mog.contract.multiplier) == ("MOG", 1e6)
    assert mog.rate == 0.00077762
    assert (mog.contract.rate_period_h, mog.contract.interval_h) == (4, 4)
    assert mog.hourly == pytest.approx(0.000194405)
    assert (mog.contract.cap, mog.contract.floor) == (0.005, -0.005)
    assert mog.next_funding_ms == 1_787_860_800_000
    assert (mog.mark, mog.index, mog.last) == (0.1216, 0.121, 0.1216)
    assert mog.oi_base == 6_296_347
    assert mog.oi_usd == pytest.approx(765_635.80, abs=0.01)  # the venue's own singleOpenInterestValue
    assert mog.volume_usd == 1_374_532.2187
    flok = found["1000FLOKIUSDT"]
    assert flok.hourly == pytest.approx(1.25e-5)  # idle at 8 h
    assert found["0GUSDT"].hourly == pytest.approx(1.25e-5)  # idle at 4 h
    assert found["0GUSDT"].contract.asset == "0G"
    assert {quote.contract.status for quote in batch.quotes} == {Status.TRADING}


def test_recorded_single_symbol() -> None:
    found = quotes(
        VENUE, 1_788_909_273_627, {"tickers:linear": recorded("bybit/v5-market-tickers-linear-BTCUSDT-20260908.json")}
    )
    btc = found["BTCUSDT"]
    assert btc.rate == 0.0000523
    assert btc.oi_base == 28_199.912
    assert btc.contract.cap == 0.00333


def test_documented_inverse_ticker() -> None:
    btc = quotes(VENUE, 1_672_376_496_682, {"tickers:inverse": recorded("bybit/docsample/v5-market-tickers.json")})[
        "BTCUSD"
    ]
    assert (btc.contract.kind, btc.contract.quote, btc.contract.settle) == (Kind.INVERSE, "USD", "BTC")
    assert btc.oi_usd == 373_504_107 / 2
    assert btc.oi_base == pytest.approx(22_505.67 / 2, rel=1e-4)  # the venue's openInterestValue counts both sides
    assert btc.volume_usd == 49_337_318
    assert unknown(btc.contract.interval_h)
    assert btc.reasons == (Reason.INTERVAL_UNKNOWN,)


def test_documented_catalogue() -> None:
    trading = endpoint(VENUE, "instruments-info:linear").decode(
        recorded("bybit/docsample/v5-market-instruments-info.json")
    )
    assert trading.rows["BTCUSDT"].fundingInterval == 480
    assert trading.cursor == ""
    body = recorded("bybit/docsample/v5-market-instruments-info-2.json")
    prelaunch = endpoint(VENUE, "instruments-info:linear-prelaunch").decode(body)
    assert prelaunch.rows["PRE02ZROUSDT"].isPreListing


def test_interval_and_cap_of_the_catalogue_fill_in_for_old_tickers() -> None:
    quote = one(
        ticker(fundingIntervalHour=..., fundingCap=...),
        {
            "instruments-info:linear": envelope(
                listed("BTCUSDT", fundingInterval=240, upperFundingRate="0.00375", lowerFundingRate="-0.003")
            )
        },
    )
    assert (quote.contract.interval_h, quote.contract.cap, quote.contract.floor) == (4, 0.00375, -0.003)


def test_interval_is_read_with_the_rate_and_beats_the_catalogue() -> None:
    more = {"instruments-info:linear": envelope(listed("BTCUSDT"))}
    assert one(ticker(fundingIntervalHour="1"), more).contract.interval_h == 1


def test_unknown_interval_is_no_eight_hours() -> None:
    quote = one(ticker(fundingIntervalHour=...))
    assert unknown(quote.contract.interval_h, quote.hourly)
    assert quote.rate == 0.0001
    assert quote.reasons == (Reason.INTERVAL_UNKNOWN,)


def test_trap_open_interest_is_two_sided() -> None:
    halved = one(ticker(openInterest="20"))
    assert (halved.oi_base, halved.oi_usd) == (10, 1005)
    assert one(ticker(openInterest="20", singleOpenInterest="11")).oi_base == 11


def test_trap_instruments_come_in_pages() -> None:
    item = endpoint(VENUE, "instruments-info:linear")
    assert item.next_page is not None
    assert item.join is not None
    first = item.decode(json.dumps(envelope(listed("BTCUSDT"), cursor="page2")).encode())
    last = item.decode(json.dumps(envelope(listed("ETHUSDT"))).encode())
    assert item.next_page(first) == (("cursor", "page2"),)
    assert item.next_page(last) is None
    assert set(item.join([first, last]).rows) == {"BTCUSDT", "ETHUSDT"}
    assert ("limit", "1000") in item.params


def test_trap_usdc_perpetuals_are_named_perp() -> None:
    contract = one(ticker("ETHPERP")).contract
    assert (contract.asset, contract.quote, contract.settle) == ("ETH", "USDC", "USDC")


def test_trap_403_is_location_block_or_ban() -> None:
    assert VENUE.judge is not None
    page = b"<HTML>The Amazon CloudFront distribution is configured to block access from your country</HTML>"
    geo = VENUE.judge(403, page)
    assert geo is not None
    assert geo.fault is Fault.GEO_BLOCKED
    ban = VENUE.judge(403, b"access too frequent")
    assert ban is not None
    assert ban.fault is Fault.BANNED
    assert ban.retry_after_s >= 600


def test_trap_fields_that_a_row_omits_are_missing_and_never_carried_over() -> None:
    """The socket leaves out what has not changed; an answer that does so tells nothing of those fields."""
    whole = one(ticker())
    assert (whole.mark, whole.contract.cap) == (100.5, 0.005)
    partial = one(ticker(markPrice=..., openInterest=..., fundingCap=...))
    assert unknown(partial.mark, partial.oi_base, partial.contract.cap)
    assert partial.index == 101


def test_suffix_multiplier_and_names_that_only_look_like_one() -> None:
    contract = one(ticker("SHIB1000USDT")).contract
    assert (contract.asset, contract.multiplier) == ("SHIB", 1000)
    assert one(ticker("1INCHUSDT")).contract.asset == "1INCH"


def test_dated_future_is_a_quote_without_rate() -> None:
    row = ticker(
        "BTC-26DEC25",
        fundingRate="",
        nextFundingTime="0",
        deliveryTime="1766736000000",
        fundingIntervalHour=...,
        fundingCap=...,
    )
    quote = one(row)
    assert quote.contract.status is Status.DATED
    assert quote.contract.expiry_ms == 1_766_736_000_000
    assert unknown(quote.rate)
    assert quote.next_funding_ms is None
    assert quote.reasons == (Reason.DATED,)
    assert quote.mark == 100.5


def test_dated_inverse_future_is_known_by_the_catalogue() -> None:
    more = {
        "instruments-info:inverse": envelope(
            listed("BTCUSDU25", contractType="InverseFutures", quoteCoin="USD", settleCoin="BTC")
        )
    }
    quote = one(ticker("BTCUSDU25", fundingRate="", nextFundingTime="0"), more, "inverse")
    assert quote.contract.status is Status.DATED


def test_delivery_time_of_a_perpetual_is_its_delisting() -> None:
    contract = one(ticker(deliveryTime="1787999999000")).contract
    assert contract.status is Status.TRADING
    assert Note.DELISTING_ANNOUNCED in contract.notes
    assert contract.expiry_ms == 1_787_999_999_000


@pytest.mark.parametrize(
    ("phase", "status"),
    [("", "trading"), ("Finished", "trading"), ("CallAuction", "prelaunch"), ("NotStarted", "prelaunch")],
)
def test_pre_market_phases(phase: str, status: str) -> None:
    assert one(ticker(curPreListingPhase=phase)).contract.status == status


@pytest.mark.parametrize(
    ("status", "expected"), [("PreLaunch", "prelaunch"), ("Delivering", "suspended"), ("Closed", "delisted")]
)
def test_status_of_the_catalogue(status: str, expected: str) -> None:
    quote = one(ticker(), {"instruments-info:linear": envelope(listed("BTCUSDT", status=status))})
    assert quote.contract.status == expected
    assert quote.reasons == (Reason.NOT_TRADING,)


@pytest.mark.parametrize(
    ("kind", "base", "expected"),
    [
        ("stock", "TSLA", AssetClass.EQUITY),
        ("commodity", "XAU", AssetClass.COMMODITY),
        ("commodity", "COFFEE", AssetClass.COMMODITY),
        ("forex", "EUR", AssetClass.FX),
        ("innovation", "PEPE", AssetClass.CRYPTO),
        ("", "BTC", AssetClass.CRYPTO),
    ],
)
def test_asset_classes(kind: str, base: str, expected: AssetClass) -> None:
    row = listed(f"{base}USDT", baseCoin=base, symbolType=kind)
    assert one(ticker(f"{base}USDT"), {"instruments-info:linear": envelope(row)}).contract.asset_class is expected


def test_rule_is_per_interval_with_three_basis_points_a_day() -> None:
    rule = one(ticker()).contract.rule
    assert (rule.family, rule.interest_8h, rule.damper) == (Family.PER_INTERVAL, 0.0001, 0.0005)


def test_one_bad_row_costs_no_other() -> None:
    rows = [ticker(f"C{number}USDT") for number in range(8)] + [ticker("BADUSDT", markPrice="oops")]
    batch = read(VENUE, OBSERVED_MS, {"tickers:linear": envelope(*rows, ticker("HUGEUSDT", fundingRate="3"))})
    assert len(batch.quotes) == 8
    assert batch.rejected == {"wrong_shape": 1, "implausible_rate": 1}


def test_unchanged_contract_is_the_same_object() -> None:
    parts = decoded(VENUE, {"tickers:linear": envelope(ticker())})
    moved = decoded(VENUE, {"tickers:linear": envelope(ticker(markPrice="99", fundingRate="0.0002"))})
    first, second = VENUE.read(parts, OBSERVED_MS).quotes[0], VENUE.read(moved, OBSERVED_MS + 1).quotes[0]
    assert first.contract is second.contract
    assert second.rate == 0.0002


def test_error_in_a_200_answer() -> None:
    assert (
        fault(VENUE, "tickers:linear", b'{"retCode":10006,"retMsg":"Too many visits.","result":{}}') == "rate_limited"
    )
    assert fault(VENUE, "tickers:linear", b'{"retCode":10001,"retMsg":"params error","result":{}}') == "venue_error"
    assert fault(VENUE, "tickers:linear", b'{"retCode":0,"result":{"list":[]}}') == "empty"
    assert_refuses_wrong_answers(VENUE)


def test_nothing_to_read_is_said() -> None:
    with pytest.raises(BadAnswer) as caught:
        VENUE.read({}, OBSERVED_MS)
    assert caught.value.fault is Fault.EMPTY


def test_history_recorded_and_paging() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("bybit/docsample/v5-market-funding-history.json"), "ETHPERP")
    assert [(row.time_ms, row.rate) for row in rows] == [(1_672_041_600_000, 0.0001)]
    first = history.first("ETHPERP", 1_600_000_000_000, 1_700_000_000_000)
    assert dict(first.params) == {
        "category": "linear",
        "symbol": "ETHPERP",
        "startTime": "1600000000000",
        "endTime": "1700000000000",
        "limit": "200",
    }
    assert dict(history.first("BTCUSD", 0, 1).params)["category"] == "inverse"
    assert history.next(first, rows, "ETHPERP", 1_600_000_000_000, 1_700_000_000_000) is None
    body = envelope(
        *(
            {
                "symbol": "ETHPERP",
                "fundingRate": "0.0001",
                "fundingRateTimestamp": str(1_700_000_000_000 - k * 28_800_000),
            }
            for k in range(200)
        )
    )
    full = history.read(json.dumps(body).encode(), "ETHPERP")
    following = history.next(first, full, "ETHPERP", 1_600_000_000_000, 1_700_000_000_000)
    assert following is not None
    assert int(dict(following.params)["endTime"]) < min(row.time_ms for row in full)
    assert dict(following.params)["startTime"] == "1600000000000"
    # A server that ignores the window answers the same rows again: paging ends.
    assert history.next(following, full, "ETHPERP", 1_600_000_000_000, 1_700_000_000_000) is None


def test_pages_join_in_any_number() -> None:
    assert join_pages([]).rows == {}
