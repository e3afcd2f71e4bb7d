"""The commands that explain: metrics, explain, config, doctor, venues, normalize."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path

import pytest
from msgspec.structs import replace

from fundtui import __version__
from fundtui.commands.venues import trouble
from fundtui.imbalance.catalogue import CATALOGUE
from fundtui.status import VenueHealth, VenueState
from tests.commands.conftest import Command


def test_version(fundtui: Command) -> None:
    outcome = fundtui("--version")
    assert outcome.code == 0
    assert __version__ in outcome.out


def test_wrong_usage_is_one_line(fundtui: Command) -> None:
    outcome = fundtui("snapshat")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1


def test_every_metric_is_listed_with_its_meaning(fundtui: Command) -> None:
    listed = json.loads(fundtui("metrics", "--format", "json").out)
    assert {(one["level"], one["key"]) for one in listed} == {
        (level.value, metric.key) for level, metrics in CATALOGUE.items() for metric in metrics
    }
    assert all(one["help"] and one["formula"] and one["source"] for one in listed)


def test_one_metric_in_full_and_an_unknown_one(fundtui: Command) -> None:
    assert "max h − min h" in fundtui("metrics", "spread").out
    outcome = fundtui("metrics", "sprad")
    assert outcome.code == 2
    assert "spread" in outcome.err


def test_explain_shows_formula_numbers_and_inputs(fundtui: Command) -> None:
    words = ("--source", "demo", "--wait", "5s", "--venue", "binance")
    outcome = fundtui("explain", "BTC", "binance", "--metric", "apr", *words)
    assert outcome.code == 0, outcome.err
    assert "8760 ×" in outcome.out
    assert "BTCUSDT" in outcome.out
    assert fundtui("explain", "NOSUCHCOIN", *words).code == 1
    assert fundtui("explain", "BTC", "--metric", "nonsense", *words).code == 2


def test_config_init_writes_once_a_file_that_validates(fundtui: Command) -> None:
    written = fundtui("config", "init")
    assert written.code == 0, written.err
    path = Path(written.out.strip())
    assert path == Path(fundtui("config", "locate").out.strip())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    tomllib.loads(path.read_text())
    before = path.read_text()
    again = fundtui("config", "init")
    assert again.code == 1
    assert path.read_text() == before
    assert fundtui("config", "validate").code == 0


def test_config_show_names_the_origin_of_each_setting(fundtui: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDTUI_DISPLAY__RATE_BASIS", "8h")
    shown = {one["key"]: one for one in json.loads(fundtui("config", "show", "--format", "json").out)}
    assert shown["display.rate_basis"]["value"] == '"8h"'
    assert "FUNDTUI_DISPLAY__RATE_BASIS" in shown["display.rate_basis"]["origin"]
    assert shown["display.theme"]["origin"] == "default"


def test_config_schema_is_json(fundtui: Command) -> None:
    schema = json.loads(fundtui("config", "schema").out)
    assert "watchlists" in json.dumps(schema)


def test_config_validate_tells_every_problem(fundtui: Command, tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text('[display]\ntheme = 3\nrate_bases = "apr"\n')
    outcome = fundtui("config", "validate", "--config", str(file))
    assert outcome.code == 2
    assert f"{file}:2" in outcome.err
    assert f"{file}:3" in outcome.err


def test_doctor_reports_packages_and_a_proxy_that_cannot_be_used(
    fundtui: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fundtui("doctor").code == 0
    monkeypatch.setenv("HTTPS_PROXY", "gopher://user:geheim@proxy:70")
    outcome = fundtui("doctor")
    assert outcome.code == 1
    assert "gopher" in outcome.out
    assert "geheim" not in outcome.out


def test_venues_says_why_one_is_off_and_what_to_think_of_one_switched_on() -> None:
    off = VenueHealth(venue="gmx", title="GMX", state=VenueState.OFF, experimental="never seen")
    assert trouble(off) == "off by default: never seen"
    assert trouble(replace(off, state=VenueState.UP)) == "experimental: never seen"
    assert trouble(replace(off, experimental="")) == "left out by the configuration"
    assert trouble(replace(off, state=VenueState.UP, experimental="")) == ""


def test_venues_shows_every_venue_also_those_that_are_off(fundtui: Command) -> None:
    outcome = fundtui("venues", "--source", "demo", "--wait", "5s", "--format", "json", "--venue", "dydx")
    assert outcome.code == 0, outcome.err
    (health,) = json.loads(outcome.out)
    assert health["venue"] == "dydx"
    assert health["state"] == "up"
    assert health["rows"] > 20
    assert health["latency_s"] > 0


def test_normalize_without_files_lists_its_endpoints(fundtui: Command) -> None:
    outcome = fundtui("normalize", "bybit")
    assert outcome.code == 0
    assert {"tickers:linear", "tickers:inverse"} <= {line.split()[0] for line in outcome.out.splitlines()}


def test_normalize_reads_an_answer_of_ours(fundtui: Command, tmp_path: Path) -> None:
    file = tmp_path / "premium.json"
    file.write_text(
        json.dumps(
            [
                {
                    "symbol": "1000PEPEUSDT", "markPrice": "0.011", "indexPrice": "0.0109", "time": 1780000000000,
                    "lastFundingRate": "0.00005000", "interestRate": "0.00005000", "nextFundingTime": 1780012800000,
                }
            ]
        )
    )  # fmt: skip
    outcome = fundtui("normalize", "binance", f"premiumIndex={file}", "--at", "1780000001000")
    assert outcome.code == 0, outcome.err
    row = json.loads(outcome.out)
    assert (row["asset"], row["multiplier"], row["interval_h"]) == ("PEPE", 1000.0, 4.0)
    assert row["hourly"] == pytest.approx(0.0000125)
    assert row["observed_ms"] == 1780000001000


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nosuchvenue",), 2, "no venue"),
        (("binance", "nosuchname=x"), 2, "no endpoint"),
        (("binance", "premiumIndex=nosuchfile"), 1, "cannot read"),
        (("binance", "premiumIndex"), 2, "NAME=FILE"),
        (("binance", "premiumIndex=x", "--at", "noon"), 1, "cannot read"),
    ],
)
def test_normalize_says_what_is_wrong(fundtui: Command, words: tuple[str, ...], code: int, said: str) -> None:
    outcome = fundtui("normalize", *words)
    assert outcome.code == code
    assert said in outcome.err
