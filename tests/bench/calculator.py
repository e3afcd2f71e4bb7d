"""The calculator against group-by recomputation: one venue's batch of 500 rows into 15,000 instruments.

Run: python tests/bench/calculator.py
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundtui.history.settled import AT_ONCE
from fundtui.imbalance.calculator import Calculator, CalculatorSettings
from fundtui.imbalance.compare import Moved, Seen
from fundtui.imbalance.pairs import PERP_PERP, CarrySettings
from fundtui.imbalance.rates import observations
from fundtui.imbalance.rows import Where
from fundtui.imbalance.skew import cross_section, weights
from fundtui.imbalance.state import Members, Observed
from fundtui.market import Averaging, Batch, Family, FundingRule, Instrument, Quote, Settlement

ASSETS, VENUES, PER_VENUE = 2000, 30, 500
START_MS = 1_760_000_000_000
HOUR_MS = 3_600_000
RULE = FundingRule(family=Family.NORMALISED, interest_8h=1e-4, damper=5e-4, averaging=Averaging.LINEAR)


class Market:
    """Thirty venues with 500 contracts each: majors on all venues, a long tail on few."""

    def __init__(self, seed: int = 3) -> None:
        self.rng = np.random.default_rng(seed)
        popularity = 1.0 / np.arange(1, ASSETS + 1) ** 0.7
        popularity /= popularity.sum()
        self.price = self.rng.lognormal(2, 3, ASSETS)
        self.listed = [np.sort(self.rng.choice(ASSETS, PER_VENUE, replace=False, p=popularity)) for _ in range(VENUES)]
        self.contracts = [[self.contract(venue, asset) for asset in assets] for venue, assets in enumerate(self.listed)]
        self.last: dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        self.oi = [self.rng.lognormal(15, 2, PER_VENUE) for _ in range(VENUES)]

    def contract(self, venue: int, asset: int) -> Instrument:
        hours = float(self.rng.choice([1, 4, 8]))
        return Instrument(
            venue=f"venue{venue:02d}",
            symbol=f"C{asset}USDT",
            asset=f"C{asset}",
            quote="USDT",
            settle="USDT",
            rate_period_h=hours,
            interval_h=hours,
            cap=0.02,
            floor=-0.02,
            rule=RULE,
        )

    def batch(self, venue: int, now_ms: int, changed: float = 1.0, *, sizes: bool = True) -> Batch:
        """A poll in which this share of the rows has new rates and prices, and `sizes`: all have other OI, volume."""
        rng, assets = self.rng, self.listed[venue]
        moves = rng.random(PER_VENUE) < changed
        rate, premium = self.last.get(venue, (np.zeros(PER_VENUE), np.zeros(PER_VENUE)))
        if venue not in self.last:
            moves[:] = True
        rate = np.where(moves, rng.normal(1e-4, 3e-4, PER_VENUE), rate)
        premium = np.where(moves, rng.normal(0, 8e-4, PER_VENUE), premium)
        self.last[venue] = rate, premium
        if sizes:
            self.oi[venue] *= rng.uniform(0.999, 1.001, PER_VENUE)
        index = self.price[assets]
        mark = index * (1 + premium)
        quotes = []
        for k, contract in enumerate(self.contracts[venue]):
            length = int(contract.interval_h * HOUR_MS)
            next_ms = (now_ms // length + 1) * length
            oi = float(self.oi[venue][k])
            quotes.append(
                Quote(contract, now_ms, float(rate[k]), next_ms, float(mark[k]), float(index[k]), float(mark[k]),
                      float(premium[k]), oi / float(mark[k]), oi, oi * 2, float(rate[k]))
            )  # fmt: skip
        return Batch(venue=f"venue{venue:02d}", observed_ms=now_ms, quotes=tuple(quotes))


def timed(run: Callable[[], object]) -> float:
    begin = time.perf_counter()
    run()
    return (time.perf_counter() - begin) * 1e6


def show(name: str, times: list[float]) -> float:
    ordered = sorted(times)
    median = ordered[len(ordered) // 2]
    print(f"{name:62s} {median:10.0f} {ordered[int(len(ordered) * 0.99)]:10.0f}")
    return median


class Times(NamedTuple):
    """Microseconds of each call, by kind: polls between two of the minute's samples, those that take one, ticks."""

    plain: list[float]
    sampled: list[float]
    ticks: dict[str, list[float]]


