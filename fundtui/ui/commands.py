"""The palette of commands: every key as a command, and every theme and watchlist by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand

from fundtui.ui import screen_keys
from fundtui.ui.keys import KEYS
from fundtui.ui.screens.whole import WholeScreen
from fundtui.ui.theme import theme_names

if TYPE_CHECKING:
    from textual.screen import Screen

    from fundtui.ui.app import FundtuiApp


def commands(app: FundtuiApp, screen: Screen[Any]) -> Iterator[SystemCommand]:
    """All commands, in the order of the keys: those of the screen that is seen first."""
    if isinstance(screen, WholeScreen):
        for key in screen_keys.OWN.get(screen.NAME, ()):
            yield SystemCommand(key.help.rstrip("."), f"key {key.shown}", partial(app.run_action, key.action, screen))
    for key in KEYS:
        if key.action == "app.command_palette" or key.group == "Move":
            continue
        run = partial(run_key, app, screen, key.action)
        yield SystemCommand(key.help.rstrip("."), f"key {key.shown}", run)
    for name in theme_names(app.options.theme_folder):
        yield SystemCommand(f"theme: {name}", "colours and glyphs", partial(app.choose_theme, name))
    for number, watchlist in enumerate(app.watchlists):
        yield SystemCommand(f"watchlist: {watchlist.name}", "show this list", partial(app.show_watchlist, number))


async def run_key(app: FundtuiApp, screen: Screen[Any], action: str) -> None:
    """Do what a key of the seen screen does; what it cannot do is done by the main screen."""
    own = isinstance(screen, WholeScreen) and hasattr(screen, f"action_{action.partition('(')[0]}")
    await app.run_action(action, screen if own else app.main)
