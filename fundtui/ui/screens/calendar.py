"""The coming settlements: a time line of the dollars that will change hands, and who pays whom in a chosen hour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from textual import on

from fundtui.imbalance.catalogue import Level
from fundtui.ui.calendar_origin import flow_origin
from fundtui.ui.cells import Scene, figure, rate_role
from fundtui.ui.grid import LENS_KEYS
from fundtui.ui.pieces import Line
from fundtui.ui.provenance import Provenance
from fundtui.ui.schedule import Flow, Schedule, flows, schedule
from fundtui.ui.screens.listing import ListScreen
from fundtui.ui.screens.whole import bindings_of
from fundtui.ui.widgets.listing import Field
from fundtui.ui.widgets.timeline import Timeline, step_for
from fundtui.units import (
    HOUR_MS,
    format_countdown,
    format_duration,
    format_money,
    format_percent,
    format_rate,
    format_utc,
)

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from fundtui.ui.app import FundtuiApp

SPANS_H = (24, 72)
# The whole schedule is worked out this often, seconds: nothing in it moves faster than a rate.
_RECOUNT_S = 5.0


def state(flow: Flow) -> str:
    """What the dollars rest on."""
    if flow.settling:
        return "settling"
    return "published" if flow.first else "at today's rate"


def who(flow: Flow) -> str:
    """Who pays whom."""
    return "longs pay shorts" if flow.dollars > 0 else "shorts pay longs" if flow.dollars < 0 else "nobody pays"


def _rate(scene: Scene, flow: Flow, width: int) -> Line:
    text = f"{format_percent(flow.hourly * flow.interval_h, 4)}/{format_duration(flow.interval_h * 3600)}"
    return [(text, rate_role(flow.hourly))]


_STATE_ROLES = {"settling": "warning", "published": "plain", "at today's rate": "faint"}

FIELDS = (
    Field(key="time", title="UTC", width=5, right=False, value=lambda flow: float(flow.time_ms),
          cell=lambda scene, flow, width: [(format_utc(flow.time_ms, seconds=False), "dim")], help="When it is paid."),
    Field(key="venue", title="venue", width=14, right=False, value=lambda flow: flow.venue, help="Where."),
    Field(key="asset", title="asset", width=10, right=False, value=lambda flow: flow.asset,
          cell=lambda scene, flow, width: [(flow.asset, "bright")], help="On what."),
    Field(key="symbol", title="symbol", width=18, right=False, rank=6, value=lambda flow: flow.symbol,
          cell=lambda scene, flow, width: [(flow.symbol, "dim")], help="The venue's name of the contract."),
    Field(key="rate", title="rate", width=13, rank=1, falling=True, cell=_rate,
          value=lambda flow: flow.hourly * flow.interval_h, help="What is paid at the settlement."),
    Field(key="oi", title="OI", width=6, rank=4, falling=True, value=lambda flow: flow.oi_usd,
          cell=lambda scene, flow, width: [(format_money(flow.oi_usd), "plain")], help="Open interest in dollars."),
    Field(key="dollars", title="$ due", width=8, falling=True, value=lambda flow: abs(flow.dollars),
          cell=lambda scene, flow, width: [(format_money(abs(flow.dollars)), "bright")],
          help="Open interest times the rate."),
    Field(key="who", title="who", width=16, right=False, rank=2, value=who,
          cell=lambda scene, flow, width: [(who(flow), rate_role(flow.hourly))], help="Who pays whom."),
    Field(key="state", title="rests on", width=15, right=False, rank=3, value=state,
          cell=lambda scene, flow, width: [(state(flow), _STATE_ROLES[state(flow)])],
          help="The published rate, today's rate for later settlements, or settling: due and not yet seen."),
)  # fmt: skip


def _brief_who(scene: Scene, flow: Flow, width: int) -> Line:
    return [(flow.asset, "bright"), (f" {flow.venue}", "dim")]


def _brief_dollars(scene: Scene, flow: Flow, width: int) -> Line:
    """Dollars with their direction: + longs pay, - shorts pay."""
    sign = "+" if flow.dollars > 0 else "-" if flow.dollars < 0 else ""
    return [(sign + format_money(abs(flow.dollars)), rate_role(flow.hourly))]


BRIEF = (
    Field(key="time", title="UTC", width=5, right=False, value=lambda flow: float(flow.time_ms),
          cell=lambda scene, flow, width: [(format_utc(flow.time_ms, seconds=False), "dim")], help="When it is paid."),
    Field(key="asset", title="asset, venue", width=8, right=False, grows=True, value=lambda flow: flow.asset,
          cell=_brief_who, help="On what, where."),
    Field(key="dollars", title="$ due", width=7, rank=1, falling=True, value=lambda flow: abs(flow.dollars),
          cell=_brief_dollars, help="Dollars due: + longs pay shorts, - shorts pay longs."),
)  # fmt: skip


def coming(made: Schedule) -> int:
    """The first stretch in which anything is due."""
    due = np.flatnonzero(made.longs + made.shorts)
    return int(due[0]) if len(due) else 0


class CalendarScreen(ListScreen):
    """Time line above, the flows of the chosen stretch below."""

    NAME = "calendar"
    TITLE_TEXT = "Calendar"
    FIELDS = FIELDS
    BRIEF = BRIEF
    SORT = ("dollars", True)
    BINDINGS = bindings_of("calendar")
    DEFAULT_CSS = """
    CalendarScreen Timeline { height: 10; }
    CalendarScreen.below Timeline { height: 18; }
    CalendarScreen.beside Timeline { height: 24; }
    CalendarScreen.small Timeline { display: none; }
    CalendarScreen.below #below, CalendarScreen.beside #beside { display: none; }
    """

    def __init__(self, app: FundtuiApp) -> None:
        super().__init__(app)
        at = next(place for place, field in enumerate(FIELDS) if field.key == "oi")
        lensed = Field(key="apr", title="in lens", width=9, rank=5, falling=True, value=self._exported,
                       cell=self._lens_cell,
                       help="The rate in the chosen basis and lens: published, above interest, premium.")  # fmt: skip
        self.fields = [*FIELDS[:at], lensed, *FIELDS[at:]]
        self.span_h = SPANS_H[0]
        self.chosen = 0
        # A person who looks at an hour looks at that hour, also after time has passed; 0: nobody has chosen one.
        self._chosen_ms = 0
        self._schedule: Schedule | None = None
        self._made: tuple[float, int, int] = (-math.inf, 0, 0)
        self._flows: tuple[tuple[float, int, int], Sequence[Flow]] = ((-math.inf, 0, 0), ())

    def _lensed(self, flow: Flow) -> float:
        """The instrument's rate in the chosen lens: hourly, or the premium."""
        return float(self.source.table(Level.INSTRUMENT).columns[LENS_KEYS[self.choices.lens]][flow.row])

    def _exported(self, flow: Flow) -> float:
        return (
            self._lensed(flow) * self.source.table(Level.INSTRUMENT).metrics[LENS_KEYS[self.choices.lens]].export_factor
        )

    def _lens_cell(self, scene: Scene, flow: Flow, width: int) -> Line:
        metric = self.source.table(Level.INSTRUMENT).metrics[LENS_KEYS[scene.lens]]
        return [figure(metric, self._lensed(flow), scene)]

    def above(self) -> ComposeResult:
        yield Timeline(id="timeline")

    def schedule(self) -> Schedule:
        """The schedule, worked out again when it is due."""
        now, now_ms = self.now(), self.source.clock.utc_ms()
        step_h = step_for(self.span_h, self.app.size.width)
        made_at, span_h, made_step = self._made
        hour_over = self._schedule is not None and now_ms - self._schedule.start_ms >= HOUR_MS
        if self._schedule is None or hour_over or now - made_at >= _RECOUNT_S or (span_h, made_step) != (
            self.span_h, step_h
        ):  # fmt: skip
            self._schedule = schedule(self.source.table(Level.INSTRUMENT), now_ms, self.span_h, step_h)
            self._made = (now, self.span_h, step_h)
            self._follow(self._schedule)
        return self._schedule

    def _follow(self, made: Schedule) -> None:
        """Keep the chosen moment chosen while the time line moves under it; what comes next where none is."""
        if self._chosen_ms < made.start_ms:
            self._chosen_ms = 0
            self.chosen = coming(made)
        else:
            self.choose((self._chosen_ms - made.start_ms) // (made.step_h * HOUR_MS), made)

    def choose(self, stretch: int, made: Schedule) -> None:
        """Look at one stretch from now on."""
        self.chosen = max(0, min(stretch, made.stretches - 1))
        self._chosen_ms = made.begins_ms(self.chosen)

    def rows(self) -> Sequence[Flow]:
        made = self.schedule()
        start, end = made.begins_ms(self.chosen), made.begins_ms(self.chosen + 1)
        key = (self._made[0], start, end)
        if key != self._flows[0]:
            now_ms = self.source.clock.utc_ms()
            self._flows = (key, flows(self.source.table(Level.INSTRUMENT), now_ms, start, end))
        return self._flows[1]

    def key_of(self, row: Flow) -> str:
        return row.key

    def asset_of(self, row: Flow) -> str:
        return row.asset

    def subtitle(self) -> str:
        made = self.schedule()
        start, end = made.begins_ms(self.chosen), made.begins_ms(self.chosen + 1)
        return f"{format_utc(start, seconds=False)} to {format_utc(end, seconds=False)}"

    def brief(self, scene: Scene) -> Line:
        made, at = self.schedule(), self.chosen
        due, net = float(made.longs[at] + made.shorts[at]), float(made.longs[at] - made.shorts[at])
        left = format_countdown((made.begins_ms(at) - scene.now_ms) / 1000)
        who = "longs pay" if net > 0 else "shorts pay" if net < 0 else ""
        begins = format_utc(made.begins_ms(at), seconds=False)
        return [
            (f"  {begins}", "plain"),
            (f" in {left}", "dim"),
            (f"  ${format_money(due)}", "bright"),
            (f" {who}", "dim"),
        ]

    def origin(self, row: Flow, field: Field, text: str) -> Provenance:
        return flow_origin(self.source, row, field.key, field.title, text)

    def notice(self) -> Sequence[Line]:
        return [[("  nothing is due in this hour", "dim")]]

    def draw_more(self, scene: Scene) -> None:
        self.query_one(Timeline).show(scene, self.schedule(), self.chosen)

    def detail(self, scene: Scene, row: Flow, width: int) -> Sequence[Line]:
        left = format_duration(max(row.time_ms - scene.now_ms, 0) / 1000)
        paid = f"{format_percent(row.hourly * row.interval_h, 4)} of ${format_money(row.oi_usd)} open interest"
        return [
            [(f"  {row.venue} {row.asset}", "*bright"), (f"  {row.symbol}", "dim")],
            [
                ("  due      ", "dim"),
                (f"{format_utc(row.time_ms)} UTC", "plain"),
                (f", {'settling' if row.settling else 'in ' + left}", "warning" if row.settling else "dim"),
            ],
            [("  who      ", "dim"), (who(row), rate_role(row.hourly))],
            [("  dollars  ", "dim"), (f"${format_money(abs(row.dollars))}", "bright"), (f"  {paid}", "dim")],
            [("  rests on ", "dim"), (state(row), _STATE_ROLES[state(row)])],
            [("  rate     ", "dim"), (format_rate(row.hourly, scene.basis), rate_role(row.hourly))],
            [(f"  {scene.lens.value:<9}", "dim"), *self._lens_cell(scene, row, width)],
        ]

    # -- choosing

    def action_hour(self, step: int) -> None:
        self._look_at(self.chosen + step)

    @on(Timeline.Chosen)
    def _clicked(self, message: Timeline.Chosen) -> None:
        self._look_at(message.stretch)

    def _look_at(self, stretch: int) -> None:
        self.choose(stretch, self.schedule())
        self.list.release()
        self.list.cursor_key, self.list.cursor, self.list.top = None, 0, 0
        self.draw()

    def action_span(self) -> None:
        self.span_h = SPANS_H[(SPANS_H.index(self.span_h) + 1) % len(SPANS_H)]
        self.draw()
