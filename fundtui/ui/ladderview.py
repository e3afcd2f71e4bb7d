"""The cash ladder as a panel: plot and list side by side where there is room, else one of the two, by key."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from fundtui.imbalance.ladder import FlowKind, Rung
from fundtui.ui.cells import Scene
from fundtui.ui.paint import cells
from fundtui.ui.pairtext import ladder_lines
from fundtui.ui.pieces import Line
from fundtui.ui.widgets.staircase import staircase

TOLD_BESIDE = 58
PLOT_LINES = 7
HEAD_LINES = 1


class LadderView(StrEnum):
    """What of the ladder is shown."""

    BOTH = "plot and list"
    PLOT = "plot"
    LIST = "list"
    NONE = "no ladder"


def next_view(view: LadderView, *, small: bool) -> LadderView:
    """The one after it: on a small screen both at once have no room, and the panel can go away."""
    order = [LadderView.NONE, LadderView.PLOT, LadderView.LIST] if small else [
        LadderView.BOTH, LadderView.PLOT, LadderView.LIST,
    ]  # fmt: skip
    return order[(order.index(view) + 1) % len(order)] if view in order else order[1]


def furthest(rungs: Sequence[Rung], room: int) -> int:
    """The first rung of the last page of a list with this many lines."""
    return max(len(rungs) - max(room - HEAD_LINES, 1), 0)


def ladder_panel(
    scene: Scene, rungs: Sequence[Rung], names: dict[FlowKind, str], size_usd: float, width: int, height: int,
    view: LadderView, first: int = 0,
) -> list[Line]:  # fmt: skip
    """The ladder in lines of `width` cells; a plot alone is as high as `height`. `first`: where a list begins."""
    whole = ladder_lines(scene, rungs, names, size_usd)
    listed = [whole[0], *whole[HEAD_LINES + min(first, furthest(rungs, 1)) :]]
    if view is LadderView.LIST:
        return listed
    if view is LadderView.PLOT:
        return staircase(rungs, width, max(height, 3), scene.glyphs)
    if width < 2 * TOLD_BESIDE:
        return [*staircase(rungs, width, PLOT_LINES, scene.glyphs), [], *listed]
    left_width = width - TOLD_BESIDE
    plot = staircase(rungs, left_width, max(PLOT_LINES, height), scene.glyphs)
    blank: Line = [(" " * left_width, "dim")]
    return [
        [
            *(padded(plot[place], left_width) if place < len(plot) else blank),
            *(listed[place] if place < len(listed) else []),
        ]
        for place in range(max(len(plot), len(listed)))
    ]


def padded(line: Line, width: int) -> list[tuple[str, str]]:
    """A line in exactly `width` cells."""
    size = sum(cells(text) for text, _ in line)
    return [*line, (" " * max(width - size, 0), "dim")]
