"""Deribit as venue sheet deribit describes it: JSON-RPC over GET, continuous funding, dated rows among perpetuals."""

from __future__ import annotations

import numpy as np

from fundtui.simulation import effects
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, joined, select

NEVER_MS = 32_503_708_800_000
HISTORY_ROWS = 744
_DATED = (("27MAR26", 1_774_598_400_000, 1.004), ("26JUN26", 1_782_460_800_000, 1.013))


def symbol(row: Row) -> str:
    return f"{row.base}-PERPETUAL" if row.inverse else f"{row.base}_{row.quote}-PERPETUAL"


def refuse(status: int, reason: str) -> Reply:
    codes = {429: 10028, 404: -32601, 400: -32602, 503: 11051}
    text = "too_many_requests" if status == 429 else reason
    return Reply(
        f'{{"jsonrpc":"2.0","error":{{"message":"{text}","code":{codes.get(status, 11094)}}},"usIn":0,"usOut":0,'
        '"usDiff":0,"testnet":false}',
        status,
    )


def _envelope(sheet: Sheet, result: str) -> str:
    now_us = sheet.view.time_ms * 1000
    return f'{{"jsonrpc":"2.0","result":{result},"usIn":{now_us},"usOut":{now_us + 420},"usDiff":420,"testnet":false}}'


def _summary_row(row: Row) -> str:
    return (
        f'{{"instrument_name":"{symbol(row)}","base_currency":"{row.base}","quote_currency":"{row.quote}",'
        '"mark_price":%.10g,"last":%.10g,"bid_price":%.10g,"ask_price":%.10g,"mid_price":%.10g,'
        '"estimated_delivery_price":%.10g,"open_interest":%s,"volume":%.8f,"volume_usd":%.2f,"volume_notional":%.2f,'
        '"current_funding":%.10g,"funding_8h":%.10g,"high":null,"low":null,"price_change":%.4f,'
        '"creation_timestamp":%d}'
    )


def _in_currency(sheet: Sheet, currency: str) -> list[int]:
    """Coin-margined contracts are found under their coin, the others under their quote currency."""
    if currency == "any":
        return list(range(len(sheet.rows)))
    return select(sheet, lambda row: (row.base if row.inverse else row.quote) == currency)


def book_summary(sheet: Sheet, ask: Ask) -> Reply | str:
    currency = ask.params.get("currency", "")
    if not currency:
        return refuse(400, "Invalid params")
    inverse = sheet.market.universe.inverse[sheet.part]
    last, volume, mark = sheet.column("last"), sheet.column("volume_usd"), sheet.column("mark")
    dollars, coins = sheet.column("oi_usd"), sheet.column("oi_base")
    interest = [
        f"{usd:.0f}" if row.inverse else f"{coin:.4f}"
        for row, usd, coin in zip(sheet.rows, dollars.tolist(), coins.tolist(), strict=True)
    ]
    columns = [
        mark, last, sheet.column("bid"), sheet.column("ask"), (sheet.column("bid") + sheet.column("ask")) / 2,
        sheet.column("index"), interest, volume / last, volume, np.where(inverse, volume, volume),
        sheet.column("rate"), sheet.market.accrued(sheet.view, sheet.part),
        (last / sheet.column("day_ago") - 1) * 100, sheet.times(sheet.view.time_ms),
    ]  # fmt: skip
    rows = sheet.fill(sheet.templates("summary", _summary_row), columns, _in_currency(sheet, currency))
    return _envelope(sheet, f"[{joined([*rows, *_dated_summaries(sheet, currency)])}]")


def _dated_summaries(sheet: Sheet, currency: str) -> list[str]:
    """Rows of dated futures: the same keys without the two of funding."""
    rows = []
    for row in sheet.rows:
        if row.inverse and currency in ("any", row.base):
            index = float(sheet.column("index")[row.number])
            rows += [
                f'{{"instrument_name":"{row.base}-{code}","base_currency":"{row.base}","quote_currency":"USD",'
                f'"mark_price":{index * ratio:.2f},"last":{index * ratio:.2f},"bid_price":null,"ask_price":null,'
                f'"mid_price":null,"estimated_delivery_price":{index:.2f},"open_interest":8901820,"volume":25.1,'
                f'"volume_usd":1945070.0,"volume_notional":1945070.0,"high":null,"low":null,"price_change":0.1,'
                f'"creation_timestamp":{sheet.view.time_ms}}}'
                for code, _expiry, ratio in _DATED
            ]
    return rows


