"""Changing watchlists from the screen. What is changed is kept in state.toml; lists of config.toml stay there as they
are: state.toml says what differs, and a list that is deleted on the screen is only hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fundtui.config.files import read_document
from fundtui.config.load import Layer
from fundtui.config.problems import ConfigError
from fundtui.config.schema import Watchlist
from fundtui.config.tree import NAME_RULE, is_name
from fundtui.ui.choices import ALL

if TYPE_CHECKING:
    from fundtui.config import Settings
    from fundtui.ui.app import FundtuiApp

FIRST_NAME = "favourites"
Changes = dict[str, Any]


def target(app: FundtuiApp) -> str:
    """The list that one key adds to and takes from: the one that is shown, else the last one touched, else the first;
    "" where there is none."""
    names = [each.name for each in app.watchlists[1:]]
    shown = app.watchlists[app.choices.watchlist].name
    wanted = (shown, app.choices.touched, *names)
    return next((name for name in wanted if name in names), "")


def add(app: FundtuiApp, name: str, asset: str) -> None:
    """Add an asset to a list."""
    known = app.settings.watchlists[name].assets
    if asset in known:
        app.say(f"{asset} is in {name} already")
    else:
        _keep_assets(app, name, (*known, asset), f"{asset} added to {name}")


def take(app: FundtuiApp, name: str, asset: str) -> None:
    """Take an asset out of a list."""
    watchlist = app.settings.watchlists[name]
    left = tuple(each for each in watchlist.assets if each != asset)
    if left == watchlist.assets:
        why = f": its query finds it, {watchlist.where}" if watchlist.where else ""
        app.say(f"{asset} is not named in {name}{why}", "warning")
    elif not left and not watchlist.where:
        app.say(f"{asset} is the last one in {name}; W and then d delete the list", "warning")
    else:
        _keep_assets(app, name, left, f"{asset} taken out of {name}")


def _keep_assets(app: FundtuiApp, name: str, assets: tuple[str, ...], done: str) -> None:
    app.choices.touched = name
    key = f"watchlists.{name}.assets"
    in_file = _file_assets(app, name)
    # What config.toml says anyway need not be said twice: then its later edits count again.
    if app.remember({key: None if in_file == assets else assets}):
        beside = " in state.toml; config.toml stays as it is" if in_file not in (None, assets) else ""
        app.say(done + beside)


def _file_assets(app: FundtuiApp, name: str) -> tuple[str, ...] | None:
    """The assets that config.toml names for a list; None where it names none."""
    try:
        tree = read_document(app.source.configuration.path, required=False).tree
    except ConfigError:
        # It cannot be read right now; state.toml says it all.
        return None
    found = tree.get("watchlists", {}).get(name, {}).get("assets")
    return None if found is None else tuple(found)


def wrong_name(settings: Settings, name: str, present: str = "") -> str:
    """What is wrong with the name of a new list, or of one that is called `present` so far; "" if nothing."""
    name = name.strip()
    taken = {each.casefold() for each, one in settings.watchlists.items() if not one.hidden and each != present}
    if not is_name(name):
        return NAME_RULE
    return "there is a list of that name" if name.casefold() in {ALL, *taken} else ""


def create(app: FundtuiApp, name: str, asset: str) -> None:
    """Make a new list with one asset in it, and show it."""
    changes: Changes = {f"watchlists.{name}.assets": (asset,)}
    if name in app.settings.watchlists:
        # A list of config.toml that was deleted here before: its query and order do not come back with its name.
        changes |= {f"watchlists.{name}.hidden": False, f"watchlists.{name}.where": ""}
    app.choices.touched = name
    if app.remember(changes):
        app.say(f"{name} made with {asset}")


def rename(app: FundtuiApp, name: str, new: str) -> None:
    """Give a list another name."""
    if name == new:
        return
    watchlist, plain = app.settings.watchlists[name], Watchlist()
    changes: Changes = {
        f"watchlists.{new}.{field}": getattr(watchlist, field)
        for field in Watchlist.__struct_fields__
        if field != "hidden" and getattr(watchlist, field) != getattr(plain, field)
    }
    if new in app.settings.watchlists:
        changes[f"watchlists.{new}.hidden"] = False
    if app.settings.display.watchlist == name:
        changes["display.watchlist"] = new
    shown = app.watchlists[app.choices.watchlist].name
    if app.remember(changes | _without(app, name)):
        app.say(f"{name} is called {new} now")
    if shown == name:
        app.show_named(new)


def delete(app: FundtuiApp, name: str) -> None:
    """Delete a list, or hide it where it stands in config.toml or a rule watches it."""
    changes = _without(app, name)
    if app.settings.display.watchlist == name:
        changes["display.watchlist"] = ""
    hidden = f"watchlists.{name}.hidden" in changes
    if app.remember(changes):
        app.say(f"{name} hidden: {_why_hidden(app, name)}" if hidden else f"{name} deleted")


def _without(app: FundtuiApp, name: str) -> Changes:
    return {f"watchlists.{name}.hidden": True} if _why_hidden(app, name) else {f"watchlists.{name}": None}


def _why_hidden(app: FundtuiApp, name: str) -> str:
    """Why a list cannot be dropped altogether; "" where it can."""
    if from_elsewhere(app, name):
        return "it stands in config.toml, which is yours"
    rule = next((rule for rule, one in app.settings.alerts.rules.items() if one.only == name), "")
    return f"alert rule {rule} looks at it" if rule else ""


def from_elsewhere(app: FundtuiApp, name: str) -> bool:
    """Whether a list was not made on the screen."""
    origin = app.source.configuration.origins.get(f"watchlists.{name}")
    return origin is not None and origin.layer not in (Layer.STATE, Layer.DEFAULT)


class Row(msgspec.Struct, frozen=True):
    """One list as the screen of lists shows it."""

    number: int
    name: str
    assets: tuple[str, ...] = ()
    where: str = ""
    has: bool = False
    own: bool = True


def listed(app: FundtuiApp, asset: str) -> list[Row]:
    """All lists, with whether an asset is named in them."""
    return [
        Row(number, each.name, each.assets, each.where, asset in each.assets, not from_elsewhere(app, each.name))
        for number, each in enumerate(app.watchlists)
    ]
