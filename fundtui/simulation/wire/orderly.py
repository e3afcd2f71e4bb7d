"""Orderly as venue sheet orderly describes it: JSON numbers in rows inside an envelope, both rates in one answer."""

from __future__ import annotations

from fundtui.simulation import effects
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, joined

HISTORY_ROWS = 500


def symbol(row: Row) -> str:
    return f"PERP_{row.base}_USDC"


def refuse(status: int, reason: str) -> Reply:
    return Reply(
        f'{{"success":false,"code":{-1003 if status == 429 else -1000 - status},"message":"{reason}"}}', status
    )


def _envelope(sheet: Sheet, rows: list[str], extra: str = "") -> str:
    return f'{{"success":true,"data":{{"rows":[{joined(rows)}]{extra}}},"timestamp":{sheet.view.time_ms}}}'


def _status(sheet: Sheet) -> list[str]:
    return ["DELISTED" if state == effects.STOPPED else "ACTIVE" for state in sheet.column("listing").tolist()]


def _future_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","display_symbol_name":"{row.base}","broker_id":null,"status":"%s",'
        '"index_price":%.12g,"mark_price":%.12g,"sum_unitary_funding":1.0,"est_funding_rate":%.8g,'
        '"last_funding_rate":%.8g,"next_funding_time":%d,"open_interest":%.6f,"is_pretge":false,"24h_open":%.12g,'
        '"24h_close":%.12g,"24h_volume":%.6f,"24h_amount":%.6f}'
    )


def futures(sheet: Sheet, _ask: Ask) -> str:
    last, volume = sheet.column("last"), sheet.column("volume_usd")
    columns = [
        _status(sheet), sheet.column("index"), sheet.column("mark"), sheet.column("rate"), sheet.settled(),
        sheet.column("next_ms"), sheet.column("oi_base"), sheet.column("day_ago"), last, volume / last, volume,
    ]  # fmt: skip
    return _envelope(sheet, sheet.fill(sheet.templates("futures", _future_row), columns))


def _info_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","display_symbol_name":"{row.base}","broker_id":null,"funding_period":%d,'
        f'"cap_funding":{row.cap!r},"floor_funding":{-row.cap!r},"interest_rate":0.0001,"cap_ir":0.0005,'
        '"floor_ir":-0.0005,"global_max_oi_cap":%.0f,"status":"%s","is_pretge":false}'
    )


def info(sheet: Sheet, _ask: Ask) -> str:
    columns = [sheet.column("hours"), sheet.market.universe.oi_usd[sheet.part] * 4, _status(sheet)]
    return _envelope(sheet, sheet.fill(sheet.templates("info", _info_row), columns))


def _rate_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","est_funding_rate":%.8g,"est_funding_rate_timestamp":%d,'
        '"last_funding_rate":%.8g,"last_funding_rate_timestamp":%d,"next_funding_time":%d,"sum_unitary_funding":1.0}'
    )


def funding_rates(sheet: Sheet, _ask: Ask) -> str:
    columns = [
        sheet.column("rate"), sheet.times(sheet.view.time_ms // 60_000 * 60_000), sheet.settled(),
        sheet.column("previous_ms"), sheet.column("next_ms"),
    ]  # fmt: skip
    return _envelope(sheet, sheet.fill(sheet.templates("funding_rates", _rate_row), columns))


def history(sheet: Sheet, ask: Ask) -> Reply | str:
    """Newest first, in pages of up to 500."""
    name = ask.params.get("symbol", "")
    place = sheet.place("symbol", symbol, name)
    if place is None:
        return refuse(400, "symbol")
    size = min(max(ask.integer("size", 60), 1), HISTORY_ROWS)
    page = max(ask.integer("page", 1), 1)
    end_ms = ask.integer("end_t", sheet.view.time_ms)
    paid = sheet.history(place, ask.integer("start_t", end_ms - 92 * 86_400_000), end_ms)[::-1]
    rows = [
        f'{{"symbol":"{name}","funding_rate":{row.rate:.8g},"funding_rate_timestamp":{row.time_ms},'
        f'"next_funding_time":{row.time_ms + row.hours * 3_600_000}}}'
        for row in paid[(page - 1) * size : page * size]
    ]
    return _envelope(sheet, rows, f',"meta":{{"total":{len(paid)},"records_per_page":{size},"current_page":{page}}}')


WRITER = Writer(
    routes={
        "GET /v1/public/futures": futures,
        "GET /v1/public/info": info,
        "GET /v1/public/funding_rates": funding_rates,
        "GET /v1/public/funding_rate_history": history,
    },
    refuse=refuse,
    window_ms=1000,
)
