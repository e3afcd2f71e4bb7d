"""The settings screen: where each value comes from, changes that hold at once, and a file that is shown before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fundtui.ui.options import Options
from fundtui.ui.screens.settings import SettingsScreen
from fundtui.ui.screens.writeplan import WritePlan
from fundtui.units import Basis
from tests.ui.configured import configured
from tests.ui.pilot import Driven, driven

STATE = "[display]\nfps = 5\n"


def settings_screen(screen: Driven) -> SettingsScreen:
    shown = screen.app.screen
    assert isinstance(shown, SettingsScreen)
    return shown


def row(screen: Driven, key: str) -> Any:
    return next(each for each in settings_screen(screen).rows() if each.key == key)


async def choose(screen: Driven, key: str) -> None:
    """Open the screen, if it is not, and put the cursor on a setting."""
    if not isinstance(screen.app.screen, SettingsScreen):
        await screen.press("0")
    shown = settings_screen(screen).list
    shown.move([each.key for each in shown.rows].index(key))
    await screen.draw()


async def test_each_value_says_where_it_comes_from(tmp_path: Path) -> None:
    market = configured(
        tmp_path,
        '# mine\n[display]\ntheme = "paper"\nfps = 9\n[notify.ntfy]\nurl = "https://a.example/d"\ntoken = "s3cret"\n',
        state=STATE,
        environment={"FUNDTUI_DISPLAY__SORT": "-z"},
        flags={"display.rate_basis": "8h"},
    )
    async with driven(market, options=Options(slow=True), size=(200, 50)) as screen:
        await screen.press("0")
        assert "Settings" in screen.lines[0]
        keys = ("theme", "fps", "sort", "rate_basis", "slow")
        assert {key: row(screen, f"display.{key}").origin for key in keys} == {
            "theme": "config.toml:3",
            "fps": "state.toml:2",
            "sort": "FUNDTUI_DISPLAY__SORT",
            "rate_basis": "--rate-basis",
            "slow": "--slow",
        }
        assert row(screen, "display.slow").value == "true"
        assert row(screen, "display.mouse").origin == "default"
        assert "s3cret" not in screen.text
        await screen.press("slash", *"notify.ntfy", "enter")
        assert "s3cret" not in screen.text


@pytest.mark.parametrize("open_key", ["0", "comma"])
async def test_it_opens_by_key_and_the_changeable_ones_come_first(open_key: str) -> None:
    async with driven() as screen:
        await screen.press(open_key)
        first = settings_screen(screen).rows()
        assert first[0].key == "display.rate_basis"
        count = sum(each.here for each in first)
        assert all(each.here for each in first[:count])
        assert len(first) > 40


async def test_a_change_holds_at_once_and_is_written_nowhere(tmp_path: Path) -> None:
    async with driven(configured(tmp_path)) as screen:
        await choose(screen, "display.rate_basis")
        before = screen.app.choices.basis
        await screen.press("space")
        assert screen.app.choices.basis is not before
        assert row(screen, "display.rate_basis").origin == "not saved"
        assert "1 not saved" in screen.lines[0]
        await choose(screen, "display.theme")
        await screen.press("plus")
        assert screen.app.pens.palette.name != "dusk"
        await screen.press("minus")
        assert screen.app.pens.palette.name == "dusk"
        # Back where it was, it is no change any more.
        assert "1 not saved" in screen.lines[0]
        await choose(screen, "display.lens")
        await screen.press("enter")
        assert screen.app.choices.lens.value == "excess"
        await choose(screen, "display.fps")
        await screen.press("space")
        assert screen.app.frame_s == pytest.approx(1 / 15)
        await choose(screen, "display.glyphs")
        await screen.press("minus")
        assert "".join(screen.lines).isascii()
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


async def test_saving_shows_what_will_be_written_and_writes_after_a_yes(tmp_path: Path) -> None:
    own = '# my notes\n[display]\ntheme = "paper"\n'
    async with driven(configured(tmp_path, own, state=STATE)) as screen:
        await choose(screen, "display.fps")
        await screen.press("space")
        await choose(screen, "display.slow")
        await screen.press("space", "s")
        assert isinstance(screen.app.screen, WritePlan)
        for said in ("state.toml", "-fps = 5", "+fps = 10", "+slow = true", "config.toml stays as it is"):
            assert said in screen.text
        assert (tmp_path / "state.toml").read_text() == STATE
        await screen.press("escape")
        assert (tmp_path / "state.toml").read_text() == STATE
        assert "2 not saved" in screen.lines[0]
        await screen.press("s", "enter")
        assert (tmp_path / "state.toml").read_text() == "[display]\nfps = 10\nslow = true\n"
        assert "written to" in screen.lines[-1]
        screen.market.look()
        await screen.draw(2.0)
        assert "not saved" not in screen.lines[0]
        assert row(screen, "display.slow").origin == "state.toml:3"
        await screen.press("s")
        assert "nothing to save" in screen.lines[-1]
    assert (tmp_path / "config.toml").read_text() == own


async def test_a_file_that_changed_meanwhile_is_shown_anew(tmp_path: Path) -> None:
    async with driven(configured(tmp_path, state=STATE)) as screen:
        await choose(screen, "display.slow")
        await screen.press("space", "s")
        (tmp_path / "state.toml").write_text("[display]\nfps = 7\n")
        await screen.press("enter")
        assert isinstance(screen.app.screen, WritePlan)
        assert "fps = 7" in screen.text
        assert (tmp_path / "state.toml").read_text() == "[display]\nfps = 7\n"
        await screen.press("y")
        assert (tmp_path / "state.toml").read_text() == "[display]\nfps = 7\nslow = true\n"


async def test_undo_takes_back_a_change_and_what_is_saved(tmp_path: Path) -> None:
    async with driven(configured(tmp_path, "[display]\nfps = 20\n", state=STATE)) as screen:
        await choose(screen, "display.fps")
        await screen.press("space", "u")
        assert row(screen, "display.fps").value == "5"
        await screen.press("u")
        assert "-fps = 5" in screen.text
        await screen.press("enter")
        assert screen.app.settings.display.fps == 20
        screen.market.look()
        await screen.draw(2.0)
        assert row(screen, "display.fps").origin == "config.toml:2"
        await screen.press("u")
        assert "only what was changed on the screen" in screen.lines[-1]


async def test_what_a_variable_overrules_is_said_before_and_holds_until_the_end(tmp_path: Path) -> None:
    variable = {"FUNDTUI_DISPLAY__RATE_BASIS": "8h"}
    async with driven(configured(tmp_path, environment=variable)) as screen:
        await choose(screen, "display.rate_basis")
        await screen.press("space", "s")
        assert "overruled at the next start" in screen.text
        assert "FUNDTUI_DISPLAY__RATE_BASIS" in screen.text
        await screen.press("enter")
        assert screen.app.choices.basis is not Basis.EIGHT_HOURS
    async with driven(configured(tmp_path, environment=variable)) as screen:
        assert screen.app.choices.basis is Basis.EIGHT_HOURS


async def test_what_is_not_changed_here_says_so() -> None:
    async with driven() as screen:
        await choose(screen, "polling.timeout")
        await screen.press("space")
        assert "not here" in screen.lines[-1]
        await screen.press("enter")
        assert "whole time that one request may take" in screen.text
        await screen.press("escape")


async def test_an_order_is_typed_and_checked(tmp_path: Path) -> None:
    async with driven(configured(tmp_path)) as screen:
        await choose(screen, "display.sort")
        await screen.press("space", *["backspace"] * 10, *"sprad", "enter")
        assert "sprad" in screen.text
        await screen.press(*["backspace"] * 10, *"-z", "enter")
        assert screen.app.main.view.sort_key == "z"


async def test_a_broken_state_file_is_set_aside_after_it_was_said(tmp_path: Path) -> None:
    async with driven(configured(tmp_path, state="oh [")) as screen:
        await choose(screen, "display.slow")
        await screen.press("space", "s")
        assert "kept as state.toml.broken-1" in screen.text
        assert (tmp_path / "state.toml").read_text() == "oh ["
        await screen.press("enter")
        assert (tmp_path / "state.toml.broken-1").read_text() == "oh ["
        assert (tmp_path / "state.toml").read_text() == "[display]\nslow = true\n"


async def test_an_edit_of_the_file_ends_a_draft_of_the_same_setting(tmp_path: Path) -> None:
    async with driven(configured(tmp_path, "[display]\nfps = 20\n")) as screen:
        await choose(screen, "display.fps")
        await screen.press("space")
        assert screen.app.settings.display.fps == 30
        path = tmp_path / "config.toml"
        path.write_text("[display]\nfps = 8  # calm\n")
        screen.market.look()
        await screen.pilot.pause(0.3)
        assert screen.app.settings.display.fps == 8
        assert screen.app.preferences.drafts == {}


async def test_the_mouse_changes_and_writes(tmp_path: Path) -> None:
    async with driven(configured(tmp_path)) as screen:
        await screen.press("0")
        shown = settings_screen(screen)
        place = [each.key for each in shown.list.rows].index("display.slow")
        await screen.pilot.click(shown.list, offset=(6, place + 1), times=2)
        await screen.draw()
        assert screen.app.settings.display.slow
        await screen.press("s")
        line = next(y for y, text in enumerate(screen.lines) if "Enter write" in text)
        await screen.pilot.click(offset=(screen.lines[line].index("write nothing"), line))
        await screen.draw()
        assert not (tmp_path / "state.toml").exists()
        await screen.press("s")
        await screen.pilot.click(offset=(screen.lines[line].index("Enter write"), line))
        await screen.draw()
        assert (tmp_path / "state.toml").read_text() == "[display]\nslow = true\n"
