"""What the line at the top says, as pieces of text: how the table is sorted, how the feeds are, what time it is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from fundtui.status import VenueHealth, VenueState
from fundtui.ui.cells import Scene
from fundtui.ui.scrub import scrub
from fundtui.ui.spans import Span, cells
from fundtui.units import Basis, format_age, format_utc

ANSWERING = frozenset({VenueState.UP, VenueState.DEGRADED, VenueState.RECOVERING})
BASIS_TITLES = {Basis.HOURLY: "per 1h", Basis.EIGHT_HOURS: "per 8h", Basis.APR: "APR"}
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
    subject: str = ""
    detail: str = ""
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
    marks: tuple[tuple[str, str], ...] = ()


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


def headline(scene: Scene, state: HeaderState, feeds: Feeds, width: int) -> tuple[list[Span], list[Span]]:
    """What stands at the left end of the line and what at the right end."""
    right = [*_marks(scene, state), *_feeds(scene, feeds, width), *_alerts(scene, state), _clock(scene, state, width)]
    return _left(scene, state, width - _size(right) - 1), right


def _left(scene: Scene, state: HeaderState, room: int) -> list[Span]:
    """What is shown and how, as far as there is room: what matters less goes whole, nothing is cut in the middle."""
    pens = scene.pens
    dim, plain, accent = pens("dim", "header"), pens("plain", "header"), pens("accent", "header")
    subject = f"  {state.subject}" if state.subject else ""
    number = f" {state.watchlist_number}/{state.watchlists}" if state.watchlists > 1 else ""
    count = f"{state.shown}" if state.shown == state.total else f"{state.shown}/{state.total}"
    # In the order in which they stand, with the order in which they get their room: the smaller sooner.
    groups: list[tuple[int, list[Span]]] = [
        (0, [(" fundtui", pens.bold("accent", "header"))]),
        (
            3,
            [("  ", dim), (state.watchlist, plain), (number, dim), (subject, plain)],
        ),
        (4, [("  ", dim), (state.detail, plain)] if state.detail else []),
        (5, [("  ", dim), (BASIS_TITLES[scene.basis], plain), (f" {scene.lens.value}", dim)]),
        (7, [("  by ", dim), (state.sort_title, plain)]),
        (6, [("  ", dim), (count, dim)]),
    ]
    if state.filter_text:
        groups.append((1, [("  /", dim), (state.filter_text, accent)]))
    if state.faults_only:
        groups.append((2, [("  faults", pens("warning", "header"))]))
    if state.subject and _size(groups[0][1]) + _size(groups[1][1]) > room:
        # What the screen is about matters more than whose screen it is.
        groups[0] = (0, [(f" {state.subject}", pens.bold("accent", "header"))])
    kept: set[int] = set()
    for place in sorted(range(len(groups)), key=lambda place: groups[place][0]):
        size = _size(groups[place][1])
        if not kept or size <= room:
            kept.add(place)
            room -= size
    return [span for place, (_, spans) in enumerate(groups) if place in kept for span in spans]


def _size(spans: Sequence[Span]) -> int:
    return sum(cells(scrub(text)) for text, _ in spans)


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
    for text, role in state.marks:
        spans.append((text, pens(role.removeprefix("*"), "header", bold=role.startswith("*"))))
    return spans


def _feeds(scene: Scene, feeds: Feeds, width: int) -> list[Span]:
    pens = scene.pens
    role = "plain" if feeds.up == feeds.total else "warning" if feeds.up else "critical"
    count = f"{feeds.up}/{feeds.total}"
    spans: list[Span] = [(" ", pens("dim", "header")), (count, pens(role, "header"))]
    if width >= 100:
        spans += [(" venues", pens("dim", "header"))]
    if width >= 80:
        worst = "warning" if feeds.late else "plain"
        spans += [("  worst " if width >= 100 else " ", pens("dim", "header"))]
        spans += [(format_age(feeds.worst_s), pens(worst, "header"))]
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
    return (f"  {text}Z " if width < 100 else f"  {text} UTC ", scene.pens("plain", "header"))
