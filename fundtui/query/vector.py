"""The compiled parts of a query: closures over a table's columns. Missing values make no comparison true."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.catalogue import Unit
from fundtui.query.tokens import Measure

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Rows(Protocol):
    """What a query reads: a table, or a selection of a table's rows (`fundtui.query.selection`)."""

    @property
    def count(self) -> int:
        """How many rows there are."""
        ...

    @property
    def columns(self) -> Mapping[str, NDArray[Any]]:
        """Metric key -> stored values; texts as codes into `labels`."""
        ...

    @property
    def labels(self) -> Mapping[str, list[str]]:
        """Metric key -> labels of a text column."""
        ...

    def exported(self, key: str) -> Floats:
        """A numeric column in exported units."""
        ...


Values = Callable[[Rows], Any]
"""Rows -> float64 per row, or one float for a constant; exported units, NaN where missing."""

Mask = Callable[[Rows], Bools]
"""Rows -> whether each row matches."""


class Numeric(msgspec.Struct, frozen=True, kw_only=True):
    """A numeric part: its values, what they measure, the constant it is (if it is one) and its metrics' keys."""

    values: Values
    measure: Measure
    constant: float | None = None
    keys: tuple[str, ...] = ()
    unit: Unit | None = None


def constant(value: float, measure: Measure) -> Numeric:
    """A number as written in the query."""
    return Numeric(values=lambda _: value, measure=measure, constant=value)


def column(key: str, measure: Measure, unit: Unit) -> Numeric:
    """A metric's column in exported units."""
    return Numeric(values=lambda table: table.exported(key), measure=measure, keys=(key,), unit=unit)


def calculate(operator: str, left: Values, right: Values) -> Values:
    """Arithmetic per row. Division by zero and overflow give a missing value, not infinity."""
    operation = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[operator]

    def values(table: Rows) -> Any:
        first, second = left(table), right(table)
        with np.errstate(all="ignore"):
            result = operation(first, second)
            if operator == "/":
                result = np.where(np.equal(second, 0.0), np.nan, result)
        return result

    return values


TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}
_ORDER: dict[str, Callable[[Any, Any], Bools]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "=": np.equal,
}


def compare(operator: str, left: Values, right: Values) -> Mask:
    """`left operator right` per row; false where either side is missing, whatever the operator."""
    if operator == "!=":
        # The only numpy comparison that NaN makes true.
        return lambda table: _different(left(table), right(table))
    operation = _ORDER[operator]
    return lambda table: operation(left(table), right(table))


def _different(left: Any, right: Any) -> Bools:
    # Less or greater: false for NaN on either side, which != is not.
    different: Bools = np.logical_or(np.less(left, right), np.greater(left, right))
    return different


def relaxed(operator: str, threshold: float, share: float) -> float:
    """A threshold moved so that the comparison is easier to hold: 25 becomes 20 for `>` and 31.25 for `<` at 0.8."""
    easier_towards_zero = (operator in (">", ">=")) is (threshold > 0)
    if operator not in ("<", "<=", ">", ">=") or threshold == 0 or not math.isfinite(threshold):
        return threshold
    return threshold * share if easier_towards_zero else threshold / share


def every(masks: tuple[Mask, ...]) -> Mask:
    """All of the parts."""
    first, *others = masks

    def mask(table: Rows) -> Bools:
        result = first(table)
        for other in others:
            result = result & other(table)
        return result

    return mask


def any_of(masks: tuple[Mask, ...]) -> Mask:
    """At least one of the parts."""
    first, *others = masks

    def mask(table: Rows) -> Bools:
        result = first(table)
        for other in others:
            result = result | other(table)
        return result

    return mask


class TextMask:
    """Rows whose label passes a test; a missing label passes none, nor its negation.

    Labels are tested once each: the verdicts are kept while a column's label list only grows.
    """

    def __init__(self, key: str, test: Callable[[str], bool], *, positive: bool) -> None:
        self._key = key
        self._test = test
        self._positive = positive
        self._labels: list[str] = []
        self._verdicts: Bools = np.zeros(1, np.bool_)

    def __call__(self, table: Rows) -> Bools:
        labels = table.labels[self._key]
        if labels is not self._labels or len(labels) + 1 != len(self._verdicts):
            verdicts = [self._test(label) is self._positive for label in labels]
            # The code -1 (missing) reads the last entry.
            self._verdicts = np.array([*verdicts, False], np.bool_)
            self._labels = labels
        verdict: Bools = self._verdicts[table.columns[self._key][: table.count]]
        return verdict
