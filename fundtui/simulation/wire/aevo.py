"""Aevo as venue sheet aevo describes it: decimal strings for everything, rates rounded to six decimals."""

from __future__ import annotations

from fundtui.simulation import effects
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, joined

HISTORY_ROWS = 50
NANO = 1_000_000


def symbol(row: Row) -> str:
    return f"{row.base}-PERP"


def refuse(status: int, reason: str) -> Reply:
    return Reply(f'{{"error":"{reason}"}}', status)


def _short(values: list[float]) -> list[str]:
    return [f"{value:.6f}".rstrip("0").rstrip(".") for value in values]


def _statistics_row(row: Row) -> str:
    return (
        f'{{"ticker_id":"{symbol(row)}","base_currency":"{row.base}","target_currency":"USD","target_volume":"%.6f",'
        '"product_type":"Perpetual","open_interest":"%.6f","index_price":"%.12g","index_currency":"USD",'
        '"next_funding_rate_timestamp":"%d","funding_rate":"%s","contract_type":"Vanilla",'
        '"contract_price_currency":"USD"}'
    )


def statistics(sheet: Sheet, _ask: Ask) -> str:
    """A contract that no longer trades is missing."""
    columns = [
        sheet.column("volume_usd"), sheet.column("oi_base"), sheet.column("index"), sheet.column("next_ms") // 1000,
        _short(sheet.column("rate").tolist()),
    ]  # fmt: skip
    trading = [at for at, state in enumerate(sheet.column("listing").tolist()) if state < effects.STOPPED]
    return f"[{joined(sheet.fill(sheet.templates('statistics', _statistics_row), columns, trading))}]"


def _market_row(row: Row) -> str:
    return (
        f'{{"instrument_id":"{row.number + 1}","instrument_name":"{symbol(row)}","instrument_type":"PERPETUAL",'
        f'"underlying_asset":"{row.base}","quote_asset":"USDC","max_notional_value":"10000000","mark_price":"%.12g",'
        '"index_price":"%.12g","is_active":%s,"max_leverage":"20","is_rwa":false,"market_type":"crypto"}'
    )


def markets(sheet: Sheet, _ask: Ask) -> str:
    active = ["false" if state == effects.STOPPED else "true" for state in sheet.column("listing").tolist()]
    columns = [sheet.column("mark"), sheet.column("index"), active]
    return f"[{joined(sheet.fill(sheet.templates('markets', _market_row), columns))}]"


def funding(sheet: Sheet, ask: Ask) -> Reply | str:
    place = sheet.place("symbol", symbol, ask.params.get("instrument_name", ""))
    if place is None:
        return refuse(404, "instrument not found")
    following = int(sheet.column("next_ms")[place]) * NANO
    (rate,) = _short([float(sheet.column("rate")[place])])
    return f'{{"funding_rate":"{rate}","next_epoch":"{following}"}}'


def history(sheet: Sheet, ask: Ask) -> Reply | str:
    """Newest first, up to fifty; times are nanoseconds."""
    name = ask.params.get("instrument_name", "")
    place = sheet.place("symbol", symbol, name)
    if place is None:
        return refuse(404, "instrument not found")
    limit = min(max(ask.integer("limit", HISTORY_ROWS), 1), HISTORY_ROWS)
    end_ms = ask.integer("end_time", sheet.view.time_ms * NANO) // NANO
    start_ms = -(-ask.integer("start_time", (end_ms - 60 * 86_400_000) * NANO) // NANO)
    paid = sheet.history(place, start_ms, end_ms)[::-1][:limit]
    rates = _short([row.rate for row in paid])
    rows = (
        f'["{name}","{row.time_ms * NANO}","{rate}","{row.price:.6f}"]' for row, rate in zip(paid, rates, strict=True)
    )
    return f'{{"funding_history":[{joined(rows)}]}}'


WRITER = Writer(
    routes={
        "GET /coingecko-statistics": statistics,
        "GET /markets": markets,
        "GET /funding": funding,
        "GET /funding-history": history,
    },
    refuse=refuse,
)
