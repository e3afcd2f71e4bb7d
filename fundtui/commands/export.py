"""`fundtui export`: quotes, settlements, metrics or events of a time range as CSV, JSON lines or Parquet."""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import msgspec
import numpy as np

from fundtui.clock import SystemClock
from fundtui.commands.errors import FAILURE, OK, USAGE, CommandError
from fundtui.commands.recorded import instruments_named, open_record, record_folder
from fundtui.commands.rows import value_of
from fundtui.commands.writers import plain
from fundtui.history.codec import Floats
from fundtui.history.player import Player
from fundtui.history.sqlite_store import SqliteStore
from fundtui.history.steps import STEP_MS
from fundtui.history.store import Series
from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.catalogue import Level, Unit
from fundtui.imbalance.table import Table
from fundtui.market import RECORD_KEYS, record
from fundtui.units import HOURS_PER_YEAR

Row = dict[str, Any]
BLOCK = 50_000
SETTLEMENT_KEYS = (
    "venue", "symbol", "asset", "time_ms", "rate", "interval_h", "hourly", "apr", "premium", "price",
)  # fmt: skip
EVENT_KEYS = ("time_ms", "kind", "severity", "venue", "symbol", "asset", "before", "after", "text")
TEXTS = frozenset(
    "venue symbol asset asset_class quote settle kind status rate_kind severity before after text".split()
)
WHOLE = frozenset({"time_ms", "next_funding_ms", "observed_ms"})


def run(arguments: argparse.Namespace) -> int:
    """Write rows as they are read: an export is not limited by memory."""
    end_ms = arguments.until if arguments.until is not None else SystemClock().utc_ms() + 1
    if arguments.start >= end_ms:
        raise CommandError("the time range is empty: --from is not before --to", USAGE)
    with open_record(arguments) as store:
        keys, rows, texts = _source(store, arguments, end_ms)
        if arguments.format == "parquet":
            _parquet(rows, keys, texts, arguments.output)
        else:
            with _opened(arguments.output) as out:
                _write(rows, keys, arguments.format, out)
    return OK


def _source(
    store: SqliteStore, arguments: argparse.Namespace, end_ms: int
) -> tuple[Sequence[str], Iterator[Row], frozenset[str]]:
    """Keys, rows and which keys hold text."""
    if arguments.what == "quotes":
        return RECORD_KEYS, _quotes(store, arguments, end_ms), TEXTS
    if arguments.what == "settlements":
        return SETTLEMENT_KEYS, _settlements(store, arguments, end_ms), TEXTS
    if arguments.what == "events":
        return EVENT_KEYS, _events(store, arguments, end_ms), TEXTS
    return _metrics(arguments, end_ms)


def _wanted(store: SqliteStore, arguments: argparse.Namespace) -> list[tuple[str, str, str]]:
    return instruments_named(store, arguments.asset, arguments.venue)


def _quotes(store: SqliteStore, arguments: argparse.Namespace, end_ms: int) -> Iterator[Row]:
    """Samples of the rate, instrument by instrument, as far as whole quotes are gone; then whole quotes by time.

    The last sample of each five minutes has mark, premium and open interest as well.
    """
    named = _wanted(store, arguments)
    whole_from_ms = store.kept_since().polls_from_ms
    split_ms = end_ms if whole_from_ms is None else min(max(whole_from_ms, arguments.start), end_ms)
    for venue, symbol, asset in named:
        series = store.series(venue, symbol, arguments.start, split_ms)
        columns = (
            series.time_ms,
            series.rate,
            series.period_h,
            series.interval_h,
            *_told(store, venue, symbol, series),
        )
        for time_ms, rate, period_h, interval_h, mark, premium, oi_base, oi_usd in zip(
            *(one.tolist() for one in columns), strict=True
        ):
            hourly = rate / period_h
            yield dict.fromkeys(RECORD_KEYS) | {
                "venue": venue, "symbol": symbol, "asset": asset, "rate": rate, "rate_period_h": period_h,
                "interval_h": interval_h, "hourly": hourly, "apr": hourly * HOURS_PER_YEAR, "observed_ms": time_ms,
                "mark": mark, "premium": premium, "oi_base": oi_base, "oi_usd": oi_usd,
            }  # fmt: skip
    chosen = {one[:2] for one in named}
    for batch in store.polls(split_ms, end_ms):
        for quote in batch.quotes:
            if (quote.contract.venue, quote.contract.symbol) in chosen:
                yield record(quote)


