"""100 rules over 15,000 instruments: what one venue's batch of 500 rows costs the alerts. Target: 5 ms.

The peer is the plain way: each rule's expression evaluated over all rows with numpy, once per batch.
"""

from __future__ import annotations

import statistics
import time

import numpy as np

from fundtui.alerts.readings import Readings
from fundtui.alerts.rule import rules_of
from fundtui.config.schema import AlertRule, Alerts, Settings
from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.table import Table

INSTRUMENTS, VENUES, RULES, BATCHES = 15_000, 30, 100, 60


def main() -> None:
    """Print median and 99th percentile of both ways, and their ratio."""
    generator = np.random.default_rng(1)
    table = Table(Level.INSTRUMENT, CATALOGUE[Level.INSTRUMENT], INSTRUMENTS + 8)
    for number in range(INSTRUMENTS):
        row = table.add(f"v{number % VENUES} A{number // VENUES}")
        for key, label in (("venue", f"v{number % VENUES}"), ("asset", f"A{number // VENUES}"), ("reasons", "")):
            table.columns[key][row] = table.code(key, label)
    columns = table.columns
    columns["apr"][:INSTRUMENTS] = generator.normal(0, 0.25 / 8760, INSTRUMENTS)
    columns["oi_usd"][:INSTRUMENTS] = generator.exponential(5e7, INSTRUMENTS)
    columns["cap_use"][:INSTRUMENTS] = generator.random(INSTRUMENTS)
    own = {
        f"r{n}": AlertRule(when=f"abs(apr) > {80 + n}% and oi > 20M and cap_use < 90%", level=Level.INSTRUMENT)
        for n in range(RULES)
    }
    rules = rules_of(Settings(alerts=Alerts(defaults=False, rules=own)))
    readings = Readings(0)
    readings.set_rules(rules, {})
    readings.observe(table, np.arange(INSTRUMENTS), 0, 0.0)
    ours, peer = [], []
    for batch in range(BATCHES):
        rows = np.arange(batch % VENUES, INSTRUMENTS, VENUES)
        columns["apr"][rows] *= 1 + generator.normal(0, 0.01, len(rows))
        started = time.perf_counter()
        readings.observe(table, rows, batch * 500, batch * 0.5)
        ours.append((time.perf_counter() - started) * 1e3)
        started = time.perf_counter()
        for rule in rules:
            assert rule.when is not None
            rule.when.mask(table)
        peer.append((time.perf_counter() - started) * 1e3)
    mine, theirs = statistics.median(ours), statistics.median(peer)
    print(f"alerts, {RULES} rules, batch of {INSTRUMENTS // VENUES} of {INSTRUMENTS} rows")
    print(f"  ours       {mine:7.2f} ms median, {sorted(ours)[-1]:.2f} ms worst (target 5 ms)")
    print(f"  all rows   {theirs:7.2f} ms median: {theirs / mine:.1f} times as long")


if __name__ == "__main__":
    main()
