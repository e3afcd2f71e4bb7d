"""Driving the interface without a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from textual.pilot import Pilot

from fundtui.ui.app import FundtuiApp
from fundtui.ui.options import Options
from tests.ui.market import FixedClock, Market


class Driven:
    """An interface under test, its market, and its own clock."""

    def __init__(self, app: FundtuiApp, pilot: Pilot[int], market: Market, wall: FixedClock) -> None:
        self.app, self.pilot, self.market, self.wall = app, pilot, market, wall

    async def press(self, *keys: str) -> None:
        """Press keys and draw."""
        await self.pilot.press(*keys)
        await self.draw()

    async def draw(self, seconds: float = 0.0) -> None:
        """Let time pass on the interface's clock and draw."""
        self.wall.seconds += seconds
        await self.pilot.pause()
        self.app.main.tick()
        tick = getattr(self.app.screen, "tick", None)
        if tick is not None:
            tick()
        await self.pilot.pause()

    @property
    def lines(self) -> list[str]:
        """What is on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return [strip.text.rstrip() for strip in strips]

    @property
    def text(self) -> str:
        """All lines as one text."""
        return "\n".join(self.lines)

    @property
    def assets(self) -> list[str]:
        """The assets of the table, top to bottom, as drawn."""
        table = self.app.main.table
        start = table.region.y + 1
        return [line[2:].split()[0] for line in self.lines[start : start + table.page] if line[2:].strip()]

    @property
    def selected(self) -> str | None:
        """The asset under the cursor."""
        return self.app.main.view.key


@contextlib.asynccontextmanager
async def driven(
    market: Market | None = None, size: tuple[int, int] = (120, 40), options: Options | None = None
) -> AsyncIterator[Driven]:
    """The interface over a market whose clock stands still."""
    market = market or Market(60, clock=FixedClock())
    wall = FixedClock()
    app = FundtuiApp(market, options, wall)
    async with app.run_test(size=size) as pilot:
        drive = Driven(app, pilot, market, wall)
        await drive.draw(1.0)
        yield drive
