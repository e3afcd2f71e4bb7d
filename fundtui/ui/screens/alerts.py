"""What fires, what is about to, what is kept quiet, what could not be told, and what is over since yesterday."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from fundtui.alerts.book import Standing
from fundtui.imbalance.catalogue import Level
from fundtui.text import clean
from fundtui.ui.alert_origin import alert_origin
from fundtui.ui.alertlist import (
    WORDS,
    KeptRows,
    Listed,
    Section,
    alert_row,
    basis_of,
    in_order,
    letter_row,
    silence_of,
    silence_row,
)
from fundtui.ui.cells import Scene
from fundtui.ui.pieces import Line, Piece
from fundtui.ui.provenance import Provenance
from fundtui.ui.screens.ask import Ask
from fundtui.ui.screens.listing import ListScreen
from fundtui.ui.screens.venues import moment
from fundtui.ui.screens.whole import bindings_of
from fundtui.ui.widgets.listing import Field
from fundtui.units import MISSING, format_countdown, format_duration, parse_duration

if TYPE_CHECKING:
    from fundtui.alerts.book import Why
    from fundtui.ui.app import FundtuiApp

_BAR = 8
_ROLES = {
    Section.FIRING: "*critical",
    Section.PENDING: "warning",
    Section.SILENCED: "dim",
    Section.SILENCE: "dim",
    Section.DEAD: "warning",
    Section.OVER: "faint",
}
_SEVERITIES = {"info": ("i", "plain"), "warning": ("!", "warning"), "critical": ("!!", "*critical")}


def glyph(scene: Scene, section: Section) -> str:
    """The mark of a standing."""
    glyphs = scene.glyphs
    marks = {Section.FIRING: glyphs.firing, Section.PENDING: glyphs.pending, Section.SILENCED: glyphs.silenced}
    return marks.get(section, {Section.SILENCE: glyphs.silenced, Section.DEAD: "x"}.get(section, glyphs.dot))


def _state(scene: Scene, row: Listed, width: int) -> Line:
    alert = row.alert
    extra = ""
    if alert is not None and row.section is Section.FIRING:
        extra = " ack" if alert.acknowledged_ms else " held" if alert.held else " ending" if alert.recovering else ""
    return [(f"{glyph(scene, row.section)} {WORDS[row.section]}", _ROLES[row.section]), (extra, "dim")]


def _severity(scene: Scene, row: Listed, width: int) -> Line:
    return [_SEVERITIES.get(row.severity, ("", "dim"))]


def _lasted(scene: Scene, row: Listed, width: int) -> Line:
    alert = row.alert
    if alert is not None and alert.ended_ms is not None and alert.fired_ms is not None:
        return [(format_duration((alert.ended_ms - alert.fired_ms) / 1000), "dim")]
    return [(format_duration(max(scene.now_ms - row.since_ms, 0) / 1000), "plain")]


def _next(scene: Scene, row: Listed, width: int) -> Line:
    """What comes next: a filling bar while it waits, a countdown to the settlement or to the silence's end."""
    if row.section is Section.OVER:
        return [(moment(row.since_ms, scene.now_ms)[-8:], "dim")]
    if row.section is Section.PENDING:
        filled = round(row.share_at(scene.now_ms) * _BAR)
        bar = scene.glyphs.shade[-1] * filled + scene.glyphs.dot * (_BAR - filled)
        return [(bar, "warning"), (f" {format_countdown(max(row.until_ms - scene.now_ms, 1) / 1000)}", "dim")]
    if math.isnan(row.until_ms):
        return [(MISSING, "faint")]
    return [(format_countdown((row.until_ms - scene.now_ms) / 1000), "dim")]


def _what(scene: Scene, row: Listed, width: int) -> Line:
    """The sentence without the subject, which stands in a column of its own."""
    return [(row.text.removeprefix(f"{row.subject}: "), "dim" if row.section is Section.OVER else "plain")]


FIELDS = (
    Field(key="state", title="state", width=15, right=False, value=lambda row: float(row.section), cell=_state,
          help="Firing, pending, muted, a silence, a notice that could not be sent, or over within a day."),
    Field(key="severity", title="", width=2, right=False, rank=4, value=lambda row: row.severity, cell=_severity),
    Field(key="rule", title="rule", width=18, right=False, rank=2, value=lambda row: row.rule,
          cell=lambda scene, row, width: [(row.rule, "plain")], help="The rule's name."),
    Field(key="subject", title="subject", width=22, right=False, value=lambda row: row.subject,
          cell=lambda scene, row, width: [(row.subject, "bright")], help="What it is about."),
    Field(key="lasted", title="for", width=7, rank=1, falling=True, value=lambda row: -float(row.since_ms),
          cell=_lasted, help="How long it has been so; what is over: how long it fired."),
    Field(key="next", title="next", width=14, right=False, rank=3, value=lambda row: row.until_ms, cell=_next,
          help="Until it fires, until the next settlement, until the silence ends; what is over: when it ended."),
    Field(key="text", title="what", width=20, right=False, grows=True, value=lambda row: row.text,
          cell=_what,
          help="What was compared with what."),
)  # fmt: skip


