"""Detectors on real series: purges of SOL, changes of the funding interval, the venue that mirrors another."""

from __future__ import annotations

import numpy as np
import pytest

from fundtui.imbalance import autoregression, concentration, cycle, excess, own_history, purge
from fundtui.imbalance.cycle import Cycle, Phase
from fundtui.imbalance.estimators import gain
from fundtui.imbalance.own_history import OwnHistory
from fundtui.imbalance.purge import Kind, Purge
from fundtui.imbalance.rows import Floats, Ints
from fundtui.imbalance.theory import kernel_parameters
from fundtui.market import Family, FundingRule
from fundtui.units import HOUR_MS
from tests.imbalance.series import Series, all_series, number, read, with_intervals
from tests.imbalance.vectors import needs_history

ROW = np.array([0])
OCTOBER_10_21H, OCTOBER_10_22H = (
    int(np.datetime64(f"2025-10-10T{hour}:00", "ms").astype(np.int64)) for hour in (21, 22)
)
CALM_Z = 1.0


def solana() -> tuple[Ints, Floats]:
    rows = read("oi_price_hourly_SOL_2024_2026.csv.gz")
    names = ("oi_bybit_sol", "close_perp_okx", "high_perp_okx", "low_perp_okx")
    times = np.array([int(row["hour_end_ms"]) for row in rows])
    return times, np.array([[number(row[name]) for row in rows] for name in names])


@needs_history
def test_purges_of_solana_come_as_often_as_calibrated_and_on_the_day_of_the_crash() -> None:
    times, bars = solana()
    state, phases = Purge(1), Cycle(1)
    events, kinds, seen = [], {}, {}
    for place, time_ms in enumerate(times):
        now = times[place : place + 1]
        reading = purge.observe(state, ROW, now, *bars[:, place, None])
        purging = np.isin(reading.kind, (Kind.PURGE, Kind.CRITICAL_PURGE))
        phase = cycle.advance(phases, ROW, now, purging, np.full(1, 50.0), np.zeros(1), purge.WINDOW_MS)
        kinds[int(time_ms)], seen[int(time_ms)] = Kind(int(reading.kind[0])), Phase(int(phase[0]))
        if reading.new[0]:
            events.append((int(time_ms), reading))
    per_year = len(events) / ((times[-1] - times[0]) / HOUR_MS / 8760)
    assert 19 <= per_year <= 25
    crash = dict(events)[OCTOBER_10_21H]
    assert crash.excursion[0] < 0
    assert crash.z_oi[0] == pytest.approx(-4.0, abs=0.1)
    assert crash.z_price[0] == pytest.approx(8.1, abs=0.1)
    assert kinds[OCTOBER_10_22H] is Kind.CRITICAL_PURGE
    hours = [seen[OCTOBER_10_21H + hour * HOUR_MS] for hour in range(-1, 9)]
    assert hours == [Phase.CALM] + [Phase.FLUSH] * 3 + [Phase.RESET] * 4 + [Phase.CALM] * 2
    fell = np.mean([reading.excursion[0] < 0 for _, reading in events])
    assert 0.65 <= fell <= 0.85


def replay(found: Series) -> tuple[Floats, Floats, OwnHistory]:
    """z of every settlement and its distance from the mean before it."""
    state = OwnHistory(1)
    z, distance = [], []
    for time_ms, rate, interval_h in zip(*found, strict=True):
        distance.append(abs(rate / interval_h - state.ewma.mean[0]))
        settled = own_history.settle(state, ROW, np.array([time_ms]), np.array([rate]), np.array([interval_h]))
        z.append(settled.z[0])
    return np.array(z), np.array(distance), state


def episodes() -> dict[str, Series]:
    names = {"INJ": "2025_2026/bybit/INJUSDT", "SOL": "2020_2026/binance/SOL"}
    return {asset: with_intervals(all_series()[name]) for asset, name in names.items()}


