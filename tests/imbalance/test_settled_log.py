"""The ring of settlements that were seen to happen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fundtui.imbalance.settled_log import SettledLog

KEYS = ["binance BTCUSDT", "okx ETH-USDT-SWAP", "gate SOL_USDT"]


def add(log: SettledLog, rows: list[int], at_ms: int, surprise: list[float]) -> None:
    size = len(rows)
    figures = (np.full(size, 1e-5), np.full(size, 8.0), np.array(surprise), np.full(size, np.nan))
    log.add(KEYS, np.array(rows), np.full(size, at_ms), *figures)


def test_newest_first_and_of_one_instant_the_most_surprising_first() -> None:
    log = SettledLog(10)
    add(log, [0, 1, 2], 1000, [1e-6, math.nan, -5e-6])
    add(log, [1], 2000, [0.0])
    assert [(one.time_ms, one.instrument) for one in log.newest(10)] == [
        (2000, KEYS[1]), (1000, KEYS[2]), (1000, KEYS[0]), (1000, KEYS[1]),
    ]  # fmt: skip
    assert len(log.newest(2)) == 2
    assert log.newest(1)[0].hourly == 1e-5


def test_the_oldest_make_room() -> None:
    log = SettledLog(2)
    for at_ms in (1, 2, 3):
        add(log, [0], at_ms, [0.0])
    assert [one.time_ms for one in log.newest(9)] == [3, 2]
    assert log.count == 3


def test_a_later_run_goes_on_from_it() -> None:
    before, after = SettledLog(3), SettledLog(3)
    for at_ms in (1, 2, 3, 4):
        add(before, [at_ms % 3], at_ms, [1e-6 * at_ms])
    after.restore(before.exported())
    assert after.newest(9) == before.newest(9) or str(after.newest(9)) == str(before.newest(9))
    after.restore({})


def test_what_does_not_fit_is_refused() -> None:
    arrays = SettledLog(3).exported() | {"settled_log.code": np.array([5])}
    with pytest.raises(ValueError, match="do not fit"):
        SettledLog(3).restore(arrays)
