"""HTX linear swaps as venue sheet htx describes it: several answers, "0E-18" for zero, stale rows, no bulk mark."""

from __future__ import annotations

from fundtui.simulation import effects
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import MINUTE_MS, Ask, Reply, Sheet, Writer, joined

PAGE = 50
STALE_MS = 40 * 86_400_000


def symbol(row: Row) -> str:
    return f"{row.base}-{row.quote}"


def refuse(status: int, reason: str) -> Reply:
    """Errors come with HTTP 200; only a limit or an outage has a status of its own."""
    codes = {429: 1004, 404: 1030, 400: 1017}
    body = f'{{"status":"error","err_code":{codes.get(status, 1000)},"err_msg":"{reason}","ts":0}}'
    return Reply(body, 200 if status == 400 else status)


def _envelope(sheet: Sheet, rows: list[str], name: str = "data") -> str:
    return f'{{"status":"ok","{name}":[{joined(rows)}],"ts":{sheet.view.time_ms}}}'


def _rate(value: float) -> str:
    return f"{value:.18f}" if value else "0E-18"


def _funding_row(row: Row) -> str:
    return (
        f'{{"estimated_rate":null,"funding_rate":"%s","contract_code":"{symbol(row)}","symbol":"{row.base}",'
        f'"fee_asset":"{row.quote}","funding_time":"%d","next_funding_time":null,"trade_partition":"{row.quote}"}}'
    )


def batch_funding_rate(sheet: Sheet, _ask: Ask) -> str:
    """A suspended contract stays, with a funding time in the past."""
    rates = [_rate(rate) for rate in sheet.column("rate").tolist()]
    rows = sheet.fill(sheet.templates("funding", _funding_row), [rates, sheet.column("next_ms")])
    stale = (
        '{"estimated_rate":null,"funding_rate":"0.000100000000000000","contract_code":"OLDCOIN-USDT",'
        '"symbol":"OLDCOIN","fee_asset":"USDT",'
        f'"funding_time":"{sheet.market.start_ms - STALE_MS}","next_funding_time":null,"trade_partition":"USDT"}}'
    )
    return _envelope(sheet, [*rows, stale])


def _info_row(row: Row) -> str:
    return (
        f'{{"symbol":"{row.base}","contract_code":"{symbol(row)}","contract_size":{row.lot!r},"price_tick":0.1,'
        '"delivery_date":"","delivery_time":"","create_date":"20201021","contract_status":%d,'
        f'"settlement_date":"%d","settlement_period":"%d","support_margin_mode":"all","business_type":"swap",'
        f'"pair":"{symbol(row)}","contract_type":"swap","trade_partition":"{row.quote}"}}'
    )


def contract_info(sheet: Sheet, _ask: Ask) -> str:
    status = [3 if state == effects.STOPPED else 1 for state in sheet.column("listing").tolist()]
    columns = [status, sheet.column("next_ms"), sheet.column("hours")]
    return _envelope(sheet, sheet.fill(sheet.templates("info", _info_row), columns))


def _interest_row(row: Row) -> str:
    return (
        f'{{"volume":%d,"amount":%.6f,"value":%.4f,"contract_code":"{symbol(row)}","symbol":"{row.base}",'
        '"trade_amount":%.4f,"trade_turnover":%.4f,"business_type":"swap"}'
    )


def open_interest(sheet: Sheet, _ask: Ask) -> str:
    coins, volume = sheet.column("oi_base"), sheet.column("volume_usd")
    lots = [coin / row.lot for row, coin in zip(sheet.rows, coins.tolist(), strict=True)]
    columns = [lots, coins, sheet.column("oi_usd"), volume / sheet.column("last"), volume]
    return _envelope(sheet, sheet.fill(sheet.templates("interest", _interest_row), columns))


def _merged_row(row: Row) -> str:
    price = f"%.{row.decimals}f"
    return (
        f'{{"id":1,"ts":%d,"ask":[{price},1],"bid":[{price},1],"business_type":"swap",'
        f'"contract_code":"{symbol(row)}","open":"{price}","close":"{price}","amount":"%.4f","count":1,"vol":"%.4f",'
        '"number_of":"%d"}'
    )


def batch_merged(sheet: Sheet, _ask: Ask) -> str:
    last, volume = sheet.column("last"), sheet.column("volume_usd")
    coins = volume / last
    lots = [coin / row.lot for row, coin in zip(sheet.rows, coins.tolist(), strict=True)]
    columns = [
        sheet.times(sheet.view.time_ms), sheet.column("ask"), sheet.column("bid"), sheet.column("day_ago"), last,
        coins, volume, lots,
    ]  # fmt: skip
    return _envelope(sheet, sheet.fill(sheet.templates("merged", _merged_row), columns), "ticks")


