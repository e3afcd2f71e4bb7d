"""Lighter as venue sheet lighter describes it: eight-hour figures paid hourly, other venues' rows beside its own."""

from __future__ import annotations

from fundtui.simulation import effects
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, joined

HISTORY_ROWS = 750
COMPARED = ("binance", "bybit", "hyperliquid")


def symbol(row: Row) -> str:
    return row.base


def market_id(row: Row) -> int:
    """Ids are small whole numbers; ETH has 0."""
    return {0: 1, 1: 0}.get(row.number, row.number)


def refuse(status: int, reason: str) -> Reply:
    codes = {429: 23000, 404: 404, 400: 20001}
    return Reply(f'{{"code":{codes.get(status, 29500)},"message":"{reason}"}}', status)


def _rate_row(row: Row) -> str:
    return f'{{"market_id":{market_id(row)},"exchange":"lighter","symbol":"{symbol(row)}","rate":%r}}'


def funding_rates(sheet: Sheet, _ask: Ask) -> str:
    """Fractions per eight hours, for all exchanges in the answer."""
    rates = (sheet.column("rate") * 8).round(8)
    rows = sheet.fill(sheet.templates("funding-rates", _rate_row), [rates])
    return f'{{"code":200,"funding_rates":[{joined([*_compared(sheet), *rows])}]}}'


def _compared(sheet: Sheet) -> list[str]:
    """The large coins' rates at other venues."""
    universe, view = sheet.market.universe, sheet.view
    rows = []
    for venue in COMPARED:
        part = universe.venues.get(venue, slice(0, 0))
        for other in universe.rows[part][:8]:
            own = next((row for row in sheet.rows[:30] if row.asset is other.asset), None)
            if own is not None:
                rate = float(view.rate[other.at]) * 8 / float(view.hours[other.at])
                name = f'"market_id":{market_id(own)},"exchange":"{venue}","symbol":"{symbol(own)}"'
                rows.append(f'{{{name},"rate":{round(rate, 8)!r}}}')
    return rows


def _detail_row(row: Row) -> str:
    price = f"%.{row.decimals}f"
    return (
        f'{{"symbol":"{symbol(row)}","market_id":{market_id(row)},"market_type":"perp","base_asset_id":0,'
        '"quote_asset_id":0,"status":"%s","taker_fee":"0.0000","maker_fee":"0.0000",'
        f'"mark_price":"{price}","index_price":"{price}","last_trade_price":%.12g,"open_interest":%.5f,'
        '"daily_quote_token_volume":%.6f,"daily_base_token_volume":%.5f,"daily_price_change":%.6f,'
        '"funding_clamp_small":"0.0500","funding_clamp_big":"4.0000"}'
    )


def order_book_details(sheet: Sheet, _ask: Ask) -> str:
    last, volume = sheet.column("last"), sheet.column("volume_usd")
    status = ["inactive" if state == effects.STOPPED else "active" for state in sheet.column("listing").tolist()]
    columns = [
        status, sheet.column("mark"), sheet.column("index"), last, sheet.column("oi_base"), volume, volume / last,
        (last / sheet.column("day_ago") - 1) * 100,
    ]  # fmt: skip
    rows = sheet.fill(sheet.templates("orderBookDetails", _detail_row), columns)
    return f'{{"code":200,"order_book_details":[{joined(rows)}],"spot_order_book_details":[]}}'


def fundings(sheet: Sheet, ask: Ask) -> Reply | str:
    """Percent per hour without sign, oldest first; the direction names the side that pays."""
    place = sheet.place("market_id", lambda row: str(market_id(row)), ask.params.get("market_id", ""))
    start_s, end_s = ask.integer("start_timestamp", -1), ask.integer("end_timestamp", -1)
    if place is None or start_s < 0 or end_s < 0 or ask.params.get("resolution") != "1h":
        return refuse(400, "invalid param")
    rows = (
        f'{{"timestamp":{row.time_ms // 1000},"value":"{abs(row.rate) * row.price:.8f}",'
        f'"rate":"{abs(row.rate) * 100:.4f}","direction":"{"long" if row.rate >= 0 else "short"}"}}'
        for row in sheet.history(place, start_s * 1000, end_s * 1000)[-HISTORY_ROWS:]
    )
    return f'{{"code":200,"resolution":"1h","fundings":[{joined(rows)}]}}'


WRITER = Writer(
    routes={
        "GET /api/v1/funding-rates": funding_rates,
        "GET /api/v1/orderBookDetails": order_book_details,
        "GET /api/v1/fundings": fundings,
    },
    refuse=refuse,
)
