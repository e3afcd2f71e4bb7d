"""Rules and sinks edited while the program runs: taken over at once, one notice for a reset, nothing lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fundtui.alerts.machine import Told, Why
from fundtui.alerts.message import Message
from fundtui.alerts.records import DeliveryState
from fundtui.alerts.sinks.sink import Sink, Trouble
from fundtui.config.schema import Settings
from fundtui.simulation.loop import run_virtual
from tests.alerts.test_engine import World

HEAD = '[alerts]\ndefaults = false\ngroup_wait = "5s"\nnotify = ["hook"]\n'
HOT = '[alerts.hot]\nwhen = "abs(apr) >= {level}%"\nlevel = "instrument"\nfor = "2m"\ngroup = "rule"\n'
HOOK = '[notify.{name}]\nkind = "webhook"\nurl = "https://{name}.example"\nper_minute = 60\nper_hour = 3600\n'
LEVEL = 50
"""Percent a year: what a few contracts of the calm market pay."""


class Hook:
    """A sink that takes messages, unless its line is cut."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cut = False
        self.got: list[Message] = []

    def believes(self) -> set[str]:
        """The subjects that it was last told to be firing."""
        last = {entry.subject: entry.status for message in self.got for entry in message.alerts}
        return {subject for subject, status in last.items() if status == "firing"}

    async def send(self, message: Message) -> None:
        if self.cut:
            raise Trouble("no route")
        if message.key not in {one.key for one in self.got}:
            self.got.append(message)


class Office(World):
    """The engine, with sinks as the configuration names them."""

    def __init__(self, tmp_path: Path, *parts: str) -> None:
        self.hooks: dict[str, Hook] = {}
        self.path = tmp_path / "config.toml"
        super().__init__(tmp_path, text="".join(parts), build=self._build)

    def _build(self, settings: Settings, show: Callable[[Message], None]) -> Mapping[str, Sink]:
        return {name: self.hooks.setdefault(name, Hook(name)) for name in settings.notify.sinks}

    async def edit(self, *parts: str, wait_s: float = 120.0) -> None:
        self.path.write_text("".join(parts))
        self.path.chmod(0o600)
        await self.clock.sleep(wait_s)

    def waiting(self) -> set[str]:
        """Keys of the notices that are not sent yet."""
        return {one.key for one in self.alerting.records.deliveries.values() if one.state is DeliveryState.QUEUED}

    def on(self) -> set[str]:
        return {
            one.subject.key for one in self.engine.alerts() if one.rule == "hot" and one.fired_ms and not one.ended_ms
        }


def hot(level: int) -> str:
    return HOT.format(level=level)


def hook(*names: str) -> str:
    return "".join(HOOK.format(name=name) for name in names)


def test_an_edited_rule_is_reset_with_one_notice_and_evaluated_anew(tmp_path: Path) -> None:
    async def scenario() -> None:
        office = Office(tmp_path, HEAD, hot(LEVEL), hook("hook"))
        await office.start()
        await office.clock.sleep(300)
        before = office.on()
        assert len(before) > 3
        told, known = len(office.hooks["hook"].got), office.hooks["hook"].believes()
        assert known & before
        await office.edit(HEAD, hot(LEVEL - 5), hook("hook"), wait_s=3)
        closed = office.told("hot", Told.CLOSED)
        assert {one.subject.key for one in closed} == before
        assert {one.why for one in closed} == {Why.RULE_CHANGED}
        await office.clock.sleep(240)
        # A lower threshold: what fired does so again, but for what the market has moved in the meantime.
        assert len(office.on() & before) > len(before) / 2
        new = office.hooks["hook"].got[told:]
        resets = [one for one in new if any(entry.reason == "rule changed" for entry in one.alerts)]
        assert len(resets) == 1
        # What was never told as firing is not told as over either.
        assert {entry.subject for entry in resets[0].alerts if entry.reason == "rule changed"} == known & before
        await office.engine.stop()

    run_virtual(scenario())


def test_an_edit_elsewhere_leaves_alerts_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        office = Office(tmp_path, HEAD, hot(LEVEL), hook("hook"))
        await office.start()
        await office.clock.sleep(300)
        before = office.on()
        assert before
        fired_ms = {one.id: one.fired_ms for one in office.engine.alerts() if one.ended_ms is None}
        await office.edit(HEAD, hot(LEVEL), hook("hook"), '[display]\nrate_basis = "8h"\n', wait_s=3)
        assert office.engine.basis == "8h"
        assert office.told("hot", Told.CLOSED) == []
        assert len(office.on() & before) > len(before) / 2
        same = {one.id: one.fired_ms for one in office.engine.alerts() if one.ended_ms is None and one.id in fired_ms}
        assert len(same) > len(fired_ms) / 2
        assert all(fired_ms[name] in (None, when) for name, when in same.items())
        await office.engine.stop()

    run_virtual(scenario())


def test_a_new_sink_is_told_what_is_on_and_the_old_one_nothing_twice(tmp_path: Path) -> None:
    async def scenario() -> None:
        office = Office(tmp_path, HEAD, hot(LEVEL), hook("hook"))
        await office.start()
        await office.clock.sleep(300)
        before, told = office.on(), {one.key for one in office.hooks["hook"].got}
        both = HEAD.replace('["hook"]', '["hook", "second"]')
        await office.edit(both, hot(LEVEL), hook("hook", "second"), wait_s=10)
        assert office.told("hot", Told.CLOSED) == [], "where a rule tells is not what it means"
        first, *_ = office.hooks["second"].got
        assert first.firing > len(before) / 2
        # The old one hears of what is new, and of nothing that it knew.
        knew = {(entry.id, entry.number) for one in office.hooks["hook"].got if one.key in told for entry in one.alerts}
        news = [one for one in office.hooks["hook"].got if one.key not in told]
        assert all({(entry.id, entry.number) for entry in one.alerts} - knew for one in news)
        await office.engine.stop()

    run_virtual(scenario())


def test_an_edit_loses_nothing_that_waits_for_its_sink(tmp_path: Path) -> None:
    async def scenario() -> None:
        office = Office(tmp_path, HEAD, hot(LEVEL), hook("hook"))
        await office.start()
        office.hooks["hook"].cut = True
        await office.clock.sleep(300)
        assert office.hooks["hook"].got == []
        waiting = office.waiting()
        assert waiting
        await office.edit(HEAD, hot(LEVEL), hook("hook"), '[display]\nrate_basis = "1h"\n', wait_s=60)
        await office.edit(HEAD, hot(LEVEL + 10), hook("hook"), wait_s=60)
        waiting |= office.waiting()
        office.hooks["hook"].cut = False
        await office.clock.sleep(400)
        assert {message.key for message in office.hooks["hook"].got} >= waiting
        assert office.engine.dead_letters() == ()
        await office.engine.stop()

    run_virtual(scenario())


def test_what_waits_for_a_sink_that_is_removed_is_a_dead_letter_and_not_forgotten(tmp_path: Path) -> None:
    async def scenario() -> None:
        office = Office(tmp_path, HEAD, hot(LEVEL), hook("hook"))
        await office.start()
        office.hooks["hook"].cut = True
        await office.clock.sleep(300)
        await office.edit(HEAD.replace('["hook"]', "[]"), hot(LEVEL), wait_s=400)
        dead = office.engine.dead_letters()
        assert dead
        assert {one.error for one in dead} == {"there is no sink hook any more"}
        await office.engine.stop()

    run_virtual(scenario())
