"""A line under the header for what has to be seen as long as it lasts, such as a full disk."""

from __future__ import annotations

from fundtui.ui.cells import Scene
from fundtui.ui.widgets.summary import SMALLEST_HEIGHT, SMALLEST_WIDTH
from fundtui.ui.widgets.textpanel import TextPanel


class Banner(TextPanel):
    """Hidden while there is nothing to say."""

    DEFAULT_CSS = """
    Banner { height: 1; display: none; }
    Banner.open { display: block; }
    """

    def say(self, scene: Scene, text: str) -> None:
        """Show the text, or nothing."""
        self.set_class(bool(text), "open")
        if text:
            self.show(scene, [[(f" ! {text}", "*critical")]])


def too_small() -> str:
    """What a screen says that has no room for anything else."""
    return f"too small: {SMALLEST_WIDTH}x{SMALLEST_HEIGHT}"
