"""Bybit v5 as venue sheet bybit describes it: an envelope, all numbers as strings, two-sided open interest."""

from __future__ import annotations

from fundtui.simulation import effects
from fundtui.simulation.assets import Sort
from fundtui.simulation.noise import Floats
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import MINUTE_MS, Ask, Reply, Sheet, Writer, joined, quoted, select

PAGE = 500
MAX_PAGE = 1000
HISTORY_ROWS = 200
NEAR_MS = 86_400_000


def symbol(row: Row) -> str:
    return row.base + ("PERP" if row.quote == "USDC" else row.quote)


def refuse(status: int, reason: str) -> Reply:
    """An error envelope; a limit is told by HTTP 403, a wrong parameter comes with HTTP 200."""
    codes = {429: 10006, 404: 404, 400: 10001}
    body = f'{{"retCode":{codes.get(status, 10016)},"retMsg":"{reason}","result":{{}},"retExtInfo":{{}},"time":0}}'
    return Reply(body, 200 if status in (400, 429) else status)


def _envelope(sheet: Sheet, result: str) -> str:
    return f'{{"retCode":0,"retMsg":"OK","result":{result},"retExtInfo":{{}},"time":{sheet.view.time_ms}}}'


def _category(sheet: Sheet, ask: Ask) -> list[int] | None:
    category = ask.params.get("category")
    if category not in ("linear", "inverse"):
        return None
    return select(sheet, lambda row: row.inverse == (category == "inverse"))


def _named(sheet: Sheet, ask: Ask, places: list[int]) -> list[int]:
    """The places asked for: all, or the one of a symbol (none where it is not listed)."""
    if "symbol" not in ask.params:
        return places
    place = sheet.place("symbol", symbol, ask.params["symbol"])
    return [place] if place in places and place is not None else []


def _ticker_row(row: Row) -> str:
    price = f"%.{row.decimals}f"
    return (
        f'{{"symbol":"{symbol(row)}","lastPrice":"{price}","indexPrice":"{price}","markPrice":"{price}",'
        f'"prevPrice24h":"{price}","price24hPcnt":"%.6f","openInterest":"%s","openInterestValue":"%.2f",'
        '"singleOpenInterest":"%s","singleOpenInterestValue":"%.2f","turnover24h":"%.4f","volume24h":"%.4f",'
        '"fundingRate":"%s","nextFundingTime":"%d","predictedDeliveryPrice":"","basisRate":"","deliveryFeeRate":"",'
        f'"deliveryTime":"%d","bid1Price":"{price}","ask1Price":"{price}","basis":"","preOpenPrice":"","preQty":"",'
        f'"curPreListingPhase":"","fundingIntervalHour":"%d","basisRateYear":"","fundingCap":"{row.cap:g}"}}'
    )


def _plain(values: Floats, digits: int) -> list[str]:
    """Decimals without trailing zeros."""
    return [f"{value:.{digits}f}".rstrip("0").rstrip(".") for value in values.tolist()]


def tickers(sheet: Sheet, ask: Ask) -> Reply | str:
    places = _category(sheet, ask)
    if places is None:
        return refuse(400, "params error: category invalid")
    part, last, opened = sheet.part, sheet.column("last"), sheet.column("day_ago")
    inverse = sheet.market.universe.inverse[part]
    oi_usd, mark, volume = sheet.column("oi_usd"), sheet.column("mark"), sheet.column("volume_usd")
    size, value = (oi_usd / mark, oi_usd) if ask.params["category"] == "linear" else (oi_usd, oi_usd / mark)
    base, turnover = (volume / last, volume) if ask.params["category"] == "linear" else (volume, volume / last)
    size = size.round(0 if inverse[places[0] if places else 0] else 3)
    columns = [
        last, sheet.column("index"), mark, opened, last / opened - 1, _plain(2 * size, 3), 2 * value, _plain(size, 3),
        value, turnover, base, _plain(sheet.column("rate"), 8), sheet.column("next_ms"), _delivery(sheet),
        sheet.column("bid"), sheet.column("ask"), sheet.column("hours"),
    ]  # fmt: skip
    shown = [at for at in _named(sheet, ask, places) if sheet.column("listing")[at] != effects.STOPPED]
    rows = sheet.fill(sheet.templates("tickers", _ticker_row), columns, shown)
    return _envelope(sheet, f'{{"category":"{ask.params["category"]}","list":[{joined(rows)}]}}')


def _delivery(sheet: Sheet) -> list[int]:
    """0, or the time of a delisting that was announced."""
    ends = sheet.view.time_ms // 60_000 * 60_000 + NEAR_MS
    return [0 if state == effects.LISTED else ends for state in sheet.column("listing").tolist()]


