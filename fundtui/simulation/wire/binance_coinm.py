"""Binance COIN-M as venue sheet binance-coinm describes it: inverse contracts, counts of them, empty strings."""

from __future__ import annotations

from fundtui.simulation import effects
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.binance import NEAR_MS, NEVER_MS, premium_candles, refuse
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, joined

DATED = "260327"
_WEIGHTS = {"/dapi/v1/premiumIndex": 10, "/dapi/v1/ticker/24hr": 40}


def pair(row: Row) -> str:
    return row.base + row.quote


def symbol(row: Row) -> str:
    return f"{pair(row)}_PERP"


def _premium_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","pair":"{pair(row)}","markPrice":"%.8f","indexPrice":"%.8f",'
        '"estimatedSettlePrice":"%.8f","lastFundingRate":"%.8f","interestRate":"0.00010000","nextFundingTime":%d,'
        '"time":%d}'
    )


def premium_index(sheet: Sheet, ask: Ask) -> Reply | str:
    """A list also for one symbol. The dated contract has empty strings for rates and no funding time."""
    places = None
    if "symbol" in ask.params:
        place = sheet.place("symbol", symbol, ask.params["symbol"])
        if place is None:
            return refuse(400, "Invalid symbol.")
        places = [place]
    index = sheet.column("index")
    columns = [
        sheet.column("mark"), index, index, sheet.column("rate"), sheet.column("next_ms"),
        sheet.times(sheet.view.time_ms),
    ]  # fmt: skip
    rows = sheet.fill(sheet.templates("premiumIndex", _premium_row), columns, places)
    if places is None:
        first, price = sheet.rows[0], float(index[0])
        rows.append(
            f'{{"symbol":"{pair(first)}_{DATED}","pair":"{pair(first)}","markPrice":"{price * 1.004:.8f}",'
            f'"indexPrice":"{price:.8f}","estimatedSettlePrice":"{price:.8f}","lastFundingRate":"","interestRate":"",'
            f'"nextFundingTime":0,"time":{sheet.view.time_ms}}}'
        )
    return f"[{joined(rows)}]"


def _ticker_row(row: Row) -> str:
    price = f"%.{row.decimals}f"
    return (
        f'{{"symbol":"{symbol(row)}","pair":"{pair(row)}","lastPrice":"{price}","weightedAvgPrice":"{price}",'
        '"volume":"%d","baseVolume":"%.8f","openTime":%d,"closeTime":%d,"count":1}'
    )


def ticker(sheet: Sheet, _ask: Ask) -> str:
    last, volume, now_ms = sheet.column("last"), sheet.column("volume_usd"), sheet.view.time_ms
    lots = [usd / row.lot for row, usd in zip(sheet.rows, volume.tolist(), strict=True)]
    columns = [last, last, lots, volume / last, sheet.times(now_ms - 86_400_000), sheet.times(now_ms)]
    return f"[{joined(sheet.fill(sheet.templates('24hr', _ticker_row), columns))}]"


def _symbol_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","pair":"{pair(row)}","contractType":"PERPETUAL","deliveryDate":%d,'
        f'"contractStatus":"%s","contractSize":{row.lot:g},"marginAsset":"{row.base}","baseAsset":"{row.base}",'
        '"quoteAsset":"USD","underlyingType":"COIN"}'
    )


def exchange_info(sheet: Sheet, _ask: Ask) -> str:
    listing = sheet.column("listing").tolist()
    ends = sheet.view.time_ms // 60_000 * 60_000 + NEAR_MS
    columns = [
        [ends if state else NEVER_MS for state in listing],
        ["SETTLING" if state == effects.STOPPED else "TRADING" for state in listing],
    ]
    rows = sheet.fill(sheet.templates("exchangeInfo", _symbol_row), columns)
    first = sheet.rows[0]
    rows.append(
        f'{{"symbol":"{pair(first)}_{DATED}","pair":"{pair(first)}","contractType":"CURRENT_QUARTER",'
        f'"deliveryDate":1774598400000,"contractStatus":"TRADING","contractSize":{first.lot:g},'
        f'"marginAsset":"{first.base}","baseAsset":"{first.base}","quoteAsset":"USD","underlyingType":"COIN"}}'
    )
    return f'{{"timezone":"UTC","serverTime":{sheet.view.time_ms},"symbols":[{joined(rows)}]}}'


def open_interest(sheet: Sheet, ask: Ask) -> Reply | str:
    """Counts of contracts."""
    place = sheet.place("symbol", symbol, ask.params.get("symbol", ""))
    if place is None:
        return refuse(400, "Invalid symbol.")
    row = sheet.rows[place]
    lots = round(float(sheet.column("oi_usd")[place]) / row.lot)
    return (
        f'{{"symbol":"{symbol(row)}","pair":"{pair(row)}","openInterest":"{lots}","contractType":"PERPETUAL",'
        f'"time":{sheet.view.time_ms}}}'
    )


def funding_rate(sheet: Sheet, ask: Ask) -> Reply | str:
    name = ask.params.get("symbol", "")
    place = sheet.place("symbol", symbol, name)
    if place is None:
        return refuse(400, "Invalid symbol.")
    limit = min(max(ask.integer("limit", 100), 1), 1000)
    end_ms, start_ms = ask.integer("endTime", sheet.view.time_ms), ask.integer("startTime", -1)
    paid = sheet.history(place, start_ms if start_ms >= 0 else end_ms - 90 * 86_400_000, end_ms)
    rows = (
        f'{{"symbol":"{name}","fundingTime":{row.time_ms + row.time_ms // 3_600_000 % 9},'
        f'"fundingRate":"{row.rate:.8f}"}}'
        for row in (paid[:limit] if start_ms >= 0 else paid[-limit:])
    )
    return f"[{joined(rows)}]"


WRITER = Writer(
    routes={
        "GET /dapi/v1/premiumIndex": premium_index,
        "GET /dapi/v1/fundingInfo": lambda _sheet, _ask: "[]",
        "GET /dapi/v1/ticker/24hr": ticker,
        "GET /dapi/v1/exchangeInfo": exchange_info,
        "GET /dapi/v1/openInterest": open_interest,
        "GET /dapi/v1/fundingRate": funding_rate,
        "GET /dapi/v1/premiumIndexKlines": premium_candles(symbol),
    },
    refuse=refuse,
    weight=lambda path, params: 1 if "symbol" in params else _WEIGHTS.get(path, 1),
    headers=lambda used: {"x-mbx-used-weight-1m": str(used)},
)
