"""Every recorded answer is read: by an endpoint, by a venue's history, or it says here why nothing reads it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fundtui.market import Settlement
from fundtui.venues import load, names
from fundtui.venues.spec import AccrualHistory, BadAnswer, Endpoint, History, HistoryRequest, Venue
from tests.venues.answers import SAME_FORMAT, SHARED, manifest

PAYLOADS = SHARED / "payloads"
NOW_MS = 1_789_338_600_000

NOT_ANSWERS = {
    "SOURCES.md": "says where the recordings come from",
    ".expected.json": "the expectation for the file of that name; read by the venue's own test",
}
"""Ends of file names."""

ERRORS = "the venue's error body; its own test shows that it is named as an error"
SOCKET = "captured from a web socket, which fundtui does not speak; same fields as the REST answer"
SERVED_BY_BULK = "one instrument's form of what a bulk endpoint that is polled says for all"
OTHER_GENERATION = "an older or newer interface of the venue with another shape; the sheet says not to mix them"
PAST_INTEREST = "open interest of past hours: growth is measured from what was polled, and kept over a restart"
NOT_NEEDED = "nothing that fundtui shows follows from it"

UNREAD = {
    "binance/docsample/fapi-v1-indexInfo.json": f"weights of Binance's composite indexes: {NOT_NEEDED}",
    "binance/docsample/fapi-v1-time.json": "the server's clock; every answer's Date header tells it too",
    "binance/docsample/fapi-v1-premiumIndexKlines.json": "premium of past minutes; no back-fill of the running average",
    "binance/error-invalid-symbol.json": ERRORS,
    "bingx/error-unknown-path.json": ERRORS,
    "bingx/error-unknown-symbol.json": ERRORS,
    "bitfinex/error-symbol-invalid.json": ERRORS,
    "gate/error-contract-not-found.json": ERRORS,
    "mexc/error-depth-BTCUSDT.json": ERRORS,
    "phemex/error-invalid-argument.json": ERRORS,
    "xt/error-invalid-symbol.json": ERRORS,
    "binance/docsample/futures-data-openInterestHist.json": PAST_INTEREST,
    "binance/openInterestHist-BTCUSDT.json": PAST_INTEREST,
    "bybit/docsample/v5-market-open-interest.json": PAST_INTEREST,
    "gate/docsample/api-v4-futures-usdt-contract_stats.json": PAST_INTEREST,
    "gate/futures-usdt-contract_stats-BTC_USDT.json": PAST_INTEREST,
    "bitfinex/docsample/v2-conf-pub-fees.json": f"withdrawal and trading fee table of spot accounts: {NOT_NEEDED}",
    "bitget/docsample/api-v2-mix-market-funding-time.json": SERVED_BY_BULK,
    "bitget/docsample/api-v2-mix-market-open-interest.json": SERVED_BY_BULK,
    "bitget/docsample/api-v2-mix-market-symbol-price.json": SERVED_BY_BULK,
    "bitget/v1-mix-contracts-dmcbl-20220407.json": OTHER_GENERATION,
    "bitget/v1-mix-contracts-umcbl-20220407.json": OTHER_GENERATION,
    "cryptocom/v2-get-instruments-legacy-20211123.json": OTHER_GENERATION,
    "deribit/ticker_BTC-PERPETUAL.json": SERVED_BY_BULK,
    "hibachi/sdk_exchange_info_1.json": SERVED_BY_BULK,
    "hibachi/sdk_prices_1.json": SERVED_BY_BULK,
    "hibachi/sdk_stats_1.json": SERVED_BY_BULK,
    "htx/docsample/index-market-history-linear_swap_basis.json": f"basis of past hours: {NOT_NEEDED}",
    "htx/docsample/index-market-history-linear_swap_estimated_rate_kline.json": "estimates of past settlements",
    "htx/swap-api-v1-swap_contract_info-coinm-20220219.json": "coin-margined swaps, which HTX has closed",
    "hyperliquid/allPerpMetas_collateral_sample.json": SERVED_BY_BULK,
    "hyperliquid/predictedFundings_trimmed.json": "other venues' rates seen by Hyperliquid: we ask those venues",
    "hyperliquid/ws_allDexsAssetCtxs.json": SOCKET,
    "kraken-futures/ws_ticker_PI_XBTUSD_relative.json": SOCKET,
    "kraken-futures/feeschedules.json": "fee tiers; the base tier is data of the venue file",
    "bitfinex/conf-pub-info-pair-futures.json": f"order sizes and margins of the pairs: {NOT_NEEDED}",
    "htx/docsample/linear-swap-ex-market-detail-merged.json": SERVED_BY_BULK,
    "kucoin/docsample/api-ua-v1-market-funding-rate-history.json": OTHER_GENERATION,
    "kucoin/docsample/api-ua-v1-market-funding-rate.json": OTHER_GENERATION,
    "kucoin/docsample/api-ua-v1-market-instrument.json": OTHER_GENERATION,
    "kucoin/docsample/api-ua-v1-market-open-interest.json": OTHER_GENERATION,
    "kucoin/docsample/api-ua-v1-market-ticker.json": OTHER_GENERATION,
    "kucoin/docsample/api-v1-allTickers.json": SERVED_BY_BULK,
    "kucoin/docsample/api-v1-mark-price-ETHUSDT-current.json": SERVED_BY_BULK,
    "kucoin/docsample/api-v1-premium-query.json": "premium of past minutes; no back-fill of the running average",
    "lighter/orderBooks_2026-05.json": "the catalogue without prices; orderBookDetails says all of it and more",
    "mexc/docsample/api-v1-contract-fair_price-ETH_USDT.json": SERVED_BY_BULK,
    "mexc/docsample/api-v1-contract-index_price-ETH_USDT.json": SERVED_BY_BULK,
    "okx/docsample/api-v5-public-premium-history.json": "premium of past minutes; no back-fill of the running average",
    "whitebit/docsample/api-v4-public-assets.json": f"deposits and withdrawals of coins: {NOT_NEEDED}",
    "xt/docsample/future-market-v1-public-q-agg-ticker.json": SERVED_BY_BULK,
    "xt/docsample/future-market-v1-public-q-index-price.json": SERVED_BY_BULK,
    "xt/docsample/future-market-v1-public-q-ticker.json": SERVED_BY_BULK,
}
"""Files that nothing reads, and why."""

READ_AS: dict[str, tuple[str, str]] = {
    "binance/docsample/fapi-v1-ticker-24hr.json": ("binance", "24hr"),
    "binance-coinm/docsample/dapi-v1-ticker-24hr.json": ("binance-coinm", "24hr"),
    "bitget/docsample/api-v2-mix-market-ticker.json": ("bitget", "tickers:COIN-FUTURES"),
    "delta/ticker_BTCUSDT_2023.json": ("delta", "tickers"),
    "dydx/perpetualMarkets_ETH-USD_2026-09.json": ("dydx", "perpetualMarkets"),
    "gate/futures-usdt-contract-BTC_USDT-20260909.json": ("gate", "contracts:usdt"),
    "htx/docsample/linear-swap-api-v1-swap_funding_rate.json": ("htx", "swap_batch_funding_rate"),
    "htx/linear-swap-api-v1-swap_funding_rate-BTC-USDT-20260819.json": ("htx", "swap_batch_funding_rate"),
    "kraken-futures/ticker_rows_low_price_ccxt.json": ("kraken-futures", "tickers"),
    "kucoin/docsample/api-v1-funding-rate-ETHUSDT-current.json": ("kucoin", "current"),
    "mexc/docsample/api-v1-contract-funding_rate-BTC_USDT.json": ("mexc", "funding_rate"),
    "mexc/v1-contract-funding_rate-BTC_USDT-20260827.json": ("mexc", "funding_rate"),
    "phemex/cfg-v2-products-legacy-20210703.json": ("phemex", "products"),
    "phemex/md-v3-ticker-24hr-TSLAUSDT-20260429.json": ("phemex", "all:linear"),
    "woox/v3_public_futures_row.json": ("woox", "futures"),
    "xt/future-market-v1-public-symbol-detail-eth_usdt.json": ("xt", "list"),
}
"""Files that an endpoint reads though they were recorded at another path: venue and endpoint."""


ROWS_ONLY = {
    "kraken-futures/ticker_rows_low_price_ccxt.json": b'{"result":"success","tickers":%s}',
    "woox/v3_public_futures_row.json": b'{"success":true,"data":{"rows":[%s]}}',
}
"""Files that hold rows without the envelope in which the venue sends them."""

NOTHING_IN_IT = {
    "binance/fundingRate-history-empty-null.json": "a window without settlements is answered with null",
    "xt/docsample/future-market-v1-public-q-funding-rate-record.json": "a template: an empty symbol, zeros for numbers",
}
"""Histories that are read, and hold no settlement."""

ALSO_OF = {"coinbase-intx/drb_get_funding_rate_history_2026.json": "deribit"}
"""Recordings of a venue that another venue's reader reads: "Same methods, units and rules as in deribit.md"."""


