"""Palettes: read from themes/*.toml and the user's folder, turned into pens that draw."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from rich.style import Style

from fundtui.ui.glyphs import ASCII, UNICODE, Glyphs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.theme import Theme

DEFAULT_THEME = "dusk"
STEPS = 5
_COLOUR = re.compile(r"#[0-9a-f]{6}|default|(bright_)?(black|red|green|yellow|blue|magenta|cyan|white)")
_MAX_FILE_BYTES = 65_536

Ramp = Annotated[tuple[str, ...], msgspec.Meta(min_length=STEPS, max_length=STEPS)]


class Surfaces(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Background tones; `cursor` may be "reverse" for terminals whose colours we do not know."""

    header: str
    table: str
    panel: str
    cursor: str
    overlay: str


class Texts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Foregrounds from loud to quiet, and the one accent."""

    bright: str
    plain: str
    dim: str
    faint: str
    accent: str


class Signs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two hues in five steps each, from small to large: `up` for above zero (longs pay), `down` for below."""

    up: Ramp
    down: Ramp


class States(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Well, worth a look, trouble."""

    good: str
    warning: str
    critical: str


class Palette(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One theme file. `glyphs` may override single glyphs of the ladder."""

    name: str = ""
    title: str
    summary: str = ""
    dark: bool = True
    surface: Surfaces
    text: Texts
    sign: Signs
    heat: Signs
    state: States
    glyphs: dict[str, str] = {}


class ThemeError(Exception):
    """A theme file that cannot be used; the message names the file and what is wrong."""


class Pens:
    """Styles of one palette by (foreground role, surface), made once each. Without colour: bold, dim and reverse."""

    def __init__(self, palette: Palette, *, colour: bool = True, unicode: bool = True) -> None:
        self.palette = palette
        self.colour = colour
        self.unicode = unicode
        ladder = UNICODE if unicode else ASCII
        # A theme's own glyphs are a choice among Unicode ones; a terminal without them keeps the ASCII ladder.
        self.glyphs: Glyphs = msgspec.structs.replace(ladder, **palette.glyphs) if unicode else ladder
        self._foregrounds = _foregrounds(palette)
        self._backgrounds = _backgrounds(palette)
        self._styles: dict[tuple[str, str, bool], Style] = {}

    def __call__(self, role: str, surface: str = "table", *, bold: bool = False) -> Style:
        """The style of a role ("plain", "up3", "warning"…) on a surface ("header", "cursor", "heat-up2"…)."""
        key = (role, surface, bold)
        style = self._styles.get(key)
        if style is None:
            style = self._styles[key] = self._made(role, surface, bold=bold)
        return style

    def bold(self, role: str, surface: str = "table") -> Style:
        """The same, bold."""
        return self(role, surface, bold=True)

    def _made(self, role: str, surface: str, *, bold: bool) -> Style:
        background = self._backgrounds[surface]
        reverse = background == "reverse" or (not self.colour and surface == "cursor")
        if not self.colour:
            loud = bold or role in {"bright", "accent", "critical"}
            return Style(
                bold=loud or None, dim=(role in {"dim", "faint"} and not reverse) or None, reverse=reverse or None
            )
        foreground = self._foregrounds[role]
        if reverse:
            return Style(color="default", bgcolor="default", reverse=True, bold=bold or None)
        return Style(color=foreground, bgcolor=background, bold=bold or None)


def _foregrounds(palette: Palette) -> dict[str, str]:
    names = {**msgspec.structs.asdict(palette.text), **msgspec.structs.asdict(palette.state)}
    for step in range(STEPS):
        names[f"up{step}"] = palette.sign.up[step]
        names[f"down{step}"] = palette.sign.down[step]
    return names


def _backgrounds(palette: Palette) -> dict[str, str]:
    names: dict[str, str] = msgspec.structs.asdict(palette.surface)
    for step in range(STEPS):
        names[f"heat-up{step}"] = palette.heat.up[step]
        names[f"heat-down{step}"] = palette.heat.down[step]
    return names


def parse_palette(name: str, text: str) -> Palette:
    """A theme from its TOML text. Raises ThemeError with what is wrong in plain words."""
    try:
        fields = tomllib.loads(text)
        palette = msgspec.convert({**fields, "name": name}, Palette)
        msgspec.convert(palette.glyphs, dict[str, Annotated[str, msgspec.Meta(min_length=1, max_length=16)]])
        msgspec.structs.replace(UNICODE, **palette.glyphs)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, TypeError) as error:
        raise ThemeError(f"theme {name}: {error}") from error
    wrong = [colour for colour in _colours(fields) if not _COLOUR.fullmatch(colour)]
    if wrong:
        raise ThemeError(f"theme {name}: not a colour: {wrong[0]!r} (write #1d212b, default or a terminal colour)")
    return palette


def _colours(fields: dict[str, Any]) -> Iterable[str]:
    for table in ("surface", "text", "sign", "heat", "state"):
        for role, value in fields[table].items():
            if role == "cursor" and value == "reverse":
                continue
            yield from value if isinstance(value, list) else [value]


def shipped_folder() -> Path:
    """Where the themes are: package data in an installed wheel, `themes/` beside the package in a checkout."""
    packaged = Path(__file__).parents[1] / "themes"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "themes"


def load_theme(name: str, user_folder: Path | None = None) -> Palette:
    """The theme of that name, the user's own first. Raises ThemeError."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,40}", name):
        raise ThemeError(f"theme {name!r}: names are lower-case letters, digits, - and _")
    for folder in filter(None, (user_folder, shipped_folder())):
        file = folder / f"{name}.toml"
        if file.is_file():
            return parse_palette(name, _read(file))
    raise ThemeError(f"theme {name!r} not found; there are {', '.join(theme_names(user_folder))}")


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(_MAX_FILE_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ThemeError(f"theme {file.name}: {error}") from error


def theme_names(user_folder: Path | None = None) -> list[str]:
    """All themes there are, sorted, the default first."""
    names = {
        file.name.removesuffix(".toml")
        for folder in filter(None, (user_folder, shipped_folder()))
        if folder.is_dir()
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    }
    return sorted(names, key=lambda name: (name != DEFAULT_THEME, name))


def first_theme(name: str, *, few: bool) -> str:
    """The theme to begin with; with sixteen colours these are better chosen than rounded. few: there are no more."""
    return "terminal" if few and name == DEFAULT_THEME else name or DEFAULT_THEME


def textual_theme(palette: Palette) -> Theme:
    """The same palette for what Textual draws itself: the palette of commands, the prompt, toasts."""
    from textual.theme import BUILTIN_THEMES, Theme

    ansi = not palette.surface.table.startswith("#")

    def colour(value: str) -> str:
        return value if value.startswith("#") else f"ansi_{value}"

    surface, text, state = palette.surface, palette.text, palette.state
    return Theme(
        name=f"fundtui-{palette.name}",
        primary=colour(text.accent),
        secondary=colour(text.dim),
        accent=colour(text.accent),
        foreground=colour(text.plain),
        background=colour(surface.table),
        surface=colour(surface.overlay),
        panel=colour(surface.panel),
        boost=colour(surface.overlay),
        success=colour(state.good),
        warning=colour(state.warning),
        error=colour(state.critical),
        dark=palette.dark,
        ansi=ansi,
        variables=dict(BUILTIN_THEMES["ansi-dark"].variables) if ansi else {},
    )
