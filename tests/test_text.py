"""Remote text cannot move a cursor, hide, reorder or flood."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundtui.text import MAX_LENGTH, clean, is_symbol, one_line

HOSTILE = [
    "\x1b]52;c;ZXZpbA==\x07BTC",
    "\x1b[2JBTC",
    "BTC\x9b31m",
    "BTC\x00\x07\x08",
    "\u202eCTB",
    "B\u200bT\u200dC",
    "BTC" + "\u0301" * 600,
    "\x1bPq#0\x1b\\",
    "\u2066BTC\u2069",
    "BTC\ud800",
    "BTC\r\nfaked line",
    "\u2028BTC\u2029",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_leaves_nothing_but_printable_characters(text: str) -> None:
    safe = clean(text)
    assert len(safe) <= MAX_LENGTH
    assert all(unicodedata.category(character)[0] not in "CM" for character in safe)
    assert any(part in safe for part in ("BT", "CTB", "q#0"))


@given(st.text(max_size=2000))
def test_any_text_comes_out_short_and_printable(text: str) -> None:
    safe = clean(text)
    assert len(safe) <= MAX_LENGTH
    assert all(unicodedata.category(c)[0] not in "CM" and (c == " " or not c.isspace()) for c in safe)


def test_ordinary_text_stays_as_it_is() -> None:
    assert clean("error -1121: Invalid symbol.") == "error -1121: Invalid symbol."
    assert clean("Ünïcode 資金") == "Ünïcode 資金"
    assert clean("x" * 300) == "x" * 255 + "…"


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTC-USDT-SWAP", "xyz:NVDA", "1INCH_USDT", "BTC-USD_UM_XPERP-310404"])
def test_symbols(symbol: str) -> None:
    assert is_symbol(symbol)


@pytest.mark.parametrize("symbol", ["", "BTC USDT", "BTC\x1b[31m", "[red]BTC", "币安人生USDT", "B" * 200])
def test_what_is_no_symbol(symbol: str) -> None:
    assert not is_symbol(symbol)


def test_logs_show_control_characters_instead_of_obeying_them() -> None:
    assert one_line("a\x1b[31mb\n") == "a\\x1b[31mb\\n"
