"""kill -9 between every step: what a commit made durable reaches its sink, and what comes twice has one key."""

from __future__ import annotations

from pathlib import Path

from tests.alerts import kills

KILLS = 300
"""So many in every run of the tests; `python -m tests.bench kills` makes it a thousand."""


def test_nothing_is_lost_and_duplicates_share_their_key(tmp_path: Path) -> None:
    found = kills.run(tmp_path, KILLS, seed=20)
    assert found.said.startswith(f"{KILLS} kills")
    assert found.made > KILLS
    assert found.lost == 0, found
    assert (found.split_keys, found.split_bodies) == (0, 0)
    assert found.duplicates > 0, "replies were lost, so some came twice"
    assert found.refused > 10
    assert (found.problem, found.unsettled) == ("", 0)
    # Each transition of an alert has a number of its own, over all lives.
    assert found.transitions > KILLS / 2
    assert found.out_of_order == 0
