"""What all tests share: where the recorded venues are, and a server of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def _absent(what: str) -> None:
    if os.environ.get("FUNDTUI_REQUIRE_RECORDINGS"):
        pytest.fail(f"{what} must be beside the repository here (../shared)")
    pytest.skip(f"{what} is not beside the repository (../shared)")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded answers and settled series; skips where there is none."""
    if not SHARED.is_dir():
        _absent("the folder of recorded answers")
    return SHARED


@pytest.fixture
def recorded(shared: Path) -> Iterator[Any]:
    """A loopback server of all recorded venues, without faults."""
    from serve import RecordedVenues

    with RecordedVenues() as server:
        yield server
