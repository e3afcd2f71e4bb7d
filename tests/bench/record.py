"""What the record costs: bytes kept and written, commits, queries, warm start: `python -m tests.bench.record`."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from fundtui.history.codec import Floats
from fundtui.history.compaction import Retention
from fundtui.history.frames import FIELDS, MARK, OI_BASE, OI_USD, RATE, VOLUME_USD, Frame
from fundtui.history.live import Poll
from fundtui.history.months import DAY_BITS, DAY_MS, DayChunk, encode_clock, encode_day
from fundtui.history.sqlite_store import SqliteStore
from fundtui.market import Batch, Instrument, Quote

ROWS, VENUES, MINUTES = 500, 30, 1440
"""Fifteen thousand instruments; a whole day of one venue's, for a day's chunks are what is kept."""
ALL_MINUTES = 720
"""Of all venues: what is written between two compactions, and one of them; an hour alone would pay for a whole one."""
START_MS = 20_500 * DAY_MS
MINUTE_MS = 60_000
DAYS = 7
ROWS_HOURS = 1
STARTS = 7


def rates(rows: int, minutes: int, seed: int) -> Floats:
    """minutes x rows, as in the field: 35 % rest at interest, 35 % move in eight decimals, 20 % step hourly, 10 % are
    whole floats each minute; about a third of all samples differ from the one before."""
    source = np.random.default_rng(seed)
    steps = np.where(source.random((minutes, rows)) < 0.45, source.normal(0, 3e-7, (minutes, rows)), 0.0)
    found = np.round(source.normal(1e-4, 5e-5, rows) + np.cumsum(steps, axis=0), 8)
    kind = np.arange(rows) % 20
    found[:, kind < 7] = 0.0001
    hourly = np.repeat(found[::60], 60, axis=0)[:minutes]
    found[:, (kind >= 14) & (kind < 18)] = hourly[:, (kind >= 14) & (kind < 18)]
    whole = kind >= 18
    found[:, whole] = source.normal(1e-5, 1e-6, (minutes, int(whole.sum())))
    series: Floats = found
    return series


def contracts(venue: int, count: int = ROWS) -> tuple[Instrument, ...]:
    """The contracts of one invented venue."""
    return tuple(
        Instrument(
            venue=f"venue{venue:02d}", symbol=f"A{row:03d}USDT", asset=f"A{row:03d}", quote="USDT", settle="USDT",
            rate_period_h=8.0, interval_h=8.0,
        )
        for row in range(count)
    )  # fmt: skip


def numbers(rate: Floats, minute: int, source: np.random.Generator, *, whole: bool) -> Floats:
    """One poll's numbers: the rate alone, or with mark, index, last, open interest and volume, all moving."""
    found = np.full((FIELDS, len(rate)), np.nan)
    found[RATE] = rate
    if not whole:
        return found
    found[1] = (START_MS // 28_800_000 + 1) * 28_800_000
    base = np.round(np.exp(np.linspace(-2, 11, len(rate))), 4)
    found[MARK] = np.round(base * (1 + 2e-4 * np.sin(minute / 9 + np.arange(len(rate)))), 4)
    found[3] = np.round(found[MARK] * (1 + source.normal(0, 2e-5, len(rate))), 4)
    found[4] = np.round(found[MARK] * (1 + source.normal(0, 2e-5, len(rate))), 4)
    found[OI_BASE] = np.round(1e6 / base * (1 + 1e-3 * np.sin(minute / 40 + np.arange(len(rate)))), 1)
    found[OI_USD] = found[OI_BASE] * found[MARK]
    found[VOLUME_USD] = np.round(3e7 * (1 + minute / 4000 + np.arange(len(rate)) / 500), 0)
    return found


def written() -> int:
    """Bytes that this process has handed to write()."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("wchar")).split()[1])


def ingest(folder: Path, *, whole: bool, venues_count: int, minutes: int, every: int) -> None:
    """Polls once a minute, compacted each so many minutes: size and writes per sample."""
    source = np.random.default_rng(1)
    store = SqliteStore(folder, now_ms=START_MS, retention=Retention(quotes_ms=30 * DAY_MS if whole else 0))
    series = [rates(ROWS, minutes, venue) for venue in range(venues_count)]
    listed = [contracts(venue) for venue in range(venues_count)]
    known = [store.state.contract_numbers(one) for one in listed]
    venues = [store.state.add_venue(one[0].venue) for one in listed]
    before, spent, samples = written(), 0.0, venues_count * ROWS * minutes
    reasons = np.zeros(ROWS, np.int64)
    commits_ms = []
    for minute in range(minutes):
        time_ms = START_MS + minute * MINUTE_MS
        began = time.perf_counter()
        for venue in range(venues_count):
            cells = numbers(series[venue][minute], minute, source, whole=whole)
            frame = Frame(known[venue], np.full(ROWS, time_ms, np.int64), cells, reasons)
            store.live.append([Poll(venues[venue], time_ms, frame)])
        store.rest()
        spent += time.perf_counter() - began
        commits_ms.append(1e3 * (time.perf_counter() - began))
        if minute % every == every - 1:
            began = time.perf_counter()
            for _ in store.compact(time_ms):
                pass
            spent += time.perf_counter() - began
    for _ in store.compact(START_MS + DAY_MS + 1):
        pass
    hot, chunks = store.live.database.size, store.samples.size()
    quotes = sum(one.stat().st_size for one in folder.glob("quotes-*.db"))
    store.close()
    bytes_written = written() - before
    what = "whole quotes" if whole else "rates"
    print(f"  {what}: {samples:,} samples of {venues_count * ROWS:,} instruments, {minutes} minutes, "
          f"in {spent:.1f} s ({samples / spent:,.0f}/s)")  # fmt: skip
    short = "" if minutes >= 1440 else f", of {minutes} minutes only: a day's are a fraction"
    print(
        f"    hot tier {hot / samples:6.2f} B/sample   day chunks {chunks / samples:5.2f} B/sample (target 1.3{short})"
    )
    if quotes:
        print(f"    five-minute quotes {quotes / samples:5.2f} B/sample")
    print(f"    written  {bytes_written / samples:6.2f} B/sample, bars with it (target 50)")
    print(f"    a minute of all {venues_count} venues committed: p50 {np.percentile(commits_ms, 50):.1f} ms, "
          f"p99 {np.percentile(commits_ms, 99):.1f} ms (target 50)")  # fmt: skip


def commits(folder: Path) -> None:
    """One 500-row poll from quotes to committed."""
    store = SqliteStore(folder, now_ms=START_MS)
    listed, source = contracts(0), np.random.default_rng(2)
    moving = rates(ROWS, 400, 5)
    times = []
    for step in range(400):
        cells = numbers(moving[step], step, source, whole=True)
        at_ms = START_MS + step * MINUTE_MS
        quotes = []
        for place, row in enumerate(cells.T.tolist()):
            row[1] = int(row[1])
            quotes.append(Quote(listed[place], at_ms, *row))
        batch = Batch(venue=listed[0].venue, observed_ms=at_ms, quotes=tuple(quotes))
        began = time.perf_counter()
        store.append([batch])
        times.append(1e3 * (time.perf_counter() - began))
        store.rest()
    store.close()
    middle, late = np.percentile(times[1:], (50, 99))
    print(f"  one 500-row poll committed: p50 {middle:.2f} ms, p99 {late:.2f} ms (target 5)")


def fill_days(folder: Path, days: int) -> list[Floats]:
    """Whole days of one venue, straight into chunks."""
    store = SqliteStore(folder, now_ms=START_MS)
    listed = contracts(0)
    known = store.state.contract_numbers(listed)
    venue = store.state.add_venue(listed[0].venue)
    owners = [store.state.instrument(one.venue, one.symbol) for one in listed]
    everything = []
    for day in range(days):
        values = rates(ROWS, MINUTES, 100 + day)
        everything.append(values)
        number = START_MS // DAY_MS + day
        clock = START_MS + day * DAY_MS + np.arange(MINUTES) * MINUTE_MS
        seen = np.ones(MINUTES, np.bool_)
        chunks = []
        for place, owner in enumerate(owners):
            assert owner is not None
            body = encode_day(DayChunk(seen, np.full(MINUTES, known[place]), values[:, place]))
            chunks.append((owner << DAY_BITS | number, body))
        store.samples.write(
            number, {"chunk": sorted(chunks), "clock": [(venue << DAY_BITS | number, encode_clock(clock))]}
        )
    store.close()
    return everything


def forget_cache(folder: Path) -> None:
    """Have the kernel drop what it holds of these files."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def median_ms(call: Callable[[], object], before: Callable[[], object] = lambda: None, rounds: int = 15) -> float:
    """Median time of a call."""
    times = []
    for _ in range(rounds):
        before()
        began = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - began))
    return float(np.median(times))


