"""What lies behind a small screen: the one below it, all in the faintest pen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from rich.segment import Segment
from textual.screen import ModalScreen
from textual.strip import Strip

from fundtui.ui.output import PacedScreen

if TYPE_CHECKING:
    from textual.geometry import Region

    from fundtui.ui.app import FundtuiApp

Answer = TypeVar("Answer")
# Nobody reads what is behind a question: its figures follow once a second.
_FOLLOW_S = 1.0


class VeiledScreen(PacedScreen, ModalScreen[Answer], Generic[Answer]):
    """A screen over another one. Without colours nothing would tell the two apart: then there is nothing behind it.

    Textual's own way is a translucent background: it mixes colours that no theme names, and renders the screen below
    in full at each frame.
    """

    app: FundtuiApp

    _behind: tuple[Strip, ...] = ()
    _behind_of: tuple[object, ...] = ()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines of the screen below."""
        self._dirty_regions.clear()
        # Amid a change of size more may be asked for than this screen has heard of yet.
        width, height = max(self.size.width, crop.right), max(self.size.height, crop.bottom)
        lines = self._veil(width, height)[crop.y : crop.bottom]
        if crop.x or crop.width != width:
            lines = tuple(line.crop(crop.x, crop.right) for line in lines)
        return [*lines, *[Strip.blank(crop.width)] * (crop.height - len(lines))]

    def _veil(self, width: int, height: int) -> tuple[Strip, ...]:
        pens = self.app.pens
        now = (width, height, pens, int(self.app.wall.monotonic() / _FOLLOW_S))
        if now != self._behind_of:
            self._behind_of = now
            stack = self.app.screen_stack
            place = stack.index(self) if self in stack else 0
            style = pens("faint", "table")
            texts = [""] * height
            if place and pens.colour:
                texts = [strip.text for strip in stack[place - 1]._compositor.render_strips()]
            self._behind = tuple(
                Strip([Segment(text, style)]).adjust_cell_length(width, style) for text in texts[:height]
            )
        return self._behind