def files() -> list[str]:
    """Every recorded file below the payloads; none where they are not on this machine."""
    return sorted(str(file.relative_to(PAYLOADS)) for file in PAYLOADS.rglob("*") if file.is_file())


@cache
def _routes() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for route in manifest()["route"]:
        if "file" in route:
            found.setdefault(route["file"], []).append(route)
    return found


def venues_of(folder: str) -> list[Venue]:
    return [load(name) for name in names() if SAME_FORMAT.get(name, name) == folder]


def body_of(file: str) -> bytes:
    body = (PAYLOADS / file).read_bytes()
    return ROWS_ONLY[file] % body if file in ROWS_ONLY else body


def asked_like(file: str, method: str, path: str, body: str) -> bool:
    """Whether the file answers a request of that path: by the manifest, or by the name of a documentation sample."""
    slug = path.strip("/").replace("/", "-").replace("{key}", "")
    if Path(file).parent.name == "docsample" and Path(file).stem.startswith(slug.rstrip("-")) and slug:
        rest = Path(file).stem.removeprefix(slug.rstrip("-"))
        if not rest or "{key}" in path or rest.lstrip("-").isdigit():
            return True
    for route in _routes().get(file, ()):
        if route["method"] != method or not same_path(path, route["path"]):
            continue
        wanted = route.get("json", {}).get("type")
        if wanted is None or wanted == json.loads(body or "{}").get("type"):
            return True
    return False


