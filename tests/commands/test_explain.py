"""`fundtui explain` over the simulated market: what is shown works out."""

from __future__ import annotations

import json

import msgspec
import pytest

from fundtui.imbalance.explain import Explanation
from tests.commands.conftest import Command
from tests.imbalance.test_explain_numbers import agrees


@pytest.mark.parametrize("venue", ["binance", "hyperliquid", "deribit", "kraken-futures", "paradex", "okx"])
def test_every_formula_gives_its_figure(fundtui: Command, venue: str) -> None:
    outcome = fundtui("explain", "BTC", venue, "--source", "demo", "--wait", "5s", "--venue", venue, "--format", "json")
    assert outcome.code == 0, outcome.err
    verdicts = {}
    for told in json.loads(outcome.out):
        named = {"title", "key", "level", "subject", "value", "number", "help", "formula", "substituted", "source"}
        one = msgspec.convert({key: told[key] for key in named}, Explanation)
        if one.value != "-":
            verdicts[one.key] = agrees(one, set())
            assert verdicts[one.key] is not False, f"{one.title}: {one.substituted} is not {one.value}"
    assert verdicts["apr"] is True
    assert verdicts["excess"] is True
