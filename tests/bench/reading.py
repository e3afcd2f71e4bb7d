"""One poll of Binance, bytes to quotes, beside ccxt's parser on the same body: `python -m tests.bench.reading`."""

from __future__ import annotations

import gc
import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from fundtui.venues import load

ROWS = 600
RUNS = 300
NOW_MS = 1_780_000_000_000
HOUR_MS = 3_600_000


def bodies(rows: int = ROWS, seed: int = 7) -> tuple[bytes, bytes, bytes]:
    """`premiumIndex`, `fundingInfo` and `exchangeInfo` of that many perpetuals, in the venue's wire format."""
    rng = random.Random(seed)
    premium, funding, symbols = [], [], []
    for number in range(rows):
        symbol = f"COIN{number}USDT"
        interval_h = rng.choice((8, 8, 4, 4, 4, 1))
        price = 10 ** rng.uniform(-4, 4)
        premium.append(
            {
                "symbol": symbol,
                "markPrice": f"{price:.8f}",
                "indexPrice": f"{price * rng.uniform(0.999, 1.001):.8f}",
                "estimatedSettlePrice": f"{price:.8f}",
                "lastFundingRate": f"{rng.gauss(0.0001, 0.0001):.8f}",
                "interestRate": f"{0.0001 * interval_h / 8:.8f}",
                "nextFundingTime": (NOW_MS // (8 * HOUR_MS) + 1) * 8 * HOUR_MS,
                "time": NOW_MS,
            }
        )
        funding.append(
            {
                "symbol": symbol,
                "adjustedFundingRateCap": "0.02000000",
                "adjustedFundingRateFloor": "-0.02000000",
                "fundingIntervalHours": interval_h,
                "disclaimer": False,
            }
        )
        symbols.append(
            {
                "symbol": symbol,
                "baseAsset": symbol.removesuffix("USDT"),
                "quoteAsset": "USDT",
                "marginAsset": "USDT",
                "contractType": "PERPETUAL",
                "status": "TRADING",
                "deliveryDate": 4133404800000,
                "underlyingType": "COIN",
            }
        )
    packed = [json.dumps(part, separators=(",", ":")).encode() for part in (premium, funding, {"symbols": symbols})]
    return packed[0], packed[1], packed[2]


def ours(premium: bytes, funding: bytes, exchange: bytes) -> Callable[[], int]:
    """One tick as the poller does it: decode the fast answer, join the slow ones that are decoded already."""
    venue = load("binance")
    decode = {endpoint.name: endpoint.decode for endpoint in venue.endpoints}
    parts: dict[str, Any] = {
        "fundingInfo": decode["fundingInfo"](funding),
        "exchangeInfo": decode["exchangeInfo"](exchange),
    }

    def run() -> int:
        return len(venue.read(parts | {"premiumIndex": decode["premiumIndex"](premium)}, NOW_MS).quotes)

    return run


def peer(premium: bytes) -> Callable[[], int]:
    """ccxt: JSON to dicts, then its own parser per row, as `fetch_funding_rates` does after the request."""
    import ccxt

    exchange = ccxt.binanceusdm()

    def run() -> int:
        rows = json.loads(premium)
        return len([exchange.parse_funding_rate(row) for row in rows])

    return run


def timed(run: Callable[[], int]) -> list[float]:
    """Milliseconds of each run, sorted."""
    run()
    gc.collect()
    gc.disable()
    took = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        took.append((time.perf_counter() - start) * 1e3)
    gc.enable()
    return sorted(took)


def main() -> None:
    premium, funding, exchange = bodies()
    mine = timed(ours(premium, funding, exchange))
    print(f"read {ROWS} Binance rows, {len(premium) / 1e3:.0f} kB, {RUNS} runs")
    print(f"  fundtui  median {statistics.median(mine):.2f} ms   p99 {mine[int(RUNS * 0.99)]:.2f} ms")
    try:
        theirs = timed(peer(premium))
    except ImportError:
        print("  ccxt is not installed: `make bench` installs it")
        return
    print(f"  ccxt     median {statistics.median(theirs):.2f} ms   p99 {theirs[int(RUNS * 0.99)]:.2f} ms")
    print(f"  ratio    {statistics.median(theirs) / statistics.median(mine):.1f}")


if __name__ == "__main__":
    main()
