"""The worked examples of the methodology, read from the reference beside the repository, and how to compare."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"
VECTORS = SHARED / "methodology_vectors.json"
HISTORY = SHARED / "history"
Check = Callable[[Any], Any]

needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason="methodology_vectors.json is not beside the repository")
needs_history = pytest.mark.skipif(not HISTORY.exists(), reason="the real series are not beside the repository")


def all_vectors() -> dict[str, Any]:
    """Every vector by id: its input and its output."""
    loaded: dict[str, Any] = json.loads(VECTORS.read_text())
    return loaded


def run(key: str, checks: Mapping[str, Check]) -> None:
    """Feed one vector's input to its check and compare every number of the output to 1e-12."""
    vector = all_vectors()[key]
    agree(checks[key](vector["in"]), vector["out"], key)


def agree(found: Any, wanted: Any, where: str = "") -> None:
    """Compare nested results: numbers to 1e-12 (relative or absolute), everything else exactly."""
    if isinstance(wanted, dict):
        assert set(found) == set(wanted), where
        for key, value in wanted.items():
            agree(found[key], value, f"{where}.{key}")
    elif isinstance(wanted, list):
        found = list(found)
        assert len(found) == len(wanted), where
        for number, (one, other) in enumerate(zip(found, wanted, strict=True)):
            agree(one, other, f"{where}[{number}]")
    elif wanted is None:
        assert found is None or np.isnan(found), where
    elif isinstance(wanted, bool | str):
        assert found == wanted, where
    else:
        assert float(found) == pytest.approx(float(wanted), rel=1e-12, abs=1e-12), where
