"""Who keeps the record: this process, with a warm start from what there is, or a collector that it attaches to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from fundtui.clock import Clock, ScaledClock
from fundtui.config import Settings, Watcher
from fundtui.engine import Engine
from fundtui.history.asking import Asking
from fundtui.history.compaction import Retention
from fundtui.history.database import StoreProblem
from fundtui.history.folder import Owned, Owner, data_folder, is_owned
from fundtui.history.record import Record, Warmth, kept_budgets, warm_up
from fundtui.history.sqlite_store import SqliteStore
from fundtui.imbalance.calculator import Calculator
from fundtui.polling.feed import Deliver, Feed, OpenFeed, Report
from fundtui.polling.limiter import Limiter
from fundtui.polling.transport import Transport
from fundtui.sources import SourceKind
from fundtui.venues.spec import Venue

if TYPE_CHECKING:
    from fundtui.alertside import MakeAlerting


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
    source: str, settings: Settings, clock: Clock, calculator: Calculator, *, record: bool, read_only: bool = False
) -> Keeping | None:
    """Take the record, or attach to who has it; None: it is nobody's and not wanted, or cannot be used at all.

    read_only: attach also to one that nobody keeps right now; raises StoreProblem where there is none.
    """
    folder = data_folder(settings)
    owner: Owner | None = None
    try:
        if read_only:
            SqliteStore(folder, now_ms=0, writable=False).close()
        elif record:
            owner = Owner(folder)
        elif not is_owned(folder):
            return None
    except Owned:
        owner = None
    except StoreProblem:
        if read_only:
            raise
        # No folder can be made here: everything works, nothing is kept.
        return None
    warmth = warm_up(folder, calculator, clock.utc_ms())
    if owner is None:
        return Keeping(folder, clock, calculator, warmth, None)
    return Keeping(folder, clock, calculator, warmth, _record(folder, owner, clock, settings, source, warmth))


def _record(folder: Path, owner: Owner, clock: Clock, settings: Settings, source: str, warmth: Warmth) -> Record:
    kept = settings.history
    retention = Retention(
        samples_ms=int(kept.keep_samples * 1000),
        bars_ms=int(kept.keep_bars * 1000),
        quotes_ms=int(kept.keep_quotes * 1000),
    )
    return Record(folder, owner, clock, retention, source=source, figures_ms=warmth.figures_ms)


class Succession(msgspec.Struct, frozen=True):
    """How an onlooker becomes the one that asks and records once nobody else does: its source and venues, and what
    opens a fleet with the record kept by this process."""

    source: str
    venues: tuple[str, ...]
    open_fleet: Callable[[Keeping], OpenFeed]


def attached(
    keeping: Keeping,
    watcher: Watcher,
    alerting: MakeAlerting | None,
    venues: tuple[str, ...],
    succession: Succession | None = None,
) -> Engine:
    """An engine over a collector's record. It asks no venue until, with a succession, the collector is gone."""
    warmth = keeping.warmth
    demo = warmth.source == SourceKind.DEMO.value
    # A collector of a simulated market lives in another time than ours.
    clock = ScaledClock(max(warmth.seen.values(), default=0)) if demo else keeping.clock
    last_ms = warmth.events[-1].time_ms + 1 if warmth.events else 0
    names = tuple(warmth.health) or venues
    if succession is not None and warmth.source not in ("", succession.source):
        # The record is of another market: it is not ours to go on with.
        succession = None

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
            on_free=partial(_take_over, engine, keeping, succession) if succession is not None else None,
        )

    engine = Engine(
        watcher,
        mode="attached demo" if demo else "attached",
        clock=clock,
        calculator=keeping.calculator,
        venues=names,
        open_fleet=open_feed,
        warmth=warmth,
        alerting=alerting,
    )
    return engine


def _take_over(engine: Engine, keeping: Keeping, succession: Succession) -> bool:
    """Begin to keep the record if nobody else does by now; whether that is so."""
    try:
        owner = Owner(keeping.folder)
    except StoreProblem:
        return False
    warmth = replace(keeping.warmth, budgets=kept_budgets(keeping.folder))
    record = _record(keeping.folder, owner, engine.clock, engine.settings, succession.source, warmth)
    kept = replace(keeping, warmth=warmth, record=record)
    engine.begin_to_take_over(succession.source, record, succession.venues, succession.open_fleet(kept))
    return True
