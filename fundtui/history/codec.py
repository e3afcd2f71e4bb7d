"""Numbers to few bytes and back, bit for bit (measured in reliability §3.1).

A column of decimals as venues print them becomes integers at the smallest power of ten that loses nothing; anything
else becomes its float bits. Neighbours are subtracted (or XORed), bytes of equal weight are put side by side, zlib does
the rest. Every blob begins with a format byte and ends with a CRC-32: SQLite does not notice damage inside a blob.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.uint8]

MOST_DECIMALS = 15
RAW = 16
"""Code of a value that no power of ten holds: its float bits are kept."""
MISSING = 17
"""Code of NaN."""
POWERS: Floats = np.array([10.0**places for places in range(MOST_DECIMALS + 1)])
LARGEST = float(2**53)

FORMAT = 1
SMALL, FAST = 6, 1
"""zlib levels: for what is kept, for what is written at every poll."""

_LENGTH = struct.Struct("<I")


class Damaged(ValueError):
    """A blob is not what was written."""


# --- blobs ----------------------------------------------------------------------------------------


def seal(parts: Sequence[bytes]) -> bytes:
    """Parts as one blob with format byte, lengths and CRC-32."""
    body = b"".join([bytes((FORMAT, len(parts))), *(_LENGTH.pack(len(part)) for part in parts), *parts])
    return body + _LENGTH.pack(zlib.crc32(body))


def unseal(blob: bytes) -> list[memoryview]:
    """The parts of a sealed blob. Raises Damaged."""
    if len(blob) < 6 or blob[0] != FORMAT:
        raise Damaged("not a blob of this format")
    body = memoryview(blob)
    if zlib.crc32(body[:-4]) != _LENGTH.unpack(body[-4:])[0]:
        raise Damaged("checksum differs")
    start = 2 + 4 * blob[1]
    parts = []
    for place in range(blob[1]):
        (length,) = _LENGTH.unpack_from(blob, 2 + 4 * place)
        parts.append(body[start : start + length])
        start += length
    if start != len(blob) - 4:
        raise Damaged("lengths do not add up")
    return parts


def intact(blob: bytes) -> bool:
    """Whether a blob is what was written."""
    return len(blob) >= 6 and blob[0] == FORMAT and zlib.crc32(blob[:-4]) == _LENGTH.unpack(blob[-4:])[0]


# --- integers -------------------------------------------------------------------------------------


def pack(values: Ints, level: int = SMALL) -> bytes:
    """Integers to bytes: zigzag, the bytes of equal weight side by side, zlib. All zeros become nothing at all."""
    folded = (values << 1 ^ values >> 63).view(np.uint64)
    largest = int(folded.max(initial=0))
    if not largest:
        return b""
    width = (largest.bit_length() + 7) // 8
    planes = folded.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :width].T
    return bytes((width,)) + zlib.compress(planes.tobytes(), level)


def unpack(body: bytes | memoryview, count: int) -> Ints:
    """The integers of `pack`. Raises Damaged when there are not `count` of them."""
    if not len(body):
        return np.zeros(count, np.int64)
    width = body[0]
    try:
        plain = zlib.decompressobj().decompress(body[1:], width * count + 1)
    except zlib.error as error:
        raise Damaged(str(error)) from error
    if not 0 < width <= 8 or len(plain) != width * count:
        raise Damaged(f"{len(plain)} bytes where {count} numbers of {width} were written")
    bytes_of = np.zeros((count, 8), np.uint8)
    bytes_of[:, :width] = np.frombuffer(plain, np.uint8).reshape(width, count).T
    folded = bytes_of.view("<u8").reshape(count).astype(np.uint64)
    values: Ints = (folded >> np.uint64(1)).view(np.int64) ^ -(folded & np.uint64(1)).view(np.int64)
    return values


# --- decimals -------------------------------------------------------------------------------------


def decimals(values: Floats, guess: Codes | None = None) -> tuple[Codes, Ints]:
    """Code and integer of each value: decimals 0-15, RAW or MISSING. A right `guess` (same shape) saves the search."""
    flat = np.ascontiguousarray(values).ravel()
    codes = np.full(flat.shape, RAW, np.uint8)
    whole = flat.view(np.int64).copy()
    missing = flat != flat
    codes[missing], whole[missing] = MISSING, 0
    left = np.flatnonzero(~missing)
    if guess is not None:
        hoped = guess.ravel()[left]
        usable = hoped <= MOST_DECIMALS
        exact, numbers = _scaled(flat[left], POWERS[np.where(usable, hoped, 0)])
        exact &= usable
        found = left[exact]
        codes[found], whole[found] = hoped[exact], numbers[exact]
        left = left[~exact]
    for places in range(MOST_DECIMALS + 1):
        if not len(left):
            break
        exact, numbers = _scaled(flat[left], POWERS[places : places + 1])
        found = left[exact]
        codes[found], whole[found] = places, numbers[exact]
        left = left[~exact]
    return codes.reshape(values.shape), whole.reshape(values.shape)


def undecimals(codes: Codes, whole: Ints) -> Floats:
    """The values of `decimals`."""
    values: Floats = whole / POWERS[np.minimum(codes, MOST_DECIMALS)]
    raw = codes == RAW
    values[raw] = whole.view(np.float64)[raw]
    values[codes == MISSING] = np.nan
    return values


def _scaled(values: Floats, power: Floats) -> tuple[NDArray[np.bool_], Ints]:
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.rint(values * power) + 0.0  # never -0.0, which no integer is
        # Division gives the float nearest to the decimal, which is what parsing its text gave.
        exact = (np.abs(rounded) < LARGEST) & ((rounded / power).view(np.int64) == values.view(np.int64))
        return exact, np.where(exact, rounded, 0.0).astype(np.int64)


# --- columns over time ----------------------------------------------------------------------------


def encode(values: Floats, level: int = SMALL) -> bytes:
    """One instrument's values over time."""
    missing = values != values
    gaps = b""
    if missing.any():
        gaps = zlib.compress(np.packbits(missing).tobytes(), level)
        values = values[~missing]
    if not len(values):
        return bytes((MISSING,)) + _LENGTH.pack(0)
    codes, whole = decimals(values)
    places = int(codes.max())
    if places < RAW and int(codes.min()) != places:
        again, whole = decimals(values, np.full(values.shape, places, np.uint8))
        places = places if bool((again == places).all()) else RAW
    if places >= RAW:
        places, bits = RAW, np.ascontiguousarray(values).view(np.int64)
        body = pack(np.concatenate((bits[:1], bits[1:] ^ bits[:-1])), level)
    else:
        body = pack(np.diff(whole, prepend=0), level)
    return bytes((places,)) + _LENGTH.pack(len(gaps)) + gaps + body


