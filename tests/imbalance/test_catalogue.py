"""The catalogue is complete and says what it must."""

from __future__ import annotations

import pytest

from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.catalogue import CATALOGUE, Level, Metric, Unit, find, names

ALL = [metric for metrics in CATALOGUE.values() for metric in metrics]


@pytest.mark.parametrize("level", list(CATALOGUE))
def test_a_name_means_one_thing_at_a_level(level: Level) -> None:
    every = [name for metric in CATALOGUE[level] for name in (metric.key, *metric.aliases)]
    assert len(every) == len(set(every))
    assert tuple(every) == names(level)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: f"{metric.level.value}-{metric.key}")
def test_each_metric_says_what_it_is_how_it_is_worked_out_and_where_that_is_written(metric: Metric) -> None:
    assert metric.key.isidentifier()
    assert len(metric.title) <= 9
    assert metric.help.endswith(".")
    assert metric.formula
    assert metric.source.startswith("§")
    assert metric.width >= 1


def test_the_same_key_at_two_levels_has_the_same_unit() -> None:
    units: dict[str, Unit] = {}
    for metric in ALL:
        assert units.setdefault(metric.key, metric.unit) is metric.unit


@pytest.mark.parametrize(
    "name",
    "asset price consensus spread long short breakeven trend oi oi_usd volume_usd apr excess divergence z "
    "next_funding_ms next age venues dispersion premium cap_use excluded".split(),
)
def test_the_names_that_the_documents_use_exist(name: str) -> None:
    assert find(Level.ASSET, name) is not None


def test_every_metric_has_its_column_and_nothing_else_has() -> None:
    calculator = Calculator()
    for table in (calculator.assets, calculator.instruments):
        assert table.columns.keys() | table.series.keys() == table.metrics.keys()


def test_an_unknown_name_is_not_found() -> None:
    assert find(Level.ASSET, "hourly_moon") is None
