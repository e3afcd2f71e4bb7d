"""The keys of the screens behind the digits: those that they share with the main screen, and their own."""

from __future__ import annotations

from fundtui.ui.keys import KEYS, Key

# What a list can do of what the main screen can do.
_SHARED = frozenset(
    {"step", "column", "page", "edge", "filter", "back", "sort", "basis", "lens", "copy", "explain", "pause"}
)

OPEN = Key(keys="enter", shown="Enter", action="open", label="open", group="Look", help="Everything about the row.")

LIST_KEYS = (
    *(key for key in KEYS if key.action.partition("(")[0] in _SHARED or key.action.startswith("app.")),
    OPEN,
)

OWN: dict[str, tuple[Key, ...]] = {
    "journal": (
        Key(keys="f", shown="f", action="kinds(1)", label="kinds", group="Choose",
            help="Everything, contract changes, incidents, settlements, alerts: in turn."),
        Key(keys="F", shown="F", action="kinds(-1)", group="Choose", help="The same, backwards."),
        Key(keys="left_square_bracket", shown="[", action="turn(-1)", label="older", group="Move",
            help="Older settlements of the record, a page at a time."),
        Key(keys="right_square_bracket", shown="]", action="turn(1)", group="Move", help="Back to newer ones."),
    ),
    "matrix": (
        Key(keys="s", shown="s", action="sort_key('spread')", label="by spread", group="Choose",
            help="Sort by spread; again turns it round."),
    ),
    "calendar": (
        Key(keys="left_square_bracket,shift+left", shown="[", action="hour(-1)", label="", group="Move",
            help="One hour earlier."),
        Key(keys="right_square_bracket,shift+right", shown="]", action="hour(1)", label="", group="Move",
            help="One hour later."),
        Key(keys="w", shown="w", action="span", label="24/72 h", group="Look", help="The next 24 or 72 hours."),
    ),
    "settings": (
        Key(keys="space,plus,equals_sign", shown="Space", action="change(1)", label="change", group="Change",
            help="Next value, in force at once and written nowhere."),
        Key(keys="minus", shown="-", action="change(-1)", group="Change", help="Previous value."),
        Key(keys="s", shown="s", action="save", label="save", group="Change",
            help="Show what will be written to which file, and write it after a yes."),
        Key(keys="u", shown="u", action="undo", label="undo", group="Change",
            help="Take a change back; what is saved in state.toml is taken out of it."),
    ),
    "pairs": (
        Key(keys="f", shown="f", action="all", label="all/best", group="Choose",
            help="Only pairs that are expected to earn their costs, or all."),
        Key(keys="v", shown="v", action="ladder", label="ladder", group="Look",
            help="The cash ladder: plot and list, the plot, the list; on a small screen also none."),
        Key(keys="left_square_bracket", shown="[", action="rungs(-1)", group="Look", help="Earlier rungs."),
        Key(keys="right_square_bracket", shown="]", action="rungs(1)", group="Look", help="Later rungs."),
    ),
    "asset": (
        Key(keys="tab", shown="Tab", action="view(1)", label="view", group="Look",
            help="Next view: list, rate by venue, theory, premium, open interest, term, size."),
        Key(keys="shift+tab", shown="Shift+Tab", action="view(-1)", group="Look", help="Previous view."),
        Key(keys="4", shown="4", action="go_view('list')", group="Look", help="The list of instruments."),
        Key(keys="r", shown="r", action="range(1)", label="range", group="Look", help="1, 7, 30 or 90 days."),
        Key(keys="R", shown="R", action="range(-1)", group="Look", help="The same, backwards."),
        Key(keys="up,k", shown="↑ k", action="venue(-1)", label="", group="Choose",
            help="Previous instrument; in the size view one line up."),
        Key(keys="down,j", shown="↓ j", action="venue(1)", label="", group="Choose",
            help="Next instrument; in the size view one line down."),
        Key(keys="o", shown="o", action="alone", label="only", group="Choose",
            help="Only the chosen instrument, or all."),
        Key(keys="left,h", shown="← h", action="cross(-1)", group="Chart", help="Crosshair to the left."),
        Key(keys="right,l", shown="→ l", action="cross(1)", group="Chart", help="Crosshair to the right."),
        Key(keys="shift+left,pageup", shown="PgUp", action="cross(-10)", group="Chart", help="Ten cells to the left."),
        Key(keys="shift+right,pagedown", shown="PgDn", action="cross(10)", group="Chart",
            help="Ten cells to the right."),
        Key(keys="plus,equals_sign", shown="+", action="zoom(1)", label="", group="Chart",
            help="Zoom in, around the crosshair or the newest moment."),
        Key(keys="minus", shown="-", action="zoom(-1)", label="", group="Chart", help="Zoom out."),
        Key(keys="left_square_bracket", shown="[", action="pan(-1)", label="", group="Chart", help="Earlier."),
        Key(keys="right_square_bracket", shown="]", action="pan(1)", label="", group="Chart", help="Later."),
        Key(keys="0,home", shown="0", action="whole", group="Chart", help="The whole range, without crosshair."),
        Key(keys="m", shown="m", action="dots", label="glyphs", group="Chart", help="Braille, blocks or ASCII."),
        Key(keys="dollar_sign", shown="$", action="size", label="size", group="Size",
            help="Your size, with leverage and equity if you like: 250k, 250k 3x, 250k 3x 1M."),
        Key(keys="escape", shown="Esc", action="back", group="Look", help="Take the crosshair away, else back."),
        Key(keys="q,enter", shown="q Enter", action="close", group="Look", help="Back."),
    ),
    "alerts": (
        Key(keys="a", shown="a", action="acknowledge", label="ack", group="Alert",
            help="Acknowledge: no repeats until it fires anew."),
        Key(keys="s", shown="s", action="silence", label="silence", group="Alert",
            help="Silence this rule for this subject, for as long as you say."),
        Key(keys="u", shown="u", action="lift", label="unsilence", group="Alert", help="End the silence of the row."),
        Key(keys="o", shown="o", action="subject", label="go to", group="Look", help="To the subject of the alert."),
    ),
}  # fmt: skip