def applied(calculator: Calculator, market: Market, rounds: int, changed: float, *, sizes: bool = True) -> Times:
    """So many rounds of all venues, 15 s of market time apart, with a tick each second. Garbage is collected."""
    times = Times([], [], {"pairs": [], "venues, market": [], "with the minute's ranks and pegs": []})
    now_ms = START_MS if not calculator.instruments.count else int(calculator.instruments.columns["observed_ms"][0])
    for _ in range(rounds):
        before_ms, now_ms = now_ms, now_ms + 15_000
        minute_begins = before_ms // 60_000 != now_ms // 60_000
        for venue in range(VENUES):
            batch = market.batch(venue, now_ms, changed, sizes=sizes)
            took = timed(partial(calculator.apply, batch, now_ms))
            (times.sampled if minute_begins else times.plain).append(took)
        for second in range(15):
            at_ms = now_ms + 1000 * second
            boards = calculator.market.revision
            took = timed(partial(calculator.tick, at_ms))
            new_minute = at_ms % 60_000 < 1000
            kind = "venues, market" if calculator.market.revision != boards else "pairs"
            times.ticks["with the minute's ranks and pegs" if new_minute else kind].append(took)
    return times


def settled(market: Market, of: int, hours_ago: int = 1) -> list[Settlement]:
    """One settlement of each contract of the first `of` venues, at the contract's own interval."""
    return [
        Settlement(
            venue=contract.venue,
            symbol=contract.symbol,
            time_ms=START_MS // HOUR_MS * HOUR_MS - hours_ago * HOUR_MS,
            rate=1e-4,
            interval_h=contract.interval_h,
        )
        for contracts in market.contracts[:of]
        for contract in contracts
    ]


def peers(calculator: Calculator, market: Market) -> dict[str, float]:
    """The same skew metrics by group-by in pandas and in polars: over all assets, and over those of one batch."""
    import pandas as pd
    import polars as pl

    count = calculator.instruments.count
    touched = np.array([calculator.assets.index[contract.asset_id] for contract in market.contracts[0]])
    columns = calculator.instruments.columns
    data = {
        "asset": columns["asset"][:count].astype(np.int64),
        "venue": columns["venue"][:count].astype(np.int64),
        "h": columns["apr"][:count].copy(),
        "w": columns["oi_usd"][:count].copy(),
    }
    frame = pd.DataFrame(data)
    table = pl.DataFrame(data)

    codes = [calculator.instruments.columns["asset"][calculator.instrument_rows(asset)[0]] for asset in touched]
    wanted, chosen = np.isin(np.arange(data["asset"].max() + 1), codes), pl.Series(np.array(codes, np.int64)).implode()

    def by_pandas(frame: Any = frame) -> object:
        ordered = frame.sort_values(["asset", "h"])
        ordered["wh"] = ordered.w * ordered.h
        groups = ordered.groupby("asset", sort=False)
        result = groups.h.agg(["median", "min", "max", "count"])
        weight = groups.w.transform("sum")
        weighted = groups.wh.transform("sum")
        mean = weighted / weight
        result["mean"] = mean.groupby(ordered.asset).first()
        running = groups.w.cumsum()
        result["consensus"] = ordered[running >= 0.5 * weight].groupby("asset").h.first()
        result["long"] = groups.venue.first()
        result["short"] = groups.venue.last()
        away = (ordered.h - groups.h.transform("median")).abs()
        mad = away.groupby(ordered.asset).transform("median")
        spare = away.groupby(ordered.asset).transform("mean")
        scale = np.maximum(np.where(mad > 0, 1.4826 * mad, 1.2533 * spare), 6.25e-7)
        result["z"] = (away / scale).groupby(ordered.asset).max()
        ordered["skew"] = ordered.h - (weighted - ordered.wh) / (weight - ordered.w)
        squares = ordered.w * (ordered.h - mean) ** 2
        result["dispersion"] = np.sqrt(squares.groupby(ordered.asset).sum() / groups.w.sum())
        result["oi"] = groups.w.sum()
        return result

    def by_polars(table: Any = table) -> object:
        ordered = table.sort(["asset", "h"])
        weight, weighted = pl.col("w").sum().over("asset"), (pl.col("w") * pl.col("h")).sum().over("asset")
        cells = ordered.with_columns(
            weight.alias("weight"),
            weighted.alias("weighted"),
            pl.col("w").cum_sum().over("asset").alias("running"),
            (pl.col("h") - pl.col("h").median().over("asset")).abs().alias("away"),
        ).with_columns(
            (pl.col("h") - (pl.col("weighted") - pl.col("w") * pl.col("h")) / (pl.col("weight") - pl.col("w"))).alias(
                "skew"
            )
        )
        return cells.group_by("asset").agg(
            pl.col("h").median().alias("median"),
            pl.col("h").min().alias("low"),
            pl.col("h").max().alias("high"),
            pl.len().alias("count"),
            (pl.col("weighted").first() / pl.col("weight").first()).alias("mean"),
            pl.col("h").filter(pl.col("running") >= 0.5 * pl.col("weight")).first().alias("consensus"),
            pl.col("venue").first().alias("long"),
            pl.col("venue").last().alias("short"),
            (
                pl.col("away").max()
                / pl.max_horizontal(
                    pl.when(pl.col("away").median() > 0)
                    .then(1.4826 * pl.col("away").median())
                    .otherwise(1.2533 * pl.col("away").mean()),
                    pl.lit(6.25e-7),
                )
            ).alias("z"),
            (
                (pl.col("w") * (pl.col("h") - pl.col("weighted") / pl.col("weight")) ** 2).sum() / pl.col("w").sum()
            ).sqrt().alias("dispersion"),
            pl.col("w").sum().alias("oi"),
        )  # fmt: skip

    _agree(calculator, by_polars())
    runs: dict[str, Callable[[], object]] = {
        "pandas, all assets": by_pandas,
        "polars, all assets": by_polars,
        "pandas, the batch's assets": lambda: by_pandas(frame[wanted[frame.asset]]),
        "polars, the batch's assets": lambda: by_polars(table.filter(pl.col("asset").is_in(chosen))),
    }
    return {name: show(f"the skew metrics by {name}", [timed(run) for _ in range(30)]) for name, run in runs.items()}


