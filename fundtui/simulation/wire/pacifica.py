"""Pacifica as venue sheet pacifica describes it: the rate of the coming payment is fixed, the next one runs."""

from __future__ import annotations

from fundtui.simulation import effects
from fundtui.simulation.universe import Row
from fundtui.simulation.view import Settled
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, joined

HISTORY_ROWS = 4000
LATE_MS = 400


def symbol(row: Row) -> str:
    return row.base


def refuse(status: int, reason: str) -> Reply:
    return Reply(f'{{"success":false,"data":null,"error":"{reason}","code":{status}}}', status)


def _envelope(rows: list[str]) -> str:
    return f'{{"success":true,"data":[{joined(rows)}],"error":null,"code":null}}'


def _price_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","funding":"%.8f","next_funding":"%.8f","mark":"%.12g","mid":"%.12g",'
        '"oracle":"%.12g","open_interest":"%.4f","volume_24h":"%.6f","yesterday_price":"%.12g","timestamp":%d}'
    )


def prices(sheet: Sheet, _ask: Ask) -> str:
    columns = [
        sheet.settled(), sheet.column("rate"), sheet.column("mark"), sheet.column("last"), sheet.column("index"),
        sheet.column("oi_base"), sheet.column("volume_usd"), sheet.column("day_ago"),
        sheet.times(sheet.view.time_ms),
    ]  # fmt: skip
    trading = [at for at, state in enumerate(sheet.column("listing").tolist()) if state < effects.STOPPED]
    return _envelope(sheet.fill(sheet.templates("prices", _price_row), columns, trading))


def _info_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","tick_size":"0.1","lot_size":"0.0001","max_leverage":20,"isolated_only":false,'
        f'"min_order_size":"10","max_order_size":"5000000","funding_rate":"%.8f","next_funding_rate":"%.8f",'
        f'"created_at":1748881333944,"instrument_type":"perpetual","base_asset":"{row.base}"}}'
    )


def info(sheet: Sheet, _ask: Ask) -> str:
    columns = [sheet.settled(), sheet.column("rate")]
    return _envelope(sheet.fill(sheet.templates("info", _info_row), columns))


def history(sheet: Sheet, ask: Ask) -> Reply | str:
    """Newest first, stamped a little after the hour; the cursor is the number of rows given so far.

    A payment at an hour has the rate that was fixed an hour before.
    """
    place = sheet.place("symbol", symbol, ask.params.get("symbol", ""))
    if place is None:
        return refuse(404, "symbol")
    limit = min(max(ask.integer("limit", 100), 1), HISTORY_ROWS)
    first, now_ms = ask.integer("cursor", 0), sheet.view.time_ms
    fixed = sheet.history(place, now_ms - 92 * 86_400_000, now_ms)[::-1]
    paid: list[tuple[Settled, Settled]] = list(zip(fixed[1:], fixed, strict=False))
    rows = [
        f'{{"oracle_price":"{following.price:.6f}","bid_impact_price":"{following.price:.6f}",'
        f'"ask_impact_price":"{following.price:.6f}","funding_rate":"{row.rate:.8f}",'
        f'"next_funding_rate":"{following.rate:.8f}","created_at":{following.time_ms + LATE_MS}}}'
        for row, following in paid[first : first + limit]
        if following.time_ms + LATE_MS <= now_ms
    ]
    more = first + limit < len(paid)
    cursor = f'"{first + limit}"' if more else "null"
    return (
        f'{{"success":true,"data":[{joined(rows)}],"next_cursor":{cursor},"has_more":{"true" if more else "false"},'
        '"error":null,"code":null}'
    )


WRITER = Writer(
    routes={
        "GET /api/v1/info/prices": prices,
        "GET /api/v1/info": info,
        "GET /api/v1/funding_rate/history": history,
    },
    refuse=refuse,
    weight=lambda path, _params: 90 if path.endswith("history") else 10,
)
