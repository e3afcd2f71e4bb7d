"""What the palette offers: every key as a command, and every theme and watchlist by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from fundtui.ui import screen_keys
from fundtui.ui.keys import KEYS
from fundtui.ui.screens.whole import WholeScreen
from fundtui.ui.theme import theme_names

if TYPE_CHECKING:
    from textual.screen import Screen

    from fundtui.ui.app import FundtuiApp


class Command(NamedTuple):
    """What it does in a sentence, the key that does it too, and how to do it."""

    title: str
    key: str
    run: Callable[[], Awaitable[Any] | None]


def commands(app: FundtuiApp, screen: Screen[Any]) -> Iterator[Command]:
    """All commands, in the order of the keys: those of the screen that is seen first."""
    own = screen_keys.OWN.get(screen.NAME, ()) if isinstance(screen, WholeScreen) else ()
    for key in own:
        yield Command(key.help.rstrip("."), key.shown, partial(app.run_action, key.action, screen))
    for key in KEYS:
        if key.action == "app.command_palette" or key.group == "Move":
            continue
        yield Command(key.help.rstrip("."), key.shown, partial(run_key, app, screen, key.action))
    for name in theme_names(app.options.theme_folder):
        yield Command(f"theme: {name}", "", partial(app.choose_theme, name))
    for number, watchlist in enumerate(app.watchlists):
        yield Command(f"watchlist: {watchlist.name}", "", partial(app.show_watchlist, number))


async def run_key(app: FundtuiApp, screen: Screen[Any], action: str) -> None:
    """Do what a key of the seen screen does; what it cannot do is done by the main screen."""
    own = isinstance(screen, WholeScreen) and hasattr(screen, f"action_{action.partition('(')[0]}")
    await app.run_action(action, screen if own else app.main)
