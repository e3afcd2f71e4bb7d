"""Back-fill: the order, what is missing, paging, budgets, refusals; settled rates that polls bring; migrations."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from fundtui.clock import LoopClock
from fundtui.history.asking import HalfBudget
from fundtui.history.backfill import Backfill, Reached, Task, missing, ranked, with_intervals
from fundtui.history.database import Database, Schema
from fundtui.history.settler import Settler
from fundtui.market import Settlement, Status
from fundtui.polling.limiter import Limiter
from fundtui.polling.transport import Request, Response
from fundtui.simulation.loop import run_virtual
from fundtui.simulation.market import DEMO_START_MS, Market
from fundtui.simulation.transport import SimulatedTransport
from fundtui.venues import load
from fundtui.venues.spec import Budget
from tests.history.market import ALPHA, HOUR_MS, START_MS, batch, contract, settlement

DAY_MS = 24 * HOUR_MS


class Free:
    """A budget without limit, that counts."""

    def __init__(self) -> None:
        self.weight = 0.0
        self.held: list[float] = []

    async def acquire(self, weight: float) -> None:
        self.weight += weight

    def correct(self, headers: Mapping[str, str]) -> None:
        """No count is told."""

    def hold(self, seconds: float) -> None:
        self.held.append(seconds)


def test_watchlists_come_first_then_open_interest() -> None:
    small, large, unknown = (contract("alpha", f"{name}USDT") for name in ("SMALL", "LARGE", "UNKNOWN"))
    gone = contract("alpha", "GONEUSDT", status=Status.DELISTED)
    order = ranked([(unknown, math.nan), (small, 1.0), (gone, 9.0), (large, 5.0)], frozenset({"SMALL"}))
    assert order == [small, large, unknown]


def test_only_what_is_missing_is_asked_for() -> None:
    now_ms, since_ms = START_MS + 90 * DAY_MS, START_MS
    one = ALPHA[0]
    assert missing(one, None, [], since_ms, now_ms) == Task(one, since_ms, now_ms)
    reached = Reached(since_ms, now_ms - 3 * DAY_MS)
    assert missing(one, reached, [], since_ms, now_ms) == Task(one, reached.to_ms, now_ms)
    paid = [settlement(reached.to_ms + 8 * HOUR_MS * step) for step in range(1, 10)]
    assert missing(one, reached, paid, since_ms, now_ms) is None
    holed = paid[:3] + paid[5:]
    assert missing(one, reached, holed, since_ms, now_ms) == Task(one, paid[2].time_ms, now_ms)
    assert missing(one, reached, paid, since_ms - DAY_MS, now_ms) == Task(one, since_ms - DAY_MS, now_ms)


def test_intervals_come_from_rows_or_spacing_and_are_never_made_up() -> None:
    hours = (0, 8, 16, 24, 28, 32, 64)
    rows = [settlement(START_MS + hour * HOUR_MS, interval_h=math.nan) for hour in reversed(hours)]
    found = [one.interval_h for one in with_intervals(rows)]
    assert found[:6] == [8.0, 8.0, 8.0, 8.0, 4.0, 4.0]
    assert math.isnan(found[6])
    told = with_intervals([settlement(START_MS, interval_h=1.0), settlement(START_MS + 8 * HOUR_MS, interval_h=1.0)])
    assert [one.interval_h for one in told] == [1.0, 1.0]


def test_a_whole_history_is_paged_through() -> None:
    async def play() -> None:
        clock = LoopClock(DEMO_START_MS)
        venue = load("binance")
        kept: dict[str, list[Settlement]] = {}
        budget = Free()
        filling = Backfill(
            {"binance": venue},
            SimulatedTransport(Market(7, DEMO_START_MS), clock),
            clock,
            lambda name: budget,
            lambda task, settled: kept.update({task.contract.symbol: settled}),
        )
        start_ms = DEMO_START_MS - 89 * DAY_MS
        tasks = [Task(contract("binance", symbol), start_ms, DEMO_START_MS) for symbol in ("BTCUSDT", "ETHUSDT")]
        progress = await filling.run(tasks)
        assert (progress.done, progress.total, progress.failed) == (2, 2, 0)
        assert set(kept) == {"BTCUSDT", "ETHUSDT"}
        times = [one.time_ms for one in kept["BTCUSDT"]]
        assert times == sorted(set(times))
        assert {later - earlier for earlier, later in pairwise(times)} == {8 * HOUR_MS}
        assert len(times) == 267
        assert budget.weight > 0

    run_virtual(play())


class Refusing:
    """Answers every request with a ban."""

    def __init__(self) -> None:
        self.asked = 0

    async def send(self, request: Request) -> Response:
        self.asked += 1
        return Response(status=418, headers={"retry-after": "600"}, body=b"{}")

    async def close(self) -> None:
        """Nothing is held."""


def test_a_ban_holds_the_venue_and_ends_the_fill() -> None:
    async def play() -> None:
        clock, transport, budget = LoopClock(DEMO_START_MS), Refusing(), Free()
        filling = Backfill(
            {"binance": load("binance")}, transport, clock, lambda name: budget, lambda task, settled: None
        )
        tasks = [Task(contract("binance", f"A{n}USDT"), DEMO_START_MS - DAY_MS, DEMO_START_MS) for n in range(50)]
        progress = await filling.run(tasks)
        assert progress.failed == progress.done == 50
        assert transport.asked <= 4
        assert min(budget.held) >= 600
        assert "binance" in filling.problems

    run_virtual(play())


def test_back_fill_leaves_half_of_the_allowance_to_the_polls() -> None:
    async def play() -> None:
        clock = LoopClock(DEMO_START_MS)
        limiter = Limiter(Budget(capacity=600, window_s=60.0), clock, share=0.5)
        half = HalfBudget(limiter, clock, 0.5)
        taken = 0
        start = clock.monotonic()
        while clock.monotonic() - start < 600:
            await half.acquire(5)
            taken += 5
            assert limiter.used_share <= 0.25 + 1e-9
        # A quarter of the published limit: 150 a minute over ten minutes and the first window.
        assert 1200 <= taken <= 1700

    run_virtual(play())


def quoted(time_ms: int, next_ms: int, paid: float) -> object:
    """A poll of alpha."""
    one = batch(time_ms, ALPHA[:1])
    quote = msgspec.structs.replace(one.quotes[0], next_funding_ms=next_ms, settled_rate=paid, observed_ms=time_ms)
    return msgspec.structs.replace(one, quotes=(quote,))


def test_polls_bring_settled_rates_once_the_venue_tells_them() -> None:
    settler = Settler()
    first, second, third = (START_MS + 8 * HOUR_MS * step for step in (1, 2, 3))

    def observe(time_ms: int, next_ms: int, paid: float) -> list[tuple[int, float]]:
        return [(one.time_ms, one.rate) for one in settler.observe(quoted(time_ms, next_ms, paid))]  # type: ignore[arg-type]

    assert observe(first - 60_000, first, 0.0001) == []
    # The payment is over, the old rate is still told.
    assert observe(first + 5_000, second, 0.0001) == []
    assert observe(first + 15_000, second, 0.0002) == [(first, 0.0002)]
    assert observe(first + 30_000, second, 0.0002) == []
    # The same rate again: after two minutes it is the new payment's.
    assert observe(second + 5_000, third, 0.0002) == []
    assert observe(second + 125_000, third, 0.0002) == [(second, 0.0002)]
    # A predicted next time that moves ahead without anything being due settles nothing.
    assert observe(second + 200_000, third + 8 * HOUR_MS, 0.0003) == []


def test_an_older_record_is_carried_forward_with_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    first = Schema("room", ("CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT) STRICT",))
    database = Database(path, (first,), now_ms=START_MS)
    with database.transaction() as connection:
        connection.execute("INSERT INTO a VALUES (1, 'kept')")
    database.close()
    second = Schema("room", (*first.steps, "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = 7"))
    database = Database(path, (second,), now_ms=START_MS)
    assert database.rows("SELECT * FROM a") == [(1, "kept", 7)]
    database.close()
    (backup,) = tmp_path.glob("state.db.backup-*")
    assert backup.stat().st_mode & 0o777 == 0o600
    connection = sqlite3.connect(backup)
    assert connection.execute("SELECT * FROM a").fetchall() == [(1, "kept")]
    connection.close()
    broken = Schema("room", (*second.steps, "CREATE TABLE b (id INTEGER) STRICT; NONSENSE"))
    with pytest.raises(Exception, match="NONSENSE"):
        Database(path, (broken,), now_ms=START_MS)
    database = Database(path, (second,), now_ms=START_MS)
    assert database.rows("SELECT name FROM sqlite_master WHERE name = 'b'") == []
    database.close()
