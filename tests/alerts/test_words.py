"""Sentences of transitions."""

from __future__ import annotations

import math

import pytest

from fundtui.alerts.alert import Subject, Term
from fundtui.alerts.machine import Told
from fundtui.alerts.words import sentence
from fundtui.imbalance.catalogue import Level

SUBJECT = Subject(Level.INSTRUMENT, "deribit ETH-27MAR26", "deribit", "ETH")
GONE = Term("abs(basis_z) >= 4", math.nan, 4.0, "-")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (Told.FIRED, "deribit ETH-27MAR26: not known (abs(basis_z) >= 4), +120.0% (abs(apr) >= 100%), for 1m"),
        (Told.RESOLVED,
         "deribit ETH-27MAR26: no longer known (abs(basis_z) >= 4), +120.0% (abs(apr) >= 100%), resolved after 1m"),
    ],
)  # fmt: skip
def test_a_missing_value_is_said_to_be_missing(told: Told, expected: str) -> None:
    known = Term("abs(apr) >= 100%", 1.2, 1.0, "+120.0%")
    assert sentence(SUBJECT, told, None, (GONE, known), 60.0, "") == expected
