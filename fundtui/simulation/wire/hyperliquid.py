"""Hyperliquid as venue sheet hyperliquid describes it: one path, a JSON body that says what is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fundtui.simulation import effects
from fundtui.simulation.assets import Sort
from fundtui.simulation.universe import Row
from fundtui.simulation.wire.sheet import Ask, Reply, Sheet, Writer, joined

HISTORY_ROWS = 500
DEX = "xyz"


def _on_dex(row: Row) -> bool:
    return row.asset.sort is not Sort.COIN


def symbol(row: Row) -> str:
    name = {"XAU": "GOLD", "XAG": "SILVER", "SPX500": "SP500", "NAS100": "XYZ100"}.get(row.base, row.base)
    return f"{DEX}:{name}" if _on_dex(row) else row.base


def refuse(status: int, reason: str) -> Reply:
    if status == 429:
        return Reply("null", status)
    if status == 404:
        return Reply("", status, "text/plain")
    return Reply(f"Failed to deserialize the JSON body into the target type: {reason}", status, "text/plain")


def _coin(row: Row) -> str:
    """An entry of `universe`; the second form is that of a delisted coin, which stays in its place."""
    isolated = ',"onlyIsolated":true' if row.asset.rank > 140 else ""
    return f'{{"szDecimals":2,"name":"{symbol(row)}","maxLeverage":10,"marginTableId":52{isolated}%s}}'


def _context(row: Row) -> str:
    price = f"%.{max(row.decimals, 1)}f"
    return (
        f'{{"funding":"%.10f","openInterest":"%.4f","prevDayPx":"{price}","dayNtlVlm":"%.6f","premium":"%.10f",'
        f'"oraclePx":"{price}","markPx":"{price}","midPx":"{price}","impactPxs":["{price}","{price}"],'
        '"dayBaseVlm":"%.4f"}'
    )


def _dead_context(row: Row) -> str:
    price = f"%.{max(row.decimals, 1)}f"
    return (
        f'{{"funding":"0.0","openInterest":"0.0","prevDayPx":"{price}","dayNtlVlm":"0.0","premium":null,'
        f'"oraclePx":"{price}","markPx":"{price}","midPx":null,"impactPxs":null,"dayBaseVlm":"0.0"}}'
    )


def meta_and_contexts(sheet: Sheet, question: dict[str, Any]) -> Reply | str:
    dex = question.get("dex", "")
    if dex not in ("", DEX):
        return refuse(422, f"unknown dex {dex}")
    places = [row.number for row in sheet.rows if _on_dex(row) == bool(dex)]
    gone = (sheet.column("listing") >= effects.STOPPED).tolist()
    coins, contexts = sheet.templates("coin", _coin), sheet.templates("context", _context)
    dead = sheet.templates("dead", _dead_context)
    index, mark, volume = sheet.column("index"), sheet.column("mark"), sheet.column("volume_usd")
    columns = [
        sheet.column("rate"), sheet.column("oi_base"), sheet.column("day_ago"), volume, sheet.column("premium"),
        index, mark, sheet.column("last"), sheet.column("bid"), sheet.column("ask"), volume / mark,
    ]  # fmt: skip
    values = list(zip(*[column.tolist() for column in columns], strict=True))
    universe = joined(coins[at] % (',"isDelisted":true' if gone[at] else "") for at in places)
    rows = joined(
        dead[at] % (values[at][2], values[at][5], values[at][6]) if gone[at] else contexts[at] % values[at]
        for at in places
    )
    return f'[{{"universe":[{universe}],"marginTables":[],"collateralToken":0}},[{rows}]]'


def perp_dexs(sheet: Sheet, _question: dict[str, Any]) -> str:
    caps = joined(f'["{symbol(row)}","250000000.0"]' for row in sheet.rows if _on_dex(row))
    return (
        f'[null,{{"name":"{DEX}","fullName":"XYZ","deployer":"0x0000000000000000000000000000000000000001",'
        f'"oracleUpdater":null,"feeRecipient":null,"assetToStreamingOiCap":[{caps}],"subDeployers":[],'
        '"assetToFundingMultiplier":[],"assetToFundingInterestRate":[]}]'
    )


def at_cap(_sheet: Sheet, _question: dict[str, Any]) -> str:
    return "[]"


def dex_limits(sheet: Sheet, _question: dict[str, Any]) -> str:
    caps = joined(f'["{symbol(row)}","250000000.0"]' for row in sheet.rows if _on_dex(row))
    return (
        f'{{"totalOiCap":"2000000000.0","oiSzCapPerPerp":"1000000000.0","maxTransferNtl":"1.0","coinToOiCap":[{caps}]}}'
    )


def concise_annotations(sheet: Sheet, _question: dict[str, Any]) -> str:
    words = {Sort.SHARE: "stocks", Sort.COMMODITY: "commodities", Sort.INDEX: "indices"}
    return (
        "["
        + joined(f'["{symbol(row)}",{{"category":"{words[row.asset.sort]}"}}]' for row in sheet.rows if _on_dex(row))
        + "]"
    )


def all_mids(sheet: Sheet, _question: dict[str, Any]) -> str:
    mids = sheet.column("last").tolist()
    return "{" + joined(f'"{symbol(row)}":"{mids[row.number]:.{row.decimals}f}"' for row in sheet.rows) + "}"


def predicted(sheet: Sheet, _question: dict[str, Any]) -> str:
    """The comparison table, with this venue's own column; times are the coming full hour."""
    rates, following = sheet.column("rate").tolist(), int(sheet.column("next_ms")[0])
    return (
        "["
        + joined(
            f'["{symbol(row)}",[["HlPerp",{{"fundingRate":"{rates[row.number]:.10f}","nextFundingTime":{following},'
            '"fundingIntervalHours":1}]]]'
            for row in sheet.rows
            if not _on_dex(row)
        )
        + "]"
    )


