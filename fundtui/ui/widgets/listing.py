"""A list of things with columns: sorts, scrolls, keeps the cursor on its thing. For lists of up to a few thousand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from rich.segment import Segment
from textual import events
from textual.strip import Strip

from fundtui.ui.cells import Scene
from fundtui.ui.paint import Span, fitted, strip_of
from fundtui.ui.pieces import Line, aligned, spans
from fundtui.ui.view import HOLD_S
from fundtui.ui.widgets.canvas import Panel
from fundtui.ui.widgets.rowevents import Moved, Opened, SortAsked

HEAD_LINES = 1
GUTTER = 2
_WHEEL_LINES = 3

Value = float | str


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a list.

    value    what a row is sorted by, filtered by, copied and exported as; NaN or "" where it is missing
    cell     what is shown for it, in at most that many cells; without it the value as text
    rank     the greater, the sooner the column gives way where there is no room
    grows    takes the room that is left over
    falling  greatest first when a person picks the column
    """

    key: str
    title: str
    width: int
    value: Callable[[Any], Value]
    cell: Callable[[Scene, Any, int], Line] | None = None
    rank: int = 0
    right: bool = True
    grows: bool = False
    falling: bool = False
    help: str = ""


def fitting(fields: Sequence[Field], width: int) -> list[Field]:
    """The fields that fit into a width, the one that grows widened by what is left."""
    kept = list(fields)
    while len(kept) > 1 and _taken(kept) > width:
        # The first column says what a row is: it goes never.
        worst = max(range(1, len(kept)), key=lambda index: (kept[index].rank, index))
        del kept[worst]
    spare = width - _taken(kept)
    return [
        msgspec.structs.replace(field, width=max(field.width + spare, 1)) if field.grows and spare else field
        for field in kept
    ]


def _taken(fields: Sequence[Field]) -> int:
    return GUTTER + sum(field.width + 1 for field in fields)


def missing(value: Value) -> bool:
    """Whether there is no value."""
    return math.isnan(value) if isinstance(value, float) else value == ""


def ordered(rows: Sequence[Any], field: Field, descending: bool) -> list[Any]:
    """The rows by a field; what is missing comes last in both directions."""
    valued = [(field.value(row), row) for row in rows]
    known = [pair for pair in valued if not missing(pair[0])]

    def place(pair: tuple[Value, Any]) -> Any:
        return pair[0].casefold() if isinstance(pair[0], str) else pair[0]

    known.sort(key=place, reverse=descending)
    return [row for _, row in known] + [row for value, row in valued if missing(value)]


