"""Which asset a base currency is (design §4): by explicit list, never by pattern."""

from __future__ import annotations

import math

import pytest

from fundtui.market import AssetClass
from fundtui.venues._identity import MULTIPLIERS, identify, in_usd, other_class, unmarked_class
from fundtui.venues._wire import BadRow


@pytest.mark.parametrize(
    ("base", "asset", "multiplier"),
    [
        ("1000PEPE", "PEPE", 1e3),
        ("kPEPE", "PEPE", 1e3),
        ("10000SATS", "SATS", 1e4),
        ("1000SATS", "SATS", 1e3),
        ("1000000MOG", "MOG", 1e6),
        ("1000000BOB", "BOB", 1e6),
        ("1MBABYDOGE", "BABYDOGE", 1e6),
        ("MBABYDOGE", "BABYDOGE", 1e6),
        ("1000000BABYDOGE", "BABYDOGE", 1e6),
        ("1MCHEEMS", "CHEEMS", 1e6),
        ("1000X", "X", 1e3),
        ("SHIB1000", "SHIB", 1e3),
        ("10000CAT", "CAT", 1e4),
        ("1000CAT", "CAT", 1e3),
    ],
)
def test_multipliers(base: str, asset: str, multiplier: float) -> None:
    assert (identify(base).asset, identify(base).multiplier) == (asset, multiplier)


@pytest.mark.parametrize(
    "base", ["1INCH", "KAVA", "CAT", "K", "X", "M", "1", "1000", "0G", "KAS", "MOG", "AEON1", "4", "kNEW"]
)
def test_names_that_only_look_like_multiples_stay_themselves(base: str) -> None:
    assert (identify(base).asset, identify(base).multiplier) == (base, 1.0)


def test_a_multiple_that_is_not_listed_stays_itself() -> None:
    assert identify("1000NOSUCHCOIN").asset == "1000NOSUCHCOIN"


def test_every_listed_multiple_names_its_own_factor() -> None:
    for base, (asset, multiplier) in MULTIPLIERS.items():
        rest = base.replace(asset, "", 1)
        assert multiplier == {"1M": 1e6, "M": 1e6, "k": 1e3}.get(rest, float(rest) if rest.isdigit() else 0), base


def test_aliases() -> None:
    assert identify("XBT").asset == "BTC"
    assert identify("XDG").asset == "DOGE"


def test_a_share_named_like_a_coin_stays_a_share() -> None:
    share = identify("CAT", AssetClass.EQUITY)
    assert (share.asset, share.asset_class) == ("CAT", AssetClass.EQUITY)
    assert share != identify("CAT")
    assert identify("XBT", AssetClass.EQUITY).asset == "XBT"


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("XAU", AssetClass.COMMODITY),
        ("SILVER", AssetClass.COMMODITY),
        ("brentoil", AssetClass.COMMODITY),
        ("EUR", AssetClass.FX),
        ("USDJPY", AssetClass.FX),
        ("SPX500", AssetClass.INDEX),
        ("NAS100", AssetClass.INDEX),
        ("TSLA", AssetClass.EQUITY),
    ],
)
def test_class_of_what_is_not_a_coin(base: str, expected: AssetClass) -> None:
    assert other_class(base) is expected


@pytest.mark.parametrize(
    ("base", "asset_class", "asset"),
    [
        ("GOLD", AssetClass.COMMODITY, "XAU"),
        ("SILVER", AssetClass.COMMODITY, "XAG"),
        ("USOIL", AssetClass.COMMODITY, "WTI"),
        ("EUR", AssetClass.FX, "EURUSD"),
        ("JPY", AssetClass.FX, "USDJPY"),
        ("SP500", AssetClass.INDEX, "SPX"),
        ("NAS100", AssetClass.INDEX, "NDX"),
        ("GOLD", AssetClass.CRYPTO, "GOLD"),
        ("SPX", AssetClass.CRYPTO, "SPX"),
    ],
)
def test_names_of_one_traditional_thing_meet(base: str, asset_class: AssetClass, asset: str) -> None:
    assert identify(base, asset_class).asset == asset


def test_a_venue_that_does_not_say_is_believed_only_about_tickers_that_no_coin_has() -> None:
    assert unmarked_class("NVDA") is AssetClass.EQUITY
    assert unmarked_class("XAU") is AssetClass.COMMODITY
    assert unmarked_class("JP225") is AssetClass.INDEX
    for coin in ("SPX", "CAT", "KAVA", "CL", "OIL", "BTC", "XAUT", "1INCH"):
        assert unmarked_class(coin) is AssetClass.CRYPTO


@pytest.mark.parametrize("base", ["", "BTC\x1b[2J", "\u202e", "A B", "[red]", "A" * 97])
def test_hostile_bases(base: str) -> None:
    with pytest.raises(BadRow):
        identify(base)
    with pytest.raises(BadRow):
        identify(base, AssetClass.EQUITY)


def test_dollars() -> None:
    assert in_usd(5.0, "USDT") == 5.0
    assert in_usd(5.0, "USD1") == 5.0
    assert math.isnan(in_usd(5.0, "BTC"))
