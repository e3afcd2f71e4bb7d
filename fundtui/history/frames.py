"""One venue's poll as a blob of the hot tier: everything that its quotes said, so that replay gives the same figures.

A key frame stands by itself; the frames after it hold only what differs from it. Frames never lean on one another, so
a damaged one costs one poll. A frame fits a key frame only when it is of the same contracts in the same order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundtui.history import codec
from fundtui.history.codec import Codes, Floats, Ints

FIELDS = 13
ALL = tuple(range(FIELDS))
PARTS = 4 + 2 * FIELDS
"""Of a poll; one more where the venue tells sides apart, two where premium samples came with it."""
SIDES = 2
RATE, NEXT_FUNDING_MS, MARK, INDEX, LAST, PREMIUM, OI_BASE, OI_USD, VOLUME_USD, SETTLED_RATE = range(10)
"""Rows of the numbers, in the order of a quote's fields from `rate` to `ask`."""
DERIVED = 18
"""Code of an `oi_usd` that is `oi_base` x `mark` to the last bit, as most readers make it: nothing is kept of it."""


LEARNING, PARTIAL = 1, 2
"""Flags of a poll, see `Batch`."""
COUNT_BITS = 32
"""A poll's flags stand above the number of its quotes: in a poll of an older record there are none."""


class Frame(NamedTuple):
    """A poll as arrays: contract numbers of its quotes, when each was seen, fields x quotes, reason bits; flags.

    `sides`: received rate and skew of open interest x quotes, where the venue tells sides apart. `premiums`: samples
    that came with the poll, see `fundtui.history.premiums`.
    """

    contracts: Ints
    observed_ms: Ints
    numbers: Floats
    reasons: Ints
    flags: int = 0
    sides: Floats | None = None
    premiums: bytes = b""


class Key(NamedTuple):
    """What later frames lean on: all fields, or some of them."""

    contracts: Ints
    codes: Codes
    whole: Ints


class Packed(NamedTuple):
    """Some fields of a poll as they lie on the disk, a fraction of the room of their numbers: codes and whole numbers
    of each of `fields`, nothing in a key frame. `key` is of these fields; where `OI_USD` is one, `OI_BASE` and `MARK`
    are too."""

    key: Key
    fields: tuple[int, ...]
    parts: tuple[bytes, ...]

    @property
    def contracts(self) -> Ints:
        """Contract numbers of its quotes."""
        return self.key.contracts

    def lead(self) -> Packed:
        """The same with nothing but its first field to unpack."""
        return Packed(self.key, self.fields, self.parts[:2])


def encode_key(frame: Frame, time_ms: int) -> tuple[bytes, Key]:
    """A frame that stands by itself, and what to lean the next ones on."""
    codes, whole = _coded(frame.numbers)
    key = Key(frame.contracts, codes, whole)
    return _seal(frame, time_ms, codec.encode_whole(frame.contracts, codec.FAST), codes, whole), key


def encode_delta(frame: Frame, time_ms: int, key: Key) -> bytes:
    """A frame that leans on a key frame of the same contracts."""
    codes, whole = _coded(frame.numbers, key.codes)
    return _seal(frame, time_ms, b"", codes ^ key.codes, _against(codes, whole, key))


def _coded(numbers: Floats, guess: Codes | None = None) -> tuple[Codes, Ints]:
    codes, whole = codec.decimals(numbers, guess)
    derived = numbers[OI_USD] == _multiplied(numbers[OI_BASE], numbers[MARK])
    codes[OI_USD, derived], whole[OI_USD, derived] = DERIVED, 0
    return codes, whole


