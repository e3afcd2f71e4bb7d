"""state.db, what must never be lost: names and contracts, settled rates, the journal, small values. FULL commits."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
import numpy as np

from fundtui.history import codec
from fundtui.history.codec import Ints
from fundtui.history.contracts import Contracts
from fundtui.history.database import Database, Schema
from fundtui.history.salvage import Rescue, Row
from fundtui.history.store import merge_settlement
from fundtui.market import Instrument, Settlement
from fundtui.status import Event
from fundtui.text import clean

SCHEMA = Schema(
    "history",
    (
        """
        CREATE TABLE venue (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE instrument (id INTEGER PRIMARY KEY, venue INTEGER NOT NULL, symbol TEXT NOT NULL,
            asset TEXT NOT NULL, UNIQUE (venue, symbol)) STRICT;
        CREATE TABLE contract (id INTEGER PRIMARY KEY, instrument INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
        CREATE INDEX contract_of ON contract (instrument);
        CREATE TABLE settled (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
        CREATE TABLE event (id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
        CREATE INDEX event_time ON event (time_ms);
        CREATE TABLE value (name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT
        """,
    ),
)
MONTHS = 12
MOST_NUMBERS = 200_000
"""Contracts whose numbers are remembered; more than there are, unless a venue hands out new objects all the time."""
MONTH_BITS = 16
FIELDS = ("rate", "interval_h", "premium", "price")

VENUE_BITS, INSTRUMENT_BITS, CONTRACT_BITS = 20, 46, 48
"""Numbers follow from what they stand for, so that what was lost of a damaged file gets the same number again."""
MOST_PROBES = 4

_encode = msgspec.msgpack.Encoder(enc_hook=str).encode
_event_decoder = msgspec.msgpack.Decoder(Event, dec_hook=lambda kind, value: clean(value))


class State:
    """Names, contracts, settlements, events and values of one record."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._venues: dict[str, int] = {}
        self._numbers: dict[Instrument, int] = {}
        self._newest: dict[str, dict[str, Instrument]] = {}
        self._contracts = Contracts()

    # --- names ------------------------------------------------------------------------------------

    def venues(self) -> dict[str, int]:
        """Venue -> number."""
        self._venues = dict(self.database.rows("SELECT name, id FROM venue"))
        return self._venues

    def venue(self, name: str) -> int | None:
        """A venue's number, None when there is no record of it."""
        known = self._venues.get(name)
        return known if known is not None else self.venues().get(name)

    def add_venue(self, name: str) -> int:
        """A venue's number, made on first sight."""
        known = self.venue(name)
        if known is not None:
            return known
        with self.database.transaction():
            self._venues[name] = number = self._venue_within(name)
        return number

    def _venue_within(self, name: str) -> int:
        """As `add_venue`, inside a transaction that is open already."""
        number = _number(name.encode(), VENUE_BITS)
        execute = self.database.connection.execute
        while (kept := execute("SELECT name FROM venue WHERE id = ?", (number,)).fetchone()) is not None:
            if kept[0] == name:
                return number
            number += 1
        execute("INSERT INTO venue VALUES (?, ?)", (number, name))
        return number

    def instrument(self, venue: str, symbol: str) -> int | None:
        """An instrument's number, None when there is no record of it."""
        query = "SELECT i.id FROM instrument i JOIN venue v ON v.id = i.venue WHERE v.name = ? AND i.symbol = ?"
        rows = self.database.rows(query, (venue, symbol))
        return int(rows[0][0]) if rows else None

    def add_instrument(self, venue: str, symbol: str, asset: str) -> int:
        """An instrument's number, made on first sight."""
        known = self.instrument(venue, symbol)
        if known is not None:
            return known
        with self.database.transaction():
            return self._instrument_within(venue, symbol, asset)

    def _instrument_within(self, venue: str, symbol: str, asset: str) -> int:
        """As `add_instrument`, inside a transaction that is open already. An asset that is known now is noted."""
        owner, number = self._venue_within(venue), _number(f"{venue} {symbol}".encode(), INSTRUMENT_BITS)
        execute = self.database.connection.execute
        query = "SELECT venue, symbol FROM instrument WHERE id = ?"
        while (kept := execute(query, (number,)).fetchone()) is not None:
            if kept == (owner, symbol):
                if asset:
                    execute("UPDATE instrument SET asset = ? WHERE id = ?", (asset, number))
                return number
            number += 1
        execute("REPLACE INTO instrument VALUES (?, ?, ?, ?)", (number, owner, symbol, asset))
        return number

    def instruments(self) -> list[tuple[str, str, str]]:
        """Venue, symbol and asset of all."""
        query = "SELECT v.name, i.symbol, i.asset FROM instrument i JOIN venue v ON v.id = i.venue ORDER BY 1, 2"
        return self.database.rows(query)

    # --- contracts --------------------------------------------------------------------------------

    def contract_numbers(self, contracts: Sequence[Instrument]) -> Ints:
        """The number of each contract; new ones are kept before this returns."""
        numbers: Mapping[Instrument, int] = self._numbers
        if not all(contract in numbers for contract in contracts):
            numbers = self._with_new(contracts)
        return np.fromiter(map(numbers.__getitem__, contracts), np.int64, len(contracts))

    def _with_new(self, contracts: Sequence[Instrument]) -> dict[Instrument, int]:
        """The number of each contract, some of which have none yet. Nothing is remembered that was not kept."""
        numbers = {contract: self._numbers.get(contract, -1) for contract in contracts}
        with self.database.transaction():
            new = [(one, self._contract_within(one)) for one, number in numbers.items() if number < 0]
        if len(self._numbers) > MOST_NUMBERS:
            self._numbers.clear()
            self._newest.clear()
        for contract, number in new:
            self._remember(contract, number)
            numbers[contract] = number
        return numbers

    def _remember(self, contract: Instrument, number: int) -> None:
        """Hold a contract in the very object that the rest of the program has, and let go of what its instrument was
        before: thousands of contracts in several forms each are megabytes."""
        newest = self._newest.setdefault(contract.venue, {})
        before = newest.get(contract.symbol)
        if before is not None:
            self._contracts.forget(self._numbers.pop(before, -1))
        newest[contract.symbol] = contract
        self._numbers[contract] = number
        self._contracts.recent[number] = contract

    def _contract_within(self, contract: Instrument) -> int:
        """A contract's number, inside a transaction that is open already."""
        body = _encode(contract)
        number = _number(body, CONTRACT_BITS)
        execute = self.database.connection.execute
        owner = self._instrument_within(contract.venue, contract.symbol, contract.asset_id)
        while (kept := execute("SELECT body FROM contract WHERE id = ?", (number,)).fetchone()) is not None:
            if kept[0] == body:
                return number
            number += 1
        execute("INSERT INTO contract VALUES (?, ?, ?)", (number, owner, body))
        return number

    def known(self, numbers: Ints) -> list[Instrument | None]:
        """Contracts by number, None for one that was lost."""
        self._learn(numbers)
        return list(map(self._contracts.recent.get, numbers.tolist()))

    def contracts(self, numbers: Ints) -> list[Instrument]:
        """Contracts by number. Raises Damaged for a number that was never given."""
        self._learn(numbers)
        try:
            return list(map(self._contracts.recent.__getitem__, numbers.tolist()))
        except KeyError as error:
            raise codec.Damaged(f"no contract {error.args[0]}") from error

    def owners(self, numbers: Sequence[int]) -> dict[int, int]:
        """Contract -> its instrument, by number, without those that were lost. Nothing is decoded or remembered."""
        return {number: owner for number, owner, _ in self._forms(numbers)}

    def _forms(self, numbers: Sequence[int]) -> Iterator[tuple[int, int, bytes]]:
        """Number, instrument and content of contracts that are there."""
        for start in range(0, len(numbers), 500):
            part = numbers[start : start + 500]
            marks = ",".join("?" * len(part))
            query = f"SELECT id, instrument, body FROM contract WHERE id IN ({marks})"
            for number, owner, body in self.database.rows(query, part):
                # A number follows from the contract, so a contract that was changed does not have it any more.
                if _stands_for(number, body, CONTRACT_BITS):
                    yield number, owner, body

    def _learn(self, numbers: Ints) -> None:
        self._contracts.decode(self._forms(self._contracts.missing(set(numbers.tolist()))))

    # --- settlements ------------------------------------------------------------------------------

    def settle(self, settlements: Iterable[Settlement]) -> int:
        """See `Store.settle`."""
        parts: dict[tuple[str, str], dict[int, dict[int, Settlement]]] = {}
        for one in settlements:
            if math.isfinite(one.rate):
                parts.setdefault((one.venue, one.symbol), {}).setdefault(_month(one.time_ms), {})[one.time_ms] = one
        new = 0
        owners = {key: self.add_instrument(*key, "") for key in parts}
        with self.database.transaction() as connection:
            for key, months in parts.items():
                for month, rows in months.items():
                    chunk = owners[key] << MONTH_BITS | month
                    kept = {one.time_ms: one for one in self._settled(chunk, *key)}
                    before = len(kept)
                    for time_ms, one in rows.items():
                        kept[time_ms] = merge_settlement(kept[time_ms], one) if time_ms in kept else one
                    new += len(kept) - before
                    body = encode_settlements([kept[time_ms] for time_ms in sorted(kept)], *key)
                    connection.execute("REPLACE INTO settled VALUES (?, ?)", (chunk, body))
        return new

    def settlements(self, venue: str, symbol: str, start_ms: int, end_ms: int) -> list[Settlement]:
        """See `Store.settlements`. Damaged chunks give nothing."""
        owner = self.instrument(venue, symbol)
        if owner is None:
            return []
        low, high = owner << MONTH_BITS | _month(start_ms), owner << MONTH_BITS | _month(end_ms)
        rows = self.database.rows("SELECT body FROM settled WHERE id BETWEEN ? AND ? ORDER BY id", (low, high))
        found = [one for (body,) in rows for one in _readable(body, venue, symbol)]
        return [one for one in found if start_ms <= one.time_ms < end_ms]

    def settled_slices(self, count: int) -> Iterator[list[tuple[int, bytes]]]:
        """All chunks of settlements by number, `count` at a time."""
        after = -1
        while rows := self.database.rows(
            "SELECT id, body FROM settled WHERE id > ? ORDER BY id LIMIT ?", (after, count)
        ):
            yield rows
            after = rows[-1][0]

    def forget_settled(self, chunks: Sequence[int]) -> None:
        """Forget chunks of settlements, and that their instruments were asked for: they will be asked for again."""
        query = "SELECT v.name, i.symbol FROM instrument i JOIN venue v ON v.id = i.venue WHERE i.id = ?"
        with self.database.transaction() as connection:
            for chunk in chunks:
                connection.execute("DELETE FROM settled WHERE id = ?", (chunk,))
                for venue, symbol in connection.execute(query, (chunk >> MONTH_BITS,)).fetchall():
                    connection.execute("DELETE FROM value WHERE name = ?", (reached_name(venue, symbol),))

    def settled_between(self, start_ms: int, end_ms: int) -> list[Settlement]:
        """Settlements of all instruments in a range, in no order. Damaged chunks give nothing."""
        months = (1 << MONTH_BITS) - 1
        query = f"SELECT body FROM settled WHERE id & {months} BETWEEN ? AND ?"
        found = []
        for (body,) in self.database.rows(query, (_month(max(start_ms, 0)), _month(end_ms))):
            found += [one for one in _anyone(body) if start_ms <= one.time_ms < end_ms]
        return found

    def _settled(self, chunk: int, venue: str, symbol: str) -> list[Settlement]:
        rows = self.database.connection.execute("SELECT body FROM settled WHERE id = ?", (chunk,)).fetchall()
        return _readable(rows[0][0], venue, symbol) if rows else []

    # --- journal and values -----------------------------------------------------------------------

    def note(self, events: Sequence[Event]) -> None:
        """See `Store.note`."""
        with self.database.transaction() as connection:
            connection.executemany(
                "INSERT INTO event (time_ms, body) VALUES (?, ?)",
                ((one.time_ms, codec.seal([_encode(one)])) for one in events),
            )

    def events(self, start_ms: int, end_ms: int, limit: int) -> list[Event]:
        """See `Store.events`."""
        query = "SELECT body FROM event WHERE time_ms >= ? AND time_ms < ? ORDER BY time_ms DESC, id DESC LIMIT ?"
        found = []
        for (body,) in self.database.rows(query, (start_ms, end_ms, limit)):
            try:
                found.append(_event_decoder.decode(codec.unseal(body)[0]))
            except (codec.Damaged, msgspec.MsgspecError):
                # A damaged entry, or a kind that a newer fundtui had: the others are still worth reading.
                continue
        return found[::-1]

    def keep(self, values: Mapping[str, bytes]) -> None:
        """See `Store.keep`."""
        with self.database.transaction() as connection:
            rows = ((name, codec.seal([body])) for name, body in values.items())
            connection.executemany("REPLACE INTO value VALUES (?, ?)", rows)

    def kept(self, name: str) -> bytes | None:
        """See `Store.kept`."""
        rows = self.database.rows("SELECT body FROM value WHERE name = ?", (name,))
        try:
            return bytes(codec.unseal(rows[0][0])[0]) if rows else None
        except codec.Damaged:
            return None


def reached_name(venue: str, symbol: str) -> str:
    """The name of the value that says how far an instrument's history was asked for."""
    return f"reached {venue} {symbol}"


def _number(content: bytes, bits: int) -> int:
    """A number for a content, never 0 and with some room above it for others that would have the same."""
    digest = int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big") >> (64 - bits)
    most = (1 << bits) - MOST_PROBES - 1
    # Not by `min` and `max`: this is a tenth of what reading a contract takes.
    return most if digest > most else digest or 1


def _stands_for(number: object, content: bytes, bits: int) -> bool:
    """Whether a number may have been given to a content."""
    return isinstance(number, int) and 0 <= number - _number(content, bits) < MOST_PROBES


def _month(time_ms: int) -> int:
    when = datetime.fromtimestamp(time_ms / 1000, UTC)
    return when.year * MONTHS + when.month


def encode_settlements(settled: Sequence[Settlement], venue: str, symbol: str) -> bytes:
    """Settlements of one instrument, sorted by time, with its name."""
    times = np.array([one.time_ms for one in settled], np.int64)
    columns = [np.array([getattr(one, name) for one in settled], np.float64) for name in FIELDS]
    head = np.array([len(settled)], "<i8").tobytes()
    return codec.seal([head, f"{venue} {symbol}".encode(), codec.encode_whole(times), *map(codec.encode, columns)])


def decode_settlements(body: bytes, venue: str, symbol: str) -> list[Settlement]:
    """The settlements of `encode_settlements`. Raises Damaged, also where they are another instrument's."""
    parts = codec.unseal(body)
    if len(parts) != 3 + len(FIELDS) or len(parts[0]) != 8 or parts[1] != f"{venue} {symbol}".encode():
        raise codec.Damaged("not settlements of this instrument")
    count = int(np.frombuffer(parts[0], "<i8")[0])
    times = codec.decode_whole(parts[2], count).tolist()
    columns = [codec.decode(part, count).tolist() for part in parts[3:]]
    return [
        Settlement(venue=venue, symbol=symbol, time_ms=time_ms, **dict(zip(FIELDS, numbers, strict=True)))
        for time_ms, *numbers in zip(times, *columns, strict=True)
    ]


def _readable(body: bytes, venue: str, symbol: str) -> list[Settlement]:
    try:
        return decode_settlements(body, venue, symbol)
    except codec.Damaged:
        return []


def rescued() -> dict[str, Rescue]:
    """What of a damaged state.db is taken over: rows that prove to be what was written.

    Numbers of names follow from the names, everything else has a checksum of its own.
    """
    venues: dict[object, str] = {}

    def venue(row: Row) -> bool:
        number, name = row
        if _stands_for(number, str(name).encode(), VENUE_BITS):
            venues[number] = str(name)
        return number in venues

    def instrument(row: Row) -> bool:
        number, owner, symbol, _ = row
        return owner in venues and _stands_for(number, f"{venues[owner]} {symbol}".encode(), INSTRUMENT_BITS)

    def contract(row: Row) -> bool:
        return isinstance(row[2], bytes) and _stands_for(row[0], row[2], CONTRACT_BITS)

    def sealed(row: Row) -> bool:
        return isinstance(row[-1], bytes) and codec.intact(row[-1])

    return {
        "value": Rescue(2, (0,), sealed),
        "settled": Rescue(2, (), sealed),
        "venue": Rescue(2, (1,), venue),
        "instrument": Rescue(4, (2, 3), instrument),
        "contract": Rescue(3, (), contract),
        "event": Rescue(3, (), sealed),
    }


def _anyone(body: bytes) -> list[Settlement]:
    """The settlements of a chunk, whosever they are; its name stands in it."""
    try:
        name = bytes(codec.unseal(body)[1]).decode()
    except (codec.Damaged, IndexError, UnicodeDecodeError):
        return []
    return _readable(body, *name.partition(" ")[::2])
