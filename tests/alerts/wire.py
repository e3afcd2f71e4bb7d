"""The whole way of an alert: a venue's batch, the calculator, a rule, the store on disk, and a real HTTP sink."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

from fundtui.alerts.alerting import Alerting
from fundtui.alerts.sinks import Surroundings, build_all
from fundtui.alerts.sinks.guard import guarded
from fundtui.clock import SystemClock
from fundtui.config.schema import AlertRule, Alerts, Grouping, Notify, Settings, Sink, SinkKind
from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.catalogue import Level
from fundtui.market import Batch, Instrument, Quote, RateKind
from fundtui.polling.http import HttpTransport
from fundtui.polling.resolver import system_lookup
from fundtui.polling.transport import Transport
from fundtui.status import VenueHealth, VenueState
from tests.alerts.receiver import Receiver

ASSETS = 200
CALM, HOT = 0.0001, 0.01


def settings(url: str) -> Settings:
    """One rule over all instruments, grouping off, a local webhook in clear text."""
    rule = AlertRule(when="abs(apr) > 500%", level=Level.INSTRUMENT, notify=("hook",), group=Grouping.NONE)
    hook = Sink(
        kind=SinkKind.WEBHOOK, url=url, allow_http=True, allow_private=True, per_minute=60, per_hour=3600, timeout=1.0
    )
    return Settings(
        alerts=Alerts(defaults=False, group_wait=0.0, group_interval=0.0, rules={"hot": rule}),
        notify=Notify(sinks={"hook": hook}),
    )


class Fast(SystemClock):
    """The machine's clock with minutes that pass a thousand times as fast for what is counted per minute."""

    def __init__(self) -> None:
        self._began_ms = super().utc_ms()

    def utc_ms(self) -> int:
        return self._began_ms + 1000 * (super().utc_ms() - self._began_ms)


class Line:
    """Everything from the batch to the sink."""

    def __init__(self, folder: Path, url: str, source: random.Random) -> None:
        self.clock = Fast()
        self.transport = HttpTransport(self.clock, {}, lookup=guarded(system_lookup, lambda _: True))
        self.settings = settings(url)

        def transport(private: bool) -> Transport:
            return self.transport

        around = Surroundings(
            clock=self.clock, environment={}, transport=transport, close=self.transport.close, terminal=False
        )
        self.alerting = Alerting(self.clock, source, lambda wanted, show: build_all(wanted, around, show), folder)
        self.calculator = Calculator()
        self.contracts = [
            Instrument(
                venue="alpha", symbol=f"A{n}USDT", asset=f"A{n}", quote="USDT", settle="USDT", rate_period_h=8.0,
                interval_h=8.0, rate_kind=RateKind.PREDICTED,
            )
            for n in range(ASSETS)
        ]  # fmt: skip
        self.hot: set[int] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Line]:
        await self.alerting.open(self.settings)
        up = VenueHealth(venue="alpha", title="Alpha", state=VenueState.UP, age_s=1.0, cadence_s=15.0, rows=ASSETS)
        self.alerting.tick(self.calculator.tables.values(), (up,), local_outage=False)
        try:
            yield self
        finally:
            await self.alerting.close()
            await self.transport.close()

    def poll(self) -> None:
        """A venue's answer comes in, as an engine takes it."""
        now_ms = self.clock.utc_ms()
        quotes = tuple(
            Quote(one, now_ms, rate=HOT if number in self.hot else CALM, mark=1.0, index=1.0, oi_usd=1e6)
            for number, one in enumerate(self.contracts)
        )
        changes = self.calculator.apply(Batch(venue="alpha", observed_ms=now_ms, quotes=quotes), now_ms)
        self.alerting.observe(self.calculator.instruments, changes.instruments)

    async def time_one(self, receiver: Receiver, number: int) -> float:
        """Seconds from an answer that makes one more instrument hot to the request that tells of it."""
        self.hot = {number % ASSETS}
        wanted = f"A{number % ASSETS}USDT"
        before = len(receiver.taken)
        started = time.perf_counter()
        self.poll()
        while not any(names(body, wanted) for _, _, body in receiver.taken[before:]):
            await asyncio.sleep(0.001)
        return time.perf_counter() - started


def names(body: bytes, symbol: str) -> bool:
    """Whether a message tells that this contract fires."""
    return any(one["subject"].endswith(symbol) and one["status"] == "firing" for one in json.loads(body)["alerts"])
