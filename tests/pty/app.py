"""The interface over the test market, started by the tests of this folder: app.py SCENARIO."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# What the scenario `rich` writes when everything is drawn.
QUIET = "\x1b]777;quiet\x07"


def main() -> int:
    import asyncio
    import signal
    import time

    from textual._context import active_app
    from textual.pilot import Pilot

    from fundtui.alerts.book import Away
    from fundtui.ui.app import FundtuiApp
    from fundtui.ui.launch import run
    from fundtui.ui.options import Options
    from tests.ui import rich_market
    from tests.ui.hostile import HOSTILE
    from tests.ui.market import FixedClock, Market

    scenario = sys.argv[1]
    wall = FixedClock()

    class Scenario(Market):
        task: asyncio.Task[None]
        begun = False

        def here(self) -> Away | None:
            # The application asks this when it has started, and again at a key after a while.
            begun, self.begun = self.begun, True
            if not begun:
                self.begin(asyncio.get_running_loop())
            return super().here()

        def begin(self, loop: asyncio.AbstractEventLoop) -> None:
            if scenario == "moving":
                self.task = loop.create_task(self.move())
            if scenario == "hanging":
                # A name server that does not answer: a thread that nobody can cancel.
                loop.run_in_executor(None, time.sleep, 60)
            if scenario == "still":
                loop.add_signal_handler(signal.SIGUSR1, self.toast)
            if scenario.startswith("failing"):
                loop.call_later(0.5, self.fail)
            if scenario == "rich":
                loop.add_signal_handler(signal.SIGUSR1, self.ask_quiet)
                self.ask_quiet()

        def fail(self) -> None:
            self.tables.clear()
            self.revision += 1

        def toast(self) -> None:
            active_app.get().notify("a word in the corner", timeout=1.0, markup=False)

        def ask_quiet(self) -> None:
            self.task = asyncio.get_running_loop().create_task(self.quiet())

        async def quiet(self) -> None:
            """Draw everything that the keys until now lead to, now and seconds later, and say so."""
            app = active_app.get()
            assert isinstance(app, FundtuiApp)
            assert app._driver is not None
            for seconds in (0.0, 0.5, 1.0, 5.0, 5.0):
                wall.seconds += seconds
                app.main.tick()
                tick = getattr(app.screen, "tick", None)
                if tick is not None:
                    tick()
                await Pilot(app).pause()
            app._driver.write(QUIET)

        async def move(self) -> None:
            while True:
                await asyncio.sleep(0.1)
                self.tick(0.2)

        async def stop(self) -> None:
            await super().stop()
            if scenario.endswith("hanging"):
                await asyncio.sleep(60)

    clock = FixedClock() if scenario in {"still", "hostile"} else None
    market = Scenario(60, clock=clock, names=HOSTILE) if scenario == "hostile" else Scenario(60, clock=clock)
    if scenario == "rich":
        # Its time goes on where it is asked to alone, so that what a key leads to does not depend on the machine.
        return run(rich_market.market(assets=60, kind=Scenario), options=Options(), wall=wall)
    for text in HOSTILE if scenario == "hostile" else ("okx recovered after 2m10s",):
        market.report(text)
    return run(market, options=Options(diff="stock" not in sys.argv))


if __name__ == "__main__":
    sys.exit(main())
