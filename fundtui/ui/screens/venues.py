"""How every venue answers: state, age, latency, budget, what it will be asked next, and what went wrong last."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from fundtui.status import EndpointHealth, VenueHealth, VenueState
from fundtui.ui.cells import Scene, sparkline
from fundtui.ui.pieces import Line, Piece
from fundtui.ui.provenance import Provenance
from fundtui.ui.screens.listing import ListScreen
from fundtui.ui.screens.whole import bindings_of
from fundtui.ui.spans import fitted
from fundtui.ui.venue_origin import venue_origin
from fundtui.ui.widgets.listing import Field
from fundtui.units import MISSING, format_age, format_countdown, format_utc, format_utc_date

_DAY_MS = 86_400_000

# Worst first: what a person opens this screen for.
_ORDER = {
    VenueState.BANNED: 0,
    VenueState.GEO_BLOCKED: 1,
    VenueState.DOWN: 2,
    VenueState.LIMITED: 3,
    VenueState.DEGRADED: 4,
    VenueState.RECOVERING: 5,
    VenueState.STARTING: 6,
    VenueState.UP: 7,
    VenueState.OFF: 8,
}
_ROLES = {
    VenueState.BANNED: "*critical",
    VenueState.GEO_BLOCKED: "*critical",
    VenueState.DOWN: "*critical",
    VenueState.LIMITED: "warning",
    VenueState.DEGRADED: "warning",
    VenueState.RECOVERING: "accent",
    VenueState.STARTING: "dim",
    VenueState.UP: "good",
    VenueState.OFF: "faint",
}
_LATE = 3.0
_BUSY = 0.4


def words(state: VenueState) -> str:
    """The state as people write it."""
    return state.value.replace("_", " ")


def milliseconds(seconds: float) -> str:
    """`84ms`, `1.3s`."""
    if math.isnan(seconds):
        return MISSING
    return f"{seconds * 1000:.0f}ms" if seconds < 0.9995 else f"{seconds:.1f}s"


def _text(text: str, role: str) -> list[Piece]:
    return [(text, "faint" if text == MISSING else role)]


def _age(scene: Scene, venue: VenueHealth, width: int) -> Line:
    late = venue.age_s > _LATE * venue.cadence_s
    return _text(format_age(venue.age_s) + ("~" if late else " "), "warning" if late else "plain")


def _latencies(scene: Scene, venue: VenueHealth, width: int) -> Line:
    if not venue.latencies_s:
        return [("", "dim")]
    return [(sparkline(np.array(venue.latencies_s), width, scene.glyphs.spark), "dim")]


def _weight(scene: Scene, venue: VenueHealth, width: int) -> Line:
    if venue.state is VenueState.OFF:
        return [(MISSING, "faint")]
    return [(f"{venue.weight_used:.0%}", "warning" if venue.weight_used > _BUSY else "dim")]


def _next(scene: Scene, venue: VenueHealth, width: int) -> Line:
    if venue.until_ms is not None:
        return [(format_utc(venue.until_ms, seconds=False), "warning")]
    return _text(soon(venue.next_in_s), "dim")


def soon(seconds: float) -> str:
    """Time until a request: `now`, `6s`, `00:12`."""
    return "now" if seconds < 1 else format_countdown(seconds)


def moment(time_ms: int, now_ms: int) -> str:
    """`12:04:31`, with the date where it is not today's."""
    return format_utc(time_ms) if time_ms // _DAY_MS == now_ms // _DAY_MS else format_utc_date(time_ms)[5:16]


def _trouble(scene: Scene, venue: VenueHealth, width: int) -> Line:
    if venue.last_error is None or venue.last_error_ms is None:
        return [(str(venue.experimental), "faint")]
    current = venue.state not in (VenueState.UP, VenueState.OFF)
    return [
        (f"{moment(venue.last_error_ms, scene.now_ms)}  ", "faint"),
        (str(venue.last_error), "warning" if current else "dim"),
    ]


