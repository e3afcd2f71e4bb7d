"""Cell-level terminal diff: remembers what each screen line shows and writes only what differs.

Pure: lines of runs go in, text for the terminal comes out. What was measured to matter (terminal §2, §8): minimal
transitions of attributes, trimming inside a run, blanks that keep the current foreground, and letting the terminal
itself move lines that scrolled.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

# One run of equal style on a line: first cell, text, style.
Run = tuple[int, str, Style | None]
# One touched line of a frame: line number, its runs, first and end cell that the runs cover.
Line = tuple[int, list[Run], int, int]
# What the terminal's pen is set to: attributes, foreground, background.
Pen = tuple[str, str, str]

_RESET = "\x1b[0m"
_SCROLL_LINES = 6
_FINGERPRINT_RUNS = 10


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


class TermDiff:
    """The terminal's content as last written. `invalidate` after anything else wrote to it."""

    def __init__(self, *, hardware_scroll: bool = True) -> None:
        self.color_system: ColorSystem | None = ColorSystem.TRUECOLOR
        self.hardware_scroll = hardware_scroll
        self._lines: dict[int, list[Run]] = {}
        self._pens: dict[Style | None, Pen] = {}

    def invalidate(self) -> None:
        """Forget what the terminal shows: the next frames are written in full."""
        self._lines.clear()

    def use_colours(self, system: ColorSystem | None) -> None:
        """Write colours for this kind of terminal; None writes none."""
        if system is not self.color_system:
            self.color_system = system
            self._pens.clear()
            self.invalidate()

    def render(self, lines: list[Line]) -> str:
        """The text that turns the terminal's content into the frame; empty when it shows it already."""
        out: list[str] = []
        if self.hardware_scroll and len(lines) >= _SCROLL_LINES:
            self._scroll(out, lines)
        pen: Pen | None = None
        for y, runs, start, end in lines:
            pen = self._line(out, y, runs, start, end, pen)
        if pen is not None:
            out.append(_RESET)
        return "".join(out)

    def _pen(self, style: Style | None) -> Pen:
        pen = self._pens.get(style)
        if pen is None:
            if len(self._pens) > 4096:
                self._pens.clear()
            pen = self._pens[style] = self._codes(style)
        return pen

    def _codes(self, style: Style | None) -> Pen:
        if style is None:
            return ("", "", "")
        # Attributes are looked up as if the terminal had colours, because rich drops them together otherwise.
        plain = style.without_color
        attributes = Strip.render_ansi(plain, ColorSystem.TRUECOLOR) if plain else ""
        if self.color_system is None:
            return (attributes, "", "")
        foreground = background = ""
        if style.color is not None and not style.color.is_default:
            foreground = ";".join(style.color.downgrade(self.color_system).get_ansi_codes())
        if style.bgcolor is not None and not style.bgcolor.is_default:
            background = ";".join(style.bgcolor.downgrade(self.color_system).get_ansi_codes(foreground=False))
        return (attributes, foreground, background)

    @staticmethod
    def _transition(old: Pen | None, new: Pen) -> str:
        """The shortest sequence from one pen to another; a reset where something has to go."""
        if old == new:
            return ""
        if old is None or any(was and not now for was, now in zip(old, new, strict=True)) or old[0] not in ("", new[0]):
            return f"\x1b[{';'.join(code for code in ('0', *new) if code)}m"
        return f"\x1b[{';'.join(now for was, now in zip(old, new, strict=True) if now != was)}m"

    def _line(self, out: list[str], y: int, runs: list[Run], start: int, end: int, pen: Pen | None) -> Pen | None:
        old = self._lines.get(y)
        if old == runs:
            return pen
        if old is None:
            self._lines[y] = runs
            return self._write(out, y, runs, pen)
        self._lines[y] = _splice(old, start, end, runs)
        return self._write(out, y, _changed(old, runs), pen)

    def _write(self, out: list[str], y: int, runs: list[Run], pen: Pen | None) -> Pen | None:
        cursor = -1
        for x, text, style in runs:
            if x != cursor:
                out.append(f"\x1b[{y + 1};{x + 1}H" if cursor < 0 else f"\x1b[{x + 1}G")
            wanted = self._pen(style)
            # A blank shows only its background, so the foreground that is set may stay.
            if pen is None or not (text.isspace() and pen[2] == wanted[2] and not pen[0] and not wanted[0]):
                out.append(self._transition(pen, wanted))
                pen = wanted
            out.append(text)
            cursor = x + _width(text)
        return pen

    def _scroll(self, out: list[str], lines: list[Line]) -> None:
        """If most touched lines are old lines moved by one distance, let the terminal move them."""
        shift = self._shift(lines)
        top, bottom = lines[0][0], lines[-1][0]
        if not shift or abs(shift) > bottom - top or bottom - top + 1 != len(lines):
            return
        # Insert or delete lines inside margins, after a reset: what comes in is erased to the default background.
        move = f"\x1b[{shift}M" if shift > 0 else f"\x1b[{-shift}L"
        out.append(f"{_RESET}\x1b[{top + 1};{bottom + 1}r\x1b[{top + 1};1H{move}\x1b[r")
        old = self._lines
        moved = {y: old[y + shift] for y in range(top, bottom + 1) if top <= y + shift <= bottom and y + shift in old}
        for y in range(top, bottom + 1):
            old.pop(y, None)
        old.update(moved)

    def _shift(self, lines: list[Line]) -> int:
        where = {tuple(runs[:_FINGERPRINT_RUNS]): y for y, runs in self._lines.items() if len(runs) > 2}
        votes: dict[int, int] = {}
        for y, runs, start, end in lines:
            at = where.get(tuple(runs[:_FINGERPRINT_RUNS]))
            # Only whole lines may move: a terminal scrolls across its full width.
            if at is not None and start == 0 and end == self.columns:
                votes[at - y] = votes.get(at - y, 0) + 1
        if not votes:
            return 0
        shift = max(votes, key=votes.__getitem__)
        return shift if votes[shift] * 2 >= len(lines) else 0

    columns = 0
    """Width of the terminal, for telling whole lines from parts of lines."""


def _splice(old: list[Run], start: int, end: int, runs: list[Run]) -> list[Run]:
    """Old runs with cells start..end replaced; a straddling run keeps only what is still known."""
    left: list[Run] = []
    right: list[Run] = []
    for x, text, style in old:
        stop = x + _width(text)
        if stop <= start:
            left.append((x, text, style))
        elif x >= end:
            right.append((x, text, style))
        elif len(text) == stop - x:
            # Narrow characters only: a cell is a character. Cut wide ones are forgotten and written again.
            if x < start:
                left.append((x, text[: start - x], style))
            if stop > end:
                right.append((end, text[end - x :], style))
    return left + runs + right


def _changed(old: list[Run], runs: list[Run]) -> list[Run]:
    """The runs, or the middle parts of runs, that differ from what is there."""
    before = {x: (text, style) for x, text, style in old}
    changed: list[Run] = []
    for run in runs:
        x, text, style = run
        was = before.get(x)
        if was is None or was[1] != style or len(was[0]) != len(text):
            changed.append(run)
        elif was[0] != text:
            changed.extend(_trimmed(x, text, was[0], style))
    return changed


def _trimmed(x: int, text: str, was: str, style: Style | None) -> list[Run]:
    if _width(text) != len(text) or _width(was) != len(was):
        return [(x, text, style)]
    first, last = 0, len(text)
    while text[first] == was[first]:
        first += 1
    while text[last - 1] == was[last - 1]:
        last -= 1
    return [(x + first, text[first:last], style)]
