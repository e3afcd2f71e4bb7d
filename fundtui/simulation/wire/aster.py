"""Aster as venue sheet aster describes it: like Binance, with caps as numbers and no open interest at all."""

from __future__ import annotations

from fundtui.simulation import effects
from fundtui.simulation.universe import Row
from fundtui.simulation.wire import binance
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, joined

symbol = binance.symbol


def _info_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","interestRate":"0.00010000","time":%d,"fundingIntervalHours":%d,'
        f'"fundingFeeCap":{row.cap!r},"fundingFeeFloor":{-row.cap!r}}}'
    )


def funding_info(sheet: Sheet, _ask: Ask) -> str:
    columns = [sheet.times(sheet.view.time_ms), sheet.column("hours")]
    return f"[{joined(sheet.fill(sheet.templates('fundingInfo', _info_row), columns))}]"


def _symbol_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","pair":"{symbol(row)}","status":"%s","contractType":"PERPETUAL",'
        f'"deliveryDate":{binance.NEVER_MS},"baseAsset":"{row.base}","quoteAsset":"{row.quote}",'
        f'"marginAsset":"{row.settle}","underlyingType":"COIN"}}'
    )


def exchange_info(sheet: Sheet, _ask: Ask) -> str:
    listing = sheet.column("listing").tolist()
    status = ["SETTLING" if state == effects.STOPPED else "TRADING" for state in listing]
    rows = joined(sheet.fill(sheet.templates("exchangeInfo", _symbol_row), [status]))
    return f'{{"timezone":"UTC","serverTime":{sheet.view.time_ms},"symbols":[{rows}]}}'


def refuse(status: int, reason: str) -> Reply:
    return binance.refuse(status, reason)


WRITER = Writer(
    routes={
        "GET /fapi/v1/premiumIndex": binance.premium_index,
        "GET /fapi/v1/fundingInfo": funding_info,
        "GET /fapi/v1/ticker/24hr": binance.ticker,
        "GET /fapi/v1/exchangeInfo": exchange_info,
        "GET /fapi/v1/fundingRate": binance.funding_rate,
    },
    refuse=refuse,
    weight=binance.weight,
    headers=lambda used: {"x-mbx-used-weight-1m": str(used)},
)
