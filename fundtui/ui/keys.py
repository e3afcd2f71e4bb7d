"""Every key once: bindings, the footer, the help screen and the palette of commands are made from here."""

from __future__ import annotations

import msgspec


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person can do.

    keys    Textual's names, separated by commas; shown: how people write them
    action  the action's name with its arguments
    label   one or two words for the footer (empty: not in the footer); help: one sentence
    """

    keys: str
    shown: str
    action: str
    help: str
    label: str = ""
    group: str = "Everywhere"


KEYS = (
    Key(keys="up,k", shown="↑ k", action="step(-1)", help="One row up.", group="Move"),
    Key(keys="down,j", shown="↓ j", action="step(1)", help="One row down.", group="Move"),
    Key(keys="left,h", shown="← h", action="column(-1)", help="One column to the left.", group="Move"),
    Key(keys="right,l", shown="→ l", action="column(1)", help="One column to the right.", group="Move"),
    Key(keys="pageup,ctrl+b", shown="PgUp", action="page(-1)", help="One page up.", group="Move"),
    Key(keys="pagedown,ctrl+f", shown="PgDn", action="page(1)", help="One page down.", group="Move"),
    Key(keys="g,home", shown="g Home", action="edge(0)", help="To the first row.", group="Move"),
    Key(keys="G,end", shown="G End", action="edge(1)", help="To the last row.", group="Move"),
    Key(keys="slash", shown="/", action="filter", label="filter", group="Choose",
        help="Filter as you type: part of a name, !part for the inverse, or an expression such as spread > 25%."),
    Key(keys="escape", shown="Esc", action="back", group="Choose", help="Close what is open; drop the filter."),
    Key(keys="less_than_sign", shown="<", action="sort(0)", label="", group="Choose",
        help="Sort by the column under the cursor, smallest first; again turns it round."),
    Key(keys="greater_than_sign", shown=">", action="sort(1)", label="", group="Choose",
        help="Sort by the column under the cursor, greatest first; again turns it round."),
    Key(keys="space", shown="Space", action="pin", group="Choose", help="Pin the row to the top, or let it go."),
    Key(keys="tab", shown="Tab", action="watchlist(1)", label="list", group="Choose", help="Next watchlist."),
    Key(keys="shift+tab", shown="Shift+Tab", action="watchlist(-1)", group="Choose", help="Previous watchlist."),
    Key(keys="plus", shown="+", action="member(1)", group="Choose",
        help="Add the asset to the watchlist that is shown; elsewhere to the last one used, or to a new one."),
    Key(keys="minus", shown="-", action="member(0)", group="Choose",
        help="Take the asset out of the watchlist that is shown; elsewhere out of the last one used."),
    Key(keys="W", shown="W", action="lists", group="Choose", help="Watchlists: show, make, rename, delete."),
    Key(keys="C", shown="C", action="columns", group="Choose",
        help="Columns of this watchlist: which, in which order, how wide."),
    Key(keys="z", shown="z", action="faults", group="Choose", help="Only assets with something left out or late."),
    Key(keys="enter", shown="Enter", action="open", label="open", group="Look",
        help="Open the asset: every venue's instrument, and why something is left out."),
    Key(keys="b", shown="b", action="basis", label="basis", group="Look", help="Rates per year, hour or 8 hours."),
    Key(keys="e", shown="e", action="lens", label="lens", group="Look",
        help="Rates as published, above the cost of money, or the premium alone."),
    Key(keys="w", shown="w", action="wide", label="wide", group="Look", help="More columns."),
    Key(keys="S", shown="S", action="scale", group="Look",
        help="Sparklines on their own scale (own) or on one for all rows (all), as the head of the column says."),
    Key(keys="x", shown="x", action="explain", label="explain", group="Look",
        help="Where the figure under the cursor comes from."),
    Key(keys="y", shown="y", action="copy", group="Look", help="Copy the row as JSON to the clipboard."),
    Key(keys="p", shown="p", action="pause", label="pause",
        help="Hold the picture; data keeps coming in. In a replay: time stands still."),
    Key(keys="n", shown="n", action="app.replay('next')", group="Replay",
        help="To just before the next entry of the journal."),
    Key(keys="at", shown="@", action="app.replay('at')", group="Replay", help="To another moment of the record."),
    Key(keys="left_curly_bracket", shown="{", action="app.replay('slower')", group="Replay", help="Slower."),
    Key(keys="right_curly_bracket", shown="}", action="app.replay('faster')", group="Replay", help="Faster."),
    Key(keys="d", shown="d", action="demo", help="Without any answer from outside: start the demo."),
    Key(keys="E", shown="E", action="app.export", help="Write what is shown to a CSV file."),
    Key(keys="1", shown="1", action="app.go('skew')", group="Screens", help="Skew: all assets."),
    Key(keys="2", shown="2", action="app.go('matrix')", group="Screens", help="Matrix: assets by venues, a heat map."),
    Key(keys="3", shown="3", action="app.go('pairs')", group="Screens", help="Pairs: carry that survives its costs."),
    Key(keys="4", shown="4", action="app.go('asset')", group="Screens", help="Asset: the selected one, whole."),
    Key(keys="5", shown="5", action="app.go('calendar')", group="Screens", help="Calendar: coming settlements."),
    Key(keys="6", shown="6", action="app.go('alerts')", group="Screens", help="Alerts."),
    Key(keys="7", shown="7", action="app.go('venues')", group="Screens", help="Venues: how each of them answers."),
    Key(keys="8", shown="8", action="app.go('journal')", group="Screens", help="Journal: what has happened."),
    Key(keys="9", shown="9", action="app.go('positions')", group="Screens", help="Positions: your own."),
    Key(keys="0,comma", shown="0 ,", action="app.go('settings')", group="Screens",
        help="Settings: what is set, where that comes from, and a way to change it."),
    Key(keys="t", shown="t", action="app.theme", help="Next theme."),
    Key(keys="colon,ctrl+p", shown=": Ctrl+P", action="app.command_palette", help="Find a command by name."),
    Key(keys="question_mark,f1", shown="?", action="app.help", label="help", help="This help."),
    Key(keys="ctrl+l", shown="Ctrl+L", action="app.redraw", help="Draw the whole screen again."),
    Key(keys="q", shown="q", action="app.quit", label="quit", help="Leave."),
    Key(keys="ctrl+c", shown="Ctrl+C", action="app.interrupt", help="Leave at once, with exit code 130."),
)  # fmt: skip

_SORT = ("< >", "sort")
FOOTER = tuple(
    entry
    for key in KEYS
    for entry in (((key.shown, key.label),) if key.label else (_SORT,) if key.keys == "less_than_sign" else ())
)
