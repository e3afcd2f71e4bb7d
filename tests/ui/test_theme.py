"""Themes: what ships is sound, what a user writes is checked, and nothing depends on colour alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fundtui.config.schema import Color, Display, Glyphs
from fundtui.ui.glyphs import ASCII, terminal_has_unicode
from fundtui.ui.options import Options, terminal_means
from fundtui.ui.theme import Pens, ThemeError, load_theme, parse_palette, shipped_folder, textual_theme, theme_names

SHIPPED = ["dusk", "contrast", "paper", "shore", "terminal", "tide"]


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_six_themes_ship_and_the_default_comes_first() -> None:
    assert theme_names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_theme_can_be_used(name: str) -> None:
    palette = load_theme(name)
    pens = Pens(palette)
    for role in "bright plain dim faint accent good warning critical up0 up4 down0 down4".split():
        for surface in ("header", "table", "panel", "cursor", "overlay", "heat-up0", "heat-down4"):
            assert pens(role, surface) is pens(role, surface)
    assert textual_theme(palette).dark is palette.dark


@pytest.mark.parametrize("name", [name for name in SHIPPED if name != "terminal"])
def test_text_is_readable_on_every_surface(name: str) -> None:
    palette = load_theme(name)
    surfaces = [palette.surface.header, palette.surface.table, palette.surface.panel, palette.surface.cursor]
    least = 7.0 if name == "contrast" else 4.5
    for surface in surfaces:
        assert contrast(palette.text.plain, surface) >= least
        assert contrast(palette.text.bright, surface) >= least
        assert contrast(palette.text.dim, surface) >= (4.5 if name == "contrast" else 2.9)
        for colour in (*palette.sign.up, *palette.sign.down, palette.state.warning, palette.state.critical):
            assert contrast(colour, surface) >= 2.9


@pytest.mark.parametrize("name", ["tide", "shore"])
def test_the_colour_blind_themes_tell_signs_apart_by_blue_against_orange(name: str) -> None:
    palette = load_theme(name)
    for up, down in zip(palette.sign.up, palette.sign.down, strict=True):
        # Red-green blindness leaves blue against yellow: the blue channel has to decide.
        assert int(up[5:7], 16) - int(up[1:3], 16) > 0
        assert int(down[1:3], 16) - int(down[5:7], 16) > 0


def test_a_user_theme_wins_and_may_change_single_glyphs(tmp_path: Path) -> None:
    text = (shipped_folder() / "paper.toml").read_text() + '\n[glyphs]\npin = "x"\n'
    (tmp_path / "mine.toml").write_text(text)
    (tmp_path / "dusk.toml").write_text(text.replace("Paper", "Mine"))
    assert Pens(load_theme("mine", tmp_path)).glyphs.pin == "x"
    assert load_theme("dusk", tmp_path).title == "Mine"
    assert "mine" in theme_names(tmp_path)
    assert Pens(load_theme("mine", tmp_path), unicode=False).glyphs == ASCII


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("#1d212b", "blueish"), "not a colour: 'blueish'"),
        (('accent = "#e0b070"', ""), "missing required field"),
        (("[state]", "[stat]"), "unknown field `stat`"),
        (('title = "Dusk"', "title = "), "theme mine"),
        (('"#6d8b7e", ', ""), "length"),
    ],
)
def test_what_is_wrong_with_a_theme_is_said(change: tuple[str, str], said: str) -> None:
    text = (shipped_folder() / "dusk.toml").read_text().replace(*change)
    with pytest.raises(ThemeError, match="theme mine") as error:
        parse_palette("mine", text)
    assert said in str(error.value)


@pytest.mark.parametrize("name", ["../../etc/passwd", "No Such", "absent"])
def test_a_theme_that_is_not_there_names_those_that_are(name: str) -> None:
    with pytest.raises(ThemeError):
        load_theme(name)


@pytest.mark.parametrize(
    ("environment", "unicode"),
    [
        ({"LANG": "en_US.UTF-8", "TERM": "xterm"}, True), ({"TERM": "xterm"}, True),
        ({"LC_ALL": "C", "LANG": "x.UTF-8"}, False),
        ({"LANG": "C.utf8", "TERM": "dumb"}, False), ({"LANG": "de_DE.ISO-8859-1"}, False), ({"TERM": "vt100"}, False),
    ],
)  # fmt: skip
def test_unicode_is_used_where_the_terminal_has_it(environment: dict[str, str], unicode: bool) -> None:
    assert terminal_has_unicode(environment) is unicode


@pytest.mark.parametrize(
    ("settings", "options", "means"),
    [
        ({}, {}, (True, True)),
        ({"color": Color.NEVER, "glyphs": Glyphs.ASCII}, {}, (False, False)),
        ({"glyphs": Glyphs.ASCII}, {"unicode": True, "colour": False}, (False, True)),
    ],
)
def test_the_command_line_decides_before_the_settings(
    settings: dict[str, Any], options: dict[str, Any], means: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert terminal_means(Display(**settings), Options(**options)) == means


def test_a_dumb_terminal_gets_neither_colour_nor_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert terminal_means(Display(), Options()) == (False, False)
