"""What charts draw: the record where there is one, settled rates asked of the venues where there is none, and what was
seen since an asset was opened. Nothing is read before somebody looks, and nothing is read on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from msgspec.structs import replace

from fundtui.clock import Clock
from fundtui.history.asking import Asking, HalfBudget
from fundtui.history.problems import StoreProblem
from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.course import Course, Formula, Recent, settled
from fundtui.imbalance.rates import averaging_constant_h
from fundtui.market import Settlement
from fundtui.polling.threads import in_thread

# What reads records and asks for the past is imported when the first chart is drawn: the first rows need none of it.
if TYPE_CHECKING:
    from fundtui.history.backfill import Task
    from fundtui.history.settled import OnSettled

SETTLED_MS = 90 * 86_400_000
"""How far back venues are asked where there is no record."""
SAMPLE_S = 5.0


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """The courses of an asset's instruments, in the order of their rows.

    expiry_ms when each of them expires, NaN for perpetuals
    asking    settled rates are being asked for: more is coming
    recorded  whether there is a record
    problem   why the record could not be read; empty when it could
    """

    courses: tuple[Course, ...] = ()
    expiry_ms: tuple[float, ...] = ()
    asking: bool = False
    recorded: bool = False
    problem: str = ""


class Courses:
    """The past of the assets that somebody looks at."""

    def __init__(self, clock: Clock, calculator: Callable[[], Calculator], folder: Path | None = None) -> None:
        """calculator: the one in force (a replay takes another one). folder: of the record; None: there is none."""
        self._clock = clock
        self._calculator = calculator
        self._folder = folder
        self._recent = Recent()
        self._asking: Asking | None = None
        self._settled: dict[tuple[str, str], list[Settlement]] = {}
        self._asked: dict[str, asyncio.Task[None]] = {}
        self._sampler: asyncio.Task[None] | None = None
        self._on_settled: OnSettled = lambda settled, anew: None

    def provide(self, asking: Asking, on_settled: OnSettled) -> None:
        """Say how venues can be asked for what no record has; the figures get what they tell."""
        self._asking, self._on_settled = asking, on_settled

    async def past(self, asset_row: int, start_ms: int, end_ms: int, step_ms: int) -> Past:
        """An asset's instruments over a time range, one observation a step at most; from now on the asset is followed.

        The record is read in a thread. What is read is what was kept: see `recent` for what came since.
        """
        calculator = self._calculator()
        rows = calculator.instrument_rows(asset_row).tolist()
        asset = calculator.assets.keys[asset_row]
        self._follow(calculator, asset, rows)
        contracts = [calculator.contract(row) for row in rows]
        names = [(one.venue, one.symbol) for one in contracts]
        problem = ""
        kept: Sequence[Course]
        if self._folder is None:
            self._ask(calculator, asset, rows)
            kept = [_paid(name, self._settled.get(name, []), start_ms, end_ms) for name in names]
        else:
            from fundtui.history.courses import read_courses

            folder, formulas = self._folder, [_formula(calculator, row) for row in rows]
            try:
                kept = await in_thread(lambda: read_courses(folder, names, start_ms, end_ms, step_ms, formulas))
            except StoreProblem as error:
                kept, problem = [_paid(name, [], start_ms, end_ms) for name in names], str(error)
        asked = self._asked.get(asset)
        return Past(
            courses=tuple(kept),
            expiry_ms=tuple(np.nan if one.expiry_ms is None else float(one.expiry_ms) for one in contracts),
            asking=asked is not None and not asked.done(),
            recorded=self._folder is not None,
            problem=problem,
        )

    def recent(self, asset_row: int, past: Past) -> Past:
        """The same with what was seen since: cheap, for every look at the chart."""
        calculator = self._calculator()
        asset = calculator.assets.keys[asset_row]
        return replace(past, courses=tuple(self._joined(asset, one) for one in past.courses))

    def _follow(self, calculator: Calculator, asset: str, rows: Sequence[int]) -> None:
        self._recent.follow(asset, [calculator.instruments.keys[row] for row in rows])
        self._recent.sample(calculator.instruments)
        if self._sampler is None:
            self._sampler = asyncio.get_running_loop().create_task(self._sample(), name="samples for charts")

    async def _sample(self) -> None:
        while True:
            await self._clock.sleep(SAMPLE_S)
            self._recent.sample(self._calculator().instruments)

    def _joined(self, asset: str, course: Course) -> Course:
        """A course with what was seen after its last observation."""
        times, values = self._recent.of(asset, f"{course.venue} {course.symbol}")
        last = int(course.time_ms[-1]) if len(course.time_ms) else -1
        new = times > last
        if not new.any():
            return course
        names = ("hourly", "theory", "premium", "oi_usd")
        more = {name: np.append(getattr(course, name), values[place][new]) for place, name in enumerate(names)}
        return replace(course, time_ms=np.append(course.time_ms, times[new]), **more)

    def _ask(self, calculator: Calculator, asset: str, rows: Sequence[int]) -> None:
        """Ask the venues for an asset's settled rates, once."""
        if self._asking is None or asset in self._asked:
            return
        from fundtui.history.backfill import Backfill, Task
        from fundtui.history.settled import SettledStream

        asking, now_ms = self._asking, self._clock.utc_ms()
        stream = SettledStream(self._on_settled, self._clock)

        def keep(task: Task, found: list[Settlement]) -> None:
            self._settled[task.contract.venue, task.contract.symbol] = found
            stream.add(task.contract, found, anew=True)

        backfill = Backfill(
            asking.venues, asking.transport, self._clock,
            lambda name: HalfBudget(asking.limiter(name), self._clock, asking.share),
            keep, base_url=asking.base_url,
        )  # fmt: skip
        tasks = [Task(calculator.contract(row), now_ms - SETTLED_MS, now_ms) for row in rows]

        async def ask() -> None:
            await backfill.run(tasks)
            await stream.flush()

        self._asked[asset] = asyncio.get_running_loop().create_task(ask(), name=f"settled rates of {asset}")


def _formula(calculator: Calculator, row: int) -> Formula:
    """An instrument's funding formula as it is now."""
    contract = calculator.contract(row)
    return Formula(
        calculator.kernel(row), contract.rule.averaging, contract.interval_h,
        float(calculator.instruments.columns["next_funding_ms"][row]), averaging_constant_h(contract.rule),
    )  # fmt: skip


def _paid(name: tuple[str, str], rows: Sequence[Settlement], start_ms: int, end_ms: int) -> Course:
    """A course of settlements alone."""
    paid = settled(one for one in rows if start_ms <= one.time_ms < end_ms)
    nothing = np.empty(0)
    return Course(
        venue=name[0], symbol=name[1], time_ms=np.empty(0, np.int64),
        hourly=nothing, theory=nothing, premium=nothing, oi_usd=nothing,
        settled_ms=paid.time_ms, settled_from_ms=paid.from_ms,
        settled_hourly=paid.hourly, settled_premium=paid.premium,
    )  # fmt: skip


__all__ = ["Courses", "Past"]
