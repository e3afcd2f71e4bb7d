"""What an engine asks of whatever brings it batches: a fleet of pollers, a collector's record, or the recorded past."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol

from fundtui.market import Batch, Excerpt
from fundtui.polling.limiter import LimiterState
from fundtui.status import Event, VenueHealth

Deliver = Callable[[Batch], None]
Report = Callable[[Event], None]


class Feed(Protocol):
    """Where batches come from: venues that are polled, a collector's record, or the recorded past."""

    @property
    def settled(self) -> bool: ...
    @property
    def local_outage(self) -> bool: ...
    def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def configure(
        self, *, disabled: Collection[str], poll_s: Mapping[str, float], timeout_s: float | None = None
    ) -> None: ...
    def health(self) -> tuple[VenueHealth, ...]: ...
    def budgets(self) -> Mapping[str, LimiterState]: ...
    def excerpts(self, venue: str, names: Collection[str]) -> Sequence[Excerpt]: ...


OpenFeed = Callable[[Deliver, Report], Awaitable[Feed]]
