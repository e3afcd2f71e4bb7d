"""The shared wire helpers: decoding row by row, numbers, times, plausibility, error answers."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundtui.market import Instrument, Quote, Reason, Settlement
from fundtui.venues._wire import (
    BadRow,
    Decoder,
    RowsDecoder,
    amount,
    batch,
    blank_as_null,
    check_next,
    check_rate,
    check_symbol,
    interval_between,
    interval_from,
    is_geo_block,
    iso_ms,
    judge_by,
    need,
    newer_window,
    next_on_grid,
    number,
    older_window,
    positive,
    rate_reasons,
    settlement_ms,
    settlements,
    venue_error,
)
from fundtui.venues.spec import BadAnswer, Fault

NOW_MS = 1_787_848_757_734
HOUR_MS = 3_600_000


class Row(msgspec.Struct, frozen=True):
    symbol: str
    rate: float | None = None


rows_of = RowsDecoder(Row)


def instrument(symbol: str = "BTCUSDT", interval_h: float = 8.0) -> Instrument:
    return Instrument(
        venue="v",
        symbol=symbol,
        asset="BTC",
        quote="USDT",
        settle="USDT",
        rate_period_h=interval_h,
        interval_h=interval_h,
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.0001", 1e-4),
        ("-7.1E-5", -7.1e-5),
        ("5e-05", 5e-5),
        ("34447.5603999999348", 34447.5603999999348),
        (3, 3.0),
        ("-0", 0.0),
    ],
)
def test_numbers(text: str | int, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("missing", [None, "", "NaN", "Infinity", "-inf", math.inf, math.nan, "null"])
def test_missing_numbers_are_nan(missing: str | float | None) -> None:
    assert math.isnan(number(missing))


@pytest.mark.parametrize(
    "text", ["1_000", "12,5", "0x10", "\u0661\u0662", " 1", "1 ", "--1", "1e9999", ".5", "abc", "1" * 30]
)
def test_text_that_only_float_would_take_is_a_bad_row(text: str) -> None:
    with pytest.raises(BadRow):
        number(text)


@given(st.text(max_size=40))
def test_any_text_is_a_finite_number_nan_or_a_bad_row(text: str) -> None:
    try:
        value = number(text)
    except BadRow:
        return
    assert math.isnan(value) or math.isfinite(value)


def test_prices_and_amounts() -> None:
    assert math.isnan(positive(0.0))
    assert math.isnan(positive(-1.0))
    assert math.isnan(positive("0"))
    assert positive("2.5") == 2.5
    assert positive(7) == 7.0
    assert amount(0) == 0.0
    assert math.isnan(amount(-1))


def test_times() -> None:
    assert iso_ms("2026-08-27T16:00:00Z") == 1_787_846_400_000
    assert iso_ms("2026-08-27T16:00:00") == 1_787_846_400_000
    assert iso_ms("2026-08-27T18:00:00+02:00") == 1_787_846_400_000
    with pytest.raises(BadRow):
        iso_ms("yesterday")
    assert settlement_ms(1_600_156_800_010) == 1_600_156_800_000
    assert settlement_ms(1_775_404_802_000) == 1_775_404_800_000
    assert settlement_ms(1_600_156_799_990) == 1_600_156_800_000


def test_next_settlement_on_a_venues_clock() -> None:
    midnight = 1_787_788_800_000
    assert next_on_grid(midnight + 1, 8) == midnight + 8 * HOUR_MS
    assert next_on_grid(midnight, 8) == midnight + 8 * HOUR_MS
    assert next_on_grid(midnight, 8, anchor_h=4) == midnight + 4 * HOUR_MS
    assert next_on_grid(midnight + 59_000, 1) == midnight + HOUR_MS


def test_rows_decode_at_once_and_one_by_one() -> None:
    assert rows_of(b'[{"symbol":"A","rate":"0.1"},{"symbol":"B"}]').good == [Row("A", 0.1), Row("B")]
    bad = b'[{"symbol":"A"},{"symbol":"B"},{"symbol":"C"},{"symbol":"D"},{"symbol":5,"rate":[]}]'
    result = rows_of(bad)
    assert ([row.symbol for row in result.good], result.rejected) == (["A", "B", "C", "D"], 1)


def test_a_single_object_stands_for_a_list_of_one() -> None:
    assert rows_of(b' {"symbol":"A","rate":1}').good == [Row("A", 1.0)]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", Fault.EMPTY),
        (b"  \n", Fault.EMPTY),
        (b"[]", Fault.EMPTY),
        (b"null", Fault.EMPTY),
        (b"<!DOCTYPE html><p>moved</p>", Fault.BLOCK_PAGE),
        (b"\n<html>blocked in your country</html>", Fault.GEO_BLOCKED),
        (b'[{"symbol":"A"},{"symb', Fault.NOT_JSON),
        (b'{"symbol":"A', Fault.NOT_JSON),
        (b"true", Fault.WRONG_SHAPE),
        (b'"text"', Fault.WRONG_SHAPE),
        (b"[1,2]", Fault.WRONG_SHAPE),
        (b'[{"symbol":"A"},{"symbol":1},{"symbol":2}]', Fault.WRONG_SHAPE),
        (b"\xff\xfe\x00", Fault.NOT_JSON),
        (b'[{"symbol":NaN}]', Fault.NOT_JSON),
    ],
)
def test_wrong_answers_say_what_they_are(body: bytes, fault: Fault) -> None:
    with pytest.raises(BadAnswer) as caught:
        rows_of(body)
    assert caught.value.fault is fault
    assert caught.value.text.isprintable()


def test_deep_nesting_is_an_answer_too() -> None:
    for body in (b"[" * 200_000, b'{"a":' * 200_000, b'[{"symbol":' + b"[" * 200_000):
        with pytest.raises(BadAnswer):
            rows_of(body)
        with pytest.raises(BadAnswer):
            Decoder(Row)(body)


def test_an_empty_list_may_be_fine() -> None:
    assert rows_of(b"[]", empty_ok=True).good == []


def test_errors_of_hostile_text_are_clean() -> None:
    answer = venue_error("\x1b[31m", "\u202eevil\x07\n[red]" + "x" * 9999, {})
    assert answer.text.isprintable()
    assert len(answer.text) < 260


def test_blanks_become_null() -> None:
    assert blank_as_null(b'{"a":"","b": "","c":"x"}') == b'{"a":null,"b": null,"c":"x"}'
    assert blank_as_null(rb'{"a":"say \"\" twice"}') == rb'{"a":"say \"\" twice"}'


def test_judge_lets_the_general_rules_speak_where_the_envelope_says_nothing_more() -> None:
    def opened(body: bytes) -> None:
        raise venue_error(body.decode(), "text", {"7": Fault.RATE_LIMITED, "8": Fault.MAINTENANCE})

    judge = judge_by(opened)
    assert judge(400, b"1") is not None
    assert judge(429, b"1") is None
    assert judge(403, b"1") is None
    assert judge(503, b"1") is None
    limited, down = judge(403, b"7"), judge(500, b"8")
    assert limited is not None
    assert limited.fault is Fault.RATE_LIMITED
    assert down is not None
    assert down.fault is Fault.MAINTENANCE


def test_needed_parts() -> None:
    need({"b": 1}, "a", "b")
    with pytest.raises(BadAnswer, match="a has not answered"):
        need({"c": 1}, "a", "b")


def test_geo_words() -> None:
    assert is_geo_block(b"The Amazon CloudFront distribution is configured to block access from your country")
    assert not is_geo_block(b"access too frequent")


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTC-USDT-SWAP", "xyz:TSLA", "tBTCF0:USTF0", "BTC_USDT", "k.PEPE/USD+1"])
def test_symbols(symbol: str) -> None:
    assert check_symbol(symbol) == symbol


@pytest.mark.parametrize(
    "symbol", ["", "BTC USDT", "BTC\x1b[31m", "\u202eCTB", "BTC\n", "[red]BTC", "é", "龙USDT", "B" * 97, "BTC\u200b"]
)
def test_hostile_symbols(symbol: str) -> None:
    with pytest.raises(BadRow):
        check_symbol(symbol)


def test_plausibility() -> None:
    assert check_rate(0.5) == 0.5
    assert math.isnan(check_rate(math.nan))
    with pytest.raises(BadRow):
        check_rate(-0.51)
    assert check_next(NOW_MS + 24 * HOUR_MS, NOW_MS) == NOW_MS + 24 * HOUR_MS
    assert check_next(0, NOW_MS) is None
    assert check_next(None, NOW_MS) is None
    with pytest.raises(BadRow):
        check_next(NOW_MS + 26 * HOUR_MS, NOW_MS)
    assert interval_from(24) == 24
    assert math.isnan(interval_from(math.nan))
    for impossible in (0, -8, 25, math.inf):
        with pytest.raises(BadRow):
            interval_from(impossible)


def test_reasons() -> None:
    assert rate_reasons(instrument(), 0.0001) == ()
    assert rate_reasons(instrument(), math.nan) == (Reason.NO_RATE,)
    assert rate_reasons(instrument(), -0.051) == (Reason.IMPLAUSIBLE_RATE,)
    assert rate_reasons(instrument(interval_h=math.nan), 0.0001) == (Reason.INTERVAL_UNKNOWN,)


def quote_of(row: Row) -> Quote | None:
    if row.symbol == "skip":
        return None
    if row.rate is None:
        raise BadRow("no_rate_field")
    return Quote(instrument(row.symbol), NOW_MS, row.rate)


def test_batch_drops_bad_rows_and_counts_them() -> None:
    rows = [Row(f"C{k}", 0.1) for k in range(8)] + [Row("skip"), Row("bad")]
    made = batch("v", NOW_MS, rows, quote_of, rejected=1)
    assert len(made.quotes) == 8
    assert made.rejected == {"wrong_shape": 1, "no_rate_field": 1}


def test_batch_rejects_both_of_a_symbol_that_comes_twice() -> None:
    rows = [Row(f"C{k}", 0.1) for k in range(12)] + [Row("twice", 0.1), Row("twice", 0.2)]
    made = batch("v", NOW_MS, rows, quote_of)
    assert "twice" not in {quote.contract.symbol for quote in made.quotes}
    assert made.rejected == {"duplicate_symbol": 2}


def test_batch_with_too_many_bad_rows_is_a_bad_answer() -> None:
    rows = [Row(f"C{k}", 0.1) for k in range(7)] + [Row("a"), Row("b")]
    with pytest.raises(BadAnswer, match="2 of 9 rows unusable, mostly no rate field"):
        batch("v", NOW_MS, rows, quote_of)


def test_batch_of_nothing_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswer) as caught:
        batch("v", NOW_MS, [Row("skip")], quote_of)
    assert caught.value.fault is Fault.EMPTY


def settled(*hours: int) -> tuple[Settlement, ...]:
    return tuple(Settlement(venue="v", symbol="s", time_ms=hour * HOUR_MS, rate=0.1) for hour in hours)


def test_history_windows() -> None:
    assert older_window(settled(30, 20, 10), 0, 40 * HOUR_MS) == 10 * HOUR_MS - 1
    assert older_window(settled(30, 20, 10), 10 * HOUR_MS, 40 * HOUR_MS) is None
    assert older_window(settled(30, 20), 0, 10 * HOUR_MS) is None  # the venue ignored the window
    assert older_window((), 0, HOUR_MS) is None
    assert newer_window(settled(10, 20), 10 * HOUR_MS, 40 * HOUR_MS) == 20 * HOUR_MS + 60_000
    assert newer_window(settled(10, 20), 15 * HOUR_MS, 40 * HOUR_MS) is None  # the venue ignored the window
    assert newer_window(settled(10, 20), 0, 20 * HOUR_MS) is None
    assert newer_window((), 0, HOUR_MS) is None


def test_settlements_drop_bad_rows_until_too_many_are_bad() -> None:
    def make(row: Row) -> Settlement | None:
        return Settlement(venue="v", symbol=row.symbol, time_ms=0, rate=check_rate(number(row.rate)))

    good = [Row("A", 0.1)] * 9
    assert len(settlements([*good, Row("A", 3.0)], make)) == 9
    with pytest.raises(BadAnswer):
        settlements([*good, *[Row("A", 3.0)] * 9], make)


def test_interval_told_by_settlement_times() -> None:
    start = 1_787_788_800_000
    assert interval_between([start, start + 8 * HOUR_MS, start + 12 * HOUR_MS]) == 4
    assert interval_between([start + 8 * HOUR_MS + 4000, start]) == 8  # printed seconds late
    assert interval_between([start, start + 3600_000]) == 1
    assert math.isnan(interval_between([start, start + 5 * HOUR_MS]))
    assert math.isnan(interval_between([start, start]))
    assert math.isnan(interval_between([]))
