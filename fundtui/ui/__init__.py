"""The terminal interface. Knows the engine's read side only (`fundtui.ui.source`)."""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`, which takes longer to import than the skeleton of the screen to be shown
if TYPE_CHECKING:
    from fundtui.ui.options import Options
    from fundtui.ui.source import Source


def run(engine: Source, *, options: Options | None = None) -> int:
    """Show the engine in this terminal until a person or a signal ends it; the exit code.

    The engine is started after the first frame and stopped at the end.
    """
    from fundtui.ui.launch import run as launch

    return launch(engine, options)
