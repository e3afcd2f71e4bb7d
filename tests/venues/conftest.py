"""Where the recorded answers are: beside the repository, never inside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "payloads"


@pytest.fixture(scope="session")
def payload() -> Callable[[str], bytes]:
    """`payload("bybit/file.json")` -> the recorded bytes; skips where the recordings are not on this machine."""

    def body(path: str) -> bytes:
        file = PAYLOADS / path
        if not file.is_file():
            pytest.skip(f"recorded answer {path} is not beside the repository (../shared/payloads)")
        return file.read_bytes()

    return body
