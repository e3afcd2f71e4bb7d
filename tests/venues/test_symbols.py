"""Which asset every recorded symbol of every venue was given: a table of all that are not simply themselves.

A symbol that is in none of the tables must be a coin whose name stands in the symbol as it is, one for one. So a wrong
multiplier, a missed one, or a share taken for a coin shows here, whichever venue it comes from.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import median

import pytest

from fundtui.market import AssetClass, Quote, Status
from fundtui.venues import names
from fundtui.venues._identity import MULTIPLIERS, TRADITIONAL_ALIASES, identify
from fundtui.venues.spec import BadAnswer
from tests.venues.answers import bodies_of, parts_of, venue

NOW_MS = 1_789_338_600_000

THOUSANDS = {
    "1000BONK", "1000BTT", "1000CAT", "1000CHEEMS", "1000FLOKI", "1000LUNC", "1000NEIROCTO", "1000PEPE", "1000RATS",
    "1000SATS", "1000SHIB", "1000TAG", "1000TOSHI", "1000TURBO", "1000WHY", "1000X", "1000XEC",
    "kBONK", "kDOGS", "kFLOKI", "kLUNC", "kNEIRO", "kPEPE", "kSHIB",
}  # fmt: skip
TEN_THOUSANDS = {"10000NEX", "10000SATS"}
MILLIONS = {"1000000BABYDOGE", "1000000BOB", "1000000MOG", "1MBABYDOGE", "1MCHEEMS"}
"""Every base recorded anywhere that counts in more than one of its asset."""

OTHER_NAMES = {
    "XBT": "BTC",
    "BIP": "BTC",
    "BIT": "BTC",
    "ALG": "ALGO",
    "IOT": "IOTA",
    "SPX6900": "SPX",
    "APE_deprecated": "APE",
}
"""Every base recorded anywhere that is called something else here."""

NO_COINS = {
    "AAL.eq", "AAPL.eq", "AMZN.eq", "ANTHROPIC.eq", "BABA.eq", "DELISTED.eq", "JDON.eq", "JNJ.eq", "MRK.eq", "MRNA.eq",
    "MSTR.eq", "MU.eq", "NVDA.eq", "PENG.eq", "SKHYNIX.eq", "SNDK.eq", "SOXL.eq", "SPCX.eq",
    "BRENT.cm", "H100.cm", "NATGAS.cm", "WTI.cm", "XAG.cm", "XAU.cm",
    "EURUSD.fx", "USDJPY.fx",
    "DRAM.ix", "EUROPE50IX.ix", "GERMANY30IX.ix", "JP225.ix", "NDX.ix", "QQQ.ix", "SPX.ix", "SPY.ix",
}  # fmt: skip
"""Everything recorded anywhere that is no coin."""

THEMSELVES = {
    "0G", "1INCH", "2Z", "AI16Z", "API3", "B2", "B3", "BANANAS31", "BROCCOLI714", "BROCCOLIF3B", "C98", "LUNA2",
    "PORT3",
}  # fmt: skip
"""Every coin recorded anywhere with digits in its name that are no multiplier."""

every_venue = pytest.mark.parametrize("name", names())


@cache
def recorded_quotes(name: str) -> tuple[Quote, ...]:
    """All quotes of a venue's recorded answers; none where a part that it cannot do without was never recorded."""
    one = venue(name)
    try:
        return one.read(parts_of(one, bodies_of(one)), NOW_MS).quotes
    except (BadAnswer, KeyError):
        return ()


def base_in(quote: Quote) -> str:
    """The longest of the known spellings of the quote's asset that stands in its symbol, "" for none."""
    spellings = {quote.contract.asset, *THOUSANDS, *TEN_THOUSANDS, *MILLIONS, *OTHER_NAMES}
    found = [text for text in spellings if text in quote.contract.symbol and _asset_of(text) == quote.contract.asset]
    return max(found, key=len, default="")


def _asset_of(spelling: str) -> str:
    if spelling in OTHER_NAMES:
        return OTHER_NAMES[spelling]
    for prefix in ("1000000", "10000", "1000", "1M", "k"):
        if spelling in THOUSANDS | TEN_THOUSANDS | MILLIONS and spelling.startswith(prefix):
            return spelling.removeprefix(prefix)
    return spelling


@every_venue
def test_multipliers_of_every_recorded_symbol(name: str) -> None:
    for quote in recorded_quotes(name):
        contract = quote.contract
        base = base_in(quote)
        if contract.asset_class is not AssetClass.CRYPTO:
            assert contract.multiplier == 1.0, contract.symbol
            continue
        expected = 1e3 if base in THOUSANDS else 1e4 if base in TEN_THOUSANDS else 1e6 if base in MILLIONS else 1.0
        assert contract.multiplier == expected, (contract.symbol, contract.asset)


@every_venue
def test_assets_of_every_recorded_symbol(name: str) -> None:
    for quote in recorded_quotes(name):
        contract = quote.contract
        if contract.asset_class is not AssetClass.CRYPTO:
            assert contract.asset_id in NO_COINS, contract.symbol
            continue
        assert base_in(quote) or contract.asset in contract.symbol.upper(), (contract.symbol, contract.asset)
        if any(character.isdigit() for character in contract.asset):
            assert contract.asset in THEMSELVES, contract.symbol


