"""What happens in the simulated market that a watcher would want to see, as data and as a seeded timetable."""

from __future__ import annotations

import functools

import msgspec
import numpy as np

from fundtui.simulation.assets import OTHER_MOVE, Sort
from fundtui.simulation.noise import Ints, key, mix
from fundtui.simulation.universe import Universe

HOUR_S = 3600
GRID_S = 8 * HOUR_S
LEAD_S = 2 * HOUR_S + HOUR_S // 2
SQUEEZE_VENUES = ("binance", "bybit", "okx", "gate", "bitget")


class Scenario(msgspec.Struct, frozen=True):
    """A kind of event: its name for --scenario, one sentence of help, its first start and how long it lasts."""

    name: str
    help: str
    first_s: int = 0
    lasts_s: int = 0


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("all", "Every scenario in turn: the first of each within ten minutes, repeated every half hour."),
    Scenario("calm", "Prices and premiums wander, settlements happen, nothing else."),
    Scenario("squeeze", "A coin's premium runs away; venues settle at the cap and go from 8h to 1h.", 0, 7 * HOUR_S),
    Scenario("ratelimit", "A venue answers 429 with Retry-After for three quarters of a minute.", 40, 45),
    Scenario("outage", "A venue stops answering, then answers 503, then recovers.", 70, 150),
    Scenario("purge", "Leverage leaves a coin: open interest and price fall and the premium turns.", 100, 2400),
    Scenario("collision", "A venue lists another coin under a ticker that is taken, at another price.", 130, 1200),
    Scenario("stale", "A venue goes on answering, with data that no longer moves.", 180, 240),
    Scenario("delisting", "A contract's delisting is announced, trading stops, and the row disappears.", 210, 21_600),
    Scenario("depeg", "USDC trades at 0.985 for a while; contracts quoted in it move away from the others.", 270, 720),
)  # fmt: skip
BY_NAME_OF = {scenario.name: scenario for scenario in SCENARIOS}
_TIMED = tuple(scenario for scenario in SCENARIOS if scenario.lasts_s and scenario.name != "squeeze")
CYCLE_S = 1800
SINGLE_CYCLE_S = 600
SINGLE_FIRST_S = 15
_FAULTY_VENUES = ("okx", "bitget", "mexc", "kucoin", "gate", "bybit", "dydx", "lighter")


class Happening(msgspec.Struct, frozen=True, dict=True):
    """One scenario at one time (UTC seconds) with what it hits: a venue, an asset, rows, or nothing named."""

    kind: str
    start_s: int
    end_s: int
    venue: str = ""
    asset: int = -1
    rows: tuple[int, ...] = ()
    targets: tuple[int, ...] = ()

    @functools.cached_property
    def row_array(self) -> Ints:
        return np.array(self.rows, dtype=np.int64)