def decode(body: bytes | memoryview, count: int) -> Floats:
    """The `count` values of `encode`. Raises Damaged."""
    if len(body) < 5:
        raise Damaged("column is too short")
    places, (length,) = body[0], _LENGTH.unpack(body[1:5])
    if places == MISSING:
        return np.full(count, np.nan)
    if not length:
        return _decode(places, body[5:], count)
    try:
        bits = np.frombuffer(zlib.decompress(body[5 : 5 + length]), np.uint8)
    except zlib.error as error:
        raise Damaged(str(error)) from error
    known = ~np.unpackbits(bits, count=count).astype(np.bool_)
    values = np.full(count, np.nan)
    values[known] = _decode(places, body[5 + length :], int(known.sum()))
    return values


def _decode(places: int, body: bytes | memoryview, count: int) -> Floats:
    steps = unpack(body, count)
    if places == RAW:
        return np.bitwise_xor.accumulate(steps).view(np.float64)
    if places > MOST_DECIMALS:
        raise Damaged(f"no column has {places} decimals")
    values: Floats = np.cumsum(steps) / POWERS[places]
    return values


def encode_whole(values: Ints, level: int = SMALL) -> bytes:
    """Integers over time: times, contract numbers."""
    return pack(np.diff(values, prepend=0), level)


def decode_whole(body: bytes | memoryview, count: int) -> Ints:
    """The integers of `encode_whole`. Raises Damaged."""
    return np.cumsum(unpack(body, count))
