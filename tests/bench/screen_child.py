"""One program under measurement: screen_child.py fundtui|stock|datatable ASSETS SHARE/s BATCHES/s [sorted-by-name].

SIGUSR1 starts measuring, SIGUSR2 writes the figures as JSON to $BENCH_OUT and ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
import time
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import msgspec
import numpy as np

from fundtui.imbalance.catalogue import Level
from tests.ui.market import HOURS_PER_YEAR, Market

CHANGED = ("consensus", "spread", "low_rate", "high_rate", "z")


class Probe:
    """Lengths of event-loop callbacks and processor time between start and stop."""

    def __init__(self) -> None:
        self.on = False
        self.lengths: list[float] = []
        self.market_s = 0.0
        self.cpu = self.wall = 0.0

    def install(self) -> None:
        stock = asyncio.events.Handle._run

        def run(handle: asyncio.Handle) -> None:
            start = time.perf_counter()
            stock(handle)
            if self.on:
                self.lengths.append(time.perf_counter() - start)

        asyncio.events.Handle._run = run  # type: ignore[assignment, method-assign]

    @staticmethod
    def _cpu() -> float:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime

    def start(self, *_: object) -> None:
        self.on, self.lengths, self.market_s = True, [], 0.0
        self.cpu, self.wall = self._cpu(), time.perf_counter()

    def result(self) -> dict[str, float]:
        wall = time.perf_counter() - self.wall
        lengths = sorted(self.lengths) or [0.0]
        return {
            "cpu_percent": 100 * (self._cpu() - self.cpu - self.market_s) / wall,
            "market_cpu_percent": 100 * self.market_s / wall,
            "longest_ms": 1e3 * lengths[-1],
            "p99_ms": 1e3 * lengths[int(len(lengths) * 0.99)],
        }


PROBE = Probe()


class FastMarket(Market):
    """Changes rows column by column, so that the market itself costs next to nothing."""

    def touch(self, rows: Any) -> None:
        if len(rows) == self.tables[next(iter(self.tables))].count and self.revision == 1:
            super().touch(rows)
            return
        start = time.perf_counter()
        table = next(iter(self.tables.values()))
        columns, count = table.columns, len(rows)
        columns["low_rate"][rows] += self.random.normal(0, 0.01, count) / HOURS_PER_YEAR
        columns["high_rate"][rows] += self.random.normal(0, 0.01, count) / HOURS_PER_YEAR
        columns["spread"][rows] = np.abs(columns["high_rate"][rows] - columns["low_rate"][rows])
        columns["consensus"][rows] = (columns["high_rate"][rows] + columns["low_rate"][rows]) / 2
        columns["z"][rows] = np.abs(self.random.normal(1.5, 1, count))
        table.version[rows] += 1
        table.revision += 1
        self.revision += 1
        PROBE.market_s += time.perf_counter() - start


def main() -> int:
    kind, assets, share, batches = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    PROBE.install()
    signal.signal(signal.SIGUSR1, PROBE.start)
    market = FastMarket(assets, per_asset=4)
    if not share:
        # Ages below a minute tick every second; a market that stands still for hours is idle.
        market.table(Level.INSTRUMENT).columns["observed_ms"] -= 3 * 3_600_000
    ticker = asyncio_ticker(market, share, batches)
    return datatable(market, ticker) if kind == "datatable" else fundtui(market, ticker, diff=kind == "fundtui")


def asyncio_ticker(market: Market, share: float, batches: float) -> Any:
    async def tick(on_rows: Any) -> None:
        while share:
            await asyncio.sleep(1 / batches)
            on_rows(market.tick(share / batches))

    return tick


def finish(stop: Any) -> None:
    result = PROBE.result()
    with open(os.environ["BENCH_OUT"], "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(result, file)
    stop()


def fundtui(market: Market, ticker: Any, *, diff: bool) -> int:
    from fundtui.ui.launch import run
    from fundtui.ui.options import Options

    async def start(*, alerts: bool = True) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR2, finish, lambda: os.kill(os.getpid(), signal.SIGTERM))
        market.task = loop.create_task(ticker(lambda rows: None))  # type: ignore[attr-defined]

    if "sorted-by-name" in sys.argv:
        market.settings = msgspec.structs.replace(
            market.settings, display=msgspec.structs.replace(market.settings.display, sort="asset")
        )
    market.start = start  # type: ignore[method-assign]
    return run(market, Options(diff=diff))


def datatable(market: Market, ticker: Any) -> int:
    from rich.text import Text
    from textual.app import App, ComposeResult
    from textual.widgets import DataTable

    from fundtui.imbalance.catalogue import Level
    from fundtui.ui.cells import Lens, Scene
    from fundtui.ui.columns import skew
    from fundtui.ui.rows import cell_spans
    from fundtui.ui.theme import Pens, load_theme
    from fundtui.units import Basis

    scene = Scene(Pens(load_theme("dusk")), Basis.APR, Lens.RAW, market.clock.utc_ms())
    columns = [column for column, _ in skew(wide=False, lens=Lens.RAW)]
    table = market.table(Level.ASSET)

    def cell(row: int, column: Any) -> Text:
        return Text.assemble(*cell_spans(scene, table, row, column, "table"))

    class Stock(App[None]):
        CSS = "DataTable { height: 1fr; }"

        def compose(self) -> ComposeResult:
            yield DataTable(cursor_type="row")

        def on_mount(self) -> None:
            self.table: DataTable[Text] = self.query_one(DataTable)
            for column in columns:
                self.table.add_column(column.title, width=column.width, key=column.key)
            for row in range(table.count):
                self.table.add_row(*(cell(row, column) for column in columns), key=str(row))
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGUSR2, finish, self.exit)
            self.mover = loop.create_task(ticker(self.changed))

        def changed(self, rows: Any) -> None:
            with self.batch_update():
                for row in rows.tolist():
                    for column in columns:
                        if column.key in CHANGED:
                            self.table.update_cell(str(row), column.key, cell(row, column))

    Stock().run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
