"""What a metric is: its level, its unit and the entry that the catalogue holds for it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fundtui.units import HOURS_PER_YEAR


class Level(StrEnum):
    """What a row of a table is."""

    ASSET = "asset"
    INSTRUMENT = "instrument"
    PAIR = "pair"
    VENUE = "venue"
    MARKET = "market"


class Unit(StrEnum):
    """A metric's unit, which fixes how it is stored, exported and written.

    Stored -> exported (JSON, CSV, query language): RATE hourly -> APR, HOURS -> seconds, everything else as stored.
    BP and PERCENT are fractions in both; only the screen multiplies. MULTIPLE is a ratio shown as a plain number.
    """

    RATE = "rate"
    PERCENT = "percent"
    BP = "bp"
    USD = "usd"
    USD_PER_HOUR = "usd/h"
    PRICE = "price"
    BASE = "base"
    HOURS = "h"
    SECONDS = "s"
    TIME = "time"
    COUNT = "count"
    SIGMA = "sigma"
    MULTIPLE = "x"
    SCORE = "score"
    TEXT = "text"
    SERIES = "series"


EXPORT_FACTOR = {Unit.RATE: HOURS_PER_YEAR, Unit.HOURS: 3600.0}


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One metric at one level.

    key     name in queries, JSON and --columns; the same key at two levels means the same thing
    title   column head, at most 9 characters
    width   column width in cells
    decimals   of the number, where the unit leaves a choice
    ascending  first sort direction when a person picks the column
    aliases    other names that queries and --columns accept
    """

    key: str
    title: str
    level: Level
    unit: Unit
    help: str
    formula: str = ""
    source: str = ""
    width: int = 9
    decimals: int = 1
    ascending: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def export_factor(self) -> float:
        """What a stored value is multiplied with for JSON, CSV and the query language."""
        return EXPORT_FACTOR.get(self.unit, 1.0)


class Declare:
    """Short form for tables of metrics of one level."""

    def __init__(self, level: Level) -> None:
        self.level = level

    def __call__(
        self,
        key: str,
        title: str,
        unit: Unit,
        meaning: str,
        formula: str,
        source: str,
        width: int = 9,
        decimals: int = 1,
        *,
        ascending: bool = False,
        aliases: tuple[str, ...] = (),
    ) -> Metric:
        """One entry. Texts sort upwards first."""
        return Metric(
            key=key,
            title=title,
            level=self.level,
            unit=unit,
            help=meaning,
            formula=formula,
            source=source,
            width=width,
            decimals=decimals,
            ascending=ascending or unit is Unit.TEXT,
            aliases=aliases,
        )
