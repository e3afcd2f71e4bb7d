"""Metrics of pairs (two perpetuals, or a perpetual against spot), venues and the whole market: declarations only."""

# ruff: noqa: E501
from __future__ import annotations

from fundtui.imbalance.metric import Declare, Level, Unit

_metric = Declare(Level.PAIR)

LEGS = (
    _metric("asset", "asset", Unit.TEXT, "The thing that is traded, the same on all venues.", "identity rules", "§1", 10),
    _metric("trade", "trade", Unit.TEXT, "Two perpetuals, or a perpetual against bought spot (its price from the index).", "perp-perp or spot-perp", "§4", 9),
    _metric("short", "short", Unit.TEXT, "Venue of the short leg, which receives the rate.", "argmax h", "§4.1", 9),
    _metric("short_symbol", "short leg", Unit.TEXT, "Contract of the short leg.", "as published", "§4.1", 18),
    _metric("long", "long", Unit.TEXT, "Venue of the long leg, which pays the rate.", "argmin h", "§4.1", 9),
    _metric("long_symbol", "long leg", Unit.TEXT, "Contract of the long leg; index for spot.", "as published", "§4.1", 18),
    _metric("spread", "spread", Unit.RATE, "Rate of the short leg less that of the long leg, now.", "h_A − h_B", "§4.1", 9),
)  # fmt: skip

RESULT = (
    _metric("net_apr", "net APR", Unit.RATE, "Expected net result on the notional over seven days, simple annual rate.", "net·8760/168", "§4.4", 9),
    _metric("apr_capital", "on cap.", Unit.RATE, "Expected net result on the capital tied up, simple annual rate.", "net·8760/(168·K)", "§4.4", 9),
    _metric("score", "score", Unit.RATE, "Rank: net on capital times the worst of freshness, coverage and capacity.", "net(H)/K·min(q)", "§4.4", 9),
    _metric("breakeven", "b/e", Unit.HOURS, "Hours until the settlement at which funding has paid the costs; 1,440 (60 days) stands for later or never, missing: not priced.", "first event with Σ ≥ costs", "§4.4", 6, ascending=True),
    _metric("net", "net 7d", Unit.BP, "Expected funding and basis gain over seven days less all costs; with spot also less what its cash would earn.", "gross + gain − costs − cash", "§4.4", 8),
    _metric("gross", "gross", Unit.BP, "Expected funding of both legs over seven days at their real settlement times.", "Σ E f_A − Σ E f_B, AR(1)", "§4.1", 8),
    _metric("naive", "naive", Unit.BP, "What the present difference would pay if it stayed: never the expectation.", "(h_A − h_B)·168", "§4.1", 8),
    _metric("cost", "costs", Unit.BP, "Round trip: fees, half-spreads, square-root impact at the size.", "2·fees + 2·hs + 2·⅔·impact", "§4.2", 8),
    _metric("gain", "converge", Unit.BP, "What convergence of the basis is expected to pay.", "(b − b̄)(1 − e^(−κH))", "§4.3", 9),
    _metric("sd", "sd", Unit.BP, "Standard deviation of the funding over seven days.", "√(Var_A + Var_B)", "§4.1", 8),
    _metric("fifth", "5 % worst", Unit.BP, "Net result that one time in twenty is worse.", "net − 1.645·sd", "§4.1", 9),
    _metric("worst", "stress", Unit.BP, "First settlements as expected, all later ones at the venues' adverse bounds.", "f_1 then caps", "§4.1", 8),
    _metric("ceiling", "at most", Unit.BP, "What the sum cannot exceed when the long-run difference does not pay.", "d_1/(1 − φ)", "§4.4", 8),
    _metric("entry_basis", "basis", Unit.BP, "Price of the short leg over that of the long leg at entry.", "ln(M_A/M_B)", "§4.3", 8),
    _metric("capital", "capital", Unit.MULTIPLE, "Capital per notional, with a buffer of a fifth.", "(1/L_A + 1/L_B)·1.2", "§4.4", 7, 2),
    _metric("next_funding_ms", "next", Unit.TIME, "Next payment of either leg.", "min of both legs", "§4.1", 6, ascending=True),
)  # fmt: skip

