"""What screens may look up in the record: settled rates of a time range, read away from the event loop."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fundtui.polling.threads import in_thread

if TYPE_CHECKING:
    from fundtui.history.settled_past import KeptSettlements


class SettledReader:
    """A record's past; nothing of it where nothing is kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    @property
    def kept(self) -> bool:
        """Whether there is a record at all."""
        return self.folder is not None

    async def settlements(self, start_ms: int, end_ms: int) -> KeptSettlements:
        """The newest settlements of a range."""
        # Imported when somebody looks: not needed for the first rows.
        from fundtui.history.settled_past import KeptSettlements, read

        if self.folder is None:
            return KeptSettlements((), 0)
        return await in_thread(partial(read, self.folder, start_ms, end_ms), "fundtui-past")
