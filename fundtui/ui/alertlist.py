"""Alerts, silences and dead letters as the rows of one list, in the order in which they matter."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

import msgspec

from fundtui.text import clean

if TYPE_CHECKING:
    from fundtui.alerts.book import AlertRow
    from fundtui.alerts.records import Delivery, Silence


class Section(IntEnum):
    """Where a row stands, top to bottom."""

    FIRING = 0
    PENDING = 1
    SILENCED = 2
    SILENCE = 3
    DEAD = 4
    OVER = 5


WORDS = {
    Section.FIRING: "firing",
    Section.PENDING: "pending",
    Section.SILENCED: "muted",
    Section.SILENCE: "silence",
    Section.DEAD: "not sent",
    Section.OVER: "over",
}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One row: an alert, a silence of its own, or a notice that was given up.

    since_ms  when its standing began
    until_ms  when it changes by itself, NaN where nobody knows; a pending alert: when it fires
    """

    key: str
    section: Section
    rule: str
    subject: str
    severity: str
    text: str
    since_ms: int
    until_ms: float = math.nan
    alert: AlertRow | None = None
    silence: Silence | None = None
    letter: Delivery | None = None

    def share_at(self, now_ms: int) -> float:
        """How much of its wait a pending alert has behind it."""
        wait_ms = self.until_ms - self.since_ms
        return min(max((now_ms - self.since_ms) / wait_ms, 0.0), 1.0) if wait_ms > 0 else 1.0


class KeptRows:
    """Rows as they were made, each for as long as what it was made from stays the same."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[object, Listed]] = {}

    def of(self, parts: Iterable[tuple[str, object, Callable[[], Listed]]]) -> list[Listed]:
        """The rows of these parts: a name, what the row depends on, and how to make it."""
        kept: dict[str, tuple[object, Listed]] = {}
        for name, basis, make in parts:
            before = self._kept.get(name)
            kept[name] = before if before is not None and before[0] == basis else (basis, make())
        self._kept = kept
        return [row for _, row in kept.values()]


def basis_of(alert: AlertRow) -> tuple[object, ...]:
    """What can change of an alert while it is the same one; what is not known is None, which is like itself."""
    return (
        alert.standing, alert.severity, alert.text, alert.since_ms, alert.acknowledged_ms, alert.held,
        alert.recovering, alert.muted, None if math.isnan(alert.value) else alert.value,
    )  # fmt: skip


def alert_row(alert: AlertRow, wait_s: float, next_ms: float, held_by: Silence | None = None) -> Listed:
    """An alert. `wait_s`: its rule's wait; `next_ms`: its subject's next settlement; `held_by`: what mutes it."""
    section = {"firing": Section.FIRING, "pending": Section.PENDING, "silenced": Section.SILENCED}.get(
        alert.standing.value, Section.OVER
    )
    until_ms = next_ms
    if section is Section.PENDING:
        until_ms = alert.since_ms + wait_s * 1000.0
    elif section is Section.SILENCED:
        until_ms = float(held_by.until_ms) if held_by is not None else math.nan
    elif section is Section.OVER:
        until_ms = math.nan
    return Listed(
        key=f"alert {alert.id}",
        section=section,
        rule=alert.rule,
        subject=alert.subject.key,
        severity=alert.severity.value,
        text=alert.text,
        since_ms=alert.since_ms,
        until_ms=until_ms,
        alert=alert,
    )


def silence_of(alert: AlertRow, silences: Iterable[Silence], now_ms: int) -> Silence | None:
    """The silence that holds an alert now."""
    return next((silence for silence in silences if silence.matches(alert, now_ms)), None)  # type: ignore[arg-type]


def silence_row(silence: Silence, now_ms: int) -> Listed:
    """A silence, also one that holds no alert at the moment or begins later."""
    fields = ((name, getattr(silence, name)) for name in ("rule", "subject", "asset", "venue"))
    matched = " ".join(f"{name}={value}" for name, value in fields if value) or "everything"
    begins = "" if silence.from_ms <= now_ms else "begins later, "
    return Listed(
        key=f"silence {silence.id}",
        section=Section.SILENCE,
        rule=silence.rule or "any",
        subject=silence.subject or silence.asset or silence.venue or "any",
        severity="",
        text=clean(f"{begins}{matched}: {silence.reason}"),
        since_ms=silence.from_ms,
        until_ms=float(silence.until_ms),
        silence=silence,
    )


def letter_row(letter: Delivery) -> Listed:
    """A notice that was given up."""
    tries = "1 try" if letter.tries == 1 else f"{letter.tries} tries"
    return Listed(
        key=f"letter {letter.key} {letter.sink}",
        section=Section.DEAD,
        rule="",
        subject=letter.sink,
        severity="warning",
        text=clean(f"notice to {letter.sink} given up after {tries}: {letter.error}"),
        since_ms=letter.created_ms,
        letter=letter,
    )


def in_order(rows: Sequence[Listed]) -> list[Listed]:
    """By section; within one as they came, weightiest and newest first."""
    return sorted(rows, key=lambda row: row.section)
