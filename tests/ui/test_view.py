"""Order, filter and cursor, without a screen."""

from __future__ import annotations

import numpy as np
import pytest

from fundtui.imbalance.catalogue import Level
from fundtui.query import QueryError, compile_query
from fundtui.ui.filtering import Filter
from fundtui.ui.frozen import frozen
from fundtui.ui.view import View
from tests.ui.market import FixedClock, Market


@pytest.fixture
def market() -> Market:
    return Market(8, clock=FixedClock())


def view_of(market: Market, key: str = "spread") -> View:
    view = View(market.table(Level.ASSET), key)
    view.refresh(0.0, changed=True)
    return view


def compile_filter(text: str) -> Filter:
    return Filter(text, lambda body: compile_query(body, Level.ASSET))


def test_missing_figures_sort_last_in_both_directions(market: Market) -> None:
    market.table(Level.ASSET).columns["spread"][[2, 5]] = np.nan
    view = view_of(market)
    assert set(view.order[-2:].tolist()) == {2, 5}
    view.sort_by("spread")
    view.refresh(0.0, changed=True)
    assert set(view.order[-2:].tolist()) == {2, 5}


def test_texts_sort_by_name_and_missing_ones_last(market: Market) -> None:
    table = market.table(Level.ASSET)
    table.columns["long"][0] = -1
    view = view_of(market, "long")
    view.sort_by("long")
    view.refresh(0.0, changed=True)
    names = [table.text("long", row) for row in view.order.tolist()]
    assert names[:-1] == sorted(names[:-1])
    assert names[-1] == ""


def test_equal_figures_keep_their_order(market: Market) -> None:
    market.table(Level.ASSET).columns["spread"][:8] = 1.0
    assert view_of(market).order.tolist() == list(range(8))


@pytest.mark.parametrize(
    ("text", "kept"),
    [("btc", {"BTC"}), ("!btc", {"ETH", "SOL", "WIF", "PEPE", "DOGE", "XRP", "ADA"}), ("E", {"ETH", "PEPE", "DOGE"}),
     ('asset = "SOL"', {"SOL"}), ("!asset in (BTC, ETH)", {"SOL", "WIF", "PEPE", "DOGE", "XRP", "ADA"}), ("", None)],
)  # fmt: skip
def test_filters(market: Market, text: str, kept: set[str] | None) -> None:
    table = market.table(Level.ASSET)
    mask = compile_filter(text).mask(table)
    names = {table.keys[row] for row in np.flatnonzero(mask).tolist()}
    assert names == (kept if kept is not None else set(table.keys))


def test_a_filter_looks_at_assets_that_came_later(market: Market) -> None:
    chosen = compile_filter("new")
    assert not chosen.mask(market.table(Level.ASSET)).any()
    market.add("NEW", 2)
    assert chosen.mask(market.table(Level.ASSET)).tolist() == [False] * 8 + [True]


def test_an_expression_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(QueryError):
        compile_filter("spread > nonsense")


def test_the_cursor_moves_with_its_asset_only_once_a_person_has_moved(market: Market) -> None:
    table = market.table(Level.ASSET)
    view = view_of(market)
    first = int(view.order[0])
    table.columns["spread"][first] = -1.0
    view.refresh(10.0, changed=True)
    assert view.cursor == 0
    assert view.row != first
    view.move_to(2, 10.0)
    chosen = view.row
    assert chosen is not None
    table.columns["spread"][chosen] = 99.0
    view.refresh(20.0, changed=True)
    assert view.row == chosen
    assert view.cursor == 0


def test_rows_are_ordered_at_most_once_a_second(market: Market) -> None:
    view = view_of(market)
    before = view.order.copy()
    market.table(Level.ASSET).columns["spread"][:8] *= -1
    assert not view.refresh(0.5, changed=True)
    assert (view.order == before).all()
    assert view.refresh(1.1, changed=True)


def test_a_frozen_table_does_not_follow(market: Market) -> None:
    table = market.table(Level.ASSET)
    held = frozen(table)
    before = float(held.columns["spread"][0])
    market.tick(1.0)
    market.add("LATER", 1)
    assert float(held.columns["spread"][0]) == before
    assert held.count == 8
    assert table.count == 9
