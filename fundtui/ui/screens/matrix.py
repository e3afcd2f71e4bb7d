"""Matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fundtui.ui.pieces import Line
from fundtui.ui.screens.listing import ListScreen, bindings_of
from fundtui.ui.widgets.listing import Field


class MatrixScreen(ListScreen):
    """Matrix."""

    NAME = "matrix"
    TITLE_TEXT = "Matrix"
    FIELDS = (Field(key="asset", title="asset", width=10, value=str),)
    SORT = ("asset", False)
    BINDINGS = bindings_of("matrix")

    def rows(self) -> Sequence[Any]:
        return ()

    def key_of(self, row: Any) -> str:
        return str(row)

    def notice(self) -> Sequence[Line]:
        return [[("  nothing yet", "dim")]]
