"""What screens and commands ask an engine about alerts, and what they may do to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fundtui.alerts.summary import AlertCounts, Role
from fundtui.imbalance.calculator import Calculator

# A tenth of the way to the first rows to import, and they need none of it: imported when alerts are opened.
if TYPE_CHECKING:
    from fundtui.alerts.alerting import Alerting
    from fundtui.alerts.book import AlertRow, Away, Why
    from fundtui.alerts.message import Message
    from fundtui.alerts.records import Delivery, Silence

    MakeAlerting = Callable[[], Alerting]
    """Imports the alerts room and makes an engine's alerting, not opened."""


class AlertSide:
    """The part of an engine that is about alerts; without alerting there are none."""

    calculator: Calculator

    def __init__(self, make_alerting: MakeAlerting | None) -> None:
        """make_alerting: called when alerts are opened; None: no alerts."""
        self._make_alerting = make_alerting
        self._alerting: Alerting | None = None
        self._untold: list[Callable[[Alerting], None]] | None = [] if make_alerting is not None else None

    def _make(self) -> Alerting | None:
        """The alerting to be opened now; None where there are no alerts, or it was made before."""
        if self._make_alerting is None:
            return None
        make, self._make_alerting = self._make_alerting, None
        self._alerting = make()
        return self._alerting

    def _tell_alerts(self, tell: Callable[[Alerting], None]) -> None:
        """Tell alerts what came: at once, or in this order as soon as they are open, so that none of it is missed."""
        if self._untold is not None:
            self._untold.append(tell)
        elif self._alerting is not None:
            tell(self._alerting)

    def _tell_untold(self, alerting: Alerting) -> None:
        """They are open: tell them what came before."""
        untold, self._untold = self._untold or [], None
        for tell in untold:
            tell(alerting)

    @property
    def alerting(self) -> Alerting | None:
        """For commands that stream: positions and transitions, once alerts are open. Screens use what stands below."""
        return self._alerting

    @property
    def alert_version(self) -> int:
        """Grows whenever alerts look different from before."""
        return 0 if self._alerting is None else self._alerting.version

    @property
    def alert_role(self) -> Role:
        """Whether this process evaluates alerts, looks on while another one does, or neither."""
        return Role.CLOSED if self._alerting is None else self._alerting.role

    @property
    def alert_problem(self) -> str:
        """Why alerts are not durable or notices do not get through now; empty when they are and do."""
        if self._alerting is None:
            return ""
        failing = "; ".join(f"{name}: {error}" for name, error in self._alerting.failing.items())
        return self._alerting.problem or (failing and f"notices do not get through: {failing}")

    def alert_counts(self) -> AlertCounts:
        """How many alerts are firing, pending and silenced, and how many dead letters nobody has looked at."""
        return AlertCounts() if self._alerting is None else self._alerting.counts()

    def alerts(self) -> list[AlertRow]:
        """Alerts for a panel: firing (weightiest, newest first), silenced, pending, then those over within a day."""
        return [] if self._alerting is None else self._alerting.rows()

    def why_alert(self, name: str) -> Why:
        """Why an alert is as it is, its rule's comparisons with their values now. Raises KeyError for an unknown id."""
        if self._alerting is None:
            raise KeyError(name)
        return self._alerting.why(name, self.calculator.tables)

    def silences(self) -> tuple[Silence, ...]:
        """Silences that hold or will, soonest end first."""
        return () if self._alerting is None else self._alerting.silences()

    def dead_letters(self) -> tuple[Delivery, ...]:
        """Notices that were given up (their `error` says why) and that nobody has looked at."""
        return () if self._alerting is None else self._alerting.dead_letters()

    @property
    def notices(self) -> Sequence[Message]:
        """What the terminal is to be told, newest last; a screen that sees `notice_count` grow rings."""
        return () if self._alerting is None else self._alerting.notices

    @property
    def notice_count(self) -> int:
        """How many notices there have been."""
        return 0 if self._alerting is None else self._alerting.notice_count

    def notices_since(self, count: int) -> list[Message]:
        """The notices that came after the first `count`, as far back as they are kept."""
        new = min(self.notice_count - count, len(self.notices))
        return list(self.notices)[len(self.notices) - new :]

    def here(self) -> Away | None:
        """Note that somebody touched a key. After fifteen minutes without one: what happened meanwhile, once."""
        return None if self._alerting is None else self._alerting.here()

    async def acknowledge(self, name: str, by: str = "") -> None:
        """See an alert by its id: no repeats until it fires anew. Durable on return. Raises OSError."""
        if self._alerting is not None:
            await self._alerting.acknowledge(name, by)

    async def silence(
        self, until_ms: int, reason: str, *, rule: str = "", subject: str = "", asset: str = "", venue: str = "",
        from_ms: int | None = None,
    ) -> None:  # fmt: skip
        """Keep alerts that match all given patterns (* and ? are wild, empty matches all) quiet until a time.

        One that begins later is a maintenance window. Durable on return. Raises OSError.
        """
        if self._alerting is not None:
            await self._alerting.silence(
                until_ms, reason, rule=rule, subject=subject, asset=asset, venue=venue, from_ms=from_ms
            )

    async def lift_silence(self, name: str) -> None:
        """End a silence by its id. Raises OSError."""
        if self._alerting is not None:
            await self._alerting.lift(name)

    async def see_dead_letters(self) -> None:
        """The dead letters have been looked at: the header no longer names them. Raises OSError."""
        if self._alerting is not None:
            await self._alerting.see_dead_letters()