def _multiplied(oi_base: Floats, mark: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        product: Floats = oi_base * mark
    return product


def _values(codes: Codes, whole: Ints, fields: tuple[int, ...] = ALL) -> Floats:
    numbers = codec.undecimals(codes, whole)
    if OI_USD in fields:
        place = fields.index(OI_USD)
        derived = codes[place] == DERIVED
        product = _multiplied(numbers[fields.index(OI_BASE)], numbers[fields.index(MARK)])
        numbers[place, derived] = product[derived]
    return numbers


def _seal(frame: Frame, time_ms: int, contracts: bytes, codes: Codes, whole: Ints) -> bytes:
    count = len(frame.reasons)
    parts = [
        np.array([frame.flags << COUNT_BITS | count, time_ms], "<i8").tobytes(),
        contracts,
        codec.pack(frame.observed_ms - time_ms, codec.FAST),
        codec.pack(frame.reasons, codec.FAST),
    ]
    for field in range(FIELDS):
        parts += [codec.pack(codes[field].astype(np.int64), codec.FAST), codec.pack(whole[field], codec.FAST)]
    if frame.sides is not None:
        parts.append(codec.encode(frame.sides.ravel(), codec.FAST))
    if frame.premiums:
        parts += [b""] * (frame.sides is None) + [frame.premiums]
    return codec.seal(parts)


def _against(codes: Codes, whole: Ints, key: Key) -> Ints:
    same = (codes == key.codes) & (codes != codec.MISSING)
    raw = same & (codes == codec.RAW)
    return np.where(raw, whole ^ key.whole, np.where(same, whole - key.whole, whole))


def decode_key(blob: bytes) -> tuple[Frame, Key]:
    """A key frame. Raises Damaged."""
    parts = _parts(blob)
    flags, count, time_ms = _head(parts)
    contracts = codec.decode_whole(parts[1], count)
    codes, whole = _numbers(parts, count)
    frame = Frame(contracts, *_rest(parts, count, time_ms, _values(codes, whole)), flags, *_more(parts, count))
    return frame, Key(contracts, codes, whole)


def decode_delta(blob: bytes, key: Key) -> Frame:
    """A frame that leans on `key`. Raises Damaged."""
    parts = _parts(blob)
    flags, count, time_ms = _head(parts)
    if count != len(key.contracts):
        raise codec.Damaged("frame and key frame differ in length")
    codes, whole = _numbers(parts, count)
    codes = codes ^ key.codes
    values = _values(codes, _against_back(codes, whole, key))
    return Frame(key.contracts, *_rest(parts, count, time_ms, values), flags, *_more(parts, count))


def decode_base(blob: bytes, fields: tuple[int, ...]) -> Key:
    """Some fields of a key frame. Raises Damaged."""
    parts = _parts(blob)
    _, count, _ = _head(parts)
    return Key(codec.decode_whole(parts[1], count), *_numbers(parts, count, fields))


def pack(blob: bytes, key: Key, fields: tuple[int, ...], *, is_key: bool) -> Packed:
    """Some fields of a frame that leans on `key`. is_key: it is that key frame itself. Raises Damaged."""
    parts = _parts(blob)
    _, count, _ = _head(parts)
    if count != len(key.contracts):
        raise codec.Damaged("frame and key frame differ in length")
    told = () if is_key else tuple(bytes(part) for field in fields for part in _parts_of(parts, field))
    return Packed(key, fields, told)


def unpack(packed: Packed, places: Ints, fields: tuple[int, ...]) -> Floats:
    """The numbers of some places of a poll, fields x places. `OI_USD` comes with `OI_BASE` and `MARK` only. Raises
    Damaged."""
    rows = [packed.fields.index(field) for field in fields]
    corner = np.array(rows, np.int64)[:, None], places
    base = Key(packed.contracts, packed.key.codes[corner], packed.key.whole[corner])
    if not packed.parts:
        return _values(base.codes, base.whole, fields)
    count = len(packed.contracts)
    codes = np.array([codec.unpack(packed.parts[2 * row], count)[places] for row in rows], np.uint8) ^ base.codes
    whole = np.array([codec.unpack(packed.parts[2 * row + 1], count)[places] for row in rows], np.int64)
    return _values(codes, _against_back(codes, whole, base), fields)


def _against_back(codes: Codes, whole: Ints, key: Key) -> Ints:
    same = (codes == key.codes) & (codes != codec.MISSING)
    raw = same & (codes == codec.RAW)
    return np.where(raw, whole ^ key.whole, np.where(same, whole + key.whole, whole))


def _parts(blob: bytes) -> list[memoryview]:
    parts = codec.unseal(blob)
    if not PARTS <= len(parts) <= PARTS + 2 or len(parts[0]) != 16:
        raise codec.Damaged("not a poll")
    return parts


def decode_flags(blob: bytes) -> int:
    """The flags of a frame, whichever it leans on. Raises Damaged."""
    return _head(_parts(blob))[0]


def _head(parts: list[memoryview]) -> tuple[int, int, int]:
    """Flags, number of quotes, time."""
    count, time_ms = np.frombuffer(parts[0], "<i8").tolist()
    return count >> COUNT_BITS, count & ((1 << COUNT_BITS) - 1), time_ms


def _numbers(parts: list[memoryview], count: int, fields: tuple[int, ...] = ALL) -> tuple[Codes, Ints]:
    codes = np.empty((len(fields), count), np.uint8)
    whole = np.empty((len(fields), count), np.int64)
    for place, field in enumerate(fields):
        codes[place], whole[place] = (codec.unpack(part, count) for part in _parts_of(parts, field))
    return codes, whole


def _parts_of(parts: list[memoryview], field: int) -> list[memoryview]:
    """Codes and whole numbers of a field."""
    return parts[4 + 2 * field : 6 + 2 * field]


def _rest(parts: list[memoryview], count: int, time_ms: int, numbers: Floats) -> tuple[Ints, Floats, Ints]:
    return codec.unpack(parts[2], count) + time_ms, numbers, codec.unpack(parts[3], count)


def _more(parts: list[memoryview], count: int) -> tuple[Floats | None, bytes]:
    """What only some polls have: both sides, and premium samples."""
    told = len(parts) > PARTS and len(parts[PARTS])
    sides = codec.decode(parts[PARTS], SIDES * count).reshape(SIDES, count) if told else None
    return sides, bytes(parts[PARTS + 1]) if len(parts) > PARTS + 1 else b""
