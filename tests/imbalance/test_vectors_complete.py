"""Every worked example of the methodology is claimed by exactly one test."""

from __future__ import annotations

from collections import Counter

from tests.imbalance import test_vectors_carry, test_vectors_risk, test_vectors_skew, test_vectors_theory
from tests.imbalance.vectors import all_vectors, needs_vectors

CLAIMS = (test_vectors_theory, test_vectors_skew, test_vectors_carry, test_vectors_risk)


@needs_vectors
def test_no_vector_is_left_out_and_none_is_claimed_twice() -> None:
    claimed = Counter(key for module in CLAIMS for key in module.CHECKS)
    assert claimed == Counter(dict.fromkeys(all_vectors(), 1))
