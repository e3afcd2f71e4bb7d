"""The word at the very first start: it takes no key away, and never comes again."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from fundtui.ui.widgets.greeting import WIDTH
from tests.ui.configured import configured
from tests.ui.market import Market
from tests.ui.pilot import driven

SAID = "Any key closes this"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default place of settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "fundtui").mkdir()
    return tmp_path / "fundtui"


def first_start(folder: Path, **more: object) -> Market:
    return configured(folder, **more, absent=True)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_it_says_what_is_shown_five_keys_and_where_settings_go(folder: Path, size: tuple[int, int]) -> None:
    async with driven(first_start(folder), size=size) as screen:
        for word in ("One row is one asset", "Enter", "?", "1-9", "config.toml", SAID):
            assert word in screen.text
        # The table is there, behind it.
        assert screen.app.main.table.has_focus
        assert "spread▾" in screen.lines[1]


async def test_any_key_closes_it_and_does_what_it_does(folder: Path) -> None:
    async with driven(first_start(folder)) as screen:
        first = screen.selected
        await screen.press("j")
        assert SAID not in screen.text
        assert screen.selected != first
        assert tomllib.loads((folder / "state.toml").read_text()) == {"display": {"welcome": False}}
    async with driven(first_start(folder)) as screen:
        assert SAID not in screen.text


async def test_a_click_closes_it_too_and_selects(folder: Path) -> None:
    async with driven(first_start(folder)) as screen:
        await screen.pilot.click(offset=(5, 4))
        await screen.draw()
        assert SAID not in screen.text
        assert screen.app.main.view.cursor == 2


async def test_it_keeps_to_the_middle_and_out_of_small_screens(folder: Path) -> None:
    async with driven(first_start(folder)) as screen:
        await screen.pilot.resize_terminal(60, 14)
        await screen.draw()
        assert SAID not in screen.text
        await screen.pilot.resize_terminal(90, 30)
        await screen.draw()
        line = next(text for text in screen.lines if SAID in text)
        assert line.index(SAID) == (90 - WIDTH) // 2 + 2
    # Nobody has seen all of it before the end, but nobody has pressed a key either.
    async with driven(first_start(folder)) as screen:
        assert SAID in screen.text


@pytest.mark.parametrize(
    "more", [{"state": "[display]\nfps = 5\n"}, {"environment": {"FUNDTUI_DISPLAY__WELCOME": "false"}}]
)
async def test_who_has_settings_is_not_greeted(folder: Path, more: dict[str, object]) -> None:
    async with driven(first_start(folder, **more)) as screen:
        assert SAID not in screen.text


async def test_a_configuration_is_no_first_start(folder: Path) -> None:
    async with driven(configured(folder, "# mine\n")) as screen:
        assert SAID not in screen.text
