"""Batches for benchmarks: the size asked for, the same each time, and only the share of rows that should change."""

from __future__ import annotations

from itertools import islice

import pytest

from fundtui.simulation.batches import bench_batches


def test_size_and_turns() -> None:
    batches = list(islice(bench_batches(2000, 30, 1, instruments=15_000), 30))
    assert [batch.venue for batch in batches] == [f"venue{number:02d}" for number in range(30)]
    assert sum(len(batch.quotes) for batch in batches) == 15_000
    assert len({quote.contract.asset for batch in batches for quote in batch.quotes}) > 1950


def test_same_arguments_same_batches() -> None:
    one = list(islice(bench_batches(100, 5, 9), 12))
    assert one == list(islice(bench_batches(100, 5, 9), 12))
    assert one != list(islice(bench_batches(100, 5, 10), 12))


@pytest.mark.parametrize("changing", [0.0, 0.5, 1.0])
def test_share_of_rows_that_change(changing: float) -> None:
    batches = list(islice(bench_batches(2000, 1, 4, instruments=1000, changing=changing), 2))
    pairs = zip(*(batch.quotes for batch in batches), strict=True)
    changed = [before.mark != after.mark for before, after in pairs]
    assert sum(changed) / len(changed) == pytest.approx(changing, abs=0.05)
    assert all(a.contract is b.contract for a, b in zip(batches[0].quotes, batches[1].quotes, strict=True))


def test_rates_follow_their_premium() -> None:
    """Family A by hand: interest 1 bp, damper 5 bp, scaled to the interval."""
    (batch,) = islice(bench_batches(200, 1, 4), 1)
    for quote in batch.quotes:
        excess = quote.premium - 0.0001
        expected = 0.0001 + (0.0 if abs(excess) < 0.0005 else excess - 0.0005 * (1 if excess > 0 else -1))
        assert quote.rate == pytest.approx(expected * quote.contract.interval_h / 8, abs=1e-15)