def same_metrics(calculator: Calculator, market: Market) -> list[float]:
    """What the peers work out, for the assets of one batch: the part of `apply` that they can be held against."""
    members = Members(ASSETS)
    hourly = calculator.instruments.columns["apr"].copy()
    oi_usd = calculator.instruments.columns["oi_usd"].copy()
    for row, key in enumerate(calculator.instruments.keys):
        members.add(calculator.assets.index[calculator.contract(row).asset_id], row, key)

    def work(assets: NDArray[np.intp]) -> object:
        cells, groups = members.of_all(assets)
        return cross_section(groups, hourly[cells], weights(groups, oi_usd[cells]))

    touched = [
        np.sort([calculator.assets.index[contract.asset_id] for contract in contracts])
        for contracts in market.contracts
    ]
    return [timed(partial(work, assets)) for _ in range(10) for assets in touched]


def first_metrics(calculator: Calculator, market: Market, rounds: int) -> list[float]:
    """The parts of `apply` behind the first set of metrics, called one after the other, for every venue's poll.

    Decoding; rates per hour, 8 hours and year, excess, use of the cap, premium; the average of the premium, theory,
    divergence; per asset consensus, mean, spread with both venues, dispersion, robust z, deviations, disagreement,
    price, sums of open interest and volume; the trend. Not: settlements, clocks, events, sizes' spread, pressure.
    """
    instruments, comparison = calculator._instruments, calculator._comparison
    now_ms = int(instruments.rows.observed_ms[0])
    times = []

    def work(batch: Batch, rows: Where, assets: NDArray[np.intp]) -> None:
        seen = observations(batch.quotes)
        instruments.observed[:, rows] = seen.numbers
        instruments.rows.observed_ms[rows] = seen.observed_ms
        instruments._figures(rows)
        hourly = seen.numbers[Observed.RATE] / instruments.rows.period_h[rows]
        instruments.formula.observe(rows, instruments.rows, seen.numbers, hourly, 15.0 / 3600.0)
        instruments._measure(rows)
        comparison.compare(assets, Seen(0, batch.observed_ms), Moved.RATES)
        layout = comparison._layout(assets)
        oi_usd = calculator.instruments.columns["oi_usd"][layout.members]
        comparison._write_sums(layout.assets, layout.members, layout.groups, oi_usd, None)
        calculator._trend.update(assets)

    for number in range(rounds):
        for venue in range(VENUES):
            batch = market.batch(venue, now_ms + 15_000 * (number + 1))
            venue_rows = instruments.registry.venue(batch.venue)
            assets = np.unique(instruments.rows.asset[venue_rows.rows])
            times.append(timed(partial(work, batch, venue_rows.where, assets)))
    return times


