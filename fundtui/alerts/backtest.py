"""What rules would have done on the record: each time that one would have fired, for how long, and what became of it.

The recorded polls go through a calculator of its own and the rules' own state machines, in the order in which they
were seen; nothing is known before its time. Where polls are no longer kept, the sampled rates stand in: rules over
other figures see those as missing there, and do not fire. A step thins the record to a poll of each venue per step;
without one every poll is taken.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
import numpy as np

from fundtui.alerts.alert import Subject, Transition
from fundtui.alerts.machine import Told
from fundtui.alerts.readings import Readings
from fundtui.alerts.rule import Rule
from fundtui.history.store import Store
from fundtui.imbalance.calculator import Calculator, Changes
from fundtui.imbalance.metric import Level
from fundtui.market import Batch, Instrument, Quote
from fundtui.status import VenueHealth, VenueState

MOST_STEPS = 2880
LEAST_STEP_S = 60.0
TICK_S = 5.0
"""Pairs are priced that often, and what changes with time alone is looked at."""
CONTINUOUS_S = 180.0
"""Looks further apart were not continuous: the time between them does not count."""
CELLS = 4_000_000
"""So many sampled rates are held at once."""
HISTORY_MS = 90 * 86_400_000

Fee = Callable[[str], float]


class Episode(msgspec.Struct, kw_only=True):
    """One time that the rule would have fired.

    ended_ms   None: still on at the end
    next_ms    the subject's first payment after it fired; None: not known
    legs       (venue, symbol, side) of what would have earned the funding: side 1 receives above zero, -1 below
    """

    subject: Subject
    fired_ms: int
    text: str
    ended_ms: int | None = None
    next_ms: int | None = None
    legs: tuple[tuple[str, str, int], ...] = ()

    @property
    def survived(self) -> bool | None:
        """Whether it was still on at the subject's next payment."""
        if self.next_ms is None:
            return None
        return self.ended_ms is None or self.ended_ms > self.next_ms


class Taken(msgspec.Struct):
    """How much of the record was taken: polls, those that were left out for the step, and the first and last taken."""

    polls: int = 0
    left_out: int = 0
    first_ms: int = 0
    last_ms: int = 0


