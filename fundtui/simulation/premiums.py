"""Premiums and prices of the simulated market as pure functions of time, and the same for a time that moves on.

A premium is the contract's own bias, the market's mood, the asset's mood (which venues follow with their lag) and
something of its own. Moods come back to their mean; strong ones are rarer and stronger than a bell curve has them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fundtui.simulation import effects
from fundtui.simulation.assets import Sort
from fundtui.simulation.noise import Field, Floats, Ints, key, lines, mix_array
from fundtui.simulation.scenarios import Timetable
from fundtui.simulation.universe import Universe

DAY_S = 86_400.0
_MOOD_SCALES = np.array([4.0 * DAY_S, 5.0 * 3600, 40.0 * 60])
_MOOD_WEIGHTS = np.array([0.75, 0.65, 0.4])
_OWN_SCALES = np.array([100.0 * 60, 9.0 * 60])
_OWN_WEIGHTS = np.array([0.3, 0.2])
_MARKET_SCALE = 7.0 * 3600
_MARKET_WEIGHT = 2.0e-4
_JITTER_SCALE = 25.0
_JITTER = 0.4e-4
_BASE = -1.0e-4
_PRICE_SCALES = np.array([25 * DAY_S, 6 * DAY_S, 1.5 * DAY_S, 9 * 3600.0, 2 * 3600.0, 1800.0, 450.0, 110.0, 28.0])
_PRICE_WEIGHTS = 0.55 * np.sqrt(_PRICE_SCALES / DAY_S)


class Premiums:
    """The premium of each row and the index price of each asset at any time. Times are UTC seconds."""

    def __init__(self, universe: Universe, seed: int, timetable: Timetable) -> None:
        self._universe = universe
        self._timetable = timetable
        rows, assets = len(universe.rows), len(universe.assets)
        self._all = np.arange(rows, dtype=np.int64)
        asset_keys = mix_array(np.array([key(seed, "asset", asset.name) for asset in universe.assets], dtype=np.uint64))
        self._mood_keys = _spread(asset_keys[universe.asset], len(_MOOD_SCALES))
        self._own_keys = _spread(universe.keys, len(_OWN_SCALES) + 1)
        self._market_key = np.array([key(seed, "mood")], dtype=np.uint64)
        delays = np.concatenate(
            [np.tile(universe.lag_s, (len(_MOOD_SCALES), 1)), np.zeros((len(_OWN_SCALES) + 1, rows))]
        )
        scales = np.concatenate([_MOOD_SCALES, _OWN_SCALES, [_JITTER_SCALE]])[:, None]
        self._field = Field(np.concatenate([self._mood_keys, self._own_keys]), scales, delays)
        self._price_keys = _spread(asset_keys ^ np.uint64(0x5851F42D4C957F2D), len(_PRICE_SCALES))
        self._price_field = Field(self._price_keys, _PRICE_SCALES[:, None])
        self._factor_keys = _spread(np.array([key(seed, "factor")], dtype=np.uint64), len(_PRICE_SCALES))
        self._factor_field = Field(self._factor_keys, _PRICE_SCALES[:, None])
        self._log_price = np.log(np.array([asset.price for asset in universe.assets]))
        vol = np.array([asset.daily_vol for asset in universe.assets])
        coin = np.array([asset.sort is Sort.COIN for asset in universe.assets])
        self._alone = vol * np.where(coin, 0.7, 1.0)
        self._alone[_ticker_places(universe, "BTC")] = 0.0
        self._together = np.where(coin, np.maximum(vol, 0.028) * 0.8, 0.0)
        self._assets = assets

    def now(self, time_s: float) -> Floats:
        """Premium of each row at a time that moves on, with its jitter."""
        universe = self._universe
        parts = self._field.at(time_s)
        moods = len(_MOOD_SCALES)
        mood = _MOOD_WEIGHTS @ parts[:moods] + _OWN_WEIGHTS @ parts[moods:-1]
        value = self._shape(self._all, mood, time_s, self._market(time_s))
        value += _JITTER * parts[-1] * (1.0 + universe.spread * 4000.0)
        return value

    def past(self, rows: Ints, time_s: Any) -> Floats:
        """Premium without jitter, samples x rows, at `time_s` (samples, or samples x rows)."""
        time_s = np.asarray(time_s, dtype=np.float64)
        if time_s.ndim == 1:
            time_s = time_s[:, None]
        mood = np.zeros(np.broadcast_shapes(time_s.shape, (1, len(rows))))
        delayed = time_s - self._universe.lag_s[rows]
        for keys, scale, weight in zip(self._mood_keys, _MOOD_SCALES, _MOOD_WEIGHTS, strict=True):
            mood += weight * lines(keys[rows], delayed, scale)
        for keys, scale, weight in zip(self._own_keys[:-1], _OWN_SCALES, _OWN_WEIGHTS, strict=True):
            mood += weight * lines(keys[rows], time_s, scale)
        return self._shape(rows, mood, time_s, lines(self._market_key, time_s, _MARKET_SCALE))

    def _market(self, time_s: float) -> float:
        return float(lines(self._market_key, time_s, _MARKET_SCALE)[0])

    def _shape(self, rows: Ints, mood: Floats, time_s: Any, market: Any) -> Floats:
        universe = self._universe
        value: Floats = universe.premium_sd[rows] * mood * (1.0 + 0.18 * mood * mood)
        value += universe.bias[rows] + _BASE
        value += _MARKET_WEIGHT * market
        first, last = float(np.min(time_s)), float(np.max(time_s))
        effects.premium(universe, self._timetable.near(first, last), rows, time_s, value)
        return value

    def prices(self, time_s: float) -> Floats:
        """Index price of each asset in dollars at a time that moves on."""
        factor = float((_PRICE_WEIGHTS @ self._factor_field.at(time_s))[0])
        moves = self._alone * (_PRICE_WEIGHTS @ self._price_field.at(time_s)) + self._together * factor
        moves += effects.log_price(self._timetable.near(time_s, time_s), self._assets, time_s)
        prices: Floats = np.exp(self._log_price + moves)
        return prices

    def price_history(self, asset: int, time_s: Floats) -> Floats:
        """Index prices of one asset at past times, without the effects of scenarios."""
        moves = np.zeros_like(time_s)
        for at, (scale, weight) in enumerate(zip(_PRICE_SCALES, _PRICE_WEIGHTS, strict=True)):
            moves += weight * self._alone[asset] * lines(self._price_keys[at, asset], time_s, scale)
            moves += weight * self._together[asset] * lines(self._factor_keys[at, 0], time_s, scale)
        prices: Floats = np.exp(self._log_price[asset] + moves)
        return prices


def _spread(keys: Any, count: int) -> Any:
    """One key per scale from one key per row: count x rows."""
    steps = np.arange(1, count + 1, dtype=np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15)
    return mix_array(keys[None, :] ^ steps)


def _ticker_places(universe: Universe, ticker: str) -> list[int]:
    return [place for place, asset in enumerate(universe.assets) if asset.ticker == ticker]
