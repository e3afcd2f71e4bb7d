"""Metrics of one asset over all its instruments: declarations only, in the order in which a wide table shows them."""

# ruff: noqa: E501
from __future__ import annotations

from fundtui.imbalance.metric import Declare, Level, Unit

_metric = Declare(Level.ASSET)

IDENTITY = (
    _metric("asset", "asset", Unit.TEXT, "The thing that is traded, the same on all venues.", "identity rules", "§1", 10),
    _metric("asset_class", "class", Unit.TEXT, "Crypto, equity, commodity, fx or index.", "identity rules", "§1", 9, aliases=("class",)),
    _metric("price", "price", Unit.PRICE, "Median price per unit of the asset over the instruments compared.", "median(index or mark/multiplier)", "§3.1", 12),
)  # fmt: skip

SKEW = (
    _metric("consensus", "cons", Unit.RATE, "OI-weighted median rate of the instruments compared.", "smallest h with cumulative w ≥ ½", "§3.1", 9, aliases=("apr", "cons")),
    _metric("consensus_flag", "", Unit.TEXT, "P when the consensus is pinned at the interest rate.", "|consensus − I| < 1e-9 per 8 h", "§3.6", 1),
    _metric("mean", "mean", Unit.RATE, "OI-weighted mean rate.", "Σwh/Σw", "§3.1", 9),
    _metric("spread", "spread", Unit.RATE, "Highest less lowest rate.", "max h − min h", "§3.1", 9),
    _metric("long", "lowest", Unit.TEXT, "Venue with the lowest rate: where a long pays least.", "argmin h", "§3.1", 9, aliases=("lowest", "low_venue")),
    _metric("low_rate", "low", Unit.RATE, "Lowest rate.", "min h", "§3.1", 9),
    _metric("low_flag", "", Unit.TEXT, "Marks of the lowest rate: C cap, ~ late, P pinned.", "rules of the screen", "§3.6", 2),
    _metric("short", "highest", Unit.TEXT, "Venue with the highest rate: where a short earns most.", "argmax h", "§3.1", 9, aliases=("highest", "high_venue")),
    _metric("high_rate", "high", Unit.RATE, "Highest rate.", "max h", "§3.1", 9),
    _metric("high_flag", "", Unit.TEXT, "Marks of the highest rate: C cap, ~ late, P pinned.", "rules of the screen", "§3.6", 2),
    _metric("dispersion", "disp", Unit.RATE, "OI-weighted standard deviation of the rates.", "√(Σw(h − m)²/Σw)", "§3.1", 9),
    _metric("z", "z", Unit.SIGMA, "Largest robust z-score of an instrument, without its sign.", "max |z_i|", "§3.1", 6, aliases=("zmax",)),
    _metric("disagreement", "disagr", Unit.PERCENT, "Share of weight whose rate has the other sign than the mean.", "Σw[sign h ≠ sign m]/Σw, |h| < 0.01 bp/8h left out", "§3.1", 7, 0),
)  # fmt: skip

THEORY = (
    _metric("excess", "excess", Unit.RATE, "OI-weighted mean rate above the interest parts of the venues' formulas.", "Σw(h − I)/Σw", "§3.1", 9),
    _metric("premium", "premium", Unit.BP, "OI-weighted mean premium.", "ΣwP/Σw", "§2.1", 9),
    _metric("divergence", "diverg", Unit.RATE, "Divergence of the instrument whose divergence is largest against its error.", "D of argmax |t|", "§2.7", 9),
    _metric("divergence_t", "div t", Unit.SIGMA, "Largest divergence against its error band, with its sign.", "t of argmax |t|", "§2.7", 6, aliases=("t",)),
    _metric("cap_use", "cap", Unit.PERCENT, "Largest share of a cap that an instrument uses.", "max r/cap", "§5.1", 6, 0),
)  # fmt: skip

CARRY = (
    _metric("breakeven", "b/e", Unit.HOURS, "Time until the best pair has earned its costs; missing when it never does or is not priced.", "first settlement with Σ funding ≥ costs", "§4.4", 6, ascending=True),
)  # fmt: skip

SIZE = (
    _metric("next_funding_ms", "next", Unit.TIME, "Next payment of any instrument compared.", "min over instruments", "§1", 6, ascending=True),
    _metric("next", "left", Unit.SECONDS, "Time until the next payment.", "next payment − now", "§1", 6, ascending=True, aliases=("countdown",)),
    _metric("oi_usd", "OI", Unit.USD, "Open interest of the instruments compared, in USD, one side.", "Σ OI", "§5.1", 7, aliases=("oi",)),
    _metric("volume_usd", "vol 24h", Unit.USD, "Volume of the instruments compared over 24 h in USD.", "Σ volume", "§5.1", 8, aliases=("volume",)),
)  # fmt: skip

QUALITY = (
    _metric("venues", "venues", Unit.COUNT, "Venues compared.", "count", "§3.1", 6),
    _metric("instruments", "instr", Unit.COUNT, "Instruments compared.", "count", "§3.1", 6),
    _metric("excluded", "out", Unit.COUNT, "Instruments left out; each has its reason.", "count", "§3.1", 5),
    _metric("age", "age", Unit.SECONDS, "Age of the oldest observation compared.", "now − oldest", "§5.6", 5, ascending=True),
    _metric("freshest", "fresh", Unit.SECONDS, "Age of the newest observation compared.", "now − newest", "§5.6", 5, ascending=True),
    _metric("trend", "trend", Unit.SERIES, "Consensus over the last day.", "one point per period", "§3.1", 8),
)  # fmt: skip

ASSET_METRICS = (*IDENTITY, *SKEW, *THEORY, *CARRY, *SIZE, *QUALITY)
