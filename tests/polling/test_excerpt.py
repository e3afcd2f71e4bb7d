"""What a venue's answers say about one instrument."""

from __future__ import annotations

from typing import Any

import msgspec

from fundtui.clock import SystemClock
from fundtui.polling.excerpt import excerpts
from fundtui.polling.line import Line
from fundtui.venues.spec import Endpoint


class Row(msgspec.Struct, frozen=True):
    symbol: str
    rate: str


class Figures(msgspec.Struct, frozen=True):
    funding: float
    open: float | None = None


class Rows(msgspec.Struct, frozen=True):
    good: list[Any]
    rejected: int = 0


def said(value: Any, *names: str) -> list[dict[str, Any]]:
    line = Line(SystemClock(), "venue", Endpoint(name="rates", path="/", decode=bytes), 15.0)
    line.answered(value, 1.0, 1234)
    return [one.fields for one in excerpts([line], names)]


def test_the_row_of_a_list() -> None:
    rows = Rows([Row("BTCUSDT", "0.0001"), Row("ETHUSDT", "0.0002")])
    assert said(rows, "ETHUSDT") == [{"symbol": "ETHUSDT", "rate": "0.0002"}]
    assert said(rows, "XRPUSDT") == []


def test_by_key_and_by_the_venues_own_number() -> None:
    assert said({"BTC": Figures(0.01), "0": Figures(0.02)}, "ETH", "0") == [{"funding": 0.02}]


def test_a_pair_of_what_it_is_and_its_figures() -> None:
    pairs = [(Row("BTC", "x"), Figures(0.5, 2.0)), (Row("ETH", "y"), Figures(0.25))]
    assert said(Rows(pairs), "ETH") == [{"symbol": "ETH", "rate": "y", "funding": 0.25}]


def test_columns_beside_each_other() -> None:
    names = [Row("A", "1"), Row("B", "2"), Row("C", "3"), Row("D", "4")]
    figures = [Figures(1.0), Figures(2.0), Figures(3.0), Figures(4.0)]
    assert said([names, figures], "C") == [{"symbol": "C", "rate": "3", "funding": 3.0}]


def test_text_is_made_harmless_and_short() -> None:
    (fields,) = said([Row("BTC", "\x1b[2J" + "9" * 500)], "BTC")
    assert "\x1b" not in fields["rate"]
    assert len(fields["rate"]) <= 96


def test_an_endpoint_that_has_not_answered_says_nothing() -> None:
    line = Line(SystemClock(), "venue", Endpoint(name="rates", path="/", decode=bytes), 15.0)
    assert excerpts([line], ["BTC"]) == ()
