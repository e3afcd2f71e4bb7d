"""Alerts of a whole engine over the simulated market, in virtual time: hours in seconds, the same twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from fundtui.alerts.alert import Transition
from fundtui.alerts.alerting import Alerting, BuildSinks
from fundtui.alerts.book import Standing
from fundtui.alerts.machine import Told
from fundtui.alerts.message import Message
from fundtui.alerts.sinks.local import TerminalSink
from fundtui.alerts.summary import Role
from fundtui.clock import LoopClock
from fundtui.config import Inputs, Watcher
from fundtui.engine import Engine
from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.catalogue import Level
from fundtui.polling.feed import Deliver, Feed, Report
from fundtui.polling.fleet import Fleet
from fundtui.polling.transport import Failure, Request, Response, Transport, TransportError
from fundtui.simulation.loop import run_virtual
from fundtui.simulation.market import DEMO_START_MS, Market
from fundtui.simulation.transport import SimulatedTransport
from fundtui.venues import load
from fundtui.venues.spec import Wanted

VENUES = ("binance", "bybit", "okx", "hyperliquid")
CONFIG = """
[alerts]
group_wait = "5s"
[alerts.hot]
when = "abs(apr) >= 20%"
level = "instrument"
for = "1m"
keep_firing = "2m"
group = "rule"
[alerts.extreme-funding]
enabled = false
[notify.terminal]
per_minute = 60
per_hour = 3600
"""


class Cut:
    """The simulated network, with lines that can be cut."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.cut: Callable[[str], bool] = lambda venue: False

    async def send(self, request: Request) -> Response:
        if self.cut(request.venue):
            raise TransportError(Failure.CONNECT, "no route")
        return await self._inner.send(request)

    async def close(self) -> None:
        await self._inner.close()


class World:
    """An engine over a market of five venues; `happened` has every transition."""

    def __init__(
        self, tmp_path: Path, scenario: str = "calm", seed: int = 5, *, text: str = CONFIG,
        build: BuildSinks | None = None,
    ) -> None:  # fmt: skip
        config = tmp_path / "config.toml"
        config.write_text(text)
        config.chmod(0o600)
        self.clock = LoopClock(DEMO_START_MS)
        self.lines = Cut(SimulatedTransport(Market(seed, DEMO_START_MS, scenario=scenario), self.clock))
        self.happened: list[Transition] = []
        self.messages: list[Message] = []
        self.alerting = Alerting(
            self.clock, random.Random(seed), build or (lambda _, show: {"terminal": TerminalSink("terminal", show)})
        )

        async def open_feed(deliver: Deliver, report: Report) -> Feed:
            venues = [load(name) for name in VENUES]
            return Fleet(
                venues, self.clock, random.Random(seed), self.lines, deliver,
                wanted=lambda _: Wanted(assets=frozenset(), top=20), on_event=report,
            )  # fmt: skip

        self.engine = Engine(
            Watcher(Inputs(path=config, environment={}, flags={}, rules=frozenset({"extreme-funding"}))),
            mode="demo", clock=self.clock, calculator=Calculator(), venues=VENUES, open_fleet=open_feed,
            alerting=lambda: self.alerting,
        )  # fmt: skip

    async def start(self, *, rows_first: bool = False) -> None:
        """rows_first: alerts are opened when the first rows are there."""
        if rows_first:
            await self.engine.start(alerts=False)
            await self.engine.first_rows()
            assert self.engine.table(Level.ASSET).count
            assert self.engine.alert_role is Role.CLOSED
        await (self.engine.open_alerts() if rows_first else self.engine.start())
        journal = self.alerting.on_transitions

        def both(transitions: object) -> None:
            assert journal is not None
            journal(transitions)  # type: ignore[arg-type]
            self.happened.extend(transitions)  # type: ignore[arg-type]

        self.alerting.on_transitions = both

    def told(self, rule: str, *kinds: Told) -> list[Transition]:
        return [one for one in self.happened if one.rule == rule and one.told in kinds]


async def a_while(world: World, minutes: float = 8.0, *, rows_first: bool = False) -> list[tuple[str, str, str, int]]:
    await world.start(rows_first=rows_first)
    await world.clock.sleep(minutes * 60)
    await world.engine.stop()
    return [(one.rule, one.subject.key, one.told.value, one.time_ms) for one in world.happened]


def test_the_same_seed_gives_the_same_alerts(tmp_path: Path) -> None:
    first = run_virtual(a_while(World(tmp_path, "all")))
    second = run_virtual(a_while(World(tmp_path, "all")))
    assert first == second
    assert len(first) > 20


def test_alerts_that_are_opened_after_the_first_rows_are_the_same(tmp_path: Path) -> None:
    at_once = run_virtual(a_while(World(tmp_path, "all")))
    after_rows = run_virtual(a_while(World(tmp_path, "all"), rows_first=True))
    assert after_rows == at_once
    assert len(at_once) > 20


