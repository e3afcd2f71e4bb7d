"""Looks everything that is kept for long through, a little at a time: disks forget bits, and SQLite does not notice.

A damaged chunk is written to a file of its own and leaves the record, so that nothing reads it again; a damaged file is
set aside as at opening. Settled rates that were lost are asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fundtui.history import codec
from fundtui.history.database import StoreProblem, private_file, private_folder
from fundtui.history.months import Months
from fundtui.history.state import State

EVERY_MS = 7 * 24 * 3_600_000
SLICE = 64
"""Chunks that are looked at in one step: a fraction of a millisecond."""
ASIDE = "set-aside"
MOST_ASIDE = 200
"""Files there: a disk that fails all over must not be filled up as well."""


def scrub(folder: Path, state: State, rooms: Sequence[Months], problems: list[str]) -> Iterator[None]:
    """One step with each `next`; what was found goes to `problems`. Raises DiskFull, StoreProblem."""
    for months in rooms:
        for month in months.months():
            yield from _month(folder, months, month, problems)
        months.rest()
    yield from _settled(folder, state, problems)


def _month(folder: Path, months: Months, month: str, problems: list[str]) -> Iterator[None]:
    damaged = 0
    try:
        for table in months.tables:
            for rows in months.slices(month, table, SLICE):
                bad = [(number, body) for number, body in rows if not codec.intact(body)]
                if bad:
                    _set_aside(folder, f"{months.kind}-{month}.{table}", bad)
                    months.drop(month, table, [number for number, _ in bad])
                    damaged += len(bad)
                yield
    except StoreProblem:
        # Not a chunk but the file: looked through as a whole, and what is whole in it goes on in a new one.
        months.check(month)
    if damaged:
        problems.append(f"{months.path(month).name}: {damaged} damaged chunks were set aside in {ASIDE}")


def _settled(folder: Path, state: State, problems: list[str]) -> Iterator[None]:
    found = 0
    for rows in state.settled_slices(SLICE):
        bad = [(number, body) for number, body in rows if not codec.intact(body)]
        if bad:
            _set_aside(folder, "state.settled", bad)
            state.forget_settled([number for number, _ in bad])
            found += len(bad)
        yield
    if found:
        problems.append(f"state.db: settled rates of {found} months were damaged; they are asked for again")


def _set_aside(folder: Path, name: str, bad: Sequence[tuple[int, bytes]]) -> None:
    place = folder / ASIDE
    private_folder(place)
    room = MOST_ASIDE - sum(1 for _ in place.iterdir())
    for number, body in bad[: max(room, 0)]:
        path = place / f"{name}.{number}"
        private_file(path)
        path.write_bytes(body)
