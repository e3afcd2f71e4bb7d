"""The screens that a digit opens, and the way to each. A screen's module is imported when it is first opened."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from fundtui.ui.app import FundtuiApp
    from fundtui.ui.screens.whole import WholeScreen


class Place(msgspec.Struct, frozen=True):
    """One screen: its name, its title for people, its digit, what it shows, and where its class is.

    Without a class it is the main screen, or one that belongs to a selected asset.
    """

    name: str
    title: str
    digit: str
    help: str
    location: str = ""


PLACES = (
    Place("skew", "Skew", "1", "All assets: rates, spreads and who stands at the ends."),
    Place("matrix", "Matrix", "2", "Assets by venues as a heat map.", "matrix:MatrixScreen"),
    Place("pairs", "Pairs", "3", "Carry that survives its costs, and its cash ladder.", "pairs:PairsScreen"),
    Place("asset", "Asset", "4", "The selected asset: every venue's instrument."),
    Place("calendar", "Calendar", "5", "Coming settlements: when and how many dollars.", "calendar:CalendarScreen"),
    Place("alerts", "Alerts", "6", "Alerts that fire, wait, are silenced or are over.", "alerts:AlertsScreen"),
    Place("venues", "Venues", "7", "How every venue answers.", "venues:VenuesScreen"),
    Place("journal", "Journal", "8", "Contract changes, incidents and settlements.", "journal:JournalScreen"),
    Place("positions", "Positions", "9", "Funding and liquidation of your own positions.", "positions:PositionsScreen"),
    Place("settings", "Settings", "0", "Every setting, and where it comes from.", "settings:SettingsScreen"),
)  # fmt: skip
NAMED = {place.name: place for place in PLACES}


def go(app: FundtuiApp, name: str) -> None:
    """Show a screen; what a person had chosen on it is still chosen."""
    from fundtui.ui.screens.whole import WholeScreen

    place = NAMED[name]
    current = app.screen
    if name == "asset":
        row = current.asset_row() if isinstance(current, WholeScreen) else app.main.view.row
        if row is not None:
            app.open_asset(row)
        return
    while len(app.screen_stack) > 2 or (len(app.screen_stack) > 1 and not place.location):
        app.pop_screen()
    if not place.location:
        return
    if not app.is_screen_installed(name):
        app.install_screen(_made(app, place), name)
    if len(app.screen_stack) > 1:
        app.switch_screen(name)
    else:
        app.push_screen(name)


def _made(app: FundtuiApp, place: Place) -> WholeScreen:
    module, _, class_name = place.location.partition(":")
    made: WholeScreen = getattr(import_module(f"fundtui.ui.screens.{module}"), class_name)(app)
    return made