def _agree(calculator: Calculator, frame: object) -> None:
    """The peer works out the same thing, or the comparison is worth nothing."""
    rows = frame["asset"].to_numpy()  # type: ignore[index]
    names = calculator.instruments.labels["asset"]
    assets = np.array([calculator.assets.index[names[row]] for row in rows])
    for key in ("mean", "consensus", "dispersion"):
        ours, theirs = calculator.assets.columns[key][assets], frame[key].to_numpy()  # type: ignore[index]
        several = calculator.assets.columns["instruments"][assets] > 1
        np.testing.assert_allclose(ours[several], theirs[several], rtol=1e-9, atol=1e-15)


def main() -> None:
    market = Market()
    calculator = Calculator()
    applied(calculator, market, 4, 1.0)
    gc.collect()
    gc.freeze()
    print(f"{calculator.instruments.count} instruments, {calculator.assets.count} assets, {VENUES} venues")
    print(f"{'':62s} {'median us':>10s} {'p99 us':>10s}")
    rates = applied(calculator, market, 12, 1.0, sizes=False)
    show("apply 500 rows, rates, prices and premiums moved", rates.plain)
    everything = applied(calculator, market, 24, 1.0)
    show("apply 500 rows, open interest and volume moved too", everything.plain)
    show("apply 500 rows, with the minute's sample of pressure", everything.sampled)
    ours = show("apply 500 rows, all polls and all metrics", everything.plain + everything.sampled)
    some = applied(calculator, market, 12, 0.2, sizes=False)
    show("apply 500 rows, a fifth changed", some.plain + some.sampled)
    for kind, times in everything.ticks.items():
        show(f"tick, {kind}", times)
    now_ms = int(calculator.instruments.columns["observed_ms"][0])
    show(
        "price 50 widest and 50 others at once, with their spot pairs",
        [timed(partial(calculator.refresh_pairs, now_ms)) for _ in range(20)],
    )
    few = Calculator(CalculatorSettings(carry=CarrySettings(top=25)))
    applied(few, market, 2, 1.0)

    def with_ladders() -> None:
        few.refresh_pairs(now_ms)
        for row in fifty:
            few.ladder(row, now_ms)

    few.refresh_pairs(now_ms)
    fifty = [row for row in range(few.pairs.count) if few.pairs.keys[row].endswith(PERP_PERP)][:50]
    show(f"{len(fifty)} pairs, their spot pairs, and {len(fifty)} ladders", [timed(with_ladders) for _ in range(20)])
    earlier, second = settled(market, VENUES, 2), settled(market, VENUES)
    calculator.settle(earlier, now_ms)
    slices = [second[start : start + AT_ONCE] for start in range(0, len(second), AT_ONCE)]
    show(f"settle {AT_ONCE} records", [timed(partial(calculator.settle, part, now_ms)) for part in slices])
    show(
        f"settle {len(second)} records at once", [timed(partial(calculator.settle, settled(market, VENUES, 0), now_ms))]
    )
    print(f"state, every instrument with its 30 days of rates: {calculator.state_bytes / 1e6:.1f} MB")
    show("recompute everything", [timed(lambda: calculator.recompute(now_ms)) for _ in range(20)])
    first = show("the first set of metrics alone: decode, rates, theory, skew", first_metrics(calculator, market, 12))
    alike = show("the skew metrics alone, the batch's assets", same_metrics(calculator, market))
    for name, theirs in peers(calculator, market).items():
        ratios = f"{theirs / alike:.1f}x the same metrics here, {theirs / first:.1f}x the first set"
        print(f"ratio {name}: {ratios}, {theirs / ours:.1f}x all of apply")


if __name__ == "__main__":
    main()
