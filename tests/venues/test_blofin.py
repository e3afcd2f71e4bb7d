"""BloFin against its documented answers (none was recorded); facts from venue sheet blofin."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Kind, Note, Quote, RateKind, Reason, Status
from fundtui.venues.blofin import VENUE
from fundtui.venues.spec import BadAnswer, Fault, Wanted
from tests.venues.reading import assert_refuses_wrong_answers, decoded, endpoint, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_703_450_000_000
NEXT_MS = 1_703_462_400_000


def envelope(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"code": "0", "msg": "success", "data": list(rows)}


def rate(name: str = "BTC-USDT", **fields: Any) -> dict[str, Any]:
    return {"instId": name, "fundingRate": "0.0001", "fundingTime": str(NEXT_MS)} | fields


def settled(*hours_ago: int) -> bytes:
    return json.dumps(envelope(*(rate(fundingTime=str(NEXT_MS - h * 3_600_000)) for h in hours_ago))).encode()


def one(row: dict[str, Any], more: dict[str, Any] | None = None, at_ms: int = OBSERVED_MS) -> Quote:
    return quotes(VENUE, at_ms, {"funding-rate": envelope(row)} | (more or {}))[row["instId"]]


def test_documented_answers_join() -> None:
    bodies = {
        "funding-rate": recorded("blofin/docsample/api-v1-market-funding-rate.json"),
        "mark-price": recorded("blofin/docsample/api-v1-market-mark-price.json"),
        "tickers": recorded("blofin/docsample/api-v1-market-tickers.json"),
        "instruments": recorded("blofin/docsample/api-v1-market-instruments.json"),
    }
    btc = quotes(VENUE, OBSERVED_MS, bodies)["BTC-USDT"]
    assert btc.rate == 0.000330372404346635
    assert btc.next_funding_ms == NEXT_MS
    assert btc.last == 27_187
    assert btc.volume_usd == pytest.approx(3224.82 * 27_187)
    assert (btc.contract.settle, btc.contract.status) == ("USDT", Status.TRADING)
    assert unknown(btc.oi_base, btc.oi_usd)


def test_interval_is_learnt_from_settlements_of_the_watched() -> None:
    assert one(rate()).reasons == (Reason.INTERVAL_UNKNOWN,)
    learnt = one(rate(), {"funding-rate-history/*": {"BTC-USDT": settled(8, 12, 16)}})
    assert learnt.contract.interval_h == 4
    assert learnt.contract.notes == (Note.INTERVAL_INFERRED,)
    assert learnt.hourly == pytest.approx(0.000025)
    once = {
        "funding-rate-history/*": {"BTC-USDT": recorded("blofin/docsample/api-v1-market-funding-rate-history.json")}
    }
    assert unknown(one(rate(), once).contract.interval_h)
    assert unknown(one(rate(), {"funding-rate-history/*": {"BTC-USDT": settled(8, 13)}}).contract.interval_h)
    keys = endpoint(VENUE, "funding-rate-history").keys
    assert keys is not None
    parts = decoded(VENUE, {"funding-rate": envelope(rate(), rate("ETH-USDT"))})
    assert keys(parts, Wanted(assets=frozenset({"ETH"}))) == ["ETH-USDT"]
    assert keys(parts, Wanted()) == []
    assert "documentation only" in VENUE.experimental


def test_a_time_that_has_passed_is_the_settled_row() -> None:
    quote = one(rate(), at_ms=NEXT_MS + 1)
    assert quote.contract.rate_kind is RateKind.SETTLED
    assert quote.settled_rate == 0.0001
    assert quote.next_funding_ms is None


def test_coin_margined_is_inverse() -> None:
    contract = one(rate("BTC-USD")).contract
    assert (contract.kind, contract.quote, contract.settle) == (Kind.INVERSE, "USD", "BTC")


def test_contract_value_compounds_with_the_prefix_but_volume_is_in_base() -> None:
    more = {"tickers": envelope({"instId": "1000BONK-USDT", "last": "0.02", "vol24h": "5", "volCurrency24h": "5000"})}
    quote = one(rate("1000BONK-USDT"), more)
    assert (quote.contract.asset, quote.contract.multiplier) == ("BONK", 1000)
    assert quote.volume_usd == 100


def test_status() -> None:
    row = {"instId": "BTC-USDT", "baseCurrency": "BTC", "quoteCurrency": "USDT", "state": "suspend"}
    assert one(rate(), {"instruments": envelope(row)}).contract.status is Status.SUSPENDED
    gold = {"instId": "XAU-USDT", "baseCurrency": "XAU", "quoteCurrency": "USDT", "assetClass": "commodity"}
    assert one(rate("XAU-USDT"), {"instruments": envelope(gold)}).contract.asset_id == "XAU.cm"


def test_one_bad_row_costs_no_other() -> None:
    rows = [rate(f"C{k}-USDT") for k in range(9)]
    batch = read(VENUE, OBSERVED_MS, {"funding-rate": envelope(*rows, rate("NODASH"), rate("X-USDT", fundingRate="?"))})
    assert len(batch.quotes) == 9
    assert batch.rejected == {"unknown_quote_currency": 1, "wrong_shape": 1}


def test_wrong_answers_and_the_firewall() -> None:
    assert fault(VENUE, "funding-rate", b'{"code":"152014","msg":"Parameter instId error"}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)
    assert VENUE.judge is not None
    page, limited = VENUE.judge(403, b"<!DOCTYPE html><html>Cloudflare</html>"), VENUE.judge(403, b"")
    assert page is not None
    assert page.fault is Fault.GEO_BLOCKED
    assert limited is not None
    assert (limited.fault, limited.retry_after_s) == (Fault.BANNED, 300)
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_history_documented() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("blofin/docsample/api-v1-market-funding-rate-history.json"), "BTC-USDT")
    assert [(row.time_ms, row.rate) for row in rows] == [(NEXT_MS, 0.000330372404346635)]
    first = history.first("BTC-USDT", 5, NEXT_MS)
    assert dict(first.params) == {"instId": "BTC-USDT", "before": "4", "after": str(NEXT_MS + 1), "limit": "100"}
    full = history.read(settled(*range(0, 800, 8)), "BTC-USDT")
    following = history.next(first, full, "BTC-USDT", 5, NEXT_MS)
    assert following is not None
    assert history.next(following, full, "BTC-USDT", 5, NEXT_MS) is None
