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
    _metric("coverage", "cover", Unit.PERCENT, "Share of the average that was observed, by the venue's weights.", "W/(full weight so far)", "§2.4", 6, 0),
    _metric("theory", "theory", Unit.RATE, "Rate that the venue's own formula gives for the premium we saw.", "clip(s·(I + soft(Ā − I; c)) + j, floor, cap)", "§2.2", 9),
    _metric("band_lo", "theory lo", Unit.RATE, "Lower end of the theoretical rate's error band.", "F(Ā − ε)", "§2.4", 9),
    _metric("band_hi", "theory hi", Unit.RATE, "Upper end of the theoretical rate's error band.", "F(Ā + ε)", "§2.4", 9),
    _metric("divergence", "diverg", Unit.RATE, "Published rate less the theoretical one.", "f − F(Ā)", "§0, §2.7", 9),
    _metric("divergence_t", "div t", Unit.SIGMA, "Divergence against its own error band.", "D/max(ε_F, 0.01 bp)", "§2.7", 6, aliases=("t",)),
)  # fmt: skip

COMPARISON = (
    _metric("skew", "skew", Unit.RATE, "Rate less the OI-weighted mean of all other instruments of the asset.", "h − (Σwh − w_i·h_i)/(Σw − w_i)", "§3.1", 9),
    _metric("z", "z", Unit.SIGMA, "Robust z-score among the instruments of the asset.", "(h − median)/max(1.4826·MAD, floor); MAD = 0: 1.2533·mean|h − median|", "§3.1", 6),
    _metric("weight", "weight", Unit.PERCENT, "Share in the asset's weighted means.", "w/Σw, w = OI in USD; unknown OI: half the median of the known", "§3.1", 7, 1),
)  # fmt: skip

SIZE = (
    _metric("oi_usd", "OI", Unit.USD, "Open interest in USD, one side.", "as published", "§5.1", 7, aliases=("oi",)),
    _metric("oi_base", "OI base", Unit.BASE, "Open interest in the contract's own base, one side.", "as published", "§5.1", 9),
    _metric("volume_usd", "vol 24h", Unit.USD, "Volume of the last 24 h in USD.", "as published", "§5.1", 8, aliases=("volume",)),
    _metric("oi_cap_usd", "OI cap", Unit.USD, "Largest open interest that the venue allows.", "as published", "§5.5", 8),
)  # fmt: skip

QUALITY = (
    _metric("age", "age", Unit.SECONDS, "Time since the observation.", "now − observed", "§5.6", 5, ascending=True),
    _metric("observed_ms", "seen", Unit.TIME, "When it was observed.", "time of the poll", "§5.6", 8),
    _metric("reasons", "why out", Unit.TEXT, "Why it is left out of comparisons; empty when it is in.", "all codes that hold", "§3.1", 28),
    _metric("notes", "notes", Unit.TEXT, "Caveats on figures that stay in comparisons.", "as read", "§1", 20),
)  # fmt: skip

INSTRUMENT_METRICS = (*IDENTITY, *RATES, *PRICES, *THEORY, *COMPARISON, *SIZE, *QUALITY)
