"""The keys of the screens behind the digits: those that they share with the main screen, and their own."""

from __future__ import annotations

from fundtui.ui.keys import KEYS, Key

# What a list can do of what the main screen can do.
_SHARED = frozenset({"step", "column", "page", "edge", "filter", "back", "sort", "basis", "lens", "copy", "explain"})

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
    "pairs": (
        Key(keys="f", shown="f", action="all", label="all/best", group="Choose",
            help="Only pairs that are expected to earn their costs, or all."),
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


def keys_of(name: str) -> tuple[Key, ...]:
    """All keys of a screen; its own take the place of shared ones on the same key."""
    own = OWN.get(name, ())
    taken = {name for key in own for name in key.keys.split(",")}
    return (*(key for key in LIST_KEYS if not taken & set(key.keys.split(","))), *own)


def footer_of(name: str) -> tuple[tuple[str, str], ...]:
    """What the footer of a screen says: its own keys first, then those that matter everywhere."""
    own = [(key.shown, key.label) for key in OWN.get(name, ()) if key.label]
    shared = [("/", "filter"), ("< >", "sort"), ("Enter", "open"), ("y", "copy"), ("E", "export")]
    return (*own, *shared, ("1-9", "screens"), (":", "command"), ("?", "help"))
