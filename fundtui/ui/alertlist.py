"""Alerts, silences and dead letters as the rows of one list, in the order in which they matter."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
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
    until_ms  when it changes by itself, None where nobody knows; a pending alert: when it fires
    share     of the wait that has passed, for pending alerts
    """

    key: str
    section: Section
    rule: str
    subject: str
    severity: str
    text: str
    since_ms: int
    until_ms: float = math.nan
    share: float = math.nan
    alert: AlertRow | None = None
    silence: Silence | None = None
    letter: Delivery | None = None


def alert_row(alert: AlertRow, wait_s: float, next_ms: float, silences: Iterable[Silence], now_ms: int) -> Listed:
    """An alert. `wait_s`: its rule's wait; `next_ms`: its subject's next settlement."""
    section = {"firing": Section.FIRING, "pending": Section.PENDING, "silenced": Section.SILENCED}.get(
        alert.standing.value, Section.OVER
    )
    until_ms, share = next_ms, math.nan
    if section is Section.PENDING:
        until_ms = alert.since_ms + wait_s * 1000.0
        share = min(max((now_ms - alert.since_ms) / (wait_s * 1000.0), 0.0), 1.0) if wait_s > 0 else 1.0
    elif section is Section.SILENCED:
        held = silence_of(alert, silences, now_ms)
        until_ms = float(held.until_ms) if held is not None else math.nan
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
        share=share,
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
