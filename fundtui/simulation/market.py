"""The simulated market: seeded, a function of simulated time, the same however often it is asked.

Premiums are sampled at each full minute of simulated time into the venues' running averages; between two minutes a
view adds the present premium. So catching up costs one cheap step per simulated minute, whatever the speed.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime

import numpy as np

from fundtui.simulation import effects, kernels
from fundtui.simulation.assets import OTHER_MOVE, USDC
from fundtui.simulation.exchanges import Kernel
from fundtui.simulation.noise import Field, Floats, Ints, key, mix_array
from fundtui.simulation.premiums import Premiums
from fundtui.simulation.scenarios import Happening, Timetable
from fundtui.simulation.universe import Row, Scale, Universe, build
from fundtui.simulation.view import Settled, View

DEMO_START_MS = int(datetime(2026, 3, 3, 7, 56, tzinfo=UTC).timestamp()) * 1000
"""Four minutes before a settlement of the 8 h, 4 h and hourly contracts."""
MINUTE_MS = 60_000
VIEW_MS = 5000
"""Venues show a new picture every five seconds; all who ask in between share one."""
CONTINUOUS_PERIOD_H = 8
START_SAMPLES = 8
KEPT_SETTLEMENTS = 24 * 92
CALM_HOURS = 3
_FLOW_SCALES = np.array([30 * 3600.0, 20 * 60.0, 3 * 3600.0])
_FLOW_WEIGHTS = np.array([0.18, 0.03])


class Market:
    """All venues' contracts over simulated time. `at` may be asked for times that do not go back."""

    def __init__(
        self, seed: int = 7, start_utc_ms: int = DEMO_START_MS, scale: Scale | None = None, scenario: str = "all"
    ) -> None:
        self.seed = seed
        self.start_ms = start_utc_ms // MINUTE_MS * MINUTE_MS
        self.universe: Universe = build(seed, scale or Scale())
        self.timetable = Timetable(self.universe, seed, self.start_ms // 1000, scenario)
        self.premiums = Premiums(self.universe, seed, self.timetable)
        universe = self.universe
        count = len(universe.rows)
        self._all = np.arange(count, dtype=np.int64)
        self._continuous = np.nonzero(universe.kernel == Kernel.CONTINUOUS)[0]
        self._hidden = np.array([row.at for row in universe.rows if row.asset is OTHER_MOVE], dtype=np.int64)
        self._usdc_coin = [place for place, asset in enumerate(universe.assets) if asset is USDC]
        flow_keys = mix_array(universe.keys ^ np.uint64(key(seed, "flow") & 0xFFFFFFFF))
        steps = np.arange(1, 4, dtype=np.uint64)[:, None]
        self._flow_field = Field(mix_array(flow_keys[None, :] + steps), _FLOW_SCALES[:, None])
        self._hours = universe.hours.copy()
        self._calm = np.zeros(count, dtype=np.int64)
        self._settled = np.full(count, np.nan)
        self._before = np.full(count, np.nan)
        self._paid: deque[tuple[int, Ints, Floats, Floats, Ints]] = deque(maxlen=KEPT_SETTLEMENTS)
        self._sum_p, self._sum_w = np.zeros(count), np.zeros(count)
        self._minute_ms = self.start_ms
        self._next_ms = self._next_after(self._all, self.start_ms)
        self._frozen: dict[tuple[str, int], View] = {}
        self._view: View | None = None
        self._seed_averages()

    def at(self, utc_ms: int) -> View:
        """The market at that time, rounded down to five seconds. Earlier than the last call: the last view."""
        time_ms = max(utc_ms // VIEW_MS * VIEW_MS, self.start_ms)
        if self._view is not None and time_ms <= self._view.time_ms:
            return self._view
        while self._minute_ms + MINUTE_MS <= time_ms:
            self._freeze_until(self._minute_ms + MINUTE_MS - 1)
            self._step(self._minute_ms + MINUTE_MS)
        self._freeze_until(time_ms)
        self._view = self._look(time_ms)
        return self._view

    def happening(self, utc_ms: int) -> tuple[Happening, ...]:
        """What is happening at that time."""
        time_s = utc_ms / 1000
        return tuple(
            happening
            for happening in self.timetable.near(time_s, time_s)
            if happening.start_s <= time_s < happening.end_s
        )

    def seen_by(self, venue: str, utc_ms: int) -> View:
        """What a venue tells now: the market, or for a stale venue what it was when it froze."""
        view = self.at(utc_ms)
        for happening in self.happening(view.time_ms):
            if happening.kind == "stale" and happening.venue == venue:
                return self._frozen.get((venue, happening.start_s), view)
        return view

    def rows(self, venue: str) -> list[Row]:
        """The contracts of a venue in its order."""
        return self.universe.rows[self.universe.venues[venue]]

    def _freeze_until(self, time_ms: int) -> None:
        """Keep the view of each venue that goes stale before `time_ms`, so that it does not matter who asks when."""
        for happening in self.happening(time_ms):
            name = (happening.venue, happening.start_s)
            if happening.kind == "stale" and name not in self._frozen and happening.start_s * 1000 >= self._minute_ms:
                self._frozen = {name: self._look(happening.start_s * 1000)}

    def _step(self, minute_ms: int) -> None:
        universe = self.universe
        premium = self.premiums.now(minute_ms / 1000)
        rows = self._continuous
        premium[rows] = kernels.capped(universe, rows, kernels.rate(universe, rows, premium[rows], CONTINUOUS_PERIOD_H))
        weight = np.where(universe.linear, self._minutes_in(minute_ms), 1.0)
        self._sum_p += weight * premium
        self._sum_w += weight
        self._minute_ms = minute_ms
        due = np.nonzero(self._next_ms <= minute_ms)[0]
        if due.size:
            self._settle(due, minute_ms)

    def _minutes_in(self, time_ms: int) -> Floats:
        """Minutes since the running interval of each row began."""
        minutes: Floats = (time_ms - (self._next_ms - self._hours * 3_600_000)) / MINUTE_MS
        return minutes

    def _settle(self, due: Ints, time_ms: int) -> None:
        universe = self.universe
        average = self._sum_p[due] / self._sum_w[due]
        rates = self._rate_of(due, average, self._hours[due])
        self._settled[due] = rates
        self._paid.append((time_ms, due, rates, average, self._hours[due].copy()))
        self._sum_p[due] = 0.0
        self._sum_w[due] = 0.0
        self._switch(due, rates, universe)
        self._next_ms[due] = self._next_after(due, time_ms)

    def _rate_of(self, rows: Ints, average: Floats, hours: Ints) -> Floats:
        universe = self.universe
        rates = kernels.capped(universe, rows, kernels.rate(universe, rows, average, hours))
        # A continuous venue's average is already one of eight-hour rates; an hour pays an eighth of it.
        return np.where(universe.kernel[rows] == Kernel.CONTINUOUS, average / CONTINUOUS_PERIOD_H, rates)

    def _switch(self, due: Ints, rates: Floats, universe: Universe) -> None:
        """To hourly funding after a settlement at the cap, and back after calm ones."""
        at_cap = (np.abs(rates) >= universe.cap[due] * (1 - 1e-9)) & universe.switches[due] & (self._hours[due] > 1)
        switched = self._hours[due] != universe.hours[due]
        calm = switched & (np.abs(rates) < 0.05 * universe.cap[due])
        self._calm[due] = np.where(calm, self._calm[due] + 1, 0)
        back = switched & (self._calm[due] >= CALM_HOURS)
        self._hours[due] = np.where(at_cap, 1, np.where(back, universe.hours[due], self._hours[due]))

    def _next_after(self, rows: Ints, time_ms: int) -> Ints:
        interval = self._hours[rows] * 3_600_000
        anchor = self.universe.anchor_min[rows] * MINUTE_MS
        following: Ints = time_ms - (time_ms - anchor) % interval + interval
        return following

    def _seed_averages(self) -> None:
        """The averages of the intervals that run at the start, from samples of what came before."""
        universe = self.universe
        elapsed = self._minutes_in(self.start_ms)
        parts = (np.arange(START_SAMPLES)[:, None] + 0.5) / START_SAMPLES
        minutes = elapsed * parts
        times = self.start_ms / 1000 - (elapsed - minutes) * 60
        premium = self.premiums.past(self._all, times)
        continuous = universe.kernel == Kernel.CONTINUOUS
        eight_hour = kernels.capped(
            universe, self._all, kernels.rate(universe, self._all, premium, CONTINUOUS_PERIOD_H)
        )
        weight = np.where(universe.linear, minutes, 1.0) * elapsed / START_SAMPLES
        self._sum_p += (weight * np.where(continuous, eight_hour, premium)).sum(axis=0)
        self._sum_w += weight.sum(axis=0)

    def _look(self, time_ms: int) -> View:
        universe, time_s = self.universe, time_ms / 1000
        happenings = self.timetable.near(time_s, time_s)
        premium = self.premiums.now(time_s)
        partial = (time_ms - self._minute_ms) / MINUTE_MS + 1e-9
        weight = np.where(universe.linear, np.maximum(self._minutes_in(time_ms), 1e-9), 1.0) * partial
        average = (self._sum_p + weight * premium) / (self._sum_w + weight)
        continuous = universe.kernel == Kernel.CONTINUOUS
        rate = kernels.rate(universe, self._all, np.where(continuous, premium, average), self._hours)
        usdc = effects.usdc(happenings, time_s)
        prices = self.premiums.prices(time_s)
        prices[self._usdc_coin] *= usdc
        index = prices[universe.asset] * universe.size / np.where(universe.in_usdc, usdc, 1.0)
        mark = index * (1.0 + premium + np.sign(premium) * universe.spread)
        flows = self._flow_field.at(time_s)
        oi_usd = universe.oi_usd * np.exp(_FLOW_WEIGHTS @ flows[:2])
        effects.open_interest(happenings, oi_usd, time_s)
        half = universe.spread * 0.5
        wave = flows[2]
        return View(
            time_ms=time_ms,
            premium=premium,
            average=average,
            rate=kernels.capped(universe, self._all, rate),
            settled=self._settled.copy(),
            hours=self._hours.copy(),
            next_ms=self._next_ms.copy(),
            previous_ms=self._next_ms - self._hours * 3_600_000,
            index=index,
            mark=mark,
            last=mark * (1.0 + half * wave),
            bid=mark * (1.0 - half - 2e-5),
            ask=mark * (1.0 + half + 2e-5),
            day_ago=index * np.exp(-0.02 * wave),
            oi_base=oi_usd / mark,
            oi_usd=oi_usd,
            volume_usd=universe.volume_usd * (1.0 + 0.3 * wave),
            listing=effects.listing(universe, happenings, self._hidden, time_s),
            usdc=usdc,
        )

    def settled_rates(self, view: View, part: slice) -> Floats:
        """The rates paid last by the rows of `part`, looked up in the past where none was paid since the start."""
        settled = view.settled[part]
        unpaid = np.isnan(settled)
        if unpaid.any():
            if np.isnan(self._before[part]).any():
                self._before[part] = self._past_rates(self._all[part], self._last_before(self._all[part])[None, :])[0][
                    0
                ]
            settled = np.where(unpaid, self._before[part], settled)
        return settled

    def _last_before(self, rows: Ints) -> Ints:
        """Times of the last settlements up to the start."""
        anchor = self.universe.anchor_min[rows] * MINUTE_MS
        last: Ints = self.start_ms - (self.start_ms - anchor) % (self.universe.hours[rows] * 3_600_000)
        return last

    def accrued(self, view: View, part: slice, hours: int = CONTINUOUS_PERIOD_H) -> Floats:
        """What the hourly-settled rows of `part` paid over the last full `hours`: the sum of their rates."""
        last_ms = view.time_ms // 3_600_000 * 3_600_000
        times = last_ms - 3_600_000 * np.arange(hours, dtype=np.int64)
        rows = self._all[part]
        before = times[times <= self.start_ms]
        total = np.zeros(rows.size)
        if before.size:
            total += self._past_rates(rows, before[:, None])[0].sum(axis=0)
        for time_ms, due, rates, _averages, _hours in self._paid:
            if last_ms - hours * 3_600_000 < time_ms <= last_ms:
                total += rates[np.searchsorted(due, rows)]
        return total

    def history(self, row: int, from_ms: int, to_ms: int, now_ms: int) -> list[Settled]:
        """Payments of one row in [from, to], oldest first, as known at `now_ms`."""
        self.at(now_ms)
        return [*self._before_start(row, from_ms, min(to_ms, self.start_ms)), *self._since_start(row, from_ms, to_ms)]

    def _since_start(self, row: int, from_ms: int, to_ms: int) -> list[Settled]:
        found = []
        for time_ms, rows, rates, averages, hours in self._paid:
            if from_ms <= time_ms <= to_ms:
                at = int(np.searchsorted(rows, row))
                if at < rows.size and rows[at] == row:
                    price = float(self._past_price(row, np.array([time_ms / 1000]))[0])
                    found.append(Settled(time_ms, float(rates[at]), int(hours[at]), float(averages[at]), price))
        return found

    def _before_start(self, row: int, from_ms: int, to_ms: int) -> list[Settled]:
        universe = self.universe
        hours = int(universe.hours[row])
        interval = hours * 3_600_000
        anchor = int(universe.anchor_min[row]) * MINUTE_MS
        last = to_ms - (to_ms - anchor) % interval
        first = from_ms + (anchor - from_ms) % interval
        if first > last:
            return []
        times = np.arange(first, last + 1, interval, dtype=np.int64)
        rates, averages = self._past_rates(np.array([row]), times[:, None])
        prices = self._past_price(row, times / 1000)
        return [
            Settled(int(time), float(rate), hours, float(average), float(price))
            for time, rate, average, price in zip(times, rates[:, 0], averages[:, 0], prices, strict=True)
        ]

    def _past_rates(self, rows: Ints, times_ms: Ints) -> tuple[Floats, Floats]:
        """Rates and averages that `rows` paid at `times_ms` (payments x rows) with the intervals of the start."""
        universe = self.universe
        hours = universe.hours[rows]
        parts = ((np.arange(START_SAMPLES) + 0.5) / START_SAMPLES)[:, None]
        ends = np.broadcast_to(times_ms / 1000, np.broadcast_shapes(times_ms.shape, rows.shape))
        times = ends[:, None, :] - hours * 3600 * (1.0 - parts)
        premium = self.premiums.past(rows, times.reshape(-1, rows.size))
        continuous = universe.kernel[rows] == Kernel.CONTINUOUS
        if continuous.any():
            eight_hour = kernels.capped(universe, rows, kernels.rate(universe, rows, premium, CONTINUOUS_PERIOD_H))
            premium = np.where(continuous, eight_hour, premium)
        weight = np.where(universe.linear[rows], parts, 1.0)
        average = (premium.reshape(times.shape) * weight).sum(axis=1) / weight.sum(axis=0)
        return self._rate_of(rows, average, hours), average

    def _past_price(self, row: int, times_s: Floats) -> Floats:
        universe = self.universe
        prices: Floats = self.premiums.price_history(int(universe.asset[row]), times_s) * universe.size[row]
        return prices