@needs_history
@pytest.mark.parametrize(("asset", "changes"), [("INJ", 3), ("SOL", 3)])
def test_a_change_of_interval_fakes_no_spike(asset: str, changes: int) -> None:
    found = episodes()[asset]
    z, distance, state = replay(found)
    changed = np.flatnonzero(np.diff(found.intervals)) + 1
    assert len(changed) >= changes
    # z may only grow when the hourly rate itself moved away from its mean: else no more than its memory fades.
    fade = 1.0 / np.sqrt(1.0 - gain(8.0))
    for place in changed:
        moved = max(distance[place] / distance[place - 1], 1.0)
        assert abs(z[place]) <= abs(z[place - 1]) * moved * fade + 0.05
    back = changed[found.intervals[changed] == 8.0][-1]
    assert np.abs(z[back : back + 3]).max() < CALM_Z
    assert 0.0 < autoregression.fit(state.autoregression, ROW).phi[0] < 1.0


@needs_history
def test_the_same_money_paid_hourly_looks_the_same() -> None:
    whole = with_intervals(all_series()["2025_2026/binance/BTCUSDT"])
    half = len(whole.times) // 2
    later = np.repeat(np.arange(half, half + 200), 8)
    hours = np.tile(np.arange(7, -1, -1), 200)
    split = Series(
        np.concatenate([whole.times[:half], whole.times[later] - hours * HOUR_MS]),
        np.concatenate([whole.rates[:half], whole.rates[later] / 8]),
        np.concatenate([whole.intervals[:half], np.ones(len(later))]),
    )
    z_whole, _, _ = replay(Series(whole.times[: half + 200], whole.rates[: half + 200], whole.intervals[: half + 200]))
    z_split, _, state = replay(split)
    first_hours = z_split[half::8]
    assert first_hours == pytest.approx(z_whole[half:], abs=1e-6)
    assert np.nanmax(np.abs(z_split)) <= np.nanmax(np.abs(z_whole)) + 1e-6
    assert state.realised.total[0] == pytest.approx(
        [whole.rates[half + 200 - days * 3 : half + 200].sum() for days in (1, 3, 7, 30)], rel=1e-6
    )


@needs_history
@pytest.mark.parametrize("asset", ["BTC", "ETH"])
def test_the_mirror_guard_finds_mexc_and_nobody_else(asset: str) -> None:
    year = [int(np.datetime64(start, "ms").astype(np.int64)) for start in ("2023-01-01", "2024-01-01")]
    venues = ["binance", "bybit", "gate", "htx", "kucoin", "mexc"]
    histories = []
    for venue in venues:
        found = all_series()[f"2020_2023/{venue}/{asset}"]
        inside = (found.times >= year[0]) & (found.times < year[1])
        histories.append((found.times[inside], found.rates[inside]))
    assert [venues[i] for i in concentration.mirrored(histories, 1e-4)] == ["mexc"]


@needs_history
def test_mexc_repeats_binance_as_often_as_counted() -> None:
    binance, mexc = (all_series()[f"2020_2023/{venue}/BTC"] for venue in ("binance", "mexc"))
    start = np.datetime64("2023-01-01", "ms").astype(np.int64)
    mine, theirs = (one.rates[one.times >= start] for one in (mexc, binance))
    assert np.mean(np.abs(mine - theirs) <= concentration.MIRROR_WITHIN) == pytest.approx(0.837, abs=0.002)


@needs_history
@pytest.mark.parametrize("venue", ["binance", "okx"])
def test_damped_venues_trade_near_the_fair_premium_below_the_index(venue: str) -> None:
    rows = [row for row in read("avax_hourly_5venues_2025-09-20_2025-10-31.csv.gz") if row["venue"] == venue]
    perp, spot = (np.array([number(row[name]) for row in rows]) for name in ("perp_close", "spot_close"))
    premium = np.log(perp / spot)
    rule = FundingRule(family=Family.NORMALISED, interest_8h=1e-4, damper=5e-4)
    fair = excess.fair_premium(0.045, 0.0, kernel_parameters(rule, 8.0))
    assert np.nanmedian(premium) == pytest.approx(fair, abs=1.5e-4)
