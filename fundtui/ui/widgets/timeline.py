"""Settlements on a time line: dollars due as bars, and a row of ticks for each venue's clock."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.message import Message
from textual.strip import Strip

from fundtui.ui.cells import Scene
from fundtui.ui.paint import cells, fitted
from fundtui.ui.pieces import Line, Piece, lines_on, whole
from fundtui.ui.schedule import Schedule
from fundtui.ui.widgets.canvas import Panel
from fundtui.units import HOUR_MS, format_money, format_utc

LABEL = 13
_FIXED_LINES = 3
_LABEL_EVERY = 6
_DECADES = 3.0


def step_for(hours: int, width: int) -> int:
    """Hours of one stretch, so that the span fits the width."""
    room = max(width - LABEL - 1, 1)
    return next((step for step in (1, 2, 3, 4, 6, 12) if -(-hours // step) <= room), 24)


class Timeline(Panel):
    """Caption, bars, net direction, hours, venues. `chosen` is the stretch that the list below shows."""

    class Chosen(Message):
        """A stretch was clicked."""

        def __init__(self, stretch: int) -> None:
            super().__init__()
            self.stretch = stretch

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.scene: Scene | None = None
        self.schedule: Schedule | None = None
        self.chosen = 0

    def show(self, scene: Scene, schedule: Schedule, chosen: int) -> None:
        """Draw what changed."""
        self.scene, self.schedule, self.chosen = scene, schedule, chosen
        self.update()

    def blank(self, width: int) -> Strip:
        return Strip.blank(width, self.scene.pens("dim", "panel")) if self.scene else Strip.blank(width)

    def _cell(self, width: int) -> int:
        """Cells of one stretch."""
        return max((width - LABEL - 1) // self.schedule.stretches, 1) if self.schedule else 1

    def content(self, width: int, height: int) -> list[Strip]:
        scene, schedule = self.scene, self.schedule
        if scene is None or schedule is None:
            return []
        cell = self._cell(width)
        room = height - _FIXED_LINES - 1
        bars = max(min(room // 3, 6), 2)
        lines: list[Line] = [whole(self._caption(scene, schedule), width)]
        lines += self._bars(scene, schedule, cell, bars)
        lines += [self._net(scene, schedule, cell), self._hours(scene, schedule, cell)]
        shown = height - len(lines)
        total = schedule.by_venue.max(initial=0.0)
        for place, venue in enumerate(schedule.venues[:shown]):
            lines.append(self._venue(scene, venue, schedule.by_venue[place], cell, total))
        if len(schedule.venues) > shown > 0:
            lines[-1] = [(f"  and {len(schedule.venues) - shown + 1} more venues", "faint")]
        return lines_on(scene.pens, lines, "panel", width)

    def _caption(self, scene: Scene, schedule: Schedule) -> Line:
        longs, shorts = float(schedule.longs.sum()), float(schedule.shorts.sum())
        hours = schedule.stretches * schedule.step_h
        line: list[Piece] = [
            (f"  next {hours} h", "*bright"), ("   due ", "dim"), (f"${format_money(longs + shorts)}", "bright"),
            ("   longs pay ", "dim"), (f"${format_money(longs)}", "up3"),
            ("   shorts pay ", "dim"), (f"${format_money(shorts)}", "down3"),
        ]  # fmt: skip
        if schedule.continuous:
            line += [("   all the time ", "dim"), (f"${format_money(schedule.continuous)}/h", "plain")]
        if schedule.settling:
            line += [("   settling ", "dim"), (f"{schedule.settling}", "warning")]
        return line

    def _bars(self, scene: Scene, schedule: Schedule, cell: int, height: int) -> list[Line]:
        total = schedule.longs + schedule.shorts
        high = float(total.max(initial=0.0)) or 1.0
        ramp = scene.glyphs.spark
        levels = np.ceil(total / high * height * len(ramp)).astype(int).tolist()
        lines: list[Line] = []
        for line in range(height):
            below = (height - 1 - line) * len(ramp)
            label = f"${format_money(high)}" if line == 0 else ""
            pieces: list[Piece] = [(f"{label:>{LABEL - 1}} ", "faint")]
            for stretch, level in enumerate(levels):
                filled = min(level - below, len(ramp))
                glyph = ramp[filled - 1] if filled > 0 else " "
                pieces += self._block(glyph, cell, self._role(schedule, stretch))
            lines.append(pieces)
        return lines

    def _role(self, schedule: Schedule, stretch: int) -> str:
        if stretch == self.chosen:
            return "accent"
        return "up3" if schedule.longs[stretch] >= schedule.shorts[stretch] else "down3"

    @staticmethod
    def _block(glyph: str, cell: int, role: str) -> list[Piece]:
        """One stretch of one line; a gap keeps bars apart where there is room."""
        return [(glyph, role)] if cell == 1 else [(glyph * (cell - 1), role), (" ", "dim")]

    def _net(self, scene: Scene, schedule: Schedule, cell: int) -> Line:
        """The direction in words' shortest form: + longs pay, - shorts pay."""
        pieces: list[Piece] = [(f"{'net':>{LABEL - 1}} ", "faint")]
        for stretch in range(schedule.stretches):
            net = float(schedule.longs[stretch] - schedule.shorts[stretch])
            sign = "+" if net > 0 else "-" if net < 0 else " "
            pieces.append((sign.ljust(cell), self._role(schedule, stretch)))
        return pieces

    def _hours(self, scene: Scene, schedule: Schedule, cell: int) -> Line:
        """Times under the bars, the chosen one in accent; a mark stands where now is."""
        every = next(step for step in (1, 2, 3, 4, 6, 12, 24, 48) if step * cell >= _LABEL_EVERY)
        text = [" "] * (schedule.stretches * cell)
        chosen = self.chosen
        for stretch in range(0, schedule.stretches, every):
            if abs(stretch - chosen) * cell >= _LABEL_EVERY or stretch == chosen:
                _put(text, stretch * cell, format_utc(schedule.begins_ms(stretch), seconds=False))
        at = chosen * cell
        label = format_utc(schedule.begins_ms(chosen), seconds=False)
        _put(text, min(at, max(len(text) - len(label), 0)), label)
        now = int((scene.now_ms - schedule.start_ms) / (schedule.step_h * HOUR_MS) * cell)
        start = min(at, max(len(text) - len(label), 0))
        line = "".join(text)
        return [
            (f"{'now ' + format_utc(scene.now_ms, seconds=False):>{LABEL - 1}} ", "plain"),
            (line[:start], "dim"), (line[start : start + len(label)], "*accent"), (line[start + len(label) :], "dim"),
        ] if now >= 0 else []  # fmt: skip

    def _venue(self, scene: Scene, venue: str, dollars: NDArray[np.float64], cell: int, most: float) -> Line:
        ramp = scene.glyphs.spark
        name = fitted(venue, LABEL - 1, right=True, ellipsis=scene.glyphs.ellipsis)
        pieces: list[Piece] = [(f"{name} ", "dim")]
        # Three decades from the lowest tick to the highest: small settlements stay visible beside large ones.
        size = np.clip(1.0 + np.log10(np.maximum(dollars, 1e-9) / max(most, 1.0)) / _DECADES, 0.0, 1.0)
        for stretch, value in enumerate(dollars.tolist()):
            tick = ramp[min(int(size[stretch] * len(ramp)), len(ramp) - 1)] if value > 0 else scene.glyphs.dot
            role = "accent" if stretch == self.chosen else "plain" if value > 0 else "faint"
            pieces.append((tick + " " * (cell - 1), role))
        return pieces

    def on_click(self, event: events.Click) -> None:
        schedule = self.schedule
        if schedule is None or event.x < LABEL:
            return
        stretch = (event.x - LABEL) // self._cell(self.size.width)
        if stretch < schedule.stretches:
            self.post_message(self.Chosen(stretch))


def _put(text: list[str], start: int, label: str) -> None:
    """Write a label into a line, or leave it where it would not fit."""
    if start + cells(label) <= len(text):
        text[start : start + len(label)] = label
