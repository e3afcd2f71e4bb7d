"""A program that looks on while another one's alert tables are not there yet: it never evaluates, and reads on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fundtui.alerts.alert import Alert
from fundtui.alerts.alerting import Alerting
from fundtui.alerts.machine import Phase, Reading, State
from fundtui.alerts.message import Message
from fundtui.alerts.records import Change
from fundtui.alerts.sinks.local import TerminalSink
from fundtui.alerts.sqlite_store import SqliteStore
from fundtui.alerts.summary import Role
from fundtui.clock import SystemClock
from fundtui.config.schema import AlertRule
from fundtui.history.folder import STATE, Owner
from fundtui.imbalance.catalogue import Level
from fundtui.status import Severity
from tests.alerts.test_store import SUBJECT
from tests.alerts.toys import Market, settings

HOT = settings({"hot": AlertRule(when="abs(spread) >= 10%", level=Level.ASSET)})


class Hasty(SystemClock):
    """Has no patience: looks follow one another at once."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.005)


def onlooker(folder: Path, built: list[str]) -> Alerting:
    def build(_: object, show: Callable[[Message], None]) -> dict[str, TerminalSink]:
        built.append("terminal")
        return {"terminal": TerminalSink("terminal", show)}

    return Alerting(Hasty(), random.Random(1), build, folder)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


def firing(name: str) -> Change:
    alert = Alert(
        fingerprint=name, rule="hot", version="v", subject=SUBJECT, severity=Severity.WARNING, number=1,
        state=State(Phase.FIRING, 2.5, Reading.TRUE, held=True), text="hot",
    )  # fmt: skip
    return Change(alerts=(alert,))


async def test_tables_that_are_not_there_yet_are_waited_for(tmp_path: Path) -> None:
    built: list[str] = []
    market = Market(HOT)
    market.write(Level.ASSET, "WIF", spread=1.0)
    with Owner(tmp_path):
        for owner in (False, None):
            # By word of the engine, and by what the folder says: the collector is there, its tables are not.
            alerting = onlooker(tmp_path, built)
            await alerting.open(HOT, owner=owner)
            assert alerting.role is Role.LOOKS_ON
            assert "cannot be read yet" in alerting.problem
            alerting.observe(market.assets, np.array([0]))
            alerting.tick([market.assets], [], local_outage=False)
            for _ in range(5):
                await alerting.clock.sleep(1.0)
            assert not built
            assert not alerting.notices
            await alerting.close()
        alerting = onlooker(tmp_path, built)
        await alerting.open(HOT, owner=False)
        store = SqliteStore(tmp_path / STATE, now_ms=0)
        store.commit(firing("first"))
        await until(lambda: "first" in alerting.records.alerts)
        assert not alerting.problem
        store.commit(firing("second"))
        await until(lambda: "second" in alerting.records.alerts)
        assert alerting.role is Role.LOOKS_ON
        assert not built
        await alerting.close()
        store.close()


async def test_a_file_of_something_else_is_no_reason_to_evaluate(tmp_path: Path) -> None:
    (tmp_path / STATE).write_bytes(b"not a database" * 100)
    built: list[str] = []
    with Owner(tmp_path):
        alerting = onlooker(tmp_path, built)
        await alerting.open(HOT)
        assert (alerting.role, built) == (Role.LOOKS_ON, [])
        await alerting.close()


async def test_the_one_that_holds_the_folder_evaluates_from_memory(tmp_path: Path) -> None:
    (tmp_path / STATE).mkdir()
    built: list[str] = []
    alerting = onlooker(tmp_path, built)
    await alerting.open(HOT, owner=True)
    assert (alerting.role, built) == (Role.EVALUATES, ["terminal"])
    assert "alerts are not kept" in alerting.problem
    await alerting.close()
