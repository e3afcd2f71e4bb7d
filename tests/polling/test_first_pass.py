"""How soon everything of a venue with many requests is here, within half of its published budget."""

from __future__ import annotations

import json
import random

from fundtui.clock import LoopClock
from fundtui.polling.fleet import Fleet
from fundtui.polling.transport import Request, Response
from fundtui.simulation.loop import run_virtual
from fundtui.venues import load

NOW_MS = 1_789_675_900_000
DEXES = [f"dex{number}" for number in range(10)]


class TenDexes:
    """Hyperliquid with ten builder dexes, the first the largest; each answer takes a tenth of a second."""

    def __init__(self, clock: LoopClock) -> None:
        self.clock = clock
        self.began = clock.monotonic()
        self.markets: dict[str, float] = {}

    async def send(self, request: Request) -> Response:
        """One coin per dex."""
        await self.clock.sleep(0.1)
        asked = json.loads(request.body)
        answer: object = []
        if asked["type"] == "perpDexs":
            answer = [
                None,
                *(
                    {"name": name, "assetToStreamingOiCap": [[f"{name}:A", 1e6 / (number + 1)]]}
                    for number, name in enumerate(DEXES)
                ),
            ]
        elif asked["type"] == "metaAndAssetCtxs":
            dex = asked.get("dex", "")
            self.markets.setdefault(dex, self.clock.monotonic() - self.began)
            coin = f"{dex}:A" if dex else "BTC"
            figures = {"funding": "0.0000125", "openInterest": "1", "markPx": "100", "oraclePx": "100"}
            answer = [{"universe": [{"name": coin}], "collateralToken": 0}, [figures]]
        return Response(status=200, headers={}, body=json.dumps(answer).encode())

    async def close(self) -> None:
        """Nothing is open."""


def test_the_largest_dexes_are_here_within_seconds_and_all_within_half_a_minute() -> None:
    """The budget allows 150 weight at once and 7.5 a second: fifteen requests of 20 take (300 - 150) / 7.5 = 20 s."""

    async def play() -> None:
        clock = LoopClock(NOW_MS)
        transport = TenDexes(clock)
        fleet = Fleet([load("hyperliquid")], clock, random.Random(3), transport, lambda batch: None)
        fleet.start()
        while not fleet.settled:
            await clock.sleep(0.1)
        assert clock.monotonic() - transport.began < 25
        assert list(transport.markets) == ["", *DEXES]
        assert transport.markets["dex3"] < 6
        await fleet.stop()

    run_virtual(play())
