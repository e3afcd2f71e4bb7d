"""The engine as the interface sees it: its read side, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fundtui.clock import Clock
from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.table import Table
from fundtui.status import Event, VenueHealth


class Selection(Protocol):
    """A compiled query."""

    def mask(self, table: Table) -> NDArray[np.bool_]:
        """Which of the table's rows it selects."""
        ...


class AlertCounts(Protocol):
    """How many alerts are in which state."""

    @property
    def firing(self) -> int: ...
    @property
    def pending(self) -> int: ...
    @property
    def silenced(self) -> int: ...


class Source(Protocol):
    """What screens read. Everything is pulled at the screen's own pace; `revision` says when that is worth it."""

    clock: Clock
    mode: str
    settings: Any
    revision: int
    event_count: int

    @property
    def events(self) -> Sequence[Event]: ...
    @property
    def local_outage(self) -> bool: ...
    def table(self, level: Level) -> Table: ...
    def instrument_rows(self, asset_row: int) -> NDArray[np.int64]: ...
    def health(self) -> tuple[VenueHealth, ...]: ...
    def select(self, text: str, level: Level) -> Selection: ...
    def explain(self, level: Level, row: int, key: str) -> Any: ...
    def alert_counts(self) -> AlertCounts: ...
    def save_state(self, changes: Mapping[str, Any]) -> None: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...
