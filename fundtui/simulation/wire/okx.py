"""OKX v5 as venue sheet okx describes it: an envelope with a string code, strings everywhere, contracts of coins."""

from __future__ import annotations

from fundtui.simulation import effects
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import MINUTE_MS, Ask, Reply, Sheet, Writer, joined, select

HISTORY_ROWS = 400
SAMPLE_ROWS = 100
SAMPLED_AT_MS = 4000
X_PERP = "ETH-USD_UM_XPERP-310404"
NEAR_MS = 86_400_000


def symbol(row: Row) -> str:
    return f"{pair(row)}-SWAP"


def pair(row: Row) -> str:
    return f"{row.base}-{row.quote}"


def refuse(status: int, reason: str) -> Reply:
    codes = {429: "50011", 404: "404", 400: "51001", 503: "50001"}
    return Reply(
        f'{{"code":"{codes.get(status, "50000")}","data":[],"msg":"{reason}"}}', 200 if status == 400 else status
    )


def _envelope(rows: list[str]) -> str:
    return f'{{"code":"0","data":[{joined(rows)}],"msg":""}}'


def _funding_row(row: Row) -> str:
    return _funding_text(symbol(row), "SWAP", row.cap)


def _funding_text(name: str, kind: str, cap: float) -> str:
    return (
        f'{{"formulaType":"withRate","fundingRate":"%.16f","fundingTime":"%d","impactValue":"20000","instId":"{name}",'
        f'"instType":"{kind}","interestRate":"%.16f","maxFundingRate":"{cap:g}","method":"current_period",'
        f'"minFundingRate":"{-cap:g}","nextFundingRate":"","nextFundingTime":"%d","premium":"%.16f",'
        '"prevFundingTime":"%d","settFundingRate":"%.16f","settState":"settled","ts":"%d"}'
    )


def funding_rate(sheet: Sheet, ask: Ask) -> Reply | str:
    """ANY gives all swaps and the long-dated X-Perps, which are no swaps."""
    following, interval = sheet.column("next_ms"), sheet.column("hours") * 3_600_000
    interest = sheet.market.universe.interest_8h[sheet.part] * sheet.column("hours") / 8
    columns = [
        sheet.column("rate"), following, interest, following + interval, sheet.column("premium"),
        following - interval, sheet.settled(), sheet.times(sheet.view.time_ms),
    ]  # fmt: skip
    templates = sheet.templates("funding-rate", _funding_row)
    wanted = ask.params.get("instId", "")
    if wanted == "ANY":
        ethereum = select(sheet, lambda row: row.base == "ETH")
        x_perps = [
            _funding_text(X_PERP, "FUTURES", 0.00375) % tuple(column[at] for column in columns) for at in ethereum[:1]
        ]
        return _envelope([*sheet.fill(templates, columns), *x_perps])
    place = sheet.place("symbol", symbol, wanted)
    if place is None:
        return refuse(400, "Instrument ID does not exist")
    return _envelope(sheet.fill(templates, columns, [place]))


def _swaps(ask: Ask) -> bool:
    return ask.params.get("instType") == "SWAP"


def _ticker_row(row: Row) -> str:
    price = f"%.{row.decimals}f"
    return (
        f'{{"instType":"SWAP","instId":"{symbol(row)}","last":"{price}","lastSz":"1","askPx":"{price}","askSz":"1",'
        f'"bidPx":"{price}","bidSz":"1","open24h":"{price}","volCcy24h":"%.4f","vol24h":"%.0f","ts":"%d"}}'
    )


def tickers(sheet: Sheet, ask: Ask) -> Reply | str:
    if not _swaps(ask):
        return refuse(400, "Parameter instType error")
    last = sheet.column("last")
    coins = sheet.column("volume_usd") / last
    columns = [
        last, sheet.column("ask"), sheet.column("bid"), sheet.column("day_ago"), coins, coins,
        sheet.times(sheet.view.time_ms),
    ]  # fmt: skip
    return _envelope(sheet.fill(sheet.templates("tickers", _ticker_row), columns))


def mark_price(sheet: Sheet, ask: Ask) -> Reply | str:
    if not _swaps(ask):
        return refuse(400, "Parameter instType error")
    templates = sheet.templates(
        "mark-price",
        lambda row: f'{{"instType":"SWAP","instId":"{symbol(row)}","markPx":"%.{row.decimals}f","ts":"%d"}}',
    )
    return _envelope(sheet.fill(templates, [sheet.column("mark"), sheet.times(sheet.view.time_ms)]))


