"""`snapshot` over the simulated market: formats, filters, conditions and exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from fundtui.market import RECORD_KEYS
from tests.commands.conftest import Command, Outcome


@pytest.fixture
def demo(fundtui: Command) -> Command:
    """`snapshot` over three simulated venues."""

    def run(*words: str) -> Outcome:
        venues = ("--venue", "kucoin", "--venue", "gate", "--venue", "dydx")
        return fundtui("snapshot", "--source", "demo", "--wait", "5s", *venues, *words)

    return run


def test_the_table_is_ordered_by_spread_and_its_columns_line_up(demo: Command) -> None:
    outcome = demo("--limit", "5", "--columns", "asset,spread,consensus")
    assert outcome.code == 0, outcome.err
    head, *lines = outcome.out.splitlines()
    assert head.split() == ["asset", "spread", "cons"]
    assert len(lines) == 5
    spreads = [float(line.split()[1].rstrip("%")) for line in lines]
    assert spreads == sorted(spreads, reverse=True)
    assert len({line.rindex("%") for line in lines}) == 1


def test_json_has_every_metric_as_number_text_or_null(demo: Command) -> None:
    rows = json.loads(demo("--format", "json").out)
    assert len(rows) > 50
    bitcoin = next(row for row in rows if row["asset"] == "BTC")
    assert 10_000 < bitcoin["price"] < 1_000_000
    assert bitcoin["venues"] == 3
    assert isinstance(bitcoin["trend"], list)
    assert set(rows[0]) == set(bitcoin)


def test_instrument_records_keep_all_their_keys_in_every_format(demo: Command) -> None:
    rows = [json.loads(line) for line in demo("--level", "instrument", "--format", "ndjson").out.splitlines()]
    assert all(tuple(row) == RECORD_KEYS for row in rows)
    hourly = {row["symbol"]: row for row in rows if row["venue"] == "dydx"}
    assert hourly["BTC-USD"]["rate_period_h"] == 1.0
    table = list(csv.DictReader(io.StringIO(demo("--level", "instrument", "--format", "csv").out)))
    assert tuple(table[0]) == RECORD_KEYS
    assert len(table) == len(rows)


def test_where_filters_and_sort_orders(demo: Command) -> None:
    outcome = demo("--where", "asset in (BTC, ETH, SOL)", "--sort", "asset", "--format", "json", "--columns", "asset")
    assert [row["asset"] for row in json.loads(outcome.out)] == ["BTC", "ETH", "SOL"]


def test_a_condition_that_holds_gives_3(demo: Command) -> None:
    assert demo("--fail-on", "price > 0", "--limit", "1").code == 3
    assert demo("--fail-on", "price < 0", "--limit", "1").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--where", "sprad > 25%"), "spread"),
        (("--where", "spread >"), "^"),
        (("--columns", "asset,nonsense"), "nonsense"),
        (("--sort", "nonsense"), "nonsense"),
        (("--watchlist", "nonsense"), "nonsense"),
        (("--venue", "nonsense"), "nonsense"),
        (("--limit", "0"), "above 0"),
        (("--wait", "soon"), "not a duration"),
        (("--format", "yaml"), "yaml"),
    ],
)
def test_wrong_words_are_told_in_a_line_and_give_2(demo: Command, words: tuple[str, ...], said: str) -> None:
    outcome = demo(*words)
    assert outcome.code == 2
    assert outcome.out == ""
    assert said in outcome.err
    assert "Traceback" not in outcome.err


def test_a_wrong_source_gives_2(fundtui: Command) -> None:
    outcome = fundtui("snapshot", "--source", "ftp://example")
    assert outcome.code == 2
    assert "not a source" in outcome.err


def test_a_watchlist_limits_the_rows(demo: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[watchlists.two]\nassets = ["BTC", "ETH"]\n')
    outcome = demo("--config", str(file), "--watchlist", "two", "--format", "json", "--columns", "asset")
    assert outcome.code == 0, outcome.err
    assert {row["asset"] for row in json.loads(outcome.out)} == {"BTC", "ETH"}


def test_a_broken_configuration_names_file_and_line(demo: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[display]\nrate_bases = "apr"\n')
    outcome = demo("--config", str(file))
    assert outcome.code == 2
    assert f"{file}:2" in outcome.err
    assert "rate_basis" in outcome.err


def test_no_venue_at_all_gives_4_and_says_why(fundtui: Command) -> None:
    # Port 9 of this machine: nobody listens there.
    outcome = fundtui("snapshot", "--source", "http://127.0.0.1:9", "--wait", "2s", "--venue", "dydx")
    assert outcome.code == 4
    assert "dydx" in outcome.err
    assert "refused" in outcome.err


@pytest.mark.parametrize("venue", ["htx", "bingx", "paradex"])
def test_further_venues_of_the_simulated_market_are_asked_by_name(fundtui: Command, venue: str) -> None:
    words = ("--level", "instrument", "--format", "ndjson", "--wait", "5s", "--venue", venue)
    rows = [json.loads(line) for line in fundtui("snapshot", "--source", "demo", *words).out.splitlines()]
    assert len(rows) > 20
    assert {row["venue"] for row in rows} == {venue}
    assert any(row["hourly"] is not None for row in rows)
