"""Back-off has full jitter and a cap; the breaker lets exactly one probe through."""

from __future__ import annotations

import random

import pytest

from fundtui.polling.breaker import Breaker, full_jitter


@pytest.mark.parametrize(("failures", "longest"), [(1, 10), (2, 20), (3, 40), (7, 640), (8, 900), (60, 900)])
def test_back_off_is_uniform_up_to_its_bound(failures: int, longest: float) -> None:
    rng = random.Random(1)
    waits = [full_jitter(rng, 10, failures) for _ in range(4000)]
    assert min(waits) < 0.02 * longest
    assert 0.98 * longest < max(waits) <= longest
    assert sum(waits) / len(waits) == pytest.approx(longest / 2, rel=0.05)


def opened(failures: int = 4) -> Breaker:
    breaker = Breaker(random.Random(1), 10)
    for _ in range(failures):
        breaker.fail(100.0, probe=False)
    return breaker


def test_it_opens_with_the_fourth_failure_in_a_row() -> None:
    assert opened(3).closed
    assert not opened(4).closed


def test_a_good_answer_in_between_starts_the_count_anew() -> None:
    breaker = opened(3)
    breaker.succeed(probe=False)
    breaker.fail(100.0, probe=False)
    assert breaker.closed


def test_while_open_nothing_goes_and_then_one_probe() -> None:
    breaker = opened()
    assert breaker.wait_s(100.5, probe=True) == pytest.approx(breaker.open_until - 100.5)
    later = breaker.open_until
    assert breaker.wait_s(later, probe=False) > 0, "only a required endpoint may probe"
    assert breaker.wait_s(later, probe=True) == 0
    assert breaker.begin()
    assert breaker.wait_s(later, probe=True) > 0, "a second probe"
    breaker.succeed(probe=True)
    assert breaker.closed
    assert breaker.wait_s(later, probe=False) == 0


def test_a_failed_probe_opens_again_and_for_longer_on_average() -> None:
    def waits(probes: int, seed: int) -> float:
        breaker = Breaker(random.Random(seed), 10)
        for _ in range(4):
            breaker.fail(0.0, probe=False)
        for _ in range(probes):
            now = breaker.open_until
            breaker.begin()
            breaker.fail(now, probe=True)
            wait = breaker.open_until - now
        return wait

    assert sum(waits(5, seed) for seed in range(200)) > 5 * sum(waits(1, seed) for seed in range(200))


def test_a_late_answer_to_an_earlier_request_does_not_end_a_ban() -> None:
    breaker = Breaker(random.Random(1), 10)
    breaker.hold(0.0, 600)
    breaker.succeed(probe=False)
    assert not breaker.closed
    assert breaker.wait_s(599.9, probe=True) > 0


def test_a_hold_ends_late_never_early_and_a_shorter_one_does_not_shorten_it() -> None:
    for seed in range(50):
        breaker = Breaker(random.Random(seed), 10)
        breaker.hold(0.0, 600)
        breaker.hold(1.0, 5)
        assert 600 <= breaker.open_until <= 610


def test_an_abandoned_probe_makes_room_for_another() -> None:
    breaker = opened()
    later = breaker.open_until
    breaker.begin()
    breaker.abandon()
    assert breaker.wait_s(later, probe=True) == 0