def _instrument_row(row: Row) -> str:
    return _instrument_text(row, symbol(row), "perpetual", NEVER_MS)


def _instrument_text(row: Row, name: str, period: str, expiry_ms: int) -> str:
    kind, size = ("reversed", row.lot / 10) if row.inverse else ("linear", row.lot)
    settle = row.base if row.inverse else row.quote
    return (
        f'{{"instrument_name":"{name}","kind":"future","future_type":"{kind}","instrument_type":"{kind}",'
        f'"base_currency":"{row.base}","quote_currency":"{row.quote}","counter_currency":"{row.quote}",'
        f'"settlement_currency":"{settle}","settlement_period":"{period}","expiration_timestamp":{expiry_ms},'
        f'"creation_timestamp":1534242287000,"contract_size":{size:g},"price_index":"{row.base.lower()}_'
        f'{row.quote.lower()}","is_active":%s,"state":"%s","maker_commission":0.0,"taker_commission":0.0005,'
        f'"max_leverage":50,"min_trade_amount":1,"tick_size":0.5,"instrument_id":{210000 + row.number}}}'
    )


def instruments(sheet: Sheet, ask: Ask) -> Reply | str:
    currency = ask.params.get("currency", "")
    if not currency:
        return refuse(400, "Invalid params")
    stopped = (sheet.column("listing") == effects.STOPPED).tolist()
    columns = [["false" if stop else "true" for stop in stopped], ["closed" if stop else "open" for stop in stopped]]
    rows = sheet.fill(sheet.templates("instruments", _instrument_row), columns, _in_currency(sheet, currency))
    dated = [
        _instrument_text(row, f"{row.base}-{code}", "month", expiry_ms) % ("true", "open")
        for row in sheet.rows
        if row.inverse and currency in ("any", row.base)
        for code, expiry_ms, _ratio in _DATED
    ]
    return _envelope(sheet, f"[{joined([*rows, *dated])}]")


def ticker(sheet: Sheet, ask: Ask) -> Reply | str:
    name = ask.params.get("instrument_name", "")
    place = sheet.place("symbol", symbol, name)
    if place is None:
        return refuse(400, "instrument_not_found")
    row = sheet.rows[place]
    interest = sheet.column("oi_usd" if row.inverse else "oi_base")[place]
    funding = sheet.market.accrued(sheet.view, sheet.part)[place]
    return _envelope(
        sheet,
        f'{{"instrument_name":"{name}","state":"open","timestamp":{sheet.view.time_ms},'
        f'"mark_price":{sheet.column("mark")[place]:.10g},"index_price":{sheet.column("index")[place]:.10g},'
        f'"last_price":{sheet.column("last")[place]:.10g},"open_interest":{interest:.4f},'
        f'"current_funding":{sheet.column("rate")[place]:.10g},"funding_8h":{funding:.10g},'
        f'"interest_value":{funding * 3:.10g}}}',
    )


def history(sheet: Sheet, ask: Ask) -> Reply | str:
    """Hourly rows, oldest first; a window of more than a month silently gives its end."""
    place = sheet.place("symbol", symbol, ask.params.get("instrument_name", ""))
    start_ms, end_ms = ask.integer("start_timestamp", -1), ask.integer("end_timestamp", -1)
    if place is None or start_ms < 0 or end_ms < 0:
        return refuse(400, "Invalid params")
    paid = sheet.history(place, start_ms - 8 * 3_600_000, end_ms)
    shown = [at for at, row in enumerate(paid) if row.time_ms >= start_ms][-HISTORY_ROWS:]
    rows = (
        f'{{"timestamp":{paid[at].time_ms},"index_price":{paid[at].price:.8g},'
        f'"prev_index_price":{paid[max(at - 1, 0)].price:.8g},'
        f'"interest_8h":{sum(row.rate for row in paid[max(at - 7, 0) : at + 1])!r},"interest_1h":{paid[at].rate!r}}}'
        for at in shown
    )
    return _envelope(sheet, f"[{joined(rows)}]")


WRITER = Writer(
    routes={
        "GET /api/v2/public/get_book_summary_by_currency": book_summary,
        "GET /api/v2/public/get_instruments": instruments,
        "GET /api/v2/public/ticker": ticker,
        "GET /api/v2/public/get_funding_rate_history": history,
    },
    refuse=refuse,
    window_ms=1000,
)
