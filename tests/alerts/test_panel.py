"""The panel keeps the rows of alerts that stay as they are, and shows each change of the others."""

from __future__ import annotations

import pytest

from fundtui.alerts.book import Standing
from fundtui.alerts.panel import PART, Panel
from fundtui.alerts.records import Silence
from fundtui.config.schema import AlertRule
from fundtui.imbalance.catalogue import Level
from tests.alerts.toys import HOURS_PER_YEAR, Market, settings

RULE = {"hot": AlertRule(when="apr > 50%", level=Level.INSTRUMENT)}


@pytest.fixture
def market() -> Market:
    made = Market(settings(RULE))
    for asset in ("AAA", "BBB"):
        heat(made, asset, 0.6)
    made.take()
    return made


def heat(market: Market, asset: str, apr: float) -> None:
    market.set(Level.INSTRUMENT, f"okx {asset}", venue="okx", asset=asset, apr=apr / HOURS_PER_YEAR)


def look(panel: Panel, market: Market) -> dict[str, tuple[Standing, bool]]:
    panel.look(market.room.alerts(), market.room.records, market.now_ms)
    return {row.subject.asset: (row.standing, row.acknowledged_ms is not None) for row in panel.rows}


def test_what_stays_as_it_is_keeps_its_row(market: Market) -> None:
    panel = Panel()
    assert look(panel, market) == {"AAA": (Standing.FIRING, False), "BBB": (Standing.FIRING, False)}
    before = {row.subject.asset: row for row in panel.rows}
    name = before["AAA"].id
    market.room.acknowledge(name, market.now_ms)
    assert look(panel, market) == {"AAA": (Standing.FIRING, True), "BBB": (Standing.FIRING, False)}
    assert next(row for row in panel.rows if row.subject.asset == "BBB") is before["BBB"]


def test_a_silence_shows_at_once_and_its_end_too(market: Market) -> None:
    panel = Panel()
    look(panel, market)
    now_ms = market.now_ms
    market.room.silence(Silence(id="s", from_ms=now_ms, until_ms=now_ms + 5000, reason="works", asset="AAA"))
    assert look(panel, market) == {"BBB": (Standing.FIRING, False), "AAA": (Standing.SILENCED, False)}
    assert panel.rows[-1].muted == "silenced: works"
    assert (panel.counts.firing, panel.counts.silenced) == (1, 1)
    market.now_s += 6
    assert look(panel, market)["AAA"] == (Standing.FIRING, False)


def test_an_end_takes_the_place_of_what_fired(market: Market) -> None:
    panel = Panel()
    look(panel, market)
    market.now_s += 61
    heat(market, "AAA", 0.1)
    change = market.take()
    panel.look(market.room.alerts(), market.room.records, market.now_ms, change.transitions)
    assert [(row.subject.asset, row.standing) for row in panel.rows] == [
        ("BBB", Standing.FIRING),
        ("AAA", Standing.OVER),
    ]
    heat(market, "AAA", 0.9)
    again = market.take()
    panel.look(market.room.alerts(), market.room.records, market.now_ms, again.transitions)
    assert {row.standing for row in panel.rows} == {Standing.FIRING}


def test_very_many_rows_are_made_in_turns(market: Market) -> None:
    for number in range(PART):
        heat(market, f"C{number}", 0.6)
    market.take()
    # The rule follows five hundred subjects; two of them were there before.
    looking = Panel()
    turns = list(looking.looking(market.room.alerts(), market.room.records, market.now_ms))
    assert len(turns) > 2
    assert len(looking.rows) == PART