@every_venue
def test_quote_and_settlement_currencies_of_every_recorded_symbol(name: str) -> None:
    dollars = {"USD", "USDT", "USDC", "USDT0", "USDH", "USDE", "GUSD"}
    for quote in recorded_quotes(name):
        contract = quote.contract
        assert contract.quote in dollars | {"BTC"}, contract.symbol
        if contract.kind == "inverse":
            assert contract.settle == contract.asset, contract.symbol
        else:
            assert contract.settle in dollars | {contract.quote, "BTC"}, contract.symbol


def test_the_tables_hold_nothing_that_was_not_recorded() -> None:
    everything = [quote for name in names() for quote in _recorded_or_none(name)]
    if not everything:
        pytest.skip("no recorded answers beside the repository (../shared)")
    assert {quote.contract.asset_id for quote in everything} >= NO_COINS
    assert {base_in(quote) for quote in everything} >= THOUSANDS | TEN_THOUSANDS | MILLIONS | set(OTHER_NAMES)
    assert {quote.contract.asset for quote in everything} >= THEMSELVES


def _recorded_or_none(name: str) -> tuple[Quote, ...]:
    try:
        return recorded_quotes(name)
    except pytest.skip.Exception:
        return ()


@pytest.mark.parametrize("ticker", ["1INCH", "KAVA", "KAS", "MASK", "MANA", "1CAT", "M", "K", "C98", "1000", "10000"])
def test_names_that_look_like_multiples_are_themselves(ticker: str) -> None:
    found = identify(ticker)
    assert (found.asset, found.multiplier, found.asset_class) == (ticker, 1.0, AssetClass.CRYPTO)


def test_cat_the_share_and_cat_the_coin_never_meet() -> None:
    share, coin, thousand = identify("CAT", AssetClass.EQUITY), identify("CAT"), identify("1000CAT")
    assert (share.asset_class, share.multiplier) == (AssetClass.EQUITY, 1.0)
    assert (coin.asset_class, coin.multiplier) == (AssetClass.CRYPTO, 1.0)
    assert (thousand.asset, thousand.multiplier) == ("CAT", 1000.0)
    # A share has no multiples: 1000CAT of a share exchange would be itself.
    assert identify("1000CAT", AssetClass.EQUITY).multiplier == 1.0


def test_every_multiple_says_its_size() -> None:
    sizes = {"1000000": 1e6, "10000": 1e4, "1000": 1e3, "1M": 1e6, "M": 1e6, "k": 1e3}
    for base, (asset, multiplier) in MULTIPLIERS.items():
        prefix = base.removesuffix(asset) if base.endswith(asset) else base.removeprefix(asset)
        assert sizes[prefix] == multiplier, base


@pytest.mark.parametrize(
    ("base", "asset_class", "asset"),
    [
        ("GOLD", AssetClass.COMMODITY, "XAU"),
        ("XAU", AssetClass.COMMODITY, "XAU"),
        ("GOLD", AssetClass.CRYPTO, "GOLD"),
        ("USOIL", AssetClass.COMMODITY, "WTI"),
        ("EUR", AssetClass.FX, "EURUSD"),
        ("JPY", AssetClass.FX, "USDJPY"),
        ("SP500", AssetClass.INDEX, "SPX"),
        ("SPX", AssetClass.CRYPTO, "SPX"),
        ("XYZ100", AssetClass.INDEX, "NDX"),
        ("SPY", AssetClass.INDEX, "SPY"),
    ],
)
def test_one_thing_has_one_name_within_its_class(base: str, asset_class: AssetClass, asset: str) -> None:
    assert identify(base, asset_class).asset == asset


def test_names_here_have_no_further_name() -> None:
    for names_here in TRADITIONAL_ALIASES.values():
        assert not set(names_here.values()) & set(names_here)


WITHIN = {"dydx", "paradex", "lighter"}, {"backpack", "aevo", "edgex", "vertex", "hibachi", "apex", "drift"}
"""Venues whose answers were recorded within the same minutes: 2026-09-11 17:18-17:28, 2026-09-13 22:26-22:37 UTC."""


@pytest.mark.parametrize("group", WITHIN, ids=["september 11", "september 13"])
def test_prices_of_one_asset_agree_after_the_multiplier(group: set[str]) -> None:
    """The proof that multipliers and classes are right: one unit of an asset costs the same everywhere."""
    prices: dict[str, dict[str, float]] = {}
    for name in group:
        for quote in recorded_quotes(name):
            contract = quote.contract
            index = quote.index / contract.multiplier
            if contract.status is Status.TRADING and not math.isnan(index):
                prices.setdefault(contract.asset_id, {})[name] = index
    shared = {asset: found for asset, found in prices.items() if len(found) > 1}
    assert {"BTC", "ETH"} <= set(shared)
    for asset, found in shared.items():
        middle = median(found.values())
        assert {name: price for name, price in found.items() if abs(price / middle - 1) > 0.02} == {}, asset
