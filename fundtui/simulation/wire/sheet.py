"""What every writer works on: a venue's contracts, the market as the venue tells it now, and cached row templates.

A row template is a `%` format with everything that never changes already written out, so that an answer costs one
`%` per row. Templates are made when an endpoint is first asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
import numpy as np

from fundtui.simulation import effects
from fundtui.simulation.market import Market
from fundtui.simulation.noise import Floats
from fundtui.simulation.universe import Row
from fundtui.simulation.view import Settled, View

JSON = "application/json"
TEXT = "text/plain"
HTML = "text/html"
MINUTE_MS = 60_000


class Candle(NamedTuple):
    """A minute's premiums at its two ends."""

    begin_ms: int
    open: float
    close: float

    @property
    def texts(self) -> tuple[str, str, str, str]:
        """Open, high, low and close as venues write them."""
        values = (self.open, max(self.open, self.close), min(self.open, self.close), self.close)
        first, high, low, last = (f"{value:.8f}" for value in values)
        return first, high, low, last


class Reply(msgspec.Struct, frozen=True):
    """An answer of a venue."""

    body: str
    status: int = 200
    content_type: str = JSON


class Ask(msgspec.Struct, frozen=True):
    """A request as a writer sees it: what stands for `*` in the path, the query, the body, the venue's time."""

    params: Mapping[str, str]
    now_ms: int
    segment: str = ""
    body: str = ""

    def integer(self, name: str, missing: int) -> int:
        """A whole number from the query; `missing` where it is absent or no number."""
        text = self.params.get(name, "")
        return int(text) if text.removeprefix("-").isdigit() else missing


Handler = Callable[["Sheet", Ask], "Reply | str"]


class Writer(msgspec.Struct, frozen=True):
    """One venue's wire format. Keys of `routes` are paths, with `*` for one segment, after the method."""

    routes: Mapping[str, Handler]
    refuse: Callable[[int, str], Reply]
    """HTTP status and reason -> the venue's own error body."""
    weight: Callable[[str, Mapping[str, str]], int] = lambda _path, _params: 1
    headers: Callable[[int], dict[str, str]] = lambda _used: {}
    window_ms: int = 60_000


class Sheet:
    """One venue of one market with the templates written so far and the weight used in the running window."""

    def __init__(self, market: Market, venue: str, writer: Writer) -> None:
        self.market = market
        self.venue = venue
        self.writer = writer
        self.part = market.universe.venues[venue]
        self.rows = market.rows(venue)
        self.view: View = market.at(market.start_ms)
        self._templates: dict[str, list[str]] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._window = 0
        self._used = 0

    def count(self, utc_ms: int, weight: int) -> int:
        """Add to the weight used in the running window; returns it."""
        window = utc_ms // self.writer.window_ms
        self._used = weight + (self._used if window == self._window else 0)
        self._window = window
        return self._used

    def templates(self, name: str, write: Callable[[Row], str], rows: Sequence[Row] | None = None) -> list[str]:
        """The row templates of an endpoint, written once."""
        found = self._templates.get(name)
        if found is None:
            found = self._templates[name] = [write(row) for row in (self.rows if rows is None else rows)]
        return found

    def place(self, name: str, symbol_of: Callable[[Row], str], symbol: str) -> int | None:
        """Position in the venue of the contract with that symbol, if it is listed now."""
        found = self._places.get(name)
        if found is None:
            found = self._places[name] = {symbol_of(row): row.number for row in self.rows}
        place = found.get(symbol)
        return place if place is not None and self.column("listing")[place] != effects.ABSENT else None

    def column(self, name: str) -> Any:
        """One column of the view, for this venue."""
        return getattr(self.view, name)[self.part]

    def settled(self) -> Floats:
        """The rates paid last."""
        return self.market.settled_rates(self.view, self.part)

    def fill(self, templates: list[str], columns: Sequence[Any], places: Sequence[int] | None = None) -> list[str]:
        """Rows of text from templates and columns (arrays or lists of the venue's length), without absent rows."""
        listing = self.column("listing")
        lists = [column.tolist() if isinstance(column, np.ndarray) else column for column in columns]
        if places is None and not (listing == effects.ABSENT).any():
            return [template % values for template, values in zip(templates, zip(*lists, strict=True), strict=True)]
        chosen = range(len(templates)) if places is None else places
        present = [at for at in chosen if listing[at] != effects.ABSENT]
        return [templates[at] % tuple(column[at] for column in lists) for at in present]

    def times(self, value: int) -> list[int]:
        """The same number for each row."""
        return [value] * len(self.rows)

    def history(self, place: int, from_ms: int, to_ms: int) -> list[Settled]:
        """Payments of one contract between two times (both included), oldest first, none later than now."""
        now_ms = self.view.time_ms
        return self.market.history(self.part.start + place, from_ms, min(to_ms, now_ms), now_ms)

    def premiums(self, place: int, times_ms: Sequence[int]) -> Floats:
        """The premium of one contract at past times."""
        if not times_ms:
            return np.empty(0)
        rows = np.array([self.part.start + place], np.int64)
        found: Floats = self.market.premiums.past(rows, np.array(times_ms, np.float64) / 1000.0)[:, 0]
        return found

    def candles(self, place: int, first_ms: int, last_ms: int) -> list[Candle]:
        """Minute candles of one contract's premium that begin between two times (both included), oldest first.

        The last one may still run: its close is the premium of now.
        """
        now_ms = self.view.time_ms
        begins = range(-(-max(first_ms, 0) // MINUTE_MS) * MINUTE_MS, min(last_ms, now_ms) + 1, MINUTE_MS)
        if not begins:
            return []
        edges = self.premiums(place, [*begins, min(begins[-1] + MINUTE_MS, now_ms)]).tolist()
        return [Candle(begin, *pair) for begin, pair in zip(begins, pairwise(edges), strict=True)]


def iso(time_ms: int, digits: int = 3) -> str:
    """ISO 8601 with Z and `digits` of the second's fraction."""
    text = datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{time_ms % 1000:03d}{'0' * max(digits - 3, 0)}Z"


def joined(rows: Iterable[str]) -> str:
    """Rows as the inside of a JSON array."""
    return ",".join(rows)


def quoted(candle: Candle) -> str:
    """Open, high, low and close as the inside of a row of strings."""
    return '","'.join(candle.texts)


def pick(listing: Any, words: Sequence[str]) -> list[str]:
    """A word for each row's listing state: listed, announced, stopped, absent."""
    return [words[state] for state in listing.tolist()]


def select(sheet: Sheet, test: Callable[[Row], bool]) -> list[int]:
    """Places of the contracts that pass a test."""
    return [row.number for row in sheet.rows if test(row)]
