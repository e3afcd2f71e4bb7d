"""dYdX v4's indexer as venue sheet dydx describes it: an object keyed by ticker, hourly rates, one oracle price."""

from __future__ import annotations

from datetime import UTC, datetime

from fundtui.simulation import effects
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, iso, joined

HISTORY_ROWS = 100
BLOCK_MS = 1100
_LONG_NAMES = {"FARTCOIN": "FARTCOIN,RAYDIUM,9BB6NFECJBCTNNLFKO2FQVQBQ8HHM13KCYYCDQBGPUMP"}


def symbol(row: Row) -> str:
    return f"{_LONG_NAMES.get(row.base, row.base)}-USD"


def refuse(status: int, reason: str) -> Reply:
    return Reply(f'{{"errors":[{{"msg":"{reason}"}}]}}', status)


def _market_row(row: Row) -> str:
    price = f"%.{row.decimals + 2}f"
    margin = 8 * row.cap / 6
    initial = 0.02 if margin < 0.012 else 0.05
    return (
        f'"{symbol(row)}":{{"clobPairId":"{row.number}","ticker":"{symbol(row)}","status":"%s",'
        f'"oraclePrice":"{price}","priceChange24H":"{price}","volume24H":"%.4f","trades24H":100,'
        f'"nextFundingRate":"%s","initialMarginFraction":"{initial}",'
        f'"maintenanceMarginFraction":"{initial - margin:.6g}","openInterest":"%.4f","atomicResolution":-9,'
        '"quantumConversionExponent":-9,"tickSize":"0.1","stepSize":"0.001","stepBaseQuantums":1000000,'
        '"subticksPerTick":100000,"marketType":"CROSS","openInterestLowerCap":"0","openInterestUpperCap":"%d",'
        '"baseOpenInterest":"%.4f","defaultFundingRate1H":"0"}'
    )


def _plain(value: float) -> str:
    """Up to twenty digits without trailing zeros; "0" for nothing."""
    return f"{value:.20f}".rstrip("0").rstrip(".") if value else "0"


def _columns(sheet: Sheet) -> list[object]:
    stopped = (sheet.column("listing") == effects.STOPPED).tolist()
    index = sheet.column("index")
    caps = [0 if row.asset.rank < 3 else int(4e6 + 4 * sheet.market.universe.oi_usd[row.at]) for row in sheet.rows]
    return [
        ["FINAL_SETTLEMENT" if stop else "ACTIVE" for stop in stopped], index, index - sheet.column("day_ago"),
        sheet.column("volume_usd"),
        ["0" if stop else _plain(rate) for stop, rate in zip(stopped, sheet.column("rate").tolist(), strict=True)],
        sheet.column("oi_base"), caps, sheet.column("oi_base"),
    ]  # fmt: skip


def markets(sheet: Sheet, ask: Ask) -> Reply | str:
    places = None
    if "ticker" in ask.params or "market" in ask.params:
        place = sheet.place("symbol", symbol, ask.params.get("ticker", ask.params.get("market", "")))
        if place is None:
            return refuse(404, "Market not found")
        places = [place]
    return f'{{"markets":{{{joined(sheet.fill(sheet.templates("markets", _market_row), _columns(sheet), places))}}}}}'


def history(sheet: Sheet, ask: Ask) -> Reply | str:
    """Newest first, up to a hundred rows not later than a time in ISO form; stamped a little after the hour."""
    name = ask.segment.replace("%2C", ",")
    place = sheet.place("symbol", symbol, name)
    if place is None:
        return refuse(404, "Market not found")
    limit = min(max(ask.integer("limit", HISTORY_ROWS), 1), HISTORY_ROWS)
    now_ms = sheet.view.time_ms
    until_ms = _milliseconds(ask.params.get("effectiveBeforeOrAt", ""), now_ms)
    paid = sheet.history(place, until_ms - (limit + 2) * 3_600_000, until_ms)
    stamped = [(row, row.time_ms + 100 + row.time_ms // 3_600_000 * 131 % 700) for row in reversed(paid)]
    rows = (
        f'{{"ticker":"{name}","rate":"{_plain(row.rate)}","price":"{row.price:.8f}",'
        f'"effectiveAt":"{iso(time_ms)}","effectiveAtHeight":"{time_ms // BLOCK_MS - 1_500_000_000}"}}'
        for row, time_ms in [pair for pair in stamped if pair[1] <= until_ms][:limit]
    )
    return f'{{"historicalFunding":[{joined(rows)}]}}'


def _milliseconds(text: str, missing: int) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return missing
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


WRITER = Writer(
    routes={"GET /v4/perpetualMarkets": markets, "GET /v4/historicalFunding/*": history},
    refuse=refuse,
    window_ms=10_000,
)
