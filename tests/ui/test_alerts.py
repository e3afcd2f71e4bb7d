"""The screen of alerts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from fundtui.alerts.book import Standing
from fundtui.alerts.records import Silence
from fundtui.ui.alertlist import Section, alert_row, silence_of, silence_row
from fundtui.ui.screens.alerts import literal
from tests.ui import rich_market
from tests.ui.market import START_MS, Market
from tests.ui.pilot import Driven, driven

MINUTE_MS = 60_000


def states(screen: Driven) -> Sequence[str]:
    return [line[2:].split()[1] for line in screen.lines[2:8]]


async def test_firing_on_top_then_pending_muted_silences_dead_letters_and_what_is_over() -> None:
    async with driven(rich_market.market(), size=(120, 40)) as screen:
        await screen.press("6")
        assert states(screen) == ["firing", "pending", "muted", "silence", "not", "over"]
        firing = screen.lines[2]
        assert firing.startswith("▌ ▲ firing")
        assert "wide-spread" in firing
        assert "WIF" in firing
        assert " 5m " in firing


async def test_pending_has_a_bar_of_its_wait_and_when_it_fires() -> None:
    async with driven(rich_market.market(), size=(120, 40)) as screen:
        await screen.press("6")
        # One minute of five has passed: an eighth-and-a-half of eight cells rounds to two; four minutes are left.
        assert "██······ 00:04" in screen.lines[3]


def test_times_by_hand() -> None:
    market = rich_market.market()
    firing, pending, muted, over = market.desk.rows
    assert alert_row(pending, 300.0, 1.0).share_at(START_MS) == pytest.approx(0.2)
    assert alert_row(pending, 300.0, 1.0).until_ms == START_MS + 4 * MINUTE_MS
    assert alert_row(pending, 0.0, 1.0).share_at(START_MS) == 1.0
    assert alert_row(firing, 300.0, 77.0).until_ms == 77.0
    held = alert_row(muted, 300.0, 1.0, silence_of(muted, market.desk.silences, START_MS))
    assert (held.section, held.until_ms) == (Section.SILENCED, START_MS + 60 * MINUTE_MS)
    ended = alert_row(over, 300.0, 1.0)
    assert ended.section is Section.OVER
    later = Silence(id="w", from_ms=START_MS + 1, until_ms=START_MS + 2, reason="window", venue="okx")
    assert silence_row(later, START_MS).text == "begins later, venue=okx: window"


async def test_only_rows_of_what_changed_are_made_anew() -> None:
    market = rich_market.market()
    async with driven(market) as screen:
        await screen.press("6")
        before = {row.key: row for row in screen.app.screen.list.rows}  # type: ignore[attr-defined]
        # The same alerts once more, as new objects, but for one that is recovering now.
        market.desk.rows = [msgspec.structs.replace(each) for each in market.desk.rows]
        market.desk.rows[0] = msgspec.structs.replace(market.desk.rows[0], recovering=True)
        await screen.draw(1.0)
        after = {row.key: row for row in screen.app.screen.list.rows}  # type: ignore[attr-defined]
        assert [key for key in before if after[key] is not before[key]] == [f"alert {market.desk.rows[0].id}"]
        assert "ending" in screen.lines[2]


async def test_acknowledging_what_fires_and_nothing_else() -> None:
    market = rich_market.market()
    async with driven(market) as screen:
        await screen.press("6", "a")
        await screen.pilot.pause()
        assert market.desk.asked == [("acknowledge", "f1")]
        assert "wide-spread WIF acknowledged" in screen.lines[-1]
        market.desk.rows[0] = msgspec.structs.replace(market.desk.rows[0], acknowledged_ms=START_MS)
        await screen.draw(4.0)
        assert "▲ firing ack" in screen.text
        await screen.press("j", "a")
        assert "only what fires can be acknowledged" in screen.lines[-1]
        await screen.press("j", "j", "j", "a")
        await screen.pilot.pause()
        assert market.desk.asked[-1] == ("see",)


async def test_silencing_asks_for_how_long_and_why() -> None:
    market = rich_market.market()
    async with driven(market) as screen:
        await screen.press("6", "s")
        assert "Silence how long? wide-spread, WIF" in screen.text
        await screen.press("ctrl+u", *"4x", "enter")
        assert "not a duration" in screen.text
        await screen.press("ctrl+u", *"4h known listing", "enter")
        await screen.pilot.pause()
        await screen.draw()
        assert market.desk.asked == [("silence", START_MS + 4 * 3_600_000, "known listing", "wide-spread", "WIF")]
        assert "silenced for 4h" in screen.lines[-1]


async def test_giving_up_silences_nothing() -> None:
    market = rich_market.market()
    async with driven(market) as screen:
        await screen.press("6", "s", "escape")
        await screen.pilot.pause()
        assert market.desk.asked == []


async def test_ending_a_silence_from_either_row() -> None:
    market = rich_market.market()
    async with driven(market) as screen:
        await screen.press("6", "u")
        assert "no silence holds this" in screen.lines[-1]
        await screen.press("j", "j", "u")
        await screen.pilot.pause()
        await screen.press("j", "u")
        await screen.pilot.pause()
        assert market.desk.asked == [("lift", "q1"), ("lift", "q1")]


async def test_what_could_not_be_kept_is_said() -> None:
    market = rich_market.market()
    market.desk.error = OSError("disk full")
    async with driven(market) as screen:
        await screen.press("6", "a")
        await screen.pilot.pause()
        assert "not kept: disk full" in screen.lines[-1]


async def test_why_shows_the_rule_term_by_term() -> None:
    async with driven(rich_market.market(), size=(80, 24)) as screen:
        await screen.press("6", "enter")
        for said in ("when   spread > 25%", "clear  spread < 20%", "for 5m, keeps firing 1m, until the settlement",
                     "yes  spread > 25%", "now +212.7%", "told   ntfy  14:12:20 UTC"):  # fmt: skip
            assert said in screen.text


async def test_an_alert_that_ends_while_one_looks_does_no_harm() -> None:
    market = rich_market.market()
    async with driven(market) as screen:
        await screen.press("6", "enter")
        market.desk.why.clear()
        market.desk.rows.clear()
        await screen.draw(4.0)
        await screen.press("escape")
        await screen.draw(4.0)
        assert "silence" in screen.text


async def test_to_the_subject() -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press("6", "j", "o")
        assert type(screen.app.screen).__name__ == "AssetScreen"
        await screen.press("escape", "j", "o")
        assert "Venues" in screen.lines[0]


async def test_filters_and_an_empty_screen() -> None:
    market: Market = rich_market.market()
    async with driven(market) as screen:
        await screen.press("6", "slash", *"state:firing", "enter")
        assert "1/6" in screen.lines[0]
        await screen.press("escape")
        market.desk.rows, market.desk.silences, market.desk.letters = [], [], []
        await screen.draw(4.0)
        assert "nothing fires, nothing is pending" in screen.text


async def test_trouble_with_alerts_is_in_the_header() -> None:
    market = rich_market.market()
    market.alert_problem = "disk full"
    async with driven(market) as screen:
        await screen.press("6")
        assert "disk full" in screen.lines[0]


def test_a_pattern_of_a_name_matches_that_name_alone() -> None:
    silence = Silence(id="x", from_ms=0, until_ms=10, reason="", subject=literal("A*[1]"))
    alert = rich_market.market().desk.rows[0]

    def named(key: str) -> bool:
        subject = msgspec.structs.replace(alert.subject, key=key)
        return silence.matches(msgspec.structs.replace(alert, subject=subject, standing=Standing.FIRING), 5)  # type: ignore[arg-type]

    assert named("A*[1]")
    assert not named("AB1")
