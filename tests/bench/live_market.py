"""The interface over the test market in this terminal: live_market.py [ASSETS] [SHARE/s] [BATCHES/s]."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[2]))


def main() -> int:
    from fundtui.ui import run
    from tests.ui.market import Market

    assets = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    share = float(sys.argv[2]) if len(sys.argv) > 2 else 0.1
    batches = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0

    class Moving(Market):
        async def start(self, *, alerts: bool = True) -> None:
            import asyncio

            async def move() -> None:
                while True:
                    await asyncio.sleep(1 / batches)
                    self.tick(share / batches)

            await super().start(alerts=alerts)
            if share:
                self.mover = asyncio.get_running_loop().create_task(move())

    market = Moving(assets)
    market.report("bybit WIF at cap, +0.1760%/8h")
    market.report("okx recovered after 2m10s")
    return run(market)


if __name__ == "__main__":
    sys.exit(main())