def funding_history(sheet: Sheet, question: dict[str, Any]) -> Reply | str:
    place = sheet.place("symbol", symbol, str(question.get("coin", "")))
    start_ms = question.get("startTime")
    if place is None or not isinstance(start_ms, int):
        return Reply("null", 500)
    end_ms = question.get("endTime", sheet.view.time_ms)
    paid = [
        row for row in sheet.history(place, start_ms - 60_000, end_ms) if row.time_ms + _late(row.time_ms) >= start_ms
    ]
    name = symbol(sheet.rows[place])
    rows = (
        f'{{"coin":"{name}","fundingRate":"{row.rate:.10f}","premium":"{row.premium:.10f}",'
        f'"time":{row.time_ms + _late(row.time_ms)}}}'
        for row in paid[:HISTORY_ROWS]
    )
    return f"[{joined(rows)}]"


def _late(time_ms: int) -> int:
    """Payments are stamped a few to a hundred milliseconds after the hour."""
    return 3 + time_ms // 3_600_000 * 37 % 97


_TYPES: dict[str, Callable[[Sheet, dict[str, Any]], Reply | str]] = {
    "metaAndAssetCtxs": meta_and_contexts,
    "perpDexs": perp_dexs,
    "perpConciseAnnotations": concise_annotations,
    "perpsAtOpenInterestCap": at_cap,
    "perpDexLimits": dex_limits,
    "predictedFundings": predicted,
    "fundingHistory": funding_history,
    "allMids": all_mids,
}


def info(sheet: Sheet, ask: Ask) -> Reply | str:
    try:
        question = msgspec.json.decode(ask.body)
    except msgspec.DecodeError:
        return refuse(422, "not JSON")
    handler = _TYPES.get(question.get("type", "")) if isinstance(question, dict) else None
    return refuse(422, "unknown variant") if handler is None else handler(sheet, question)


WRITER = Writer(routes={"POST /info": info}, refuse=refuse, weight=lambda _path, _params: 20)
