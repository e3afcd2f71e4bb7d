"""The columns of the tables on screen: made from the catalogue, a few of its metrics shown as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec

from fundtui.config.schema import NARROWEST, WIDEST
from fundtui.imbalance.catalogue import CATALOGUE, Metric, Unit, find
from fundtui.imbalance.metric import Level
from fundtui.ui.cells import Lens

GUTTER = 2


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column on screen.

    key    the metric that is shown, sorted by and explained
    venue  a text metric shown in front of the figure; flag: one of marks shown behind it
    width  cells, without the gap to the next column; fixed: a person has chosen it
    """

    key: str
    title: str
    width: int
    unit: Unit
    venue: str = ""
    flag: str = ""
    right: bool = True
    ascending: bool = False
    fixed: bool = False


_NO_WIDTHS: Mapping[str, int] = MappingProxyType({})
VENUE_WIDTH = 8
_WIDEST_TREND = 24

# Metrics that say one thing together: rate, the venue that has it, and its marks.
_JOINED = {
    "low_rate": ("lowest", "long", "low_flag"),
    "high_rate": ("highest", "short", "high_flag"),
    "consensus": ("", "", "consensus_flag"),
}
# What a person writes in a watchlist's `columns` and what then is shown.
_SHOWN_AS = {
    "long": "low_rate",
    "short": "high_rate",
    "lowest": "low_rate",
    "highest": "high_rate",
    "next": "next_funding_ms",
}
_MARKED = 1

# In order of appearance; the number says who has to go first when there is no room.
_SKEW = (
    ("asset", 0), ("price", 7), ("consensus", 1), ("spread", 1), ("low_rate", 2), ("high_rate", 2), ("excess", 6),
    ("divergence", 8), ("z", 5), ("breakeven", 4), ("next_funding_ms", 3), ("oi_usd", 4), ("trend", 5),
)  # fmt: skip
_WIDE = (
    *_SKEW,
    ("mean", 10), ("dispersion", 10), ("disagreement", 13), ("premium", 9), ("cap_use", 9), ("volume_usd", 9),
    ("venues", 11), ("excluded", 12), ("age", 11),
)  # fmt: skip

_EXCESS = {"consensus": "excess", "excess": "consensus"}
_PREMIUM = {"consensus": "premium", "premium": "consensus"}
_LENSES: dict[Lens, dict[str, str]] = {Lens.RAW: {}, Lens.EXCESS: _EXCESS, Lens.PREMIUM: _PREMIUM}

_TITLES = {"next_funding_ms": "next", "trend": "24 h"}
_WIDTHS = {
    "asset": 9, "consensus": 8, "spread": 8, "excess": 8, "divergence": 7, "price": 10, "oi_usd": 6, "breakeven": 6,
    "z": 5, "next_funding_ms": 5,
}  # fmt: skip


def column_of(metric: Metric, chosen_width: int | None = None) -> Column:
    """The column of one metric, with what belongs to it, as wide as chosen or as it needs."""
    joined, venue, flag = _JOINED.get(metric.key, ("", "", ""))
    width = _WIDTHS.get(metric.key, metric.width)
    if venue:
        width = VENUE_WIDTH + 9
    width += _MARKED if flag else 0
    if chosen_width is not None:
        width = max(NARROWEST + (VENUE_WIDTH + _MARKED if venue else 0), min(chosen_width, WIDEST))
    return Column(
        key=metric.key,
        title=joined or _TITLES.get(metric.key, metric.title),
        width=width,
        unit=metric.unit,
        venue=venue,
        flag=flag,
        right=metric.unit not in (Unit.TEXT, Unit.SERIES),
        ascending=metric.ascending,
        fixed=chosen_width is not None,
    )


def offered() -> list[Metric]:
    """The metrics that can be columns: all but those that are shown as part of another one."""
    parts = {part for _, venue, flag in _JOINED.values() for part in (venue, flag)}
    return [metric for metric in CATALOGUE[Level.ASSET] if metric.key not in parts]


def metric_named(name: str) -> Metric | None:
    """The metric that is shown for a name in a watchlist's `columns`."""
    metric = find(Level.ASSET, _SHOWN_AS.get(name, name))
    return metric and find(Level.ASSET, _SHOWN_AS.get(metric.key, metric.key))


def by_key(widths: Mapping[str, int]) -> dict[str, int]:
    """Chosen widths by the key of the metric that is shown."""
    named = ((metric_named(name), width) for name, width in widths.items())
    return {metric.key: width for metric, width in named if metric is not None}


def chosen(keys: Iterable[str], widths: Mapping[str, int] = _NO_WIDTHS, lens: Lens = Lens.RAW) -> list[Column]:
    """The columns of a watchlist, in its order; unknown names are the configuration's business and left out here."""
    swap, wanted = _LENSES[lens], by_key(widths)
    found = [metric_named(name) for name in ("asset", *keys)]
    shown = [find(Level.ASSET, swap.get(metric.key, metric.key)) for metric in found if metric is not None]
    # A lens can bring up a metric that is there already.
    once = {metric.key: metric for metric in shown if metric is not None}
    return [column_of(metric, wanted.get(metric.key)) for metric in once.values()]


def skew(*, wide: bool, lens: Lens, widths: Mapping[str, int] = _NO_WIDTHS) -> list[tuple[Column, int]]:
    """The columns of the main table with the order in which they give way."""
    swap, wanted = _LENSES[lens], by_key(widths)
    found = [(find(Level.ASSET, swap.get(key, key)), rank) for key, rank in (_WIDE if wide else _SKEW)]
    return [(column_of(metric, wanted.get(metric.key)), rank) for metric, rank in found if metric is not None]


def ranked(
    keys: Iterable[str], *, wide: bool, lens: Lens, widths: Mapping[str, int] = _NO_WIDTHS
) -> list[tuple[Column, int]]:
    """The columns of the main table, those of a watchlist where it names some, and the order in which they give way."""
    keys = tuple(keys)
    if keys and not wide:
        return [(column, index) for index, column in enumerate(chosen(keys, widths, lens))]
    return skew(wide=wide, lens=lens, widths=widths)


def fitting(columns: list[tuple[Column, int]], width: int, gap: int) -> list[Column]:
    """The columns that fit, dropping the least needed first, those further right before those further left."""
    kept = list(columns)
    while len(kept) > 1 and total_width([column for column, _ in kept], gap) > width:
        worst = max(range(len(kept)), key=lambda index: (kept[index][1], index))
        del kept[worst]
    return [column for column, _ in kept]


def packed(columns: list[tuple[Column, int]], width: int) -> tuple[list[Column], int]:
    """The columns that fit and the gap between them: wide gaps where they cost no column."""
    tight = fitting(columns, width, 1)
    gap = 2 if total_width(tight, 2) <= width else 1
    spare = width - total_width(tight, gap)
    # What is left over lets the trend show more of its past.
    wider = [
        msgspec.structs.replace(column, width=min(column.width + spare, _WIDEST_TREND))
        if column.unit is Unit.SERIES and not column.fixed
        else column
        for column in tight
    ]
    return wider, gap


def total_width(columns: list[Column], gap: int) -> int:
    """Cells that these columns take with gutter and gaps."""
    return GUTTER + sum(column.width for column in columns) + gap * (len(columns) - 1)
