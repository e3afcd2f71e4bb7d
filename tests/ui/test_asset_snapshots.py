"""The views about one asset at three sizes in two themes against reviewed pictures in text (see test_snapshots)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fundtui.ui.charts.views import View
from tests.ui.test_asset import asset_screen, made_market, opened, pressed
from tests.ui.test_snapshots import SIZES, colours, palette_of

FOLDER = Path(__file__).parent / "snapshots" / "asset"


@pytest.mark.parametrize("view", View, ids=lambda view: view.value)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_view_looks_as_reviewed(view: View, size: tuple[int, int]) -> None:
    async with opened(size=size, market=made_market()) as screen:
        asset_screen(screen).show_view(view)
        await pressed(screen, "left", "left")
        text = screen.text + "\n"
        assert colours(screen) <= palette_of("dusk")
        screen.app.use_theme("paper")
        await pressed(screen)
        assert screen.text + "\n" == text
        assert colours(screen) <= palette_of("paper")
    path = FOLDER / f"{view.value}-{size[0]}x{size[1]}.txt"
    if os.environ.get("FUNDTUI_SNAPSHOTS") == "write":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_there_is_no_picture_of_a_view_that_is_gone() -> None:
    wanted = {f"{view.value}-{width}x{height}.txt" for view in View for width, height in SIZES}
    assert {path.name for path in FOLDER.glob("*.txt")} == wanted
