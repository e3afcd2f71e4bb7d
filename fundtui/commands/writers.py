"""Rows to standard output: aligned table, JSON, CSV or NDJSON. Missing is null, empty or `-`, never 0."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import msgspec

Record = Mapping[str, Any]


def write_records(records: Sequence[Record], form: str, keys: Sequence[str], out: TextIO | None = None) -> None:
    """Write records as `json`, `ndjson` or `csv`. `keys` orders the columns of CSV, also where there is no row."""
    out = out or sys.stdout
    encode = msgspec.json.Encoder().encode
    if form == "json":
        body = msgspec.json.format(encode([plain(one) for one in records]), indent=1)
        out.write(body.decode() + "\n")
    elif form == "ndjson":
        for one in records:
            out.write(encode(plain(one)).decode() + "\n")
    else:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(keys)
        for one in records:
            writer.writerow([_csv_cell(one.get(key)) for key in keys])


def plain(value: Any) -> Any:
    """The value with every non-finite number as None, so that it is JSON."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _csv_cell(value: Any) -> Any:
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"} and not _is_number(value):
        # A spreadsheet would run this as a formula.
        return "'" + value
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def write_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[bool], out: TextIO | None = None
) -> None:
    """Aligned columns: texts to the left, numbers to the right."""
    out = out or sys.stdout
    widths = [max([len(head), *(len(row[i]) for row in rows)]) for i, head in enumerate(heads)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if to_left else cell.rjust(width)
            for cell, width, to_left in zip(cells, widths, left, strict=True)
        ]
        return "  ".join(padded).rstrip()

    for cells in (heads, *rows):
        out.write(line(cells) + "\n")
