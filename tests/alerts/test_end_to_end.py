"""From a venue's answer to a real HTTP sink that answers errors, hangs and loses replies."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.alerts.receiver import Receiver
from tests.alerts.wire import Line, names


@pytest.mark.parametrize(
    "manners",
    [{}, {"errors": 0.3}, {"lost": 0.3}, {"hangs": 0.2, "hang_s": 1.5}],
    ids=["good", "errors", "lost", "hangs"],
)
async def test_every_alert_arrives(tmp_path: Path, manners: dict[str, float]) -> None:
    with Receiver(**manners) as receiver:
        async with Line(tmp_path, receiver.url, random.Random(8)).running() as line:
            for number in range(8):
                line.hot = set(range(number + 1))
                line.poll()
                await asyncio.sleep(0.02)
            async with asyncio.timeout(30):
                while not all(told(receiver, f"A{number}USDT") for number in range(8)):
                    await asyncio.sleep(0.02)
            async with asyncio.timeout(30):
                while line.alerting.records.deliveries and _queued(line):
                    await asyncio.sleep(0.02)
        keys = [key for _, key, _ in receiver.taken]
        bodies = {key: {body for _, other, body in receiver.taken if other == key} for key in keys}
        # What came twice came with the same key and the same words.
        assert all(len(of_one) == 1 for of_one in bodies.values())
        assert (len(keys) > len(set(keys))) is (set(manners) & {"lost", "hangs"} != set())


def told(receiver: Receiver, symbol: str) -> bool:
    return any(names(body, symbol) for _, _, body in receiver.taken)


def _queued(line: Line) -> bool:
    desk = line.alerting._desk
    return desk is not None and bool(desk.courier.queued)
