"""Reasons in plain words."""

from __future__ import annotations

from fundtui.market import Reason
from fundtui.ui.instrument_text import reasons_text


def test_sentences_stay_whole_and_codes_become_words() -> None:
    assert (
        reasons_text("stale, mirrors another venue's settled rates") == "stale, mirrors another venue's settled rates"
    )
    assert reasons_text("dated contract, pays no funding") == "dated contract, pays no funding"
    assert reasons_text(f"{Reason.STALE.value}, {Reason.INTERVAL_UNKNOWN.value}") == "stale, interval unknown"
    assert reasons_text("") == ""
