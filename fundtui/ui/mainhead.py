"""What the header of the main screen says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fundtui.ui import recording
from fundtui.ui.headline import HeaderState

if TYPE_CHECKING:
    from fundtui.ui.screens.main import MainScreen


def main_header(main: MainScreen, now: float) -> HeaderState:
    """The header's state at a monotonic time."""
    source, view, choices = main.source, main.view, main.choices
    counts = source.alert_counts()
    metric = view.table.metrics.get(view.sort_key)
    glyphs = main.app.pens.glyphs
    return HeaderState(
        mode=source.mode,
        watchlist=main.lists[choices.watchlist].name,
        watchlist_number=choices.watchlist + 1,
        watchlists=len(main.lists),
        shown=len(view.order),
        total=view.shown_of,
        sort_title=(metric.title if metric else view.sort_key) + (glyphs.falling if view.descending else glyphs.rising),
        filter_text=view.filter.text if view.filter and not main.prompt.open else "",
        faults_only=choices.faults_only,
        wide=choices.wide,
        paused=choices.paused,
        held=view.held(now),
        outage=source.local_outage,
        firing=counts.firing,
        pending=counts.pending,
        ticking=main.flowing(now),
        link_s=main.app.link_s,
        marks=recording.marks(source),
    )
