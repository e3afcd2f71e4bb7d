"""Every metric once. Columns, sort keys, filters, alert expressions, JSON fields, help and README come from here."""

from __future__ import annotations

from fundtui.imbalance.metric import EXPORT_FACTOR, Level, Metric, Unit
from fundtui.imbalance.metrics_asset import ASSET_METRICS
from fundtui.imbalance.metrics_instrument import INSTRUMENT_METRICS
from fundtui.imbalance.metrics_pair import MARKET_METRICS, PAIR_METRICS, VENUE_METRICS

__all__ = ["CATALOGUE", "EXPORT_FACTOR", "Level", "Metric", "Unit", "find", "names"]

CATALOGUE: dict[Level, tuple[Metric, ...]] = {
    Level.ASSET: ASSET_METRICS,
    Level.INSTRUMENT: INSTRUMENT_METRICS,
    Level.PAIR: PAIR_METRICS,
    Level.VENUE: VENUE_METRICS,
    Level.MARKET: MARKET_METRICS,
}


def _named(metrics: tuple[Metric, ...]) -> dict[str, Metric]:
    return {name: metric for metric in metrics for name in (metric.key, *metric.aliases)}


_BY_NAME = {level: _named(metrics) for level, metrics in CATALOGUE.items()}


def find(level: Level, name: str) -> Metric | None:
    """The metric of a level by key or alias; None when there is none."""
    return _BY_NAME.get(level, {}).get(name)


def names(level: Level) -> tuple[str, ...]:
    """All keys and aliases of a level, in the catalogue's order."""
    return tuple(_BY_NAME.get(level, {}))
