"""Paradex as venue sheet paradex describes it: continuous funding per eight hours, options among the perpetuals."""

from __future__ import annotations

from fundtui.simulation import effects
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, joined

SAMPLES = 100
OPTION = "SOL-USD-25DEC26-96-C"


def symbol(row: Row) -> str:
    return f"{row.base}-USD-PERP"


def refuse(status: int, reason: str) -> Reply:
    codes = {429: "RATE_LIMIT_EXCEEDED", 404: "NOT_FOUND", 400: "INVALID_REQUEST_PARAMETER"}
    return Reply(f'{{"error":"{codes.get(status, "INTERNAL_ERROR")}","message":"{reason}"}}', status)


def _summary_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","mark_price":"%.12g","delta":"1","last_traded_price":"%.12g","bid":"%.12g",'
        '"ask":"%.12g","volume_24h":"%.6f","created_at":%d,"underlying_price":"%.12g","open_interest":"%.4f",'
        '"funding_rate":"%.14f","price_change_rate_24h":"%.6f"}'
    )


def summary(sheet: Sheet, ask: Ask) -> Reply | str:
    """All markets, or one; an option has an empty rate."""
    last = sheet.column("last")
    columns = [
        sheet.column("mark"), last, sheet.column("bid"), sheet.column("ask"), sheet.column("volume_usd"),
        sheet.times(sheet.view.time_ms), sheet.column("index"), sheet.column("oi_base"), sheet.column("rate"),
        last / sheet.column("day_ago") - 1,
    ]  # fmt: skip
    templates = sheet.templates("summary", _summary_row)
    wanted = ask.params.get("market", "")
    if wanted != "ALL":
        place = sheet.place("symbol", symbol, wanted)
        if place is None:
            return refuse(400, "market")
        return f'{{"results":[{sheet.fill(templates, columns, [place])[0]}]}}'
    trading = [at for at, state in enumerate(sheet.column("listing").tolist()) if state < effects.STOPPED]
    option = (
        f'{{"symbol":"{OPTION}","mark_price":"61.2","last_traded_price":"","bid":"60","ask":"62","volume_24h":"0",'
        f'"created_at":{sheet.view.time_ms},"underlying_price":"145","open_interest":"3","funding_rate":""}}'
    )
    return f'{{"results":[{joined([*sheet.fill(templates, columns, trading), option])}]}}'


def _market_row(row: Row) -> str:
    return (
        f'{{"symbol":"{symbol(row)}","base_currency":"{row.base}","quote_currency":"USD",'
        '"settlement_currency":"USDC","asset_kind":"PERP","expiry_at":0,"funding_period_hours":8,'
        f'"funding_multiplier":1,"max_funding_rate":"{row.cap:g}","tags":[]}}'
    )


def markets(sheet: Sheet, _ask: Ask) -> str:
    templates = [template + "%s" for template in sheet.templates("markets", _market_row)]
    rows = sheet.fill(templates, [[""] * len(sheet.rows)])
    option = (
        f'{{"symbol":"{OPTION}","base_currency":"SOL","quote_currency":"USD","settlement_currency":"USDC",'
        '"asset_kind":"OPTION","expiry_at":1798185600000,"funding_period_hours":0,"funding_multiplier":0,'
        '"max_funding_rate":"","tags":[]}'
    )
    return f'{{"results":[{joined([*rows, option])}]}}'


def funding_data(sheet: Sheet, ask: Ask) -> Reply | str:
    """Samples, newest first: the index grows by what one coin paid. One sample an hour is written here."""
    place = sheet.place("symbol", symbol, ask.params.get("market", ""))
    if place is None:
        return refuse(400, "market")
    size = min(max(ask.integer("page_size", SAMPLES), 1), 5000)
    end_ms = ask.integer("end_at", sheet.view.time_ms)
    start_ms = ask.integer("start_at", end_ms - 7 * 86_400_000)
    first = ask.integer("cursor", 0)
    origin_ms = sheet.market.start_ms - 92 * 86_400_000
    name, total = symbol(sheet.rows[place]), 20_000.0
    samples = []
    for row in sheet.history(place, origin_ms, end_ms):
        total += row.rate * row.price
        if row.time_ms >= start_ms:
            rate = row.rate * 8
            samples.append(
                f'{{"market":"{name}","funding_index":"{total:.14f}","funding_premium":"{rate * row.price:.12f}",'
                f'"funding_rate":"{rate:.14f}","funding_rate_8h":"{rate:.14f}",'
                f'"funding_period_hours":8,"created_at":{row.time_ms}}}'
            )
    samples.reverse()
    following = f'"{first + size}"' if first + size < len(samples) else "null"
    return f'{{"next":{following},"prev":null,"results":[{joined(samples[first : first + size])}]}}'


WRITER = Writer(
    routes={
        "GET /v1/markets/summary": summary,
        "GET /v1/markets": markets,
        "GET /v1/funding/data": funding_data,
    },
    refuse=refuse,
)
