"""Cell-level terminal diff: remembers what each screen line shows and writes only what differs.

Pure: lines of runs go in, text for the terminal comes out. What was measured to matter (terminal §2, §8): minimal
transitions of attributes, trimming inside a run, blanks that keep the current foreground, and letting the terminal
itself move lines that scrolled.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style

# One run of equal style on a line: first cell, text, style.
Run = tuple[int, str, Style | None]
# One touched line of a frame: line number, its runs, first and end cell that the runs cover.
Line = tuple[int, list[Run], int, int]
# Neighbouring runs to write: line, first cell, texts with their styles.
Piece = tuple[int, int, list[tuple[str, Style | None]]]
# What the terminal's pen is set to: attributes, foreground, background.
Pen = tuple[str, str, str]

_RESET = "\x1b[0m"
_CLEAR = "\x1b[0m\x1b[2J"
_PLAIN: Pen = ("", "", "")
# Fewer moved lines than this are not worth looking for; a scroll itself costs about this many bytes.
_SCROLL_LINES = 6
_SCROLL_COST = 24
# A move, and a change of colours.
_MOVE_COST = 6
_COLOUR_COST = 18
# Lines are recognised by their first runs; a line of this many runs or fewer is as good as blank.
_FINGERPRINT_RUNS = 10
_BLANK_RUNS = 2
# In a frame of more pieces than this nearly everything is new, and the natural order saves more moves; where colours
# take long to say, it never does.
_MOST_REORDERED = 400
_LONG_COLOURS = frozenset({ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT})


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


class TermDiff:
    """The terminal's content as last written. `invalidate` after anything else wrote to it."""

    def __init__(self, *, hardware_scroll: bool = True) -> None:
        self.color_system: ColorSystem | None = ColorSystem.TRUECOLOR
        self.hardware_scroll = hardware_scroll
        self._lines: dict[int, list[Run]] = {}
        # By the style's identity, which is kept with it: asking a style for its hash costs more than the rest.
        self._pens: dict[int, tuple[Style | None, Pen]] = {}
        self._now: Pen | None = None
        self._unknown = True
        # Lines that have been cleared and not written since.
        self._blank: set[int] = set()

    def invalidate(self) -> None:
        """Forget what the terminal shows and how its pen is set: the next frame begins by clearing it."""
        self._lines.clear()
        self._blank.clear()
        self._now = None
        self._unknown = True

    def use_colours(self, system: ColorSystem | None) -> None:
        """Write colours for this kind of terminal; None writes none."""
        if system is not self.color_system:
            self.color_system = system
            self._pens.clear()
            self.invalidate()

    def render(self, lines: list[Line]) -> str:
        """The text that turns the terminal's content into the frame; empty when it shows it already.

        Pieces are written in the order of their pens where that is shorter, not of their places: a move costs half of
        a change of colours.
        """
        out: list[str] = []
        if self._unknown and lines:
            self._clear(out)
        if self.hardware_scroll and len(lines) >= _SCROLL_LINES:
            lines = self._scroll(out, lines)
        pieces = [piece for line in lines for piece in self._pieces(line)]
        before = self._now
        split = [part for piece in pieces for part in self._parts(piece)]
        best = self._written(sorted(split, key=self._first_pen))
        if len(split) != len(pieces) and not (len(split) > _MOST_REORDERED and self.color_system in _LONG_COLOURS):
            after, self._now = self._now, before
            whole = self._written(sorted(pieces, key=self._first_pen) if len(pieces) <= _MOST_REORDERED else pieces)
            if len(whole) <= len(best):
                best = whole
            else:
                self._now = after
        return "".join(out) + best

    def _first_pen(self, piece: Piece) -> Pen:
        # Leading blanks take over the pen of what follows them.
        return self._pen(next((style for text, style in piece[2] if not text.isspace()), piece[2][0][1]))

    def _written(self, pieces: list[Piece]) -> str:
        out: list[str] = []
        place = (-1, -1)
        for y, x, runs in pieces:
            out.append(_move(place, y, x))
            place = self._write(out, y, x, runs)
        return "".join(out)

    def _parts(self, piece: Piece) -> Iterator[Piece]:
        """A piece cut where the pen changes; blanks go with what stands before them, at the start with what follows."""
        y, x, runs = piece
        part: list[tuple[str, Style | None]] = []
        start, pen, blank = x, _PLAIN, True
        for text, style in runs:
            wanted, space = self._pen(style), text.isspace()
            fits = wanted == pen or ((space or blank) and wanted[2] == pen[2] and not wanted[0] and not pen[0])
            if part and not fits:
                yield y, start, part
                part, start, blank = [], x, True
            if not part or (blank and not space):
                pen = wanted
            blank = blank and space
            part.append((text, style))
            x += _width(text)
        yield y, start, part

    def _clear(self, out: list[str]) -> None:
        """Start from an empty screen, so that what is blank need not be written."""
        out.append(_CLEAR)
        self._now = _PLAIN
        self._unknown = False
        self._blank = set(range(self.rows))

    def _pieces(self, line: Line) -> Iterator[Piece]:
        """What has to be written of a line: neighbouring runs together."""
        y, runs, start, end = line
        old = self._lines.get(y)
        if old is None:
            changed, self._lines[y] = runs, runs
        else:
            place = _place(old, start, end)
            if place is None:
                self._lines[y] = _splice(old, start, end, runs)
            elif old[place] == runs:
                return
            else:
                self._lines[y] = [*old[: place.start], *runs, *old[place.stop :]]
            changed = _changed(old, runs)
        if y in self._blank:
            self._blank.discard(y)
            changed = [run for run in runs if not self._empty(run)]
        piece: list[tuple[str, Style | None]] = []
        first = stop = -1
        for x, text, style in changed:
            if x != stop:
                if piece:
                    yield y, first, piece
                piece, first = [], x
            piece.append((text, style))
            stop = x + _width(text)
        if piece:
            yield y, first, piece

    def bare(self, lines: list[Line]) -> bool:
        """Whether a frame shows nothing at all."""
        return all(self._empty(run) for line in lines for run in line[1])

    def _empty(self, run: Run) -> bool:
        """Whether a cleared screen looks like this run already."""
        return run[1].isspace() and self._pen(run[2]) == _PLAIN

    def _pen(self, style: Style | None) -> Pen:
        known = self._pens.get(id(style))
        if known is None:
            if len(self._pens) > 4096:
                self._pens.clear()
            known = self._pens[id(style)] = (style, self._codes(style))
        return known[1]

    def _codes(self, style: Style | None) -> Pen:
        if style is None:
            return ("", "", "")
        # Attributes are looked up as if the terminal had colours, because rich drops them together otherwise.
        plain = style.without_color
        drawn = plain.render("x", color_system=ColorSystem.TRUECOLOR) if plain else "x"
        attributes = drawn.partition("x")[0].removeprefix("\x1b[").removesuffix("m")
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

    def _write(self, out: list[str], y: int, x: int, runs: list[tuple[str, Style | None]]) -> tuple[int, int]:
        """Write neighbouring runs; where the terminal's cursor is afterwards."""
        pen = self._now
        for text, style in runs:
            wanted = self._pen(style)
            # A blank shows only its background, so the foreground that is set may stay.
            if pen is None or not (text.isspace() and pen[2] == wanted[2] and not pen[0] and not wanted[0]):
                out.append(self._transition(pen, wanted))
                pen = wanted
            out.append(text)
            x += _width(text)
        self._now = pen
        return y, x

    def _scroll(self, out: list[str], lines: list[Line]) -> list[Line]:
        """If much of the frame is old lines moved by one distance, let the terminal move them; what is left to write.

        A terminal scrolls across its full width, so lines beside what moved have to be put back: done only where that
        is cheaper than writing everything.
        """
        shift, moved = self._shift(lines)
        if not shift:
            return lines
        top, bottom = moved[0] + min(shift, 0), moved[-1] + max(shift, 0)
        touched = {y: (runs, start, end) for y, runs, start, end in lines}
        block = range(top, bottom + 1)
        old = self._lines
        if not all(y in touched and y in old for y in block):
            return lines
        wanted = {y: _replaced(old[y], touched[y][1], touched[y][2], touched[y][0]) for y in block}
        moving = sum(_cost(old[y + shift] if y + shift in block else [], wanted[y]) for y in block)
        if not _costs_more(((old[y], wanted[y]) for y in block), moving + _SCROLL_COST):
            return lines
        # Insert or delete lines inside margins, after a reset: what comes in is erased to the default background.
        move = f"\x1b[{shift}M" if shift > 0 else f"\x1b[{-shift}L"
        self._now = _PLAIN
        out.append(f"{_RESET}\x1b[{top + 1};{bottom + 1}r\x1b[{top + 1};1H{move}\x1b[r")
        kept = {y: old[y + shift] for y in block if y + shift in block}
        for y in block:
            old.pop(y)
        old.update(kept)
        outside = [line for line in lines if line[0] not in block]
        return outside + [(y, wanted[y], 0, self.columns) for y in block]

    def _shift(self, lines: list[Line]) -> tuple[int, list[int]]:
        """The distance by which most lines moved, and which lines those are."""
        where = {_fingerprint(runs): y for y, runs in self._lines.items() if len(runs) > _BLANK_RUNS}
        votes: dict[int, list[int]] = {}
        for y, runs, start, _end in lines:
            at = where.get(_fingerprint(runs)) if start == 0 else None
            if at is not None:
                votes.setdefault(at - y, []).append(y)
        if not votes:
            return 0, []
        shift = max(votes, key=lambda distance: len(votes[distance]))
        return (shift, votes[shift]) if len(votes[shift]) >= _SCROLL_LINES else (0, [])

    columns = 0
    rows = 0
    """The terminal's size."""


