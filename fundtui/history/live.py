"""live.db, the hot tier: one blob per poll of a venue, for two days. A power cut may cost the last moments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from fundtui.history import codec, frames
from fundtui.history.codec import Floats, Ints
from fundtui.history.database import Database, Schema
from fundtui.history.frames import Frame, Key, Packed
from fundtui.history.salvage import Rescue
from fundtui.status import VenueHealth
from fundtui.text import clean

SCHEMA = Schema(
    "live",
    (
        """
        CREATE TABLE poll (id INTEGER PRIMARY KEY, key INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
        CREATE TABLE health (venue INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT
        """,
    ),
)
RESCUED = {"poll": Rescue(3, whole=lambda row: isinstance(row[2], bytes) and codec.intact(row[2]))}
TIME_BITS = 42
TIMES = (1 << TIME_BITS) - 1
"""A poll's id is its venue's number and its time, so that a venue's polls lie together and none is kept twice."""
KEY_EVERY_MS = 1_800_000
BLOCK = 32
"""Polls that are read together: one of a large venue is 60 kB."""
LOOK_BACK = 256
NOWHERE = np.empty(0, np.int64)
NO_KEY = Key(NOWHERE, np.empty((0, 0), np.uint8), np.empty((0, 0), np.int64))

_encode = msgspec.msgpack.Encoder(enc_hook=str).encode
_health_decoder = msgspec.msgpack.Decoder(VenueHealth, dec_hook=lambda kind, value: clean(value))


class Poll(NamedTuple):
    """A poll that is ready to be kept."""

    venue: int
    time_ms: int
    frame: Frame


class Rates(NamedTuple):
    """One field of one contract row per poll: time, contract number, value."""

    time_ms: Ints
    contract: Ints
    rate: Floats


class Live:
    """Polls by venue number and time."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._keys: dict[int, tuple[int, Key]] = {}
        self._last: dict[int, int] = {}
        self._read: dict[int, tuple[int, Key]] = {}
        """Venue -> the key frame that was read last: polls are read by time, and one is large."""

    # --- writing ----------------------------------------------------------------------------------

    def append(self, polls: Sequence[Poll]) -> None:
        """Keep polls in one transaction; those not later than their venue's last are dropped."""
        before = dict(self._last)
        keys = dict(self._keys)
        rows = [row for poll in polls if (row := self._row(poll)) is not None]
        try:
            with self.database.transaction() as connection:
                connection.executemany("INSERT INTO poll VALUES (?, ?, ?)", rows)
        except BaseException:
            self._last, self._keys = before, keys
            raise

    def _row(self, poll: Poll) -> tuple[int, int, bytes] | None:
        if poll.venue not in self._last:
            self._last[poll.venue] = self.last_ms(poll.venue)
        if poll.time_ms <= self._last[poll.venue]:
            return None
        self._last[poll.venue] = poll.time_ms
        number = poll.venue << TIME_BITS | poll.time_ms
        leaning = self._keys.get(poll.venue)
        if leaning is not None:
            base, key = leaning
            if number - base < KEY_EVERY_MS and np.array_equal(key.contracts, poll.frame.contracts):
                return number, base, frames.encode_delta(poll.frame, poll.time_ms, key)
        body, key = frames.encode_key(poll.frame, poll.time_ms)
        self._keys[poll.venue] = number, key
        return number, number, body

    def report(self, health: Mapping[int, VenueHealth]) -> None:
        """Say how venues are, by number."""
        with self.database.transaction() as connection:
            rows = ((venue, _encode(one)) for venue, one in health.items())
            connection.executemany("REPLACE INTO health VALUES (?, ?)", rows)

    def forget(self, venue: int, before_ms: int) -> None:
        """Forget a venue's polls from before a time; those that later ones lean on stay."""
        first, end = venue << TIME_BITS | before_ms, (venue + 1) << TIME_BITS
        leaning = self.database.rows("SELECT key FROM poll WHERE id >= ? AND id < ? ORDER BY id LIMIT 1", (first, end))
        first = min(first, leaning[0][0]) if leaning else first
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM poll WHERE id >= ? AND id < ?", (venue << TIME_BITS, first))

    # --- reading ----------------------------------------------------------------------------------

    def health(self) -> dict[str, VenueHealth]:
        """How the venues were, by name."""
        found = {}
        for (body,) in self.database.rows("SELECT body FROM health"):
            try:
                one = _health_decoder.decode(body)
            except msgspec.MsgspecError:
                continue
            found[one.venue] = one
        return found

    def last_ms(self, venue: int, before_ms: int = TIMES) -> int:
        """Time of a venue's last poll before a time, -1 without one."""
        query = "SELECT id FROM poll WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1"
        rows = self.database.rows(query, (venue << TIME_BITS, venue << TIME_BITS | before_ms))
        return int(rows[0][0]) & TIMES if rows else -1

    def last_whole_ms(self, venue: int, before_ms: int) -> int:
        """Time of a venue's last poll before a time that was not partial, among the last few hundred; -1 without."""
        query = "SELECT id FROM poll WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?"
        for (number,) in self.database.rows(query, (*_range(venue, 0, before_ms), LOOK_BACK)):
            try:
                if not frames.decode_flags(self._body(number)) & frames.PARTIAL:
                    return int(number) & TIMES
            except codec.Damaged:
                continue
        return -1

    def first_ms(self, venue: int) -> int | None:
        """Time of a venue's first poll."""
        query = "SELECT id FROM poll WHERE id >= ? AND id < ? ORDER BY id LIMIT 1"
        rows = self.database.rows(query, (venue << TIME_BITS, (venue + 1) << TIME_BITS))
        return int(rows[0][0]) & TIMES if rows else None

    def times(self, venue: int, start_ms: int, end_ms: int) -> list[int]:
        """When a venue was polled."""
        query = "SELECT id FROM poll WHERE id >= ? AND id < ? ORDER BY id"
        return [number & TIMES for (number,) in self.database.rows(query, _range(venue, start_ms, end_ms))]

    def frames(self, venue: int, start_ms: int, end_ms: int) -> Iterator[tuple[int, Frame]]:
        """A venue's polls by time, damaged ones left out. No transaction is held between two of them."""
        for number, base, body in self._rows(venue, start_ms, end_ms):
            try:
                if number == base:
                    frame, key = frames.decode_key(body)
                    self._remember(number, key)
                else:
                    frame = frames.decode_delta(body, self._key(base))
            except codec.Damaged:
                continue
            yield number & TIMES, frame

    def packed(self, venue: int, start_ms: int, end_ms: int, fields: tuple[int, ...]) -> Iterator[tuple[int, Packed]]:
        """Some fields of a venue's polls by time, damaged ones left out. Polls that lean on the same key frame share
        it, and key frames of the same contracts share these."""
        last, key = -1, NO_KEY
        for number, base, body in self._rows(venue, start_ms, end_ms):
            try:
                if base != last:
                    found = frames.decode_base(body if number == base else self._body(base), fields)
                    same = np.array_equal(found.contracts, key.contracts)
                    last, key = base, found._replace(contracts=key.contracts) if same else found
                poll = frames.pack(body, key, fields, is_key=number == base)
            except codec.Damaged:
                continue
            yield number & TIMES, poll

    def rates(self, venue: int, mine: frozenset[int], start_ms: int, end_ms: int) -> Rates:
        """The rate of one instrument, whose contracts' numbers are `mine`, at each poll that had it."""
        times: list[int] = []
        contracts: list[int] = []
        values: list[float] = []
        listed, place = NO_KEY.contracts, NOWHERE
        for time_ms, poll in self.packed(venue, start_ms, end_ms, (frames.RATE,)):
            if poll.contracts is not listed:
                listed = poll.contracts
                place = np.flatnonzero(np.isin(listed, list(mine)))[:1]
            if not len(place):
                continue
            try:
                (value,) = frames.unpack(poll, place, (frames.RATE,))[0].tolist()
            except codec.Damaged:
                continue
            times.append(time_ms)
            contracts.append(int(listed[place[0]]))
            values.append(value)
        return Rates(np.array(times, np.int64), np.array(contracts, np.int64), np.array(values, np.float64))

    def thinned(
        self, venue: int, mine: Mapping[int, int], start_ms: int, end_ms: int, step_ms: int
    ) -> Iterator[tuple[int, int, int, Floats]]:
        """Of each step of time the last poll: its time, and for each contract of `mine` that it had the instrument
        (the value in `mine`), the contract's number and all fields of the quote. Damaged polls are left out."""
        chosen: dict[int, int] = {}
        for time_ms in self.times(venue, start_ms, end_ms):
            chosen[time_ms // step_ms] = time_ms
        for time_ms in chosen.values():
            for _, frame in self.frames(venue, time_ms, time_ms + 1):
                for place in np.flatnonzero(np.isin(frame.contracts, list(mine))).tolist():
                    contract = int(frame.contracts[place])
                    yield time_ms, mine[contract], contract, frame.numbers[:, place]

    def _rows(self, venue: int, start_ms: int, end_ms: int) -> Iterator[tuple[int, int, bytes]]:
        """Rows in blocks, so that a slow reader holds no transaction open."""
        low, high = _range(venue, start_ms, end_ms)
        query = "SELECT id, key, body FROM poll WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
        while rows := self.database.rows(query, (low, high, BLOCK)):
            yield from rows
            low = rows[-1][0] + 1
            if len(rows) < BLOCK:
                return

    def _key(self, number: int) -> Key:
        """The key frame of that id. Raises Damaged."""
        venue = number >> TIME_BITS
        for held in (self._keys.get(venue), self._read.get(venue)):
            if held is not None and held[0] == number:
                return held[1]
        _, key = frames.decode_key(self._body(number))
        self._remember(number, key)
        return key

    def _remember(self, number: int, key: Key) -> None:
        self._read[number >> TIME_BITS] = number, key

    def _body(self, number: int) -> bytes:
        """A poll as it was written. Raises Damaged where it is not there."""
        rows = self.database.rows("SELECT body FROM poll WHERE id = ?", (number,))
        if not rows:
            raise codec.Damaged("the poll is not there")
        body: bytes = rows[0][0]
        return body


def _range(venue: int, start_ms: int, end_ms: int) -> tuple[int, int]:
    """First and last id of a venue's polls in a time range."""
    return venue << TIME_BITS | max(start_ms, 0), (venue << TIME_BITS) + min(end_ms, TIMES)