class Backtest:
    """Rules over recorded batches. `episodes`: by rule, in the order in which they began."""

    def __init__(self, rules: Sequence[Rule], calculator: Calculator, start_ms: int, step_s: float) -> None:
        """step_s: how far apart the polls of a venue are at least; 0: as they were."""
        self._calculator = calculator
        self._tick_every_ms = round(max(step_s, TICK_S) * 1000)
        self._readings = Readings(start_ms, max_gap_s=max(3 * step_s, CONTINUOUS_S))
        self._readings.set_rules(rules, {})
        self._tick_ms = start_ms
        self._venues: set[str] = set()
        self._on: dict[str, Episode] = {}
        self.episodes: dict[str, list[Episode]] = {rule.name: [] for rule in rules}
        self.taken = Taken()

    def take(self, batch: Batch) -> None:
        """One poll."""
        now_ms = batch.observed_ms
        self.taken.polls += 1
        self.taken.first_ms = self.taken.first_ms or now_ms
        self.taken.last_ms = now_ms
        if batch.venue not in self._venues:
            self._venues.add(batch.venue)
            up = [VenueHealth(venue=name, title=name, state=VenueState.UP, rows=1) for name in self._venues]
            self._readings.health(up, local_outage=False, now_ms=now_ms, now_s=now_ms / 1000)
        self._seen(self._calculator.apply(batch, now_ms), now_ms)
        if now_ms - self._tick_ms >= self._tick_every_ms:
            self._tick_ms = now_ms
            self._seen(self._calculator.tick(now_ms), now_ms)
            tables = self._calculator.tables
            for level in (Level.PAIR, Level.VENUE, Level.MARKET):
                self._readings.observe(tables[level], np.arange(tables[level].count), now_ms, now_ms / 1000)
            self._readings.tick(tables.values(), now_ms, now_ms / 1000)
            self._collect()

    def _seen(self, changes: Changes, now_ms: int) -> None:
        self._readings.journal(changes.events, now_ms, now_ms / 1000)
        self._readings.observe(self._calculator.instruments, changes.instruments, now_ms, now_ms / 1000)
        self._readings.observe(self._calculator.assets, changes.assets, now_ms, now_ms / 1000)
        self._collect()

    def _collect(self) -> None:
        for one in self._readings.transitions:
            if one.rule in self.episodes:
                self._transition(one)
        self._readings.transitions.clear()
        self._readings.changed.clear()

    def _transition(self, one: Transition) -> None:
        if one.told is Told.FIRED:
            next_ms, legs = self._next_ms(one), self._legs(one)
            episode = Episode(subject=one.subject, fired_ms=one.time_ms, text=one.text, next_ms=next_ms, legs=legs)
            self._on[one.fingerprint] = episode
            self.episodes[one.rule].append(episode)
        elif one.told in (Told.RESOLVED, Told.CLOSED) and one.fingerprint in self._on:
            self._on.pop(one.fingerprint).ended_ms = one.time_ms

    def _next_ms(self, one: Transition) -> int | None:
        table = self._calculator.tables[one.subject.level]
        row = table.index.get(one.subject.key)
        if row is None or "next_funding_ms" not in table.columns:
            return None
        value = float(table.columns["next_funding_ms"][row])
        return None if math.isnan(value) else int(value)

    def _legs(self, one: Transition) -> tuple[tuple[str, str, int], ...]:
        """Who pays whom: an instrument's own receiver, or an asset's highest rate against its lowest."""
        instruments, columns = self._calculator.instruments, self._calculator.instruments.columns
        if one.subject.level is Level.INSTRUMENT and one.subject.key in instruments.index:
            row = instruments.index[one.subject.key]
            side = 1 if float(columns["apr"][row]) >= 0 else -1
            return ((instruments.text("venue", row), instruments.text("symbol", row), side),)
        if one.subject.level is not Level.ASSET or one.subject.key not in self._calculator.assets.index:
            return ()
        rows = self._calculator.instrument_rows(self._calculator.assets.index[one.subject.key])
        compared = np.array([not instruments.text("reasons", row) for row in rows.tolist()], np.bool_)
        rows = rows[np.isfinite(columns["apr"][rows]) & compared]
        if len(rows) < 2:
            return ()
        chosen = (int(rows[np.argmax(columns["apr"][rows])]), 1), (int(rows[np.argmin(columns["apr"][rows])]), -1)
        return tuple((instruments.text("venue", row), instruments.text("symbol", row), side) for row, side in chosen)


def automatic_step_s(since_ms: int, until_ms: int) -> float:
    """A step with which a test takes minutes, whatever the span."""
    return max((until_ms - since_ms) / 1000 / MOST_STEPS, LEAST_STEP_S)


def run(
    rules: Sequence[Rule], store: Store, calculator: Calculator, since_ms: int, until_ms: int, step_s: float = 0.0
) -> Iterator[Backtest]:
    """Test rules from one time to another. Gives the test after every poll, for progress; the last one is whole.

    step_s: a poll of each venue per so many seconds; 0: every poll.
    """
    test = Backtest(rules, calculator, since_ms, step_s)
    past = [
        one
        for venue, symbol, _ in store.instruments()
        for one in store.settlements(venue, symbol, since_ms - HISTORY_MS, since_ms)
    ]
    calculator.settle(past, since_ms)
    polls_ms = store.kept_since().polls_from_ms
    from_polls_ms = until_ms if polls_ms is None else max(polls_ms, since_ms)
    for batch in sampled(store, since_ms, from_polls_ms, step_s, test.taken):
        test.take(batch)
        yield test
    for batch in thinned(store.polls(from_polls_ms, until_ms), step_s, test.taken):
        test.take(batch)
        yield test
    yield test


