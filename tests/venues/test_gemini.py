"""Gemini against its recorded answers; figures worked out by hand, facts from venue sheet gemini."""

from __future__ import annotations

import pytest

from fundtui.market import Quote, Reason, Status
from fundtui.venues.gemini import VENUE
from fundtui.venues.spec import BadAnswer, Fault, Wanted
from tests.venues.reading import WRONG_ANSWERS, decoded, endpoint, fault, quotes, recorded, unknown

OBSERVED_MS = 1_789_503_000_000
SYMBOLS = "gemini/symbols_details_all.json"


def recorded_quotes() -> dict[str, Quote]:
    return quotes(
        VENUE,
        OBSERVED_MS,
        {
            "all": recorded(SYMBOLS),
            "riskstats/*": {"btcusdcperp": recorded("gemini/riskstats_btcusdcperp.json")},
            "fundingamount/*": {"btcusdcperp": recorded("gemini/fundingamount_btcusdcperp.json")},
        },
    )


def test_amounts_over_the_mark_are_the_rate() -> None:
    btc = recorded_quotes()["BTCUSDCPERP"]
    assert btc.rate == pytest.approx(4.47479 / 75_923.455)
    assert btc.settled_rate == pytest.approx(5.394710e-5, rel=1e-5)  # 4.09585 / 75,923.455
    assert btc.contract.interval_h == 1  # from the two times of the answer
    assert btc.next_funding_ms == 1_789_506_000_000
    assert (btc.mark, btc.index) == (75_923.455, 75_881.41733)
    assert (btc.oi_base, btc.oi_usd) == (18.5719, 1_410_042.8138)
    assert (btc.contract.asset, btc.contract.quote) == ("BTC", "USDC")


def test_recorded_symbols_are_perpetuals_without_a_rate_until_asked() -> None:
    found = recorded_quotes()
    assert set(found) == {"BTCUSDCPERP", "BTCGUSDPERP", "ETHGUSDPERP", "PEPEGUSDPERP"}
    pepe = found["PEPEGUSDPERP"]
    assert pepe.contract.status is Status.TRADING
    assert unknown(pepe.rate, pepe.contract.interval_h)
    assert pepe.reasons == (Reason.INTERVAL_UNKNOWN,)


def test_only_the_watched_are_asked_and_few() -> None:
    assert "no bulk" in VENUE.experimental
    parts = decoded(VENUE, {"all": recorded(SYMBOLS)})
    for name in ("riskstats", "fundingamount"):
        keys = endpoint(VENUE, name).keys
        assert keys is not None
        assert keys(parts, Wanted(assets=frozenset({"BTC", "PEPE"}))) == ["BTCGUSDPERP", "PEPEGUSDPERP"]
        assert keys(parts, Wanted()) == []
    rows = [
        {"symbol": f"C{k}USDCPERP", "base_currency": "BTC", "quote_currency": "USDC", "product_type": "swap"}
        for k in range(30)
    ]
    keys = endpoint(VENUE, "riskstats").keys
    assert keys is not None
    assert len(keys(decoded(VENUE, {"all": rows}), Wanted(assets=frozenset({"BTC"})))) == 10


def test_amount_without_a_mark_is_no_rate() -> None:
    bodies = {"fundingamount/*": {"btcusdcperp": recorded("gemini/fundingamount_btcusdcperp.json")}}
    quote = quotes(VENUE, OBSERVED_MS, bodies)["BTCUSDCPERP"]
    assert unknown(quote.rate)
    assert quote.reasons == (Reason.NO_RATE,)


def test_closed_symbol_is_suspended() -> None:
    row = {
        "symbol": "BTCUSDCPERP",
        "base_currency": "BTC",
        "quote_currency": "USDC",
        "product_type": "swap",
        "status": "closed",
    }
    assert quotes(VENUE, OBSERVED_MS, {"all": [row]})["BTCUSDCPERP"].contract.status is Status.SUSPENDED


def test_wrong_answers() -> None:
    body = b'{"result":"error","reason":"InvalidSymbol","message":"bad"}'
    for item in VENUE.endpoints:
        assert fault(VENUE, item.name, body) == "venue_error"
        for wrong, allowed in WRONG_ANSWERS:
            assert fault(VENUE, item.name, wrong) in allowed
    assert VENUE.judge is not None
    limited = VENUE.judge(429, b'{"result":"error","reason":"RateLimit","message":"too many"}')
    assert limited is not None
    assert limited.fault is Fault.RATE_LIMITED
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)
    assert VENUE.history is None