class Timetable:
    """When what happens, for one seed and one choice of scenario. Asking twice gives the same answer."""

    def __init__(self, universe: Universe, seed: int, start_s: int, scenario: str) -> None:
        if scenario not in BY_NAME_OF:
            raise ValueError(f"no scenario {scenario!r}; there are: {', '.join(BY_NAME_OF)}")
        self._universe = universe
        self._key = key(seed, "timetable")
        self._start_s = start_s
        self._scenario = scenario
        self._cycle_s = CYCLE_S if scenario == "all" else SINGLE_CYCLE_S
        self._cycles: dict[int, tuple[Happening, ...]] = {}
        self._squeezes: dict[int, Happening | None] = {}
        self._near: tuple[int, int, tuple[Happening, ...]] = (0, 0, ())

    def near(self, from_s: float, to_s: float) -> tuple[Happening, ...]:
        """What happens at some time between the two, UTC seconds."""
        first, last = int(from_s) // 60, int(to_s) // 60
        if self._near[:2] != (first, last) or not self._near[2]:
            self._near = (first, last, tuple(self._between(first * 60, last * 60 + 60)))
        return self._near[2]

    def _between(self, from_s: int, to_s: int) -> list[Happening]:
        found = [*self._timed(from_s, to_s), *self._squeezed(from_s, to_s)]
        return [happening for happening in found if happening.start_s < to_s and happening.end_s > from_s]

    def _timed(self, from_s: int, to_s: int) -> list[Happening]:
        if self._scenario in ("calm", "squeeze") or to_s < self._start_s:
            return []
        longest = max(scenario.lasts_s for scenario in _TIMED)
        first = max(0, (from_s - self._start_s - longest) // self._cycle_s)
        last = (to_s - self._start_s) // self._cycle_s
        found: list[Happening] = []
        for cycle in range(first, last + 1):
            if cycle not in self._cycles:
                self._cycles[cycle] = tuple(self._cycle(cycle))
            found += self._cycles[cycle]
        for old in [cycle for cycle in self._cycles if cycle < first - 1]:
            del self._cycles[old]
        return found

    def _cycle(self, cycle: int) -> list[Happening]:
        planned = []
        for scenario in _TIMED:
            if self._scenario not in ("all", scenario.name):
                continue
            draw = key(self._key, cycle, scenario.name)
            offset = scenario.first_s if self._scenario == "all" else SINGLE_FIRST_S
            offset += draw % 300 if cycle else 0
            happening = self._plan(scenario, self._start_s + cycle * self._cycle_s + offset, draw)
            if happening is not None:
                planned.append(happening)
        return planned

    def _plan(self, scenario: Scenario, start_s: int, draw: int) -> Happening | None:
        end_s, kind = start_s + scenario.lasts_s, scenario.name
        if kind in ("outage", "stale", "ratelimit"):
            venues = [venue for venue in _FAULTY_VENUES if venue in self._universe.venues]
            return Happening(kind, start_s, end_s, venue=venues[draw % len(venues)]) if venues else None
        if kind == "depeg":
            return Happening(kind, start_s, end_s)
        if kind == "purge":
            asset = self._asset(draw, 3, 40)
            return Happening(kind, start_s, end_s, asset=asset, rows=self._rows_of(asset))
        if kind == "collision":
            rows = tuple(row.at for row in self._universe.rows if row.asset is OTHER_MOVE)
            return Happening(kind, start_s, end_s, venue="gate", rows=rows) if rows else None
        return self._delisting(start_s, end_s, draw)

    def _delisting(self, start_s: int, end_s: int, draw: int) -> Happening | None:
        candidates = [row for row in self._universe.rows if row.asset.rank > 60 and row.asset is not OTHER_MOVE]
        if not candidates:
            return None
        row = candidates[mix(draw) % len(candidates)]
        return Happening("delisting", start_s, end_s, venue=row.venue, rows=(row.at,))

    def _asset(self, draw: int, lowest: int, highest: int) -> int:
        places = [
            place
            for place, asset in enumerate(self._universe.assets)
            if lowest <= asset.rank <= highest and asset.sort is Sort.COIN
        ]
        return places[mix(draw) % len(places)] if places else 0

    def _rows_of(self, asset: int) -> tuple[int, ...]:
        return tuple(int(at) for at in np.nonzero(self._universe.asset == asset)[0])

    def _squeezed(self, from_s: int, to_s: int) -> list[Happening]:
        """Squeezes peak at settlements of the 8h grid; the first one at the first settlement after the start."""
        if self._scenario not in ("all", "squeeze"):
            return []
        first_peak = -(-(self._start_s + 120) // GRID_S) * GRID_S
        peak = max(first_peak, from_s // GRID_S * GRID_S - GRID_S)
        found = []
        while peak - LEAD_S < to_s:
            if peak not in self._squeezes:
                self._squeezes[peak] = self._squeeze(peak)
            happening = self._squeezes[peak]
            if happening is not None:
                found.append(happening)
            peak += GRID_S
        for old in [old for old in self._squeezes if old < from_s - 3 * GRID_S]:
            del self._squeezes[old]
        return found

    def _squeeze(self, peak_s: int) -> Happening | None:
        universe = self._universe
        linear = {place for place, row in enumerate(universe.rows) if row.venue in SQUEEZE_VENUES and row.hours == 8}
        targets: dict[int, list[int]] = {}
        for at in sorted(linear):
            row = universe.rows[at]
            if 12 <= row.asset.rank <= 120 and row.quote == "USDT":
                targets.setdefault(int(universe.asset[at]), []).append(at)
        chosen = [(asset, rows) for asset, rows in targets.items() if len(rows) >= 3]
        if not chosen:
            return None
        asset, rows = chosen[key(self._key, peak_s, "squeeze") % len(chosen)]
        start_s = peak_s - LEAD_S
        return Happening(
            "squeeze", start_s, start_s + BY_NAME_OF["squeeze"].lasts_s, asset=asset, rows=self._rows_of(asset),
            targets=tuple(rows[:3]),
        )  # fmt: skip


def anchors(happening: Happening) -> tuple[int, int]:
    """Begin of the full squeeze and its end, UTC seconds."""
    peak = happening.start_s + LEAD_S
    return peak - 2 * HOUR_S, peak + 2 * HOUR_S
