"""BingX swap v2 as venue sheet bingx describes it: errors inside HTTP 200, open interest one symbol at a time."""

from __future__ import annotations

from fundtui.simulation import effects
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, joined


def symbol(row: Row) -> str:
    return f"{row.base}-{row.quote}"


def refuse(status: int, reason: str) -> Reply:
    codes = {429: 100410, 404: 100400, 400: 109425}
    body = f'{{"code":{codes.get(status, 100500)},"msg":"{reason}"}}'
    return Reply(body, 200 if status in (400, 404) else status)


def _envelope(data: str) -> str:
    return f'{{"code":0,"msg":"","data":{data}}}'


def _answer(sheet: Sheet, ask: Ask, templates: list[str], columns: list[object]) -> Reply | str:
    """All rows as a list, or the row of one symbol as an object."""
    if "symbol" not in ask.params:
        return _envelope(f"[{joined(sheet.fill(templates, columns))}]")
    place = sheet.place("symbol", symbol, ask.params["symbol"])
    if place is None:
        return refuse(400, "not exist, please verify it in api: /openApi/swap/v2/quote/contracts")
    return _envelope(sheet.fill(templates, columns, [place])[0])


def _premium_row(row: Row) -> str:
    price = f"%.{row.decimals}f"
    return (
        f'{{"symbol":"{symbol(row)}","markPrice":"{price}","indexPrice":"{price}","lastFundingRate":"%.8f",'
        f'"nextFundingTime":%d,"fundingIntervalHours":%d,"minFundingRate":"{-row.cap:.6f}",'
        f'"maxFundingRate":"{row.cap:.6f}","updateTime":%d}}'
    )


def premium_index(sheet: Sheet, ask: Ask) -> Reply | str:
    """updateTime is the last settlement, not the age of the row."""
    columns = [
        sheet.column("mark"), sheet.column("index"), sheet.column("rate"), sheet.column("next_ms"),
        sheet.column("hours"), sheet.column("previous_ms"),
    ]  # fmt: skip
    return _answer(sheet, ask, sheet.templates("premiumIndex", _premium_row), columns)


def _ticker_row(row: Row) -> str:
    price = f"%.{row.decimals}f"
    return (
        f'{{"symbol":"{symbol(row)}","priceChangePercent":"%.2f","lastPrice":"{price}","volume":"%.4f",'
        f'"quoteVolume":"%.2f","openPrice":"{price}","closeTime":%d,"askPrice":"{price}","bidPrice":"{price}"}}'
    )


def ticker(sheet: Sheet, ask: Ask) -> Reply | str:
    last, volume, opened = sheet.column("last"), sheet.column("volume_usd"), sheet.column("day_ago")
    columns = [
        (last / opened - 1) * 100, last, volume / last, volume, opened, sheet.times(sheet.view.time_ms),
        sheet.column("ask"), sheet.column("bid"),
    ]  # fmt: skip
    return _answer(sheet, ask, sheet.templates("ticker", _ticker_row), columns)


def _contract_row(row: Row) -> str:
    return (
        f'{{"contractId":"{row.number}","symbol":"{symbol(row)}","displayName":"{symbol(row)}","asset":"{row.base}",'
        f'"currency":"{row.quote}","status":%d,"apiStateOpen":"%s","apiStateClose":"true","makerFeeRate":0.0002,'
        f'"takerFeeRate":0.0005,"pricePrecision":{row.decimals},"offTime":%d}}'
    )


def contracts(sheet: Sheet, ask: Ask) -> Reply | str:
    listing = sheet.column("listing").tolist()
    ends = sheet.view.time_ms // 60_000 * 60_000 + 86_400_000
    columns = [
        [25 if state == effects.STOPPED else 1 for state in listing],
        ["false" if state == effects.STOPPED else "true" for state in listing],
        [ends if state else 0 for state in listing],
    ]
    return _answer(sheet, ask, sheet.templates("contracts", _contract_row), [*columns])


def open_interest(sheet: Sheet, ask: Ask) -> Reply | str:
    """In quote currency, for one symbol."""
    place = sheet.place("symbol", symbol, ask.params.get("symbol", ""))
    if place is None:
        return refuse(400, "not exist, please verify it in api: /openApi/swap/v2/quote/contracts")
    value = float(sheet.column("oi_usd")[place])
    name = symbol(sheet.rows[place])
    return _envelope(f'{{"openInterest":"{value:.2f}","symbol":"{name}","time":{sheet.view.time_ms}}}')


def history(sheet: Sheet, ask: Ask) -> Reply | str:
    """Newest first."""
    name = ask.params.get("symbol", "")
    place = sheet.place("symbol", symbol, name)
    if place is None:
        return refuse(400, "not exist, please verify it in api: /openApi/swap/v2/quote/contracts")
    limit = min(max(ask.integer("limit", 100), 1), 1000)
    end_ms = ask.integer("endTime", sheet.view.time_ms)
    paid = sheet.history(place, ask.integer("startTime", end_ms - 90 * 86_400_000), end_ms)
    rows = (
        f'{{"symbol":"{name}","fundingRate":"{row.rate:.8f}","fundingTime":{row.time_ms},"markPrice":"{row.price:.8f}"}}'
        for row in reversed(paid[-limit:])
    )
    return _envelope(f"[{joined(rows)}]")


WRITER = Writer(
    routes={
        "GET /openApi/swap/v2/quote/premiumIndex": premium_index,
        "GET /openApi/swap/v2/quote/ticker": ticker,
        "GET /openApi/swap/v2/quote/contracts": contracts,
        "GET /openApi/swap/v2/quote/openInterest": open_interest,
        "GET /openApi/swap/v2/quote/fundingRate": history,
    },
    refuse=refuse,
    window_ms=10_000,
    headers=lambda used: {"x-ratelimit-requests-remain": str(max(500 - used, 0))},
)
