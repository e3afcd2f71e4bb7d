"""What the record is: where, how large, from when on what is kept, and for how long: for `history` and `doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fundtui.clock import SystemClock
from fundtui.config import Settings
from fundtui.history.compaction import KEEP_POLLS_MS
from fundtui.history.database import StoreProblem
from fundtui.history.folder import STATE, data_folder, is_owned, network_filesystem, owner_pid
from fundtui.history.scrub import ASIDE
from fundtui.history.sqlite_store import SqliteStore
from fundtui.units import format_money, format_utc_date

Line = tuple[str, str, bool]
"""Subject, text, and whether it is in the way."""


def record_lines(settings: Settings, folder: Path | None = None) -> Iterator[Line]:
    """What there is to say about the record."""
    folder = folder or data_folder(settings)
    if not settings.history.enabled:
        yield "record", "off (history.enabled)", False
    network = network_filesystem(folder)
    if network:
        yield "record", f"{folder} is on a network file system ({network}): nothing is recorded there", True
    if not (folder / STATE).exists():
        yield "record", f"none yet in {folder}", False
    else:
        yield from _contents(settings, folder)
    aside = sorted(one.name for one in folder.glob("*.corrupt-*") if not one.name.endswith(("-wal", "-shm")))
    if aside:
        yield "damaged", f"set aside: {', '.join(aside)}", False
    if (folder / ASIDE).is_dir():
        yield "damaged", f"{sum(1 for _ in (folder / ASIDE).iterdir())} chunks in {folder / ASIDE}", False


def _contents(settings: Settings, folder: Path) -> Iterator[Line]:
    try:
        store = SqliteStore(folder, now_ms=SystemClock().utc_ms(), writable=False)
    except StoreProblem as error:
        yield "record", f"cannot be read: {error}; the next start sets it aside and saves the rest", True
        return
    try:
        kept, count = store.kept_since(), len(store.instruments())
        newer = store.newer
    except StoreProblem as error:
        yield "record", f"cannot be read: {error}; the next start sets it aside and saves the rest", True
        return
    finally:
        store.close()
    who = f", kept by process {owner_pid(folder)}" if is_owned(folder) else ""
    yield "record", f"{folder}, {format_money(kept.size)}B, {count} instruments{who}", False
    if newer:
        yield "record", f"{newer}: it is read, nothing is written to it", True
    terms = settings.history
    yield "polls", _tier(kept.polls_from_ms, KEEP_POLLS_MS / 1000), False
    yield (
        "quotes",
        _tier(kept.quotes_from_ms if terms.keep_quotes else None, terms.keep_quotes, "each five minutes"),
        False,
    )
    yield "samples", _tier(kept.samples_from_ms, terms.keep_samples), False
    yield "bars", _tier(kept.bars_from_ms, terms.keep_bars, "hourly"), False
    yield "settled", "for good, the journal too", False


def _tier(from_ms: int | None, kept_s: float, what: str = "") -> str:
    what = what and f", {what}"
    if not kept_s:
        return f"not kept{what}"
    since = "nothing yet" if from_ms is None else f"since {format_utc_date(from_ms)} UTC"
    return f"{since}, kept for {kept_s / 86_400:g} days{what}"
