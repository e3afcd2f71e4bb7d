"""The interface over the test market, started by the tests of this folder: app.py SCENARIO."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def main() -> int:
    import asyncio
    import signal
    import time

    from textual._context import active_app

    from fundtui.ui import run
    from fundtui.ui.options import Options
    from tests.ui import rich_market
    from tests.ui.hostile import HOSTILE
    from tests.ui.market import FixedClock, Market

    scenario = sys.argv[1]

    class Scenario(Market):
        async def start(self) -> None:
            await super().start()
            if scenario == "moving":
                self.task = asyncio.get_running_loop().create_task(self.move())
            if scenario == "hanging":
                # A name server that does not answer: a thread that nobody can cancel.
                asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
            if scenario == "still":
                asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self.toast)
            if scenario == "failing":
                asyncio.get_running_loop().call_later(0.5, self.fail)

        def fail(self) -> None:
            self.tables.clear()
            self.revision += 1

        def toast(self) -> None:
            active_app.get().notify("a word in the corner", timeout=1.0, markup=False)

        async def move(self) -> None:
            while True:
                await asyncio.sleep(0.1)
                self.tick(0.2)

        async def stop(self) -> None:
            await super().stop()
            if scenario == "hanging":
                await asyncio.sleep(60)

    clock = FixedClock() if scenario in {"still", "hostile"} else None
    market = Scenario(60, clock=clock, names=HOSTILE) if scenario == "hostile" else Scenario(60, clock=clock)
    if scenario == "rich":
        return run(rich_market.market(assets=60), options=Options())
    for text in HOSTILE if scenario == "hostile" else ("okx recovered after 2m10s",):
        market.report(text)
    return run(market, options=Options(diff="stock" not in sys.argv))


if __name__ == "__main__":
    sys.exit(main())
