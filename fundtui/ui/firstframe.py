"""The first rows, drawn straight to the terminal while Textual is still being imported.

Header, column heads and rows in the very cells where the main screen will have them: its first frame replaces this one
without a flicker. Imports none of Textual.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.color import ColorSystem

from fundtui.imbalance.catalogue import Level
from fundtui.ui import columns as column_sets
from fundtui.ui.cells import Lens, Scene
from fundtui.ui.choices import Watchlist, watchlists
from fundtui.ui.headline import HeaderState, headline, summary
from fundtui.ui.layout import Layout, layout_of, table_size
from fundtui.ui.options import Options, terminal_means
from fundtui.ui.rows import heading_spans, row_spans
from fundtui.ui.scrub import scrub
from fundtui.ui.spans import Span, cells
from fundtui.ui.termdiff import Line, Run, TermDiff
from fundtui.ui.theme import Pens, ThemeError, first_theme, load_theme
from fundtui.ui.view import View

if TYPE_CHECKING:
    from rich.style import Style

    from fundtui.ui.source import Source

_TERMINAL = 2
_ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"


def draw_first_frame(source: Source, options: Options) -> TermDiff | None:
    """Write the first frame and return what the terminal shows now, for the frames that follow.

    None when nothing was written: there is no row yet, or the screen is another than the plain table.
    """
    diff = TermDiff()
    diff.use_colours(color_system(os.environ))
    try:
        diff.columns, diff.rows = os.get_terminal_size(_TERMINAL)
        lines = first_frame(source, options, diff)
        if not lines:
            return None
        os.write(_TERMINAL, (_ENTER + diff.render(lines)).encode())
    except OSError:
        # A terminal that is lost or odd is the business of whoever runs it next.
        return None
    return diff


def first_frame(source: Source, options: Options, diff: TermDiff) -> list[Line]:
    """The lines of the frame for that terminal; none when there is nothing to draw, or not this way."""
    width, height = diff.columns, diff.rows
    display = source.settings.display
    chosen = _first_list(source)
    layout = layout_of(width, height, wide=False)
    table = source.table(Level.ASSET)
    if layout is Layout.SUMMARY or chosen.where or not table.count:
        return []
    view = View(table, chosen.sort_key, descending=chosen.descending)
    view.show_only(chosen.assets or None)
    view.refresh(0.0, changed=True)
    if not len(view.order):
        return []
    pens = _pens(source, options, diff.color_system)
    scene = Scene(pens, display.rate_basis, Lens.RAW, source.clock.utc_ms())
    wide, lines = table_size(layout, width, height)
    ranked = column_sets.ranked(chosen.columns, wide=False, lens=Lens.RAW, widths=chosen.widths)
    columns, gap = column_sets.packed(ranked, wide - 1)
    sorted_at = next((index for index, column in enumerate(columns) if column.key == view.sort_key), 0)
    out = [_runs(*_header(source, scene, view, chosen, width), width, pens("plain", "header"))]
    heading = heading_spans(scene, columns, gap, view.sort_key, view.descending, sorted_at)
    out.append(_runs(heading, [], wide, pens("dim", "panel")))
    for index, row in enumerate(view.order[: lines - 1].tolist()):
        spans = row_spans(scene, table, row, columns, gap, cursor=index == 0, pinned=False)
        out.append(_runs(spans, [], wide, pens("plain", "cursor" if index == 0 else "table")))
    return [(y, runs, 0, runs[-1][0] + cells(runs[-1][1])) for y, runs in enumerate(out)]


def color_system(environment: Mapping[str, str]) -> ColorSystem | None:
    """The colours that a terminal says it has, decided as rich decides it."""
    if environment.get("NO_COLOR"):
        return None
    if environment.get("COLORTERM", "").strip().lower() in {"truecolor", "24bit"}:
        return ColorSystem.TRUECOLOR
    term = environment.get("TERM", "").strip().lower()
    if term in {"", "dumb", "unknown"}:
        return None
    kinds = {"kitty": ColorSystem.EIGHT_BIT, "256color": ColorSystem.EIGHT_BIT}
    return kinds.get(term.rpartition("-")[2], ColorSystem.STANDARD)


def _first_list(source: Source) -> Watchlist:
    display = source.settings.display
    lists = watchlists(display, source.settings.watchlists)
    return next((one for one in lists if display.watchlist and one.name == display.watchlist), lists[0])


def _pens(source: Source, options: Options, colours: ColorSystem | None) -> Pens:
    display = source.settings.display
    colour, unicode = terminal_means(display, options)
    try:
        palette = load_theme(first_theme(display.theme, few=colours is ColorSystem.STANDARD), options.theme_folder)
    except ThemeError:
        # The application says what is wrong with it.
        palette = load_theme(first_theme("", few=False))
    return Pens(palette, colour=colour and colours is not None, unicode=unicode)


def _header(source: Source, scene: Scene, view: View, chosen: Watchlist, width: int) -> tuple[list[Span], list[Span]]:
    metric = view.table.metrics.get(view.sort_key)
    counts = source.alert_counts()
    arrow = scene.glyphs.falling if view.descending else scene.glyphs.rising
    lists = watchlists(source.settings.display, source.settings.watchlists)
    state = HeaderState(
        mode=source.mode,
        watchlist=chosen.name,
        watchlist_number=lists.index(chosen) + 1,
        watchlists=len(lists),
        shown=len(view.order),
        total=view.shown_of,
        sort_title=(metric.title if metric else view.sort_key) + arrow,
        firing=counts.firing,
        pending=counts.pending,
        link_s=math.nan,
    )
    return headline(scene, state, summary(source.health()), width)


def _runs(left: list[Span], right: list[Span], width: int, fill: Style) -> list[Run]:
    """Exactly `width` cells: the left pieces, blanks, the right pieces; what does not fit is left out."""
    room = width - sum(cells(text) for text, _ in right)
    spans: list[Span] = []
    for text, style in left:
        if cells(text) > room:
            break
        spans.append((text, style))
        room -= cells(text)
    runs: list[Run] = []
    x = 0
    for text, style in [*spans, (" " * room, fill), *right]:
        if text:
            runs.append((x, scrub(text), style))
            x += cells(text)
    return runs
