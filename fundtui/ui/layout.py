"""Where the parts of the main screen are at a given size (screens.md): a strip of a tmux pane, small, common, roomy."""

from __future__ import annotations

from enum import StrEnum

SUMMARY_BELOW = (60, 12)
# Below this size nothing readable fits.
SMALLEST = (24, 4)
STACKED_FROM = (100, 30)
BESIDE_FROM = (170, 30)
# The detail panel below the table: its share of the height, at least and at most so many lines; the one beside it: its
# share of the width, at most so many cells.
BELOW_SHARE, BELOW_LEAST, BELOW_MOST = 0.30, 9, 16
SIDE_SHARE, SIDE_MOST = 0.42, 104
STACKED_EVENTS, BESIDE_EVENTS = 4, 6
# Header and footer.
_FRAME = 2

MAIN_CSS = f"""
MainScreen {{ layout: vertical; overflow: hidden; scrollbar-size: 0 0; }}
#body {{ layout: horizontal; height: 1fr; }}
#left {{ layout: vertical; width: 1fr; height: 100%; }}
#table {{ height: 1fr; width: 100%; }}
#detail {{ display: none; }}
#events {{ display: none; }}
#summary {{ display: none; height: 1fr; }}
MainScreen.stacked #detail {{ display: block; height: {BELOW_SHARE:.0%}; min-height: {BELOW_LEAST}; \
max-height: {BELOW_MOST}; }}
MainScreen.stacked #events {{ display: block; height: {STACKED_EVENTS}; }}
MainScreen.beside #events {{ display: block; height: {BESIDE_EVENTS}; }}
MainScreen.beside #side {{ display: block; width: {SIDE_SHARE:.0%}; max-width: {SIDE_MOST}; height: 100%; }}
#side {{ display: none; }}
MainScreen.summary #body, MainScreen.summary #footer {{ display: none; }}
MainScreen.summary #summary {{ display: block; }}
"""
"""The same for Textual's own layout, in the classes that `Layout` names."""


class Layout(StrEnum):
    """Named as the classes of the main screen are; the small one has none."""

    SUMMARY = "summary"
    SMALL = "small"
    STACKED = "stacked"
    BESIDE = "beside"


def layout_of(width: int, height: int, *, wide: bool) -> Layout:
    """The layout for a screen of that size; the wide table leaves no room beside it."""
    if width < SUMMARY_BELOW[0] or height < SUMMARY_BELOW[1]:
        return Layout.SUMMARY
    if not wide and width >= BESIDE_FROM[0] and height >= BESIDE_FROM[1]:
        return Layout.BESIDE
    return Layout.STACKED if width >= STACKED_FROM[0] and height >= STACKED_FROM[1] else Layout.SMALL


def table_size(layout: Layout, width: int, height: int) -> tuple[int, int]:
    """Cells and lines of the table, its heading among them."""
    match layout:
        case Layout.BESIDE:
            return width - min(int(width * SIDE_SHARE), SIDE_MOST), height - _FRAME - BESIDE_EVENTS
        case Layout.STACKED:
            body = height - _FRAME - STACKED_EVENTS
            return width, body - min(max(int(body * BELOW_SHARE), BELOW_LEAST), BELOW_MOST)
        case _:
            return width, height - _FRAME
