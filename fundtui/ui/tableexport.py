"""The main table as a CSV file: the rows that are shown, in their order, every metric in exported units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fundtui.ui.export import exported

if TYPE_CHECKING:
    from fundtui.ui.source import Source
    from fundtui.ui.view import View


def export_table(source: Source, view: View) -> tuple[str, str]:
    """Write the shown rows; what to say of it, and the pen to say it in."""
    from fundtui.ui.app import row_record

    rows = [row_record(view.named or view.table, row) for row in view.order.tolist()]
    columns = [key for key in (view.named or view.table).metrics if key in view.table.columns]
    return exported(source, view.table.level.value, columns, rows)