def queries(folder: Path, everything: list[Floats]) -> None:
    """One instrument over a week, fifty over a day; beside rows, DuckDB and Parquet."""
    end_ms = START_MS + DAYS * DAY_MS
    store = SqliteStore(folder, now_ms=START_MS, writable=False)
    names = iter(range(10, ROWS))

    def one() -> None:
        series = store.series("venue00", f"A{next(names):03d}USDT", START_MS, end_ms)
        assert len(series.time_ms) == DAYS * MINUTES

    store.series("venue00", "A000USDT", START_MS, end_ms)
    print(f"  one instrument x 7 d: cold pages {median_ms(one, lambda: forget_cache(folder)):.2f} ms (target 3), "
          f"warm {median_ms(one):.2f} ms")  # fmt: skip

    def from_nothing() -> None:
        fresh = SqliteStore(folder, now_ms=START_MS, writable=False)
        fresh.series("venue00", f"A{next(names):03d}USDT", START_MS, end_ms)
        fresh.close()

    print(f"  the same with opening the record: {median_ms(from_nothing, lambda: forget_cache(folder)):.2f} ms")

    def sparklines() -> None:
        for place in range(50):
            store.series("venue00", f"A{place:03d}USDT", end_ms - DAY_MS, end_ms)

    print(f"  50 sparklines x 24 h: {median_ms(sparklines, rounds=7):.1f} ms (target 60)")
    size = store.samples.size()
    store.close()
    samples = DAYS * MINUTES * ROWS
    print(f"  side by side, {samples:,} samples:          B/sample   one instrument x 7 d")
    print(f"    day chunks                              {size / samples:8.2f}   {'see above':>10}")
    beside_rows(everything)
    beside_duckdb(everything)


