"""Metrics of one instrument: declarations only, in the order in which a wide table shows them."""

# ruff: noqa: E501
from __future__ import annotations

from fundtui.imbalance.metric import Declare, Level, Unit

_metric = Declare(Level.INSTRUMENT)

IDENTITY = (
    _metric("venue", "venue", Unit.TEXT, "Exchange that lists the contract.", "as published", "§1", 12),
    _metric("symbol", "symbol", Unit.TEXT, "The venue's own name of the contract.", "as published", "§1", 18),
    _metric("asset", "asset", Unit.TEXT, "The thing that is traded, the same on all venues.", "identity rules", "§1", 10),
    _metric("asset_class", "class", Unit.TEXT, "Crypto, equity, commodity, fx or index.", "identity rules", "§1", 9, aliases=("class",)),
    _metric("kind", "kind", Unit.TEXT, "Linear (paid in quote) or inverse (paid in the coin).", "as published", "§1", 7),
    _metric("quote", "quote", Unit.TEXT, "Currency of the price.", "as published", "§1", 6),
    _metric("settle", "settle", Unit.TEXT, "Currency of profit and margin.", "as published", "§1", 6),
    _metric("status", "status", Unit.TEXT, "Trading, suspended, delisted, prelaunch or dated.", "as published", "§1", 10),
    _metric("multiplier", "mult", Unit.COUNT, "Units of the asset in one unit of the contract's base.", "explicit list", "§1", 8),
)  # fmt: skip

RATES = (
    _metric("rate", "rate", Unit.PERCENT, "Funding rate as published, per the venue's own period; above zero longs pay shorts.", "as published", "§1", 10, 4),
    _metric("rate_kind", "rate is", Unit.TEXT, "Whether the rate is predicted, locked, running or settled.", "as published", "§1", 9),
    _metric("interval_h", "int h", Unit.COUNT, "Hours between two payments; missing when continuous or unknown.", "venue field, else settlement times", "§1", 5, ascending=True),
    _metric("apr", "APR", Unit.RATE, "Simple annual rate.", "8760·r/N", "§1 N3", 9),
    _metric("hourly", "1h", Unit.PERCENT, "Hourly simple rate.", "r/N", "§1 N1", 9, 4),
    _metric("rate_8h", "8h", Unit.PERCENT, "Eight-hour equivalent.", "8·r/N", "§1 N2", 9, 4),
    _metric("settled_rate", "settled", Unit.PERCENT, "Rate of the last settlement; never mixed with predicted ones.", "as published", "§0", 10, 4),
    _metric("next_funding_ms", "next", Unit.TIME, "Next payment.", "as published", "§1", 6, ascending=True),
    _metric("next", "left", Unit.SECONDS, "Time until the next payment.", "next payment − now", "§1", 6, ascending=True, aliases=("countdown",)),
    _metric("excess", "excess", Unit.RATE, "Rate above the interest part of the venue's own formula.", "h − (s·I + j)/N", "§3.1", 9),
    _metric("cap_use", "cap", Unit.PERCENT, "Share of the cap (or floor) that the rate uses.", "r/cap if r > 0 else r/floor", "§5.1 R2", 6, 0),
    _metric("flag", "flag", Unit.TEXT, "C at the cap, ~ late data, P pinned at the interest rate, ! quarantined, ? interval unknown.", "rules of the screen", "§3.6", 4),
)  # fmt: skip

PRICES = (
    _metric("mark", "mark", Unit.PRICE, "Mark price per unit of the contract's own base.", "as published", "§2.3", 12),
    _metric("index", "index", Unit.PRICE, "Index (spot) price per unit of the contract's own base.", "as published", "§2.3", 12),
    _metric("last", "last", Unit.PRICE, "Last traded price.", "as published", "§2.3", 12),
    _metric("price", "price", Unit.PRICE, "Index, else mark, per unit of the asset.", "index/multiplier", "§3.1", 12),
    _metric("basis", "basis", Unit.BP, "Mark against index.", "mark/index − 1", "§5.4", 9),
)  # fmt: skip

