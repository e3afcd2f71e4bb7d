"""MEXC contract as venue sheet mexc describes it: JSON numbers, sizes in contracts, hard zero rates on some rows."""

from __future__ import annotations

import numpy as np

from fundtui.simulation import effects
from fundtui.simulation.assets import Sort
from fundtui.simulation.noise import Floats
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, joined, select

PAGE = 1000
DEPTH_MS = 92 * 86_400_000


def symbol(row: Row) -> str:
    return f"{base(row)}_{row.quote}"


def base(row: Row) -> str:
    return row.base + ("STOCK" if row.asset.sort is Sort.SHARE else "")


def pays_nothing(row: Row) -> bool:
    """Contracts with a rate of exactly zero: all that are no coins, and some promotions."""
    return row.asset.sort is not Sort.COIN or (row.asset.rank > 30 and row.number % 13 == 5)


def refuse(status: int, reason: str) -> Reply:
    codes = {429: 510, 404: 404, 400: 1001}
    body = f'{{"success":false,"code":{codes.get(status, 500)},"message":"{reason}"}}'
    return Reply(body, 200 if status in (400, 429) else status)


def _envelope(data: str) -> str:
    return f'{{"success":true,"code":0,"data":{data}}}'


def _paying(sheet: Sheet) -> Floats:
    return np.array([0.0 if pays_nothing(row) else 1.0 for row in sheet.rows])


def _funding_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","fundingRate":%r,"maxFundingRate":{row.cap!r},"minFundingRate":{-row.cap!r},'
        '"collectCycle":%d,"nextSettleTime":%d,"timestamp":%d,"idxPrice":%.12g,"fairPrice":%.12g}'
    )


def funding_rate(sheet: Sheet, _ask: Ask) -> str:
    columns = [
        (sheet.column("rate") * _paying(sheet)).round(6) + 0.0, sheet.column("hours"), sheet.column("next_ms"),
        sheet.times(sheet.view.time_ms), sheet.column("index"), sheet.column("mark"),
    ]  # fmt: skip
    return _envelope(f"[{joined(sheet.fill(sheet.templates('funding_rate', _funding_row), columns))}]")


def _ticker_row(row: Row) -> str:
    return (
        f'{{"contractId":{row.number + 10},"symbol":"{symbol(row)}","lastPrice":%.12g,"bid1":%.12g,"ask1":%.12g,'
        '"volume24":%d,"amount24":%.6f,"holdVol":%d,"riseFallRate":%.4f,"indexPrice":%.12g,"fairPrice":%.12g,'
        '"fundingRate":%r,"timestamp":%d}'
    )


def ticker(sheet: Sheet, ask: Ask) -> Reply | str:
    """All contracts as a list, or one as an object."""
    inverse = sheet.market.universe.inverse[sheet.part]
    lots = np.array([row.lot for row in sheet.rows])
    last, volume = sheet.column("last"), sheet.column("volume_usd")
    columns = [
        last, sheet.column("bid"), sheet.column("ask"), np.where(inverse, volume, volume / last) / lots,
        np.where(inverse, volume / last, volume),
        np.where(inverse, sheet.column("oi_usd"), sheet.column("oi_base")) / lots,
        last / sheet.column("day_ago") - 1, sheet.column("index"), sheet.column("mark"),
        (sheet.column("rate") * _paying(sheet)).round(6) + 0.0, sheet.times(sheet.view.time_ms),
    ]  # fmt: skip
    templates = sheet.templates("ticker", _ticker_row)
    if "symbol" not in ask.params:
        return _envelope(f"[{joined(sheet.fill(templates, columns))}]")
    place = sheet.place("symbol", symbol, ask.params["symbol"])
    if place is None:
        return refuse(400, "Contract does not exist")
    return _envelope(sheet.fill(templates, columns, [place])[0])


def _detail_row(row: Row) -> str:
    kind = 1 if row.asset.sort is Sort.COIN else 2
    settle = row.base if row.inverse else row.settle
    return (
        f'{{"symbol":"{symbol(row)}","displayNameEn":"{symbol(row)} PERPETUAL","baseCoin":"{base(row)}",'
        f'"quoteCoin":"{row.quote}","settleCoin":"{settle}","contractSize":{row.lot!r},"state":%d,"type":{kind},'
        '"futureType":1,"preMarket":false,"isHidden":false,"apiAllowed":false,"makerFeeRate":0,'
        '"takerFeeRate":0.0002,"priceScale":4,"volScale":0}'
    )


def detail(sheet: Sheet, ask: Ask) -> Reply | str:
    states = [4 if state == effects.STOPPED else 0 for state in sheet.column("listing").tolist()]
    templates = sheet.templates("detail", _detail_row)
    if "symbol" not in ask.params:
        return _envelope(f"[{joined(sheet.fill(templates, [states]))}]")
    places = select(sheet, lambda row: symbol(row) == ask.params["symbol"])
    return _envelope(sheet.fill(templates, [states], places)[0]) if places else refuse(400, "Contract does not exist")


def history(sheet: Sheet, ask: Ask) -> Reply | str:
    """Pages, newest first; no times can be asked for."""
    name = ask.params.get("symbol", "")
    place = sheet.place("symbol", symbol, name)
    if place is None:
        return refuse(400, "Contract does not exist")
    size = min(max(ask.integer("page_size", 20), 1), PAGE)
    page = max(ask.integer("page_num", 1), 1)
    now_ms = sheet.view.time_ms
    paid = sheet.history(place, now_ms - DEPTH_MS, now_ms)[::-1]
    share = 0.0 if pays_nothing(sheet.rows[place]) else 1.0
    rows = (
        f'{{"symbol":"{name}","fundingRate":{round(row.rate * share, 6) + 0.0!r},"settleTime":{row.time_ms},'
        f'"collectCycle":{row.hours}}}'
        for row in paid[(page - 1) * size : page * size]
    )
    return _envelope(
        f'{{"pageSize":{size},"totalCount":{len(paid)},"totalPage":{-(-len(paid) // size)},"currentPage":{page},'
        f'"resultList":[{joined(rows)}]}}'
    )


WRITER = Writer(
    routes={
        "GET /api/v1/contract/funding_rate": funding_rate,
        "GET /api/v1/contract/ticker": ticker,
        "GET /api/v1/contract/detail": detail,
        "GET /api/v1/contract/funding_rate/history": history,
    },
    refuse=refuse,
    window_ms=2000,
)