def _fingerprint(runs: list[Run]) -> str:
    """What a line begins with. Texts alone: styles are slow to compare, and what merely looks moved costs too much."""
    return "\0".join([run[1] for run in runs[:_FINGERPRINT_RUNS]])


def _place(old: list[Run], start: int, end: int) -> slice | None:
    """Which of the old runs cover exactly the cells start..end; None where one straddles an end."""
    first = bisect_left(old, (start,))
    stop = bisect_left(old, (end,), first)
    if first == len(old) or old[first][0] != start:
        return None
    if stop == len(old):
        x, text, _ = old[-1]
        return slice(first, stop) if x + _width(text) <= end else None
    return slice(first, stop) if old[stop][0] == end else None


def _replaced(old: list[Run], start: int, end: int, runs: list[Run]) -> list[Run]:
    """Old runs with cells start..end replaced."""
    place = _place(old, start, end)
    if place is None:
        return _splice(old, start, end, runs)
    return [*old[: place.start], *runs, *old[place.stop :]]


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
    before = {run[0]: run for run in old}
    changed: list[Run] = []
    for run in runs:
        was = before.get(run[0])
        if was is run:
            continue
        x, text, style = run
        if was is None or (was[2] is not style and was[2] != style) or len(was[1]) != len(text):
            changed.append(run)
        elif was[1] != text:
            changed.extend(_trimmed(x, text, was[1], style))
    return changed


