"""Binance USD-M as venue sheet binance describes it: bare arrays, numbers as strings, times in milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fundtui.simulation import effects
from fundtui.simulation.assets import Sort
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import MINUTE_MS, Ask, Handler, Reply, Sheet, Writer, joined, quoted

NEVER_MS = 4_133_404_800_000
NEAR_MS = 86_400_000
_WEIGHTS = {"/fapi/v1/premiumIndex": 10, "/fapi/v1/ticker/24hr": 40, "/fapi/v1/fundingInfo": 0}


def symbol(row: Row) -> str:
    return row.base + row.quote


def refuse(status: int, reason: str) -> Reply:
    codes = {429: -1003, 404: -5000, 400: -1121, 503: -1001}
    return Reply(f'{{"code":{codes.get(status, -1000)},"msg":"{reason}"}}', status)


def _premium_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","markPrice":"%.8f","indexPrice":"%.8f","estimatedSettlePrice":"%.8f",'
        '"lastFundingRate":"%.8f","interestRate":"%.8f","nextFundingTime":%d,"time":%d}'
    )


def premium_index(sheet: Sheet, ask: Ask) -> Reply | str:
    templates = sheet.templates("premiumIndex", _premium_row)
    index, stopped = sheet.column("index"), sheet.column("listing") == effects.STOPPED
    interest = sheet.market.universe.interest_8h[sheet.part] * sheet.column("hours") / 8
    columns = [
        sheet.column("mark"), index, index, sheet.column("rate") * ~stopped, interest * ~stopped,
        sheet.column("next_ms") * ~stopped, sheet.times(sheet.view.time_ms),
    ]  # fmt: skip
    if "symbol" not in ask.params:
        return f"[{joined(sheet.fill(templates, columns))}]"
    place = sheet.place("symbol", symbol, ask.params["symbol"])
    return refuse(400, "Invalid symbol.") if place is None else sheet.fill(templates, columns, [place])[0]


def _info_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","adjustedFundingRateCap":"{row.cap:.8f}",'
        f'"adjustedFundingRateFloor":"{-row.cap:.8f}","fundingIntervalHours":%d,"disclaimer":false,"updateTime":%d}}'
    )


def funding_info(sheet: Sheet, _ask: Ask) -> str:
    templates = sheet.templates("fundingInfo", _info_row)
    return f"[{joined(sheet.fill(templates, [sheet.column('hours'), sheet.times(sheet.market.start_ms)]))}]"


def _ticker_row(row: Row) -> str:
    price = f"%.{row.decimals}f"
    return (
        f'{{"symbol":"{symbol(row)}","priceChange":"{price}","priceChangePercent":"%.3f","weightedAvgPrice":"{price}",'
        f'"lastPrice":"{price}","lastQty":"1","openPrice":"{price}","volume":"%.3f","quoteVolume":"%.2f",'
        '"openTime":%d,"closeTime":%d,"firstId":1,"lastId":2,"count":1}'
    )


def ticker(sheet: Sheet, ask: Ask) -> Reply | str:
    last, opened, volume = sheet.column("last"), sheet.column("day_ago"), sheet.column("volume_usd")
    now = sheet.view.time_ms
    columns = [
        last - opened, (last / opened - 1) * 100, (last + opened) / 2, last, opened, volume / last, volume,
        sheet.times(now - 86_400_000), sheet.times(now),
    ]  # fmt: skip
    templates = sheet.templates("24hr", _ticker_row)
    if "symbol" not in ask.params:
        return f"[{joined(sheet.fill(templates, columns))}]"
    place = sheet.place("symbol", symbol, ask.params["symbol"])
    return refuse(400, "Invalid symbol.") if place is None else sheet.fill(templates, columns, [place])[0]


def _symbol_row(row: Row) -> str:
    kind = "PERPETUAL" if row.asset.sort is Sort.COIN else "TRADIFI_PERPETUAL"
    under = {Sort.COIN: "COIN", Sort.SHARE: "EQUITY", Sort.COMMODITY: "COMMODITY", Sort.INDEX: "INDEX"}[row.asset.sort]
    return (
        f'{{"symbol":"{symbol(row)}","pair":"{symbol(row)}","contractType":"{kind}","deliveryDate":%d,'
        f'"onboardDate":1569398400000,"status":"%s","baseAsset":"{row.base}","quoteAsset":"{row.quote}",'
        f'"marginAsset":"{row.settle}","pricePrecision":{row.decimals},"quantityPrecision":3,'
        f'"underlyingType":"{under}","underlyingSubType":[],"triggerProtect":"0.0500"}}'
    )


def exchange_info(sheet: Sheet, _ask: Ask) -> str:
    listing = sheet.column("listing").tolist()
    ends = sheet.view.time_ms // 60_000 * 60_000 + NEAR_MS
    delivery = [NEVER_MS if state == effects.LISTED else ends for state in listing]
    status = ["SETTLING" if state == effects.STOPPED else "TRADING" for state in listing]
    rows = sheet.fill(sheet.templates("exchangeInfo", _symbol_row), [delivery, status])
    return (
        f'{{"timezone":"UTC","serverTime":{sheet.view.time_ms},"futuresType":"U_MARGINED","rateLimits":[{{'
        '"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":2400}],"exchangeFilters":[],'
        f'"assets":[],"symbols":[{joined(rows)}]}}'
    )


def open_interest(sheet: Sheet, ask: Ask) -> Reply | str:
    place = sheet.place("symbol", symbol, ask.params.get("symbol", ""))
    if place is None:
        return refuse(400, "Invalid symbol.")
    oi = sheet.column("oi_base")[place]
    return f'{{"openInterest":"{oi:.3f}","symbol":"{symbol(sheet.rows[place])}","time":{sheet.view.time_ms}}}'


def funding_rate(sheet: Sheet, ask: Ask) -> Reply | str:
    """Ascending, both bounds included, from the oldest: the newest `limit` rows where no start is given."""
    name = ask.params.get("symbol", "")
    place = sheet.place("symbol", symbol, name)
    if place is None:
        return refuse(400, "Invalid symbol.")
    limit = min(max(ask.integer("limit", 100), 1), 1000)
    end_ms = ask.integer("endTime", sheet.view.time_ms)
    start_ms = ask.integer("startTime", -1)
    paid = sheet.history(place, start_ms if start_ms >= 0 else end_ms - 90 * 86_400_000, end_ms)
    paid = paid[:limit] if start_ms >= 0 else paid[-limit:]
    rows = (
        f'{{"symbol":"{name}","fundingTime":{row.time_ms + row.time_ms // 3_600_000 % 9},'
        f'"fundingRate":"{row.rate:.8f}","markPrice":"{row.price:.8f}"}}'
        for row in paid
    )
    return f"[{joined(rows)}]"


def premium_candles(symbol_of: Callable[[Row], str]) -> Handler:
    """Ascending, both bounds included and of the openings; the last candle may still run."""

    def answer(sheet: Sheet, ask: Ask) -> Reply | str:
        place = sheet.place("symbol", symbol_of, ask.params.get("symbol", ""))
        if place is None:
            return refuse(400, "Invalid symbol.")
        limit = min(max(ask.integer("limit", 500), 1), 1500)
        end_ms = ask.integer("endTime", sheet.view.time_ms)
        found = sheet.candles(place, ask.integer("startTime", end_ms - (limit - 1) * MINUTE_MS), end_ms)[:limit]
        rows = (
            f'[{one.begin_ms},"{quoted(one)}","0",{one.begin_ms + MINUTE_MS - 1},"0",12,"0","0","0"]' for one in found
        )
        return f"[{joined(rows)}]"

    return answer


def weight(path: str, params: Mapping[str, str]) -> int:
    return 1 if "symbol" in params else _WEIGHTS.get(path, 1)


WRITER = Writer(
    routes={
        "GET /fapi/v1/premiumIndex": premium_index,
        "GET /fapi/v1/fundingInfo": funding_info,
        "GET /fapi/v1/ticker/24hr": ticker,
        "GET /fapi/v1/exchangeInfo": exchange_info,
        "GET /fapi/v1/openInterest": open_interest,
        "GET /fapi/v1/fundingRate": funding_rate,
        "GET /fapi/v1/premiumIndexKlines": premium_candles(symbol),
        "GET /fapi/v1/time": lambda sheet, _ask: f'{{"serverTime":{sheet.view.time_ms}}}',
    },
    refuse=refuse,
    weight=weight,
    headers=lambda used: {"x-mbx-used-weight-1m": str(used)},
)