SIZING = (
    _metric("size_usd", "size", Unit.USD, "Notional that all limits allow.", "min(limits)·(1 − crowding/200)·q", "§6", 8),
    _metric("size_limit", "limit", Unit.TEXT, "The limit that sets the size.", "argmin(limits)", "§6", 18),
    _metric("leverage", "max lev", Unit.MULTIPLE, "Largest leverage whose short leg is liquidated within seven days one time in a hundred.", "largest L with touch ≤ 1 %", "§6 S5", 8),
    _metric("liquidation_long", "liq long", Unit.PERCENT, "Distance of the long leg's liquidation price.", "p(1 − 1/L)/(1 − m)/p − 1", "§6 S3", 8),
    _metric("liquidation_short", "liq short", Unit.PERCENT, "Distance of the short leg's liquidation price.", "p(1 + 1/L)/(1 + m)/p − 1", "§6 S3", 9),
    _metric("touch", "touch", Unit.PERCENT, "Chance that either leg is liquidated within seven days.", "2Φ(−|ln(P/p)|/(σ√T))", "§6", 7, 2),
    _metric("basis_stop", "stop", Unit.BP, "Basis three standard deviations against the entry.", "b + 3·sd", "§6 S6", 8),
    _metric("adverse", "paid 2", Unit.RATE, "The better of what the pair was paid at the last two settlements of its legs; below −5 % both went against it.", "max(h_A − h_B) of the last two settlements", "§6 S7", 9),
    _metric("exit_condition", "exit", Unit.TEXT, "Whether a condition to leave holds: waiting is expected to cost more than leaving now, or two settlements in a row went against the pair.", "E[remaining] < −exit cost, or twice < −5 % APR", "§6 S7", 8),
    _metric("assumptions", "assumed", Unit.TEXT, "What had to be assumed: fees, means, volatility, volume, no basis history.", "flags", "§4", 30),
)  # fmt: skip

PAIR_METRICS = (*LEGS, *RESULT, *SIZING)

_venue = Declare(Level.VENUE)

VENUE_METRICS = (
    _venue("venue", "venue", Unit.TEXT, "Exchange.", "as configured", "§3.1", 14),
    _venue("mean", "mean", Unit.RATE, "OI-weighted mean rate of the venue's instruments that are compared.", "Σw·h/Σw", "§3.1", 9),
    _venue("instruments", "instr", Unit.COUNT, "Instruments compared.", "count", "§3.1", 6),
    _venue("excluded", "out", Unit.COUNT, "Instruments left out; each has its reason.", "count", "§3.1", 5),
    _venue("oi_usd", "OI", Unit.USD, "Open interest of the instruments compared, in USD, one side.", "Σ OI", "§5.1", 8),
    _venue("volume_usd", "vol 24h", Unit.USD, "Volume of the instruments compared over 24 h in USD.", "Σ volume", "§5.1", 8),
    _venue("funding_flow", "flow $/h", Unit.USD_PER_HOUR, "Dollars per hour from longs to shorts.", "Σ OI·h", "§3.1", 8),
    _venue("funding_due", "due 1h", Unit.USD, "Dollars of funding due within an hour.", "Σ OI·|f| with T − now ≤ 1 h", "§5.3", 8),
    _venue("at_cap", "at cap", Unit.COUNT, "Instruments at their cap or floor.", "count", "§5.1", 6),
    _venue("age", "age", Unit.SECONDS, "Age of the last batch.", "now − observed", "§5.6", 5, ascending=True),
    _venue("next_funding_ms", "next", Unit.TIME, "Next payment of any instrument compared.", "min over instruments", "§1", 6, ascending=True),
)  # fmt: skip

_market = Declare(Level.MARKET)

MARKET_METRICS = (
    _market("assets", "assets", Unit.COUNT, "Assets with a consensus.", "count", "§3.6", 7),
    _market("instruments", "instr", Unit.COUNT, "Instruments compared.", "count", "§3.1", 7),
    _market("mean", "mean", Unit.RATE, "OI-weighted mean rate of the market.", "Σw·h/Σw", "§3.1", 9),
    _market("above_interest", "above", Unit.PERCENT, "Share of assets whose consensus is above the interest level.", "share with consensus > 10.95 %", "§3.6", 7, 0),
    _market("below_zero", "below 0", Unit.PERCENT, "Share of assets whose consensus is negative.", "share with consensus < 0", "§3.6", 7, 0),
    _market("oi_usd", "OI", Unit.USD, "Open interest of the instruments compared, in USD, one side.", "Σ OI", "§5.1", 8),
    _market("funding_flow", "flow $/h", Unit.USD_PER_HOUR, "Dollars per hour from longs to shorts.", "Σ OI·h", "§3.1", 8),
    _market("funding_due", "due 1h", Unit.USD, "Dollars of funding due within an hour.", "Σ OI·|f| with T − now ≤ 1 h", "§5.3", 8),
    _market("at_cap", "at cap", Unit.COUNT, "Instruments at their cap or floor.", "count", "§5.1", 6),
    _market("purges", "purges", Unit.COUNT, "Assets in a purge in the running hour.", "count of severity > 0", "§5.2", 7),
    _market("crowded", "crowded", Unit.COUNT, "Assets with a crowding of 85 or more on either side.", "count", "§5.1", 7),
)  # fmt: skip