def index(sheet: Sheet, _ask: Ask) -> str:
    templates = sheet.templates(
        "index", lambda row: f'{{"index_price":%.12g,"index_ts":%d,"contract_code":"{symbol(row)}"}}'
    )
    return _envelope(sheet, sheet.fill(templates, [sheet.column("index"), sheet.times(sheet.view.time_ms)]))


def _elements_row(row: Row) -> str:
    return (
        f'{{"contract_code":"{symbol(row)}","funding_rate_cap":"{row.cap:.18f}",'
        f'"funding_rate_floor":"{-row.cap:.18f}","mode_type":2,"swap_delivery_type":3,"settle_period":%d,'
        f'"instrument_index_code":"{symbol(row)}","min_level":"1","max_level":"50","real_time_settlement":1}}'
    )


def query_elements(sheet: Sheet, _ask: Ask) -> str:
    return _envelope(sheet, sheet.fill(sheet.templates("elements", _elements_row), [sheet.column("hours")]))


def mark_price_kline(sheet: Sheet, ask: Ask) -> Reply | str:
    """The mark of one contract, as the candle of the running minute."""
    name = ask.params.get("contract_code", "")
    place = sheet.place("symbol", symbol, name)
    if place is None:
        return refuse(400, "The contract does not exist.")
    price, now_ms = f"{float(sheet.column('mark')[place]):.12g}", sheet.view.time_ms
    period = ask.params.get("period", "1min")
    return (
        f'{{"ch":"market.{name}.mark_price.{period}","data":[{{"amount":"0","close":"{price}","count":"0",'
        f'"high":"{price}","id":{now_ms // 60_000 * 60},"low":"{price}","open":"{price}","trade_turnover":"0",'
        f'"vol":"0"}}],"status":"ok","ts":{now_ms}}}'
    )


def history(sheet: Sheet, ask: Ask) -> Reply | str:
    """Pages of up to fifty, newest first."""
    name = ask.params.get("contract_code", "")
    place = sheet.place("symbol", symbol, name)
    if place is None:
        return refuse(400, "The contract does not exist.")
    size = min(max(ask.integer("page_size", 20), 1), PAGE)
    page = max(ask.integer("page_index", 1), 1)
    now_ms = sheet.view.time_ms
    paid = sheet.history(place, now_ms - 92 * 86_400_000, now_ms)[::-1]
    rows = (
        f'{{"avg_premium_index":"{row.premium:.18f}","funding_rate":"{_rate(row.rate)}","realized_rate":null,'
        f'"funding_time":"{row.time_ms}","contract_code":"{name}","symbol":"{sheet.rows[place].base}",'
        '"fee_asset":"USDT"}'
        for row in paid[(page - 1) * size : page * size]
    )
    return (
        f'{{"status":"ok","data":{{"total_page":{-(-len(paid) // size)},"current_page":{page},'
        f'"total_size":{len(paid)},"data":[{joined(rows)}]}},"ts":{now_ms}}}'
    )


def premium_kline(sheet: Sheet, ask: Ask) -> Reply | str:
    """The newest minute candles, oldest first; the last one still runs."""
    name = ask.params.get("contract_code", "")
    place = sheet.place("symbol", symbol, name)
    if place is None or ask.params.get("period") != "1min":
        return refuse(400, "The contract does not exist.")
    size = min(max(ask.integer("size", 0), 1), 2000)
    now_ms = sheet.view.time_ms
    rows = (
        f'{{"id":{one.begin_ms // 1000},"open":"{one.texts[0]}","high":"{one.texts[1]}","low":"{one.texts[2]}",'
        f'"close":"{one.texts[3]}","amount":"0","vol":"0","count":"0","trade_turnover":"0"}}'
        for one in sheet.candles(place, now_ms - size * MINUTE_MS + 1, now_ms)
    )
    return f'{{"ch":"market.{name}.premium_index.1min","data":[{joined(rows)}],"status":"ok","ts":{now_ms}}}'


WRITER = Writer(
    routes={
        "GET /linear-swap-api/v1/swap_batch_funding_rate": batch_funding_rate,
        "GET /linear-swap-api/v1/swap_contract_info": contract_info,
        "GET /linear-swap-api/v1/swap_open_interest": open_interest,
        "GET /v2/linear-swap-ex/market/detail/batch_merged": batch_merged,
        "GET /linear-swap-api/v1/swap_index": index,
        "GET /linear-swap-api/v1/swap_query_elements": query_elements,
        "GET /index/market/history/linear_swap_mark_price_kline": mark_price_kline,
        "GET /linear-swap-api/v1/swap_historical_funding_rate": history,
        "GET /index/market/history/linear_swap_premium_index_kline": premium_kline,
    },
    refuse=refuse,
    window_ms=3000,
    headers=lambda used: {"ratelimit-limit": "240", "ratelimit-remaining": str(max(240 - used, 0))},
)
