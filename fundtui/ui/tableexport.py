"""The main table as a CSV file: the rows that are shown, in their order, every metric in exported units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fundtui.ui.export import export_folder, write_csv

if TYPE_CHECKING:
    from fundtui.ui.source import Source
    from fundtui.ui.view import View


def export_table(source: Source, view: View) -> str:
    """Write the shown rows; says how many went where, or why not."""
    from fundtui.ui.app import row_record

    rows = [row_record(view.named or view.table, row) for row in view.order.tolist()]
    columns = [key for key in (view.named or view.table).metrics if key in view.table.columns]
    folder = export_folder(source.settings)
    try:
        path = write_csv(folder, view.table.level.value, source.clock.utc_ms(), columns, rows)
    except OSError as error:
        return f"not exported: {error.strerror or error}"
    return f"{len(rows)} rows in {path}"
