"""A size as it is typed: dollars of each leg, leverage, equity."""

from __future__ import annotations

import msgspec

from fundtui.imbalance.conditions import Wanted
from fundtui.units import parse_money

MOST_LEVERAGE = 125.0


def parse_size(text: str, before: Wanted) -> Wanted:
    """`250k 3x 1M` as size, leverage and equity; what is not typed stays as it was. Raises ValueError."""
    amounts: list[float] = []
    leverage = before.leverage
    for word in text.split():
        if word[-1] in "xX":
            leverage = float(word[:-1])
        else:
            amounts.append(parse_money(word.removeprefix("$")))
    if not amounts or len(amounts) > 2:
        raise ValueError("a size, and an equity if you like, as in 250k 3x 1M")
    if not all(amount > 0 for amount in amounts):
        raise ValueError("amounts are above zero")
    if not 1 <= leverage <= MOST_LEVERAGE:
        raise ValueError(f"a leverage is from 1x to {MOST_LEVERAGE:g}x")
    size = msgspec.structs.replace(before, size_usd=amounts[0], leverage=leverage)
    return msgspec.structs.replace(size, equity_usd=amounts[1]) if len(amounts) > 1 else size


def wrong_size(text: str) -> str:
    """What is wrong with a typed size, "" if nothing; what is empty gives up."""
    if not text.strip():
        return ""
    try:
        parse_size(text, Wanted(size_usd=1.0, equity_usd=1.0, leverage=1.0))
    except ValueError as error:
        return str(error)
    return ""
