"""quotes-YYYY-MM.db: what a quote says beyond its rate, every five minutes: mark, premium, open interest.

These change with every poll and would take many times the room of the rate (reliability §3.1), so the last values of
each five minutes are kept, of each instrument and day in one chunk. Nothing is worked out: what was missing is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from fundtui.history import codec, frames
from fundtui.history.codec import Floats, Ints
from fundtui.history.database import Schema
from fundtui.history.frames import INDEX, MARK, OI_BASE, OI_USD, PREMIUM, Packed

QUOTES = Schema("quotes", ("CREATE TABLE chunk (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT",))
STEP_MS = 300_000
COLUMNS = (MARK, PREMIUM, OI_BASE, OI_USD, INDEX)
"""Rows of a frame, in the order in which they are kept."""


class Steps(msgspec.Struct, frozen=True):
    """The last values of each five minutes that had a poll with the instrument; `time_ms` is where they begin.

    `mark`, `premium` (a fraction) and `oi_base` as published, `basis` mark over index less one where no premium is
    published, `oi_usd` one-sided. What was not told is NaN.
    """

    time_ms: Ints
    mark: Floats
    premium: Floats
    basis: Floats
    oi_base: Floats
    oi_usd: Floats

    @property
    def premium_or_basis(self) -> Floats:
        """The premium, mark against index where none is published (methodology §2.3, third tier)."""
        return np.where(self.premium == self.premium, self.premium, self.basis)

    def since(self, start_ms: int, end_ms: int) -> Steps:
        """The part that begins from `start_ms` on and before `end_ms`."""
        low, high = np.searchsorted(self.time_ms, (start_ms, end_ms)).tolist()
        return Steps(*(getattr(self, name)[low:high] for name in self.__struct_fields__))


class Chunk(NamedTuple):
    """Steps as they lie on the disk: times, and `COLUMNS` x steps."""

    time_ms: Ints
    values: Floats


NONE = np.empty(0, np.int64)
NOTHING = Chunk(np.empty(0, np.int64), np.empty((len(COLUMNS), 0)))


def steps_of(chunks: Iterable[Chunk]) -> Steps:
    """Chunks by time as one; what a later one says of a step counts."""
    merged = merge(chunks)
    mark, premium, oi_base, oi_usd, index = merged.values
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        basis = np.where(index > 0, mark / index - 1.0, np.nan)
        product = oi_base * mark
    return Steps(
        merged.time_ms,
        mark,
        premium,
        np.where(premium == premium, np.nan, basis),
        oi_base,
        np.where(oi_usd == oi_usd, oi_usd, product),
    )


def lean(values: Floats) -> Floats:
    """Columns without what follows from the others: open interest in dollars that is the product, and an index beside
    a published premium."""
    mark, premium, oi_base, oi_usd, index = values
    with np.errstate(invalid="ignore", over="ignore"):
        derived = oi_usd == oi_base * mark
    return np.array(
        [mark, premium, oi_base, np.where(derived, np.nan, oi_usd), np.where(premium == premium, np.nan, index)]
    )


def encode_steps(chunk: Chunk) -> bytes:
    """A chunk for the disk."""
    head = np.array([len(chunk.time_ms)], "<i4").tobytes()
    times = codec.encode_whole(chunk.time_ms // STEP_MS)
    # Adding nothing turns -0.0 into 0.0, which packs better and means the same.
    return codec.seal([head, times, *(codec.encode(column + 0.0) for column in chunk.values)])


def decode_steps(body: bytes) -> Chunk:
    """The chunk of `encode_steps`. Raises Damaged."""
    parts = codec.unseal(body)
    if len(parts) != 2 + len(COLUMNS) or len(parts[0]) != 4:
        raise codec.Damaged("not steps")
    count = int(np.frombuffer(parts[0], "<i4")[0])
    times = codec.decode_whole(parts[1], count) * STEP_MS
    return Chunk(times, np.array([codec.decode(part, count) for part in parts[2:]]).reshape(len(COLUMNS), count))


def merge(chunks: Iterable[Chunk]) -> Chunk:
    """Chunks as one, by time; what a later one says of a step counts."""
    parts = [NOTHING, *chunks]
    times = np.concatenate([one.time_ms for one in parts])
    values = np.concatenate([one.values for one in parts], axis=1)
    order = np.argsort(times, kind="stable")
    last = np.append(np.diff(times[order]) != 0, True) if len(order) else np.zeros(0, np.bool_)
    kept = order[last]
    return Chunk(times[kept], values[:, kept])


class Part(NamedTuple):
    """What a poll adds to five minutes: where they begin, contracts, and `COLUMNS` x contracts."""

    time_ms: int
    contracts: Ints
    values: Floats


class Gatherer:
    """Takes polls by time and keeps what is needed of the last values of each five minutes, packed."""

    def __init__(self) -> None:
        self._slot = -1
        self._polls: list[Packed] = []
        self._kept: list[tuple[int, Packed, Ints]] = []

    def take(self, time_ms: int, packed: Packed) -> None:
        """A poll with `COLUMNS`, not earlier than those before."""
        slot = time_ms // STEP_MS
        if slot != self._slot:
            self._flush()
            self._slot = slot
        self._polls.append(packed)

    def parts(self, wanted: Ints) -> Iterator[Part]:
        """What there is of these contracts, by time."""
        self._flush()
        listed, all_mine = NONE, NONE
        for slot, packed, places in self._kept:
            if packed.contracts is not listed:
                listed = packed.contracts
                all_mine = np.flatnonzero(np.isin(listed, wanted))
            mine = all_mine if len(places) == len(listed) else np.intersect1d(places, all_mine, assume_unique=True)
            if not len(mine):
                continue
            try:
                values = frames.unpack(packed, mine, COLUMNS)
            except codec.Damaged:
                continue
            yield Part(slot * STEP_MS, packed.contracts[mine], lean(values))

    def _flush(self) -> None:
        """The newest poll first: of an older one only contracts count that no later one has."""
        listed, seen = NONE, NONE
        for packed in reversed(self._polls):
            if packed.contracts is listed:
                continue
            listed = packed.contracts
            new = np.flatnonzero(~np.isin(listed, seen))
            if len(new):
                self._kept.append((self._slot, packed, new))
                seen = np.concatenate((seen, listed[new]))
        self._polls = []


def by_contract(parts: Iterable[Part]) -> dict[int, Chunk]:
    """The parts of each contract as one."""
    found = list(parts)
    if not found:
        return {}
    contracts = np.concatenate([one.contracts for one in found])
    times = np.repeat([one.time_ms for one in found], [len(one.contracts) for one in found])
    values = np.concatenate([one.values for one in found], axis=1)
    order = np.argsort(contracts, kind="stable")
    distinct, starts = np.unique(contracts[order], return_index=True)
    return {
        contract: Chunk(times[rows], values[:, rows])
        for contract, rows in zip(distinct.tolist(), np.split(order, starts[1:]), strict=True)
    }


def grown(before: bytes | None, added: Mapping[int, Chunk], contracts: Iterable[int]) -> bytes | None:
    """A day's chunk with what was added of these contracts; None: nothing of them. A damaged one begins anew."""
    mine = [added[one] for one in contracts if one in added]
    if not mine:
        return None
    return encode_steps(merge([*readable([before] if before is not None else []), *mine]))


def readable(bodies: Iterable[bytes]) -> Iterator[Chunk]:
    """The chunks that are whole."""
    for body in bodies:
        try:
            yield decode_steps(body)
        except codec.Damaged:
            continue
