"""The table of assets: thousands of rows, of which only the visible lines that changed are ever drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.strip import Strip

from fundtui.ui.cells import Scene
from fundtui.ui.columns import GUTTER, Column
from fundtui.ui.drawnline import DrawnLine
from fundtui.ui.paint import Span, line_of, strip_of
from fundtui.ui.rows import heading_spans, row_spans
from fundtui.ui.view import View
from fundtui.ui.widgets.canvas import Canvas
from fundtui.ui.widgets.rowevents import Opened, SortAsked

HEAD_LINES = 1
_NO_ROW = -1
_WHEEL_LINES = 3
# Drawn rows that are kept, so that a page that scrolls by a line draws one row and not all of them.
_KEPT_ROWS = 256


class RowsTable(Canvas, can_focus=True):
    """Heading and rows of a view. Owns the scroll position; the view owns order and cursor."""

    def __init__(
        self,
        view: View,
        now: Callable[[], float],
        moved: Callable[[], None],
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        """moved: called when the cursor is on another row, in the same frame: a held key has no time for messages."""
        super().__init__(id=id)
        self._tell_moved = moved
        self.view = view
        self._now = now
        self.scene: Scene | None = None
        self.columns: list[Column] = []
        self.column = 0
        self.gap = 2
        self.top = 0
        self._notice: tuple[list[Span], ...] = ()
        self._notice_text: list[str] = []
        self._drawn_rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self._drawn_versions: NDArray[np.int64] = np.zeros(0, np.int64)
        self._drawn_soon: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._drawn_minute = -1
        self._drawn_cursor = _NO_ROW
        self._drawn_top = 0
        # Drawn rows by (row, under the cursor): what they depend on, then the line without and with the thumb.
        self._kept: dict[tuple[int, bool], tuple[tuple[object, ...], DrawnLine, DrawnLine]] = {}
        self._kept_look: tuple[object, ...] = ()
        self._thumb = range(0)

    # -- what is visible

    @property
    def page(self) -> int:
        """How many rows fit."""
        return max(self.size.height - HEAD_LINES, 0)

    def _visible(self) -> NDArray[np.int64]:
        return self.view.order[self.top : self.top + self.page]

    def restyle(self, scene: Scene, columns: list[Column], gap: int) -> None:
        """Other colours, columns or basis: everything is drawn anew."""
        # The column cursor stays with its column, and begins at the one that is sorted by.
        key = self.columns[self.column].key if self.columns else self.view.sort_key
        self.scene, self.columns, self.gap = scene, columns, gap
        keys = [column.key for column in columns]
        self.column = keys.index(key) if key in keys else min(self.column, len(columns) - 1)
        self._remember()
        self.mark_all()

    def sync(self, scene: Scene, *, changed: bool, now: float) -> None:
        """Follow the data: draw the visible lines whose row, version, cursor or countdown is another than drawn."""
        self.scene = scene
        screen_line = self.view.cursor - self.top
        at_start = self.top == 0
        if self.view.refresh(now, changed=changed):
            self._follow(screen_line, at_start=at_start)
        self._mark_changed()

    def _follow(self, screen_line: int, *, at_start: bool) -> None:
        """After a re-sort: keep the asset under the cursor where it was on the screen."""
        if at_start and self.view.cursor < self.page:
            self.top = 0
        elif self.view.cursor_key is not None:
            self.top = self.view.cursor - screen_line
        self._bound()

    def _bound(self) -> None:
        """Keep the scroll position inside the rows and the cursor inside the page."""
        cursor, page = self.view.cursor, self.page
        if cursor < self.top:
            self.top = cursor
        elif page and cursor >= self.top + page:
            self.top = cursor - page + 1
        self.top = max(0, min(self.top, len(self.view.order) - page))

    def _mark_changed(self) -> None:
        rows, versions, soon = self._snapshot()
        minute = self._minute()
        if len(rows) != len(self._drawn_rows) or minute != self._drawn_minute:
            self._remember()
            self.mark_all()
            return
        ticking = soon | (soon != self._drawn_soon)
        differs = (rows != self._drawn_rows) | (versions != self._drawn_versions) | ticking
        lines = set((np.flatnonzero(differs) + HEAD_LINES).tolist())
        cursor = self.view.cursor - self.top
        if cursor != self._drawn_cursor:
            lines |= {cursor + HEAD_LINES, self._drawn_cursor + HEAD_LINES}
        if self.top != self._drawn_top:
            lines |= set(range(HEAD_LINES, self.size.height))
        self._remember()
        self.mark(sorted(lines))

    def _snapshot(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        rows = self._visible()
        table = self.view.table
        times = table.columns.get("next_funding_ms")
        if times is None or self.scene is None:
            return rows, table.version[rows], np.zeros(len(rows), np.bool_)
        # Countdowns show minutes, and seconds in the last one only: nothing ticks that does not have to.
        left = times[rows] - self.scene.now_ms
        return rows, table.version[rows], (left < 60_000) & (left > -2_000)

    def _minute(self) -> int:
        return self.scene.now_ms // 60_000 if self.scene else 0

    def _remember(self) -> None:
        rows, versions, soon = self._snapshot()
        self._drawn_rows, self._drawn_versions, self._drawn_soon = rows.copy(), versions, soon
        self._drawn_minute = self._minute()
        self._drawn_cursor = self.view.cursor - self.top
        self._drawn_top = self.top

    # -- drawing

    def line(self, y: int, width: int) -> Strip:
        scene = self.scene
        if scene is None:
            return Strip.blank(width)
        if y < HEAD_LINES:
            view = self.view
            spans = heading_spans(scene, self.columns, self.gap, view.sort_key, view.descending, self.column)
            return strip_of(spans, width, scene.pens("dim", "panel"))
        index = self.top + y - HEAD_LINES
        if index >= len(self.view.order):
            place = y - HEAD_LINES - 1
            said = self._notice[place] if not len(self.view.order) and 0 <= place < len(self._notice) else []
            return strip_of(said, width, scene.pens("plain", "table"))
        return self._row_line(scene, index, y, width)

    def notice(self, lines: Sequence[list[Span]]) -> None:
        """What to say in place of rows, as long as there are none."""
        text = ["".join(piece for piece, _ in line) for line in lines]
        if text != self._notice_text:
            self._notice, self._notice_text = tuple(lines), text
            self.mark(range(HEAD_LINES, self.size.height))

    def _fill(self, first: int, stop: int) -> None:
        self._thumb = self._thumb_lines()
        scene = self.scene
        if scene is not None:
            look = (scene.pens, scene.basis, scene.lens, scene.shared, scene.spark, self.columns, self.gap)
            if look != self._kept_look:
                self._kept_look = look
                self._kept.clear()
        super()._fill(first, stop)

    def _row_line(self, scene: Scene, index: int, y: int, width: int) -> Strip:
        view = self.view
        row = int(view.order[index])
        cursor = index == view.cursor
        pinned = bool(view.pinned) and view.table.keys[row] in view.pinned
        depends = (view.table, view.table.version[row], pinned, width, scene.now_ms // 60_000, self._left(scene, row))
        kept = self._kept.get((row, cursor))
        if kept is None or kept[0] != depends:
            if len(self._kept) >= _KEPT_ROWS:
                self._kept.clear()
            drawn = self._drawn_row(scene, row, width, cursor=cursor, pinned=pinned)
            kept = self._kept[row, cursor] = (depends, *drawn)
        return kept[2] if y - HEAD_LINES in self._thumb else kept[1]

    def _left(self, scene: Scene, row: int) -> float:
        """What a countdown in this row shows of the time: minutes, seconds in the last one."""
        times = self.view.table.columns.get("next_funding_ms")
        if times is None:
            return 0.0
        left = float(times[row]) - scene.now_ms
        return left // 60_000 if left >= 60_000 else -(left // 1000) if left > -2_000 else -math.inf

    def _drawn_row(
        self, scene: Scene, row: int, width: int, *, cursor: bool, pinned: bool
    ) -> tuple[DrawnLine, DrawnLine]:
        """A row without and with the scroll thumb at its end."""
        surface = "cursor" if cursor else "table"
        body = line_of(
            row_spans(scene, self.view.table, row, self.columns, self.gap, cursor=cursor, pinned=pinned),
            width - 1,
            scene.pens("plain", surface),
        )
        pen = scene.pens("faint", surface)
        without, thumb = line_of([(" ", pen)], 1, pen), line_of([(scene.glyphs.thumb, pen)], 1, pen)
        return body.joined(without), body.joined(thumb)

    def _thumb_lines(self) -> range:
        """The lines of the page that the scroll thumb covers."""
        count, page = len(self.view.order), self.page
        if count <= page:
            return range(0)
        size = max(1, page * page // count)
        start = round((page - size) * self.top / (count - page))
        return range(start, start + size)

    # -- moving

    def move(self, index: int, now: float) -> None:
        """Put the cursor on a row of the order and scroll just as far as needed."""
        self.view.move_to(index, now)
        self._bound()
        self._mark_changed()
        self.draw_ahead()
        self._tell_moved()

    def step(self, rows: int, now: float) -> None:
        """Move the cursor by so many rows."""
        self.move(self.view.cursor + rows, now)

    def scroll_rows(self, rows: int, now: float) -> None:
        """Scroll by so many rows; the cursor stays inside the page."""
        self.view.hold(now)
        self.top = max(0, min(self.top + rows, len(self.view.order) - self.page))
        kept = max(self.top, min(self.view.cursor, self.top + self.page - 1))
        self.move(kept, now)

    def move_column(self, columns: int) -> None:
        """Move the column cursor."""
        self.column = max(0, min(self.column + columns, len(self.columns) - 1))
        self.mark([0])

    # -- mouse

    def column_at(self, x: int) -> int | None:
        """Which column a cell of the heading belongs to; the gap belongs to the column on its left."""
        start = GUTTER
        for index, column in enumerate(self.columns):
            if start <= x < start + column.width + self.gap:
                return index
            start += column.width + self.gap
        return None

    def on_click(self, event: events.Click) -> None:
        now = self._now()
        if event.y < HEAD_LINES:
            index = self.column_at(event.x)
            if index is not None:
                self.column = index
                self.post_message(SortAsked(self.columns[index].key))
            return
        index = self.top + event.y - HEAD_LINES
        if index < len(self.view.order):
            self.move(index, now)
            if event.chain >= 2:
                self.post_message(Opened())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(_WHEEL_LINES, self._now())

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(-_WHEEL_LINES, self._now())