def open_interest(sheet: Sheet, ask: Ask) -> Reply | str:
    if not _swaps(ask):
        return refuse(400, "Parameter instType error")
    templates = sheet.templates(
        "open-interest",
        lambda row: (
            f'{{"instType":"SWAP","instId":"{symbol(row)}","oi":"%.2f","oiCcy":"%.4f","oiUsd":"%.2f","ts":"%d"}}'
        ),
    )
    coins, dollars = sheet.column("oi_base"), sheet.column("oi_usd")
    lots = [row.lot for row in sheet.rows]
    contracts = [
        (usd if row.inverse else coin) / lot
        for row, coin, usd, lot in zip(sheet.rows, coins.tolist(), dollars.tolist(), lots, strict=True)
    ]
    return _envelope(sheet.fill(templates, [contracts, coins, dollars, sheet.times(sheet.view.time_ms)]))


def index_tickers(sheet: Sheet, ask: Ask) -> Reply | str:
    """Keyed by the pair without -SWAP."""
    places = select(sheet, lambda row: row.quote == ask.params.get("quoteCcy"))
    templates = sheet.templates(
        "index-tickers", lambda row: f'{{"instId":"{pair(row)}","idxPx":"%.{row.decimals}f","ts":"%d"}}'
    )
    return _envelope(sheet.fill(templates, [sheet.column("index"), sheet.times(sheet.view.time_ms)], places))


def _instrument_row(row: Row) -> str:
    kind, unit = ("inverse", "USD") if row.inverse else ("linear", row.base)
    return (
        f'{{"alias":"","baseCcy":"","category":"1","ctMult":"1","ctType":"{kind}","ctVal":"{row.lot:g}",'
        f'"ctValCcy":"{unit}","expTime":"%s","instFamily":"{pair(row)}","instId":"{symbol(row)}","instType":"SWAP",'
        f'"lever":"50","listTime":"1611916828000","quoteCcy":"","ruleType":"normal","settleCcy":"{row.settle}",'
        f'"state":"%s","uly":"{pair(row)}"}}'
    )


def instruments(sheet: Sheet, ask: Ask) -> Reply | str:
    if not _swaps(ask):
        return refuse(400, "Parameter instType error")
    listing = sheet.column("listing").tolist()
    ends = str(sheet.view.time_ms // 60_000 * 60_000 + NEAR_MS)
    expiries = [ends if state else "" for state in listing]
    states = ["suspend" if state == effects.STOPPED else "live" for state in listing]
    return _envelope(sheet.fill(sheet.templates("instruments", _instrument_row), [expiries, states]))


def history(sheet: Sheet, ask: Ask) -> Reply | str:
    """Newest first; `after` asks for older rows than a time, `before` for newer ones; about three months."""
    name = ask.params.get("instId", "")
    place = sheet.place("symbol", symbol, name)
    if place is None:
        return refuse(400, "Instrument ID does not exist")
    limit = min(max(ask.integer("limit", HISTORY_ROWS), 1), HISTORY_ROWS)
    now_ms = sheet.view.time_ms
    from_ms = max(ask.integer("before", 0) + 1, now_ms - 92 * 86_400_000)
    paid = sheet.history(place, from_ms, ask.integer("after", now_ms + 1) - 1)
    return _envelope(
        [
            f'{{"formulaType":"withRate","fundingRate":"{row.rate * 1.0003:.16f}","fundingTime":"{row.time_ms}",'
            f'"instId":"{name}","instType":"SWAP","method":"current_period","realizedRate":"{row.rate:.16f}"}}'
            for row in reversed(paid[-limit:])
        ]
    )


def premium_history(sheet: Sheet, ask: Ask) -> Reply | str:
    """A sample a minute, some seconds into it, newest first; bounds as in the history of rates."""
    name = ask.params.get("instId", "")
    place = sheet.place("symbol", symbol, name)
    if place is None:
        return refuse(400, "Instrument ID does not exist")
    limit = min(max(ask.integer("limit", SAMPLE_ROWS), 1), SAMPLE_ROWS)
    now_ms = sheet.view.time_ms
    newest_ms = min(ask.integer("after", now_ms + 1) - 1, now_ms)
    oldest_ms = max(ask.integer("before", 0) + 1, newest_ms - limit * MINUTE_MS)
    first_ms = oldest_ms + (SAMPLED_AT_MS - oldest_ms) % MINUTE_MS
    times = list(range(first_ms, newest_ms + 1, MINUTE_MS))[-limit:]
    rows = [
        f'{{"instId":"{name}","premium":"{premium:.16f}","ts":"{time_ms}"}}'
        for time_ms, premium in zip(times, sheet.premiums(place, times).tolist(), strict=True)
    ]
    return _envelope(rows[::-1])


WRITER = Writer(
    routes={
        "GET /api/v5/public/funding-rate": funding_rate,
        "GET /api/v5/market/tickers": tickers,
        "GET /api/v5/public/mark-price": mark_price,
        "GET /api/v5/public/open-interest": open_interest,
        "GET /api/v5/market/index-tickers": index_tickers,
        "GET /api/v5/public/instruments": instruments,
        "GET /api/v5/public/funding-rate-history": history,
        "GET /api/v5/public/premium-history": premium_history,
    },
    refuse=refuse,
    window_ms=2000,
)
