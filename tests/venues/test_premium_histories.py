"""Premium histories: requests, paging and readers. Bodies are written from the venues' public API documentation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.venues import load, names
from fundtui.venues.spec import BadAnswer, HistoryRequest, PremiumHistory
from tests.venues.reading import recorded

MINUTE_MS = 60_000
START_MS = 1_772_524_800_000  # 2026-03-03 08:00 UTC
START_S = START_MS // 1000

SYMBOLS = {
    "binance": "BTCUSDT",
    "binance-coinm": "BTCUSD_PERP",
    "bybit": "BTCUSDT",
    "okx": "BTC-USDT-SWAP",
    "gate": "BTC_USDT",
    "kucoin": "XBTUSDTM",
    "htx": "BTC-USDT",
}


def history(venue: str) -> PremiumHistory:
    found = load(venue).premium_history
    assert found is not None
    return found


def binance_row(minute: int, close: str) -> list[Any]:
    opened = START_MS + minute * MINUTE_MS
    return [opened, "0.1", "0.2", "-0.2", close, "0", opened + 59_999, "0", 12, "0", "0", "0"]


def bybit_row(minute: int, close: str) -> list[str]:
    return [str(START_MS + minute * MINUTE_MS), "0.1", "0.2", "-0.2", close]


def body(venue: str, *told: tuple[int, str]) -> bytes:
    """The candles that begin at these minutes (samples: that were taken at their ends), in the order given."""
    rows: Any
    if venue in ("binance", "binance-coinm"):
        rows = [binance_row(*one) for one in told]
    elif venue == "bybit":
        result = {"category": "linear", "symbol": "BTCUSDT", "list": [bybit_row(*one) for one in told]}
        rows = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": START_MS}
    elif venue == "okx":
        rows = {
            "code": "0",
            "msg": "",
            "data": [
                {"instId": "BTC-USDT-SWAP", "premium": value, "ts": str(START_MS + (minute + 1) * MINUTE_MS)}
                for minute, value in told
            ],
        }
    elif venue == "gate":
        rows = [{"t": START_S + minute * 60, "o": "0.1", "h": "0.2", "l": "-0.2", "c": value} for minute, value in told]
    elif venue == "kucoin":
        listed = [
            {
                "symbol": ".XBTUSDTMPI",
                "granularity": 60_000,
                "timePoint": START_MS + (minute + 1) * MINUTE_MS,
                "value": float(value),
            }
            for minute, value in told
        ]
        rows = {"code": "200000", "data": {"dataList": listed, "hasMore": True}}
    else:
        listed = [
            {"id": START_S + minute * 60, "open": "0.1", "close": value, "low": "-0.2", "high": "0.2", "vol": "0"}
            for minute, value in told
        ]
        rows = {"ch": "market.BTC-USDT.premium_index.1min", "data": listed, "status": "ok", "ts": START_MS}
    return json.dumps(rows).encode()


ERRORS = {
    "binance": b'{"code":-1121,"msg":"Invalid symbol."}',
    "binance-coinm": b'{"code":-1121,"msg":"Invalid symbol."}',
    "bybit": b'{"retCode":10001,"retMsg":"params error: symbol invalid","result":{},"time":1}',
    "okx": b'{"code":"51001","msg":"Instrument ID does not exist","data":[]}',
    "gate": b'{"label":"CONTRACT_NOT_FOUND","message":""}',
    "kucoin": b'{"code":"400100","msg":"symbol not exists"}',
    "htx": b'{"status":"error","err_code":1332,"err_msg":"The contract doesnt exist.","ts":1}',
}


def test_the_venues_that_tell_their_premium() -> None:
    assert {name for name in names() if load(name).premium_history is not None} == set(SYMBOLS)


@pytest.mark.parametrize("venue", SYMBOLS)
class TestEachReader:
    def test_a_candle_is_its_close_at_its_end(self, venue: str) -> None:
        rows = history(venue).read(body(venue, (0, "-0.00043659"), (1, "0.00031")), SYMBOLS[venue])
        assert sorted(one.time_ms for one in rows) == [START_MS + MINUTE_MS, START_MS + 2 * MINUTE_MS]
        assert [one.premium for one in sorted(rows)] == pytest.approx([-0.00043659, 0.00031])

    def test_newest_first_is_as_good(self, venue: str) -> None:
        told = [(minute, f"{minute}e-5") for minute in range(5)]
        forward = history(venue).read(body(venue, *told), SYMBOLS[venue])
        assert sorted(history(venue).read(body(venue, *told[::-1]), SYMBOLS[venue])) == sorted(forward)

    def test_the_candle_that_runs_ends_after_the_asking(self, venue: str) -> None:
        """Half a minute into the third minute: whoever asks can tell that its close is not the one of its end."""
        rows = history(venue).read(body(venue, (0, "0.0001"), (1, "0.0002"), (2, "0.0099")), SYMBOLS[venue])
        asked_ms = START_MS + 2 * MINUTE_MS + 30_000
        assert [one.premium for one in sorted(rows) if one.time_ms <= asked_ms] == [0.0001, 0.0002]

    def test_what_is_no_premium_is_left_out(self, venue: str) -> None:
        # Percent of a price in place of a decimal: nothing trades at sixty times its index.
        rows = history(venue).read(body(venue, (0, "60"), (1, "0.0002")), SYMBOLS[venue])
        assert [one.premium for one in rows] == [0.0002]

    def test_nothing_told_is_no_error(self, venue: str) -> None:
        assert history(venue).read(body(venue), SYMBOLS[venue]) == ()

    def test_an_error_inside_http_200_is_told(self, venue: str) -> None:
        with pytest.raises(BadAnswer):
            history(venue).read(ERRORS[venue], SYMBOLS[venue])

    @pytest.mark.parametrize("wrong", [b"", b"<html>", b"17", b'{"data":17}', b'[["x","y"]]', b"\xff\xfe", b"[[1]]"])
    def test_every_other_answer_is_a_bad_answer(self, venue: str, wrong: bytes) -> None:
        with pytest.raises(BadAnswer):
            history(venue).read(wrong, SYMBOLS[venue])

    def test_eight_hours_are_covered_without_a_hole(self, venue: str) -> None:
        """Answered as asked, the pages hold every minute of the interval, its first instant included, once."""
        end_ms = START_MS + 8 * 60 * MINUTE_MS
        found = [one.time_ms for one in walked(venue, START_MS, end_ms)]
        assert sorted(found) == list(range(START_MS, end_ms + 1, MINUTE_MS))


def walked(venue: str, start_ms: int, end_ms: int) -> list[Any]:
    """All samples of a time range from a venue that has every minute and answers as documented."""
    told, found = history(venue), []
    symbol = SYMBOLS[venue]
    request = told.first(symbol, start_ms, end_ms)
    for _ in range(20):
        rows = told.read(body(venue, *[(minute, "0.0001") for minute in minutes(venue, request, end_ms)]), symbol)
        found += [one for one in rows if start_ms <= one.time_ms <= end_ms]
        following = told.next(request, rows, symbol, start_ms, end_ms)
        if following is None:
            return found
        request = following
    raise AssertionError("the paging does not end")


def minutes(venue: str, request: HistoryRequest, now_ms: int) -> list[int]:
    """The minutes whose candles a venue answers a request with, counted from the start."""
    params = dict(request.params)

    def minute(told: str | int, scale: int = 1) -> float:
        return (int(told) * scale - START_MS) / MINUTE_MS

    if venue in ("binance", "binance-coinm"):
        asked = within(minute(params["startTime"]), minute(params["endTime"]))
        return asked[: int(params["limit"])]
    if venue == "bybit":
        return within(minute(params["start"]), minute(params["end"]))[-int(params["limit"]) :]
    if venue == "gate":
        asked = within(minute(params["from"], 1000), minute(params["to"], 1000))
        assert len(asked) <= 1000
        return asked
    if venue == "kucoin":
        return within(minute(params["startAt"]) - 1, minute(params["endAt"]) - 1)[-int(params["maxCount"]) :]
    if venue == "okx":
        inside = within(minute(int(params["before"]) + 1) - 1, minute(int(params["after"]) - 1) - 1)
        return inside[-int(params["limit"]) :]
    return within(-10_000, minute(now_ms))[-int(params["size"]) :]


def within(first: float, last: float) -> list[int]:
    return [one for one in range(-10_000, 10_000) if first <= one <= last]


def test_documented_examples_are_read() -> None:
    """The one row of each documentation."""
    told = history("binance").read(recorded("binance/docsample/fapi-v1-premiumIndexKlines.json"), "BTCUSDT")
    assert told == ((1_691_603_880_000, -0.00043659),)
    told = history("okx").read(recorded("okx/docsample/api-v5-public-premium-history.json"), "BTC-USDT-SWAP")
    assert told == ((1_625_097_600_000, 0.0001),)


@pytest.mark.parametrize(
    ("hours", "weight"),
    # 1 to 99 candles weigh 1, to 499 2, to 1000 5, more 10; eight hours are 481 with the first instant.
    [(1, 1), (8, 2), (16, 5), (24, 10)],
)
def test_binance_weighs_candles_by_their_number(hours: int, weight: int) -> None:
    request = history("binance").first("BTCUSDT", START_MS, START_MS + hours * 60 * MINUTE_MS)
    assert request.weight == weight


def test_another_contracts_rows_are_not_taken() -> None:
    assert history("okx").read(body("okx", (0, "0.0001")), "ETH-USDT-SWAP") == ()
    assert history("kucoin").read(body("kucoin", (0, "0.0001")), "ETHUSDTM") == ()


def test_bybit_tells_linear_contracts_alone() -> None:
    covers = history("bybit").covers
    assert covers is not None
    assert covers("BTCUSDT")
    assert not covers("BTCUSD")


def test_a_venue_that_ignores_the_window_is_not_asked_for_ever() -> None:
    """The same newest rows whatever is asked: OKX pages by what came."""
    told, symbol = history("okx"), "BTC-USDT-SWAP"
    start_ms, end_ms = START_MS - 10 * MINUTE_MS, START_MS - 5 * MINUTE_MS
    rows = told.read(body("okx", *[(minute, "0.0001") for minute in range(100)]), symbol)
    assert told.next(told.first(symbol, start_ms, end_ms), rows, symbol, start_ms, end_ms) is None
