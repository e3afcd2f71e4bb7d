"""Starts the interface and ends it cleanly, whatever ends it."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from fundtui.ui.app import FundtuiApp, Options

if TYPE_CHECKING:
    from fundtui.ui.source import Source


def run(source: Source, options: Options | None = None) -> int:
    """Show the engine until a person or a signal ends it. Returns the exit code."""
    gc.disable()
    app = FundtuiApp(source, options)
    app.run(mouse=app.options.mouse)
    return app.exit_code or (app.return_code or 0)