class Listing(Panel, can_focus=True):
    """Heading and rows. Rows are handed in at each `show`; the list remembers only where a person is."""

    def __init__(
        self,
        key_of: Callable[[Any], str],
        now: Callable[[], float],
        fields: Sequence[Field],
        sort_key: str,
        *,
        descending: bool = False,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._key_of = key_of
        self._now = now
        self.fields = fields
        self._known = fields
        self.sort_key = sort_key
        self.descending = descending
        self.scene: Scene | None = None
        self.rows: list[Any] = []
        self.column = 0
        self.cursor = 0
        self.cursor_key: str | None = None
        self.top = 0
        self.notice: Sequence[Line] = ()
        self.shown: list[Field] = []
        self.orderer: Callable[[Sequence[Any], Field, bool], list[Any]] = ordered
        self._held_until = -math.inf

    # -- what is shown

    @property
    def page(self) -> int:
        """How many rows fit."""
        return max(self.size.height - HEAD_LINES, 0)

    @property
    def row(self) -> Any | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    def held(self) -> bool:
        """Whether the order is kept because a person has just moved."""
        return self._now() < self._held_until

    def release(self) -> None:
        """Let the order follow the values again at once."""
        self._held_until = -math.inf

    def show(self, scene: Scene, rows: Sequence[Any], notice: Sequence[Line] = ()) -> None:
        """Show these rows in the order that a person chose; lines that look the same are not drawn again."""
        self.scene, self.notice = scene, notice
        self.rows = self._kept_order(rows) if self.held() else self.orderer(rows, self._field(), self.descending)
        self._find_cursor()
        self.update()

    def _field(self) -> Field:
        known = (*self.fields, *self._known)
        return next((field for field in known if field.key == self.sort_key), self.fields[0])

    def _kept_order(self, rows: Sequence[Any]) -> list[Any]:
        places = {self._key_of(row): place for place, row in enumerate(self.rows)}
        return sorted(rows, key=lambda row: places.get(self._key_of(row), len(places)))

    def _find_cursor(self) -> None:
        if self.cursor_key is not None:
            for place, row in enumerate(self.rows):
                if self._key_of(row) == self.cursor_key:
                    # At the start of the list the eye stays at the start; elsewhere the row keeps its line.
                    if self.top:
                        self.top += place - self.cursor
                    self.cursor = place
                    break
        self.cursor = max(0, min(self.cursor, len(self.rows) - 1))
        self._bound()

    def _bound(self) -> None:
        page = self.page
        if self.cursor < self.top:
            self.top = self.cursor
        elif page and self.cursor >= self.top + page:
            self.top = self.cursor - page + 1
        self.top = max(0, min(self.top, len(self.rows) - page))

    # -- drawing

    def blank(self, width: int) -> Strip:
        return strip_of((), width, self.scene.pens("dim", "table")) if self.scene else Strip.blank(width)

    def content(self, width: int, height: int) -> list[Strip]:
        scene = self.scene
        if scene is None:
            return []
        self.shown = fitting(self.fields, width)
        self.column = max(0, min(self.column, len(self.shown) - 1))
        self._bound()
        lines = [strip_of(self._heading(scene), width, scene.pens("dim", "panel"))]
        if not self.rows:
            fill = scene.pens("dim", "table")
            return [
                *lines,
                self.blank(width),
                *(strip_of(spans(scene.pens, said, "table"), width, fill) for said in self.notice),
            ]
        last = min(self.top + height - HEAD_LINES, len(self.rows))
        lines += [self._row_line(scene, index, width) for index in range(self.top, last)]
        return lines

    def _heading(self, scene: Scene) -> list[Span]:
        pens, glyphs = scene.pens, scene.glyphs
        line: list[Span] = [(" " * GUTTER, pens("dim", "panel"))]
        for index, field in enumerate(self.shown):
            sorted_by = field.key == self.sort_key
            marker = (glyphs.falling if self.descending else glyphs.rising) if sorted_by else ""
            role = "accent" if index == self.column else "bright" if sorted_by else "dim"
            text = fitted(field.title + marker, field.width, right=field.right)
            line += [(text, pens(role, "panel", bold=index == self.column)), (" ", pens("dim", "panel"))]
        return line

    def _row_line(self, scene: Scene, index: int, width: int) -> Strip:
        pens, glyphs = scene.pens, scene.glyphs
        cursor = index == self.cursor
        surface = "cursor" if cursor else "table"
        row = self.rows[index]
        line: list[Span] = [((glyphs.cursor if cursor else " ").ljust(GUTTER), pens("accent", surface))]
        for field in self.shown:
            pieces = field.cell(scene, row, field.width) if field.cell else [(str(field.value(row)), "plain")]
            kept = aligned(pieces, field.width, right=field.right, ellipsis=glyphs.ellipsis)
            line += [*spans(pens, kept, surface), (" ", pens("plain", surface))]
        body = strip_of(line, width - 1, pens("plain", surface))
        thumb = glyphs.thumb if self._on_thumb(index - self.top) else " "
        return Strip([*body, Segment(thumb, pens("faint", surface))], width)

    def _on_thumb(self, line: int) -> bool:
        count, page = len(self.rows), self.page
        if count <= page:
            return False
        size = max(1, page * page // count)
        start = round((page - size) * self.top / (count - page))
        return start <= line < start + size

    # -- moving

    def move(self, index: int) -> None:
        """Put the cursor on a row and keep the order for a moment."""
        self._held_until = self._now() + HOLD_S
        self.cursor = max(0, min(index, len(self.rows) - 1))
        self.cursor_key = self._key_of(self.rows[self.cursor]) if self.rows else None
        self._bound()
        self.update()
        self.post_message(Moved())

    def step(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        self.move(self.cursor + rows)

    def scroll_rows(self, rows: int) -> None:
        """Scroll by so many rows; the cursor stays inside the page."""
        self.top = max(0, min(self.top + rows, len(self.rows) - self.page))
        self.move(max(self.top, min(self.cursor, self.top + self.page - 1)))

    def move_column(self, columns: int) -> None:
        """Move the column cursor."""
        self.column = max(0, min(self.column + columns, len(self.shown) - 1))
        self.update()

    def sort_by(self, key: str, *, descending: bool | None = None) -> None:
        """Sort by a field; the same one again turns the order round."""
        field = next(field for field in (*self.fields, *self._known) if field.key == key)
        if key == self.sort_key:
            self.descending = not self.descending
        else:
            self.descending = field.falling if descending is None else descending
        self.sort_key = key
        self.release()

    # -- mouse

    def field_at(self, x: int) -> int | None:
        """Which shown column a cell of the heading belongs to."""
        start = GUTTER
        for index, field in enumerate(self.shown):
            if start <= x <= start + field.width:
                return index
            start += field.width + 1
        return None

    def on_click(self, event: events.Click) -> None:
        if event.y < HEAD_LINES:
            index = self.field_at(event.x)
            if index is not None:
                self.column = index
                self.post_message(SortAsked(self.shown[index].key))
            return
        index = self.top + event.y - HEAD_LINES
        if index < len(self.rows):
            self.move(index)
            if event.chain >= 2:
                self.post_message(Opened())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(_WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(-_WHEEL_LINES)
