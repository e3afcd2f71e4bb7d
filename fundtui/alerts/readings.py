"""Rules against readings: tables, journal events and health in, transitions and changed alerts out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fundtui.alerts import pipeline
from fundtui.alerts.alert import Alert, Subject, Transition
from fundtui.alerts.defaults import LOCAL_OUTAGE, PURGE, SINK_FAILING, STALE_VENUE
from fundtui.alerts.machine import Reading
from fundtui.alerts.rule import Rule
from fundtui.alerts.spoken import Heard, Spoken, market_purge_heard, outage_heard, venue_heard
from fundtui.alerts.track import Look, Track
from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.table import Table
from fundtui.query import Selection, compile_query
from fundtui.status import Event, VenueHealth, VenueState

CHECKPOINT_MS = 15_000

Index = NDArray[np.intp]


class Readings:
    """The rules in use, each with its alerts.

    transitions  what there is to tell, in order; whoever takes them empties it
    changed      fingerprint -> alert, inactive ones that ended included; emptied likewise
    """

    def __init__(self, now_ms: int) -> None:
        self.transitions: list[Transition] = []
        self.changed: dict[str, Alert] = {}
        self._tracks: dict[str, Track] = {}
        self._spoken: dict[str, Spoken] = {}
        self._checkpoint_ms = now_ms
        self._stale_rows = compile_query("reasons ~ stale", Level.INSTRUMENT)
        self._doubtful: frozenset[str] = frozenset()
        self._unheard = True

    def set_rules(self, rules: Iterable[Rule], going: Mapping[str, dict[str, Alert]]) -> None:
        """Evaluate these rules from now on; `going` has their alerts by rule and subject."""
        self._tracks, self._spoken = {}, {}
        for rule in rules:
            alerts = going.get(rule.name, {})
            if rule.when is not None and rule.clear is not None:
                self._tracks[rule.name] = Track(rule, rule.when, rule.clear, alerts)
            else:
                self._spoken[rule.name] = Spoken(rule, alerts.values())

    def alerts(self) -> Iterator[Alert]:
        """All alerts that are not inactive."""
        for track in self._tracks.values():
            yield from track.all_alerts()
        for spoken in self._spoken.values():
            yield from spoken.alerts.values()

    def observe(self, table: Table, rows: Index, now_ms: int, now_s: float) -> None:
        """Look at rows of one table that a batch has changed. `now_s` is monotonic."""
        tracks = [track for track in self._tracks.values() if track.rule.level is table.level]
        if tracks and len(rows):
            look = self._look(table, rows, now_ms, now_s)
            for track in tracks:
                self._heard(track, track.look(look))

    def tick(self, tables: Iterable[Table], now_ms: int, now_s: float) -> None:
        """Look again at whatever is not at rest, and at rules over figures that change with time alone."""
        for table in tables:
            if table.level is Level.INSTRUMENT:
                self._find_doubtful(table)
            for track in self._tracks.values():
                if track.rule.level is not table.level:
                    continue
                rows = np.arange(table.count) if _depends_on_time(track.rule) else track.watched(table)
                if len(rows):
                    self._heard(track, track.look(self._look(table, rows, now_ms, now_s)))
        for spoken in self._spoken.values():
            if spoken.rule.on:
                self._heard(spoken, spoken.expire(now_ms))
        self._hear_purge(now_ms, now_s)
        if now_ms - self._checkpoint_ms >= CHECKPOINT_MS or now_ms < self._checkpoint_ms:
            self._checkpoint_ms = now_ms
            for track in self._tracks.values():
                track.checkpoint()
                self._heard(track, [])

    def journal(self, events: Iterable[Event], now_ms: int, now_s: float) -> None:
        """Tell events that rules wait for."""
        for event in events:
            for spoken in self._spoken.values():
                if event.kind in spoken.rule.on:
                    self._heard(spoken, [spoken.happened(event, now_ms)])
        self._hear_purge(now_ms, now_s)

    def health(self, venues: Sequence[VenueHealth], *, local_outage: bool, now_ms: int, now_s: float) -> None:
        """Take in how the venues are. Until each has answered once, assets may lack what made them fire."""
        waiting = (VenueState.OFF, VenueState.GEO_BLOCKED)
        self._unheard = any(one.rows == 0 and one.state not in waiting for one in venues)
        self._hear(LOCAL_OUTAGE, [outage_heard(local_outage=local_outage)], now_ms, now_s)
        self._hear(STALE_VENUE, [venue_heard(one) for one in venues], now_ms, now_s)

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

    def _look(self, table: Table, rows: Index, now_ms: int, now_s: float) -> Look:
        selection = Selection(table, rows)
        stale = np.zeros(len(rows), np.bool_)
        doubtful = np.zeros(len(rows), np.bool_)
        if table.level is Level.INSTRUMENT:
            stale = self._stale_rows.mask(selection)
        elif table.level is Level.ASSET:
            if self._unheard:
                doubtful[:] = True
            elif self._doubtful:
                doubtful = np.array([table.keys[row] in self._doubtful for row in rows.tolist()], np.bool_)
        return Look(selection=selection, now_ms=now_ms, now_s=now_s, stale=stale, doubtful=doubtful)

    def _find_doubtful(self, instruments: Table) -> None:
        """Assets one of whose instruments is stale: a spread that shrinks because a venue is silent is no end."""
        stale = np.flatnonzero(self._stale_rows.mask(instruments) & instruments.alive[: instruments.count])
        self._doubtful = frozenset(instruments.text("asset", row) for row in stale.tolist())


def _depends_on_time(rule: Rule) -> bool:
    return rule.when is not None and not {"age", "next", "freshest"}.isdisjoint(rule.when.keys)
