"""KuCoin Futures as venue sheet kucoin describes it: one answer with all, JSON numbers, lots, XBT, a countdown."""

from __future__ import annotations

import numpy as np

from fundtui.simulation import effects
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import MINUTE_MS, Ask, Reply, Sheet, Writer, joined

HISTORY_ROWS = 100
BUDGET = 2000


def symbol(row: Row) -> str:
    return f"{row.base}{row.quote}M"


def refuse(status: int, reason: str) -> Reply:
    codes = {429: "429000", 404: "404", 400: "100001"}
    return Reply(f'{{"code":"{codes.get(status, "500000")}","msg":"{reason}"}}', status)


def _settle(row: Row) -> str:
    return row.base if row.inverse else row.quote


def _contract_row(row: Row) -> str:
    multiplier = "-1.0" if row.inverse else repr(row.lot)
    flag = "true" if row.inverse else "false"
    return (
        f'{{"symbol":"{symbol(row)}","rootSymbol":"{row.quote}","type":"FFWCSX","firstOpenDate":1585555200000,'
        f'"expireDate":null,"settleDate":null,"baseCurrency":"{row.base}","quoteCurrency":"{row.quote}",'
        f'"settleCurrency":"{_settle(row)}","lotSize":1,"multiplier":{multiplier},"makerFeeRate":0.0002,'
        f'"takerFeeRate":0.0006,"isQuanto":false,"isInverse":{flag},"markMethod":"FairPrice","status":"%s",'
        '"fundingFeeRate":%r,"predictedFundingFeeRate":null,"dailyInterestRate":0.0003,'
        f'"fundingRateGranularity":%d,"fundingRateCap":{row.cap!r},"fundingRateFloor":{-row.cap!r},"period":1,'
        '"effectiveFundingRateCycleStartTime":null,"currentFundingRateGranularity":%d,"openInterest":"%d",'
        '"turnoverOf24h":%.4f,"volumeOf24h":%.4f,"markPrice":%.12g,"indexPrice":%.12g,"lastTradePrice":%.12g,'
        '"nextFundingRateTime":%d,"nextFundingRateDateTime":%d,"maxLeverage":50,"priceChgPct":%.4f,'
        '"marketStage":"NORMAL","preMarketToPerpDate":null,"marketType":"CRYPTO","lastTimeFundingRate":%r}'
    )


def active(sheet: Sheet, _ask: Ask) -> str:
    """All contracts. Lots are the contract's multiple of the base, dollars where it is inverse."""
    inverse = sheet.market.universe.inverse[sheet.part]
    lots = np.array([row.lot for row in sheet.rows])
    dollars, coins = sheet.column("oi_usd"), sheet.column("oi_base")
    last, volume, following = sheet.column("last"), sheet.column("volume_usd"), sheet.column("next_ms")
    interval = sheet.column("hours") * 3_600_000
    columns = [
        ["Paused" if state == effects.STOPPED else "Open" for state in sheet.column("listing").tolist()],
        sheet.column("rate").round(6), interval, interval, np.where(inverse, dollars, coins / lots).round(),
        np.where(inverse, volume / last, volume), np.where(inverse, volume, volume / last), sheet.column("mark"),
        sheet.column("index"), last, following - sheet.view.time_ms, following, last / sheet.column("day_ago") - 1,
        sheet.settled().round(6),
    ]  # fmt: skip
    rows = sheet.fill(sheet.templates("active", _contract_row), columns)
    return f'{{"code":"200000","data":[{joined(rows)}]}}'


def current(sheet: Sheet, ask: Ask) -> Reply | str:
    place = sheet.place("symbol", symbol, ask.segment)
    if place is None:
        return refuse(400, "symbol not exists")
    row, following = sheet.rows[place], int(sheet.column("next_ms")[place])
    hours = int(sheet.column("hours")[place])
    return (
        f'{{"code":"200000","data":{{"symbol":".{symbol(row)}FPI{hours}H","granularity":{hours * 3_600_000},'
        f'"timePoint":{following - hours * 3_600_000},"value":{round(float(sheet.column("rate")[place]), 6)!r},'
        f'"dailyInterestRate":0.0003,"fundingRateCap":{row.cap!r},"fundingRateFloor":{-row.cap!r},"period":1,'
        f'"fundingTime":{following},"lastTimeFundingRate":{round(float(sheet.settled()[place]), 6)!r}}}}}'
    )


def history(sheet: Sheet, ask: Ask) -> Reply | str:
    """Newest first, the newest hundred rows of the window; both bounds are needed."""
    name = ask.params.get("symbol", "")
    place = sheet.place("symbol", symbol, name)
    if place is None or "from" not in ask.params or "to" not in ask.params:
        return refuse(400, "symbol, from and to are required")
    paid = sheet.history(place, ask.integer("from", 0), ask.integer("to", 0))
    rows = (
        f'{{"symbol":"{name}","fundingRate":{round(row.rate, 6)!r},"timepoint":{row.time_ms}}}'
        for row in reversed(paid[-HISTORY_ROWS:])
    )
    return f'{{"code":"200000","data":[{joined(rows)}]}}'


def premium_query(sheet: Sheet, ask: Ask) -> Reply | str:
    """A sample each full minute, newest first, at most a hundred of the window."""
    name = ask.params.get("symbol", "")
    place = sheet.place("symbol", symbol, name.removeprefix(".").removesuffix("PI"))
    if place is None or not name.startswith("."):
        return refuse(400, "symbol not exists")
    limit = min(max(ask.integer("maxCount", 10), 1), HISTORY_ROWS)
    end_ms = min(ask.integer("endAt", sheet.view.time_ms), sheet.view.time_ms)
    first_ms = max(ask.integer("startAt", 0), end_ms - limit * MINUTE_MS)
    times = list(range(-(-first_ms // MINUTE_MS) * MINUTE_MS, end_ms + 1, MINUTE_MS))
    rows = [
        f'{{"symbol":"{name}","granularity":60000,"timePoint":{time_ms},"value":{round(premium, 8)!r}}}'
        for time_ms, premium in zip(times, sheet.premiums(place, times).tolist(), strict=True)
    ]
    return f'{{"code":"200000","data":{{"dataList":[{joined(rows[::-1][:limit])}],"hasMore":true}}}}'


WRITER = Writer(
    routes={
        "GET /api/v1/contracts/active": active,
        "GET /api/v1/funding-rate/*/current": current,
        "GET /api/v1/contract/funding-rates": history,
        "GET /api/v1/premium/query": premium_query,
    },
    refuse=refuse,
    weight=lambda path, _params: {"/api/v1/contracts/active": 3, "/api/v1/premium/query": 3}.get(path, 2),
    window_ms=30_000,
    headers=lambda used: {
        "gw-ratelimit-limit": str(BUDGET),
        "gw-ratelimit-remaining": str(max(BUDGET - used, 0)),
        "gw-ratelimit-reset": "30000",
    },
)
