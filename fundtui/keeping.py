"""Who keeps the record: this process, with a warm start from what there is, or a collector that it attaches to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from fundtui.alerts.alerting import Alerting
from fundtui.clock import Clock, ScaledClock
from fundtui.config import Settings, Watcher
from fundtui.engine import Engine
from fundtui.history.database import StoreProblem
from fundtui.history.folder import Owned, Owner, data_folder, is_owned
from fundtui.history.record import Asking, Record, Warmth, warm_up
from fundtui.history.sqlite_store import Retention
from fundtui.imbalance.calculator import Calculator
from fundtui.polling.feed import Deliver, Feed, Report
from fundtui.polling.limiter import Limiter
from fundtui.polling.transport import Transport
from fundtui.sources import SourceKind
from fundtui.venues.spec import Venue


class Keeping(msgspec.Struct, frozen=True):
    """The record of an engine: ours to write, or (`record` None) a collector's to read, with what it began with."""

    folder: Path
    clock: Clock
    calculator: Calculator
    warmth: Warmth
    record: Record | None

    def provide(
        self,
        venues: Iterable[Venue],
        transport: Transport,
        limiter: Callable[[str], Limiter],
        share: float,
        base_url: str,
    ) -> None:
        """Say how venues can be asked for settled rates."""
        if self.record is not None:
            self.record.provide(Asking({one.name: one for one in venues}, transport, limiter, share, base_url))


def begin_record(
    source: str, settings: Settings, clock: Clock, calculator: Calculator, *, record: bool
) -> Keeping | None:
    """Take the record, or attach to who has it; None: it is nobody's and not wanted, or cannot be used at all."""
    folder = data_folder(settings)
    owner: Owner | None = None
    try:
        if record:
            owner = Owner(folder)
        elif not is_owned(folder):
            return None
    except Owned:
        owner = None
    except StoreProblem:
        # No folder can be made here: everything works, nothing is kept.
        return None
    warmth = warm_up(folder, calculator, clock.utc_ms())
    if owner is None:
        return Keeping(folder, clock, calculator, warmth, None)
    retention = Retention(
        samples_ms=int(settings.history.keep_samples * 1000), bars_ms=int(settings.history.keep_bars * 1000)
    )
    return Keeping(
        folder,
        clock,
        calculator,
        warmth,
        Record(folder, owner, clock, retention, source=source, figures_ms=warmth.figures_ms),
    )


def attached(keeping: Keeping, watcher: Watcher, alerting: Alerting | None, venues: tuple[str, ...]) -> Engine:
    """An engine over a collector's record. It asks no venue."""
    warmth = keeping.warmth
    demo = warmth.source == SourceKind.DEMO.value
    # A collector of a simulated market lives in another time than ours.
    clock = ScaledClock(max(warmth.seen.values(), default=0)) if demo else keeping.clock
    last_ms = warmth.events[-1].time_ms + 1 if warmth.events else 0
    names = tuple(warmth.health) or venues

    async def open_feed(deliver: Deliver, report: Report) -> Feed:
        from fundtui.history.follow import Follower

        return Follower(
            keeping.folder,
            clock,
            deliver,
            report,
            names,
            seen=warmth.seen,
            events_from_ms=last_ms,
        )

    return Engine(
        watcher,
        mode="attached demo" if demo else "attached",
        clock=clock,
        calculator=keeping.calculator,
        venues=names,
        open_fleet=open_feed,
        warmth=warmth,
        alerting=alerting,
    )
