"""Bitfinex against its recorded answers; figures worked out by hand, facts from venue sheet bitfinex."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Note, Quote, RateKind, Status
from fundtui.venues.bitfinex import VENUE
from fundtui.venues.spec import BadAnswer, Fault
from tests.venues.reading import assert_refuses_wrong_answers, endpoint, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_787_857_390_000
NEXT_MS = 1_787_875_200_000
STATUS = "bitfinex/status-deriv-20260827.json"


def status(key: str = "tBTCF0:USTF0", **at: Any) -> list[Any]:
    row = [key, OBSERVED_MS, None, 101.0, 102.0, None, 6.4e7, None, NEXT_MS, 0.0002, 3507, None, 0.0001]
    row += [None, None, 100.0, None, None, 50.0, None, None, None, 0.0005, 0.0025]
    for position, value in at.items():
        row[int(position[1:])] = value
    return row


def one(row: list[Any], more: dict[str, Any] | None = None) -> Quote:
    return quotes(VENUE, OBSERVED_MS, {"deriv": [row]} | (more or {}))[row[0]]


def test_recorded_status() -> None:
    batch = read(VENUE, OBSERVED_MS, {"deriv": recorded(STATUS)})
    found = {quote.contract.symbol: quote for quote in batch.quotes}
    assert len(found) == 10
    assert batch.rejected == {}
    btc = found["tBTCF0:USTF0"]
    assert btc.rate == 0.00015129
    assert btc.hourly == pytest.approx(0.00015129 / 8)
    assert btc.mark == 80_135.875
    assert btc.oi_base == 8806.24112386
    assert btc.oi_usd == pytest.approx(8806.24112386 * 80_135.875)
    assert btc.next_funding_ms == NEXT_MS
    assert (btc.contract.cap, btc.contract.floor) == (0.0025, -0.0025)
    assert (btc.contract.asset, btc.contract.quote, btc.contract.settle) == ("BTC", "USDT", "USDT")


def test_current_funding_is_fixed_and_zero_is_genuine() -> None:
    found = quotes(VENUE, OBSERVED_MS, {"deriv": recorded(STATUS)})
    assert {quote.contract.rate_kind for quote in found.values()} == {RateKind.LOCKED}
    eth = found["tETHF0:USTF0"]
    assert eth.rate == 0
    assert eth.reasons == ()
    # A premium of 0.00060759 pays 0.00010759: the dead band of 5 bp is subtracted, and there is no interest.
    assert (eth.contract.rule.interest_8h, eth.contract.rule.damper) == (0, 0.0005)


def test_mark_is_the_index_and_flagged() -> None:
    quote = one(status(p4=70.0))
    assert (quote.mark, quote.index) == (100, 100)
    assert quote.contract.notes == (Note.INDEX_IS_MARK,)


def test_documented_row_and_ticker() -> None:
    amp = quotes(VENUE, 1_596_124_822_000, {"deriv": recorded("bitfinex/docsample/v2-status-deriv.json")})[
        "tAMPF0:USTF0"
    ]
    assert amp.rate == -0.01381344
    tickers = [["tBTCF0:USTF0", 99, 1, 101, 1, 0, 0, 100.5, 20.0, 0, 0], ["fUSD", 0.1, 0.1, 30, 5, 0.1, 2, 5, 1, 1]]
    btc = one(status(), {"tickers": tickers})
    assert (btc.last, btc.volume_usd, btc.bid, btc.ask) == (100.5, 2010, 99, 101)
    assert "tBTCUSD" in endpoint(VENUE, "tickers").decode(recorded("bitfinex/docsample/v2-tickers.json"))


@pytest.mark.parametrize(
    ("key", "asset_id", "quoted"),
    [
        ("tALGF0:USTF0", "ALGO", "USDT"),
        ("tATOF0:USTF0", "ATOM", "USDT"),
        ("tIOTF0:USTF0", "IOTA", "USDT"),
        ("tETHF0:BTCF0", "ETH", "BTC"),
        ("tEUROPE50IXF0:USTF0", "EUROPE50IX.ix", "USDT"),
        ("tXAUTF0:USTF0", "XAUT", "USDT"),
    ],
)
def test_codes(key: str, asset_id: str, quoted: str) -> None:
    quote = one(status(key))
    assert quote.contract.asset_id == asset_id
    assert quote.contract.quote == quoted
    assert unknown(quote.oi_usd) is (quoted == "BTC")


def test_paper_and_spot_keys_are_dropped() -> None:
    rows = [status(), status("tTESTBTCF0:TESTUSDTF0"), status("tBTCUSD")]
    assert set(quotes(VENUE, OBSERVED_MS, {"deriv": rows})) == {"tBTCF0:USTF0"}


def test_recorded_list_tells_pairs_without_a_status() -> None:
    pairs = recorded("bitfinex/conf-pub-list-pair-futures-20210417.json")
    assert len(endpoint(VENUE, "pub:list:pair:futures").decode(pairs)) == 35
    found = quotes(VENUE, OBSERVED_MS, {"deriv": recorded(STATUS), "pub:list:pair:futures": pairs})
    assert found["tLUNAF0:BTCF0"].contract.status is Status.SUSPENDED
    assert found["tSUSHIF0:USTF0"].contract.status is Status.SUSPENDED
    assert found["tBTCF0:USTF0"].contract.status is Status.TRADING
    assert not any("TEST" in symbol for symbol in found)


def test_clamp_may_be_null_on_index_perpetuals() -> None:
    assert unknown(one(status(p23=None)).contract.cap)


def test_one_bad_row_costs_no_other() -> None:
    rows = [status(f"tC{k}F0:USTF0") for k in range(9)] + [["tX"], status("tNOF0:")]
    batch = read(VENUE, OBSERVED_MS, {"deriv": rows})
    assert len(batch.quotes) == 9
    assert batch.rejected == {"wrong_shape": 1, "unknown_quote_currency": 1}


def test_errors_are_arrays_and_empty_is_a_failure() -> None:
    assert fault(VENUE, "deriv", recorded("bitfinex/error-symbol-invalid.json")) == "venue_error"
    assert fault(VENUE, "deriv", b"[]") == "empty"
    assert fault(VENUE, "tickers", b'{"error":"ERR_RATE_LIMIT"}') == "rate_limited"
    assert fault(VENUE, "deriv", b'["error",20060,"maintenance"]') == "maintenance"
    assert_refuses_wrong_answers(VENUE)
    assert VENUE.judge is not None
    judged = VENUE.judge(429, b'{"error":"ERR_RATE_LIMIT"}')
    assert judged is not None
    assert judged.fault is Fault.RATE_LIMITED
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_fees_are_unknown() -> None:
    assert unknown(VENUE.fees.maker, VENUE.fees.taker)


def test_history_lacks_the_key_and_repeats_a_rate_each_minute() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("bitfinex/docsample/v2-status-deriv-tETHUST-hist.json"), "tETHUST")
    assert [(row.time_ms, row.rate, row.interval_h) for row in rows] == [(1_570_579_200_000, 0, 8)]
    eight_h = 28_800_000
    samples = [status(p1=NEXT_MS - 60_000 * k, p8=NEXT_MS - eight_h * (k // 480))[1:] for k in range(1000)]
    found = history.read(json.dumps(samples).encode(), "tBTCF0:USTF0")
    assert [row.time_ms for row in found] == [NEXT_MS, NEXT_MS - eight_h, NEXT_MS - 2 * eight_h]
    start_ms = NEXT_MS - 100 * eight_h
    following = history.next(history.first("tBTCF0:USTF0", start_ms, NEXT_MS), found, "tBTCF0:USTF0", start_ms, NEXT_MS)
    assert following is not None
    # The next window ends before the period of the oldest settlement, so that it does not come again.
    assert int(dict(following.params)["end"]) == NEXT_MS - 3 * eight_h - 1
    assert history.next(following, found, "tBTCF0:USTF0", start_ms, NEXT_MS) is None
