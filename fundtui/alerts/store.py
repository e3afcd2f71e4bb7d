"""The seam to durable storage of alerts, and a store in memory."""

from __future__ import annotations

from typing import Protocol

from fundtui.alerts.alert import Transition
from fundtui.alerts.records import Change, DeliveryState, Stored


class StoreError(Exception):
    """The store cannot be used, or did not keep a change."""


class AlertStore(Protocol):
    """Keeps what must never be lost. Calls block for as long as the disk takes: not for the event loop.

    Transitions have positions, which grow with each one kept and are never used again. `blocks`: whether there is a
    disk at all.
    """

    blocks: bool

    def load(self) -> Stored:
        """Everything that is kept, deliveries that were sent left out. Raises StoreError."""
        ...

    def commit(self, change: Change) -> None:
        """Keep a change, whole or not at all; durable when this returns. Raises StoreError."""
        ...

    def transitions(self, since_ms: int, limit: int = 1000) -> list[Transition]:
        """Transitions at or after a time, oldest first; the newest `limit` of them."""
        ...

    def after(self, position: int, limit: int = 1000) -> list[tuple[int, Transition]]:
        """The next transitions behind a position, each with its own. Raises StoreError."""
        ...

    def position(self, since_ms: int | None = None) -> int:
        """The position of the last transition, or of the one before the first at or after a time; 0: none."""
        ...

    def prune(self, before_ms: int) -> None:
        """Forget transitions, sent deliveries and seen dead letters from before a time."""
        ...

    def close(self) -> None:
        """Let go of the storage."""
        ...


class MemoryStore:
    """Keeps everything until the process ends."""

    blocks = False

    def __init__(self) -> None:
        self._stored = Stored()
        self._transitions: list[tuple[int, Transition]] = []
        self._position = 0

    def load(self) -> Stored:
        kept = Stored(
            alerts=dict(self._stored.alerts),
            told=dict(self._stored.told),
            silences=dict(self._stored.silences),
            acknowledged=dict(self._stored.acknowledged),
            marks=dict(self._stored.marks),
        )
        kept.deliveries = {k: d for k, d in self._stored.deliveries.items() if d.state is not DeliveryState.SENT}
        return kept

    def commit(self, change: Change) -> None:
        self._stored.apply(change)
        for transition in change.transitions:
            self._position += 1
            self._transitions.append((self._position, transition))

    def transitions(self, since_ms: int, limit: int = 1000) -> list[Transition]:
        return [one for _, one in self._transitions if one.time_ms >= since_ms][-limit:]

    def after(self, position: int, limit: int = 1000) -> list[tuple[int, Transition]]:
        return [entry for entry in self._transitions if entry[0] > position][:limit]

    def position(self, since_ms: int | None = None) -> int:
        if since_ms is None:
            return self._position
        return next((number - 1 for number, one in self._transitions if one.time_ms >= since_ms), self._position)

    def prune(self, before_ms: int) -> None:
        self._transitions = [entry for entry in self._transitions if entry[1].time_ms >= before_ms]
        self._stored.deliveries = {
            key: one
            for key, one in self._stored.deliveries.items()
            if one.created_ms >= before_ms or not (one.state is DeliveryState.SENT or one.seen)
        }

    def close(self) -> None:
        """Nothing to let go of."""
