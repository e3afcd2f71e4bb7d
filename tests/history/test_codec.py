"""Numbers come back bit for bit, small, and damage never passes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundtui.history import codec, frames
from fundtui.history.frames import Frame

ANY = st.floats(width=64)
PRINTED = st.decimals(-1_000_000, 1_000_000, places=8).map(float)


def bits(values: codec.Floats) -> list[int]:
    """Float bits, every NaN being the same."""
    return [int(np.float64(value).view(np.int64)) if value == value else -1 for value in values]


@given(st.lists(st.one_of(ANY, PRINTED), max_size=60))
def test_columns_come_back(values: list[float]) -> None:
    column = np.array(values, np.float64)
    assert bits(codec.decode(codec.encode(column), len(column))) == bits(column)


@given(st.lists(st.integers(-(2**62), 2**62), max_size=60))
def test_integers_come_back(values: list[int]) -> None:
    column = np.array(values, np.int64)
    assert codec.unpack(codec.pack(column), len(column)).tolist() == values


ONE = (frames.RATE,)


@given(st.data())
def test_frames_come_back_from_their_key_frame(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 6))
    cell = st.one_of(ANY, PRINTED, st.just(0.0001))
    matrices = st.lists(cell, min_size=13 * count, max_size=13 * count)
    first, second = (np.array(data.draw(matrices)).reshape(13, count) for _ in range(2))
    contracts, reasons = np.arange(count) * 7 - 3, np.arange(count) % 3
    key_frame = Frame(contracts, np.full(count, 1000), first, reasons)
    blob, key = frames.encode_key(key_frame, 1000)
    read, read_key = frames.decode_key(blob)
    assert bits(read.numbers.ravel()) == bits(first.ravel())
    assert read.contracts.tolist() == contracts.tolist()
    frame = Frame(contracts, np.arange(count) + 2000, second, reasons)
    delta = frames.encode_delta(frame, 2005, key)
    again = frames.decode_delta(delta, read_key)
    assert bits(again.numbers.ravel()) == bits(second.ravel())
    assert again.observed_ms.tolist() == frame.observed_ms.tolist()
    assert again.reasons.tolist() == reasons.tolist()
    # Some fields of some places alone.
    fields = (frames.OI_USD, frames.RATE, frames.OI_BASE, frames.MARK)
    base = frames.decode_base(blob, fields)
    places = np.arange(0, count, 2)
    for body, is_key, whole in ((blob, True, first), (delta, False, second)):
        packed = frames.pack(body, base, fields, is_key=is_key)
        for wanted in (fields, (frames.MARK, frames.RATE)):
            found = frames.unpack(packed, places, wanted)
            assert [bits(row) for row in found] == [bits(whole[field, places]) for field in wanted]
        alone = frames.unpack(frames.pack(body, frames.decode_base(blob, ONE), ONE, is_key=is_key).lead(), places, ONE)
        assert bits(alone[0]) == bits(whole[frames.RATE, places])


def test_open_interest_in_dollars_costs_nothing_where_it_is_a_product() -> None:
    generator = np.random.default_rng(1)
    numbers = np.full((13, 500), np.nan)
    numbers[frames.MARK] = generator.uniform(1, 2, 500)
    numbers[frames.OI_BASE] = generator.uniform(1, 2, 500)
    without = len(frames.encode_key(Frame(np.arange(500), np.zeros(500, np.int64), numbers, np.zeros(500, int)), 0)[0])
    numbers[frames.OI_USD] = numbers[frames.MARK] * numbers[frames.OI_BASE]
    with_it = len(frames.encode_key(Frame(np.arange(500), np.zeros(500, np.int64), numbers, np.zeros(500, int)), 0)[0])
    assert with_it - without < 60


def test_a_day_of_printed_rates_is_small() -> None:
    generator = np.random.default_rng(1)
    resting = np.full(1440, 0.0001)
    moving = np.round(1e-4 + np.cumsum(np.where(generator.random(1440) < 0.3, generator.normal(0, 2e-7, 1440), 0)), 8)
    assert len(codec.encode(resting)) < 40
    assert len(codec.encode(moving)) < 1.3 * 1440


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_never_passes(place: int, change: int) -> None:
    blob = bytearray(codec.seal([b"one", codec.encode(np.arange(50.0)), b""]))
    blob[place % len(blob)] ^= change
    assert not codec.intact(bytes(blob))
    with pytest.raises(codec.Damaged):
        codec.unseal(bytes(blob))


@given(st.integers(0, 400))
def test_a_cut_blob_never_passes(length: int) -> None:
    blob = codec.seal([codec.encode(np.arange(50.0)), b"two"])
    with pytest.raises(codec.Damaged):
        codec.unseal(blob[: min(length, len(blob) - 1)])
