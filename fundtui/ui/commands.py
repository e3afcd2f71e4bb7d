"""The palette of commands: every key as a command, and every theme and watchlist by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from fundtui.ui.keys import KEYS
from fundtui.ui.theme import theme_names

if TYPE_CHECKING:
    from fundtui.ui.app import FundtuiApp


def commands(app: FundtuiApp) -> Iterator[SystemCommand]:
    """All commands, in the order of the keys."""
    for key in KEYS:
        if key.action == "app.command_palette" or key.group == "Move":
            continue
        yield SystemCommand(f"{key.help.rstrip('.')}", f"key {key.shown}", partial(app.run_main_action, key.action))
    for name in theme_names(app.options.theme_folder):
        yield SystemCommand(f"theme: {name}", "colours and glyphs", partial(app.use_theme, name))
    for number, watchlist in enumerate(app.watchlists):
        yield SystemCommand(f"watchlist: {watchlist.name}", "show this list", partial(app.show_watchlist, number))