def same_path(asked: str, recorded: str) -> bool:
    ours, theirs = asked.split("/"), recorded.split("/")
    return len(ours) == len(theirs) and all(
        one in (other, "{key}") or "{key}" in one for one, other in zip(ours, theirs, strict=True)
    )


def endpoints_for(file: str) -> Iterator[tuple[Venue, Endpoint]]:
    for venue in venues_of(file.partition("/")[0]):
        for endpoint in venue.endpoints:
            named = READ_AS.get(file) == (venue.name, endpoint.name)
            if named or asked_like(file, endpoint.method, endpoint.path, endpoint.body):
                yield venue, endpoint


Reader = Callable[[bytes], list[Any]]


def readers_of(file: str) -> list[Reader]:
    """What reads the file, each giving the rows found."""
    return [_endpoint_reader(endpoint) for _, endpoint in endpoints_for(file)] + [
        _history_reader(history, HISTORY_SYMBOLS[file]) for history in histories_for(file)
    ]


def histories_for(file: str) -> Iterator[History | AccrualHistory]:
    """The histories of which the file is an answer."""
    if file not in HISTORY_SYMBOLS:
        return
    for venue in venues_of(ALSO_OF.get(file, file.partition("/")[0])):
        for history in (venue.history, venue.accrual):
            if history is not None:
                request = _first_request(history, HISTORY_SYMBOLS[file])
                if asked_like(file, request.method, request.path, request.body):
                    yield history


def _first_request(history: History | AccrualHistory, symbol: str) -> HistoryRequest:
    if isinstance(history, AccrualHistory):
        return history.at(symbol, NOW_MS)
    return history.first(symbol, NOW_MS - 86_400_000, NOW_MS)


def _endpoint_reader(endpoint: Endpoint) -> Reader:
    return lambda body: _rows(endpoint.decode(body))


def _history_reader(history: History | AccrualHistory, symbol: str) -> Reader:
    return lambda body: list(history.read(body, symbol))


def _rows(value: Any) -> list[Any]:
    """The rows of a decoded value, whatever holds them."""
    for name in ("good", "rows"):
        if hasattr(value, name):
            return _rows(getattr(value, name))
    if isinstance(value, dict | list | tuple):
        return list(value)
    return [] if value is None or (isinstance(value, float) and math.isnan(value)) else [value]


