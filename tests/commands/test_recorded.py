"""`snapshot --source URL` over recorded answers: every venue's rows, and what each fault does to whom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fundtui.venues import load
from fundtui.venues.spec import Endpoint, Venue
from tests.commands.conftest import Command

TWELVE = (
    "binance", "bybit", "okx", "bitget", "gate", "kucoin", "mexc", "hyperliquid", "dydx", "kraken-futures", "deribit",
    "lighter",
)  # fmt: skip
COMPARED = {"price_mismatch", "stale", "mirrored", "quote_depegged", "implausible_rate"}
"""Reasons that only the comparison with other venues can give."""


def rows(out: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["venue"], row["symbol"]): row for row in map(json.loads, out.splitlines())}


def only(venues: tuple[str, ...]) -> list[str]:
    return [word for venue in venues for word in ("--venue", venue)]


def snapshot(fundtui: Command, server: Any, *words: str, venues: tuple[str, ...] = TWELVE, wait: str = "6s") -> Any:
    return fundtui("snapshot", "--source", server.url, "--wait", wait, *only(venues), *words)


def files_of(venue: Venue, server: Any, shared: Path) -> list[str]:
    """`NAME=FILE` for each recorded answer that the server gave, as `normalize` takes it."""
    words = {}
    for entry in server.log:
        if entry["venue"] != venue.name:
            continue
        endpoint, key = asked(venue, entry)
        if entry["status"] == 200 and entry["file"] and endpoint.next_page is None:
            (file,) = (shared / "payloads" / venue.name).rglob(entry["file"])
            words[endpoint.name + (f"@{key}" if key else "")] = f"{endpoint.name}{f'@{key}' if key else ''}={file}"
    return list(words.values())


def asked(venue: Venue, entry: dict[str, Any]) -> tuple[Endpoint, str]:
    """Which endpoint a logged request belongs to, and for which key."""
    for endpoint in venue.endpoints:
        template = dict(endpoint.params) | (json.loads(endpoint.body) if endpoint.body else {})
        sent = entry["query"] | (entry["json"] or {})
        keys = [sent[name] for name, value in template.items() if value == "{key}" and name in sent]
        fixed = {name: value for name, value in template.items() if value != "{key}"}
        if venue.base_url.partition("://")[2].partition("/")[2]:
            raise AssertionError("base addresses have no path")
        fits = entry["path"] == endpoint.path and all(sent.get(name) == value for name, value in fixed.items())
        if fits and bool(keys) == (endpoint.keys is not None) and len(sent) == len(template):
            return endpoint, keys[0] if keys else ""
    raise AssertionError(f"{venue.name} was asked something that no endpoint is: {entry}")


def test_the_rows_of_the_twelve_venues_are_those_of_normalize(fundtui: Command, recorded: Any, shared: Path) -> None:
    # Nothing fails here, so it ends when everybody has answered, however slow the machine is.
    outcome = snapshot(fundtui, recorded, "--format", "ndjson", "--level", "instrument", wait="60s")
    assert outcome.code == 0, outcome.err
    shown = rows(outcome.out)
    assert {venue for venue, _ in shown} == set(TWELVE)
    for name in TWELVE:
        venue = load(name)
        read = fundtui("normalize", name, *files_of(venue, recorded, shared))
        assert read.code == 0, read.err
        expected = rows(read.out)
        assert {key for key in shown if key[0] == name} == set(expected)
        for key, row in expected.items():
            mine = dict(shown[key])
            assert set(row["reasons"]) <= set(mine["reasons"])
            assert set(mine["reasons"]) - set(row["reasons"]) <= COMPARED
            for volatile in ("observed_ms", "reasons"):
                del row[volatile], mine[volatile]
            assert mine == row


FAULTS = {
    "status=418,retry_after=30": "418",
    "status=429,retry_after=30": "429",
    "html=403": "403",
    "soft,status=503": "",
    "reset": "",
    "truncate=right": "",
    "badjson=prefix": "not JSON",
    "empty": "",
    "nulls": "",
    "types": "",
    "redirect=loop": "redirect",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_one_venue_leaves_the_others_alone(fundtui: Command, recorded: Any, fault: str) -> None:
    venues = ("binance", "kucoin", "dydx")
    recorded.set_faults(f"binance:{fault}")
    outcome = snapshot(fundtui, recorded, "--format", "json", "--level", "venue", venues=venues)
    health = {row["venue"]: row for row in json.loads(outcome.out)}
    assert health["kucoin"]["rows"] == 4
    assert health["dydx"]["rows"] == 4
    assert health["kucoin"]["last_error"] is None
    if FAULTS[fault]:
        assert FAULTS[fault] in health["binance"]["last_error"]
    assert health["binance"]["rows"] == 0 or health["binance"]["rejected"] or health["binance"]["last_error"]


@pytest.mark.parametrize("fault", ["status=503", "reset", "html=403", "badjson=quote"])
def test_when_no_venue_answers_the_exit_code_is_4_and_each_reason_is_told(
    fundtui: Command, recorded: Any, fault: str
) -> None:
    recorded.set_faults(fault)
    outcome = snapshot(fundtui, recorded, venues=("binance", "dydx"))
    assert outcome.code == 4
    assert outcome.out == ""
    assert "binance: " in outcome.err
    assert "dydx: " in outcome.err
    assert "Traceback" not in outcome.err


def test_hostile_symbols_do_not_reach_the_output(fundtui: Command, recorded: Any) -> None:
    recorded.set_faults("escape")
    outcome = snapshot(fundtui, recorded, "--format", "csv", "--level", "instrument", venues=("binance",))
    assert outcome.code == 0, outcome.err
    assert all(character == "\n" or character.isprintable() for character in outcome.out)
    assert "BTCUSDT" in outcome.out
