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

PRESSURE = (
    _metric("carry_excess", "rho", Unit.RATE, "OI-weighted mean rate above what money costs.", "Σw(h − (r_q − r_b)/8760)/Σw", "§2.6", 9),
    _metric("funding_flow", "flow $/h", Unit.USD_PER_HOUR, "Dollars per hour from longs to shorts.", "Σ OI·h", "§3.1", 8),
    _metric("gini", "Gini", Unit.MULTIPLE, "How unevenly open interest lies on the instruments: 0 even, 1 all on one.", "Σ(2i − n − 1)x_(i)/(nΣx)", "§3.1", 5, 2),
    _metric("hhi", "HHI", Unit.MULTIPLE, "Concentration of open interest.", "Σs²", "§3.1", 5, 2),
    _metric("effective", "eff n", Unit.MULTIPLE, "How many equal instruments the open interest amounts to.", "1/Σs²", "§3.1", 5, 1),
    _metric("own_z", "own z", Unit.SIGMA, "Rate of the leading instrument against its own settled history.", "own z of the largest weight", "§3.2", 6),
    _metric("percentile", "pctile", Unit.PERCENT, "Percentile of the leading instrument's rate in its own settled history.", "percentile of the largest weight", "§3.3", 6, 0),
    _metric("streak", "streak", Unit.COUNT, "Settlements in a row of one sign at the leading instrument; below zero for negative ones.", "streak of the largest weight", "§3.4", 6),
    _metric("flip", "flip", Unit.COUNT, "Settlements of the leading instrument that the consensus has kept its sign since it last changed; below zero: negative since; 0: no change seen.", "signed count since sign(consensus) changed", "§7", 5),
    _metric("half_life", "half-life", Unit.HOURS, "Half-life of the leading instrument's rate.", "half-life of the largest weight", "§3.5", 9, ascending=True),
    _metric("realised_7d", "paid 7d", Unit.RATE, "OI-weighted mean of the settled rates of seven days.", "Σw·paid/Σw", "§3.4", 9),
    _metric("regime", "regime", Unit.TEXT, "Regime of the leading instrument.", "regime of the largest weight", "§3.6", 13),
    _metric("crowding", "crowd", Unit.SCORE, "OI-weighted crowding, 0 to 100; below zero: shorts.", "Σw·crowding/Σw", "§5.1", 6, 0),
    _metric("crowding_1h", "crowd 1h", Unit.SCORE, "Change of crowding within the hour, above zero where the crowded side grows.", "sign(c)·(c − c 1 h ago)", "§7", 8, 0),
    _metric("squeeze", "squeeze", Unit.TEXT, "Which crowded side the price moves against, at the leading instrument.", "squeeze of the largest weight", "§5.1", 7),
    _metric("quadrant", "quadrant", Unit.TEXT, "What moved open interest and price over four hours, at the leading instrument.", "quadrant of the largest weight", "§5.1", 14),
    _metric("oi_24h", "OI 24h", Unit.PERCENT, "OI-weighted growth of open interest in base units over a day.", "Σw·Δln OI/Σw", "§5.1", 7),
    _metric("oi_to_volume", "OI/vol", Unit.MULTIPLE, "Open interest against a day's volume.", "Σ OI/Σ V24", "§5.1", 7, 2),
    _metric("volatility", "vol d", Unit.PERCENT, "Daily volatility of the price at the leading instrument.", "volatility of the largest weight", "§5.2", 7),
    _metric("purge", "purge", Unit.SIGMA, "Largest severity of a purge in the running hour.", "max over instruments", "§5.2", 6),
    _metric("phase", "phase", Unit.TEXT, "Leverage cycle of the leading instrument.", "phase of the largest weight", "§5.2", 9),
    _metric("oi_usage", "OI use", Unit.PERCENT, "Largest use of an open-interest cap.", "max OI/cap", "§5.5", 6, 0),
)  # fmt: skip

CARRY = (
    _metric("net_apr", "net APR", Unit.RATE, "What the asset's best pair is expected to earn on its notional over seven days, after costs.", "net·8760/168", "§4.4", 9),
    _metric("breakeven", "b/e", Unit.HOURS, "Hours until the best pair has earned its costs; 1,440 (60 days) stands for later or never, missing: not priced.", "first settlement with Σ funding ≥ costs", "§4.4", 6, ascending=True),
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

ASSET_METRICS = (*IDENTITY, *SKEW, *THEORY, *PRESSURE, *CARRY, *SIZE, *QUALITY)