def beside_rows(everything: list[Floats]) -> None:
    """Plain rows, WITHOUT ROWID, one commit per poll; fewer hours, for they are slow."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "rows.db")
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("CREATE TABLE s (i INT, t INT, r REAL, PRIMARY KEY (i, t)) WITHOUT ROWID")
        before = written()
        minutes = 60 * ROWS_HOURS
        began = time.perf_counter()
        for minute in range(minutes):
            rows = enumerate(everything[0][minute].tolist())
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO s VALUES (?, ?, ?)", ((i, START_MS + minute, r) for i, r in rows))
            connection.execute("COMMIT")
        spent = time.perf_counter() - began
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        samples = minutes * ROWS
        more = (written() - before) / samples
        # The rest in one go, so that the query has a week to read.
        connection.execute("BEGIN")
        for day, values in enumerate(everything):
            times = [START_MS + 10_000_000 + (day * MINUTES + minute) for minute in range(MINUTES)]
            for i in range(0, ROWS, 10):
                cells = zip(times, values[:, i].tolist(), strict=True)
                connection.executemany("INSERT INTO s VALUES (?, ?, ?)", ((i, t, r) for t, r in cells))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (count,) = connection.execute("SELECT count(*) FROM s").fetchone()
        names = iter(range(100))

        def one() -> None:
            connection.execute("SELECT t, r FROM s WHERE i = ?", (next(names) * 10 % ROWS,)).fetchall()

        query = median_ms(one, lambda: forget_cache(Path(place)))
        connection.close()
        print(f"    rows WITHOUT ROWID                      {path.stat().st_size / count:8.2f}   {query:7.2f} ms"
              f"   written {more:,.0f} B/sample, {samples / spent:,.0f}/s")  # fmt: skip


def beside_duckdb(everything: list[Floats]) -> None:
    """DuckDB's own file, and Parquet a day a file read by DuckDB."""
    try:
        import duckdb
    except ImportError:
        print("    DuckDB is not installed (extra bench): left out")
        return
    with tempfile.TemporaryDirectory() as place:
        connection = duckdb.connect(str(Path(place, "d.duckdb")))
        connection.execute("CREATE TABLE s (i INTEGER, t BIGINT, r DOUBLE)")
        for day, values in enumerate(everything):
            frame = {
                "i": np.repeat(np.arange(ROWS, dtype=np.int32), MINUTES),
                "t": np.tile(START_MS + day * DAY_MS + np.arange(MINUTES, dtype=np.int64) * MINUTE_MS, ROWS),
                "r": values.T.ravel(),
            }
            connection.register("day", frame)
            connection.execute("INSERT INTO s SELECT * FROM day")
            target = Path(place, f"{day}.parquet")
            connection.execute(f"COPY (SELECT * FROM day ORDER BY i, t) TO '{target}' (COMPRESSION zstd)")
        connection.execute("CHECKPOINT")
        samples = DAYS * MINUTES * ROWS
        names = iter(range(ROWS))

        def own() -> None:
            connection.execute("SELECT t, r FROM s WHERE i = ? ORDER BY t", [next(names)]).fetchnumpy()

        def parquet() -> None:
            query = f"SELECT t, r FROM read_parquet('{place}/*.parquet') WHERE i = ? ORDER BY t"
            connection.execute(query, [next(names)]).fetchnumpy()

        own_ms = median_ms(own, lambda: forget_cache(Path(place)))
        parquet_ms = median_ms(parquet, lambda: forget_cache(Path(place)))
        size = sum(one.stat().st_size for one in Path(place).glob("*.parquet"))
        own_size = Path(place, "d.duckdb").stat().st_size
        print(f"    DuckDB's own file                       {own_size / samples:8.2f}   {own_ms:7.2f} ms")
        print(f"    Parquet a day, zstd, by DuckDB          {size / samples:8.2f}   {parquet_ms:7.2f} ms")
        connection.close()


