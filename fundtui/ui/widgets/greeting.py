"""A word at the very first start: what the screen shows, five keys, and where settings go. Any key closes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.strip import Strip

from fundtui.config.files import Fingerprint
from fundtui.ui.paint import strip_of
from fundtui.ui.paths import short
from fundtui.ui.pieces import Line, lines_on
from fundtui.ui.widgets.canvas import Panel

if TYPE_CHECKING:
    from fundtui.ui.app import FundtuiApp

WIDTH = 62
# Where there is hardly room for the table, the table is all there is.
SMALLEST = (66, 20)
_LAYERS = "default greeting"
_KEYS = (
    ("/", "find an asset, or all with spread > 25%"),
    ("Enter", "open an asset: every venue's contract"),
    ("x", "where the figure under the cursor comes from"),
    ("1-9", "the other screens; 0 the settings"),
    ("?", "all keys; : finds any command by name"),
)


def is_first_start(app: FundtuiApp) -> bool:
    """Whether nobody has started or configured the program here before."""
    absent = Fingerprint()
    return app.source.configuration.seen == (absent, absent) and app.settings.display.welcome


def lines(path: Path) -> list[Line]:
    """What it says."""
    said: list[Line] = [
        [],
        [("  fundtui", "*accent"), ("  funding rates of perpetual futures, side by side", "bright")],
        [],
        [("  One row is one asset over all venues. ", "plain"), ("spread", "bright"), (" is the highest", "plain")],
        [("  rate less the lowest; above zero, longs pay shorts.", "plain")],
        [],
    ]
    said += [[(f"  {key:<8}", "accent"), (does, "plain")] for key, does in _KEYS]
    said += [
        [],
        [("  No settings are needed. Yours go to", "dim")],
        [(f"  {short(path, WIDTH - 4)}", "plain")],
        [],
        [("  Any key closes this, and does what it always does.", "faint")],
    ]
    return said


class Greeting(Panel):
    """Lies over the table and takes no focus, so every key goes where it always goes."""

    DEFAULT_CSS = f"Greeting {{ layer: greeting; width: {WIDTH}; height: {len(lines(Path()))}; }}"

    app: FundtuiApp

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self.call_after_refresh(self.update))

    def blank(self, width: int) -> Strip:
        return strip_of((), width, self.app.pens("dim", "overlay"))

    def content(self, width: int, height: int) -> list[Strip]:
        return lines_on(self.app.pens, lines(self.app.source.configuration.path), "overlay", width)

    def place(self) -> None:
        """Stand in the middle of the screen, or away where there is no room."""
        width, height = self.app.size
        self.display = width >= SMALLEST[0] and height >= SMALLEST[1]
        self.styles.offset = ((width - WIDTH) // 2, max((height - len(lines(Path()))) // 2, 0))
        self.mark_all()


def greet(app: FundtuiApp) -> Greeting | None:
    """Show it if this is the first start."""
    if not is_first_start(app):
        return None
    greeting = Greeting()
    app.main.styles.layers = _LAYERS
    app.main.mount(greeting)
    app.call_after_refresh(greeting.place)
    return greeting
