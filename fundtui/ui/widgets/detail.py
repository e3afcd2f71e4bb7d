"""The selected asset: every venue's instrument with its rate, what it should be, and why it is left out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from textual.strip import Strip

from fundtui.imbalance.table import Table
from fundtui.ui.cells import Lens, Scene, figure
from fundtui.ui.chart import bars
from fundtui.ui.instrument_text import published, reasons_text
from fundtui.ui.paint import Span, both_ends, cells, fitted, strip_of
from fundtui.ui.widgets.canvas import Panel
from fundtui.units import MISSING, format_age

_HOUR_MS = 3_600_000
_FLAG_ROLES = {"C": "warning", "~": "warning", "!": "critical", "?": "warning"}


class Part(msgspec.Struct, frozen=True):
    """One column of the list: metric key (or a name of ours), head, width, and when it gives way (larger first)."""

    key: str
    title: str
    width: int
    rank: int = 0
    right: bool = True


_PARTS = (
    Part("venue", "venue", 11, 0, right=False),
    Part("rate", "rate/int", 13, 0),
    Part("apr", "APR", 9, 0),
    Part("flag", "", 1, 0, right=False),
    Part("next_funding_ms", "next", 5, 1),
    Part("premium", "premium", 8, 3),
    Part("theory", "theory", 8, 4),
    Part("divergence", "diverg", 8, 5),
    Part("cap_use", "cap", 5, 3),
    Part("oi_usd", "OI", 6, 2),
    Part("age", "age", 4, 2),
)
_WHY = 11
# Below this width the title says less.
_WHOLE_TITLE = 60


class DetailPanel(Panel):
    """Title line, heads, one line per instrument, and the trend where there is room."""

    DEFAULT_CSS = "DetailPanel { height: 10; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.scene: Scene | None = None
        self.assets: Table | None = None
        self.instruments: Table | None = None
        self.row = -1
        self.rows: Sequence[int] = ()
        self.first = 0
        self.waiting = ""
        self._shown: tuple[object, ...] = ()
        self._chart_key: tuple[object, ...] = ()
        self._chart_lines: list[Strip] = []

    def wait_for(self, scene: Scene, name: str) -> None:
        """Show only a name: a person is on the way through the list, and a blank panel scrolls for nothing."""
        self.scene, self.waiting = scene, name
        self._shown = ()
        self.update()

    def show(self, scene: Scene, assets: Table, row: int | None, instruments: Table, rows: Sequence[int]) -> None:
        """Draw what changed for this asset and its instruments."""
        if row != self.row:
            self.first = 0
        self.waiting = ""
        self.scene, self.assets, self.instruments = scene, assets, instruments
        self.row = -1 if row is None else row
        self.rows = rows
        key = self._key()
        if key != self._shown:
            self._shown = key
            self.update()

    def _key(self) -> tuple[object, ...]:
        """Everything that the content depends on; seconds count only while an age or a countdown shows them."""
        if self.scene is None or self.assets is None or self.instruments is None:
            return ()
        rows, now = np.asarray(self.rows, np.int64), self.scene.now_ms
        columns = self.instruments.columns
        observed, due = columns["observed_ms"][rows], columns["next_funding_ms"][rows]
        ticking = bool(((now - observed < 60_000) | (np.abs(due - now) < 61_000)).any())
        versions = (self.assets.version[self.row], self.instruments.version[rows].tobytes())
        scene = (self.scene.pens, self.scene.basis, self.scene.lens, now // (1000 if ticking else 60_000))
        return (self.row, self.first, self.size, versions, scene)

    def blank(self, width: int) -> Strip:
        return strip_of((), width, self.scene.pens("dim", "panel")) if self.scene else Strip.blank(width)

    def content(self, width: int, height: int) -> list[Strip]:
        scene, assets, instruments = self.scene, self.assets, self.instruments
        if scene is None or assets is None or instruments is None:
            return []
        fill = scene.pens("dim", "panel")
        if self.waiting:
            return [strip_of([(f"  {self.waiting}", scene.pens.bold("bright", "panel"))], width, fill)]
        if self.row < 0:
            return [strip_of([("  nothing selected", scene.pens("faint", "panel"))], width, fill)]
        parts = _fitting(width)
        ordered = _ordered(instruments, self.rows)
        lines = [_title(scene, assets, instruments, self.row, ordered, width), _heads(scene, parts, width)]
        chart = self._chart(width, height - len(ordered) - len(lines) - 1)
        room = height - len(lines) - len(chart)
        lines.extend(
            strip_of(_instrument(scene, instruments, row, parts, width), width, fill)
            for row in ordered[self.first : self.first + room]
        )
        hidden = len(ordered) - self.first - room
        if hidden > 0 and room > 0:
            more = f"  {hidden + 1} more, {scene.glyphs.enter} opens all"
            lines[-1] = strip_of([(more, scene.pens("dim", "panel"))], width, fill)
        return [*lines, self.blank(width), *chart] if chart else lines

    def _chart(self, width: int, room: int) -> list[Strip]:
        if room < 6 or self.scene is None or self.assets is None:
            return []
        series = self.assets.series.get("trend")
        if series is None or self.row >= len(series) or bool(np.isnan(series[self.row]).all()):
            return []
        height = min(room, 12)
        key = (self.scene.pens, self.scene.basis, width, height, series[self.row].tobytes())
        if key != self._chart_key:
            self._chart_key = key
            self._chart_lines = bars(self.scene, series[self.row], width, height, "consensus, last 24 h")
        return self._chart_lines


def _fitting(width: int) -> list[Part]:
    parts = list(_PARTS)
    while sum(part.width + 1 for part in parts) + _WHY > width and len(parts) > 4:
        parts.remove(max(parts, key=lambda part: part.rank))
    return parts


def _ordered(instruments: Table, rows: Sequence[int]) -> list[int]:
    """Highest rate first, what has none last: the order does not depend on who answered when."""
    apr = instruments.columns["apr"]
    names = instruments.keys

    def place(row: int) -> tuple[bool, bool, float, str]:
        rate = float(apr[row])
        left_out = bool(instruments.text("reasons", row))
        return (left_out, math.isnan(rate), -rate if not math.isnan(rate) else 0.0, names[row])

    return sorted((int(row) for row in rows), key=place)


def _title(scene: Scene, assets: Table, instruments: Table, row: int, ordered: list[int], width: int) -> Strip:
    pens = scene.pens
    dim, plain = pens("dim", "panel"), pens("plain", "panel")
    venues = len({instruments.text("venue", each) for each in ordered})
    spans: list[Span] = [
        (f"  {assets.keys[row]}", pens.bold("bright", "panel")),
        (f"  {len(ordered)}", plain),
        (" instruments on " if len(ordered) != 1 else " instrument on ", dim),
        (f"{venues}", plain),
        (" venues" if venues != 1 else " venue", dim),
    ]
    capped = sum("C" in instruments.text("flag", each) for each in ordered)
    left_out = sum(bool(instruments.text("reasons", each)) for each in ordered)
    if capped:
        spans += [("   at cap on ", dim), (f"{capped}", pens("warning", "panel"))]
    if left_out:
        spans += [("   left out ", dim), (f"{left_out}", pens("warning", "panel"))]
    for key, label in (("consensus", "cons"), ("excess", "excess")):
        text, role = figure(assets.metrics[key], float(assets.columns[key][row]), scene)
        spans += [(f"   {label} ", dim), (text, pens(role, "panel"))]
    hint = [
        ("x", pens("accent", "panel")),
        (" explain  ", dim),
        (scene.glyphs.enter, pens("accent", "panel")),
        (" open ", dim),
    ]
    if width < _WHOLE_TITLE:
        # The name, the rate, and where there is room what is left out; the rest stands in the rows.
        at = next(place for place, (text, _) in enumerate(spans) if text.endswith(" cons "))
        spans = [spans[0], *spans[at : at + 2], *spans[5:at]]
        while sum(cells(text) for text, _ in spans) > width and len(spans) > 1:
            spans = spans[:-2] if len(spans) > 3 else spans[:1]
    return both_ends(spans, hint if width >= 90 else [], width, dim)


def _heads(scene: Scene, parts: list[Part], width: int) -> Strip:
    style = scene.pens("faint", "panel")
    text = "  " + " ".join(fitted(_head(part, scene), part.width, right=part.right) for part in parts) + "  why out"
    return strip_of([(text, style)], width, style)


def _head(part: Part, scene: Scene) -> str:
    if part.key == "apr":
        return {Lens.RAW: scene.basis.value.upper(), Lens.EXCESS: "excess", Lens.PREMIUM: "premium"}[scene.lens]
    return part.title


def _instrument(scene: Scene, instruments: Table, row: int, parts: list[Part], width: int) -> list[Span]:
    pens = scene.pens
    fill = pens("dim", "panel")
    left_out = bool(instruments.text("reasons", row))
    spans: list[Span] = [("  ", fill)]
    for part in parts:
        text, role = _figure(scene, instruments, row, part)
        if left_out and role not in {"warning", "critical"}:
            role = "faint"
        spans += [
            (fitted(text, part.width, right=part.right, ellipsis=scene.glyphs.ellipsis), pens(role, "panel")),
            (" ", fill),
        ]
    used = sum(cells(text) for text, _ in spans)
    reasons = instruments.text("reasons", row)
    spans.append(
        (
            " " + fitted(reasons_text(reasons), max(width - used - 2, 0), ellipsis=scene.glyphs.ellipsis),
            pens("warning", "panel"),
        )
    )
    return spans


def _figure(scene: Scene, instruments: Table, row: int, part: Part) -> tuple[str, str]:
    match part.key:
        case "venue":
            return instruments.text("venue", row), "plain"
        case "rate":
            return published(instruments, row)
        case "flag":
            flag = instruments.text("flag", row)[:1]
            return flag, _FLAG_ROLES.get(flag, "dim")
        case "age":
            observed = float(instruments.columns["observed_ms"][row])
            return format_age((scene.now_ms - observed) / 1000), "dim"
        case "cap_use":
            use = float(instruments.columns["cap_use"][row])
            return (MISSING, "faint") if math.isnan(use) else (f"{use:.0%}", "warning" if use >= 0.95 else "dim")
        case "apr":
            key = {Lens.RAW: "apr", Lens.EXCESS: "excess", Lens.PREMIUM: "premium"}[scene.lens]
            return figure(instruments.metrics[key], float(instruments.columns[key][row]), scene)
        case key:
            return figure(instruments.metrics[key], float(instruments.columns[key][row]), scene)