def _brief_state(scene: Scene, row: Listed, width: int) -> Line:
    return [(glyph(scene, row.section), _ROLES[row.section])]


def _brief_subject(scene: Scene, row: Listed, width: int) -> Line:
    return [(row.subject, "bright"), (f" {row.rule}", "dim")]


BRIEF = (
    Field(key="state", title="", width=2, right=False, value=lambda row: float(row.section), cell=_brief_state,
          help="Firing, pending, muted, a silence, a notice that could not be sent, or over within a day."),
    Field(key="subject", title="subject and rule", width=12, right=False, grows=True, value=lambda row: row.subject,
          cell=_brief_subject, help="What it is about, and which rule says so."),
    Field(key="lasted", title="for", width=7, rank=1, falling=True, value=lambda row: -float(row.since_ms),
          cell=_lasted, help="How long it has been so."),
)  # fmt: skip


class AlertsScreen(ListScreen):
    """Firing on top; `a` acknowledges, `s` silences, Enter shows the rule term by term."""

    NAME = "alerts"
    TITLE_TEXT = "Alerts"
    FIELDS = FIELDS
    BRIEF = BRIEF
    SORT = ("state", False)
    BINDINGS = bindings_of("alerts")

    def __init__(self, app: FundtuiApp) -> None:
        super().__init__(app)
        self._waits: dict[str, float] = {}
        self._kept = KeptRows()

    def rows(self) -> Sequence[Listed]:
        return in_order(self._kept.of(self._parts()))

    def _parts(self) -> Iterator[tuple[str, object, Callable[[], Listed]]]:
        """What there is, what its row depends on, and how the row is made."""
        now_ms, silences = self.source.clock.utc_ms(), self.source.silences()
        for alert in self.source.alerts():
            held = silence_of(alert, silences, now_ms) if alert.standing is Standing.SILENCED else None
            wait_s, next_ms = self._wait_s(alert.rule, alert.id), self._next_ms(alert.subject)
            basis = (*basis_of(alert), wait_s, None if math.isnan(next_ms) else next_ms, held)
            yield f"alert {alert.id}", basis, partial(alert_row, alert, wait_s, next_ms, held)
        for silence in silences:
            yield f"silence {silence.id}", (silence, silence.from_ms <= now_ms), partial(silence_row, silence, now_ms)
        for letter in self.source.dead_letters():
            yield f"letter {letter.key} {letter.sink}", letter, partial(letter_row, letter)

    def _wait_s(self, rule: str, name: str) -> float:
        """How long a rule waits; asked once for each rule."""
        if rule not in self._waits:
            why = self._why(name)
            self._waits[rule] = 0.0 if why is None else why.wait_s
        return self._waits[rule]

    def _why(self, name: str) -> Why | None:
        try:
            return self.source.why_alert(name)
        except KeyError:
            # It ended between the list and the question.
            return None

    def _next_ms(self, subject: Any) -> float:
        """The next settlement of an alert's subject."""
        if subject.level not in (Level.ASSET, Level.INSTRUMENT):
            return math.nan
        table = self.source.table(subject.level)
        row = table.index.get(subject.key)
        return math.nan if row is None else float(table.columns["next_funding_ms"][row])

    def key_of(self, row: Listed) -> str:
        return row.key

    def values(self, row: Listed) -> dict[str, float | str]:
        return super().values(row) | {"state": WORDS[row.section], "lasted": float(row.since_ms)}

    def asset_of(self, row: Listed) -> str:
        return "" if row.alert is None else row.alert.subject.asset or row.alert.subject.key

    def subtitle(self) -> str:
        problem = self.source.alert_problem
        return clean(problem, 60) if problem else f"by {self.app.alert_channel}"

    def brief(self, scene: Scene) -> Line:
        counts, glyphs = self.source.alert_counts(), scene.glyphs
        line: list[Piece] = [(f"  {glyphs.firing}{counts.firing} firing", "*critical" if counts.firing else "dim")]
        line += [(f"  {glyphs.pending}{counts.pending} pending", "warning" if counts.pending else "dim")]
        return [*line, (f"  {counts.silenced} muted" if counts.silenced else "", "dim")]

    def origin(self, row: Listed, field: Field, text: str) -> Provenance:
        why = None if row.alert is None else self._why(row.alert.id)
        return alert_origin(self.source, row, why, field.key, field.title, text)

    def notice(self) -> Sequence[Line]:
        return [[("  nothing fires, nothing is pending, nothing was told within a day", "dim")]]

    # -- why

    def detail(self, scene: Scene, row: Listed, width: int) -> Sequence[Line]:
        lines: list[Line] = [
            [(f"  {row.subject}", "*bright"), (f"  {row.rule}", "plain"), ("  ", "dim"), *_state(scene, row, 20)],
            [(f"  {row.text}", "plain")],
        ]
        if row.alert is None:
            return [*lines, *self._not_alert(scene, row)]
        why = self._why(row.alert.id)
        return lines if why is None else [*lines, *why_lines(scene, why)]

    def _not_alert(self, scene: Scene, row: Listed) -> list[Line]:
        if row.silence is not None:
            ends = f"until {moment(row.silence.until_ms, scene.now_ms)} UTC"
            return [[("  quiet ", "dim"), (ends, "plain")], [("  u ends it now", "faint")]]
        letter = row.letter
        if letter is None:
            return []
        body = clean(letter.body.decode("utf-8", "replace"), 400)
        return [
            [("  made ", "dim"), (f"{moment(letter.created_ms, scene.now_ms)} UTC", "plain")],
            [("  said ", "dim"), (body, "plain")],
            [("  a notes that you have seen all of these", "faint")],
        ]

    # -- doing

    def action_acknowledge(self) -> None:
        row = self.list.row
        if row is None or row.silence is not None:
            return
        if row.letter is not None:
            self._do(self.source.see_dead_letters(), "seen")
        elif row.section is Section.FIRING:
            self._do(self.source.acknowledge(row.alert.id), f"{row.rule} {row.subject} acknowledged")
        else:
            self.say("only what fires can be acknowledged", "warning")

    def action_silence(self) -> None:
        row = self.list.row
        if row is None or row.alert is None:
            return

        def chosen(answer: str | None) -> None:
            if answer:
                self._silence(row, answer)

        question = f"Silence how long? {row.rule}, {row.subject}"
        self.app.push_screen(Ask(question, "1h", "15m, 4h, 1d; a reason may follow: 4h known listing", _wrong), chosen)

    def _silence(self, row: Listed, answer: str) -> None:
        length, _, reason = answer.strip().partition(" ")
        until_ms = self.source.clock.utc_ms() + round(parse_duration(length) * 1000)
        asked = self.source.silence(
            until_ms, clean(reason.strip() or "from the screen"), rule=literal(row.rule), subject=literal(row.subject)
        )
        self._do(asked, f"{row.rule} {row.subject} silenced for {length}")

    def action_lift(self) -> None:
        row = self.list.row
        if row is None:
            return
        silence = row.silence
        if silence is None and row.alert is not None:
            silence = silence_of(row.alert, self.source.silences(), self.source.clock.utc_ms())
        if silence is None:
            self.say("no silence holds this", "warning")
            return
        self._do(self.source.lift_silence(silence.id), "silence ended")

    def _do(self, work: Awaitable[None], done: str) -> None:
        """Do something that has to become durable, and say how that went."""

        async def doing() -> None:
            try:
                await work
            except OSError as error:
                self.say(f"not kept: {clean(error)}", "warning")
                return
            self.say(done)
            self.draw()

        self.run_worker(doing())

    def action_subject(self) -> None:
        row = self.list.row
        if row is None or row.alert is None:
            return
        if row.alert.subject.level is Level.VENUE:
            self.app.action_go("venues")
            return
        asset = self.source.table(Level.ASSET).index.get(self.asset_of(row))
        if asset is not None:
            self.app.open_asset(asset)


