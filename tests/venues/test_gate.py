"""Gate against its recorded answers; figures worked out by hand from the rows, facts from venue sheet gate."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import AssetClass, Family, Kind, Note, Quote, Status
from fundtui.venues.gate import VENUE
from fundtui.venues.spec import BadAnswer, Fault
from tests.venues.reading import assert_refuses_wrong_answers, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_775_410_000_000
CONTRACTS = "gate/futures-usdt-contracts-2026-trimmed.json"


def contract(name: str = "BTC_USDT", **fields: Any) -> dict[str, Any]:
    row = {
        "name": name,
        "type": "direct",
        "contract_type": "",
        "status": "trading",
        "in_delisting": False,
        "is_pre_market": False,
        "funding_rate": "0.0001",
        "funding_rate_limit": "0.003",
        "funding_interval": 28_800,
        "funding_next_apply": 1_775_433_600,
        "mark_price": "100",
        "index_price": "101",
        "last_price": "99",
        "quanto_multiplier": "0.01",
        "position_size": 5000,
    }
    return {key: value for key, value in (row | fields).items() if value is not ...}


def one(row: dict[str, Any], more: dict[str, Any] | None = None) -> Quote:
    return quotes(VENUE, OBSERVED_MS, {"contracts:usdt": [row]} | (more or {}))[row["name"]]


def test_recorded_contracts() -> None:
    batch = read(VENUE, OBSERVED_MS, {"contracts:usdt": recorded(CONTRACTS)})
    found = {quote.contract.symbol: quote for quote in batch.quotes}
    assert set(found) == {"BABA_USDT", "ZEC_USDT", "GRASS_USDT", "ICX_USDT", "JDON_USDT"}
    assert batch.rejected == {}
    grass = found["GRASS_USDT"]
    assert grass.contract.interval_h == 4
    assert grass.hourly == pytest.approx(1.25e-5)
    assert grass.oi_base == 657_610  # 65,761 contracts of 10
    assert grass.oi_usd == pytest.approx(182_223.731)
    assert (grass.contract.cap, grass.contract.floor) == (0.02, -0.02)
    zec = found["ZEC_USDT"]
    assert zec.hourly == pytest.approx(-0.000153 / 8)
    assert zec.next_funding_ms == 1_775_433_600_000
    assert zec.oi_base == pytest.approx(11_387.64)
    assert (zec.mark, zec.index, zec.last) == (239.49, 239.586, 239.49)
    assert zec.contract.rule.family is Family.NORMALISED


def test_recorded_single_contract_and_ticker() -> None:
    found = quotes(
        VENUE,
        1_788_980_000_000,
        {
            "contracts:usdt": recorded("gate/futures-usdt-contract-BTC_USDT-20260909.json"),
            "tickers:usdt": recorded("gate/futures-usdt-tickers-BTC_USDT-20260909.json"),
        },
    )
    btc = found["BTC_USDT"]
    assert btc.rate == 0.000037
    assert btc.oi_base == pytest.approx(31_996.8666)  # 319,968,666 contracts of 0.0001
    assert btc.volume_usd > 1e9
    assert not unknown(btc.bid, btc.ask)


def test_recorded_inverse() -> None:
    found = quotes(
        VENUE,
        OBSERVED_MS,
        {
            "contracts:btc": recorded("gate/futures-btc-contracts-inverse.json"),
            "tickers:btc": recorded("gate/futures-btc-tickers-inverse.json"),
        },
    )
    btc = found["BTC_USD"]
    assert (btc.contract.kind, btc.contract.settle, btc.contract.quote) == (Kind.INVERSE, "BTC", "USD")
    assert btc.oi_usd == 8_701_256
    assert btc.oi_base == pytest.approx(128.904956, abs=1e-6)
    assert btc.volume_usd == 964_612
    assert btc.hourly == pytest.approx(1.25e-5)


def test_recorded_tickers_fill_in_volume() -> None:
    rows = [contract("NAS100_USDT", contract_type="indices")]
    bodies = {"contracts:usdt": rows, "tickers:usdt": recorded("gate/futures-usdt-tickers-2026-trimmed.json")}
    quote = quotes(VENUE, OBSERVED_MS, bodies)["NAS100_USDT"]
    assert quote.volume_usd == 90_100
    assert (quote.bid, quote.ask) == (23_839, 23_851.31)


def test_documented_shapes() -> None:
    found = quotes(
        VENUE, 1_610_020_000_000, {"contracts:usdt": recorded("gate/docsample/api-v4-futures-usdt-contracts.json")}
    )
    lab = found["LAB_USDT"]
    assert lab.oi_base == pytest.approx(4_017_780)  # "40177.8" contracts of 100: sizes may be decimal strings
    assert unknown(lab.contract.cap)
    bodies = {
        "contracts:usdt": [contract()],
        "tickers:usdt": recorded("gate/docsample/api-v4-futures-usdt-tickers.json"),
    }
    assert quotes(VENUE, OBSERVED_MS, bodies)["BTC_USDT"].volume_usd == 184_040_233_284


def test_trap_seconds_not_milliseconds() -> None:
    quote = one(contract(funding_interval=3600, funding_next_apply=1_775_412_000))
    assert quote.contract.interval_h == 1
    assert quote.next_funding_ms == 1_775_412_000_000


def test_trap_no_limit_parameter() -> None:
    assert all(item.params == () for item in VENUE.endpoints)


def test_trap_open_interest_is_the_long_side() -> None:
    bodies = {"tickers:usdt": [{"contract": "BTC_USDT", "total_size": "10000", "volume_24h_quote": "1"}]}
    quote = one(contract(position_size=5000), bodies)
    assert (quote.oi_base, quote.oi_usd) == (50, 5000)
    assert one(contract(position_size="5000")).oi_base == 50


def test_trap_list_fees_are_not_the_users() -> None:
    assert (VENUE.fees.maker, VENUE.fees.taker) == (0.0002, 0.0005)


def test_trap_stock_tokens_share_tickers_with_crypto() -> None:
    found = quotes(VENUE, OBSERVED_MS, {"contracts:usdt": recorded(CONTRACTS)})
    assert found["BABA_USDT"].contract.asset_class is AssetClass.EQUITY
    assert found["BABA_USDT"].contract.asset_id == "BABA.eq"
    assert found["ZEC_USDT"].contract.asset_id == "ZEC"
    assert one(contract("CAT_USDT", contract_type="stocks")).contract.asset_id == "CAT.eq"
    assert one(contract("CAT_USDT")).contract.asset_id == "CAT"


@pytest.mark.parametrize(
    ("name", "word", "expected"),
    [
        ("XAU_USDT", "metals", AssetClass.COMMODITY),
        ("NAS100_USDT", "indices", AssetClass.INDEX),
        ("EWJ_USDT", "stocks", AssetClass.INDEX),
        ("EURUSD_USDT", "forex", AssetClass.FX),
        ("NEWTHING_USDT", "pre_ipo", AssetClass.EQUITY),
    ],
)
def test_contract_types(name: str, word: str, expected: AssetClass) -> None:
    assert one(contract(name, contract_type=word)).contract.asset_class is expected


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "trading"),
        ({"status": "prelaunch"}, "prelaunch"),
        ({"is_pre_market": True}, "prelaunch"),
        ({"status": "delisting", "in_delisting": True}, "suspended"),
        ({"in_delisting": True, "position_size": 0}, "delisted"),
        ({"status": "delisted"}, "delisted"),
        ({"status": "circuit_breaker"}, "suspended"),
    ],
)
def test_statuses(fields: dict[str, Any], status: str) -> None:
    assert one(contract(**fields)).contract.status == status


def test_delisting_is_noted() -> None:
    assert one(contract(in_delisting=True)).contract.notes == (Note.DELISTING_ANNOUNCED,)


def test_multiplier_prefix() -> None:
    identity = one(contract("1000000BABYDOGE_USDT")).contract
    assert (identity.asset, identity.multiplier) == ("BABYDOGE", 1e6)
    identity = one(contract("MBABYDOGE_USDT")).contract
    assert (identity.asset, identity.multiplier) == ("BABYDOGE", 1e6)


def test_interval_missing_is_unknown() -> None:
    quote = one(contract(funding_interval=...))
    assert unknown(quote.contract.interval_h, quote.hourly)


def test_one_bad_row_costs_no_other() -> None:
    rows = [contract(f"C{k}_USDT") for k in range(9)]
    batch = read(
        VENUE,
        OBSERVED_MS,
        {"contracts:usdt": [*rows, contract("NOQUOTE"), contract("FAR_USDT", funding_next_apply=1_776_433_600)]},
    )
    assert len(batch.quotes) == 9
    assert batch.rejected == {"unknown_quote_currency": 1, "next_funding_too_far": 1}


def test_recorded_error() -> None:
    body = recorded("gate/error-contract-not-found.json")
    assert fault(VENUE, "contracts:usdt", body) == "venue_error"
    assert VENUE.judge is not None
    judged = VENUE.judge(400, body)
    assert judged is not None
    assert "CONTRACT_NOT_FOUND" in judged.text
    limited = VENUE.judge(429, b'{"label":"TOO_MANY_REQUESTS","message":"Request Rate limit Exceeded"}')
    assert limited is not None
    assert limited.fault is Fault.RATE_LIMITED
    assert_refuses_wrong_answers(VENUE)
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_unchanged_contract_is_the_same_object() -> None:
    assert one(contract()).contract is one(contract(funding_rate="0.0002", mark_price="7")).contract
    assert one(contract(status="delisting")).contract.status is Status.SUSPENDED


def test_history_recorded_in_seconds_rounded_to_the_settlement() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("gate/futures-usdt-funding_rate-BTC_USDT.json"), "BTC_USDT")
    assert [(row.time_ms, row.rate) for row in rows[:2]] == [
        (1_775_404_800_000, 0.000001),
        (1_775_376_000_000, 0.000016),
    ]
    assert len(rows) == 5
    assert len(history.read(recorded("gate/docsample/api-v4-futures-usdt-funding_rate.json"), "BTC_USDT")) == 1


def test_history_pages_until_nothing_older_comes() -> None:
    history = VENUE.history
    assert history is not None
    start_ms, end_ms = 1_770_000_000_000, 1_775_405_000_000
    first = history.first("BTC_USDT", start_ms, end_ms)
    assert dict(first.params)["from"] == "1770000000"
    body = [{"r": "0.0001", "t": 1_775_404_802 - k * 28_800} for k in range(90)]
    rows = history.read(json.dumps(body).encode(), "BTC_USDT")
    following = history.next(first, rows, "BTC_USDT", start_ms, end_ms)
    assert following is not None
    assert int(dict(following.params)["to"]) < 1_775_404_802 - 89 * 28_800
    assert history.next(following, (), "BTC_USDT", start_ms, end_ms) is None
    assert history.next(following, rows, "BTC_USDT", start_ms, end_ms) is None
    assert history.first("BTC_USD", start_ms, end_ms).path == "/api/v4/futures/btc/funding_rate"
