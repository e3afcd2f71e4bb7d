"""One asset over the whole screen: all its instruments and the trend."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fundtui.imbalance.catalogue import Level
from fundtui.ui.output import PacedScreen
from fundtui.ui.widgets.detail import DetailPanel

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from fundtui.ui.app import FundtuiApp

_REFRESH_S = 1.0


class AssetScreen(PacedScreen):
    """The detail panel, large, kept up to date while it is open."""

    DEFAULT_CSS = """
    AssetScreen { layout: vertical; }
    AssetScreen DetailPanel { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,h,left", "close", "Back", show=False),
        Binding("x", "explain", "Explain", show=False),
        Binding("y", "copy", "Copy", show=False),
    ]
    app: FundtuiApp

    def __init__(self, app: FundtuiApp, row: int) -> None:
        super().__init__()
        self.source = app.source
        self.row = row

    def compose(self) -> ComposeResult:
        yield DetailPanel(id="whole")

    def on_mount(self) -> None:
        self.call_after_refresh(self.draw)
        self.set_interval(_REFRESH_S, self.draw)

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Draw what changed."""
        rows = self.source.instrument_rows(self.row).tolist()
        table = self.source.table(Level.ASSET)
        self.query_one(DetailPanel).show(
            self.app.main.scene(), table, self.row, self.source.table(Level.INSTRUMENT), rows
        )

    def action_close(self) -> None:
        self.dismiss()

    def action_explain(self) -> None:
        self.app.open_explanation(Level.ASSET, self.row, "consensus")

    def action_copy(self) -> None:
        self.app.copy_row(self.source.table(Level.ASSET), self.row)
