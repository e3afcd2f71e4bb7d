"""Decoders for answers that are no plain list of rows: objects keyed by symbol, and two lists paired by position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec

from fundtui.venues._wire import MAX_BAD_SHARE, Rows, not_json, wrong_shape
from fundtui.venues.spec import BadAnswer, Fault

Row = TypeVar("Row")
Left = TypeVar("Left")
Right = TypeVar("Right")


class KeyedRowsDecoder(Generic[Row]):
    """Decodes a JSON object of symbol -> `row`, keeping the good rows and both of a key that comes twice.

    A JSON parser keeps the last of two equal keys and says nothing. `marker` is a field name that every row has
    exactly once: when it comes more often than there are keys, the object is read again with all its keys, so that
    `batch` can see the ambiguous symbol and drop it.
    """

    def __init__(self, row: type[Row], marker: str) -> None:
        self._all = msgspec.json.Decoder(dict[str, row], strict=False)  # type: ignore[valid-type]
        self._row = row
        self._marker = f'"{marker}"'.encode()

    def __call__(self, body: bytes | msgspec.Raw, *, empty_ok: bool = False) -> Rows[tuple[str, Row]]:
        """The object's items. Raises BadAnswer."""
        body = bytes(body)
        try:
            rows = self._all.decode(body)
        except msgspec.ValidationError:
            pairs, rejected = self._item_by_item(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise not_json(body, error) from error
        else:
            pairs, rejected = list(rows.items()), 0
            if body.count(self._marker) > len(rows):
                pairs, rejected = self._item_by_item(body)
        if not pairs and not empty_ok:
            raise BadAnswer(Fault.EMPTY, "no rows in the answer")
        return Rows(pairs, rejected)

    def _item_by_item(self, body: bytes) -> tuple[list[tuple[str, Row]], int]:
        # Imported when rows are bad: not needed for the first rows.
        import json

        try:
            found: Any = json.loads(body, object_pairs_hook=_Items)
        except (ValueError, RecursionError) as error:
            raise not_json(body, error) from error
        if not isinstance(found, _Items):
            raise wrong_shape(body, TypeError("not an object of rows"))
        good: list[tuple[str, Row]] = []
        last_error: Exception | None = None
        for key, value in found:
            try:
                good.append((key, msgspec.convert(_plain(value), self._row, strict=False)))
            except msgspec.ValidationError as error:
                last_error = error
        rejected = len(found) - len(good)
        if last_error is not None and rejected > MAX_BAD_SHARE * len(found):
            raise wrong_shape(body, last_error) from last_error
        return good, rejected


class _Items(list[tuple[str, Any]]):
    """A JSON object as its items, equal keys included; a type of its own, to tell it from a JSON list."""


def _plain(value: Any) -> Any:
    if isinstance(value, _Items):
        return {key: _plain(item) for key, item in value}
    return [_plain(item) for item in value] if isinstance(value, list) else value


class PairsDecoder(Generic[Left, Right]):
    """Decodes two JSON lists whose rows belong together by position; a bad row takes its partner with it."""

    def __init__(self, left: type[Left], right: type[Right]) -> None:
        self._lefts = msgspec.json.Decoder(list[left], strict=False)  # type: ignore[valid-type]
        self._rights = msgspec.json.Decoder(list[right], strict=False)  # type: ignore[valid-type]
        self._left = msgspec.json.Decoder(left, strict=False)
        self._right = msgspec.json.Decoder(right, strict=False)
        self._raw = msgspec.json.Decoder(list[msgspec.Raw])

    def __call__(self, left: msgspec.Raw, right: msgspec.Raw) -> Rows[tuple[Left, Right]]:
        """The pairs. Raises BadAnswer when one list is longer: then no pair can be trusted."""
        try:
            lefts, rights = self._lefts.decode(left), self._rights.decode(right)
        except (msgspec.ValidationError, UnicodeDecodeError):
            return self._pair_by_pair(left, right)
        _check_lengths(lefts, rights)
        return Rows(list(zip(lefts, rights, strict=True)))

    def _pair_by_pair(self, left: msgspec.Raw, right: msgspec.Raw) -> Rows[tuple[Left, Right]]:
        try:
            lefts, rights = self._raw.decode(left), self._raw.decode(right)
        except msgspec.DecodeError as error:
            raise wrong_shape(bytes(left), error) from error
        _check_lengths(lefts, rights)
        good: list[tuple[Left, Right]] = []
        last_error: Exception | None = None
        for one, other in zip(lefts, rights, strict=True):
            try:
                good.append((self._left.decode(one), self._right.decode(other)))
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
                last_error = error
        rejected = len(lefts) - len(good)
        if last_error is not None and rejected > MAX_BAD_SHARE * len(lefts):
            raise wrong_shape(bytes(left), last_error) from last_error
        return Rows(good, rejected)


def _check_lengths(lefts: Sequence[object], rights: Sequence[object]) -> None:
    if len(lefts) != len(rights):
        raise BadAnswer(Fault.WRONG_SHAPE, f"{len(lefts)} instruments but {len(rights)} rows of figures")
