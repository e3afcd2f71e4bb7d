"""What has happened: contract changes, incidents, what alerts said, and settlements with what nobody had announced."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fundtui.imbalance.catalogue import Level
from fundtui.status import Severity
from fundtui.text import clean
from fundtui.ui import recording
from fundtui.ui.cells import Scene, rate_role
from fundtui.ui.journal_origin import entry_origin
from fundtui.ui.journal_rows import GROUPS, SETTLEMENT, SHOWN, Entry, entry_of, kept_entries, seen_entries, together
from fundtui.ui.pieces import Line, Piece, folded
from fundtui.ui.provenance import Provenance
from fundtui.ui.screens.listing import ListScreen
from fundtui.ui.screens.venues import moment
from fundtui.ui.screens.whole import bindings_of
from fundtui.ui.widgets.listing import Field
from fundtui.ui.widgets.textpanel import TextPanel
from fundtui.units import MISSING, format_age, format_rate, format_utc, format_utc_date

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from fundtui.ui.app import FundtuiApp
    from fundtui.ui.source import SettledRow

__all__ = ["GROUPS", "JournalScreen"]

# Settlements among everything else, and where they are looked at alone.
SOME_SETTLED, MOST_SETTLED = 400, 3_000
PAGE_MS = 86_400_000

_MARKS = {Severity.INFO: "", Severity.WARNING: "!", Severity.CRITICAL: "!!"}
_ROLES = {Severity.INFO: "plain", Severity.WARNING: "warning", Severity.CRITICAL: "critical"}


def _rate(scene: Scene, value: float) -> Line:
    return [("", "dim")] if math.isnan(value) else [(format_rate(value, scene.basis), rate_role(value))]


def _time(scene: Scene, entry: Entry, width: int) -> Line:
    return [(moment(entry.time_ms, scene.now_ms), "dim")]


def _what(scene: Scene, entry: Entry, width: int) -> Line:
    text = entry.text
    if entry.group == SETTLEMENT:
        text = text.removeprefix(f"{entry.venue} {entry.asset or entry.symbol} ")
    return [(text, _ROLES[entry.severity])]


FIELDS = (
    Field(key="time", title="UTC", width=11, right=False, value=lambda entry: float(entry.time_ms), cell=_time,
          falling=True, help="When; with the date where it was not today."),
    Field(key="severity", title="", width=2, right=False, value=lambda entry: _MARKS[entry.severity],
          cell=lambda scene, entry, width: [(_MARKS[entry.severity], _ROLES[entry.severity])]),
    Field(key="kind", title="kind", width=17, right=False, rank=3, value=lambda entry: entry.kind,
          cell=lambda scene, entry, width: [(entry.kind, "dim")], help="What kind of event."),
    Field(key="venue", title="venue", width=13, right=False, rank=4, value=lambda entry: entry.venue,
          cell=lambda scene, entry, width: [(entry.venue, "plain")], help="The venue that it is about."),
    Field(key="asset", title="asset", width=9, right=False, rank=1, value=lambda entry: entry.asset,
          cell=lambda scene, entry, width: [(entry.asset, "bright")], help="The asset that it is about."),
    Field(key="paid", title="paid", width=9, rank=6, value=lambda entry: entry.paid, falling=True,
          cell=lambda scene, entry, width: _rate(scene, entry.paid), help="Settled rate, in the chosen lens."),
    Field(key="surprise", title="surprise", width=9, rank=2, value=lambda entry: entry.surprise, falling=True,
          cell=lambda scene, entry, width: _rate(scene, entry.surprise),
          help="Settled rate less what was announced half an hour before."),
    Field(key="error", title="formula", width=9, rank=5, value=lambda entry: entry.error, falling=True,
          cell=lambda scene, entry, width: _rate(scene, entry.error),
          help="Settled rate less what the venue's formula says of the observed premium."),
    Field(key="what", title="what", width=34, right=False, grows=True, value=lambda entry: entry.text,
          cell=_what, help="The sentence, without what stands in columns of its own."),
)  # fmt: skip


def _brief_time(scene: Scene, entry: Entry, width: int) -> Line:
    mark = _MARKS[entry.severity][:1] or " "
    return [(format_utc(entry.time_ms, seconds=False), "dim"), (mark, _ROLES[entry.severity])]


BRIEF = (
    Field(key="time", title="UTC", width=6, right=False, value=lambda entry: float(entry.time_ms), cell=_brief_time,
          falling=True, help="When; ! warns."),
    Field(key="what", title="what", width=14, right=False, grows=True, value=lambda entry: entry.text,
          cell=lambda scene, entry, width: [(entry.text, _ROLES[entry.severity])], help="The whole sentence."),
)  # fmt: skip


class JournalScreen(ListScreen):
    """Newest first; `f` narrows it to one group of kinds; settlements go on into the record page by page."""

    NAME = "journal"
    TITLE_TEXT = "Journal"
    FIELDS = FIELDS
    BRIEF = BRIEF
    MORE_COLUMNS = ("group", "symbol")
    SORT = ("time", True)
    BINDINGS = bindings_of("journal")
    DEFAULT_CSS = """
    JournalScreen #record { height: 1; }
    JournalScreen.small #record { display: none; }
    """

    def __init__(self, app: FundtuiApp) -> None:
        super().__init__(app)
        self.group = ""
        # Ends of the pages of the record that were turned back to, the present one last; empty: now.
        self._pages: list[int] = []
        self._kept: Sequence[SettledRow] = ()
        self._kept_total = 0
        self._problem = ""
        self._made: tuple[object, ...] = ()
        self._entries: list[Entry] = []

    def above(self) -> ComposeResult:
        yield TextPanel(id="record")

    def draw_more(self, scene: Scene) -> None:
        panel = self.query_one("#record", TextPanel)
        lines = folded(recording.record_line(self.source), max(panel.size.width, 40))[:2]
        panel.styles.height = len(lines)
        panel.show(scene, lines)

    # -- rows

    def rows(self) -> Sequence[Entry]:
        scene, source = self.scene(), self.source
        key = (source.event_count, source.settled_count, self.group, scene.basis, scene.lens, id(self._kept))
        if key != self._made:
            self._made = key
            self._entries = self._worked_out(scene)
        return self._entries

    def _worked_out(self, scene: Scene) -> list[Entry]:
        table = self.source.table(Level.INSTRUMENT)
        kept = kept_entries(self._kept, table, scene)
        if self._pages:
            return kept
        first = self.source.event_count - len(self.source.events)
        entries = [entry_of(event, first + place) for place, event in enumerate(self.source.events)]
        limit = MOST_SETTLED if self.group == SETTLEMENT else SOME_SETTLED
        entries += together(seen_entries(self.source.settled_lately(limit), table, scene), kept)
        return [entry for entry in entries if not self.group or entry.group == self.group]

    def key_of(self, row: Entry) -> str:
        return row.key

    def asset_of(self, row: Entry) -> str:
        return row.asset

    def subtitle(self) -> str:
        if not self._pages:
            return self.group or "all kinds"
        shown = f", {len(self._kept):,} of {self._kept_total:,}" if self._kept_total > len(self._kept) else ""
        return f"record before {format_utc_date(self._pages[-1])[:16]}{shown}"

    def notice(self) -> Sequence[Line]:
        if self._problem:
            return [[(f"  {clean(self._problem)}", "warning")]]
        if self._pages:
            return [[("  no settlement in that day of the record", "dim")]]
        return [[(f"  no {self.group or 'event'} yet", "dim")]]

    def values(self, row: Entry) -> dict[str, float | str]:
        return super().values(row) | {"group": row.group, "symbol": row.symbol}

    def action_kinds(self, step: int) -> None:
        self.group = SHOWN[(SHOWN.index(self.group) + step) % len(SHOWN)]
        self._pages.clear()
        self._kept = ()
        self.to_start()
        if self.group == SETTLEMENT:
            self._read()

    def action_turn(self, step: int) -> None:
        """To older settlements of the record, or back to newer ones."""
        if not self.source.past.kept:
            self.say("nothing is kept here, so there are no older settlements", "warning")
            return
        self.group = SETTLEMENT
        if step < 0:
            whole_day = self._end_ms() - PAGE_MS * bool(self._pages)
            self._pages.append(min((one.time_ms for one in self._kept), default=whole_day))
        elif self._pages:
            self._pages.pop()
        self._read()

    def to_start(self) -> None:
        """Show the first rows of something else."""
        self.list.release()
        self.list.cursor_key, self.list.cursor, self.list.top = None, 0, 0
        self.draw()

    def _end_ms(self) -> int:
        return self._pages[-1] if self._pages else self.source.clock.utc_ms() + 1

    def _read(self) -> None:
        """Read a page of the record, away from the event loop."""
        if not self.source.past.kept:
            return
        end_ms = self._end_ms()

        async def reading() -> None:
            found = await self.source.past.settlements(end_ms - PAGE_MS, end_ms)
            self._kept, self._kept_total, self._problem = found.rows, found.total, found.problem
            self.to_start()

        self.run_worker(reading(), exclusive=True)

    # -- looking

    def brief(self, scene: Scene) -> Line:
        """How many entries, how many of them need a look, and how the record is."""
        entries = self.list.rows
        bad = sum(entry.severity is not Severity.INFO for entry in entries)
        marks = [(text.rstrip(), role) for text, role in recording.marks(self.source)]
        warned: Piece = (f"  {bad} to look at", "warning") if bad else ("", "dim")
        return [(f"  {len(entries)} {self.group or 'entries'}", "plain"), warned, *marks]

    def origin(self, row: Entry, field: Field, text: str) -> Provenance:
        return entry_origin(self.source, self.scene(), row, field.key, field.title, text)

    def detail(self, scene: Scene, row: Entry, width: int) -> Sequence[Line]:
        ago = format_age((scene.now_ms - row.time_ms) / 1000)
        lines: list[Line] = [
            [(f"  {row.text}", f"*{_ROLES[row.severity]}" if row.severity is not Severity.INFO else "*bright")],
            [("  when     ", "dim"), (f"{format_utc_date(row.time_ms)} UTC", "plain"), (f", {ago} ago", "dim")],
            [("  kind     ", "dim"), (f"{row.kind}", "plain"), (f"  ({row.group})", "dim")],
        ]
        named = [(name, getattr(row, name)) for name in ("venue", "asset", "symbol")]
        lines += [[(f"  {name:<9}", "dim"), (value, "plain")] for name, value in named if value]
        if row.before or row.after:
            before, after = row.before or MISSING, row.after or MISSING
            arrow = f" {scene.glyphs.change} "
            lines.append([("  changed  ", "dim"), (before, "plain"), (arrow, "dim"), (after, "bright")])
        for label, value, against in (
            ("paid", row.paid, ""), ("surprise", row.surprise, "against announced"),
            ("formula", row.error, "against the formula"),
        ):  # fmt: skip
            if not math.isnan(value):
                said = format_rate(value, scene.basis)
                lines.append([(f"  {label:<9}", "dim"), (said, rate_role(value)), (f"  {against}", "dim")])
        return lines