def test_what_came_before_alerts_were_open_is_told_to_them(tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path)
        await world.engine.start(alerts=False)
        await world.engine.settled(20.0)
        await world.engine.open_alerts()
        # Nothing more comes: whatever fires is of what came before.
        world.lines.cut = lambda venue: True
        await world.clock.sleep(0.5)
        assert world.engine.alert_role is Role.EVALUATES
        assert {row.rule for row in world.engine.alerts()} >= {"hot"}
        await world.engine.open_alerts()
        assert world.engine.alert_role is Role.EVALUATES
        await world.engine.stop()

    run_virtual(scenario())


def test_an_engine_may_end_before_its_alerts_are_open(tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path)
        await world.engine.start(alerts=False)
        await world.engine.first_rows()
        await world.engine.stop()
        assert world.engine.alert_role is Role.CLOSED

    run_virtual(scenario())


def test_screens_read_acknowledge_and_silence(tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path)
        await world.start()
        await world.clock.sleep(300)
        engine = world.engine
        assert engine.alert_role is Role.EVALUATES
        rows = [row for row in engine.alerts() if row.rule == "hot" and row.standing is Standing.FIRING]
        assert rows
        assert engine.alert_counts().firing >= len(rows)
        why = engine.why_alert(rows[0].id)
        assert [(term.source, term.holds) for term in why.terms] == [("abs(apr) >= 20%", True)]
        assert abs(why.terms[0].value) >= 0.2
        assert engine.notice_count > 0
        assert any(event.kind == "alert" for event in engine.events)

        await engine.acknowledge(rows[0].id, "me")
        assert next(row for row in engine.alerts() if row.id == rows[0].id).acknowledged_ms is not None
        before = engine.alert_counts()
        await engine.silence(world.clock.utc_ms() + 600_000, "quiet", rule="hot")
        quiet = engine.alert_counts()
        assert (quiet.firing, quiet.silenced) == (before.firing - len(rows), len(rows))
        (silence,) = engine.silences()
        await engine.lift_silence(silence.id)
        assert engine.alert_counts().silenced == 0
        await engine.stop()

    run_virtual(scenario())


def test_a_local_outage_is_one_notice_and_ends_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path)
        await world.start()
        await world.clock.sleep(300)
        firing = {row.id for row in world.engine.alerts() if row.rule == "hot" and row.standing is Standing.FIRING}
        assert firing
        told_before = world.engine.notice_count
        world.lines.cut = lambda venue: True
        world.happened.clear()
        cut_ms = world.clock.utc_ms()
        await world.clock.sleep(900)
        assert world.engine.local_outage
        # What is fresh still counts for a moment; once it is stale nothing moves.
        moved = world.told("hot", Told.RESOLVED, Told.CLOSED, Told.FIRED)
        assert [one for one in moved if one.time_ms > cut_ms + 120_000] == []
        assert len(world.told("local-outage", Told.FIRED)) == 1
        during = list(world.engine.notices)[told_before - world.engine.notice_count :]
        named = [entry.rule for message in during for entry in message.alerts if entry.status == "firing"]
        assert named.count("local-outage") == 1
        assert "stale-venue" not in named
        held = [row for row in world.engine.alerts() if row.id in firing]
        assert all(row.held or row.muted for row in held)
        world.lines.cut = lambda venue: False
        await world.clock.sleep(400)
        assert len(world.told("local-outage", Told.RESOLVED)) == 1
        await world.engine.stop()

    run_virtual(scenario())


def test_a_silent_venue_holds_its_alerts_and_no_others(tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path)
        await world.start()
        await world.clock.sleep(300)
        world.lines.cut = lambda venue: venue == "okx"
        world.happened.clear()
        await world.clock.sleep(1500)
        ended = world.told("hot", Told.RESOLVED)
        assert [one for one in ended if one.subject.venue == "okx"] == []
        assert [one.subject.key for one in world.told("stale-venue", Told.FIRED)] == ["okx"]
        rows = [row for row in world.engine.alerts() if row.standing is not Standing.OVER]
        assert {row.muted for row in rows if row.rule == "hot" and row.subject.venue == "okx"} <= {"okx is stale"}
        await world.engine.stop()

    run_virtual(scenario())


def test_who_comes_back_is_told_what_happened(tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path)
        await world.start()
        assert world.engine.here() is None
        await world.clock.sleep(300)
        assert world.engine.here() is None
        await world.clock.sleep(960)
        away = world.engine.here()
        assert away is not None
        assert away.fired > 0
        assert away.texts
        assert world.engine.here() is None
        await world.engine.stop()

    run_virtual(scenario())
