"""The columns of the tables on screen: made from the catalogue, a few of its metrics shown as one."""

from __future__ import annotations

import msgspec

from fundtui.imbalance.catalogue import Metric, Unit, find
from fundtui.imbalance.metric import Level
from fundtui.ui.cells import Lens

GUTTER = 2


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column on screen.

    key    the metric that is shown, sorted by and explained
    venue  a text metric shown in front of the figure; flag: one of marks shown behind it
    width  cells, without the gap to the next column
    """

    key: str
    title: str
    width: int
    unit: Unit
    venue: str = ""
    flag: str = ""
    right: bool = True
    ascending: bool = False


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
    "z": 4, "next_funding_ms": 5,
}  # fmt: skip


def column_of(metric: Metric) -> Column:
    """The column of one metric, with what belongs to it."""
    joined, venue, flag = _JOINED.get(metric.key, ("", "", ""))
    width = _WIDTHS.get(metric.key, metric.width)
    if venue:
        width = VENUE_WIDTH + 9
    return Column(
        key=metric.key,
        title=joined or _TITLES.get(metric.key, metric.title),
        width=width + (_MARKED if flag else 0),
        unit=metric.unit,
        venue=venue,
        flag=flag,
        right=metric.unit not in (Unit.TEXT, Unit.SERIES),
        ascending=metric.ascending,
    )


def chosen(keys: tuple[str, ...]) -> list[Column]:
    """The columns of a watchlist, in its order; unknown names are the configuration's business and left out here."""
    metrics = [find(Level.ASSET, _SHOWN_AS.get(key, key)) for key in keys]
    columns = [column_of(metric) for metric in metrics if metric is not None]
    if not columns or columns[0].key != "asset":
        columns = [column for column in columns if column.key != "asset"]
        columns.insert(0, skew(wide=False, lens=Lens.RAW)[0][0])
    return columns


def skew(*, wide: bool, lens: Lens) -> list[tuple[Column, int]]:
    """The columns of the main table with the order in which they give way."""
    swap = _LENSES[lens]
    found = [(find(Level.ASSET, swap.get(key, key)), rank) for key, rank in (_WIDE if wide else _SKEW)]
    return [(column_of(metric), rank) for metric, rank in found if metric is not None]


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
        if column.unit is Unit.SERIES
        else column
        for column in tight
    ]
    return wider, gap


def total_width(columns: list[Column], gap: int) -> int:
    """Cells that these columns take with gutter and gaps."""
    return GUTTER + sum(column.width for column in columns) + gap * (len(columns) - 1)
