"""Premium samples that came with a poll as a part of its blob: losslessly, so that replay gives the same figures."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from fundtui.history import codec
from fundtui.market import PremiumSamples

_encode = msgspec.msgpack.encode
_decoder = msgspec.msgpack.Decoder(list[tuple[str, int, bytes, bytes]])


def encode(told: Sequence[PremiumSamples]) -> bytes:
    """Samples of any number of instruments; nothing for none."""
    if not told:
        return b""
    return _encode(
        [
            (
                one.symbol,
                len(one.time_ms),
                codec.encode_whole(np.array(one.time_ms, np.int64)),
                # Adding nothing turns -0.0 into 0.0, which packs better and means the same.
                codec.encode(np.array(one.premium, np.float64) + 0.0),
            )
            for one in told
        ]
    )


def decode(body: bytes | memoryview) -> tuple[PremiumSamples, ...]:
    """The samples of `encode`. Raises Damaged."""
    if not len(body):
        return ()
    try:
        rows = _decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise codec.Damaged(str(error)) from error
    return tuple(
        PremiumSamples(
            symbol,
            tuple(codec.decode_whole(times, count).tolist()),
            tuple(codec.decode(values, count).tolist()),
        )
        for symbol, count, times, values in rows
    )
