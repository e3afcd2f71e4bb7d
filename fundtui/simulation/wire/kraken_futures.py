"""Kraken Futures as venue sheet kraken-futures describes it: absolute rates per contract and hour, mixed row kinds."""

from __future__ import annotations

import numpy as np

from fundtui.simulation import effects
from fundtui.simulation.assets import Sort
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, iso, joined

HISTORY_MS = 365 * 86_400_000
DATED = "FF_XBTUSD_260327"


def symbol(row: Row) -> str:
    if row.asset.sort is not Sort.COIN:
        return f"PF_{row.base}xUSD"
    return f"{'PI' if row.inverse else 'PF'}_{row.base}USD"


def refuse(status: int, reason: str) -> Reply:
    codes = {429: "apiLimitExceeded", 404: "Not Found", 400: "invalidArgument"}
    error = codes.get(status, "Server Error")
    body = f'{{"result":"error","error":"{error}","errors":[{{"message":"{reason}"}}],"serverTime":"{iso(0)}"}}'
    return Reply(body, 200 if status == 400 else status)


def _ticker_row(row: Row) -> str:
    name = row.base if row.asset.sort is Sort.COIN else f"{row.base}x"
    return (
        f'{{"symbol":"{symbol(row)}","last":%.12g,"lastTime":"%s","tag":"perpetual","pair":"{name}:USD",'
        '"markPrice":%.16g,"bid":%.12g,"bidSize":1,"ask":%.12g,"askSize":1,"vol24h":%.4f,"volumeQuote":%.4f,'
        '"openInterest":%.4f,"open24h":%.12g,"lastSize":1,"fundingRate":%.17g,"fundingRatePrediction":%.17g,'
        '"suspended":%s,"indexPrice":%.12g,"postOnly":false,"change24h":%.2f}'
    )


def tickers(sheet: Sheet, _ask: Ask) -> str:
    """Perpetuals, a dated contract and an index. Rates are money per contract: times the price, inverse by it."""
    view, part = sheet.view, sheet.part
    inverse = sheet.market.universe.inverse[part]
    index, last, volume = sheet.column("index"), sheet.column("last"), sheet.column("volume_usd")
    per_contract = np.where(inverse, 1.0 / index, index)
    stopped = sheet.column("listing") == effects.STOPPED
    columns = [
        last, [iso(view.time_ms, 6)] * len(sheet.rows), sheet.column("mark"), sheet.column("bid"), sheet.column("ask"),
        np.where(inverse, volume, volume / last), volume,
        np.where(inverse, sheet.column("oi_usd"), sheet.column("oi_base")),
        sheet.column("day_ago"), sheet.settled() * per_contract, sheet.column("rate") * per_contract,
        ["true" if stop else "false" for stop in stopped.tolist()], index, (last / sheet.column("day_ago") - 1) * 100,
    ]  # fmt: skip
    rows = sheet.fill(sheet.templates("tickers", _ticker_row), columns)
    everything = joined([*rows, *_others(sheet)])
    return f'{{"result":"success","serverTime":"{iso(view.time_ms)}","tickers":[{everything}]}}'


def _others(sheet: Sheet) -> list[str]:
    """Rows that are no perpetuals: they have no rate, and an index has no tag either."""
    bitcoin = next((row.number for row in sheet.rows if row.asset.ticker == "BTC"), None)
    if bitcoin is None:
        return []
    index, time = float(sheet.column("index")[bitcoin]), iso(sheet.view.time_ms, 6)
    return [
        (
            f'{{"symbol":"{DATED}","last":{index * 1.004:.1f},"lastTime":"{time}","tag":"month","pair":"XBT:USD",'
            f'"markPrice":{index * 1.004:.2f},"bid":{index:.1f},"bidSize":1,"ask":{index * 1.005:.1f},"askSize":1,'
            f'"vol24h":3,"volumeQuote":{3 * index:.2f},"openInterest":44.1,"open24h":{index:.1f},"lastSize":1,'
            f'"suspended":false,"indexPrice":{index:.2f},"postOnly":false,"change24h":0.1}}'
        ),
        f'{{"symbol":"in_xbtusd","last":{index:.2f},"lastTime":"{time}"}}',
    ]


def _instrument_row(row: Row) -> str:
    kind = "futures_inverse" if row.inverse else "flexible_futures"
    name = ("BTC" if row.base == "XBT" else row.base) + ("" if row.asset.sort is Sort.COIN else "x")
    return (
        f'{{"symbol":"{symbol(row)}","type":"{kind}","tickSize":0.1,"contractSize":1,"tradeable":%s,'
        '"impactMidSize":1000.0,"openingDate":"2022-03-22T13:18:45Z","fundingRateCoefficient":24,'
        f'"maxRelativeFundingRate":{row.cap!r},"postOnly":false,"base":"{name}","quote":"USD","pair":"{name}:USD"}}'
    )


def instruments(sheet: Sheet, _ask: Ask) -> str:
    stopped = (sheet.column("listing") == effects.STOPPED).tolist()
    rows = sheet.fill(
        sheet.templates("instruments", _instrument_row), [["false" if stop else "true" for stop in stopped]]
    )
    dated = (
        f'{{"symbol":"{DATED}","type":"flexible_futures","lastTradingTime":"2026-03-27T08:00:00.000Z","tickSize":1,'
        '"contractSize":1,"tradeable":true,"openingDate":"2026-01-01T00:00:00Z","postOnly":false,"base":"BTC",'
        '"quote":"USD","pair":"BTC:USD"}'
    )
    time = iso(sheet.view.time_ms)
    return f'{{"result":"success","instruments":[{joined([*rows, dated])}],"serverTime":"{time}"}}'


def history(sheet: Sheet, ask: Ask) -> Reply | str:
    """A year of hourly rates in one body, oldest first, absolute and relative."""
    place = sheet.place("symbol", symbol, ask.params.get("symbol", ""))
    if place is None:
        return refuse(400, "symbol")
    now_ms = sheet.view.time_ms
    inverse = sheet.rows[place].inverse
    rows = (
        f'{{"timestamp":"{iso(row.time_ms)}","fundingRate":'
        f'{(row.rate / row.price if inverse else row.rate * row.price)!r},"relativeFundingRate":{row.rate!r}}}'
        for row in sheet.history(place, now_ms - HISTORY_MS, now_ms)
    )
    return f'{{"result":"success","serverTime":"{iso(now_ms)}","rates":[{joined(rows)}]}}'


WRITER = Writer(
    routes={
        "GET /derivatives/api/v3/tickers": tickers,
        "GET /derivatives/api/v3/instruments": instruments,
        "GET /derivatives/api/v3/historical-funding-rates": history,
        "GET /derivatives/api/v4/historicalfundingrates": history,
    },
    refuse=refuse,
    window_ms=10_000,
)