FIELDS = (
    Field(key="venue", title="venue", width=14, right=False, value=lambda venue: venue.venue,
          cell=lambda scene, venue, width: [(venue.venue, "bright")], help="The venue."),
    Field(key="state", title="state", width=11, right=False, value=lambda venue: float(_ORDER[venue.state]),
          cell=lambda scene, venue, width: [(words(venue.state), _ROLES[venue.state])],
          help="Up, or what keeps it from being up; the worst first."),
    Field(key="age", title="age ", width=5, value=lambda venue: venue.age_s, cell=_age, falling=True,
          help="Since its last good answer; ~ older than three polls."),
    Field(key="latency", title="p50", width=6, value=lambda venue: venue.latency_s, rank=2, falling=True,
          cell=lambda scene, venue, width: _text(milliseconds(venue.latency_s), "plain"),
          help="Median time of the recent answers."),
    Field(key="recent", title="latency", width=16, right=False, rank=5, cell=_latencies,
          value=lambda venue: max(venue.latencies_s, default=math.nan), falling=True,
          help="The recent answers, oldest first, on their own scale; sorted by the slowest."),
    Field(key="rows", title="rows", width=5, rank=3, falling=True, value=lambda venue: float(venue.rows),
          cell=lambda scene, venue, width: _text(str(venue.rows) if venue.rows else MISSING, "plain"),
          help="Rows of the last batch."),
    Field(key="rejected", title="dropped", width=7, rank=7, falling=True,
          value=lambda venue: float(sum(venue.rejected.values())),
          cell=lambda scene, venue, width: _text(str(sum(venue.rejected.values()) or MISSING), "warning"),
          help="Rows of the last batch that could not be read."),
    Field(key="weight", title="budget", width=6, rank=4, falling=True, value=lambda venue: venue.weight_used,
          cell=_weight, help="Share of the venue's published limit that is used; at most half of it."),
    Field(key="polls", title="polls", width=6, rank=8, falling=True, value=lambda venue: float(venue.polls),
          cell=lambda scene, venue, width: _text(str(venue.polls), "dim"), help="Requests since the start."),
    Field(key="failures", title="failed", width=6, rank=6, falling=True, value=lambda venue: float(venue.failures),
          cell=lambda scene, venue, width: _text(
              str(venue.failures or MISSING), "warning" if venue.failures else "dim"),
          help="Requests that failed since the start."),
    Field(key="next", title="next", width=5, rank=1, cell=_next,
          value=lambda venue: venue.next_in_s, help="Until it is asked again, or the time at which a ban ends."),
    Field(key="trouble", title="last trouble", width=14, right=False, grows=True, cell=_trouble, falling=True,
          value=lambda venue: float(venue.last_error_ms or math.nan), help="When and what went wrong last."),
)  # fmt: skip


def _brief_state(scene: Scene, venue: VenueHealth, width: int) -> Line:
    state = words(venue.state)
    if venue.until_ms is not None:
        state += f" {format_utc(venue.until_ms, seconds=False)}"
    return [(state, _ROLES[venue.state])]


BRIEF = (
    Field(key="venue", title="venue", width=11, right=False, value=lambda venue: venue.venue,
          cell=lambda scene, venue, width: [(venue.venue, "bright")], help="The venue."),
    Field(key="state", title="state", width=12, right=False, value=lambda venue: float(_ORDER[venue.state]),
          cell=_brief_state, help="Up, or what keeps it from being up and until when."),
    Field(key="age", title="age", width=5, value=lambda venue: venue.age_s, cell=_age, falling=True, rank=1,
          help="Since its last good answer; ~ older than three polls."),
    Field(key="rows", title="rows", width=5, rank=2, falling=True, value=lambda venue: float(venue.rows),
          cell=lambda scene, venue, width: _text(str(venue.rows) if venue.rows else MISSING, "plain"),
          help="Rows of the last batch."),
)  # fmt: skip


