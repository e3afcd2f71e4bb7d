"""XT against its recorded answers; figures worked out by hand, facts from venue sheet xt."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Kind, Quote, Reason, Status
from fundtui.venues.spec import BadAnswer, Wanted
from fundtui.venues.xt import VENUE
from tests.venues.reading import assert_refuses_wrong_answers, decoded, endpoint, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_732_280_000_000
NEXT_MS = 1_732_291_200_000


def envelope(result: Any) -> dict[str, Any]:
    return {"returnCode": 0, "msgInfo": "success", "error": None, "result": result}


def contract(symbol: str = "btc_usdt", **fields: Any) -> dict[str, Any]:
    base, _, quote = symbol.partition("_")
    return {
        "symbol": symbol,
        "base_currency": base.upper(),
        "target_currency": quote.upper(),
        "funding_rate": "0.0001",
        "next_funding_rate_timestamp": NEXT_MS,
        "collection_internal": 8,
        "index_price": "100",
        "last_price": "99",
        "open_interest": "123456",
        "base_volume": "50",
        "target_volume": "5000",
        "product_type": "PERPETUAL",
    } | fields


def one(row: dict[str, Any], more: dict[str, Any] | None = None) -> Quote:
    return quotes(VENUE, OBSERVED_MS, {"contracts": [row]} | (more or {}))[row["symbol"]]


def test_bare_list_of_contracts() -> None:
    quote = one(contract(collection_internal=4), {"mark-price": envelope([{"s": "btc_usdt", "p": "100.5", "t": 1}])})
    assert quote.rate == 0.0001
    assert quote.hourly == 0.000025
    assert (quote.mark, quote.index, quote.last) == (100.5, 100, 99)
    assert quote.volume_usd == 5000
    assert quote.next_funding_ms == NEXT_MS
    assert (quote.contract.asset, quote.contract.quote, quote.contract.settle) == ("BTC", "USDT", "USDT")


def test_open_interest_of_unknown_unit_is_not_read() -> None:
    assert unknown(one(contract()).oi_base, one(contract()).oi_usd)
    body = json.dumps(envelope({"symbol": "btc_usdt", "openInterest": "7", "openInterestUsd": "700"})).encode()
    asked = one(contract(), {"open-interest/*": {"btc_usdt": body}})
    assert (asked.oi_base, asked.oi_usd) == (7, 700)
    keys = endpoint(VENUE, "open-interest").keys
    assert keys is not None
    parts = decoded(VENUE, {"contracts": [contract(), contract("eth_usdt")]})
    assert keys(parts, Wanted(assets=frozenset({"ETH"}))) == ["eth_usdt"]


def test_documented_coin_contract() -> None:
    found = quotes(
        VENUE, 1_698_670_000_000, {"contracts": recorded("xt/docsample/future-market-v1-public-cg-contracts.json")}
    )
    eth = found["eth_usd"]
    assert eth.rate == -0.03
    assert (eth.contract.kind, eth.contract.settle) == (Kind.INVERSE, "ETH")
    assert unknown(eth.contract.interval_h, eth.oi_usd)
    assert eth.reasons == (Reason.INTERVAL_UNKNOWN,)


def test_recorded_single_rate_tells_the_interval_in_hours() -> None:
    body = recorded("xt/future-market-v1-public-q-funding-rate-eth_usd-20241122.json")
    assert endpoint(VENUE, "funding-rate").decode(body).fundingRate == 0.000992
    silent = contract("eth_usd", collection_internal=None)
    assert one(silent, {"funding-rate/*": {"eth_usd": body}}).contract.interval_h == 8
    keys = endpoint(VENUE, "funding-rate").keys
    assert keys is not None
    parts = decoded(VENUE, {"contracts": [silent, contract()]})
    assert keys(parts, Wanted(assets=frozenset({"ETH", "BTC"}))) == ["eth_usd"]
    assert keys(parts, Wanted()) == []


def test_recorded_symbol_detail_reads_as_a_catalogue_of_one() -> None:
    rows = endpoint(VENUE, "list").decode(recorded("xt/future-market-v1-public-symbol-detail-eth_usdt.json"))
    assert rows["eth_usdt"].isOpenApi
    nested = json.dumps(
        envelope({"symbols": [{"symbol": "btc_usdt", "tradeSwitch": True, "isOpenApi": False}]})
    ).encode()
    assert not endpoint(VENUE, "list").decode(nested)["btc_usdt"].isOpenApi


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"tradeSwitch": False}, "suspended"), ({"isOpenApi": False}, "suspended"), ({"state": 0}, "trading")],
)
def test_statuses(fields: dict[str, Any], status: str) -> None:
    assert one(contract(), {"list": envelope([{"symbol": "btc_usdt"} | fields])}).contract.status == status


def test_dated_contract() -> None:
    quote = one(
        contract(
            "btc_usdt_240628", target_currency="USDT", product_type="FUTURES", collection_internal=None, end_timestamp=9
        )
    )
    assert quote.contract.status is Status.DATED
    assert quote.contract.expiry_ms == 9
    assert unknown(quote.rate)


@pytest.mark.parametrize(
    ("symbol", "asset", "multiplier"),
    [
        ("1000pepe_usdt", "PEPE", 1e3),
        ("1000000mog_usdt", "MOG", 1e6),
        ("1mbabydoge_usdt", "BABYDOGE", 1e6),
        ("1inch_usdt", "1INCH", 1),
        ("2z_usdt", "2Z", 1),
        ("4_usdt", "4", 1),
    ],
)
def test_names(symbol: str, asset: str, multiplier: float) -> None:
    identity = one(contract(symbol)).contract
    assert (identity.asset, identity.multiplier) == (asset, multiplier)


def test_names_that_are_not_ascii_are_counted() -> None:
    rows = [contract(f"c{k}_usdt") for k in range(9)] + [contract("币安人生_usdt")]
    batch = read(VENUE, OBSERVED_MS, {"contracts": rows})
    assert (len(batch.quotes), batch.rejected) == (9, {"unsafe_symbol": 1})


def test_broken_index_is_left_out_of_comparisons() -> None:
    quote = one(contract("nflx_usdt", index_price="10"), {"mark-price": envelope([{"s": "nflx_usdt", "p": "100"}])})
    assert Reason.PRICE_MISMATCH in quote.reasons


def test_wrong_answers() -> None:
    assert fault(VENUE, "funding-rate", recorded("xt/error-invalid-symbol.json")) == "venue_error"
    assert fault(VENUE, "contracts", recorded("xt/error-invalid-symbol.json")) == "venue_error"
    assert_refuses_wrong_answers(VENUE)
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_other_documented_shapes() -> None:
    body = recorded("xt/docsample/future-market-v1-public-contract-open-interest.json")
    assert endpoint(VENUE, "open-interest").decode(body).openInterest == 1
    assert endpoint(VENUE, "mark-price").decode(recorded("xt/docsample/future-market-v1-public-q-index-price.json"))


def test_history_tells_the_interval_in_seconds() -> None:
    history = VENUE.history
    assert history is not None
    items = [
        {
            "id": 1,
            "symbol": "btc_usdt",
            "fundingRate": "0.0001",
            "createdTime": NEXT_MS + 500,
            "collectionInternal": 28_800,
        }
    ]
    rows = history.read(json.dumps(envelope({"hasNext": False, "items": items})).encode(), "btc_usdt")
    assert [(row.time_ms, row.rate, row.interval_h) for row in rows] == [(NEXT_MS, 0.0001, 8)]
    assert history.read(recorded("xt/docsample/future-market-v1-public-q-funding-rate-record.json"), "btc_usdt") == ()
    assert dict(history.first("btc_usdt", 0, 1).params)["symbol"] == "btc_usdt"