# What a screen about one asset has no use for.
_NOT_OF = {"asset": frozenset({"page", "edge", "filter", "sort", "step", "column", "open"})}


def keys_of(name: str) -> tuple[Key, ...]:
    """All keys of a screen; its own take the place of shared ones on the same key."""
    own = OWN.get(name, ())
    taken = {name for key in own for name in key.keys.split(",")}
    without = _NOT_OF.get(name, frozenset())
    shared = (key for key in LIST_KEYS if key.action.partition("(")[0] not in without)
    return (*(key for key in shared if not taken & set(key.keys.split(","))), *own)


def footer_of(name: str) -> tuple[tuple[str, str], ...]:
    """What the footer of a screen says: its own keys first, then those that matter everywhere."""
    if name == "asset":
        moving = (("h l", "crosshair"), ("+ -", "zoom"), ("[ ]", "pan"), ("j k", "venue"))
        chosen = [(key.shown, key.label) for key in OWN[name] if key.label]
        return (*chosen, *moving, ("b", "basis"), ("e", "lens"), ("?", "help"))
    own = [(key.shown, key.label) for key in OWN.get(name, ()) if key.label]
    shared = [("/", "filter"), ("< >", "sort"), ("Enter", "open"), ("y", "copy"), ("E", "export")]
    return (*own, *shared, ("1-9", "screens"), (":", "command"), ("?", "help"))


def key_shown_as(shown: str) -> str:
    """Textual's name of the key that people write so. What stands for several keys leads to all commands."""
    every = (*KEYS, *(key for keys in OWN.values() for key in keys))
    names = {word: key.keys.split(",")[0] for key in reversed(every) for word in key.shown.split()}
    return names.get(shown, "colon")
