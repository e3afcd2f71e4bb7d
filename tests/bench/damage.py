"""A thousand damaged records: how many chunks that were not hit come back, and that no number is wrong.

`python -m tests.bench.damage [SEEDS]`. Which chunks were hit is worked out from the file's own pages before the damage.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fundtui.history.codec import Floats
from fundtui.history.database import StoreProblem
from fundtui.history.months import DAY_BITS, DayChunk, encode_clock, encode_day
from fundtui.history.sqlite_store import SqliteStore
from tests.bench.record import rates
from tests.history.market import DAY_MS, START_MS, contract

SEEDS = 1000
CONTRACTS = tuple(contract("alpha", f"A{place:03d}USDT") for place in range(300))
DAYS, MINUTES = 4, 1440
LOOKED_AT = 20
"""Instruments whose every sample is compared, others with each seed."""
HITS = 20

Pages = dict[int, frozenset[int]]


def make(folder: Path) -> list[Floats]:
    """A record of some days in chunks; the rates, day by day, minutes x contracts."""
    store = SqliteStore(folder, now_ms=START_MS)
    known = store.state.contract_numbers(CONTRACTS)
    venue = store.state.add_venue("alpha")
    everything, seen = [], np.ones(MINUTES, np.bool_)
    for day in range(DAYS):
        everything.append(rates(len(CONTRACTS), MINUTES, day))
        number = START_MS // DAY_MS + day
        rows = [
            (store.state.add_instrument("alpha", one.symbol, one.asset_id) << DAY_BITS | number,
             encode_day(DayChunk(seen, np.full(MINUTES, known[place]), everything[-1][:, place])))
            for place, one in enumerate(CONTRACTS)
        ]  # fmt: skip
        clock = encode_clock(START_MS + day * DAY_MS + 60_000 * np.arange(MINUTES))
        store.samples.write(number, {"chunk": sorted(rows), "clock": [(venue << DAY_BITS | number, clock)]})
    store.close()
    return everything


def pages_of(path: Path) -> tuple[Pages, frozenset[int]]:
    """Chunk -> the pages that hold it, and the pages that all of them need: the tree's inner nodes and the schema."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        numbers = [number for (number,) in connection.execute("SELECT id FROM chunk ORDER BY id")]
        rows = connection.execute("SELECT path, pageno, pagetype, ncell FROM dbstat WHERE name = 'chunk' ORDER BY path")
        leaves: list[tuple[str, int, int]] = []
        spilt: dict[tuple[str, int], set[int]] = {}
        inner: set[int] = set()
        for place, page, kind, cells in rows.fetchall():
            if kind == "leaf":
                leaves.append((place, page, cells))
            elif kind == "overflow":
                # `/leaf/` of the row's page, then its cell, then its place in the chain.
                owner = place.partition("+")[0]
                spilt.setdefault((owner[:-3], int(owner[-3:], 16)), set()).add(page)
            else:
                inner.add(page)
    found: Pages = {}
    following = iter(numbers)
    for place, page, cells in sorted(leaves):
        for cell in range(cells):
            found[next(following)] = frozenset({page} | spilt.get((place, cell), set()))
    return found, frozenset(inner | {1})


def damage(path: Path, source: random.Random, page_size: int) -> set[int]:
    """One to twenty hits: a byte, a page of noise, a page of zeros; the pages that were hit."""
    content, hit = bytearray(path.read_bytes()), set()
    for _ in range(source.randint(1, HITS)):
        place = source.randrange(len(content))
        start = place // page_size * page_size
        kind = source.choice(("byte", "noise", "zeros"))
        if kind == "byte":
            content[place] ^= source.randint(1, 255)
        else:
            content[start : start + page_size] = source.randbytes(page_size) if kind == "noise" else bytes(page_size)
        hit.add(place // page_size + 1)
    path.write_bytes(content)
    return hit


def present(path: Path) -> set[int]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {number for (number,) in connection.execute("SELECT id FROM chunk")}


def wrong(store: SqliteStore, expected: Sequence[Floats], source: random.Random) -> int:
    """Samples that are not what was written, of some instruments."""
    count = 0
    for place in source.sample(range(len(CONTRACTS)), LOOKED_AT):
        series = store.series("alpha", CONTRACTS[place].symbol, 0)
        day, minute = np.divmod((series.time_ms - START_MS) // 60_000, 1440)
        true = [expected[one][at, place] for one, at in zip(day.tolist(), minute.tolist(), strict=True)]
        count += int((series.rate != true).sum())
    return count


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    began = time.perf_counter()
    whole = saved = errors = crashes = ruined = ruined_whole = ruined_saved = 0
    with tempfile.TemporaryDirectory() as place:
        first = Path(place, "whole")
        expected = make(first)
        (name,) = [one.name for one in first.glob("hist-*.db")]
        chunks, needed = pages_of(first / name)
        with contextlib.closing(sqlite3.connect(first / name)) as connection:
            (page_size,) = connection.execute("PRAGMA page_size").fetchone()
        content = {one.name: one.read_bytes() for one in first.iterdir() if one.suffix == ".db"}
        folder = Path(place, "hurt")
        for seed in range(seeds):
            folder.mkdir()
            for other, body in content.items():
                (folder / other).write_bytes(body)
            hit = damage(folder / name, random.Random(seed), page_size)
            try:
                store = SqliteStore(folder, now_ms=START_MS)
                for _ in store.scrub():
                    pass
                errors += wrong(store, expected, random.Random(seed))
                store.close()
                back = present(folder / name)
            except (StoreProblem, sqlite3.Error, ValueError, KeyError):
                crashes, back = crashes + 1, set()
            unhurt = {number for number, pages in chunks.items() if not pages & hit}
            if hit & needed:
                ruined += 1
                ruined_whole += len(unhurt)
                ruined_saved += len(unhurt & back)
            else:
                whole += len(unhurt)
                saved += len(unhurt & back)
            for one in sorted(folder.rglob("*"), reverse=True):
                one.rmdir() if one.is_dir() else one.unlink()
            folder.rmdir()
    spent = time.perf_counter() - began
    print(
        f"{seeds} damaged months of {len(chunks)} chunks on {len(content[name]) // page_size} pages, in {spent:.0f} s"
    )
    print(f"  wrong samples {errors} (target 0), stores that could not be opened {crashes} (target 0)")
    print(f"  undamaged chunks that came back: {saved / max(whole, 1):.2%} of {whole:,} (target 99%)")
    print(f"  where the table's own tree or the first page was hit ({ruined} of {seeds}): "
          f"{ruined_saved / max(ruined_whole, 1):.2%} of {ruined_whole:,}")  # fmt: skip
    both = (saved + ruined_saved) / max(whole + ruined_whole, 1)
    print(f"  all together: {both:.2%}")


if __name__ == "__main__":
    main()