def starts() -> None:
    """From the process's start to a full table: the demo without a record, and the same market from a record."""
    with tempfile.TemporaryDirectory() as place:
        environment = os.environ | {"FUNDTUI_HISTORY__FOLDER": place}
        script = [sys.executable, "-m", "tests.bench.record_start"]
        subprocess.run([*script, "make", place], check=True, env=environment)
        fill_days(Path(place), 30)
        cold, warm = [], []
        for _ in range(STARTS):
            # By turns: other work on the machine then slows both alike.
            cold += one_start([*script, "cold"], environment)
            warm += one_start([*script, "warm", place], environment)
    if not cold or not warm:
        print("  first painted table: never seen, see above")
        return
    first, second = float(np.median(cold)), float(np.median(warm))
    print(f"  first painted table: cold demo {first:.0f} ms, warm from 30 days of record {second:.0f} ms, "
          f"ratio {second / first:.2f} (target 1.2; {len(cold)} and {len(warm)} starts)")  # fmt: skip


def one_start(script: list[str], environment: Mapping[str, str]) -> list[float]:
    """Milliseconds of a start; nothing of one that showed no table, which is told and does not end the others."""
    done = subprocess.run(script, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"  a start failed: {done.stderr.strip()[-600:]}")
        return []
    return [float(done.stdout)]


def main() -> None:
    # The whole takes minutes: each figure is to be seen when it is there.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory() as place:
        print("ingest, one poll a minute")
        for whole in (False, True):
            ingest(Path(place, f"all {whole}"), whole=whole, venues_count=VENUES, minutes=ALL_MINUTES, every=1440)
            ingest(Path(place, f"day {whole}"), whole=whole, venues_count=2, minutes=MINUTES, every=720)
        commits(Path(place, "commits"))
        print("queries")
        folder = Path(place, "week")
        queries(folder, fill_days(folder, DAYS))
    print("start")
    starts()


if __name__ == "__main__":
    main()