def _told(store: SqliteStore, venue: str, symbol: str, series: Series) -> list[Floats]:
    """Mark, premium and open interest at each sample: those of a five-minute step at its last one, else missing."""
    found = [np.full(len(series.time_ms), np.nan) for _ in range(4)]
    if not len(series.time_ms):
        return found
    steps = store.steps(venue, symbol, int(series.time_ms[0]) // STEP_MS * STEP_MS, int(series.time_ms[-1]) + 1)
    slots = series.time_ms // STEP_MS * STEP_MS
    _, mine, theirs = np.intersect1d(slots[::-1], steps.time_ms, return_indices=True)
    for column, values in zip(found, (steps.mark, steps.premium, steps.oi_base, steps.oi_usd), strict=True):
        column[len(slots) - 1 - mine] = values[theirs]
    return found


def _settlements(store: SqliteStore, arguments: argparse.Namespace, end_ms: int) -> Iterator[Row]:
    for venue, symbol, asset in _wanted(store, arguments):
        for one in store.settlements(venue, symbol, arguments.start, end_ms):
            hourly = one.rate / one.interval_h
            yield msgspec.structs.asdict(one) | {"asset": asset, "hourly": hourly, "apr": hourly * HOURS_PER_YEAR}


def _events(store: SqliteStore, arguments: argparse.Namespace, end_ms: int) -> Iterator[Row]:
    for event in store.events(arguments.start, end_ms):
        if arguments.venue in (None, event.venue) and arguments.asset in (None, event.asset):
            yield {key: str(value) if key in TEXTS else value for key, value in msgspec.structs.asdict(event).items()}


def _metrics(arguments: argparse.Namespace, end_ms: int) -> tuple[Sequence[str], Iterator[Row], frozenset[str]]:
    """The figures as they were shown, every `--every`, worked out again from the recorded polls."""
    level = Level(arguments.level)
    player = Player(record_folder(arguments), Calculator, at_ms=arguments.start, base=SystemClock())
    metrics = [one for one in Calculator().tables[level].metrics.values() if one.unit is not Unit.SERIES]
    texts = frozenset(one.key for one in metrics if one.unit is Unit.TEXT)

    def rows() -> Iterator[Row]:
        step_ms = int(arguments.every * 1000)
        calculator = player.scene().calculator
        at_ms = player.clock.utc_ms() // step_ms * step_ms + step_ms
        for batch in player.store.polls(player.clock.utc_ms() + 1, end_ms):
            while batch.observed_ms >= at_ms and at_ms < end_ms:
                calculator.tick(at_ms)
                yield from _of_table(calculator.tables[level], at_ms, arguments)
                at_ms += step_ms
            calculator.apply(batch, batch.observed_ms)
        player.close()

    def _of_table(table: Table, at_ms: int, chosen: argparse.Namespace) -> Iterator[Row]:
        for row in range(table.count):
            if not table.alive[row]:
                continue
            found = {one.key: value_of(table, one, row) for one in metrics}
            if chosen.asset in (None, found.get("asset")) and chosen.venue in (None, found.get("venue", chosen.venue)):
                yield {"time_ms": at_ms} | found

    player.pause()
    return ("time_ms", *(one.key for one in metrics)), rows(), texts


# --- writing --------------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened(output: str | None) -> Iterator[TextIO]:
    """Standard output, or a new file that only its owner can read."""
    if output is None or output == "-":
        yield sys.stdout
        return
    try:
        handle = os.open(Path(output), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CommandError(f"cannot write {output}: {error.strerror}", FAILURE) from error
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        yield file


def _write(rows: Iterable[Row], keys: Sequence[str], form: str, out: TextIO) -> None:
    if form == "ndjson":
        encode = msgspec.json.Encoder(enc_hook=str).encode
        for row in rows:
            out.write(encode({key: plain(row.get(key)) for key in keys}).decode() + "\n")
        return
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(keys)
    for row in rows:
        writer.writerow([_cell(row.get(key)) for key in keys])


def _cell(value: Any) -> Any:
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    # A spreadsheet would run this as a formula.
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"} else value


def _parquet(rows: Iterator[Row], keys: Sequence[str], texts: frozenset[str], output: str | None) -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise CommandError("Parquet needs pyarrow: pip install 'fundtui[parquet]'", USAGE) from error
    if output is None or output == "-":
        raise CommandError("Parquet goes to a file: name it with --output", USAGE)

    def kind(key: str) -> Any:
        if key in texts:
            return pa.string()
        if key in {"reasons", "notes"}:
            return pa.list_(pa.string())
        return pa.bool_() if key == "continuous" else pa.int64() if key in WHOLE else pa.float64()

    schema = pa.schema([(key, kind(key)) for key in keys])
    with parquet.ParquetWriter(output, schema, compression="zstd") as writer:
        while block := list(islice(rows, BLOCK)):
            cleaned = [{key: plain(row.get(key)) for key in keys} for row in block]
            writer.write_table(pa.Table.from_pylist(cleaned, schema=schema))