class VenuesScreen(ListScreen):
    """All venues, those in trouble on top."""

    NAME = "venues"
    TITLE_TEXT = "Venues"
    FIELDS = FIELDS
    BRIEF = BRIEF
    MORE_COLUMNS = ("title", "error")
    SORT = ("state", False)
    BINDINGS = bindings_of("venues")

    def rows(self) -> Sequence[VenueHealth]:
        return self.source.health()

    def key_of(self, row: VenueHealth) -> str:
        return row.venue

    def values(self, row: VenueHealth) -> dict[str, float | str]:
        # A person filters and exports by words, not by the order of states.
        return super().values(row) | {
            "state": words(row.state),
            "title": row.title,
            "error": str(row.last_error or ""),
        }

    def brief(self, scene: Scene) -> Line:
        health = self.source.health()
        states = Counter(venue.state for venue in health)
        trouble = [state for state in sorted(states, key=_ORDER.__getitem__) if _ORDER[state] < _ORDER[VenueState.UP]]
        line: list[Piece] = [(f"  {states[VenueState.UP]} up", "good")]
        line += [(f"  {states[state]} {words(state)}", _ROLES[state]) for state in trouble[:2]]
        return line

    def origin(self, row: VenueHealth, field: Field, text: str) -> Provenance:
        return venue_origin(self.scene(), row, field.key, field.title.strip() or field.key, text)

    def detail(self, scene: Scene, row: VenueHealth, width: int) -> Sequence[Line]:
        return venue_lines(scene, row, width)


def venue_lines(scene: Scene, venue: VenueHealth, width: int) -> list[Line]:
    """A venue with its endpoints."""
    state = words(venue.state)
    lines: list[Line] = [
        [(f"  {venue.title}", "*bright"), (f"  {state}", _ROLES[venue.state]), (f"  {venue.experimental}", "dim")],
        [
            ("  asked every ", "dim"),
            (MISSING if math.isnan(venue.cadence_s) else format_age(venue.cadence_s), "plain"),
            ("   budget ", "dim"),
            (f"{venue.weight_used:.0%}", "plain"),
            ("   polls ", "dim"),
            (f"{venue.polls}", "plain"),
            ("   failed ", "dim"),
            (f"{venue.failures}", "warning" if venue.failures else "plain"),
        ],
    ]
    if venue.until_ms is not None:
        lines.append([("  silent until ", "dim"), (f"{moment(venue.until_ms, scene.now_ms)} UTC", "warning")])
    if venue.last_error is not None and venue.last_error_ms is not None:
        when = moment(venue.last_error_ms, scene.now_ms)
        lines.append([("  last trouble ", "dim"), (f"{when}  ", "faint"), (str(venue.last_error), "warning")])
    if venue.rejected:
        lines.append([("  rows dropped in the last batch", "dim")])
        lines += [[(f"{count:>8}  ", "warning"), (reason, "plain")] for reason, count in venue.rejected.items()]
    if venue.latencies_s:
        slowest, fastest = max(venue.latencies_s), min(venue.latencies_s)
        lines.append([
            ("  latency ", "dim"),
            (sparkline(np.array(venue.latencies_s), min(len(venue.latencies_s), 48), scene.glyphs.spark), "plain"),
            (f"  {milliseconds(fastest)} to {milliseconds(slowest)}, median {milliseconds(venue.latency_s)}", "dim"),
        ])  # fmt: skip
    if venue.endpoints:
        lines += [[], _endpoint_heads()]
        lines += [_endpoint(endpoint, scene.glyphs.ellipsis) for endpoint in venue.endpoints]
    return lines


def _endpoint_heads() -> Line:
    return [(f"  {'endpoint':<18}{'age':>6}{'took':>8}{'bytes':>9}{'next':>7}{'failed':>8}  last error", "faint")]


def _endpoint(endpoint: EndpointHealth, ellipsis: str) -> Line:
    size = f"{endpoint.answer_bytes:,}" if endpoint.answer_bytes else MISSING
    due = MISSING if math.isnan(endpoint.next_in_s) else soon(endpoint.next_in_s)
    return [
        ("  " + fitted(endpoint.name, 17, ellipsis=ellipsis) + " ", "plain"),
        (f"{format_age(endpoint.age_s):>6}", "plain"),
        (f"{milliseconds(endpoint.latency_s):>8}", "plain"),
        (f"{size:>9}", "dim"),
        (f"{due:>7}", "dim"),
        (f"{endpoint.failures or MISSING:>8}", "warning" if endpoint.failures else "faint"),
        (f"  {endpoint.error or ''}", "warning"),
    ]
