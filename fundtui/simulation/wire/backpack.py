"""Backpack as venue sheet backpack describes it: bare arrays, perpetuals among spot and prediction rows."""

from __future__ import annotations

from fundtui.simulation import effects
from fundtui.simulation.assets import Sort
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, iso, joined

HISTORY_ROWS = 1000
BASIS_POINTS = 10_000


def symbol(row: Row) -> str:
    return f"{row.base}{'.US' if row.asset.sort is Sort.SHARE else ''}_USDC_PERP"


def refuse(status: int, reason: str) -> Reply:
    codes = {429: "TOO_MANY_REQUESTS", 404: "RESOURCE_NOT_FOUND", 400: "INVALID_CLIENT_REQUEST"}
    return Reply(f'{{"code":"{codes.get(status, "SERVICE_UNAVAILABLE")}","message":"{reason}"}}', status)


def _mark_row(row: Row) -> str:
    return (
        f'{{"fundingRate":"%.20f","indexPrice":"%.12g","markPrice":"%.12g","nextFundingTimestamp":%d,'
        f'"symbol":"{symbol(row)}"}}'
    )


def mark_prices(sheet: Sheet, _ask: Ask) -> str:
    columns = [sheet.column("rate"), sheet.column("index"), sheet.column("mark"), sheet.column("next_ms")]
    return f"[{joined(sheet.fill(sheet.templates('markPrices', _mark_row), columns))}]"


def open_interest(sheet: Sheet, _ask: Ask) -> str:
    templates = sheet.templates(
        "openInterest", lambda row: f'{{"openInterest":"%.4f","symbol":"{symbol(row)}","timestamp":%d}}'
    )
    rows = sheet.fill(templates, [sheet.column("oi_base"), sheet.times(sheet.view.time_ms)])
    prediction = f'{{"openInterest":"10","symbol":"RAIN_USDC_PREDICTION","timestamp":{sheet.view.time_ms}}}'
    return f"[{joined([*rows, prediction])}]"


def _ticker_row(row: Row) -> str:
    return (
        f'{{"firstPrice":"%.12g","lastPrice":"%.12g","quoteVolume":"%.6f","symbol":"{symbol(row)}","trades":"100",'
        '"volume":"%.6f"}'
    )


def tickers(sheet: Sheet, _ask: Ask) -> str:
    last, volume = sheet.column("last"), sheet.column("volume_usd")
    rows = sheet.fill(sheet.templates("tickers", _ticker_row), [sheet.column("day_ago"), last, volume, volume / last])
    spot = (
        '{"firstPrice":"101.5","lastPrice":"99.75","quoteVolume":"666909.497","symbol":"SOL_USDC","trades":"10",'
        '"volume":"6614.08"}'
    )
    return f"[{joined([*rows, spot])}]"


def _market_row(row: Row) -> str:
    real = "null" if row.asset.sort is Sort.COIN else '"EQUITY"'
    bound = f"{row.cap * BASIS_POINTS:.0f}"
    return (
        f'{{"symbol":"{symbol(row)}","baseSymbol":"{row.base}","quoteSymbol":"USDC","marketType":"PERP",'
        f'"fundingInterval":3600000,"fundingRateUpperBound":"{bound}","fundingRateLowerBound":"-{bound}",'
        f'"openInterestLimit":"%d","orderBookState":"%s","visible":true,"rwaMarketType":{real}}}'
    )


def markets(sheet: Sheet, _ask: Ask) -> str:
    states = ["Closed" if state == effects.STOPPED else "Open" for state in sheet.column("listing").tolist()]
    rows = sheet.fill(sheet.templates("markets", _market_row), [sheet.column("oi_base") * 3, states])
    spot = (
        '{"symbol":"SOL_USDC","baseSymbol":"SOL","quoteSymbol":"USDC","marketType":"SPOT","fundingInterval":null,'
        '"fundingRateUpperBound":null,"fundingRateLowerBound":null,"openInterestLimit":"0","orderBookState":"Open",'
        '"visible":true,"rwaMarketType":null}'
    )
    return f"[{joined([*rows, spot])}]"


def history(sheet: Sheet, ask: Ask) -> Reply | str:
    """Newest first; the first row is of the hour that runs. Times have no zone."""
    name = ask.params.get("symbol", "")
    place = sheet.place("symbol", symbol, name)
    if place is None:
        return refuse(400, "Invalid market")
    limit = min(max(ask.integer("limit", 100), 1), HISTORY_ROWS)
    first, now_ms = ask.integer("offset", 0), sheet.view.time_ms
    running = (int(sheet.column("next_ms")[place]), float(sheet.column("rate")[place]))
    paid = sheet.history(place, now_ms - 92 * 86_400_000, now_ms)[::-1]
    pairs = [running, *((row.time_ms, row.rate) for row in paid)][first : first + limit]
    rows = (
        f'{{"fundingRate":"{rate:.12f}","intervalEndTimestamp":"{iso(time_ms)[:19]}","symbol":"{name}"}}'
        for time_ms, rate in pairs
    )
    return f"[{joined(rows)}]"


WRITER = Writer(
    routes={
        "GET /api/v1/markPrices": mark_prices,
        "GET /api/v1/openInterest": open_interest,
        "GET /api/v1/tickers": tickers,
        "GET /api/v1/markets": markets,
        "GET /api/v1/fundingRates": history,
    },
    refuse=refuse,
)
