"""Takes settings over while the interface runs: lists, basis, colours, glyphs, mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fundtui.text import clean
from fundtui.ui.choices import Watchlist, watchlists

if TYPE_CHECKING:
    from fundtui.config.schema import Display, Settings
    from fundtui.ui.app import FundtuiApp

# Settings that decide how everything is drawn, and what the command line may have decided for them.
_LOOKS = ("theme", "glyphs", "color")
_OPTIONS = {"mouse": "mouse", "slow": "slow", "color": "colour", "glyphs": "unicode"}


def take_over(app: FundtuiApp, before: Settings) -> None:
    """Make the settings of now visible, where they differ from those of before."""
    old, new = before.display, app.settings.display
    _end_options(app, old, new)
    if new.rate_basis != old.rate_basis:
        app.choices.basis = new.rate_basis
    if new.lens != old.lens:
        app.choices.lens = new.lens
    if new.shared_scale != old.shared_scale:
        app.choices.shared_scale = new.shared_scale
    if any(getattr(new, field) != getattr(old, field) for field in _LOOKS):
        app.use_theme(new.theme)
    if new.mouse != old.mouse:
        app.use_mouse(new.mouse)
    _take_over_lists(app, watchlists(new, app.settings.watchlists))
    app.main.restyle()


def _end_options(app: FundtuiApp, old: Display, new: Display) -> None:
    """What was changed while running is newer than the command line."""
    for field, option in _OPTIONS.items():
        if getattr(new, field) != getattr(old, field):
            app.options = msgspec.structs.replace(app.options, **{option: None})


def _take_over_lists(app: FundtuiApp, lists: list[Watchlist]) -> None:
    """Other watchlists: the one that is shown stays, and with it the order that a person has given it."""
    shown = app.watchlists[app.choices.watchlist]
    app.watchlists[:] = lists
    number = next((place for place, each in enumerate(lists) if each.name == shown.name), 0)
    now = lists[number]
    same_order = (now.name, now.sort_key, now.descending) == (shown.name, shown.sort_key, shown.descending)
    app.main.use_watchlist(number, keep_order=same_order)


def new_warnings(app: FundtuiApp, known: tuple[str, ...]) -> tuple[str, ...]:
    """Say once what is ignored in state.toml; all that is ignored now."""
    warnings = app.source.configuration.warnings
    for warning in warnings:
        if warning not in known:
            app.say(clean(warning), "warning")
            break
    return warnings