THEORY = (
    _metric("premium", "premium", Unit.BP, "Premium index: published, else from the book, else from mark and index less the impact half-spread.", "[max(0,IB−S) − max(0,S−IA)]/S", "§2.1, §2.3", 9),
    _metric("premium_tier", "tier", Unit.COUNT, "How exact the premium is: 1 published or exact by rule, 2 book, 3 mark and index.", "data tiers", "§2.3", 5, ascending=True, aliases=("tier",)),
    _metric("premium_source", "from", Unit.TEXT, "Where the premium comes from.", "data tiers", "§2.3", 12),
    _metric("premium_average", "avg prem", Unit.BP, "Premium averaged over the interval the way the venue does.", "∫wP/∫w", "§2.4", 9, aliases=("twap",)),
    _metric("average_start", "avg from", Unit.TEXT, "How the average began: with the interval (whole), by inverting the published rate, back-filled from the venue's history, or partial.", "cold start", "§2.4", 11),
    _metric("coverage", "cover", Unit.PERCENT, "Share of the average that was observed, by the venue's weights.", "W/(full weight so far)", "§2.4", 6, 0),
    _metric("theory", "theory", Unit.RATE, "Rate that the venue's own formula gives for the premium we saw.", "clip(s·(I + soft(Ā − I; c)) + j, floor, cap)", "§2.2", 9),
    _metric("band_lo", "theory lo", Unit.RATE, "Lower end of the theoretical rate's error band.", "F(Ā − ε)", "§2.4", 9),
    _metric("band_hi", "theory hi", Unit.RATE, "Upper end of the theoretical rate's error band.", "F(Ā + ε)", "§2.4", 9),
    _metric("divergence", "diverg", Unit.RATE, "Published rate less the theoretical one.", "f − F(Ā)", "§0, §2.7", 9),
    _metric("divergence_t", "div t", Unit.SIGMA, "Divergence against its own error band.", "D/max(ε_F, 0.01 bp)", "§2.7", 6, aliases=("t",)),
)  # fmt: skip

EXPECTATION = (
    _metric("projected", "projected", Unit.RATE, "Rate at settlement by the venue's formula if the premium decays to its mean.", "F(Ā projected to T)", "§2.4", 9),
    _metric("drift", "drift", Unit.RATE, "Where the rate is heading if the present premium stays.", "F(P now) − f", "§0", 9),
    _metric("carry_excess", "rho", Unit.RATE, "Rate above what money costs: quote cash rate less the coin's yield.", "h − (r_q − r_b)/8760", "§2.6", 9),
    _metric("fair_premium", "fair prem", Unit.BP, "Premium at which the venue's own formula pays exactly the cost of money.", "P*: F(P*) = r_q − r_b", "§2.6", 9),
    _metric("premium_gap", "P − P*", Unit.BP, "Premium above the fair one: comparable across venues, which the premium is not.", "P − P*", "§2.6", 9),
)  # fmt: skip

HISTORY = (
    _metric("own_z", "own z", Unit.SIGMA, "Rate against its own settled history.", "(h − m)/√v, exponential, half-life 10 d, 30 settlements", "§3.2", 6),
    _metric("percentile", "pctile", Unit.PERCENT, "Share of the own settled history below the rate, plateaus at their middle.", "(below + ½·own bin)/n, asinh bins", "§3.3", 6, 0),
    _metric("streak", "streak", Unit.COUNT, "Settlements in a row of one sign; below zero for negative ones.", "signed count", "§3.4", 6),
    _metric("streak_h", "streak h", Unit.HOURS, "Hours that the streak covers.", "ΣN", "§3.4", 8),
    _metric("realised_1d", "paid 1d", Unit.RATE, "Average settled rate of the last day.", "Σr·8760/24", "§3.4", 9),
    _metric("realised_3d", "paid 3d", Unit.RATE, "Average settled rate of the last three days.", "Σr·8760/72", "§3.4", 9),
    _metric("realised_7d", "paid 7d", Unit.RATE, "Average settled rate of the last seven days.", "Σr·8760/168", "§3.4", 9),
    _metric("realised_30d", "paid 30d", Unit.RATE, "Average settled rate of the last thirty days.", "Σr·8760/720", "§3.4", 9),
    _metric("paid_seen", "paid seen", Unit.PERCENT, "Share of the settlements due in the last thirty days that were seen; below 100 % the paid averages have a gap.", "seen/(720/N)", "§3.4", 9, 0),
    _metric("half_life", "half-life", Unit.HOURS, "Time in which half of the rate's distance from its mean is gone.", "N·ln ½/ln φ, AR(1), 60 settlements", "§3.5", 9, ascending=True),
    _metric("phi", "phi", Unit.MULTIPLE, "Persistence from one settlement to the next, corrected for short samples.", "(nφ + 1)/(n − 3)", "§3.5", 5, 2),
    _metric("mean_rate", "mu", Unit.RATE, "Mean to which the rate reverts.", "c/(1 − φ)", "§3.5", 9),
    _metric("regime", "regime", Unit.TEXT, "Capped, extreme, crowded, pinned or neutral.", "first rule that holds", "§3.6", 13),
    _metric("surprise", "surprise", Unit.RATE, "Last settled rate less what was published half an hour before.", "f(T) − f(T − 30 min)", "§0", 9),
    _metric("formula_error", "form err", Unit.RATE, "Last settled rate less the venue's formula at the average we saw.", "f(T) − F(Ā_T)", "§0, §2.7", 9),
    _metric("fitted_family", "fits", Unit.TEXT, "Formula family that the settlements fit three times better than the others.", "EWMA |f − F_family(Ā)|", "§2.7", 5),
    _metric("locked", "locked", Unit.TEXT, "Whether the published rate proved fixed for the next settlement.", "unchanged and paid, 5 intervals", "§1", 6),
    _metric("settlements", "settled #", Unit.COUNT, "Settlements that the statistics rest on.", "count", "§3.2", 9),
)  # fmt: skip

