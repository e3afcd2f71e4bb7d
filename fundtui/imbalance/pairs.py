"""Pairs that could be carried, priced a few at a time (methodology §4, §6): the widest ones always, the rest in turn.

Each asset has at most two rows: its highest against its lowest perpetual, and its highest against bought spot.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance import (
    autoregression,
    carry,
    costs,
    detectors,
    estimators,
    flips,
    ladder,
    liquidation,
    pricing,
    purge,
    sizing,
)
from fundtui.imbalance.carry import HORIZON_H, Leg
from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.compare import Comparison
from fundtui.imbalance.instruments import Instruments
from fundtui.imbalance.ladder import Rung
from fundtui.imbalance.pricing import Priced
from fundtui.imbalance.regime import REGIME_TEXT, Regime
from fundtui.imbalance.rows import Flags, Floats, Index, log_change
from fundtui.imbalance.sides import received_share
from fundtui.imbalance.state import Observed
from fundtui.imbalance.table import Table
from fundtui.market import Fees
from fundtui.units import HOUR_MS, HOURS_PER_YEAR

PERP_PERP, SPOT_PERP = "perp-perp", "spot-perp"
SPOT = "spot"
DEFAULT_TAKER_FEE = 0.0005
DEFAULT_VOLATILITY = 0.04
MAINTENANCE = 0.005
WEEK_DAYS = HORIZON_H / 24.0
NOBODY = -1
EXITS = ("", "exit", "exit: two adverse settlements", "exit: expectation and two adverse settlements")
"""Which conditions to leave hold: one bit for the expectation, one for two settlements that went against the pair."""
ASSUMPTIONS = (
    "default fee",
    "default mean",
    "default volatility",
    "volume from OI",
    "no basis history",
    "spot from index",
    "size beyond 1 % of volume or 2 % of OI: not priced",
)


class CarrySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How pairs are priced: at a size that most contracts can bear.

    fees: venue -> fraction of a trade, where a person says so. maker: of what venues publish, the fees of resting
    orders count. half_spread: where no book is known, NaN for the impact
    half-spread that was learnt. impact: factor of the square-root law. margin_buffer: spare share of the capital.
    top: pairs priced at every refresh; as many others are priced in turn, so that the cost of a refresh is bounded.
    """

    notional_usd: float = 10_000.0
    equity_usd: float = 100_000.0
    leverage: float = pricing.DEFAULT_LEVERAGE
    fees: dict[str, float] = {}
    maker: bool = False
    spot_fee: float = 0.001
    horizon_h: float = HORIZON_H
    half_spread: float = math.nan
    impact: float = costs.IMPACT_FACTOR
    margin_buffer: float = costs.CAPITAL_BUFFER
    top: int = 50


class Quoted(NamedTuple):
    """One side of some pairs: instrument rows (NOBODY: spot), its leg, and what its costs rest on."""

    rows: Index
    leg: Leg
    fee: Floats
    half_spread: Floats
    volatility: Floats
    cost: costs.LegCost
    assumed_fee: Flags
    assumed_mean: Flags
    assumed_volatility: Flags


class Terms(NamedTuple):
    """Both legs of a pair when it was last priced."""

    short: Leg
    long: Leg
    priced_ms: int


