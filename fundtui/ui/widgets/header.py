"""The line at the top: what is shown, how it is sorted, how the feeds are, what time it is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
from textual.strip import Strip

from fundtui.status import VenueHealth, VenueState
from fundtui.ui.cells import Scene
from fundtui.ui.paint import Span, both_ends, strip_of
from fundtui.ui.widgets.canvas import Panel
from fundtui.units import Basis, format_age, format_utc

ANSWERING = frozenset({VenueState.UP, VenueState.DEGRADED, VenueState.RECOVERING})
_BASIS_TITLES = {Basis.HOURLY: "per 1h", Basis.EIGHT_HOURS: "per 8h", Basis.APR: "APR"}
_LATE = 3.0


class HeaderState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the header says, apart from feeds and clock."""

    mode: str
    watchlist: str
    watchlist_number: int
    watchlists: int
    shown: int
    total: int
    sort_title: str
    filter_text: str = ""
    faults_only: bool = False
    wide: bool = False
    paused: bool = False
    held: bool = False
    outage: bool = False
    firing: int = 0
    pending: int = 0
    ticking: bool = True
    link_s: float = math.nan


class Feeds(msgspec.Struct, frozen=True):
    """The venues in four figures: answering, asked at all, age of the oldest good answer in seconds, how many late."""

    up: int = 0
    total: int = 0
    worst_s: float = math.nan
    late: int = 0


def summary(health: Sequence[VenueHealth]) -> Feeds:
    """Count the venues that are switched on."""
    asked = [venue for venue in health if venue.state is not VenueState.OFF]
    ages = [venue.age_s for venue in asked if not math.isnan(venue.age_s)]
    late = sum(venue.age_s > _LATE * venue.cadence_s for venue in asked)
    return Feeds(sum(venue.state in ANSWERING for venue in asked), len(asked), max(ages, default=math.nan), late)


class Header(Panel):
    """One line."""

    DEFAULT_CSS = "Header { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.scene: Scene | None = None
        self.state: HeaderState | None = None
        self.feeds = Feeds()

    def show(self, scene: Scene, state: HeaderState, feeds: Feeds) -> None:
        """Draw what changed."""
        self.scene, self.state, self.feeds = scene, state, feeds
        self.update()

    def blank(self, width: int) -> Strip:
        return strip_of((), width, self.scene.pens("dim", "header")) if self.scene else Strip.blank(width)

    def content(self, width: int, height: int) -> list[Strip]:
        if self.scene is None or self.state is None:
            return []
        scene, state = self.scene, self.state
        right = [
            *_marks(scene, state),
            *_feeds(scene, self.feeds, width),
            *_alerts(scene, state),
            _clock(scene, state, width),
        ]
        return [both_ends(_left(scene, state, width), right, width, scene.pens("plain", "header"))]


def _left(scene: Scene, state: HeaderState, width: int) -> list[Span]:
    pens = scene.pens
    dim, plain = pens("dim", "header"), pens("plain", "header")
    spans: list[Span] = [(" fundtui", pens.bold("accent", "header"))]
    if width >= 60:
        number = f" {state.watchlist_number}/{state.watchlists}" if state.watchlists > 1 else ""
        spans += [("  ", dim), (state.watchlist, plain), (number, dim)]
        spans += [("  ", dim), (_BASIS_TITLES[scene.basis], plain), (f" {scene.lens.value}", dim)]
    if width >= 100:
        spans += [("  by ", dim), (state.sort_title, plain)]
        spans += [
            ("  ", dim),
            (f"{state.shown}" if state.shown == state.total else f"{state.shown}/{state.total}", dim),
        ]
    if state.filter_text:
        spans += [("  /", dim), (state.filter_text, pens("accent", "header"))]
    if state.faults_only:
        spans += [("  faults", pens("warning", "header"))]
    return spans


def _marks(scene: Scene, state: HeaderState) -> list[Span]:
    pens = scene.pens
    spans: list[Span] = []
    if state.outage:
        spans.append((" NO NETWORK ", pens.bold("critical", "header")))
    if state.paused:
        spans.append((" PAUSED ", pens.bold("warning", "header")))
    if state.held:
        spans.append((f" {scene.glyphs.held} held ", pens("dim", "header")))
    if state.mode != "live":
        spans.append((f" {state.mode.upper()} ", pens.bold("accent", "header")))
    return spans


def _feeds(scene: Scene, feeds: Feeds, width: int) -> list[Span]:
    pens = scene.pens
    role = "plain" if feeds.up == feeds.total else "warning" if feeds.up else "critical"
    count = f"{feeds.up}/{feeds.total}"
    spans: list[Span] = [(" ", pens("dim", "header")), (count, pens(role, "header"))]
    if width >= 80:
        spans += [(" venues", pens("dim", "header"))]
        worst = "warning" if feeds.late else "plain"
        spans += [("  worst ", pens("dim", "header")), (format_age(feeds.worst_s), pens(worst, "header"))]
    if feeds.late and width >= 100:
        spans.append((f"  {feeds.late} stale", pens("warning", "header")))
    return spans


def _alerts(scene: Scene, state: HeaderState) -> list[Span]:
    pens, glyphs = scene.pens, scene.glyphs
    spans: list[Span] = []
    if state.firing:
        spans.append((f"  {glyphs.firing}{state.firing}", pens.bold("critical", "header")))
    if state.pending:
        spans.append((f"  {glyphs.pending}{state.pending}", pens("warning", "header")))
    if not math.isnan(state.link_s):
        spans.append((f"  link {state.link_s * 1000:.0f} ms", pens("dim", "header")))
    return spans


def _clock(scene: Scene, state: HeaderState, width: int) -> Span:
    # Seconds tick only while data flows: a quiet screen sends nothing.
    text = format_utc(scene.now_ms, seconds=state.ticking and width >= 80)
    return (f"  {text}Z " if width < 80 else f"  {text} UTC ", scene.pens("plain", "header"))