def thinned(batches: Iterable[Batch], step_s: float, taken: Taken) -> Iterator[Batch]:
    """At most one poll of a venue per step; the others are counted."""
    last: dict[str, int] = {}
    for batch in batches:
        if batch.observed_ms - last.get(batch.venue, -(1 << 60)) >= step_s * 1000 * 0.9:
            last[batch.venue] = batch.observed_ms
            yield batch
        else:
            taken.left_out += 1


def sampled(store: Store, since_ms: int, until_ms: int, step_s: float, taken: Taken) -> Iterator[Batch]:
    """Polls made of the sampled rates, one per venue and step, or at each sample; contracts as they are known last."""
    venues = [(known.venue, [quote.contract for quote in known.quotes]) for known in store.latest()]
    count = sum(len(contracts) for _, contracts in venues)
    if until_ms <= since_ms or not count:
        return
    step_ms = round(step_s * 1000)
    # Rates that come once in some seconds at most.
    span_ms = max(CELLS // count, 1) * (step_ms or round(TICK_S * 1000))
    for start_ms in range(since_ms, until_ms, span_ms):
        end_ms = min(start_ms + span_ms, until_ms)
        parts = [_sampled_part(store, *venue, start_ms, end_ms, step_ms, taken) for venue in venues]
        yield from heapq.merge(*parts, key=lambda batch: batch.observed_ms)


def _sampled_part(
    store: Store, venue: str, contracts: Sequence[Instrument], start_ms: int, end_ms: int, step_ms: int, taken: Taken
) -> Iterator[Batch]:
    """One venue's samples of a while as polls."""
    all_series = [store.series(venue, one.symbol, start_ms - step_ms, end_ms) for one in contracts]
    seen = np.unique(np.concatenate([one.time_ms for one in all_series])) if all_series else np.zeros(0, np.int64)
    seen = seen[seen >= start_ms]
    times = np.arange(start_ms, end_ms, step_ms) if step_ms else seen
    rates = np.full((len(contracts), len(times)), np.nan)
    for place, series in enumerate(all_series):
        if len(series.time_ms):
            at = np.searchsorted(series.time_ms, times, side="right") - 1
            fresh = (at >= 0) & (times - series.time_ms[np.maximum(at, 0)] <= 2 * step_ms)
            rates[place] = np.where(fresh, series.rate[np.maximum(at, 0)], np.nan)
    known = np.flatnonzero((rates == rates).any(axis=0))
    taken.left_out += max(len(seen) - len(known), 0)
    return (
        Batch(
            venue=venue,
            observed_ms=time_ms,
            quotes=tuple(
                Quote(contract, time_ms, rate=rate)
                for contract, rate in zip(contracts, rates[:, place].tolist(), strict=True)
                if rate == rate
            ),
        )
        for place, time_ms in zip(known.tolist(), times[known].tolist(), strict=True)
    )


def net(episode: Episode, store: Store, until_ms: int, fee: Fee, half_spread: float) -> float:
    """Funding received at the payments while it was on, less a round trip; NaN where payments are not on record.

    One leg is taken to be hedged at the same cost; the hedge's own funding is not counted.
    """
    if not episode.legs:
        return math.nan
    end_ms = until_ms if episode.ended_ms is None else episode.ended_ms
    received, cost = 0.0, 0.0
    for venue, symbol, side in episode.legs:
        if not store.settlements(venue, symbol, episode.fired_ms - HISTORY_MS, until_ms):
            return math.nan
        received += side * sum(one.rate for one in store.settlements(venue, symbol, episode.fired_ms, end_ms + 1))
        cost += 2.0 * (fee(venue) + half_spread)
    return received - cost * (2 if len(episode.legs) == 1 else 1)