HISTORY_SYMBOLS = {
    "aevo/funding-history_BTC-PERP.json": "BTC-PERP",
    "aster/fundingRate_1row.json": "BTCUSDT",
    "backpack/fundingRates_BTC_USDC_PERP.json": "BTC_USDC_PERP",
    "binance-coinm/docsample/dapi-v1-fundingRate.json": "BTCUSD_PERP",
    "binance-coinm/fundingRate-history-BTCUSD_PERP.json": "BTCUSD_PERP",
    "binance/docsample/fapi-v1-fundingRate.json": "BTCUSDT",
    "binance/fundingRate-history-BTCUSDT.json": "BTCUSDT",
    "bingx/docsample/openApi-swap-v2-quote-fundingRate.json": "QNT-USDT",
    "bitfinex/docsample/v2-status-deriv-tETHUST-hist.json": "tETHUST",
    "bitget/docsample/api-v2-mix-market-history-fund-rate.json": "BTCUSDT",
    "blofin/docsample/api-v1-market-funding-rate-history.json": "BTC-USDT",
    "bullish/history_funding_rate_2rows_2025.json": "BTC-USDC-PERP",
    "bybit/docsample/v5-market-funding-history.json": "ETHPERP",
    "binance/fundingRate-history-empty-null.json": "BTCUSDT",
    "coinbase-intx/drb_get_funding_rate_history_2026.json": "BTC_USDC-PERPETUAL",
    "coinbase-intx/intx_v1_funding_history_2024.json": "BTC-PERP",
    "deribit/get_funding_rate_history_2019_1row.json": "BTC-PERPETUAL",
    "drift/velocity_fundingRates_BTC-PERP_trimmed.json": "BTC-PERP",
    "dydx/historicalFunding_BTC-USD.json": "BTC-USD",
    "extended/funding_BTC-USD.json": "BTC-USD",
    "gate/docsample/api-v4-futures-usdt-funding_rate.json": "BTC_USDT",
    "gate/futures-usdt-funding_rate-BTC_USDT.json": "BTC_USDT",
    "htx/docsample/linear-swap-api-v1-swap_historical_funding_rate.json": "BTC-USDT",
    "hyperliquid/fundingHistory_BTC_1038rows_2023.json": "BTC",
    "kraken-futures/historicalfundingrates_PI_2022.json": "PI_XBTUSD",
    "kucoin/docsample/api-v1-contract-funding-rates.json": "IDUSDTM",
    "lighter/fundings_1h.json": "0",
    "mexc/docsample/api-v1-contract-funding_rate-history.json": "BTC_USDT",
    "mexc/funding_rate-history-BTC_USDT.json": "BTC_USDT",
    "okx/docsample/api-v5-public-funding-rate-history.json": "BTC-USD-SWAP",
    "pacifica/funding_rate_history_BTC.json": "BTC",
    "paradex/funding_data_1row.json": "BTC-USD-PERP",
    "whitebit/docsample/api-v4-public-funding-history-ETH_PERP.json": "BTC_PERP",
    "woox/v3_public_fundingRateHistory.json": "PERP_BTC_USDT",
    "xt/docsample/future-market-v1-public-q-funding-rate-record.json": "btc_usdt",
}
"""Recorded histories and the symbol that they are of."""


def is_answer(file: str) -> bool:
    return not file.endswith(tuple(NOT_ANSWERS))


ANSWERS = [file for file in files() if is_answer(file)]


def _rows_or_none(read: Reader, body: bytes) -> list[Any] | None:
    try:
        return read(body)
    except BadAnswer:
        return None


@pytest.mark.parametrize("file", [file for file in ANSWERS if file not in UNREAD])
def test_it_is_read(file: str) -> None:
    readers = readers_of(file)
    assert readers, "nothing asks for this: read it, or say in UNREAD why not"
    # A narrower answer of the same path may fit one of several endpoints only.
    found = [rows for read in readers if (rows := _rows_or_none(read, body_of(file))) is not None]
    assert found, "no reader takes it"
    assert bool(max(found, key=len)) is (file not in NOTHING_IN_IT)


@pytest.mark.parametrize("file", [file for file in ANSWERS if file in HISTORY_SYMBOLS])
def test_a_recorded_history_has_plausible_rows_and_pages_to_an_end(file: str) -> None:
    symbol = HISTORY_SYMBOLS[file]
    for history in histories_for(file):
        rows = history.read(body_of(file), symbol)
        assert all(1_400_000_000_000 < row.time_ms < 1_900_000_000_000 for row in rows)
        if isinstance(history, AccrualHistory):
            continue
        for row in rows:
            assert isinstance(row, Settlement)
            assert row.symbol == symbol
            assert abs(row.rate) < 0.05
        # A window that lies behind all rows has no further page.
        after_ms = max((row.time_ms for row in rows), default=NOW_MS) + 1
        last = history.first(symbol, after_ms, after_ms + 1000)
        assert history.next(last, (), symbol, after_ms, after_ms + 1000) is None


@pytest.mark.skipif(not ANSWERS, reason="the recorded answers are not beside the repository (../shared/payloads)")
def test_the_tables_name_files_that_exist() -> None:
    named = {*UNREAD, *READ_AS, *ROWS_ONLY, *NOTHING_IN_IT, *ALSO_OF, *HISTORY_SYMBOLS}
    assert named <= set(ANSWERS)
    assert not set(UNREAD) & {*READ_AS, *HISTORY_SYMBOLS}
    assert len(ANSWERS) > 200


@pytest.mark.skipif(not ANSWERS, reason="the recorded answers are not beside the repository (../shared/payloads)")
def test_every_expectation_belongs_to_an_answer() -> None:
    expected = [file for file in files() if file.endswith(".expected.json")]
    assert {file.replace(".expected.json", ".json") for file in expected} <= set(ANSWERS)


@pytest.mark.parametrize("name", names())
def test_a_venue_has_a_history_or_says_why_not(name: str) -> None:
    venue = load(name)
    assert sum((venue.history is not None, venue.accrual is not None, bool(venue.no_history))) == 1
