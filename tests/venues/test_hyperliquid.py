"""Hyperliquid's reader against recorded answers; trap numbers as in venue sheet hyperliquid."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from fundtui.market import AssetClass, Family, Note, Quote, RateKind, Reason, Status
from fundtui.venues.hyperliquid import (
    VENUE,
    decode_annotations,
    decode_core_markets,
    decode_dexes,
    decode_markets,
    decode_names,
    judge,
    read,
)
from fundtui.venues.spec import BadAnswer, Fault, Wanted
from tests.venues.reading import endpoint

Payload = Callable[[str], bytes]
NOW_MS = 1_789_675_900_000  # 2026-09-17 20:11:40 UTC
NEXT_HOUR_MS = 1_789_678_800_000  # 21:00


def by_symbol(parts: dict[str, Any]) -> dict[str, Quote]:
    return {quote.contract.symbol: quote for quote in read(parts, NOW_MS).quotes}


def core(*rows: tuple[dict[str, Any], dict[str, Any]], collateral: int = 0) -> bytes:
    meta = {"universe": [coin for coin, _ in rows], "collateralToken": collateral}
    return json.dumps([meta, [figures for _, figures in rows]]).encode()


def figures(**changes: Any) -> dict[str, Any]:
    plain = {"funding": "0.0000125", "openInterest": "10", "dayNtlVlm": "5", "premium": "0", "oraclePx": "100"}
    return plain | {"markPx": "100", "midPx": "100", "impactPxs": ["99", "101"]} | changes


@pytest.fixture
def recorded(payload: Payload) -> dict[str, Any]:
    return {
        "info:metaAndAssetCtxs": decode_core_markets(payload("hyperliquid/metaAndAssetCtxs.json")),
        "info:metaAndAssetCtxs:dex": {
            "xyz": decode_markets(payload("hyperliquid/metaAndAssetCtxs_dex_xyz_trimmed.json"))
        },
        "info:perpDexs": decode_dexes(payload("hyperliquid/perpDexs_trimmed.json")),
        "info:perpConciseAnnotations": decode_annotations(payload("hyperliquid/perpConciseAnnotations.json")),
    }


def test_every_recorded_row_becomes_a_quote(recorded: dict[str, Any]) -> None:
    batch = read(recorded, NOW_MS)
    assert (len(batch.quotes), batch.rejected) == (232 + 3, {})


def test_rates_and_prices_equal_the_independent_expectation(recorded: dict[str, Any], payload: Payload) -> None:
    quotes = by_symbol(recorded)
    expected = json.loads(payload("hyperliquid/metaAndAssetCtxs.expected.json"))
    assert len(expected) > 200
    for symbol, row in expected.items():
        assert quotes[symbol].rate == pytest.approx(row["fundingRate"], rel=1e-12)
        assert quotes[symbol].mark == row["markPrice"]
        assert quotes[symbol].index == row["indexPrice"]


def test_values_of_one_ordinary_row(recorded: dict[str, Any]) -> None:
    quote = by_symbol(recorded)["HYPE"]
    assert (quote.contract.quote, quote.contract.settle, quote.contract.rate_kind) == (
        "USDC", "USDC", RateKind.PREDICTED,
    )  # fmt: skip
    assert quote.hourly == quote.rate == -0.0000184614
    assert (quote.mark, quote.index, quote.last, quote.premium) == (60.2883, 60.3247, 60.2935, -0.0005089126)
    assert (quote.bid, quote.ask) == (60.293, 60.294)
    assert quote.oi_base == 22232125.1600000076
    assert quote.oi_usd == pytest.approx(22232125.16 * 60.2883)
    assert quote.volume_usd == pytest.approx(320692850.8370599)
    assert (quote.contract.cap, quote.contract.floor) == (0.04, -0.04)


def test_the_idle_rate_is_an_eighth_of_a_basis_point_per_hour(recorded: dict[str, Any]) -> None:
    idle = [quote for quote in by_symbol(recorded).values() if quote.rate == 1.25e-5]
    assert len(idle) == 125
    assert idle[0].hourly == pytest.approx(1e-4 / 8)


def test_next_settlement_is_the_top_of_the_hour_and_marked_as_inferred(recorded: dict[str, Any]) -> None:
    quote = by_symbol(recorded)["BTC"]
    assert quote.next_funding_ms == NEXT_HOUR_MS
    assert Note.NEXT_FUNDING_INFERRED in quote.contract.notes


def test_trap_position_pairing_survives_a_bad_row() -> None:
    rows = [({"name": f"C{number}"}, figures(markPx=str(number))) for number in range(1, 11)]
    rows[3][1]["funding"] = {"not": "a rate"}
    batch = read({"info:metaAndAssetCtxs": decode_core_markets(core(*rows))}, NOW_MS)
    assert batch.rejected == {"wrong_shape": 1}
    assert {quote.contract.symbol: quote.mark for quote in batch.quotes} == {
        f"C{number}": float(number) for number in range(1, 11) if number != 4
    }


def test_trap_position_pairing_is_refused_when_the_lists_differ_in_length() -> None:
    body = json.dumps([{"universe": [{"name": "BTC"}, {"name": "ETH"}]}, [figures()]]).encode()
    with pytest.raises(BadAnswer, match="2 instruments but 1 rows") as raised:
        decode_markets(body)
    assert raised.value.fault is Fault.WRONG_SHAPE


def test_trap_55_dead_rows_are_delisted_by_their_flag(recorded: dict[str, Any]) -> None:
    dead = [quote for quote in by_symbol(recorded).values() if quote.contract.status is Status.DELISTED]
    assert len(dead) == 55 + 1  # and one of the builder dex
    matic = by_symbol(recorded)["MATIC"]
    assert matic.reasons == (Reason.NOT_TRADING,)
    assert math.isnan(matic.premium)
    assert matic.next_funding_ms is None


def test_trap_the_dex_list_grows_so_it_is_read_and_never_written_down(payload: Payload) -> None:
    endpoint = next(one for one in VENUE.endpoints if one.name == "info:metaAndAssetCtxs:dex")
    assert endpoint.keys is not None
    parts = {"info:perpDexs": decode_dexes(payload("hyperliquid/perpDexs_trimmed.json"))}
    # The largest caps first, as recorded: xyz 4,825M, hyna 185M, flx 31M, km 1.59M, abcd none.
    assert list(endpoint.keys(parts, Wanted())) == ["xyz", "hyna", "flx", "km", "abcd"]
    assert endpoint.keys({}, Wanted()) == ()
    assert json.loads(endpoint.body.replace("{key}", "xyz")) == {"type": "metaAndAssetCtxs", "dex": "xyz"}


def test_trap_dex_names_that_collide_with_tickers_elsewhere_are_told_apart_by_class(recorded: dict[str, Any]) -> None:
    quotes = by_symbol(recorded)
    assert quotes["xyz:AAPL"].contract.asset_id == "AAPL.eq"
    assert quotes["xyz:XYZ100"].contract.asset_class is AssetClass.INDEX
    # Here STX is Seagate, on the core dex it is Stacks; SPX is a coin on the core dex.
    assert quotes["STX"].contract.asset_id == "STX"
    assert quotes["SPX"].contract.asset_id == "SPX"


@pytest.mark.parametrize(
    ("name", "annotated", "asset_id"),
    [
        ("xyz:NVDA", None, "NVDA.eq"),
        ("xyz:EUR", None, "EURUSD.fx"),
        ("xyz:CL", None, "WTI.cm"),
        ("flx:BTC", None, "BTC"),
        ("hyna:LIT", None, "LIT"),
        ("para:STX", None, "STX.eq"),
        ("xyz:BRANDNEW", "commodities", "BRANDNEW.cm"),
        ("para:10Y", "rates", "10Y.ix"),
        ("io:ANTH", "preipo", "ANTH.eq"),
        ("xyz:ODD", "something else", "ODD.eq"),
    ],
)
def test_classes_of_builder_coins(name: str, annotated: str | None, asset_id: str) -> None:
    notes = json.dumps([[name, {"category": annotated}]] if annotated else []).encode()
    parts = {
        "info:metaAndAssetCtxs": decode_core_markets(core(({"name": name}, figures()))),
        "info:perpConciseAnnotations": decode_annotations(notes),
    }
    assert by_symbol(parts)[name].contract.asset_id == asset_id


def test_trap_funding_zero_from_multiplier_zero_is_real(payload: Payload) -> None:
    parts = {
        "info:metaAndAssetCtxs": decode_core_markets(core(({"name": "flx:TSLA"}, figures(funding="0.0")))),
        "info:perpDexs": decode_dexes(payload("hyperliquid/perpDexs_trimmed.json")),
    }
    quote = by_symbol(parts)["flx:TSLA"]
    assert (quote.rate, quote.reasons) == (0.0, ())
    assert quote.contract.rule.share == 0.0


def test_builder_multiplier_and_interest_are_in_the_rule_not_in_the_rate_again(recorded: dict[str, Any]) -> None:
    quote = by_symbol(recorded)["xyz:XYZ100"]
    # Multiplier 0.5: idle is 0.5 * 1.25e-5 as published; the premium of -2.2 bp lies in the dead band.
    assert quote.rate == 0.00000625
    rule = quote.contract.rule
    assert (rule.family, rule.share, rule.interest_8h, rule.damper) == (Family.FRACTION, 0.0625, 0.0001, 0.0005)
    assert rule.share * rule.interest_8h == pytest.approx(quote.rate)


def test_trap_mids_missing() -> None:
    row = ({"name": "DEAD"}, figures(midPx=None, impactPxs=None, premium=None))
    quote = by_symbol({"info:metaAndAssetCtxs": decode_core_markets(core(row))})["DEAD"]
    assert all(math.isnan(value) for value in (quote.last, quote.bid, quote.ask, quote.premium))
    assert (quote.rate, quote.reasons) == (1.25e-5, ())


def test_trap_one_coin_on_several_dexes_keeps_its_collateral() -> None:
    parts = {
        "info:metaAndAssetCtxs": decode_core_markets(core(({"name": "BTC"}, figures()))),
        "info:metaAndAssetCtxs:dex": {
            "hyna": decode_markets(core(({"name": "hyna:BTC"}, figures()), collateral=235)),
            "flx": decode_markets(core(({"name": "flx:BTC"}, figures()), collateral=360)),
            "new": decode_markets(core(({"name": "new:BTC"}, figures()), collateral=999)),
        },
    }
    quotes = by_symbol(parts)
    assert {name: (quote.contract.asset_id, quote.contract.settle) for name, quote in quotes.items()} == {
        "BTC": ("BTC", "USDC"),
        "hyna:BTC": ("BTC", "USDE"),
        "flx:BTC": ("BTC", "USDH"),
        "new:BTC": ("BTC", "TOKEN999"),
    }


def test_thousands_are_marked_by_a_small_k(recorded: dict[str, Any]) -> None:
    quotes = by_symbol(recorded)
    thousands = {quote.contract.symbol for quote in quotes.values() if quote.contract.multiplier == 1000}
    assert thousands == {"kPEPE", "kSHIB", "kBONK", "kLUNC", "kFLOKI", "kDOGS", "kNEIRO"}
    assert quotes["kPEPE"].contract.asset == "PEPE"
    assert quotes["kPEPE"].mark == 0.002877


def test_oi_caps_of_builder_coins_and_coins_that_are_full(recorded: dict[str, Any]) -> None:
    full = {
        "info:perpsAtOpenInterestCap": decode_names(b'["HYPE","FTM"]'),
        "info:perpsAtOpenInterestCap:dex": {"xyz": decode_names(b'["xyz:AAPL"]')},
    }
    quotes = by_symbol(recorded | full)
    assert quotes["xyz:AAPL"].oi_cap_usd == 150_000_000.0
    assert math.isnan(quotes["HYPE"].oi_cap_usd)
    marked = {name for name, quote in quotes.items() if Note.OI_CAP_REACHED in quote.contract.notes}
    assert marked == {"HYPE", "FTM", "xyz:AAPL"}


def test_caps_of_a_dex_are_asked_for_once_its_markets_are_here(recorded: dict[str, Any]) -> None:
    caps = endpoint(VENUE, "info:perpsAtOpenInterestCap:dex").keys
    assert caps is not None
    assert list(caps({"info:perpDexs": recorded["info:perpDexs"]}, Wanted())) == []
    some = {"info:perpDexs": recorded["info:perpDexs"], "info:metaAndAssetCtxs:dex": {"flx": None, "xyz": None}}
    assert list(caps(some, Wanted())) == ["xyz", "flx"]


def test_isolated_only_coins_are_noted() -> None:
    strict = {"name": "A", "onlyIsolated": True, "marginMode": "strictIsolated"}
    batch = by_symbol(
        {"info:metaAndAssetCtxs": decode_core_markets(core((strict, figures()), ({"name": "B"}, figures())))}
    )
    assert Note.ISOLATED_ONLY in batch["A"].contract.notes
    assert Note.ISOLATED_ONLY not in batch["B"].contract.notes


def test_an_empty_new_dex_is_no_error_but_an_empty_core_is() -> None:
    assert decode_markets(core()).rows.good == []
    with pytest.raises(BadAnswer) as raised:
        decode_core_markets(core())
    assert raised.value.fault is Fault.EMPTY


def test_unchanged_contracts_are_the_same_objects(recorded: dict[str, Any], payload: Payload) -> None:
    again = recorded | {"info:metaAndAssetCtxs": decode_core_markets(payload("hyperliquid/metaAndAssetCtxs.json"))}
    first, second = by_symbol(recorded), by_symbol(again)
    assert all(first[symbol].contract is second[symbol].contract for symbol in first)


def test_a_rate_that_cannot_be_one_costs_only_its_row() -> None:
    rows = [({"name": f"C{number}"}, figures()) for number in range(9)]
    batch = read(
        {"info:metaAndAssetCtxs": decode_core_markets(core(*rows, ({"name": "X"}, figures(funding="1.25"))))}, 0
    )
    assert (len(batch.quotes), batch.rejected) == (9, {"implausible_rate": 1})


def test_a_refused_body_is_told_in_plain_words() -> None:
    error = judge(422, b"Failed to deserialize the JSON body into the target type")
    assert error is not None
    assert error.fault is Fault.VENUE_ERROR
    assert "Failed to deserialize" in error.text
    assert judge(429, b"null") is None
    with pytest.raises(BadAnswer):
        decode_core_markets(b"Failed to deserialize the JSON body into the target type")


def test_history_rounds_down_to_the_hour_and_knows_the_eight_hour_past(payload: Payload) -> None:
    assert VENUE.history is not None
    rows = VENUE.history.read(payload("hyperliquid/fundingHistory_BTC_1038rows_2023.json"), "BTC")
    assert len(rows) == 1038
    first, last = rows[0], rows[-1]
    # 2023-05-12 00:00 UTC, published 48 ms later; rate and premium as printed.
    assert (first.time_ms, first.rate, first.premium, first.interval_h) == (
        1683849600000, -0.00061334, -0.00091334, 8.0,
    )  # fmt: skip
    assert last.interval_h == 1.0
    assert all(row.time_ms % 3_600_000 == 0 for row in rows)
    hourly = [row for row in rows if row.interval_h == 1.0]
    assert hourly[0].time_ms == 1686186000000  # 2023-06-08 01:00


def test_history_pages_by_five_hundred_from_the_last_row_and_stops_without_progress() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    end_ms = 1_700_000_000_000 + 2000 * 3_600_000
    request = history.first("BTC", 1_700_000_000_000, end_ms)
    asked = json.loads(request.body)
    assert asked == {"type": "fundingHistory", "coin": "BTC", "startTime": 1_700_000_000_000, "endTime": end_ms}
    start_hour = 1_699_999_200_000
    body = [
        {"coin": "BTC", "fundingRate": "0.0000125", "time": start_hour + hour * 3_600_000 + 48}
        for hour in range(1, 501)
    ]
    rows = history.read(json.dumps(body).encode(), "BTC")
    assert math.isnan(rows[0].premium)
    following = history.next(request, rows, "BTC", 1_700_000_000_000, end_ms)
    assert following is not None
    assert start_hour + 500 * 3_600_000 < json.loads(following.body)["startTime"] < start_hour + 501 * 3_600_000
    assert history.next(following, rows, "BTC", 1_700_000_000_000, end_ms) is None
    assert history.next(request, rows[:499], "BTC", 1_700_000_000_000, end_ms) is None
