"""Making, changing and deleting watchlists on the screen, and what is left of it after a restart."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from fundtui.ui.screens.ask import Ask
from fundtui.ui.screens.listpicker import ListPicker
from tests.ui.configured import configured
from tests.ui.hostile import HOSTILE
from tests.ui.pilot import Driven, driven

OWN = '# my lists\n[watchlists.majors]\nassets = ["BTC", "ETH"]\n\n[watchlists.loud]\nwhere = "spread > 100%"\n'


def state(folder: Path) -> dict[str, Any]:
    path = folder / "state.toml"
    return tomllib.loads(path.read_text()) if path.exists() else {}


def names(screen: Driven) -> list[str]:
    return [each.name for each in screen.app.watchlists]


async def answer(screen: Driven, text: str) -> None:
    """Type an answer in place of the one that is offered, and send it."""
    assert isinstance(screen.app.screen, Ask)
    await screen.press("ctrl+u", "end", *["backspace"] * 40, *text, "enter")


async def test_one_key_makes_a_list_where_there_is_none(tmp_path: Path) -> None:
    async with driven(configured(tmp_path)) as screen:
        first = screen.selected
        await screen.press("plus")
        assert "favourites" in screen.text
        await screen.press("enter")
        assert state(tmp_path) == {"watchlists": {"favourites": {"assets": [first]}}}
        assert f"favourites made with {first}" in screen.lines[-1]
        await screen.press("j", "plus")
        second = screen.selected
        assert f"{second} added to favourites" in screen.lines[-1]
        await screen.press("tab")
        assert set(screen.assets) == {first, second}
    async with driven(configured(tmp_path)) as screen:
        await screen.press("tab")
        assert "favourites 2/2" in screen.lines[0]
        assert set(screen.assets) == {first, second}


async def test_one_key_takes_an_asset_out_and_never_the_last(tmp_path: Path) -> None:
    async with driven(configured(tmp_path, OWN)) as screen:
        await screen.press("tab")
        gone = screen.selected
        await screen.press("minus")
        assert f"{gone} taken out of majors" in screen.lines[-1]
        assert "config.toml stays as it is" in screen.lines[-1]
        assert screen.assets == [asset for asset in ("BTC", "ETH") if asset != gone]
        await screen.press("minus")
        assert "the last one in majors" in screen.lines[-1]
        assert len(state(tmp_path)["watchlists"]["majors"]["assets"]) == 1
    assert (tmp_path / "config.toml").read_text() == OWN


async def test_what_the_file_says_anyway_is_not_kept_beside_it(tmp_path: Path) -> None:
    async with driven(configured(tmp_path, OWN)) as screen:
        await screen.press("slash", *"asset = SOL", "enter", "tab", "shift+tab", "plus")
        assert state(tmp_path)["watchlists"]["majors"]["assets"] == ["BTC", "ETH", "SOL"]
        await screen.press("minus")
        assert state(tmp_path) == {}


async def test_what_a_query_finds_is_not_taken_out(tmp_path: Path) -> None:
    async with driven(configured(tmp_path, OWN)) as screen:
        await screen.press("tab", "tab", "minus")
        assert "its query finds it, spread > 100%" in screen.lines[-1]
        await screen.press("plus")
        assert state(tmp_path)["watchlists"]["loud"]["assets"] == [screen.selected]
        await screen.press("minus")
        assert "taken out of loud" in screen.lines[-1]


async def test_the_order_that_a_person_gave_stays_when_a_list_changes(tmp_path: Path) -> None:
    async with driven(configured(tmp_path, OWN)) as screen:
        await screen.press(*["h"] * 9, "less_than_sign")
        assert "asset▴" in screen.lines[1]
        await screen.press("plus")
        assert "asset▴" in screen.lines[1]
        market = screen.market
        market.look()
        await screen.pilot.pause(0.3)
        assert "asset▴" in screen.lines[1]


async def test_lists_are_shown_made_renamed_and_deleted(tmp_path: Path) -> None:
    async with driven(configured(tmp_path, OWN)) as screen:
        asset = screen.selected
        await screen.press("W")
        assert isinstance(screen.app.screen, ListPicker)
        assert "every asset" in screen.text
        await screen.press("n")
        await answer(screen, "desk")
        assert names(screen) == ["all", "majors", "loud", "desk"]
        await screen.press("G", "r")
        await answer(screen, "night-desk")
        assert names(screen) == ["all", "majors", "loud", "night-desk"]
        assert state(tmp_path)["watchlists"] == {"night-desk": {"assets": [asset]}}
        await screen.press("G", "enter")
        assert "night-desk 4/4" in screen.lines[0]
        await screen.press("W", "d")
        assert "delete night-desk?" in screen.text
        await screen.press("n")
        assert names(screen)[-1] == "night-desk"
        await screen.press("d", "y")
        assert names(screen) == ["all", "majors", "loud"]
        assert state(tmp_path) == {}
        await screen.press("escape")
        assert "all 1/3" in screen.lines[0]


async def test_a_list_of_the_file_is_hidden_or_copied_but_never_touched(tmp_path: Path) -> None:
    async with driven(configured(tmp_path, OWN)) as screen:
        await screen.press("W", "j", "r")
        await answer(screen, "big")
        assert names(screen) == ["all", "loud", "big"]
        assert screen.app.settings.watchlists["big"].assets == ("BTC", "ETH")
        await screen.press("g", "j", "d", "y")
        assert names(screen) == ["all", "big"]
        assert "config.toml, which is yours" in screen.text
    assert (tmp_path / "config.toml").read_text() == OWN
    async with driven(configured(tmp_path)) as screen:
        assert names(screen) == ["all", "big"]
        # The name is free again; a list that is made anew has nothing of the old one.
        await screen.press("W", "n")
        await answer(screen, "loud")
        assert set(names(screen)) == {"all", "big", "loud"}
        assert screen.app.settings.watchlists["loud"].where == ""


async def test_a_list_that_a_rule_looks_at_is_hidden_so_that_the_rule_works_on(tmp_path: Path) -> None:
    rule = '[alerts.mine]\nwhen = "spread > 25%"\nonly = "mine"\n'
    made = '[watchlists.mine]\nassets = ["BTC"]\n'
    async with driven(configured(tmp_path, rule, state=made)) as screen:
        await screen.press("W", "j", "d", "y")
        assert "alert rule mine looks at it" in screen.text
        assert names(screen) == ["all"]
    async with driven(configured(tmp_path)) as screen:
        assert screen.app.settings.alerts.rules["mine"].only == "mine"


async def test_the_first_list_of_the_settings_follows_a_new_name(tmp_path: Path) -> None:
    made = '[display]\nwatchlist = "mine"\n\n[watchlists.mine]\nassets = ["BTC"]\n'
    async with driven(configured(tmp_path, state=made)) as screen:
        assert "mine 2/2" in screen.lines[0]
        await screen.press("W", "r")
        await answer(screen, "ours")
        await screen.press("escape")
        assert "ours 2/2" in screen.lines[0]
    async with driven(configured(tmp_path)) as screen:
        assert "ours 2/2" in screen.lines[0]
        await screen.press("W", "d", "y", "escape")
        assert "watchlist" not in state(tmp_path).get("watchlists", {})
    async with driven(configured(tmp_path)) as screen:
        assert names(screen) == ["all"]


async def test_space_puts_the_selected_asset_in_and_takes_it_out(tmp_path: Path) -> None:
    async with driven(configured(tmp_path, OWN)) as screen:
        await screen.press("slash", *"asset = SOL", "enter", "W", "j", "space")
        assert "SOL added to majors" in screen.text
        await screen.press("space")
        assert "SOL taken out of majors" in screen.text
        await screen.press("g", "space")
        assert "it is everything" in screen.text
        await screen.press("d")
        assert "it is everything" in screen.text


@pytest.mark.parametrize("name", ["", "  ", "all", "ALL", "majors", "Majors", "a b", "a.b", "[x]", "a" * 33, "-x", "é"])
async def test_names_that_cannot_be_are_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    async with driven(configured(tmp_path, OWN)) as screen:
        await screen.press("W", "n")
        await answer(screen, name)
        assert isinstance(screen.app.screen, Ask)
        assert "names are made of" in screen.text or "there is a list of that name" in screen.text
        await screen.press("escape")
        assert names(screen) == ["all", "majors", "loud"]
    assert state(tmp_path) == {}


async def test_hostile_names_are_refused() -> None:
    from fundtui.ui.lists import wrong_name

    async with driven() as screen:
        assert all(wrong_name(screen.app.settings, name) for name in HOSTILE)


async def test_the_mouse_ticks_opens_and_presses_the_keys_below(tmp_path: Path) -> None:
    async with driven(configured(tmp_path, OWN)) as screen:
        await screen.press("slash", *"asset = SOL", "enter", "W")
        picker = screen.app.screen
        assert isinstance(picker, ListPicker)
        top = len(picker.list.head)
        await screen.pilot.click(picker.list, offset=(3, top + 1))
        await screen.draw()
        assert screen.app.settings.watchlists["majors"].assets == ("BTC", "ETH", "SOL")
        line = next(y for y, text in enumerate(screen.lines) if "rename" in text and "delete" in text)
        x = screen.lines[line].index("delete") - picker.list.region.x
        await screen.pilot.click(picker.list, offset=(x, line - picker.list.region.y))
        await screen.draw()
        assert picker.doomed == "majors"
        await screen.press("escape")
        assert picker.doomed == ""
        await screen.pilot.click(picker.list, offset=(12, top + 2), times=2)
        await screen.draw()
        assert screen.app.screen is screen.app.main
        assert "loud 3/3" in screen.lines[0]


async def test_without_any_asset_nothing_breaks() -> None:
    from tests.ui.market import FixedClock, Market

    async with driven(Market(0, clock=FixedClock())) as screen:
        await screen.press("plus", "minus")
        assert "no asset is selected" in screen.lines[-1]
        await screen.press("W", "n")
        assert "no asset is selected" in screen.text
        await screen.press("space", "escape")
        assert screen.app.screen is screen.app.main
