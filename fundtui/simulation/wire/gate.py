"""Gate futures v4 as venue sheet gate describes it: bare arrays, times in seconds, sizes in contracts."""

from __future__ import annotations

from fundtui.simulation import effects
from fundtui.simulation.assets import Sort
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, joined, select

HISTORY_ROWS = 1000
LIMIT = 100


def symbol(row: Row) -> str:
    return f"{row.base}_{row.quote}"


def refuse(status: int, reason: str) -> Reply:
    labels = {429: "TOO_MANY_REQUESTS", 404: "NOT_FOUND", 400: "CONTRACT_NOT_FOUND"}
    return Reply(f'{{"label":"{labels.get(status, "SERVER_ERROR")}","message":"{reason}"}}', status)


def _settled_in(sheet: Sheet, settle: str) -> list[int]:
    return select(sheet, lambda row: row.inverse == (settle == "btc"))


def _contract_row(row: Row) -> str:
    price = f"%.{row.decimals}f"
    kind = {Sort.COIN: "", Sort.SHARE: "stocks", Sort.COMMODITY: "metals", Sort.INDEX: "indices"}[row.asset.sort]
    return (
        f'{{"name":"{symbol(row)}","type":"{"inverse" if row.inverse else "direct"}",'
        f'"quanto_multiplier":"{"0" if row.inverse else f"{row.lot:.10f}".rstrip("0").rstrip(".")}",'
        f'"contract_type":"{kind}","funding_rate":"%.6f","funding_rate_indicative":"%.6f",'
        f'"funding_rate_limit":"{row.cap:g}","funding_interval":%d,"funding_next_apply":%d,"funding_offset":0,'
        f'"interest_rate":"0.0003","mark_price":"{price}","index_price":"{price}","last_price":"{price}",'
        '"position_size":%d,"trade_size":%d,"in_delisting":%s,"status":"%s","is_pre_market":false,'
        '"maker_fee_rate":"-0.0001","taker_fee_rate":"0.00075","leverage_max":"50","orders_limit":100}'
    )


def _sizes(sheet: Sheet) -> list[int]:
    """Contracts of the long side: base units by the multiplier, dollars of an inverse contract."""
    coins, dollars = sheet.column("oi_base").tolist(), sheet.column("oi_usd").tolist()
    return [
        round(usd if row.inverse else coin / row.lot) for row, coin, usd in zip(sheet.rows, coins, dollars, strict=True)
    ]


def contracts(sheet: Sheet, ask: Ask) -> Reply | str:
    """All contracts; a `limit` truncates to at most 100."""
    places = _settled_in(sheet, ask.segment)
    if "limit" in ask.params:
        places = places[: min(ask.integer("limit", LIMIT), LIMIT)]
    listing, sizes, rate = sheet.column("listing").tolist(), _sizes(sheet), sheet.column("rate")
    columns = [
        rate, rate, sheet.column("hours") * 3600, sheet.column("next_ms") // 1000, sheet.column("mark"),
        sheet.column("index"), sheet.column("last"), [0 if state == effects.STOPPED else size for state, size in
        zip(listing, sizes, strict=True)], sizes, ["true" if state else "false" for state in listing],
        ["delisting" if state else "trading" for state in listing],
    ]  # fmt: skip
    return f"[{joined(sheet.fill(sheet.templates('contracts', _contract_row), columns, places))}]"


def _ticker_row(row: Row) -> str:
    price = f"%.{row.decimals}f"
    return (
        f'{{"contract":"{symbol(row)}","last":"{price}","mark_price":"{price}","index_price":"{price}",'
        f'"highest_bid":"{price}","lowest_ask":"{price}","change_percentage":"%.2f","funding_rate":"%.6f",'
        '"funding_rate_indicative":"%.6f","total_size":"%d","volume_24h":"%d","volume_24h_base":"%d",'
        '"volume_24h_quote":"%d","volume_24h_settle":"%d",'
        f'"quanto_multiplier":"{"0" if row.inverse else f"{row.lot:.10f}".rstrip("0").rstrip(".")}"}}'
    )


def tickers(sheet: Sheet, ask: Ask) -> Reply | str:
    last, volume, rate = sheet.column("last"), sheet.column("volume_usd"), sheet.column("rate")
    coins = volume / last
    settle = volume if ask.segment == "usdt" else coins
    columns = [
        last, sheet.column("mark"), sheet.column("index"), sheet.column("bid"), sheet.column("ask"),
        (last / sheet.column("day_ago") - 1) * 100, rate, rate, [2 * size for size in _sizes(sheet)], coins, coins,
        volume, settle,
    ]  # fmt: skip
    rows = sheet.fill(sheet.templates("tickers", _ticker_row), columns, _settled_in(sheet, ask.segment))
    return f"[{joined(rows)}]"


def history(sheet: Sheet, ask: Ask) -> Reply | str:
    """Newest first, stamped a few seconds after the hour; from and to are seconds."""
    place = sheet.place("symbol", symbol, ask.params.get("contract", ""))
    if place is None or place not in _settled_in(sheet, ask.segment):
        return refuse(400, "contract not found")
    limit = min(max(ask.integer("limit", LIMIT), 1), HISTORY_ROWS)
    now_s = sheet.view.time_ms // 1000
    from_s, to_s = ask.integer("from", now_s - 92 * 86_400), ask.integer("to", now_s)
    paid = [
        (row.time_ms // 1000 + 1 + row.time_ms // 3_600_000 % 3, row.rate)
        for row in sheet.history(place, (from_s - 10) * 1000, to_s * 1000)
    ]
    rows = [f'{{"r":"{rate:.6f}","t":{time_s}}}' for time_s, rate in reversed(paid) if from_s <= time_s <= to_s]
    return f"[{joined(rows[:limit])}]"


def premium_index(sheet: Sheet, ask: Ask) -> Reply | str:
    """Minute candles, oldest first; from and to are seconds, and more than a thousand points are refused."""
    place = sheet.place("symbol", symbol, ask.params.get("contract", ""))
    if place is None or place not in _settled_in(sheet, ask.segment):
        return refuse(400, "contract not found")
    now_s = sheet.view.time_ms // 1000
    from_s, to_s = ask.integer("from", now_s - 6000), ask.integer("to", now_s)
    if ask.params.get("interval") != "1m" or "limit" in ask.params or to_s - from_s >= HISTORY_ROWS * 60:
        return refuse(400, "invalid argument")
    names = ("o", "h", "l", "c")
    rows = (
        f'{{"t":{one.begin_ms // 1000},'
        + joined(f'"{name}":"{text}"' for name, text in zip(names, one.texts, strict=True))
        + "}"
        for one in sheet.candles(place, from_s * 1000, to_s * 1000)
    )
    return f"[{joined(rows)}]"


WRITER = Writer(
    routes={
        "GET /api/v4/futures/*/contracts": contracts,
        "GET /api/v4/futures/*/tickers": tickers,
        "GET /api/v4/futures/*/funding_rate": history,
        "GET /api/v4/futures/*/premium_index": premium_index,
    },
    refuse=refuse,
    window_ms=10_000,
    headers=lambda used: {
        "x-gate-ratelimit-limit": "200",
        "x-gate-ratelimit-requests-remain": str(max(200 - used, 0)),
    },
)
