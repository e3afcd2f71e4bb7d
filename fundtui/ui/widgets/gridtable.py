"""The heat map of assets by venues: one figure a cell, heat behind it, a cursor on one cell."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from textual import events
from textual.strip import Strip

from fundtui.imbalance.display import display
from fundtui.imbalance.table import Table
from fundtui.ui.cells import Scene, step
from fundtui.ui.grid import NOBODY, Grid, heat, heat_steps, heat_value, spread_of
from fundtui.ui.gridview import GridView
from fundtui.ui.paint import Span, fitted, strip_of
from fundtui.ui.pieces import Line, spans
from fundtui.ui.view import Rows
from fundtui.ui.widgets.canvas import Panel
from fundtui.ui.widgets.rowevents import Moved, Opened, SortAsked
from fundtui.units import MISSING, format_age

GUTTER = 2
HEAD_LINES = 1
FOOT_LINES = 3
CELL = 8
# In a narrow pane a cell is the sign and the step of heat: `+3`.
SMALL_CELL = 2
_SMALL_ASSET = 8
_ASSET = 9
_NARROW = 100
_TINY = 60
_WHEEL_LINES = 3
_KEPT_ROWS = 1_000
_NO_LEAVES = np.zeros(0, np.intp)
_NUMBER = re.compile(r"[+-]?\d+\.\d+")


class Head(msgspec.Struct, frozen=True):
    """One column: what it is sorted by, its title and width; venue: its place in the grid, −1 for the asset's own."""

    key: str
    title: str
    width: int = CELL
    venue: int = NOBODY


