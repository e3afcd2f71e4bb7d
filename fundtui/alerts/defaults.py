"""The fifteen rules of methodology §7, as data. Each can be changed or turned off by name in the configuration.

Rules whose thresholds are uncalibrated are quiet: they show in the panel and notify nobody. A rule whose metrics the
catalogue does not have yet is listed with that reason and not evaluated.
"""

from __future__ import annotations

import msgspec

from fundtui.config.schema import Grouping
from fundtui.imbalance.catalogue import Level
from fundtui.status import EventKind, Severity

HOUR_S = 3600.0
QUIET: tuple[str, ...] = ()


class RuleText(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as written. wait_s is `for`; notify None takes the sinks of [alerts]; number is that of methodology §7.

    on      journal events that are notices of this rule, each told once
    health  the rule follows what the program says of itself (venues, sinks, positions), not a query
    """

    name: str
    summary: str = ""
    number: int = 0
    level: Level | None = None
    when: str = ""
    clear: str = ""
    critical: str = ""
    wait_s: float = 0.0
    keep_firing_s: float = 0.0
    until_settlement: bool = False
    only: str = ""
    severity: Severity = Severity.WARNING
    notify: tuple[str, ...] | None = None
    group: Grouping = Grouping.RULE
    message: str = ""
    enabled: bool = True
    on: frozenset[EventKind] = frozenset()
    health: bool = False


STALE_VENUE = "stale-venue"
LOCAL_OUTAGE = "local-outage"
CONSENSUS_LOST = "consensus-lost"
SINK_FAILING = "sink-failing"
TOO_MANY = "too-many"
LIQUIDATION = "liquidation"
DEPEG = "depeg"
PURGE = "purge"

DEFAULTS: tuple[RuleText, ...] = (
    RuleText(
        name="extreme-funding",
        summary="funding far from any usual cost of money",
        number=1,
        level=Level.INSTRUMENT,
        when="abs(apr) >= 50%",
        critical="abs(apr) >= 100%",
        wait_s=60.0,
        keep_firing_s=300.0,
        group=Grouping.ASSET,
    ),
    RuleText(
        name="unusual-funding",
        summary="funding unusual against the instrument's own history",
        number=2,
        level=Level.INSTRUMENT,
        when="(abs(own_z) >= 4 and interval_h >= 4 or abs(own_z) >= 6) and abs(apr - realised_7d) >= 10%",
        wait_s=60.0,
        notify=QUIET,
    ),
    RuleText(
        name="sign-flip",
        summary="the consensus changed its sign and kept it for two settlements",
        number=3,
        level=Level.ASSET,
        when="abs(flip) >= 2 and abs(flip) <= 3 and abs(consensus) >= 5%",
        severity=Severity.INFO,
        notify=QUIET,
    ),
    RuleText(
        name="spread",
        summary="a spread between venues that pays for its costs within days",
        number=4,
        level=Level.ASSET,
        when="spread >= 25% and breakeven <= 3d",
        wait_s=300.0,
        keep_firing_s=300.0,
        group=Grouping.ASSET,
    ),
    RuleText(
        name="divergence",
        summary="a venue's rate does not follow the venue's own formula",
        number=5,
        level=Level.INSTRUMENT,
        when="abs(divergence_t) > 3 and abs(divergence) > 0.5bp/8h and coverage >= 80%",
        wait_s=300.0,
        keep_firing_s=300.0,
        group=Grouping.VENUE,
    ),
    RuleText(
        name="at-cap",
        summary="a rate at its cap or floor",
        number=6,
        level=Level.INSTRUMENT,
        when="cap_use >= 98%",
        clear="cap_use >= 90%",
        wait_s=60.0,
        keep_firing_s=300.0,
        group=Grouping.ASSET,
    ),
    RuleText(
        name="interval-change",
        summary="a venue changed how often a contract pays",
        number=6,
        level=Level.INSTRUMENT,
        on=frozenset({EventKind.INTERVAL_CHANGED}),
        group=Grouping.VENUE,
    ),
    RuleText(
        name=PURGE,
        summary="open interest and price fell or rose together as in a liquidation cascade",
        number=7,
        level=Level.ASSET,
        on=frozenset({EventKind.PURGE}),
        severity=Severity.WARNING,
    ),
    RuleText(
        name="crowding",
        summary="one side is crowded, and ever more so",
        number=8,
        level=Level.ASSET,
        when="abs(crowding) >= 85 and crowding_1h > 0 or abs(crowding) >= 95",
        clear="abs(crowding) >= 68",
        critical="abs(crowding) >= 95",
        wait_s=300.0,
        notify=QUIET,
    ),
    RuleText(
        name="pre-settlement",
        summary="unusual flow before a settlement",
        number=9,
        level=Level.INSTRUMENT,
        when="abs(flow_z) >= 3",
        until_settlement=True,
        severity=Severity.INFO,
        notify=QUIET,
    ),
    RuleText(
        name="basis",
        summary="mark away from index",
        number=10,
        level=Level.INSTRUMENT,
        when="abs(basis_z) >= 4 or abs(basis - fair_premium) >= 50bp"
        " or asset in (BTC, ETH) and abs(basis - fair_premium) >= 20bp",
        wait_s=300.0,
        keep_firing_s=300.0,
        notify=QUIET,
        group=Grouping.ASSET,
    ),
    RuleText(
        name="settlement-due",
        summary="a large payment is due",
        number=11,
        level=Level.INSTRUMENT,
        when="abs(apr) >= 50% and next <= 15m",
        until_settlement=True,
        severity=Severity.INFO,
        notify=QUIET,
    ),
    RuleText(
        name="oi-cap",
        summary="open interest near the venue's limit: the leg of an arbitrage may be impossible",
        number=12,
        level=Level.INSTRUMENT,
        when="oi_usage >= 80%",
        clear="oi_usage >= 75%",
        critical="oi_usage >= 95%",
        wait_s=60.0,
        notify=QUIET,
    ),
    RuleText(
        name=DEPEG,
        summary="a quote currency is off its peg",
        number=13,
        level=Level.MARKET,
        on=frozenset({EventKind.DEPEG}),
    ),
    RuleText(
        name=STALE_VENUE,
        summary="a venue no longer answers, or its data are old",
        number=14,
        level=Level.VENUE,
        health=True,
        keep_firing_s=30.0,
    ),
    RuleText(
        name=CONSENSUS_LOST,
        summary="venues that are stale hold much of the market's open interest: comparisons say little",
        number=14,
        level=Level.MARKET,
        health=True,
        severity=Severity.CRITICAL,
        keep_firing_s=30.0,
    ),
    RuleText(
        name=LOCAL_OUTAGE,
        summary="most venues are unreachable at once: the network here",
        number=14,
        level=Level.MARKET,
        health=True,
        severity=Severity.CRITICAL,
    ),
    RuleText(
        name=LIQUIDATION,
        summary="a position of yours is within 2.5 daily moves of its liquidation price (critical: 1.5)",
        number=15,
        level=Level.INSTRUMENT,
        health=True,
        keep_firing_s=60.0,
    ),
    RuleText(
        name=SINK_FAILING,
        summary="notices do not get through",
        level=Level.MARKET,
        health=True,
    ),
    RuleText(
        name=TOO_MANY,
        summary="a rule holds for more subjects than are followed one by one",
        level=Level.MARKET,
        health=True,
        keep_firing_s=60.0,
    ),
)

NAMES = frozenset(text.name for text in DEFAULTS)