class Pairs:
    """The pair table."""

    def __init__(
        self,
        instruments: Instruments,
        assets: Table,
        comparison: Comparison,
        settings: CarrySettings,
        quote_rate: float,
    ) -> None:
        self.instruments = instruments
        self.assets = assets
        self.comparison = comparison
        self.settings = settings
        self.quote_rate = quote_rate
        self.table = Table(Level.PAIR, CATALOGUE[Level.PAIR], 256)
        self.short: dict[int, int] = {}
        self.long: dict[int, int] = {}
        self._terms: dict[int, Terms] = {}
        self.quote_usd: Floats = np.empty(0)
        self.published_fees: dict[str, Fees] = {}
        self._turn = 0
        self.table.share_labels(("short_symbol", "long_symbol"), instruments.table, "symbol")
        self.table.share_labels(("asset",), assets, "asset")
        self.table.share_labels(("short", "long"), instruments.table, "venue")
        self._spot = self.table.code("long", SPOT)
        self._index = self.table.code("long_symbol", "index")
        self._trades = np.array([self.table.code("trade", name) for name in (PERP_PERP, SPOT_PERP)])
        self._exits = np.array([self.table.code("exit_condition", name) for name in EXITS])
        self._limits = np.array([self.table.code("size_limit", name) for name in (*sizing.LIMITS, "")])
        self._assumed = np.array(
            [
                self.table.code("assumptions", ", ".join(text for k, text in enumerate(ASSUMPTIONS) if bits >> k & 1))
                for bits in range(1 << len(ASSUMPTIONS))
            ]
        )

    def refresh(self, now_ms: int) -> Index:
        """Price the widest pairs and the next ones in turn; returns the assets whose figures are others now."""
        return self.price(self.choose(), now_ms)

    def price(self, assets: Index, now_ms: int) -> Index:
        """Price these assets' pairs, as far as there still are any; returns the assets whose figures are others now."""
        chosen = assets[self._able()[assets]]
        if not len(chosen):
            return chosen
        short, long = self.comparison.high_row[chosen], self.comparison.low_row[chosen]
        pays = self.instruments.table.columns["apr"][short] > 0
        assets = np.concatenate((chosen, chosen[pays]))
        spot = np.zeros(len(assets), np.bool_)
        spot[len(chosen) :] = True
        trades = [SPOT_PERP if bought else PERP_PERP for bought in spot.tolist()]
        rows = np.array(
            [self._row(asset, trade) for asset, trade in zip(assets.tolist(), trades, strict=True)], np.intp
        )
        shorts = np.concatenate((short, short[pays]))
        longs = np.where(spot, NOBODY, np.concatenate((long, long[pays])))
        self._retire(chosen[~pays])
        self._price(rows, assets, shorts, longs, now_ms)
        self._best(chosen)
        return chosen

    def ladder(self, row: int, now_ms: int) -> tuple[Rung, ...]:
        """Dated cash flows of one pair with their running sum, as fractions of the notional."""
        terms = self._terms[row]
        elapsed_h = (now_ms - terms.priced_ms) / HOUR_MS
        legs = [leg._replace(next_h=max(float(leg.next_h) - elapsed_h, 0.0)) for leg in (terms.short, terms.long)]
        columns = self.table.columns
        gain = float(np.nan_to_num(columns["gain"][row]))
        cash = self.quote_rate if self.long[row] == NOBODY else 0.0
        return ladder.ladder(legs[0], legs[1], now_ms, float(columns["cost"][row]), self.settings.horizon_h, gain, cash)

    def choose(self) -> Index:
        """Assets to price now: the widest spreads, and the next stretch of the others."""
        top, spread = self.settings.top, self.assets.columns["spread"]
        able = np.flatnonzero(self._able())
        widest = able[np.argsort(-spread[able], kind="stable")]
        rest = np.sort(widest[top:])
        start = np.searchsorted(rest, self._turn)
        turn = rest[start : start + top]
        self._turn = int(turn[-1]) + 1 if len(turn) == top else 0
        return np.concatenate((widest[:top], turn)).astype(np.intp)

    def _able(self) -> Flags:
        """Which assets have a pair at all."""
        count = self.assets.count
        able: Flags = (self.assets.columns["spread"][:count] > 0) & self.assets.alive[:count]
        return able

    def _row(self, asset: int, trade: str) -> int:
        key = f"{self.assets.keys[asset]} {trade}"
        row = self.table.index.get(key)
        if row is None:
            row = self.table.add(key)
            self.table.columns["asset"][row] = self.assets.columns["asset"][asset]
        return row

    def _retire(self, assets: Index) -> None:
        """Spot rows of assets whose highest rate no longer pays a short."""
        for asset in assets.tolist():
            row = self.table.index.get(f"{self.assets.keys[asset]} {SPOT_PERP}")
            if row is not None and self.table.alive[row]:
                self.table.alive[row] = False
                self.table.touch(np.array([row]))

    def _price(self, rows: Index, assets: Index, shorts: Index, longs: Index, now_ms: int) -> None:
        short, long = self._side(shorts, now_ms, receives=1.0), self._side(longs, now_ms, receives=-1.0)
        spot = longs == NOBODY
        entry, gain, deviation, unknown_basis = self._convergence(shorts, longs)
        cost = costs.round_trip(
            short.fee + long.fee, short.half_spread + long.half_spread, short.cost.impact + long.cost.impact
        )
        leverage = np.full(len(rows), self.settings.leverage)
        capital = np.where(
            spot,
            costs.capital_spot_perp(leverage),
            costs.capital_perp_perp(leverage, leverage, self.settings.margin_buffer),
        )
        own = self.instruments.table.columns
        fresh = np.fmin(own["freshness"][shorts], np.where(spot, 1.0, own["freshness"][longs]))
        coverage = np.fmin(own["coverage"][shorts], np.where(spot, 1.0, own["coverage"][longs]))
        priced = pricing.price(
            short.leg,
            long.leg,
            cost,
            capital,
            gain,
            fresh,
            np.where(np.isnan(coverage), 1.0, coverage),
            (short.cost.capacity & long.cost.capacity).astype(np.float64),
            np.where(spot, self.quote_rate, 0.0),
            self.settings.horizon_h,
        )
        bits = np.zeros(len(rows), np.int64)
        for place, flags in enumerate(
            (
                short.assumed_fee | long.assumed_fee,
                short.assumed_mean | long.assumed_mean,
                short.assumed_volatility | long.assumed_volatility,
                short.cost.volume_assumed | long.cost.volume_assumed,
                unknown_basis,
                spot,
                ~(short.cost.capacity & long.cost.capacity),
            )
        ):
            bits |= flags.astype(np.int64) << place
        for row, one, other in zip(rows.tolist(), shorts.tolist(), longs.tolist(), strict=True):
            self.short[row], self.long[row] = one, other
        self._remember(rows, short.leg, long.leg, now_ms)
        self._write_legs(rows, shorts, longs, spot, bits)
        self._write_result(rows, priced, entry)
        self._write_sizing(rows, assets, short, long, priced, entry, deviation, fresh)
        self.table.alive[rows] = True
        self.table.touch(rows)

    def _remember(self, rows: Index, short: Leg, long: Leg, now_ms: int) -> None:
        """Keep the legs of each pair for its ladder."""
        legs = [zip(*(np.asarray(column).tolist() for column in leg), strict=True) for leg in (short, long)]
        for row, one, other in zip(rows.tolist(), *legs, strict=True):
            self._terms[row] = Terms(Leg(*one), Leg(*other), now_ms)

    def _side(self, rows: Index, now_ms: int, *, receives: float) -> Quoted:
        """What one side of the pairs pays and costs. Spot pays nothing and trades at the index (flagged).

        `receives`: the sign of rates that this side is paid.
        """
        state, own, settings = self.instruments.rows, self.instruments.table.columns, self.settings
        spot = rows == NOBODY
        fit = autoregression.fit(self.instruments.settling.own.autoregression, rows)
        # A rate that proved fixed for its settlement is known: nothing is projected.
        known = detectors.locked(self.instruments.settling.locks, rows)
        projected = np.where(known, np.nan, own["projected"][rows])
        expected = np.where(projected == projected, projected, own["apr"][rows])
        expected = expected * received_share(self.instruments, rows, expected * receives > 0)
        wait = (own["next_funding_ms"][rows] - now_ms) / HOUR_MS
        interval = state.interval_h[rows]
        # A venue that has not moved on to the next settlement yet pays it one interval later.
        wait = np.where(wait < 0, wait + np.ceil(-wait / interval) * interval, wait)
        legs = pricing.legs(
            expected,
            wait,
            interval,
            fit.mean,
            fit.phi_corrected,
            np.sqrt(fit.residual_variance),
            state.cap_h[rows],
            state.floor_h[rows],
            state.interest_h[rows],
            state.continuous[rows],
        )
        resting = carry.spot_leg(len(rows))
        leg = Leg(*(np.where(spot, calm, moving) for calm, moving in zip(resting, legs.leg, strict=True)))
        fees = self._fees()[state.venue[rows]]
        default_fee = np.isnan(fees) & ~spot
        fast, slow = purge.daily_volatility(self.instruments.pressing.purge, rows)
        capped = own["regime"][rows]
        volatility = liquidation.stressed_volatility(fast, slow, np.isin(capped, self._stressed()))
        default_volatility = np.isnan(volatility) & ~spot
        volatility = np.where(np.isnan(volatility), DEFAULT_VOLATILITY, volatility)
        bid, ask = self.instruments.observed[Observed.BID, rows], self.instruments.observed[Observed.ASK, rows]
        cost = costs.leg_cost(volatility, settings.notional_usd, own["volume_usd"][rows], own["oi_usd"][rows])
        nothing = np.zeros(len(rows), np.bool_)
        return Quoted(
            rows,
            leg,
            np.where(spot, settings.spot_fee, np.where(default_fee, DEFAULT_TAKER_FEE, fees)),
            np.where(spot, 0.0, costs.half_spread(bid, ask, self._usual_spread(rows))),
            volatility,
            costs.LegCost(
                np.where(spot, 0.0, settings.impact * cost.impact),
                cost.capacity | spot,
                np.where(spot, nothing, cost.volume_assumed),
            ),
            default_fee,
            np.where(spot, nothing, legs.assumed),
            default_volatility,
        )

    def _usual_spread(self, rows: Index) -> Floats:
        given = self.settings.half_spread
        learnt = self.instruments.formula.half_spread.delta[rows]
        return learnt if math.isnan(given) else np.full(len(rows), given)

    def _fees(self) -> Floats:
        """Fee per venue number, NaN where nobody said."""
        published = {name: one.maker if self.settings.maker else one.taker for name, one in self.published_fees.items()}
        fees = published | self.settings.fees
        known = [fees.get(name, np.nan) for name in self.instruments.registry.venues]
        return np.array([*known, np.nan])

    def _stressed(self) -> NDArray[np.int64]:
        """Codes of regimes in which normal tails understate."""
        words = (REGIME_TEXT[kind] for kind in (Regime.CAPPED, Regime.EXTREME_LONG, Regime.EXTREME_SHORT))
        return np.array([self.instruments.table.code("regime", word) for word in words])

    def _convergence(self, shorts: Index, longs: Index) -> tuple[Floats, Floats, Floats, Flags]:
        """Basis at entry, expected gain from its convergence, its sd, and where its own history is too short (§4.3)."""
        state, pressing = self.instruments.rows, self.instruments.pressing
        mark, index = self.instruments.observed[Observed.MARK], self.instruments.observed[Observed.INDEX]
        spot = longs == NOBODY
        sold = mark[shorts] / state.multiplier[shorts]
        bought = np.where(spot, index[shorts] / state.multiplier[shorts], mark[longs] / state.multiplier[longs])
        entry = log_change(sold, bought) + np.where(spot, 0.0, self._parity(shorts, longs))
        ready = pressing.basis.count >= estimators.WARM_UP
        mean = np.where(ready, pressing.basis.mean, np.nan)
        variance = np.where(ready, pressing.basis.variance, np.nan)
        kappa = autoregression.fit(pressing.basis_ar, shorts).kappa_per_h
        usual = mean[shorts] - np.where(spot, 0.0, mean[longs])
        other = np.where(spot, kappa, autoregression.fit(pressing.basis_ar, longs).kappa_per_h)
        gain = carry.basis_gain(entry, usual, np.fmin(kappa, other), self.settings.horizon_h)
        unknown = np.isnan(gain)
        deviation = np.sqrt(variance[shorts] + np.where(spot, 0.0, variance[longs]))
        return entry, np.where(unknown, 0.0, gain), deviation, unknown

    def _parity(self, shorts: Index, longs: Index) -> Floats:
        """ln of the short leg's quote currency over the long leg's, both in dollars; 0 before it was looked at."""
        if len(self.quote_usd) <= max(int(shorts.max()), int(longs.max())):
            return np.zeros(len(shorts))
        return log_change(self.quote_usd[shorts], self.quote_usd[longs])

    def _write_legs(self, rows: Index, shorts: Index, longs: Index, spot: Flags, bits: NDArray[np.int64]) -> None:
        columns, own = self.table.columns, self.instruments.table.columns
        columns["trade"][rows] = self._trades[spot.astype(np.int64)]
        columns["short"][rows] = own["venue"][shorts]
        columns["short_symbol"][rows] = own["symbol"][shorts]
        columns["long"][rows] = np.where(spot, self._spot, own["venue"][longs])
        columns["long_symbol"][rows] = np.where(spot, self._index, own["symbol"][longs])
        columns["spread"][rows] = own["apr"][shorts] - np.where(spot, 0.0, own["apr"][longs])
        soonest = np.fmin(own["next_funding_ms"][shorts], np.where(spot, np.nan, own["next_funding_ms"][longs]))
        columns["next_funding_ms"][rows] = soonest
        columns["assumptions"][rows] = self._assumed[bits]

    def _write_result(self, rows: Index, priced: Priced, entry: Floats) -> None:
        columns = self.table.columns
        for key, values in (
            ("net_apr", priced.apr_notional / HOURS_PER_YEAR),
            ("apr_capital", priced.apr_capital / HOURS_PER_YEAR),
            ("score", priced.score / HOURS_PER_YEAR),
            ("breakeven", np.minimum(priced.break_even_h, carry.SCAN_H)),
            ("net", priced.net),
            ("gross", priced.gross),
            # Of the published rates: the legs themselves begin with the rates that are expected.
            ("naive", columns["spread"][rows] * self.settings.horizon_h),
            ("cost", priced.cost),
            ("gain", priced.gain),
            ("sd", priced.sd),
            ("fifth", priced.fifth),
            ("worst", priced.worst),
            ("ceiling", np.where(np.isfinite(priced.bound), priced.bound, np.nan)),
            ("entry_basis", entry),
            ("capital", priced.capital),
        ):
            columns[key][rows] = values

    def _write_sizing(
        self,
        rows: Index,
        assets: Index,
        short: Quoted,
        long: Quoted,
        priced: Priced,
        entry: Floats,
        deviation: Floats,
        fresh: Floats,
    ) -> None:
        """Limits and conditions at the notional and leverage of the settings. Never advice (§6)."""
        columns, own, settings = self.table.columns, self.instruments.table.columns, self.settings
        spot = long.rows == NOBODY
        periods = HOURS_PER_YEAR / settings.horizon_h
        funding_sd = priced.sd * np.sqrt(periods)
        noise = sizing.pnl_volatility(deviation, periods, np.nan_to_num(funding_sd))
        _, fraction = sizing.kelly(priced.apr_notional, noise)

        def least(key: str) -> Floats:
            smaller: Floats = np.fmin(own[key][short.rows], np.where(spot, np.nan, own[key][long.rows]))
            return smaller

        room = own["oi_cap_usd"] - own["oi_usd"]
        size = sizing.dynamic_size(
            sizing.volatility_target(settings.equity_usd, noise),
            settings.equity_usd * fraction,
            least("volume_usd"),
            least("oi_usd"),
            np.fmin(room[short.rows], np.where(spot, np.nan, room[long.rows])),
            np.abs(self.assets.columns["crowding"][assets]),
            fresh,
        )
        volatility = np.fmax(short.volatility, np.where(spot, np.nan, long.volatility))
        above = liquidation.short_price(1.0, settings.leverage, MAINTENANCE)
        below = liquidation.long_price(1.0, settings.leverage, MAINTENANCE)
        touched = liquidation.touch_probability(1.0, np.full(len(rows), above), volatility, WEEK_DAYS)
        touched_below = liquidation.touch_probability(1.0, np.full(len(rows), below), volatility, WEEK_DAYS)
        adverse = flips.less_adverse(self.instruments.settling.own.realised, short.rows, long.rows)
        leaving = 1 * sizing.leaves_by_expectation(priced.gross, 0.5 * priced.cost)
        leaving += 2 * sizing.leaves_by_flip(adverse, adverse)
        for key, values in (
            ("size_usd", size.notional_usd),
            ("leverage", liquidation.largest_leverage(volatility, WEEK_DAYS, MAINTENANCE)),
            ("liquidation_short", np.full(len(rows), above - 1.0)),
            ("liquidation_long", np.where(spot, np.nan, below - 1.0)),
            ("touch", np.minimum(touched + np.where(spot, 0.0, touched_below), 1.0)),
            ("basis_stop", sizing.basis_stop(entry, deviation)),
            ("size_limit", self._limits[size.limit]),
            ("exit_condition", self._exits[leaving]),
            ("adverse", adverse),
        ):
            columns[key][rows] = values

    def _best(self, assets: Index) -> None:
        """Break-even and net of each asset's two-perpetual pair, for the asset table."""
        rows = np.array([self.table.index[f"{self.assets.keys[asset]} {PERP_PERP}"] for asset in assets.tolist()])
        for key in ("breakeven", "net_apr"):
            self.assets.columns[key][assets] = self.table.columns[key][rows]