def _wrong(answer: str) -> str:
    """What is wrong with an answer to "for how long"."""
    try:
        seconds = parse_duration(answer.strip().partition(" ")[0])
    except ValueError as error:
        return str(error)
    return "" if seconds > 0 else "longer than nothing"


def literal(text: str) -> str:
    """A text as a pattern that matches itself alone."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)


def why_lines(scene: Scene, why: Why) -> list[Line]:
    """A rule with each of its terms as it is now, and who was told."""
    alert = why.alert
    lines: list[Line] = []
    if why.summary:
        lines.append([(f"  {why.summary}", "dim")])
    for label, text in (("when", why.when), ("clear", why.clear)):
        if text:
            lines.append([(f"  {label:<7}", "dim"), (text, "plain")])
    waits = [f"for {format_duration(why.wait_s)}"] if why.wait_s else []
    waits += [f"keeps firing {format_duration(why.keep_firing_s)}"] if why.keep_firing_s else []
    waits += ["until the settlement"] if why.until_settlement else []
    if waits:
        lines.append([("  holds  ", "dim"), (", ".join(waits), "plain")])
    for term in why.terms:
        mark, role = ("?", "dim") if term.holds is None else ("yes", "warning") if term.holds else ("no", "plain")
        pieces: list[Piece] = [(f"  {mark:>5}  ", role), (f"{term.source:<32} ", "plain"), ("now ", "dim")]
        lines.append([*pieces, (term.text or MISSING, "bright")])
    if alert.muted:
        lines.append([("  muted  ", "dim"), (alert.muted, "plain")])
    if alert.held:
        lines.append([("  held: data missing or stale, so it neither fires nor ends", "warning")])
    if alert.reason:
        lines.append([("  ended  ", "dim"), (alert.reason, "plain")])
    for sink, time_ms in why.told:
        lines.append([("  told   ", "dim"), (sink, "plain"), (f"  {moment(time_ms, scene.now_ms)} UTC", "dim")])
    if not why.told and why.sinks:
        lines.append([("  sinks  ", "dim"), (", ".join(why.sinks), "plain"), ("  not told yet", "faint")])
    if not why.sinks:
        lines.append([("  shown here only: the rule names no sink", "faint")])
    return lines
