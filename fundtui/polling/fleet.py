"""All venues' pollers over one transport, and what only shows across them: our own outages, sleep and clock."""

from __future__ import annotations

import asyncio
import functools
import math
import random
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from fundtui.clock import Clock
from fundtui.market import Excerpt
from fundtui.polling.asking import TIMEOUT_MAX_S
from fundtui.polling.health import Incident, describe, describe_off
from fundtui.polling.judge import Trouble
from fundtui.polling.limiter import SHARE, Limiter, LimiterState, Use
from fundtui.polling.outage import OutageWatch
from fundtui.polling.poller import STOP_S, Deliver, Poller
from fundtui.polling.skew import median_offset_s
from fundtui.polling.transport import Transport
from fundtui.status import Event, EventKind, Severity, VenueHealth
from fundtui.text import clean
from fundtui.units import format_duration
from fundtui.venues.spec import Venue, Wanted

HEARTBEAT_S = 1.0
SLEEP_GAP_S = 5.0
"""Wall clock ahead of the monotonic one by more than this between two heartbeats: the machine was asleep."""
RESUME_WITHIN_S = 10.0
CLOCK_WARN_S = 2.0
CLOCK_WELL_S = 1.0

BUDGETS_EVERY_S = 2.0
"""How often the used budgets are exchanged with other processes: well below the pace of any poll."""

OnEvent = Callable[[Event], None]


class SharedBudgets(Protocol):
    """Where processes that share an address tell each other how much they have asked."""

    def exchange(self, mine: Mapping[str, Use], now_ms: int) -> Mapping[str, LimiterState] | None:
        """Put in what was used, take out what all have used together. None: not now."""
        ...