def _instrument_row(row: Row) -> str:
    kind = "InversePerpetual" if row.inverse else "LinearPerpetual"
    sort = {Sort.COIN: "", Sort.SHARE: "stock", Sort.COMMODITY: "commodity", Sort.INDEX: "stock"}[row.asset.sort]
    return (
        f'{{"symbol":"{symbol(row)}","contractType":"{kind}","status":"%s","baseCoin":"{row.base}",'
        f'"quoteCoin":"{row.quote}","launchTime":"1585526400000","deliveryTime":"%d","deliveryFeeRate":"",'
        f'"priceScale":"{row.decimals}","leverageFilter":{{"minLeverage":"1","maxLeverage":"50.00",'
        '"leverageStep":"0.01"},"unifiedMarginTrade":true,"fundingInterval":%d,'
        f'"settleCoin":"{row.settle}","copyTrading":"none","upperFundingRate":"{row.cap:g}",'
        f'"lowerFundingRate":"{-row.cap:g}","isPreListing":false,"preListingInfo":null,"symbolType":"{sort}"}}'
    )


def instruments(sheet: Sheet, ask: Ask) -> Reply | str:
    """Pages of `limit` rows; a full answer needs the cursor followed until it is empty."""
    places = _category(sheet, ask)
    if places is None:
        return refuse(400, "params error: category invalid")
    if ask.params.get("status", "Trading") != "Trading":
        places = []
    trading = [at for at in _named(sheet, ask, places) if sheet.column("listing")[at] < effects.STOPPED]
    first = ask.integer("cursor", 0)
    limit = min(max(ask.integer("limit", PAGE), 1), MAX_PAGE)
    page = trading[first : first + limit]
    cursor = str(first + limit) if first + limit < len(trading) else ""
    columns = [["Trading"] * len(sheet.rows), _delivery(sheet), sheet.column("hours") * 60]
    rows = sheet.fill(sheet.templates("instruments", _instrument_row), columns, page)
    result = f'{{"category":"{ask.params["category"]}","list":[{joined(rows)}],"nextPageCursor":"{cursor}"}}'
    return _envelope(sheet, result)


def funding_history(sheet: Sheet, ask: Ask) -> Reply | str:
    """Newest first, the newest `limit` rows up to endTime; startTime alone is an error."""
    places = _category(sheet, ask)
    named = _named(sheet, ask, places) if places is not None and "symbol" in ask.params else []
    if not named:
        return refuse(400, "params error: symbol invalid")
    if "startTime" in ask.params and "endTime" not in ask.params:
        return refuse(400, "params error: startTime without endTime")
    limit = min(max(ask.integer("limit", HISTORY_ROWS), 1), HISTORY_ROWS)
    end_ms = ask.integer("endTime", sheet.view.time_ms)
    paid = sheet.history(named[0], ask.integer("startTime", end_ms - 70 * 86_400_000), end_ms)
    name = ask.params["symbol"]
    rows = (
        f'{{"symbol":"{name}","fundingRate":"{rate}","fundingRateTimestamp":"{row.time_ms}"}}'
        for row, rate in ((row, f"{row.rate:.8f}".rstrip("0").rstrip(".")) for row in reversed(paid[-limit:]))
    )
    return _envelope(sheet, f'{{"category":"{ask.params["category"]}","list":[{joined(rows)}]}}')


def premium_candles(sheet: Sheet, ask: Ask) -> Reply | str:
    """Newest first, of linear contracts alone; bounds are of the candles' starts, the last one may still run."""
    places = _category(sheet, ask)
    named = _named(sheet, ask, places) if places is not None and "symbol" in ask.params else []
    if not named or ask.params["category"] != "linear":
        return refuse(400, "params error: symbol invalid")
    limit = min(max(ask.integer("limit", HISTORY_ROWS), 1), MAX_PAGE)
    end_ms = ask.integer("end", sheet.view.time_ms)
    found = sheet.candles(named[0], ask.integer("start", end_ms - (limit - 1) * MINUTE_MS), end_ms)
    rows = (f'["{one.begin_ms}","{quoted(one)}"]' for one in reversed(found[-limit:]))
    return _envelope(sheet, f'{{"category":"linear","symbol":"{ask.params["symbol"]}","list":[{joined(rows)}]}}')


WRITER = Writer(
    routes={
        "GET /v5/market/tickers": tickers,
        "GET /v5/market/instruments-info": instruments,
        "GET /v5/market/funding/history": funding_history,
        "GET /v5/market/premium-index-price-kline": premium_candles,
    },
    refuse=refuse,
    window_ms=5000,
)
