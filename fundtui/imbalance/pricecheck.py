"""Whether an instrument is the thing its name says: its price held against its asset's (design §4, Identity).

The price is the index; where no instrument of the asset has one, the mark. An instrument with a mark only is held
against the others' indexes with more room, because a mark leaves the index in just those hours that matter.

Who may say what the price is: instruments whose data is not late and whose venue has told all about its contracts.
Late ones are not judged at all. A verdict that two of them agree on is firm, and so is any verdict that has stood for
three observations; a firm one turns after three observations of the instrument itself that speak against it, another
one at once. So a venue that lags in a fast market does not flap, and who answers first does not matter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundtui.imbalance.checks import MISMATCH
from fundtui.imbalance.rows import Flags, Floats, Index, Where, every, some
from fundtui.imbalance.segments import Course, Segments
from fundtui.imbalance.state import InstrumentRows

INDEX_TOLERANCE = 0.02
MARK_TOLERANCE = 0.05
TURNS_AFTER = 3
AGREEING = 2


class Prices(NamedTuple):
    """Per cell: the price (NaN: none), whether it is an index, open interest, and whether it was seen just now."""

    price: Floats
    by_index: Flags
    oi_usd: Floats
    fresh: Flags


class Verdicts(NamedTuple):
    """Per cell whether it is left out; cells whose quarantine turned, and those the journal should hear of."""

    wrong: Flags
    turned: Index
    news: Index


_NONE: Index = np.empty(0, np.intp)
NO_VERDICTS = Verdicts(np.empty(0, np.bool_), _NONE, _NONE)


class _Opinion(NamedTuple):
    """What this look says: per cell, and whether at least two agree on what the price is."""

    wrong: Flags
    apart: Flags
    agreed: Flags


def price(index: Floats, mark: Floats, rows: InstrumentRows, where: Where) -> Floats:
    """What one unit of the asset costs by these rows' index, else mark; NaN where it compares with nobody else's."""
    listed = index
    if not every(index > 0):
        listed = np.where(index > 0, index, np.where(mark > 0, mark, np.nan))
    each: Floats = listed / rows.multiplier[where]
    comparable = rows.comparable_price[where]
    if not every(comparable):
        each[~comparable] = np.nan
    return each


def is_settled(groups: Segments, cells: Index, rows: InstrumentRows) -> bool:
    """Whether nothing is open about the prices of these cells and all verdicts are firm; one alone needs none."""
    if some(rows.price_open[cells]):
        return False
    return every(rows.price_firm[cells] | groups.each(groups.sizes < AGREEING))


def undisputed(
    groups: Segments, cells: Index, rows: InstrumentRows, price: Floats, course: Course, *, settled: bool = False
) -> bool:
    """Whether the prices agree and nothing was open about them; the usual case, which `judge` need not look into.

    None of the cells is quarantined for its price; `course` is that of the prices. `settled`: they were (`is_settled`).
    """
    if not settled and some(rows.price_open[cells]):
        return False
    low, high = course.low, course.high
    late = rows.late[cells] if some(rows.late) else None
    if late is not None and some(late):
        judged = np.where(late, np.nan, price)
        low, high = groups.least(judged), groups.greatest(judged)
    if some(high > low * (1.0 + INDEX_TOLERANCE)):
        return False
    if not settled:
        known = price == price if late is None else (price == price) & ~late
        agreed = known & groups.each(groups.counts(known) >= AGREEING)
        _harden(rows, cells[agreed & ~rows.price_firm[cells]])
    return True


def _harden(rows: InstrumentRows, agreed: Index) -> None:
    """Verdicts that two agree on are firm, and no news."""
    rows.price_firm[agreed] = True
    rows.price_quiet[agreed] = False
    rows.judgements += len(agreed)


def judge(groups: Segments, cells: Index, rows: InstrumentRows, seen: Prices) -> Verdicts:
    """Judge the instruments of some assets whose prices are not `undisputed`; writes the verdicts down in `rows`."""
    known = (seen.price == seen.price) & ~rows.late[cells]
    out = (rows.checks[cells] & MISMATCH) != 0
    price = np.where(known, seen.price, np.nan)
    apart = np.flatnonzero(groups.greatest(price) > groups.least(price) * (1.0 + INDEX_TOLERANCE))
    opinion = _opinion(groups, cells, rows, price, seen, apart)
    return _decide(cells, rows, seen, known, out, opinion)


def _opinion(
    groups: Segments, cells: Index, rows: InstrumentRows, price: Floats, seen: Prices, apart: Index
) -> _Opinion:
    known = price == price
    wrong = np.zeros(len(cells), np.bool_)
    agreed = known & groups.each(groups.counts(known) >= AGREEING)
    disputed = np.zeros(len(cells), np.bool_)
    for group in apart.tolist():
        those = slice(groups.starts[group], groups.starts[group] + groups.sizes[group])
        jury = _jury(known[those], ~rows.learning[cells[those]], seen.by_index[those])
        middle = reference(price[those][jury], seen.oi_usd[those][jury])
        strict = seen.by_index[those] | ~seen.by_index[those][jury].any()
        room = np.where(strict, INDEX_TOLERANCE, MARK_TOLERANCE)
        wrong[those] = np.abs(price[those] / middle - 1.0) > room
        agreed[those] = np.count_nonzero(jury & ~wrong[those]) >= AGREEING
        disputed[those] = True
    return _Opinion(wrong, disputed, agreed)


def _jury(known: Flags, told: Flags, by_index: Flags) -> Flags:
    """Who says what the price is: of those that may, those with an index. Somebody must."""
    for chosen in (known & told & by_index, known & told, known & by_index):
        if chosen.any():
            return chosen
    return known


def reference(price: Floats, oi_usd: Floats) -> float:
    """What the asset costs: the median of known prices.

    With an even number whose two middle prices are themselves apart, nobody is in the middle: the one of the two with
    more open interest stands for the asset. So of two that disagree, the larger market keeps the name.
    """
    order = np.argsort(price, kind="stable")
    low, high = order[(len(order) - 1) >> 1], order[len(order) >> 1]
    if price[high] <= price[low] * (1.0 + INDEX_TOLERANCE):
        return 0.5 * float(price[low] + price[high])
    low_oi, high_oi = np.nan_to_num(oi_usd[[low, high]])
    if low_oi == high_oi:
        return float(price[min(low, high)])
    return float(price[high] if high_oi > low_oi else price[low])


def _decide(cells: Index, rows: InstrumentRows, seen: Prices, known: Flags, out: Flags, opinion: _Opinion) -> Verdicts:
    firm, streak = rows.price_firm[cells], rows.price_streak[cells]
    against = known & (opinion.wrong != out)
    # Of a firm verdict the observations against it are counted, of another one all of them.
    counted = np.where(against | ~firm, streak + 1, 0)
    streak = np.where(seen.fresh & known, counted, streak)
    turns = against & (~firm | (streak >= TURNS_AFTER))
    after = out ^ turns
    streak[turns] = np.where(firm[turns], 0, seen.fresh[turns])
    hardens = ~firm & known & (opinion.agreed | (streak >= TURNS_AFTER))
    streak[hardens] = 0
    firm |= hardens
    rows.price_firm[cells], rows.price_streak[cells] = firm, streak
    rows.price_open[cells] = known & ((after != opinion.wrong) | (opinion.apart & ~firm))
    rows.checks[cells] = np.where(after, rows.checks[cells] | MISMATCH, rows.checks[cells] & ~MISMATCH)
    rows.judgements += 1
    return Verdicts(after, cells[turns], _news(cells, rows, firm, after))


def _news(cells: Index, rows: InstrumentRows, firm: Flags, out: Flags) -> Index:
    """Firm verdicts that nobody has heard of. The first one about what a venue began with is no news."""
    quiet = firm & rows.price_quiet[cells]
    rows.price_told[cells] = np.where(quiet, out, rows.price_told[cells])
    rows.price_quiet[cells] &= ~quiet
    news: Index = cells[firm & (out != rows.price_told[cells])]
    rows.price_told[news] ^= True
    return news


def forget(rows: InstrumentRows, row: int, *, quiet: bool) -> None:
    """An instrument is new here, or another thing than it was: nothing has been found about it."""
    rows.judgements += 1
    rows.checks[row] &= ~MISMATCH
    rows.price_firm[row] = rows.price_open[row] = rows.price_told[row] = False
    rows.price_streak[row] = 0
    rows.price_quiet[row] = quiet