PRESSURE = (
    _metric("oi_to_volume", "OI/vol", Unit.MULTIPLE, "Open interest against a day's volume: high where positions are large for the liquidity.", "OI/V24", "§5.1", 7, 2),
    _metric("turnover", "turnover", Unit.HOURS, "Hours of the day's volume that turn open interest over once.", "24·OI/V24", "§5.1", 8),
    _metric("oi_1h", "OI 1h", Unit.PERCENT, "Growth of open interest in base units over an hour.", "Δln OI", "§5.1", 7),
    _metric("oi_4h", "OI 4h", Unit.PERCENT, "Growth of open interest in base units over four hours.", "Δln OI", "§5.1", 7),
    _metric("oi_24h", "OI 24h", Unit.PERCENT, "Growth of open interest in base units over a day.", "Δln OI", "§5.1", 7),
    _metric("return_1h", "px 1h", Unit.PERCENT, "Price change over an hour.", "Δln p", "§5.1", 7),
    _metric("return_4h", "px 4h", Unit.PERCENT, "Price change over four hours.", "Δln p", "§5.1", 7),
    _metric("return_24h", "px 24h", Unit.PERCENT, "Price change over a day.", "Δln p", "§5.1", 7),
    _metric("quadrant", "quadrant", Unit.TEXT, "What moved open interest and price over four hours.", "signs of Δln OI and Δln p", "§5.1", 14),
    _metric("crowding", "crowd", Unit.SCORE, "Crowding of one side, 0 to 100; below zero: shorts.", "100·Σw_k·p_k/Σw_k", "§5.1", 6, 0),
    _metric("squeeze", "squeeze", Unit.TEXT, "Which crowded side the price moves against.", "sign of crowding, 4 h return", "§5.1", 7),
    _metric("volatility", "vol d", Unit.PERCENT, "Daily volatility of the price.", "√24·EWMA sd of hourly returns", "§5.2", 7),
    _metric("purge", "purge", Unit.SIGMA, "Severity of the leverage purge in the running hour.", "√(|z_oi|·z_p)", "§5.2", 6),
    _metric("purge_kind", "event", Unit.TEXT, "Purge, critical purge, jump of open interest without price, or large move.", "thresholds (−4, 3), (−6, 4)", "§5.2", 12),
    _metric("leverage_reset", "reset", Unit.PERCENT, "Open interest now against before the last purge.", "OI/OI before − 1", "§5.2", 7),
    _metric("phase", "phase", Unit.TEXT, "Leverage cycle: calm, build-up, stretched, flush, reset.", "state machine", "§5.2", 9),
    _metric("flow", "flow", Unit.TEXT, "Unusual movement before a settlement: payers leave or carry enters.", "|z| ≥ 3 in the last minutes", "§5.3", 13),
    _metric("flow_z", "flow z", Unit.SIGMA, "Open interest's change before a settlement against the usual one.", "(Δln OI − m)/s", "§5.3", 6),
    _metric("flow_premium_z", "flow P z", Unit.SIGMA, "Premium's change before a settlement against the usual one.", "(ΔP − m)/s", "§5.3", 8),
    _metric("flow_volume_z", "flow V z", Unit.SIGMA, "Change of the day's volume before a settlement against the usual one; never raises a flag by itself.", "(ln |ΔV24| − m)/2s", "§5.3", 8),
    _metric("flow_seen", "flow #", Unit.COUNT, "Settlements in the same third of the day that the usual movement before them rests on.", "count", "§5.3", 6),
    _metric("basis_z", "basis z", Unit.SIGMA, "Basis against its own mean.", "(b − m)/s, half-life 10 d", "§5.4", 7),
    _metric("basis_half_life", "basis t½", Unit.HOURS, "Time in which half of the basis' distance from its mean is gone.", "ln ½/ln φ, AR(1) of hourly basis", "§5.4", 8),
    _metric("converge_h", "converge", Unit.HOURS, "Expected time until the basis is within 5 bp of its mean.", "ln(|b − m|/ε)/κ", "§5.4", 8),
    _metric("dated_apr", "dated", Unit.RATE, "Annualised basis of a dated contract.", "(F/S − 1)·365/d", "§5.4", 9),
    _metric("term_premium", "term", Unit.RATE, "Funding that a dated contract implies until expiry, less the perpetuals' consensus.", "ln(F/S)/d − consensus", "§5.4", 9),
    _metric("oi_usage", "OI use", Unit.PERCENT, "Open interest against the venue's cap.", "OI/cap", "§5.5", 6, 0),
    _metric("time_to_full", "full in", Unit.HOURS, "Time until the cap is reached at the day's growth.", "ln(cap/OI)/growth", "§5.5", 8, ascending=True),
)  # fmt: skip

