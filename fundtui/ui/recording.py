"""How the record fares, for the header, the banner and the journal: back-fill, a full disk, retention, replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fundtui.text import clean
from fundtui.ui.pieces import Line, Piece
from fundtui.units import format_money, format_utc_date

if TYPE_CHECKING:
    from fundtui.ui.source import Source

Mark = tuple[str, str]
_MISSED = frozenset({"paused", "refused"})


def marks(source: Source) -> tuple[Mark, ...]:
    """What the header says in a word or two, with its pen."""
    found: list[Mark] = []
    player = source.player
    if player is not None:
        speed = f" x{player.clock.speed:g}" if player.clock.speed != 1.0 else ""
        how = " STOPPED " if player.paused else f" PLAYING{speed} "
        if player.going_ms is not None:
            how = f" going to {format_utc_date(player.going_ms)[:16]} "
        found.append((how, "*accent"))
    state = source.record_state
    if state is not None and state.recording.value in _MISSED:
        found.append((" NOT KEPT ", "*critical"))
    progress = source.backfill_progress
    if progress is not None and not progress.over:
        found.append((f" fill {progress.done}/{progress.total} ", "dim"))
    return tuple(found)


def banner(source: Source) -> str:
    """What has to be seen as long as it lasts; empty while the record is well."""
    state = source.record_state
    if state is None or state.recording.value not in _MISSED:
        return ""
    lost = f", {state.lost} polls lost" if state.lost else ""
    return f"not recording: {clean(state.text, 160) or state.recording.value}{lost}"


def record_line(source: Source) -> Line:
    """The record in one line: whether it is kept, since when, for how long, how large, and how the back-fill is."""
    settings = source.settings.history
    state = source.record_state
    line: list[Piece] = [("  record ", "dim")]
    if source.player is not None:
        first, last = source.player.first_ms, source.player.last_ms
        span = f"  {format_utc_date(first)[:16]} to {format_utc_date(last)[:16]} UTC"
        line += [("replayed", "accent"), (span, "plain")]
    elif state is None:
        line += [("nothing is kept", "faint")]
    else:
        well = state.recording.value not in _MISSED
        line += [(state.recording.value, "plain" if well else "*critical")]
        if state.text:
            line += [(f" {clean(state.text, 100)}", "warning")]
        if state.kept.size:
            line += [("  ", "dim"), (f"{format_money(state.kept.size)}B", "plain")]
        if state.kept.samples_from_ms is not None:
            line += [("  since ", "dim"), (format_utc_date(state.kept.samples_from_ms)[:10], "plain")]
    line += _fill(source)
    if state is None:
        return line
    line += [
        ("  keeps samples ", "dim"), (f"{settings.keep_samples / 86_400:.0f} d", "plain"),
        ("  bars ", "dim"), (f"{settings.keep_bars / 86_400:.0f} d", "plain"),
        ("  settlements ", "dim"), ("for good", "plain"),
    ]  # fmt: skip
    return line


def _fill(source: Source) -> list[Piece]:
    progress = source.backfill_progress
    if progress is None:
        return []
    role = "faint" if progress.over else "accent"
    pieces: list[Piece] = [("  back-fill ", "dim"), (f"{progress.done}/{progress.total}", role)]
    pieces.append((f", {progress.found:,} found", "dim"))
    if progress.failed:
        pieces.append((f", {progress.failed} failed", "warning"))
    return pieces
