"""Contracts stay the same objects between polls, in their newest form only, and with names that are safe to show."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import weakref

import msgspec
import pytest

import fundtui.venues
from fundtui.market import Instrument
from fundtui.venues._newest import newest
from fundtui.venues._wire import BadRow


class Row(msgspec.Struct, frozen=True, weakref=True):
    """What a catalogue says."""

    interval_h: float


@newest
def contract(symbol: str, listed: Row | None, cap: float) -> Instrument:
    interval_h = listed.interval_h if listed is not None else 8.0
    return Instrument(
        venue="alpha", symbol=symbol, asset="BTC", quote="USDT", settle="USDT", interval_h=interval_h, cap=cap
    )


def test_the_same_words_give_the_same_object_and_others_a_new_one() -> None:
    first = contract("BTCUSDT", Row(8.0), 0.01)
    assert contract("BTCUSDT", Row(8.0), 0.01) is first
    assert contract("ETHUSDT", Row(8.0), 0.01).symbol == "ETHUSDT"
    faster = contract("BTCUSDT", Row(4.0), 0.01)
    assert (faster.interval_h, first.interval_h) == (4.0, 8.0)
    assert contract("BTCUSDT", Row(4.0), 0.02).cap == 0.02


def test_rows_of_an_older_answer_are_let_go_of() -> None:
    older, newer = Row(8.0), Row(8.0)
    gone = weakref.ref(older)
    made = contract("SOLUSDT", older, 0.01)
    assert contract("SOLUSDT", newer, 0.01) is made
    del older
    assert gone() is None


@pytest.mark.parametrize("symbol", ["BTC\x1b[2J", "BTC\u202eUSDT", "[red]BTC", ""])
def test_a_name_of_other_characters_is_no_contract(symbol: str) -> None:
    with pytest.raises(BadRow) as caught:
        contract(symbol, None, 0.01)
    assert caught.value.reason == "unsafe_symbol"


def modules() -> list[str]:
    names = [f"fundtui.venues.{one.name}" for one in pkgutil.iter_modules(fundtui.venues.__path__)]
    return [name for name in names if "Instrument(\n" in inspect.getsource(importlib.import_module(name))]


@pytest.mark.parametrize("name", modules())
def test_every_venue_makes_its_contracts_that_way(name: str) -> None:
    made = importlib.import_module(name)._contract
    source = inspect.getsource(importlib.import_module(name))
    assert made.__code__ is contract.__code__
    assert source.count("Instrument(\n") == 1
