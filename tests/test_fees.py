"""Whose fee counts: the user's before the venue's, the maker's where orders rest."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from fundtui.config.load import load
from fundtui.config.schema import Settings
from fundtui.edits import calculator_settings
from fundtui.fees import fee_at, own_fees, published_fee
from fundtui.market import Fees

PUBLISHED = Fees(maker=0.0002, taker=0.0005)
MINE = '[venues.binance]\ntaker_fee = "0.045%"\nmaker_fee = "-0.005%"\n[venues.okx]\ntaker_fee = "0.04%"\n'


def settings(folder: Path, text: str) -> Settings:
    path = folder / "config.toml"
    path.write_text(text)
    path.chmod(0o600)
    return load(path, {}).settings


def test_taker_fees_count_by_default(tmp_path: Path) -> None:
    found = settings(tmp_path, MINE)
    assert own_fees(found) == {"binance": pytest.approx(0.00045), "okx": pytest.approx(0.0004)}
    assert published_fee(found, PUBLISHED) == 0.0005
    assert calculator_settings(found).carry.fees == own_fees(found)


def test_maker_fees_count_where_orders_rest(tmp_path: Path) -> None:
    found = settings(tmp_path, MINE + '[costs]\nexecution = "maker"\n')
    assert own_fees(found) == {"binance": pytest.approx(-0.00005)}
    assert published_fee(found, PUBLISHED) == 0.0002
    assert calculator_settings(found).carry.fees == own_fees(found)


def test_ones_own_fee_comes_before_the_published_one(tmp_path: Path) -> None:
    found = settings(tmp_path, MINE)
    assert fee_at(found, "okx", PUBLISHED) == pytest.approx(0.0004)
    assert fee_at(found, "bybit", PUBLISHED) == 0.0005
    assert math.isnan(fee_at(found, "gemini", Fees()))
