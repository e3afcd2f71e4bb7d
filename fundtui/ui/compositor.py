"""The compositor of the screens that are drawn often: asks only the widgets that show on the lines in question.

Stock code asks every widget whose place overlaps the changed part, also the screen and the containers that lie behind
everything and are never seen; with a few changed lines that is most of the work of a frame.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, cast

from textual._compositor import Compositor
from textual.geometry import Region

if TYPE_CHECKING:
    from textual.strip import Strip

    # What covers a line, by first cell; None where nothing has been found yet.
    Chops = dict[int, "Strip | None"]

_NOTHING: Chops = {}


class LineCompositor(Compositor):
    """Fills the changed lines front to back and stops when they are covered."""

    def _render_chops(self, crop: Region, is_rendered_line: Callable[[int], bool]) -> Sequence[Mapping[int, Strip]]:
        cuts = self.cuts
        chops: list[Chops] = [_NOTHING] * len(cuts)
        left, right = crop.column_span
        # The parts of each line that are still to be covered; what lies beside the changed part need not be.
        open_parts: dict[int, set[int]] = {}
        for y in range(max(crop.y, 0), min(crop.bottom, len(cuts))):
            if is_rendered_line(y):
                line = cuts[y]
                chops[y] = dict.fromkeys(line[:-1])
                open_parts[y] = {x for x, end in pairwise(line) if x < right and end > left}
        for widget, (region, clip) in self.visible_widgets.items():
            if not open_parts:
                break
            if not crop.overlaps(clip):
                continue
            shown = region.intersection(clip)
            lines = [y for y in shown.line_range if y in open_parts]
            if not lines or not shown.width:
                continue
            strips = widget.render_lines(Region(shown.x - region.x, shown.y - region.y, shown.width, shown.height))
            for y in lines:
                if y - shown.y < len(strips):
                    _cover(chops[y], cuts[y], shown, strips[y - shown.y], open_parts[y])
                    if not open_parts[y]:
                        del open_parts[y]
        return cast("Sequence[Mapping[int, Strip]]", chops)


def _cover(line: Chops, cuts: list[int], shown: Region, strip: Strip, still_open: set[int]) -> None:
    """Put a widget's strip where nothing in front of it shows."""
    first, last = shown.column_span
    inside = [cut for cut in cuts if first <= cut <= last]
    if len(inside) == 2:
        parts: Sequence[Strip] = (strip,)
    else:
        parts = strip.divide([cut - first for cut in inside[1:]])
    for cut, part in zip(inside, parts, strict=False):
        if line[cut] is None:
            line[cut] = part
            still_open.discard(cut)
