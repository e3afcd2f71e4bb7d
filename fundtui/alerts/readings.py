"""Rules against readings: tables, journal events and health in, transitions and changed alerts out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fundtui.alerts import pipeline
from fundtui.alerts.alert import Alert, Subject, Transition
from fundtui.alerts.defaults import (
    CONSENSUS_LOST,
    LIQUIDATION,
    LOCAL_OUTAGE,
    PURGE,
    SINK_FAILING,
    STALE_VENUE,
    TOO_MANY,
)
from fundtui.alerts.machine import Reading
from fundtui.alerts.rule import Rule
from fundtui.alerts.spoken import (
    Heard,
    Spoken,
    lost_heard,
    market_purge_heard,
    outage_heard,
    too_many_heard,
    venue_heard,
)
from fundtui.alerts.track import MAX_GAP_S, MOST_PER_RULE, Look, Track
from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.table import Table
from fundtui.query import Selection, compile_query
from fundtui.status import Event, VenueHealth, VenueState

CHECKPOINT_MS = 15_000
MOST_ALERTS = 4000
"""Of all rules together; beyond them subjects are counted, as beyond the limit of a rule."""
LOOKS_PER_STEP = 2000
"""Looking at so many rows takes about as long as stepping one subject."""
NO_ALERT = frozenset({"OI jump"})
"""What the journal tells beside purges, and no alert is made of."""

Index = NDArray[np.intp]


class Readings:
    """The rules in use, each with its alerts.

    transitions  what there is to tell, in order; whoever takes them empties it
    changed      fingerprint -> alert, inactive ones that ended included; emptied likewise
    """

    def __init__(self, now_ms: int, max_gap_s: float = MAX_GAP_S, most_steps: int | None = None) -> None:
        """max_gap_s: looks further apart were not continuous, the time between them does not count. most_steps: so
        many subjects are stepped in one call; the others wait for `catch_up`. None: all at once."""
        self._max_gap_s = max_gap_s
        self._most_steps = most_steps
        self._tables: dict[Level, Table] = {}
        self._late: set[str] = set()
        self.transitions: list[Transition] = []
        self.changed: dict[str, Alert] = {}
        self._tracks: dict[str, Track] = {}
        self._spoken: dict[str, Spoken] = {}
        self._checkpoint_ms = now_ms
        self._stale_rows = compile_query("reasons ~ stale", Level.INSTRUMENT)
        self._doubtful: frozenset[str] = frozenset()
        self._unheard = True
        self._oi_usd: dict[str, float] = {}
        self._stale_venues: frozenset[str] = frozenset()

    def set_rules(self, rules: Iterable[Rule], going: Mapping[str, dict[str, Alert]]) -> None:
        """Evaluate these rules from now on; `going` has their alerts by rule and subject."""
        self._tracks, self._spoken = {}, {}
        for rule in rules:
            alerts = going.get(rule.name, {})
            if rule.when is not None and rule.clear is not None:
                self._tracks[rule.name] = Track(rule, rule.when, rule.clear, alerts)
            else:
                self._spoken[rule.name] = Spoken(rule, alerts.values())

    def alerts_of(self, name: str) -> Iterable[Alert]:
        """The alerts of one rule; empty where it is not in use."""
        if (track := self._tracks.get(name)) is not None:
            return track.all_alerts()
        spoken = self._spoken.get(name)
        return () if spoken is None else spoken.alerts.values()

    def alerts(self) -> Iterator[Alert]:
        """All alerts that are not inactive."""
        for track in self._tracks.values():
            yield from track.all_alerts()
        for spoken in self._spoken.values():
            yield from spoken.alerts.values()

    def observe(self, table: Table, rows: Index, now_ms: int, now_s: float) -> None:
        """Look at rows of one table that a batch has changed. `now_s` is monotonic."""
        self._tables[table.level] = table
        tracks = [track for track in self._tracks.values() if track.rule.level is table.level]
        if tracks and len(rows):
            look, left = self._look(table, rows, now_ms, now_s), self._most_steps
            room = self._room()
            for track in tracks:
                before = len(track.alerts)
                left = self._step(track, look, room, left)
                room -= len(track.alerts) - before

    @property
    def behind(self) -> bool:
        """Whether there are subjects that wait for `catch_up`."""
        return bool(self._late)

    def catch_up(self, now_ms: int, now_s: float) -> None:
        """Step subjects that the last calls left, again so many at most."""
        late, self._late = self._late, set()
        left = self._most_steps
        for name in sorted(late):
            if left is not None and left <= 0:
                self._late.add(name)
                continue
            track = self._tracks.get(name)
            table = None if track is None else self._tables.get(track.rule.level)
            if track is not None and table is not None and len(rows := track.take_behind()):
                left = self._step(track, self._look(table, rows, now_ms, now_s), self._room(), left)

    def _step(self, track: Track, look: Look, room: int, left: int | None) -> int | None:
        """Step one rule's subjects, `left` of them at most (None: all). How many may be stepped after it."""
        self._heard(track, track.look(look, room, left))
        if track.behind:
            self._late.add(track.rule.name)
        return None if left is None else left - track.stepped - len(look.selection.rows) // LOOKS_PER_STEP

    def tick(self, tables: Iterable[Table], now_ms: int, now_s: float) -> None:
        """Look again at whatever is not at rest, and at rules over figures that change with time alone."""
        by_level = {table.level: table for table in tables}
        self._tables.update(by_level)
        self._learn(by_level)
        left = self._most_steps
        for track in self._tracks.values():
            table = by_level.get(track.rule.level)
            if table is not None:
                rows = np.arange(table.count) if _depends_on_time(track.rule) else track.watched(table)
                if len(rows):
                    left = self._step(track, self._look(table, rows, now_ms, now_s), self._room(), left)
        self._tick_spoken(now_ms, now_s)
        if now_ms - self._checkpoint_ms >= CHECKPOINT_MS or now_ms < self._checkpoint_ms:
            self._checkpoint_ms = now_ms
            for track in self._tracks.values():
                track.checkpoint()
                self._heard(track, [])

    def _tick_spoken(self, now_ms: int, now_s: float) -> None:
        for spoken in self._spoken.values():
            if spoken.rule.on:
                self._heard(spoken, spoken.expire(now_ms))
        self._hear_purge(now_ms, now_s)
        if self._oi_usd:
            lost = {name: oi_usd for name, oi_usd in self._oi_usd.items() if name in self._stale_venues}
            self._hear(CONSENSUS_LOST, [lost_heard(lost, sum(self._oi_usd.values()))], now_ms, now_s)
        more = [too_many_heard(name, track.left_out(), MOST_PER_RULE) for name, track in self._tracks.items()]
        self._hear(TOO_MANY, more, now_ms, now_s)

    def _learn(self, tables: Mapping[Level, Table]) -> None:
        """What other levels say about the rows of a level: whose data are in doubt, who is in a watchlist."""
        if Level.VENUE in tables:
            self._learn_weights(tables[Level.VENUE])
        if Level.INSTRUMENT in tables:
            self._find_doubtful(tables[Level.INSTRUMENT])
        if Level.ASSET in tables:
            for track in self._tracks.values():
                track.find_members(tables[Level.ASSET])

    def journal(self, events: Iterable[Event], now_ms: int, now_s: float) -> None:
        """Tell events that rules wait for."""
        for event in events:
            for spoken in self._spoken.values():
                if event.kind in spoken.rule.on and event.after not in NO_ALERT:
                    told = spoken.happened(event, now_ms, now_s)
                    self._heard(spoken, [] if told is None else [told])
        self._hear_purge(now_ms, now_s)

    def health(self, venues: Sequence[VenueHealth], *, local_outage: bool, now_ms: int, now_s: float) -> None:
        """Take in how the venues are. Until each has answered once, assets may lack what made them fire before."""
        waiting = (VenueState.OFF, VenueState.GEO_BLOCKED)
        self._unheard = any(one.rows == 0 and one.state not in waiting for one in venues)
        self._hear(LOCAL_OUTAGE, [outage_heard(local_outage=local_outage)], now_ms, now_s)
        heard = [venue_heard(one) for one in venues]
        self._stale_venues = frozenset(one.subject.key for one in heard if one.reading is Reading.TRUE)
        self._hear(STALE_VENUE, heard, now_ms, now_s)

    def positions(self, heard: Iterable[Heard], now_ms: int, now_s: float) -> None:
        """Take in how far the user's positions are from liquidation; those no longer configured are gone."""
        known = self._spoken.get(LIQUIDATION)
        listed = {one.subject.key: one for one in heard}
        gone = [] if known is None else [one.subject for key, one in known.alerts.items() if key not in listed]
        self._hear(LIQUIDATION, listed.values(), now_ms, now_s)
        self._hear(LIQUIDATION, [Heard(subject=one, reading=Reading.GONE) for one in gone], now_ms, now_s)

    def sink_health(self, failing: Mapping[str, str], now_ms: int, now_s: float) -> None:
        """Take in which sinks fail, and how: name -> the last error in plain words."""
        known = self._spoken.get(SINK_FAILING)
        names = {*failing, *(known.alerts if known is not None else ())}
        heard = [
            Heard(
                subject=Subject(Level.MARKET, name),
                reading=Reading.TRUE if name in failing else Reading.FALSE,
                text=f"notices to {name} do not get through: {failing.get(name, '')}",
            )
            for name in sorted(names)
        ]
        self._hear(SINK_FAILING, heard, now_ms, now_s)

    def _hear(self, rule: str, heard: Iterable[Heard], now_ms: int, now_s: float) -> None:
        spoken = self._spoken.get(rule)
        if spoken is not None:
            told = [spoken.hear(one, now_ms, now_s) for one in heard]
            self._heard(spoken, [one for one in told if one is not None])

    def _hear_purge(self, now_ms: int, now_s: float) -> None:
        spoken = self._spoken.get(PURGE)
        if spoken is not None and spoken.alerts:
            heard = market_purge_heard(spoken.alerts.values(), pipeline.MARKET_PURGE)
            self._hear(PURGE, [heard], now_ms, now_s)

    def _heard(self, source: Track | Spoken, transitions: list[Transition]) -> None:
        self.transitions.extend(transitions)
        self.changed.update(source.changed)
        source.changed.clear()

    def _room(self) -> int:
        return MOST_ALERTS - sum(len(track.alerts) for track in self._tracks.values())

    def _look(self, table: Table, rows: Index, now_ms: int, now_s: float) -> Look:
        selection = Selection(table, rows)
        stale = np.zeros(len(rows), np.bool_)
        doubtful = np.zeros(len(rows), np.bool_)
        if table.level is Level.INSTRUMENT:
            stale = self._stale_rows.mask(selection)
        elif table.level is Level.ASSET and self._doubtful:
            doubtful = np.array([table.keys[row] in self._doubtful for row in rows.tolist()], np.bool_)
        unheard = self._unheard and table.level is not Level.INSTRUMENT
        return Look(
            selection=selection, now_ms=now_ms, now_s=now_s, alive=table.alive[rows], stale=stale, doubtful=doubtful,
            unheard=unheard, max_gap_s=self._max_gap_s,
        )  # fmt: skip

    def _learn_weights(self, venues: Table) -> None:
        """Open interest per venue as of when it last answered: a stale venue has none that is compared."""
        for row, oi_usd in enumerate(venues.columns["oi_usd"][: venues.count].tolist()):
            name = venues.keys[row]
            if oi_usd > 0 and name not in self._stale_venues:
                self._oi_usd[name] = oi_usd

    def _find_doubtful(self, instruments: Table) -> None:
        """Assets one of whose instruments is stale: a spread that shrinks because a venue is silent is no end."""
        stale = np.flatnonzero(self._stale_rows.mask(instruments) & instruments.alive[: instruments.count])
        self._doubtful = frozenset(instruments.text("asset", row) for row in stale.tolist())


def _depends_on_time(rule: Rule) -> bool:
    return rule.when is not None and not {"age", "next", "freshest"}.isdisjoint(rule.when.keys)
