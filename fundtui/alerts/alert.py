"""The nouns of the alerts room: an alert, and a transition of one."""

from __future__ import annotations

import hashlib
import math

import msgspec

from fundtui.alerts.machine import INACTIVE, Phase, State, Told, Why
from fundtui.imbalance.catalogue import Level
from fundtui.status import Severity

# None of these refers to anything that could refer back to it: the collector of cycles need not look at thousands.


class Subject(msgspec.Struct, frozen=True, gc=False):
    """What an alert is about: a row's key at a level, and its venue and asset where it has them."""

    level: Level
    key: str
    venue: str = ""
    asset: str = ""


class Term(msgspec.Struct, frozen=True, gc=False):
    """One comparison of a rule at one moment: as written, and its values in exported units (NaN: missing)."""

    source: str
    value: float = math.nan
    threshold: float = math.nan
    text: str = ""


class Alert(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One (rule, subject) that is not inactive, or ended and not yet told.

    number      of its last told transition; grows for ever, so that each transition has its own key
    since_ms    when the present phase began
    fired_ms    when it last began to fire, None before
    next_ms     the subject's next settlement when it fired; a later one means that this one has passed
    """

    fingerprint: str
    rule: str
    version: str
    subject: Subject
    severity: Severity
    state: State = INACTIVE
    number: int = 0
    since_ms: int = 0
    fired_ms: int | None = None
    ended_ms: int | None = None
    why: Why | None = None
    next_ms: float = math.nan
    text: str = ""
    value: float = math.nan
    threshold: float = math.nan
    escalated: bool = False

    @property
    def firing(self) -> bool:
        """Whether it is on: firing, or not yet over."""
        return self.state.phase in (Phase.FIRING, Phase.RECOVERING)


class Transition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One change of an alert that is told. `text` is the whole sentence; the rest is for programs."""

    fingerprint: str
    number: int
    rule: str
    version: str
    subject: Subject
    told: Told
    severity: Severity
    time_ms: int
    text: str
    why: Why | None = None
    value: float = math.nan
    threshold: float = math.nan
    unit: str = ""
    age_s: float = math.nan
    coverage: float = math.nan
    fired_ms: int | None = None
    terms: tuple[Term, ...] = ()


def fingerprint(rule: str, subject: Subject) -> str:
    """The identity of an alert over restarts: 16 hexadecimal digits."""
    identity = f"{rule}\x00{subject.level}\x00{subject.key}"
    return hashlib.blake2b(identity.encode(), digest_size=8).hexdigest()