def _move(place: tuple[int, int], y: int, x: int) -> str:
    """The shortest move from one place to another."""
    if place == (y, x):
        return ""
    if place[0] != y:
        return f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"
    forward = x - place[1]
    return f"\x1b[{forward}C" if 1 < forward < 10 else "\x1b[C" if forward == 1 else f"\x1b[{x + 1}G"


def _cost(old: list[Run], runs: list[Run]) -> int:
    """About how many bytes it takes to turn one line into another."""
    if old == runs:
        return 0
    cost, cursor = 0, -1
    for x, text, _ in _changed(old, runs):
        cost += len(text) + (0 if x == cursor else _MOVE_COST) + (0 if text.isspace() else _COLOUR_COST)
        cursor = x + len(text)
    return cost


def _costs_more(pairs: Iterator[tuple[list[Run], list[Run]]], limit: int) -> bool:
    """Whether turning these lines into those takes more than so many bytes; looks no further than it has to."""
    total = 0
    for old, runs in pairs:
        total += _cost(old, runs)
        if total > limit:
            return True
    return False


def _trimmed(x: int, text: str, was: str, style: Style | None) -> list[Run]:
    if _width(text) != len(text) or _width(was) != len(was):
        return [(x, text, style)]
    first, last = 0, len(text)
    while text[first] == was[first]:
        first += 1
    while text[last - 1] == was[last - 1]:
        last -= 1
    return [(x + first, text[first:last], style)]
