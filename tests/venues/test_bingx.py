"""BingX against its recorded answers; figures worked out by hand from the rows, facts from venue sheet bingx."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Note, Quote, Reason
from fundtui.venues.bingx import VENUE
from fundtui.venues.spec import BadAnswer, Fault, Wanted
from tests.venues.reading import assert_refuses_wrong_answers, decoded, endpoint, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_787_848_769_000
NEXT_MS = 1_787_875_200_000
PREMIUM = "bingx/swap-v2-quote-premiumIndex-20260827.json"


def envelope(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"code": 0, "msg": "", "data": list(rows)}


def premium(symbol: str = "BTC-USDT", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "markPrice": "100",
        "indexPrice": "101",
        "lastFundingRate": "0.00010000",
        "nextFundingTime": NEXT_MS,
        "fundingIntervalHours": 8,
        "minFundingRate": "-0.02",
        "maxFundingRate": "0.02",
        "updateTime": 1,
    } | fields


def one(row: dict[str, Any], more: dict[str, Any] | None = None) -> Quote:
    return quotes(VENUE, OBSERVED_MS, {"premiumIndex": envelope(row)} | (more or {}))[row["symbol"]]


def test_recorded_premium_index() -> None:
    batch = read(VENUE, OBSERVED_MS, {"premiumIndex": recorded(PREMIUM)})
    found = {quote.contract.symbol: quote for quote in batch.quotes}
    assert len(found) == 23
    assert batch.rejected == {}
    btc = found["BTC-USDT"]
    assert btc.rate == -0.000034
    assert btc.hourly == -0.00000425
    assert (btc.mark, btc.index) == (80_114.1, 80_150.0)
    assert (btc.contract.cap, btc.contract.floor) == (0.003, -0.003)
    assert btc.next_funding_ms == NEXT_MS
    assert found["ADA-USDT"].contract.cap == 0.005
    assert found["LINK-USDT"].hourly == pytest.approx(1.25e-5)


def test_recorded_open_interest_is_in_quote_currency() -> None:
    more = {"openInterest/*": {"BTC-USDT": recorded("bingx/swap-v2-quote-openInterest-BTC-USDT-20260819.json")}}
    found = quotes(VENUE, OBSERVED_MS, {"premiumIndex": recorded(PREMIUM)} | more)
    btc = found["BTC-USDT"]
    assert btc.oi_usd == 1_360_193_030.3
    assert btc.oi_base == pytest.approx(1_360_193_030.3 / 80_114.1)
    assert unknown(found["ETH-USDT"].oi_usd)


def test_trap_open_interest_per_symbol_only() -> None:
    keys = endpoint(VENUE, "openInterest").keys
    assert keys is not None
    parts = decoded(
        VENUE,
        {
            "premiumIndex": envelope(premium("A-USDT"), premium("B-USDT"), premium("C-USDT")),
            "ticker": envelope({"symbol": "B-USDT", "quoteVolume": "9"}),
        },
    )
    assert list(keys(parts, Wanted(assets=frozenset({"C"}), top=2))) == ["C-USDT", "B-USDT"]
    assert list(keys({}, Wanted())) == []


def test_trap_unknown_symbol_is_a_code_inside_200() -> None:
    assert fault(VENUE, "premiumIndex", recorded("bingx/error-unknown-symbol.json")) == "venue_error"
    assert fault(VENUE, "ticker", recorded("bingx/error-unknown-path.json")) == "venue_error"
    assert fault(VENUE, "ticker", b'{"code":100410,"msg":"rate limited","data":{}}') == "rate_limited"
    assert fault(VENUE, "ticker", b'{"code":109415,"msg":"paused","data":{}}') == "maintenance"
    assert_refuses_wrong_answers(VENUE)
    assert VENUE.judge is not None
    judged = VENUE.judge(429, b'{"code":100410,"msg":"rate limited","data":{}}')
    assert judged is not None
    assert judged.fault is Fault.RATE_LIMITED
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_trap_update_time_is_no_freshness() -> None:
    assert one(premium(updateTime=1)).observed_ms == OBSERVED_MS


@pytest.mark.parametrize(
    ("symbol", "asset_id"),
    [
        ("NCCOGOLD2USD-USDT", "XAU.cm"),
        ("NCSKTSLA2USD-USDT", "TSLA.eq"),
        ("NCFXEUR2USD-USDT", "EURUSD.fx"),
        ("NCSISP5002USD-USDT", "SPX.ix"),
        ("NC-USDT", "NC"),
    ],
)
def test_trap_traditional_rows_are_marked_by_their_prefix(symbol: str, asset_id: str) -> None:
    assert one(premium(symbol)).contract.asset_id == asset_id


def test_trap_display_names_collide_so_symbols_decide() -> None:
    found = quotes(VENUE, OBSERVED_MS, {"premiumIndex": envelope(premium("NEIROCTO-USDT"), premium("NEIRO-USDT"))})
    assert {quote.contract.asset for quote in found.values()} == {"NEIROCTO", "NEIRO"}


def test_multipliers_and_quotes() -> None:
    contract = one(premium("1000000MOG-USDC")).contract
    assert (contract.asset, contract.multiplier, contract.quote, contract.settle) == ("MOG", 1e6, "USDC", "USDC")


def test_documented_single_forms_without_interval() -> None:
    body = recorded("bingx/docsample/openApi-swap-v2-quote-premiumIndex.json")
    quote = quotes(VENUE, 1_702_740_000_000, {"premiumIndex": body})["BTC-USDT"]
    assert quote.rate == 0.000251
    assert unknown(quote.contract.interval_h)
    assert quote.reasons == (Reason.INTERVAL_UNKNOWN,)
    more = {
        "ticker": recorded("bingx/docsample/openApi-swap-v2-quote-ticker.json"),
        "contracts": recorded("bingx/docsample/openApi-swap-v2-quote-contracts.json"),
        "openInterest/*": {"SFP-USDT": recorded("bingx/docsample/openApi-swap-v2-quote-openInterest.json")},
    }
    sfp = one(premium("SFP-USDT"), more)
    assert (sfp.last, sfp.volume_usd, sfp.bid, sfp.ask) == (0.7409, 3_085_449.53, 0.7413, 0.7414)
    assert sfp.oi_usd == 7_409_966.52


@pytest.mark.parametrize(("code", "status"), [(1, "trading"), (25, "suspended"), (5, "prelaunch"), (0, "delisted")])
def test_statuses(code: int, status: str) -> None:
    more = {"contracts": envelope({"symbol": "BTC-USDT", "status": code}, {"symbol": "X-USDT", "status": code})}
    found = quotes(VENUE, OBSERVED_MS, {"premiumIndex": envelope(premium())} | more)
    assert found["BTC-USDT"].contract.status == status
    # What is listed but not in the premium index is a quote only when it is not trading.
    assert ("X-USDT" in found) is (status != "trading")


def test_off_time_is_a_delisting() -> None:
    more = {"contracts": envelope({"symbol": "BTC-USDT", "status": 1, "offTime": 1_788_000_000_000})}
    assert one(premium(), more).contract.notes == (Note.DELISTING_ANNOUNCED,)


def test_one_bad_row_costs_no_other() -> None:
    rows = [premium(f"C{k}-USDT") for k in range(9)]
    batch = read(VENUE, OBSERVED_MS, {"premiumIndex": envelope(*rows, premium("X", markPrice="?"), premium("NODASH"))})
    assert len(batch.quotes) == 9
    assert batch.rejected == {"wrong_shape": 1, "unknown_quote_currency": 1}


def test_history_documented_and_windows() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("bingx/docsample/openApi-swap-v2-quote-fundingRate.json"), "QNT-USDT")
    assert [(row.time_ms, row.rate) for row in rows] == [(1_702_713_600_000, 0.000271), (1_702_684_800_000, 0.000128)]
    first = history.first("QNT-USDT", 0, NEXT_MS)
    assert dict(first.params)["limit"] == "1000"
    assert history.next(first, rows, "QNT-USDT", 0, NEXT_MS) is None
    body = envelope(
        *({"symbol": "QNT-USDT", "fundingRate": "0.0001", "fundingTime": NEXT_MS - k * 28_800_000} for k in range(1000))
    )
    full = history.read(json.dumps(body).encode(), "QNT-USDT")
    following = history.next(first, full, "QNT-USDT", 0, NEXT_MS)
    assert following is not None
    assert history.next(following, full, "QNT-USDT", 0, NEXT_MS) is None