class GridTable(Panel, can_focus=True):
    """Heading, as many rows as fit, and three lines about the venues. The view owns order and row cursor."""

    def __init__(self, view: GridView, now: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.view = view
        self._now = now
        self.scene: Scene | None = None
        self.grid: Grid | None = None
        self.ages: dict[str, float] = {}
        self.notice: Sequence[Line] = ()
        self.instruments: Table | None = None
        self._kept: dict[int, tuple[tuple[object, ...], Strip]] = {}
        self.heads: list[Head] = []
        self.at = "@spread"
        self.first_venue = 0
        self.top = 0

    # -- what is shown

    @property
    def page(self) -> int:
        """How many rows fit."""
        return max(self.size.height - HEAD_LINES - self.foot_lines, 1)

    @property
    def small(self) -> bool:
        """Whether a cell is only the sign and the step of heat."""
        return self.size.width < _TINY

    @property
    def foot_lines(self) -> int:
        """Lines about the venues below the rows."""
        return 1 if self.small else FOOT_LINES

    @property
    def rows(self) -> list[int]:
        """Asset rows in their order."""
        rows: list[int] = self.view.order.tolist()
        return rows

    @property
    def row(self) -> int | None:
        """The asset row under the cursor."""
        return self.view.row

    @property
    def sort_key(self) -> str:
        """What the rows are sorted by."""
        return self.view.sort_key

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.view.descending

    @property
    def column(self) -> int:
        """The shown column under the cursor."""
        return next((index for index, head in enumerate(self.heads) if head.key == self.at), 0)

    @property
    def head(self) -> Head | None:
        """The head of that column."""
        return self.heads[self.column] if self.heads else None

    @property
    def shown(self) -> list[Head]:
        """The columns that fit."""
        return self.heads

    def cell(self) -> tuple[int, int] | None:
        """Asset row and venue place under the cursor; None where the column is no venue's."""
        head, row = self.head, self.row
        return None if head is None or row is None or head.venue == NOBODY else (row, head.venue)

    def show(self, scene: Scene, grid: Grid, ages: dict[str, float], notice: Sequence[Line]) -> None:
        """Show this grid; lines that look the same are not drawn again."""
        self.scene, self.grid, self.ages, self.notice = scene, grid, ages, notice
        self.view.grid = grid
        line, at_start = self.view.cursor - self.top, self.top == 0
        if self.view.refresh(self._now(), changed=True) and not at_start and self.view.cursor_key is not None:
            self.top = self.view.cursor - line
        self._lay_out()
        self._bound()
        self.update()

    def _lay_out(self) -> None:
        """The columns that fit, with the venue under the cursor among them."""
        grid, width = self.grid, self.size.width
        if grid is None:
            return
        heads = self._own_heads(width)
        size = SMALL_CELL if self.small else CELL
        room = max((width - 1 - GUTTER - sum(head.width + 1 for head in heads)) // (size + 1), 1)
        wanted = grid.venues.index(self.at[1:]) if self.at[1:] in grid.venues else self.first_venue
        first = max(min(self.first_venue, wanted), wanted - room + 1)
        self.first_venue = first = max(0, min(first, len(grid.venues) - room))
        shown = list(enumerate(grid.venues))[first : first + room]
        self.heads = [*heads, *(Head(f"@{name}", name, size, place) for place, name in shown)]

    @staticmethod
    def _own_heads(width: int) -> list[Head]:
        """The columns of the asset itself."""
        middle = [Head("consensus", "cons")] if width >= _NARROW else []
        return [Head("asset", "asset", _SMALL_ASSET if width < _TINY else _ASSET), *middle, Head("@spread", "spread")]

    def _bound(self) -> None:
        cursor, page = self.view.cursor, self.page
        if cursor < self.top:
            self.top = cursor
        elif cursor >= self.top + page:
            self.top = cursor - page + 1
        self.top = max(0, min(self.top, len(self.view.order) - page))

    # -- drawing

    def blank(self, width: int) -> Strip:
        return strip_of((), width, self.scene.pens("dim", "table")) if self.scene else Strip.blank(width)

    def content(self, width: int, height: int) -> list[Strip]:
        scene, grid = self.scene, self.grid
        if scene is None or grid is None:
            return []
        self._lay_out()
        self._bound()
        order: Rows = self.view.order[self.top : self.top + self.page]
        lines = [strip_of(self._heading(scene), width, scene.pens("dim", "panel"))]
        if not len(order):
            fill = scene.pens("dim", "table")
            lines.append(self.blank(width))
            lines += [strip_of(spans(scene.pens, said, "table"), width, fill) for said in self.notice]
        spread = spread_of(grid.values[order])
        for place, row in enumerate(order.tolist()):
            lines.append(self._row_line(scene, grid, row, float(spread[place]), width))
        lines += [self.blank(width)] * max(height - self.foot_lines - len(lines), 0)
        return [*lines[: height - self.foot_lines], *self._foot(scene, grid, width)]

    def _heading(self, scene: Scene) -> list[Span]:
        pens, glyphs = scene.pens, scene.glyphs
        line: list[Span] = [(" " * GUTTER, pens("dim", "panel"))]
        for index, head in enumerate(self.heads):
            by = head.key == self.sort_key
            marker = (glyphs.falling if self.descending else glyphs.rising) if by else ""
            if head.width == SMALL_CELL:
                # Two letters; the line below says the venue's whole name.
                title, marker = fitted(head.title, head.width), ""
            else:
                room, right = head.width - len(marker), head.key != "asset"
                title = fitted(head.title, room, right=right, ellipsis=glyphs.ellipsis)
            role = "accent" if index == self.column else "bright" if by else "dim"
            line += [(title + marker, pens(role, "panel", bold=index == self.column)), (" ", pens("dim", "panel"))]
        more = self.grid is not None and self.first_venue + self._venue_heads() < len(self.grid.venues)
        return [*line, (glyphs.change if more else "", pens("accent", "panel"))]

    def _venue_heads(self) -> int:
        return sum(head.venue != NOBODY for head in self.heads)

    def _row_line(self, scene: Scene, grid: Grid, row: int, spread: float, width: int) -> Strip:
        """One row; kept as long as nothing that it shows has changed."""
        at = row == self.view.row
        leaves = grid.leaves[row] if row < len(grid.leaves) else _NO_LEAVES
        versions = b"" if self.instruments is None else self.instruments.version[leaves].tobytes()
        key = (
            scene.pens, scene.basis, grid.metric.key, self.first_venue, width, at and self.at, spread,
            int(self.view.table.version[row]), versions, leaves.tobytes(),
        )  # fmt: skip
        kept = self._kept.get(row)
        if kept is None or kept[0] != key:
            pieces = self._row(scene, grid, row, spread, at)
            kept = (key, strip_of(pieces, width, scene.pens("plain", "table")))
            if len(self._kept) > _KEPT_ROWS:
                self._kept.clear()
            self._kept[row] = kept
        return kept[1]

    def _row(self, scene: Scene, grid: Grid, row: int, spread: float, at: bool) -> list[Span]:
        pens = scene.pens
        own = "cursor" if at else "table"
        table = self.view.table
        line: list[Span] = [((scene.glyphs.cursor if at else " ").ljust(GUTTER), pens("accent", own))]
        for index, head in enumerate(self.heads):
            here = at and head.key == self.at
            if index:
                # A bar in front of the cell under the cursor: colour alone would not show it.
                line.append((scene.glyphs.cursor if here else " ", pens("accent", own)))
            if head.venue != NOBODY:
                text, role, surface = self._cell(scene, grid, row, head)
            else:
                text, role = self._own(scene, table, row, head, spread)
                surface = "table"
            line.append((text, pens(role, own if here or surface == "table" else surface, bold=here)))
        return [*line, (" ", pens("plain", own))]

    def _own(self, scene: Scene, table: Table, row: int, head: Head, spread: float) -> tuple[str, str]:
        if head.key == "asset":
            return fitted(table.keys[row], head.width, ellipsis=scene.glyphs.ellipsis), "bright"
        if head.key == "@spread":
            return fitted(self._text(scene, spread).removeprefix("+") + " ", head.width, right=True), "bright"
        value = float(table.columns[head.key][row])
        return fitted(display(table.metrics[head.key], value, basis=scene.basis) + " ", head.width, right=True), "plain"

    def _text(self, scene: Scene, value: float) -> str:
        if self.grid is None or math.isnan(value):
            return MISSING
        text = display(self.grid.metric, value, basis=scene.basis)
        return text if len(text) < CELL else shortened(text)

    def _cell(self, scene: Scene, grid: Grid, row: int, head: Head) -> tuple[str, str, str]:
        """Text, pen and surface of one venue's figure."""
        venue = head.venue
        if head.width == SMALL_CELL:
            value = float(grid.values[row, venue]) if row < len(grid.values) else math.nan
            return heat_word(grid, value), "plain", heat(grid.metric, value)
        leaf = int(grid.leaves[row, venue]) if row < len(grid.leaves) else NOBODY
        if leaf == NOBODY:
            return " " * (CELL - 1) + " ", "faint", "table"
        instruments = self.instruments
        value = float(grid.values[row, venue])
        mark = (instruments.text("flag", leaf)[:1] if instruments is not None else "") or " "
        if math.isnan(value):
            return fitted(MISSING + (mark if mark.strip() else "x"), CELL, right=True), "faint", "table"
        text = fitted(self._text(scene, value) + mark, CELL, right=True)
        return text, "plain" if mark == " " else "bright", heat(grid.metric, value)

    def _foot(self, scene: Scene, grid: Grid, width: int) -> list[Strip]:
        venues = [head for head in self.heads if head.venue != NOBODY]
        if self.small:
            words = [heat_word(grid, float(grid.mean[head.venue])) for head in venues]
            surfaces = [heat(grid.metric, float(grid.mean[head.venue])) for head in venues]
            means = [(word, "plain", _on_panel(surface)) for word, surface in zip(words, surfaces, strict=True)]
            return [self._foot_line(scene, "mean", means, width)]
        assets = max(len(self.view.order), 1)
        means, counts, ages = [], [], []
        for head in venues:
            mean, count = float(grid.mean[head.venue]), int(grid.coverage[head.venue])
            means.append((self._text(scene, mean) + " ", "plain", _on_panel(heat(grid.metric, mean))))
            counts.append((f"{count} ", "plain" if count * 2 >= assets else "dim", "panel"))
            ages.append((f"{format_age(self.ages.get(head.title, math.nan))} ", "dim", "panel"))
        names = (("mean", means), ("assets", counts), ("age", ages))
        return [self._foot_line(scene, name, cells, width) for name, cells in names]

    def _foot_line(self, scene: Scene, name: str, cells: list[tuple[str, str, str]], width: int) -> Strip:
        pens = scene.pens
        fixed = sum(head.width + 1 for head in self.heads if head.venue == NOBODY) - 1
        line: list[Span] = [(" " * GUTTER + fitted(name, fixed) + " ", pens("dim", "panel"))]
        size = SMALL_CELL if self.small else CELL
        for text, role, surface in cells:
            line += [(fitted(text, size, right=True), pens(role, surface)), (" ", pens("dim", "panel"))]
        return strip_of(line, width, pens("dim", "panel"))

    # -- moving

    def move(self, index: int) -> None:
        """Put the cursor on a row of the order."""
        self.view.move_to(index, self._now())
        self._bound()
        self.update()
        self.post_message(Moved())

    def step(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        self.move(self.view.cursor + rows)

    def scroll_rows(self, rows: int) -> None:
        """Scroll by so many rows; the cursor stays inside the page."""
        self.top = max(0, min(self.top + rows, len(self.view.order) - self.page))
        self.move(max(self.top, min(self.view.cursor, self.top + self.page - 1)))

    def move_column(self, columns: int) -> None:
        """Move the column cursor; venues scroll into view."""
        if self.grid is None:
            return
        keys = [head.key for head in self._own_heads(self.size.width)] + [f"@{name}" for name in self.grid.venues]
        place = keys.index(self.at) if self.at in keys else 0
        self.at = keys[max(0, min(place + columns, len(keys) - 1))]
        self._lay_out()
        self.update()
        self.post_message(Moved())

    def sort_by(self, key: str, *, descending: bool | None = None) -> None:
        """Sort by a column; the same one again turns the order round."""
        self.view.sort_by(key, ascending=key == "asset" if descending is None else not descending)
        self.view.release()

    def release(self) -> None:
        """Let the order follow the figures again at once."""
        self.view.release()

    # -- mouse

    def head_at(self, x: int) -> int | None:
        """Which column a cell of the screen belongs to."""
        start = GUTTER
        for index, head in enumerate(self.heads):
            if start <= x <= start + head.width:
                return index
            start += head.width + 1
        return None

    def on_click(self, event: events.Click) -> None:
        index = self.head_at(event.x)
        if index is not None:
            self.at = self.heads[index].key
        if event.y < HEAD_LINES:
            if index is not None:
                self.post_message(SortAsked(self.heads[index].key))
            return
        row = self.top + event.y - HEAD_LINES
        if event.y < HEAD_LINES + self.page and row < len(self.view.order):
            self.move(row)
            if event.chain >= 2:
                self.post_message(Opened())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(_WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(-_WHEEL_LINES)


def shortened(text: str) -> str:
    """A figure without its decimals: `+120.4bp` as `+120bp`."""
    return _NUMBER.sub(lambda found: f"{float(found[0]):+.0f}", text, count=1)


def _on_panel(surface: str) -> str:
    return surface if surface != "table" else "panel"


def heat_word(grid: Grid, value: float) -> str:
    """A figure in two letters: its sign and its step of heat, `+0` to `-4`; blank where there is none."""
    if math.isnan(value):
        return "  "
    size = heat_value(grid.metric, value)
    return f"{'-' if size < 0 else '+' if size > 0 else ' '}{step(size, heat_steps(grid.metric))}"