COMPARISON = (
    _metric("skew", "skew", Unit.RATE, "Rate less the OI-weighted mean of all other instruments of the asset.", "h − (Σwh − w_i·h_i)/(Σw − w_i)", "§3.1", 9),
    _metric("z", "z", Unit.SIGMA, "Robust z-score among the instruments of the asset.", "(h − median)/max(1.4826·MAD, floor); MAD = 0: 1.2533·mean|h − median|", "§3.1", 6),
    _metric("weight", "weight", Unit.PERCENT, "Share in the asset's weighted means.", "w/Σw, w = OI in USD; unknown OI: half the median of the known", "§3.1", 7, 1),
)  # fmt: skip

SIZE = (
    _metric("oi_usd", "OI", Unit.USD, "Open interest in USD, one side.", "as published", "§5.1", 7, aliases=("oi",)),
    _metric("oi_skew", "OI skew", Unit.PERCENT, "How far the longs' open interest outweighs the shorts', where a pool stands between them: funding follows its sign.", "(OI_L − OI_S)/(OI_L + OI_S)", "§2.5", 8, 0),
    _metric("oi_base", "OI base", Unit.BASE, "Open interest in the contract's own base, one side.", "as published", "§5.1", 9),
    _metric("volume_usd", "vol 24h", Unit.USD, "Volume of the last 24 h in USD.", "as published", "§5.1", 8, aliases=("volume",)),
    _metric("oi_cap_usd", "OI cap", Unit.USD, "Largest open interest that the venue allows.", "as published", "§5.5", 8),
)  # fmt: skip

QUALITY = (
    _metric("age", "age", Unit.SECONDS, "Time since the observation.", "now − observed", "§5.6", 5, ascending=True),
    _metric("observed_ms", "seen", Unit.TIME, "When it was observed.", "time of the poll", "§5.6", 8),
    _metric("freshness", "quality", Unit.PERCENT, "Quality by age: halves every two cadences beyond the first.", "2^(−max(0, age/cadence − 1)/2)", "§5.6", 7, 0),
    _metric("quote_usd", "quote $", Unit.PRICE, "Dollars that one unit of the quote currency is worth by index prices; missing: taken to be one.", "median of index prices", "§5.7", 8),
    _metric("doubts", "doubts", Unit.TEXT, "Frozen mark, outlying mark, settlement not seen, basis still open near expiry.", "data checks", "§5.6", 20),
    _metric("reasons", "why out", Unit.TEXT, "Why it is left out of comparisons; empty when it is in.", "all codes that hold", "§3.1", 28),
    _metric("notes", "notes", Unit.TEXT, "Caveats on figures that stay in comparisons.", "as read", "§1", 20),
)  # fmt: skip

INSTRUMENT_METRICS = (
    *IDENTITY,
    *RATES,
    *PRICES,
    *THEORY,
    *EXPECTATION,
    *COMPARISON,
    *SIZE,
    *HISTORY,
    *PRESSURE,
    *QUALITY,
)
