"""Bitget v2 mix as venue sheet bitget describes it: one set of answers per product type, strings."""

from __future__ import annotations

from fundtui.simulation import effects
from fundtui.simulation.assets import Sort
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, joined, select

PAGE = 100
HISTORY_ROWS = 270
NEAR_MS = 86_400_000
_QUOTES = {"USDT-FUTURES": "USDT", "USDC-FUTURES": "USDC", "COIN-FUTURES": "USD"}


def symbol(row: Row) -> str:
    return row.base + ("PERP" if row.quote == "USDC" else row.quote)


def refuse(status: int, reason: str) -> Reply:
    codes = {429: "429", 404: "40404", 400: "40034", 503: "40725"}
    return Reply(f'{{"code":"{codes.get(status, "40000")}","msg":"{reason}","requestTime":0,"data":null}}', status)


def _envelope(sheet: Sheet, rows: list[str]) -> str:
    return f'{{"code":"00000","msg":"success","requestTime":{sheet.view.time_ms},"data":[{joined(rows)}]}}'


def _product(sheet: Sheet, ask: Ask) -> list[int]:
    """The places of a product type, or of the one symbol asked for; empty where it does not exist."""
    quote = _QUOTES.get(ask.params.get("productType", "").upper())
    places = select(sheet, lambda row: row.quote == quote)
    if "symbol" not in ask.params:
        return places
    place = sheet.place("symbol", symbol, ask.params["symbol"])
    return [place] if place is not None and place in places else []


def _rate_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","fundingRate":"%.6f","fundingRateInterval":"%d","nextUpdate":"%d",'
        f'"minFundingRate":"{-row.cap:g}","maxFundingRate":"{row.cap:g}"}}'
    )


def fund_rate(sheet: Sheet, ask: Ask) -> Reply | str:
    places = _product(sheet, ask)
    if not places:
        return refuse(400, "Parameter does not exist")
    columns = [sheet.column("rate"), sheet.column("hours"), sheet.column("next_ms")]
    return _envelope(sheet, sheet.fill(sheet.templates("current-fund-rate", _rate_row), columns, places))


def _ticker_row(row: Row) -> str:
    price = f"%.{row.decimals}f"
    return (
        f'{{"symbol":"{symbol(row)}","lastPr":"{price}","askPr":"{price}","bidPr":"{price}","bidSz":"1","askSz":"1",'
        f'"high24h":"{price}","low24h":"{price}","ts":"%d","change24h":"%.5f","baseVolume":"%.4f",'
        f'"quoteVolume":"%.4f","usdtVolume":"%.4f","openUtc":"{price}","changeUtc24h":"0","indexPrice":"%.12g",'
        '"fundingRate":"%.6f","holdingAmount":"%.13f","deliveryStartTime":null,"deliveryTime":null,'
        f'"deliveryStatus":"","open24h":"{price}","markPrice":"{price}"}}'
    )


def tickers(sheet: Sheet, ask: Ask) -> Reply | str:
    places = _product(sheet, ask)
    if not places:
        return refuse(400, "Parameter does not exist")
    last, opened, volume = sheet.column("last"), sheet.column("day_ago"), sheet.column("volume_usd")
    columns = [
        last, sheet.column("ask"), sheet.column("bid"), last * 1.02, last * 0.98, sheet.times(sheet.view.time_ms),
        last / opened - 1, volume / last, volume, volume, opened, sheet.column("index"), sheet.column("rate"),
        sheet.column("oi_base"), opened, sheet.column("mark"),
    ]  # fmt: skip
    return _envelope(sheet, sheet.fill(sheet.templates("tickers", _ticker_row), columns, places))


def _contract_row(row: Row) -> str:
    traditional = "NO" if row.asset.sort is Sort.COIN else "YES"
    margin = row.settle if row.quote != "USD" else row.base
    return (
        f'{{"symbol":"{symbol(row)}","baseCoin":"{row.base}","quoteCoin":"{row.quote}","makerFeeRate":"0.0002",'
        f'"takerFeeRate":"0.0006","supportMarginCoins":["{margin}"],"sizeMultiplier":"0.01",'
        '"symbolType":"perpetual","symbolStatus":"%s","offTime":"%s","limitOpenTime":"-1","deliveryTime":"",'
        f'"deliveryStartTime":"","launchTime":"","fundInterval":"%d","maxLever":"50","isRwa":"{traditional}"}}'
    )


def contracts(sheet: Sheet, ask: Ask) -> Reply | str:
    places = _product(sheet, ask)
    if not places:
        return refuse(400, "Parameter does not exist")
    listing = sheet.column("listing").tolist()
    ends = str(sheet.view.time_ms // 60_000 * 60_000 + NEAR_MS)
    columns = [
        ["off" if state == effects.STOPPED else "normal" for state in listing],
        [ends if state else "-1" for state in listing],
        sheet.column("hours"),
    ]
    return _envelope(sheet, sheet.fill(sheet.templates("contracts", _contract_row), columns, places))


def history(sheet: Sheet, ask: Ask) -> Reply | str:
    """Pages of up to 100, newest first; not more than 270 rows in all."""
    places = _product(sheet, ask)
    if not places or "symbol" not in ask.params:
        return refuse(400, "Parameter does not exist")
    size = min(max(ask.integer("pageSize", 20), 1), PAGE)
    first = (max(ask.integer("pageNo", 1), 1) - 1) * size
    now_ms = sheet.view.time_ms
    paid = sheet.history(places[0], now_ms - 92 * 86_400_000, now_ms)[: -HISTORY_ROWS - 1 : -1]
    name = ask.params["symbol"]
    return _envelope(
        sheet,
        [
            f'{{"symbol":"{name}","fundingRate":"{row.rate:.6f}","fundingTime":"{row.time_ms}"}}'
            for row in paid[first : first + size]
        ],
    )


WRITER = Writer(
    routes={
        "GET /api/v2/mix/market/current-fund-rate": fund_rate,
        "GET /api/v2/mix/market/tickers": tickers,
        "GET /api/v2/mix/market/contracts": contracts,
        "GET /api/v2/mix/market/history-fund-rate": history,
    },
    refuse=refuse,
)
