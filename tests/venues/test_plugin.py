"""A venue from another package: a real distribution, installed by pip, found through its entry point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "somex-fundtui"
version = "1.0"
[project.entry-points."fundtui.venues"]
somex = "somex_fundtui:VENUE"
broken = "somex_fundtui:NOTHING"
"""
MODULE = '''
"""A venue of somebody else's."""
import msgspec
from fundtui.market import Fees, Instrument, Quote, UNKNOWN_RULE
from fundtui.venues.spec import Budget, Endpoint, Venue

class Row(msgspec.Struct):
    name: str
    rate: float

def read(parts, observed_ms):
    from fundtui.market import Batch
    quotes = tuple(
        Quote(
            Instrument(
                venue="somex", symbol=row.name, asset=row.name, quote="USD", settle="USD",
                rate_period_h=1.0, interval_h=1.0,
            ),
            observed_ms, row.rate,
        )
        for row in parts["rates"]
    )
    return Batch(venue="somex", observed_ms=observed_ms, quotes=quotes)

VENUE = Venue(
    name="somex", title="Somex", base_url="https://somex.example",
    endpoints=(Endpoint(name="rates", path="/rates", decode=msgspec.json.Decoder(list[Row]).decode, required=True),),
    read=read, rule=UNKNOWN_RULE, fees=Fees(), budget=Budget(capacity=60, window_s=60),
)
NOTHING = "no venue at all"
'''


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that sees the package."""
    source, target = tmp_path_factory.mktemp("somex"), tmp_path_factory.mktemp("site")
    (source / "somex_fundtui").mkdir()
    (source / "pyproject.toml").write_text(PYPROJECT)
    (source / "somex_fundtui" / "__init__.py").write_text(MODULE)
    words = [
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--target",
        str(target),
        str(source),
    ]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True, capture_output=True)
    return os.environ | {"PYTHONPATH": str(target)}


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fundtui.cli", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_its_answers_are_read_like_those_of_a_built_in_venue(installed: dict[str, str], tmp_path: Path) -> None:
    answer = tmp_path / "rates.json"
    answer.write_text('[{"name": "BTC", "rate": 0.00001}]')
    outcome = run(installed, "normalize", "somex", f"rates={answer}")
    assert outcome.returncode == 0, outcome.stderr
    row = json.loads(outcome.stdout)
    assert (row["venue"], row["asset"], row["hourly"]) == ("somex", "BTC", 0.00001)


def test_it_is_listed_among_the_venues(installed: dict[str, str]) -> None:
    outcome = run(installed, "normalize", "nosuchvenue")
    assert "somex" in outcome.stderr


def test_an_entry_point_that_is_no_venue_is_told_by_doctor(installed: dict[str, str]) -> None:
    outcome = run(installed, "doctor")
    assert outcome.returncode == 1
    assert "broken cannot be loaded" in outcome.stdout
    assert "Traceback" not in outcome.stdout + outcome.stderr