class Fleet:
    """Polls venues from `start` to `stop`. Batches go to `deliver`, incidents to `on_event`; both are plain calls
    in the event loop and must be quick."""

    def __init__(
        self,
        venues: Iterable[Venue],
        clock: Clock,
        rng: random.Random,
        transport: Transport,
        deliver: Deliver,
        *,
        wanted: Callable[[str], Wanted] = lambda venue: Wanted(),
        timeout_s: float = TIMEOUT_MAX_S,
        on_event: OnEvent = lambda event: None,
        base_url: str = "",
        disabled: Collection[str] = (),
        poll_s: Mapping[str, float] | None = None,
        share: float = SHARE,
        budgets: Mapping[str, LimiterState] | None = None,
        shared: SharedBudgets | None = None,
    ) -> None:
        """wanted: asked with the venue's name before each pass over a per-symbol endpoint. timeout_s: the most that one
        request may take in all. base_url: `--source URL`. poll_s: venue -> the
        user's pace. share: of each published budget. budgets: from `budgets()` of the run before. shared: with other
        processes."""
        self._venues = {venue.name: venue for venue in venues}
        self._clock = clock
        self._rng = rng
        self._transport = transport
        self._deliver = deliver
        self._wanted = wanted
        self._timeout_s = timeout_s
        self._on_event = on_event
        self._base_url = base_url
        self._disabled = frozenset(disabled)
        self._poll_s = dict(poll_s or {})
        self._limiters = {
            venue.name: self._limiter(venue, share, (budgets or {}).get(venue.name)) for venue in self._venues.values()
        }
        self._shared = shared
        self._shared_at = -math.inf
        self._pollers: dict[str, Poller] = {}
        self._incidents: dict[str, Incident] = {}
        self._outage = OutageWatch()
        self._outage_since_ms = 0
        self._clock_warned = False
        self._heart: asyncio.Task[None] | None = None

    # --- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin polling everything that is not disabled. Needs a running loop."""
        self._share_budgets()
        for name in self._venues:
            if name not in self._disabled:
                self._launch(name)
        self._heart = asyncio.get_running_loop().create_task(self._beat(), name="poll heartbeat")

    async def stop(self) -> None:
        """Stop polling and close the transport. Returns within about half a second, hanging requests or not."""
        if self._heart is not None:
            self._heart.cancel()
        await asyncio.gather(*(poller.stop() for poller in self._pollers.values()))
        self._shared_at = -math.inf
        self._share_budgets()
        try:
            async with asyncio.timeout(STOP_S):
                await self._transport.close()
        except TimeoutError:
            # A transport that cannot even close is left behind.
            return

    async def configure(
        self, *, disabled: Collection[str], poll_s: Mapping[str, float], timeout_s: float | None = None
    ) -> None:
        """New settings while running: only pollers that they concern are stopped, started or restarted. timeout_s: for
        requests from now on; None leaves it."""
        self._timeout_s = self._timeout_s if timeout_s is None else timeout_s
        for poller in self._pollers.values():
            poller.set_timeout(self._timeout_s)
        before = {name: self._poll_s.get(name) for name in self._pollers}
        self._disabled, self._poll_s = frozenset(disabled), dict(poll_s)
        for name in list(self._pollers):
            if name in self._disabled or before[name] != self._poll_s.get(name):
                await self._pollers.pop(name).stop()
                self._incidents.pop(name, None)
                self._outage.forget(name)
        for name in self._venues:
            if name not in self._disabled and name not in self._pollers:
                self._launch(name)

    def refresh(self, within_s: float = 0.0) -> None:
        """Ask all venues again now, or spread over that time. Limits and bans are kept."""
        for poller in self._pollers.values():
            poller.refresh(within_s)

    # --- reading ----------------------------------------------------------------------------------

    def health(self) -> tuple[VenueHealth, ...]:
        """Every venue, in the order given."""
        return tuple(self._health_of(venue) for venue in self._venues.values())

    @property
    def local_outage(self) -> bool:
        """Whether most venues are unreachable at once, which is our network rather than theirs."""
        return self._outage.local_outage

    @property
    def clock_offset_s(self) -> float:
        """The venues' clocks minus ours, median; NaN until five venues have told."""
        return median_offset_s(poller.clock_offset_ms for poller in self._pollers.values())

    @property
    def settled(self) -> bool:
        """Whether every endpoint of every venue has answered or failed once: nothing better comes by waiting."""
        return all(poller.settled for poller in self._pollers.values())

    def budgets(self) -> dict[str, LimiterState]:
        """What a restart must know so as not to use more than the share."""
        return {name: limiter.state() for name, limiter in self._limiters.items()}

    def excerpts(self, venue: str, names: Collection[str]) -> tuple[Excerpt, ...]:
        """What a venue's last answers say about the instrument with one of these names."""
        poller = self._pollers.get(venue)
        return () if poller is None else poller.excerpts(names)

    def limiter(self, venue: str) -> Limiter:
        """A venue's limiter, for other requests to it (settled history)."""
        return self._limiters[venue]

    # --- inside -----------------------------------------------------------------------------------

    def _limiter(self, venue: Venue, share: float, state: LimiterState | None) -> Limiter:
        heaviest = max((endpoint.weight for endpoint in venue.endpoints), default=1)
        limiter = Limiter(venue.budget, self._clock, share=share, heaviest=heaviest)
        if state is not None:
            limiter.restore(state)
        return limiter

    def _share_budgets(self) -> None:
        if self._shared is None or self._clock.monotonic() - self._shared_at < BUDGETS_EVERY_S:
            return
        self._shared_at = self._clock.monotonic()
        uses = {name: limiter.use() for name, limiter in self._limiters.items()}
        together = self._shared.exchange(uses, self._clock.utc_ms())
        if together is None:
            return
        for venue, use in uses.items():
            self._limiters[venue].told(use)
            self._limiters[venue].restore(together[venue])

    def _launch(self, name: str) -> None:
        poller = Poller(
            self._venues[name],
            self._clock,
            # Its own stream, so that one venue's luck does not depend on another's.
            random.Random(self._rng.getrandbits(64)),
            self._transport,
            self._limiters[name],
            self._deliver,
            functools.partial(self._wanted, name),
            timeout_s=self._timeout_s,
            base_url=self._base_url,
            poll_s=self._poll_s.get(name),
            on_outcome=self._outcome,
        )
        self._pollers[name] = poller
        self._incidents[name] = Incident()
        poller.start()

    def _health_of(self, venue: Venue) -> VenueHealth:
        poller = self._pollers.get(venue.name)
        if poller is None:
            return describe_off(venue)
        return describe(poller, self._clock, self._incidents[venue.name].state_now(poller, self._clock))

    def _outcome(self, venue: str, trouble: Trouble | None) -> None:
        failed = trouble is not None and trouble.network
        self._outage.note(venue, self._clock.monotonic(), network_failure=failed)
        self._judge_outage()
        self._follow(venue)

    def _follow(self, venue: str) -> None:
        poller = self._pollers.get(venue)
        if poller is None:
            return
        event = self._incidents[venue].follow(poller, self._clock, inhibited=self.local_outage)
        if event is not None:
            self._on_event(event)

    def _judge_outage(self) -> None:
        before = self._outage.local_outage
        polled = sum(poller.holding is None for poller in self._pollers.values())
        after = self._outage.judge(self._clock.monotonic(), polled)
        if before == after:
            return
        now_ms = self._clock.utc_ms()
        for poller in self._pollers.values():
            poller.local_outage = after
            poller.forget_failures()
        if after:
            self._outage_since_ms = now_ms
            text = "Most venues unreachable at once: this machine's network is down"
            self._on_event(_event(now_ms, EventKind.LOCAL_OUTAGE, text, Severity.CRITICAL))
            return
        lasted = format_duration((now_ms - self._outage_since_ms) / 1000)
        self._on_event(_event(now_ms, EventKind.LOCAL_OUTAGE_OVER, f"Network back after {lasted}"))
        self.refresh(RESUME_WITHIN_S)

    async def _beat(self) -> None:
        wall_ms, steady = self._clock.utc_ms(), self._clock.monotonic()
        while True:
            await self._clock.sleep(HEARTBEAT_S)
            now_ms, now = self._clock.utc_ms(), self._clock.monotonic()
            gap_s = (now_ms - wall_ms) / 1000 - (now - steady)
            wall_ms, steady = now_ms, now
            if gap_s > SLEEP_GAP_S:
                await self._woke(gap_s)
            self._judge_outage()
            self._share_budgets()
            for venue in tuple(self._pollers):
                self._follow(venue)
            self._check_clock()

    async def _woke(self, gap_s: float) -> None:
        """The machine slept (or its clock jumped): connections are dead and everything is that much older."""
        for poller in self._pollers.values():
            poller.slept(gap_s)
        text = f"The clock jumped {format_duration(gap_s)} ahead (sleep?): everything is asked again"
        self._on_event(_event(self._clock.utc_ms(), EventKind.CLOCK, text))
        await self._transport.close()
        self.refresh(RESUME_WITHIN_S)

    def _check_clock(self) -> None:
        offset_s = self.clock_offset_s
        if math.isnan(offset_s):
            return
        if abs(offset_s) > CLOCK_WARN_S and not self._clock_warned:
            self._clock_warned = True
            side = "behind" if offset_s > 0 else "ahead of"
            text = f"This machine's clock is {abs(offset_s):.0f}s {side} the venues' clocks: countdowns are off"
            self._on_event(_event(self._clock.utc_ms(), EventKind.CLOCK, text, Severity.WARNING))
        elif abs(offset_s) < CLOCK_WELL_S:
            self._clock_warned = False


def _event(time_ms: int, kind: EventKind, text: str, severity: Severity = Severity.INFO) -> Event:
    return Event(time_ms=time_ms, kind=kind, text=clean(text), severity=severity)
